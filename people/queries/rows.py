"""What the queries of this room share: chunks for IN, pairs as dicts, who is in on a day."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, and_, or_

from people.models import TeamMembership

# The subjects of core.history this room keeps.
PERSON, MEMBERSHIP, ABSENCE = "person", "membership", "absence"
CHUNK = 5000
T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
AnyRow = Row[*tuple[Any, ...]]


def chunks(values: Collection[T]) -> Iterator[list[T]]:
    """Lists short enough for one IN on both databases."""
    items = list(values)
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def pairs(rows: Iterable[Row[K, V]]) -> dict[K, V]:
    """A dict from rows of two columns; a later row wins."""
    return {row[0]: row[1] for row in rows}


def covers(day: date) -> ColumnElement[bool]:
    """Memberships whose [starts_on, ends_on) holds `day`."""
    return and_(
        TeamMembership.starts_on <= day,
        or_(TeamMembership.ends_on.is_(None), TeamMembership.ends_on > day),
    )
