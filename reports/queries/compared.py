"""Those who used it and the others over one window, with their own past (METRICS V, X5 to X9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import people.queries
from adoption.queries import figures as adoption_figures
from adoption.rules.gaps import Gap, Seller, UseRule, sellers_gap, window_before
from core.calendars import DAY
from core.stats import hash_arm
from programme.models import Programme
from reports.rules import AdjustedGap, GrowthGap, adjusted_gap, growth_gap

MONTHS = 3


@dataclass(frozen=True)
class Split:
    """One way to part the population, with the gap and the same people's gap before."""

    sellers: tuple[Seller, ...]
    gap: Gap
    gap_before: Gap

    @property
    def is_fair(self) -> bool:
        """METRICS V4: whether the gap before is known, without which no gap is shown."""
        return self.gap.gap is not None and self.gap_before.gap is not None

    @cached_property
    def newcomers(self) -> int:
        """How many were not employed yet when the window before ended."""
        return sum(not one.was_here for one in self.sellers)


@dataclass(frozen=True)
class Compared:
    """A window's comparison: the asked split, and the estimates by the split fixed before it."""

    start: date
    end: date
    before: tuple[date, date]
    shown: Split
    fixed: Split
    adjusted: AdjustedGap | None
    growth: GrowthGap | None

    @property
    def last_day(self) -> date:
        """The last day of the window."""
        return self.end - DAY

    @property
    def last_before(self) -> date:
        """The last day of the window before: the eve of the launch."""
        return self.before[1] - DAY


def window_of(launch_on: date, today: date) -> tuple[date, date]:
    """The last three whole calendar months since the launch, or all days since; half-open."""
    end = today.replace(day=1)
    start = end
    for _ in range(MONTHS):
        start = (start - DAY).replace(day=1)
    start = max(start, launch_on)
    return (start, end) if start < end else (launch_on, today)


def compared(
    owner: Programme, window: tuple[date, date], rule: UseRule, as_of: datetime
) -> Compared:
    """METRICS V1 with V4 under `rule`, and X5 to X9 with the split fixed before the window."""
    start, end = window
    found = adoption_figures.sellers_by(owner, start, end, {rule, UseRule.LANDMARK}, as_of)
    shown, fixed = (_split(owner, found[one]) for one in (rule, UseRule.LANDMARK))
    teams = people.queries.team_on(start, as_of)
    seed = hash_arm(owner.slug, start.isoformat())
    has_past = fixed.gap_before.gap is not None
    return Compared(
        start,
        end,
        window_before(owner.launch_on, start, end),
        shown,
        fixed,
        adjusted_gap(fixed.sellers, owner.min_group) if has_past else None,
        growth_gap(fixed.sellers, teams, owner.min_group, seed) if has_past else None,
    )


def _split(owner: Programme, sellers: Sequence[Seller]) -> Split:
    return Split(
        tuple(sellers),
        sellers_gap(sellers, owner.min_group),
        sellers_gap(sellers, owner.min_group, before=True),
    )
