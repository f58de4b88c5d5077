"""Taking names out of every text the database keeps: what an erasure leaves to be done (TRUST P3).

Facts hold ids, never names. But people write names into letters, reasons and files, in rooms this
one knows nothing of, so every column of text of every table is looked through.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from markupsafe import escape
from sqlalchemy import (
    JSON,
    Column,
    String,
    Table,
    Text,
    UniqueConstraint,
    cast,
    or_,
    select,
    update,
)

from core.db import Base, db, table_of

TextColumn = Column[Any]
# What may stand right before or after a name that is not part of a longer word or address.
_BEFORE, _AFTER = r"(?<![\w.+-])", r"(?![\w-]|[.@+]\w)"
_SHORTEST_WITHIN = 8
# For a way to write a name that only the regular expressions take for the same.
ERASED = "(erased)"


def replace_names(words: Mapping[str, str], besides: Collection[type[Base]] = ()) -> int:
    """Put the other text for each of these wherever they are written; how many rows had one.

    Upper and lower case are alike. A word that may mean something else (one short word) goes only
    where it is all a cell says. Keys stay, and so does what `besides` holds.
    """
    change = _Change(words)
    kept = {table_of(model).name for model in besides}
    tables = [table for table in Base.metadata.sorted_tables if table.name not in kept]
    found = sum(_replace_in(table, change) for table in tables)
    db.session.expire_all()
    return found


def stands_out(word: str) -> bool:
    """Whether a word can mean nobody and nothing else inside a text: a full name, an address."""
    return (
        " " in word.strip() or "@" in word or (len(word) >= _SHORTEST_WITHIN and _has_digit(word))
    )


def _has_digit(word: str) -> bool:
    return any(sign.isdigit() for sign in word)


class _Change:
    """What is looked for, in every way it is written, and what comes in its place."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._whole = {word.casefold(): instead for word, instead in words.items()}
        forms = {
            written: instead
            for word, instead in words.items()
            if stands_out(word)
            for written in (word, str(escape(word)), _as_json(word))
        }
        self._forms = {written.casefold(): instead for written, instead in forms.items()}
        # The longest first: a name may hold another one.
        ways = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        pattern = re.compile(f"{_BEFORE}(?:{ways}){_AFTER}", re.IGNORECASE)
        self._within = pattern if ways else None
        self.patterns = {*map(_pattern, [*forms, *words, *map(_as_json, words)])}

    def of(self, value: Any) -> Any:  # noqa: ANN401 - a text, or what a JSON column holds
        """The value with everything looked for replaced."""
        if isinstance(value, str):
            return self._of_text(value)
        if isinstance(value, list):
            return [self.of(item) for item in value]
        if isinstance(value, dict):
            return {self.of(key): self.of(item) for key, item in value.items()}
        return value

    def _of_text(self, text: str) -> str:
        whole = self._whole.get(text.strip().casefold())
        if whole is not None:
            return whole
        if self._within is None:
            return text
        return self._within.sub(lambda found: self._forms.get(found[0].casefold(), ERASED), text)


def _as_json(word: str) -> str:
    return json.dumps(word)[1:-1]


def _pattern(word: str) -> str:
    """What LIKE looks for; any sign for one whose upper case SQLite does not know."""
    plain = word.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return "%" + "".join(sign if sign.isascii() else "_" for sign in plain) + "%"


def _replace_in(table: Table, change: _Change) -> int:
    """Rewrite the rows of one table that hold what is looked for."""
    columns = [*_texts(table)]
    if not columns or not change.patterns:
        return 0
    key = [*table.primary_key]
    holding = or_(*(_holds(column, pattern) for column in columns for pattern in change.patterns))
    rows = db.session.execute(select(*key, *columns).where(holding)).all()
    return sum(_rewrite(table, row._asdict(), columns, change.of) for row in rows)


def _texts(table: Table) -> Iterator[TextColumn]:
    """The columns people's words may stand in: texts and JSON that are no key."""
    keys = {column.name for column in table.primary_key}
    unique = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    for together in (*unique, *(index for index in table.indexes if index.unique)):
        keys.update(column.name for column in together.columns)
    for column in table.columns:
        is_key = column.name in keys or column.unique or column.foreign_keys
        if isinstance(column.type, (String, JSON)) and not is_key:
            yield column


def _holds(column: TextColumn, pattern: str) -> Any:  # noqa: ANN401 - a condition
    text = cast(column, Text) if isinstance(column.type, JSON) else column
    return text.ilike(pattern, escape="/")


def _rewrite(
    table: Table,
    row: Mapping[str, Any],
    columns: Collection[TextColumn],
    changed: Callable[[Any], Any],
) -> bool:
    """Write one row's texts anew where they change; say whether any did."""
    new = {}
    for column in columns:
        value = changed(row[column.name])
        if value != row[column.name]:
            longest = getattr(column.type, "length", None)
            new[column.name] = value[:longest] if isinstance(value, str) else value
    if new:
        named = [column == row[column.name] for column in table.primary_key]
        db.session.execute(update(table).where(*named).values(new))
    return bool(new)
