"""A contest as asked for on the launch page, and what is worked out before it starts: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import sqrt
from random import Random

from core.stats import contest_mde, smallest_p
from incentives.rules.prizes import PrizeTerms, worst_case, worst_case_apart
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import DIVISION_SIZE, TieBreak, UnitKind, division_sizes

WEEK = timedelta(days=7)
WORKING_WEEK = 5
FEWEST_A_SIDE = 4
WEEKS_BEFORE = 4
FEWEST_TO_DRAW = 4


@dataclass(frozen=True)
class PrizeEntry:
    """A prize of a playbook or form; `place` None: everybody at the goal, or the most improved."""

    title: str
    place: int | None
    cost_minor: int
    reserve_score: Fraction | None
    is_improvement: bool = False
    for_manager: bool = False
    min_loops_kept: Fraction | None = None
    stock: int | None = None

    @property
    def is_goal(self) -> bool:
        """Won by everybody at the goal."""
        return self.place is None and not self.is_improvement


@dataclass(frozen=True)
class LaunchAsk:
    """What the launch page asks for; dates and rules may still be missing while one types.

    `staggered`: half of the teams, drawn by lot, race first, the others afterwards.
    """

    title: str
    rules: tuple[PointRule, ...]
    team_ids: tuple[int, ...]
    starts_on: date | None
    last_on: date | None
    target_days: int
    mode: Mode
    prizes: tuple[PrizeEntry, ...]
    goal: Fraction | None
    staggered: bool = False
    unit: UnitKind = UnitKind.TEAM
    tie_break: TieBreak | None = None
    sources: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """What earns points."""
        return tuple(rule.kind for rule in self.rules)

    def most_it_can_cost(self, reps: int) -> int:
        """The worst case, ties included, in minor units; `reps` are those of the chosen teams.

        Two halves that race one after the other have prizes each, and so has every division.
        """
        terms = [
            PrizeTerms(
                number,
                prize.place,
                prize.cost_minor,
                is_improvement=prize.is_improvement,
                for_manager=prize.for_manager,
            )
            for number, prize in enumerate(self.prizes)
        ]
        teams = len(self.team_ids)
        if self.unit is UnitKind.PERSON:
            return worst_case(terms, reps)
        if self.unit is UnitKind.DIVISION and teams:
            return worst_case_apart(terms, division_sizes(teams, DIVISION_SIZE))
        halves = (teams // 2, teams - teams // 2) if self.staggered else (teams,)
        return sum(worst_case(terms, half) for half in halves)


@dataclass(frozen=True)
class Halves:
    """Which teams race first and which afterwards."""

    early: tuple[int, ...]
    late: tuple[int, ...]

    @property
    def arms(self) -> dict[int, str]:
        """Team -> the arm it drew, as the experiment keeps it."""
        return dict.fromkeys(self.early, "early") | dict.fromkeys(self.late, "late")


def draw_halves(sizes: Mapping[int, int], seed: int) -> Halves:
    """Draw by lot, one of every two teams of neighbouring size; the odd one out by lot as well.

    `sizes` is team -> reps. The same seed draws the same halves, so a draw can be checked.
    """
    lot = Random(seed)
    order = sorted(sizes, key=lambda team: (sizes[team], team))
    early: list[int] = []
    late: list[int] = []
    for pair in (order[at : at + 2] for at in range(0, len(order), 2)):
        drawn = lot.sample(pair, len(pair))
        sides = (early, late) if len(pair) > 1 or lot.random() < 0.5 else (late, early)
        for team, side in zip(drawn, sides, strict=False):
            side.append(team)
    return Halves(tuple(sorted(early)), tuple(sorted(late)))


def second_half(starts_on: date, last_on: date) -> tuple[date, date]:
    """The days of those who race afterwards: as long, from the same weekday on."""
    weeks = -(-((last_on - starts_on).days + 1) // 7)
    return starts_on + weeks * WEEK, last_on + weeks * WEEK


@dataclass(frozen=True)
class Spread:
    """How much weeks differ without any contest, in active days a week (METRICS X12).

    `week` is the spread of one rep's weeks around their own mean, `team` that of what a whole
    team has in common from one fortnight to the next.
    """

    week: float
    team: float


TYPICAL = Spread(week=1.4, team=0.25)
"""METRICS 3.2: what to reckon with where there are no weeks to look at yet."""


def spread_of(weeks: Mapping[int, Mapping[int, Sequence[int]]]) -> Spread | None:
    """From team -> rep -> active days of `WEEKS_BEFORE` weeks in order; None with too little.

    A team's fortnights differ by sampling (week**2 / reps) and by what it shares (2 team**2); what
    is left after taking away the first is the second.
    """
    squares, freedom = 0.0, 0
    changes, noise = [], []
    half = WEEKS_BEFORE // 2
    for reps in weeks.values():
        full = [days for days in reps.values() if len(days) == WEEKS_BEFORE]
        if not full:
            continue
        for days in full:
            mean = sum(days) / len(days)
            squares += sum((day - mean) ** 2 for day in days)
            freedom += len(days) - 1
        changes.append(sum(sum(days[half:]) - sum(days[:half]) for days in full) / half / len(full))
        noise.append(2 / half / len(full))
    if freedom == 0 or len(changes) < FEWEST_TO_DRAW:
        return None
    variance = squares / freedom
    centre = sum(changes) / len(changes)
    seen = sum((change - centre) ** 2 for change in changes) / (len(changes) - 1)
    shared = (seen - variance * sum(noise) / len(noise)) / 2
    return Spread(sqrt(variance), sqrt(max(shared, 0.0)))


@dataclass(frozen=True)
class Reach:
    """What a staggered start could show: the smallest change in active days a week, or nothing.

    `by_chance` is how often chance alone gives even a perfect result, with too few teams a side.
    """

    teams: int
    size: float
    weeks: float
    change: float | None
    by_chance: float | None


def reach_of(sizes: Sequence[int], working_days: int, spread: Spread) -> Reach | None:
    """METRICS X12 for halves of these teams over so many working days; None without either."""
    teams = len(sizes)
    if teams < 2 or not working_days or not sum(sizes):
        return None
    size, weeks = sum(sizes) / teams, working_days / WORKING_WEEK
    treated = teams // 2
    if treated < FEWEST_A_SIDE:
        return Reach(teams, size, weeks, None, smallest_p(treated, teams - treated))
    change = contest_mde(
        treated,
        teams - treated,
        size=size,
        weeks=weeks,
        weeks_before=WEEKS_BEFORE,
        sd_week=spread.week,
        sd_team=spread.team,
    )
    return Reach(teams, size, weeks, change, None)
