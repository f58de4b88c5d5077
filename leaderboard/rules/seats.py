"""From where somebody looks at a board, and which rows they see from there."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Protocol, TypeVar

FRONT_ROWS = 10
PODIUM = 3
AROUND = 2


class Seat(StrEnum):
    """From where somebody looks at a board.

    `NEAR`: the podium, one's own row and two neighbours either side (METRICS C10), nobody else of
    the lower places, and the last one only to itself. `FRONT`: the first ten and the own ones.
    `ALL`: every row.
    """

    NEAR = "near"
    FRONT = "front"
    ALL = "all"


class Row(Protocol):
    """What a row of a board has, as far as seats ask."""

    @property
    def unit_id(self) -> int:
        """Its key."""

    @property
    def rank(self) -> int | None:
        """Its place."""

    @property
    def division(self) -> str | None:
        """Among whom it is ranked; None: among all."""


R = TypeVar("R", bound=Row)


def seen(placed: Sequence[R], own: Collection[int], seat: Seat) -> Sequence[R]:
    """The ranked rows somebody sees from their seat, best first; of their own division."""
    if seat is Seat.ALL:
        return placed
    mine = {row.division for row in placed if row.unit_id in own}
    pool = [row for row in placed if not mine or row.division in mine]
    front = FRONT_ROWS if seat is Seat.FRONT else podium(pool)
    wanted = set(range(min(front, len(pool))))
    for number, row in enumerate(pool):
        if row.unit_id in own:
            wanted |= {*range(max(0, number - AROUND), min(len(pool), number + AROUND + 1))}
    if seat is Seat.NEAR:
        wanted -= {n for n in wanted if n >= front and is_last(pool[n], pool, own)}
    return [pool[number] for number in sorted(wanted)]


def podium(placed: Sequence[Row]) -> int:
    """How many share the first three places; while nobody has scored, none is before another."""
    first = [row for row in placed if row.rank is not None and row.rank <= PODIUM]
    return len(first) if len(first) <= FRONT_ROWS else PODIUM


def is_last(row: Row, pool: Sequence[Row], own: Collection[int]) -> bool:
    """Whether somebody else is in the last place: nobody is named there to others."""
    return row.rank == pool[-1].rank and row.unit_id not in own
