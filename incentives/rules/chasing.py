"""How far the next place is, in what a contest counts, and what a little more would change.

The score is made as the Board makes it (METRICS C6, C8): more of one unit's reps on target, or more
of its points, raise the pooled value all are compared with, and that is counted in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from leaderboard.rules.standing import Line, Mode, Terms, league_value, shrunk, weight_of

# Somebody may be further behind than this many points; the words then name the difference alone.
FARTHEST = 1 << 20
BY_POINTS = frozenset({Mode.PER_CAPITA, Mode.TOTAL})


@dataclass(frozen=True)
class Gap:
    """What lifts a unit: so many more reps on target, or points, to this place.

    `past` are the keys of the units it then leaves behind or stands level with.
    """

    amount: int
    rank: int
    past: tuple[int, ...]
    is_shared: bool


@dataclass(frozen=True)
class Chase:
    """A unit's way up: the next place, and its rank if one more rep were on target (None: same)."""

    gap: Gap | None = None
    rank_after_one: int | None = None


def chase(terms: Terms, lines: Sequence[Line], own: int) -> Chase:
    """What to tell a unit of its way up; nothing where no place can be named."""
    now = rank_with(terms, lines, own, 0)
    if now is None:
        return Chase()
    after = None
    line = next(each for each in lines if each.unit_id == own)
    if terms.mode is Mode.PARTICIPATION and line.participants < line.roster:
        after = rank_with(terms, lines, own, 1)
    return Chase(next_place(terms, lines, own), after if after != now else None)


def rank_with(terms: Terms, lines: Sequence[Line], own: int, more: int) -> int | None:
    """The place of one unit if it had so much more, all others as they are; None: no place."""
    if terms.mode is not Mode.PARTICIPATION and terms.mode not in BY_POINTS:
        return None
    merits = _merits(terms, _after(terms, lines, own, more))
    mine = merits.get(own)
    return None if mine is None else 1 + sum(merit > mine for merit in merits.values())


def next_place(terms: Terms, lines: Sequence[Line], own: int) -> Gap | None:
    """The least that brings a unit to a better place; None where nothing does, or it is first.

    Whole reps where the share taking part is scored, whole points elsewhere. Modes that compare
    with a unit's own past have no such number.
    """
    now = rank_with(terms, lines, own, 0)
    if now is None or now == 1:
        return None
    line = next(each for each in lines if each.unit_id == own)
    most = line.roster - line.participants if terms.mode is Mode.PARTICIPATION else FARTHEST
    amount = _least(terms, lines, own, now, most)
    if amount is None:
        return None
    before, merits = _merits(terms, lines), _merits(terms, _after(terms, lines, own, amount))
    mine = merits[own]
    past = tuple(key for key in before if before[key] > before[own] and merits[key] <= mine)
    return Gap(
        amount=amount,
        rank=1 + sum(merit > mine for merit in merits.values()),
        past=past,
        is_shared=any(key != own and merit == mine for key, merit in merits.items()),
    )


def _least(terms: Terms, lines: Sequence[Line], own: int, now: int, most: int) -> int | None:
    """More never lowers a place: double until one is gained, then halve the step."""

    def gains(more: int) -> bool:
        rank = rank_with(terms, lines, own, more)
        return rank is not None and rank < now

    high = 1
    while high < most and not gains(high):
        high *= 2
    high = min(high, most)
    if high < 1 or not gains(high):
        return None
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if gains(middle) else (middle, high)
    return high


def _after(terms: Terms, lines: Sequence[Line], own: int, more: int) -> list[Line]:
    return [_with(terms, line, more) if line.unit_id == own else line for line in lines]


def _with(terms: Terms, line: Line, more: int) -> Line:
    """The unit with so many more reps on target, or points."""
    if terms.mode is Mode.PARTICIPATION:
        participants = line.participants + more
        score = Fraction(participants, line.roster) if line.roster else None
        return line._replace(participants=participants, score=score)
    points = line.points + more
    if terms.mode is Mode.TOTAL:
        return line._replace(points=points, score=points)
    return line._replace(points=points, score=points / line.headcount if line.headcount else None)


def _merits(terms: Terms, lines: Sequence[Line]) -> dict[int, tuple[Fraction, ...]]:
    """What each ranked unit is placed by: its score (C8), then what parts equal ones."""
    placed = [line for line in lines if line.reason is None and line.score is not None]
    league = league_value(terms, placed)
    return {line.unit_id: (_score(terms, line, league), *line.tie) for line in placed}


def _score(terms: Terms, line: Line, league: Fraction | None) -> Fraction:
    score = line.score or Fraction(0)
    if league is None:
        return score
    return shrunk(score, weight_of(terms, line), league, terms.shrink_k)
