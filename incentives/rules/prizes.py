"""Who wins what, and the most it can cost (CONTESTS cases 12, 17, 19-23, 37; METRICS C9, 5.4)."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

SMALL_ROSTER = 8
FEWEST_RANKED = 2
LEAST_REACHED = Fraction(1, 2)
MOST_MANAGERS = 2
"""How many who lead a team together are each given its manager award, and reserved for."""


@dataclass(frozen=True)
class PrizeTerms:
    """One prize. `place` None is the goal prize, won by every unit that reaches the goal.

    An improvement prize goes to the most improved (METRICS C6), whatever the contest ranks by. One
    `for_manager` goes to whoever led the winning team (case 17).
    """

    prize_id: int
    place: int | None
    cost_minor: int = 0
    reserve_score: Fraction | None = None
    is_improvement: bool = False
    for_manager: bool = False
    stock: int | None = None

    @property
    def is_goal(self) -> bool:
        """Won by everybody at the goal."""
        return self.place is None and not self.is_improvement

    @property
    def cost_each(self) -> int:
        """The most one winning unit can cost, in minor units."""
        return self.cost_minor * (MOST_MANAGERS if self.for_manager else 1)


@dataclass(frozen=True)
class Side:
    """What sharing out needs to know of one unit's result."""

    unit_id: int
    rank: int | None
    score: Fraction | None
    rank_score: Fraction | None
    roster: int
    division: str | None = None
    improvement: Fraction | None = None
    is_person: bool = False


@dataclass(frozen=True)
class Win:
    """One prize for one unit; `place` None where it was won by the goal or by improving.

    `person_id` is the manager it goes to, where it is theirs.
    """

    prize_id: int
    unit_id: int
    place: int | None
    cost_minor: int
    for_manager: bool = False
    person_id: int | None = None

    @property
    def recipient_id(self) -> int:
        """Whose it is: the manager's, or the unit's."""
        return self.unit_id if self.person_id is None else self.person_id


def is_void(sides: Iterable[Side]) -> bool:
    """Case 12: fewer than two units could be ranked, so nobody wins and the prizes return."""
    return sum(side.rank is not None for side in sides) < FEWEST_RANKED


def is_reached(reached: int, eligible: int) -> bool:
    """Case 12: at the start, half of those who may take part had heard of it."""
    return eligible > 0 and Fraction(reached, eligible) >= LEAST_REACHED


def goal_score(side: Side) -> Fraction | None:
    """What the goal is held against: a roster under 8 by its adjusted score (METRICS 5.4).

    A lone person is no small team: their own score is asked for.
    """
    is_small = side.roster < SMALL_ROSTER and not side.is_person
    return side.rank_score if is_small else side.score


def reaches_goal(side: Side, goal: Fraction | None) -> bool:
    """Whether the unit wins the goal prize; teams too small to be ranked may play for it (C9)."""
    score = goal_score(side)
    return goal is not None and side.roster > 0 and score is not None and score >= goal


def allocate(
    prizes: Sequence[PrizeTerms],
    sides: Sequence[Side],
    goal: Fraction | None,
    capped: Collection[int] = (),
) -> tuple[Win, ...]:
    """Every prize won, by prize and unit.

    Tied units share the place and each gets its prize (C9); a prize whose reserve is not reached
    returns to the budget and does not slide down (case 22). Divisions are prized one by one: one
    without two ranked units gives no prize of a place. `capped` have won as often as their season
    lets them: what they would win for a place returns too (case 37).
    """
    if is_void(sides):
        return ()
    by_unit = sorted(sides, key=lambda side: side.unit_id)
    divisions: dict[str | None, list[Side]] = defaultdict(list)
    for side in by_unit:
        divisions[side.division].append(side)
    best = {name: _best_improvement(found) for name, found in divisions.items()}
    racing = {name for name, found in divisions.items() if not is_void(found)}
    return tuple(
        Win(prize.prize_id, side.unit_id, prize.place, prize.cost_minor, prize.for_manager)
        for prize in prizes
        for side in by_unit
        if _wins(prize, side, goal, best[side.division])
        and (prize.is_goal or side.division in racing)
        and (prize.place is None or side.unit_id not in capped)
    )


def _best_improvement(sides: Iterable[Side]) -> Fraction | None:
    """The best that got better at all, among those with a place."""
    found = [side.improvement for side in sides if side.rank is not None]
    return max((value for value in found if value is not None and value > 0), default=None)


def _wins(prize: PrizeTerms, side: Side, goal: Fraction | None, best: Fraction | None) -> bool:
    measured = side.improvement if prize.is_improvement else side.score
    if prize.is_improvement:
        is_winner = side.rank is not None and best is not None and measured == best
    elif prize.place is None:
        is_winner = reaches_goal(side, goal)
    else:
        is_winner = side.rank == prize.place
    reserve = prize.reserve_score
    return is_winner and (reserve is None or (measured is not None and measured >= reserve))


def worst_case(prizes: Iterable[PrizeTerms], teams: int) -> int:
    """The most the prizes can cost, ties included, in minor units (case 23).

    A tie of g units at place p pays that place's prizes g times and skips the next g - 1 places.
    """
    cost: dict[int, int] = {}
    everybody = 0
    for prize in prizes:
        if prize.place is None:
            everybody += prize.cost_each
        else:
            cost[prize.place] = cost.get(prize.place, 0) + prize.cost_each
    best = [0] * (teams + 2)
    for place in range(teams, 0, -1):
        each = cost.get(place, 0)
        best[place] = max(each * size + best[place + size] for size in range(1, teams - place + 2))
    return best[1] + everybody * teams


def most_given(prize: PrizeTerms, sizes: Iterable[int]) -> int:
    """How often a prize can be won at most, ties included, by divisions of these sizes."""
    each = MOST_MANAGERS if prize.for_manager else 1
    first = prize.place or 1
    return each * sum(max(0, size - first + 1) for size in sizes)


def short_of(prizes: Iterable[PrizeTerms], sizes: Sequence[int]) -> tuple[PrizeTerms, int] | None:
    """The first prize of which there may be too few, and how many may be won (CONTESTS, submit)."""
    for prize in prizes:
        most = most_given(prize, sizes)
        if prize.stock is not None and most > prize.stock:
            return prize, most
    return None


def worst_case_apart(prizes: Sequence[PrizeTerms], sizes: Iterable[int]) -> int:
    """The same where each division of these sizes is prized on its own."""
    return sum(worst_case(prizes, size) for size in sizes)


@dataclass(frozen=True)
class Seat:
    """Who holds a team's manager award: up to two people; nobody's money where the seat was empty.

    `is_vacant`: the next level up is thanked and no prize is given (case 17).
    """

    person_ids: tuple[int, ...]
    is_vacant: bool = False


def managers_of_record(
    days: Collection[date], leads: Mapping[date, Collection[int]], above: int | None
) -> Seat:
    """Who led the team for the majority of the contest's days (case 17).

    Where the seat stood empty for more than half of them it goes `above`, without the prize. Else
    it is whoever led it longest; two who led it together are both of record.
    """
    if not days:
        return Seat((), is_vacant=True)
    held = Counter(person for day in days for person in set(leads.get(day, ())))
    empty = sum(not leads.get(day) for day in days)
    if not held or 2 * empty > len(days):
        return Seat(() if above is None else (above,), is_vacant=True)
    most = max(held.values())
    found = sorted(person for person, count in held.items() if count == most)
    return Seat(tuple(found[:MOST_MANAGERS]))
