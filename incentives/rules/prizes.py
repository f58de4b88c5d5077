"""Who wins what, and the most it can cost (CONTESTS cases 19-23; METRICS C9, 5.4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

SMALL_ROSTER = 8
FEWEST_RANKED = 2


@dataclass(frozen=True)
class PrizeTerms:
    """One prize. `place` None is the goal prize, won by every team that reaches the goal."""

    prize_id: int
    place: int | None
    cost_minor: int = 0
    reserve_score: Fraction | None = None


@dataclass(frozen=True)
class Side:
    """What sharing out needs to know of one team's result."""

    team_id: int
    rank: int | None
    score: Fraction | None
    rank_score: Fraction | None
    roster: int


@dataclass(frozen=True)
class Win:
    """One prize for one team; `place` None where it was won by reaching the goal."""

    prize_id: int
    team_id: int
    place: int | None
    cost_minor: int


def is_void(sides: Iterable[Side]) -> bool:
    """Case 12: fewer than two teams could be ranked, so nobody wins and the prizes return."""
    return sum(side.rank is not None for side in sides) < FEWEST_RANKED


def goal_score(side: Side) -> Fraction | None:
    """What the goal is held against: a roster under 8 by its adjusted score (METRICS 5.4)."""
    return side.rank_score if side.roster < SMALL_ROSTER else side.score


def reaches_goal(side: Side, goal: Fraction | None) -> bool:
    """Whether the team wins the goal prize; teams too small to be ranked may play for it (C9)."""
    score = goal_score(side)
    return goal is not None and side.roster > 0 and score is not None and score >= goal


def allocate(
    prizes: Sequence[PrizeTerms], sides: Sequence[Side], goal: Fraction | None
) -> tuple[Win, ...]:
    """Every prize won, by prize and team.

    Tied teams share the place and each gets its prize (C9); a prize whose reserve is not reached
    returns to the budget and does not slide down (case 22).
    """
    if is_void(sides):
        return ()
    by_team = sorted(sides, key=lambda side: side.team_id)
    return tuple(
        Win(prize.prize_id, side.team_id, prize.place, prize.cost_minor)
        for prize in prizes
        for side in by_team
        if _wins(prize, side, goal)
    )


def _wins(prize: PrizeTerms, side: Side, goal: Fraction | None) -> bool:
    is_winner = reaches_goal(side, goal) if prize.place is None else side.rank == prize.place
    reserve = prize.reserve_score
    return is_winner and (reserve is None or (side.score is not None and side.score >= reserve))


def worst_case(prizes: Iterable[PrizeTerms], teams: int) -> int:
    """The most the prizes can cost, ties included, in minor units (case 23).

    A tie of g teams at place p pays that place's prizes g times and skips the next g - 1 places.
    """
    cost: dict[int, int] = {}
    goal_cost = 0
    for prize in prizes:
        if prize.place is None:
            goal_cost += prize.cost_minor
        else:
            cost[prize.place] = cost.get(prize.place, 0) + prize.cost_minor
    best = [0] * (teams + 2)
    for place in range(teams, 0, -1):
        each = cost.get(place, 0)
        best[place] = max(each * size + best[place + size] for size in range(1, teams - place + 2))
    return best[1] + goal_cost * teams
