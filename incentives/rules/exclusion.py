"""Who is left out of a contest, for which reasons, and what that does to the places."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from leaderboard.rules.standing import Line

CODES = {
    "gaming": "Events made up or repeated to score",
    "not_eligible": "Should not have been in it",
    "conduct": "Broke the rules of conduct",
    "conflict": "Designs, steers or signs this contest",
    "own_wish": "Asked to be left out",
}


@dataclass(frozen=True)
class Subject:
    """A person or a team; exactly one of the two."""

    person_id: int | None = None
    team_id: int | None = None

    def __post_init__(self) -> None:
        """Refuse neither and both."""
        if (self.person_id is None) == (self.team_id is None):
            msg = "a person or a team"
            raise ValueError(msg)

    @property
    def people(self) -> frozenset[int]:
        """The person, as a set."""
        return frozenset() if self.person_id is None else frozenset({self.person_id})

    @property
    def teams(self) -> frozenset[int]:
        """The team, as a set."""
        return frozenset() if self.team_id is None else frozenset({self.team_id})


@dataclass(frozen=True)
class Move:
    """A unit whose place or score differs between two results; None: not in it."""

    unit_id: int
    rank_before: int | None
    rank_after: int | None
    score_before: Fraction | None
    score_after: Fraction | None
    is_gone: bool = False


def moves(before: Iterable[Line], after: Iterable[Line]) -> tuple[Move, ...]:
    """Every unit that differs, best old place first, those without one last."""
    old = {unit_of(line): line for line in before}
    new = {unit_of(line): line for line in after}
    found = []
    for unit in {**old, **new}:
        was, now = old.get(unit), new.get(unit)
        if was is not None and now is not None and (was.rank, was.score) == (now.rank, now.score):
            continue
        found.append(
            Move(
                unit_id=unit,
                rank_before=was.rank if was else None,
                rank_after=now.rank if now else None,
                score_before=was.score if was else None,
                score_after=now.score if now else None,
                is_gone=now is None,
            )
        )
    return tuple(
        sorted(found, key=lambda m: (m.rank_before is None, m.rank_before or 0, m.unit_id))
    )


def unit_of(line: Line) -> int:
    """The key of the unit a line speaks of."""
    return line.unit_id
