"""Taking names out of every text the database keeps: what an erasure leaves to be done (TRUST P3).

Facts hold ids, never names. But people write names into letters, reasons and files, in rooms this
one knows nothing of, so every column of text of every table is looked through.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from markupsafe import escape
from sqlalchemy import (
    JSON,
    Column,
    String,
    Table,
    Text,
    UniqueConstraint,
    cast,
    func,
    or_,
    select,
    update,
)

from core.db import Base, db, table_of

TextColumn = Column[Any]
# An address or an id may be part of a longer one; a name ends where its letters end.
_NAME, _ADDRESS = r"(?<!\w)(?:{})(?!\w)", r"(?<![\w.+-])(?:{})(?![\w-]|[.@+]\w)"
SHORTEST_ID, LONGEST_NUMBER, ENOUGH_LETTERS = 8, 15, 5
_TEXT = Text()
# For a way to write a name that only the regular expressions take for the same.
ERASED = "(erased)"


def replace_names(words: Mapping[str, str], besides: Collection[type[Base]] = ()) -> int:
    """Put the other text for each of these wherever they are written; how many rows had one.

    Upper and lower case are alike. A word that may mean something else stays (see `stands_out`),
    and so do keys and what `besides` holds.
    """
    change = _Change(words)
    kept = {table_of(model).name for model in besides}
    tables = [table for table in Base.metadata.sorted_tables if table.name not in kept]
    found = sum(_replace_in(table, change) for table in tables)
    db.session.expire_all()
    return found


def stands_out(word: str) -> bool:
    """Whether a word can mean nobody and nothing else: a full name, an address, a system's id.

    One word alone, or a short number, is also a state, a team or an amount somewhere.
    """
    if " " in word.strip() or "@" in word:
        return True
    has_both = any(map(str.isalpha, word)) and any(sign.isdigit() or sign == "." for sign in word)
    return (has_both and len(word) >= SHORTEST_ID) or (
        word.isdigit() and len(word) >= LONGEST_NUMBER
    )


class _Change:
    """What is looked for, in every way it is written, and what comes in its place."""

    def __init__(self, words: Mapping[str, str]) -> None:
        written = {word: _ways_to_write(word) for word in words if stands_out(word)}
        forms = {form: words[word] for word, ways in written.items() for form in ways}
        self._forms = {form.casefold(): instead for form, instead in forms.items()}
        names = {form for form in forms if " " in form or "%20" in form}
        either = [_ways(_NAME, names), _ways(_ADDRESS, forms.keys() - names)]
        self._within = re.compile("|".join(filter(None, either)), re.IGNORECASE)
        self.patterns = {
            pattern for word, ways in written.items() for pattern in _patterns(word, ways)
        }

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
        return self._within.sub(lambda found: self._forms.get(found[0].casefold(), ERASED), text)


def _ways(around: str, forms: Collection[str]) -> str:
    """An expression for any of these forms, the longest first: one may hold another."""
    ordered = sorted(forms, key=len, reverse=True)
    return around.format("|".join(map(re.escape, ordered))) if ordered else ""


def _ways_to_write(word: str) -> tuple[str, ...]:
    """A word as texts, pages, JSON and addresses write it."""
    return word, str(escape(word)), json.dumps(word)[1:-1], quote(word, safe="")


def _patterns(word: str, forms: Collection[str]) -> set[str]:
    """What LIKE looks for, in lower case: rather a row too many than one too few.

    Every way of writing a word keeps its plain letters and digits in their order.
    """
    plain = re.findall("[a-z0-9]+", word.lower())
    if sum(map(len, plain)) >= ENOUGH_LETTERS:
        return {"%" + "%".join(plain) + "%"}
    return {f"%{re.sub('[^a-z0-9]', '_', form.lower())}%" for form in forms}


def _replace_in(table: Table, change: _Change) -> int:
    """Rewrite the rows of one table that hold what is looked for."""
    columns = [*_texts(table)]
    if not columns or not change.patterns:
        return 0
    key = [*table.primary_key]
    said = [func.lower(cast(column, _TEXT)) for column in columns]
    holding = or_(*(text.like(pattern) for text in said for pattern in change.patterns))
    rows = db.session.execute(select(*key, *columns).where(holding)).all()
    return sum(_rewrite(table, row._asdict(), columns, change.of) for row in rows)


def _texts(table: Table) -> Iterator[TextColumn]:
    """The columns people's words may stand in: texts and JSON that are no key."""
    keys = {column.name for column in table.primary_key}
    unique = [each.columns for each in table.constraints if isinstance(each, UniqueConstraint)]
    for together in (*unique, *(index.columns for index in table.indexes if index.unique)):
        keys.update(column.name for column in together)
    for column in table.columns:
        is_key = column.name in keys or column.unique or column.foreign_keys
        if isinstance(column.type, (String, JSON)) and not is_key:
            yield column


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
