"""Several boards as one table: place points of those that are decided (CONTESTS cases 37, 38)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from leaderboard.rules.standing import competition_ranks


@dataclass(frozen=True)
class Child:
    """A decided board of a season: the place of each unit (None: not ranked)."""

    board_id: int
    ranks: Mapping[int, int | None]
    is_void: bool = False


@dataclass(frozen=True)
class SeasonLine:
    """One unit's row: points over all decided boards, firsts, boards it was ranked in, place."""

    unit_id: int
    points: Fraction
    wins: int
    played: int
    rank: int


def place_points(rank: int | None, declared: Sequence[Fraction]) -> Fraction:
    """What a place gives: the declared points of it, nothing beyond the last or without a place."""
    return declared[rank - 1] if rank is not None and rank <= len(declared) else Fraction(0)


def season_lines(children: Iterable[Child], declared: Sequence[Fraction]) -> tuple[SeasonLine, ...]:
    """The table: points summed over the children, equal sums sharing the place (case 38).

    Tied units of a child share its place and each gets that place's points (C9). A void child gives
    none, and nobody played in it.
    """
    points: dict[int, Fraction] = defaultdict(Fraction)
    firsts: dict[int, int] = defaultdict(int)
    played: dict[int, int] = defaultdict(int)
    for child in children:
        for unit_id, rank in child.ranks.items():
            points[unit_id] += Fraction(0)
            if rank is None or child.is_void:
                continue
            points[unit_id] += place_points(rank, declared)
            firsts[unit_id] += rank == 1
            played[unit_id] += 1
    order = sorted(points, key=lambda unit_id: (-points[unit_id], unit_id))
    places = competition_ranks([points[unit_id] for unit_id in order])
    return tuple(
        SeasonLine(unit_id, points[unit_id], firsts[unit_id], played[unit_id], place)
        for unit_id, place in zip(order, places, strict=True)
    )


def at_the_cap(children: Iterable[Child], most_wins: int | None) -> frozenset[int]:
    """Units that were first as often as their season lets them win (case 37)."""
    if most_wins is None:
        return frozenset()
    firsts: dict[int, int] = defaultdict(int)
    for child in children:
        for unit_id, rank in child.ranks.items():
            firsts[unit_id] += rank == 1 and not child.is_void
    return frozenset(unit_id for unit_id, count in firsts.items() if count >= most_wins)
