"""Derived rows held against those worked out anew (for `flask audit verify`).

What is wrong is said so that somebody can look: the table, the key, what is stored, what is right.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from math import isclose

from sqlalchemy import ColumnElement, select

from core.db import Base, db, table_of

Key = tuple[object, ...]
# Sums of floats may come in another order; anything somebody typed is further away than this.
CLOSE = 1e-9
NOTHING = "nothing"


def wrong_rows(
    model: type[Base], right: Iterable[Mapping[str, object]], *mine: ColumnElement[bool]
) -> list[str]:
    """A line for each row of `model` meeting every condition `mine` that `right` does not bear out.

    `right` are all rows there should be, each with its whole primary key; only the columns they
    name are compared. Rows that are missing or too many are named, too. Ordered by key.
    """
    table = table_of(model)
    names = [column.name for column in table.primary_key]
    rows = db.session.execute(select(table).where(*mine)).mappings()
    stored = {tuple(row[name] for name in names): dict(row) for row in rows}
    due = {tuple(row[name] for name in names): row for row in right}
    found = []
    for key in sorted(stored.keys() | due.keys(), key=repr):
        where = ", ".join(f"{name} {shown(value)}" for name, value in zip(names, key, strict=True))
        found += [
            f"{table.name} ({where}): {fault}"
            for fault in _faults(stored.get(key), due.get(key), names)
        ]
    return found


def _faults(
    stored: Mapping[str, object] | None, due: Mapping[str, object] | None, key: list[str]
) -> Iterator[str]:
    """What is wrong with one row: a sentence, or none."""
    if due is None:
        yield f"stored is {_row(stored, key)}, but it should not be there"
    elif stored is None:
        yield f"stored is {NOTHING}, right is {_row(due, key)}"
    else:
        wrong = [name for name in due if not alike(stored[name], due[name])]
        if wrong:
            said = ", ".join(f"{name} {shown(stored[name])}" for name in wrong)
            truth = ", ".join(f"{name} {shown(due[name])}" for name in wrong)
            yield f"stored is {said}; right is {truth}"


def _row(row: Mapping[str, object] | None, key: list[str]) -> str:
    values = {} if row is None else {name: row[name] for name in row if name not in key}
    return ", ".join(f"{name} {shown(value)}" for name, value in values.items()) or "the key alone"


def wrong_parts(stored: object, right: object, path: str = "") -> Iterator[str]:
    """The same for nested plain data: a sentence for each leaf that differs, named by its path."""
    if isinstance(stored, Mapping) and isinstance(right, Mapping):
        pairs = [
            (f"{path}.{name}".lstrip("."), stored.get(name, NOTHING), right.get(name, NOTHING))
            for name in sorted(stored.keys() | right.keys(), key=str)
        ]
    elif isinstance(stored, list) and isinstance(right, list) and len(stored) == len(right):
        pairs = [
            (f"{path}[{place}]", *pair)
            for place, pair in enumerate(zip(stored, right, strict=True))
        ]
    else:
        if not alike(stored, right):
            yield f"{path or 'all of it'}: stored is {shown(stored)}; right is {shown(right)}"
        return
    for name, one, other in pairs:
        yield from wrong_parts(one, other, name)


def alike(stored: object, right: object) -> bool:
    """Whether two values are the same but for the last digits of a float."""
    if isinstance(stored, float) and isinstance(right, float | int):
        return isclose(stored, right, rel_tol=CLOSE, abs_tol=CLOSE)
    return stored == right


def shown(value: object) -> str:
    """A value as a line of the check says it."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    return "none" if value is None else f"{value!r}" if value == "" else str(value)
