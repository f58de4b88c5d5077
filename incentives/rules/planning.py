"""A contest as asked for on the launch page, in typed values."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from incentives.rules.prizes import PrizeTerms, worst_case
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode


@dataclass(frozen=True)
class PrizeEntry:
    """A prize of a playbook or form; `place` None: everybody at the goal."""

    title: str
    place: int | None
    cost_minor: int
    reserve_score: Fraction | None


@dataclass(frozen=True)
class LaunchAsk:
    """What the launch page asks for; dates may still be missing while one types."""

    title: str
    kind: str
    team_ids: tuple[int, ...]
    starts_on: date | None
    last_on: date | None
    target_days: int
    mode: Mode
    points: Fraction
    daily_cap: int | None
    prizes: tuple[PrizeEntry, ...]
    goal: Fraction | None

    @property
    def rule(self) -> PointRule:
        """The one rule a contest from the page has."""
        return PointRule(self.kind, self.points, daily_cap=self.daily_cap)

    @property
    def most_it_can_cost(self) -> int:
        """The worst case over the chosen teams, ties included, in minor units."""
        terms = [
            PrizeTerms(number, prize.place, prize.cost_minor)
            for number, prize in enumerate(self.prizes)
        ]
        return worst_case(terms, len(self.team_ids))
