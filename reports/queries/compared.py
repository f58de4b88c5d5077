"""Those who used it and the others over one window, with their own past (METRICS V, X5 to X9)."""

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


def window_of(today: date) -> tuple[date, date]:
    """The last three whole calendar months, half-open."""
    end = today.replace(day=1)
    start = end
    for _ in range(MONTHS):
        start = (start - DAY).replace(day=1)
    return start, end


def compared(
    owner: Programme, window: tuple[date, date], rule: UseRule, as_of: datetime
) -> Compared:
    """METRICS V1 with V4 under `rule`, and X5 to X9 with the split fixed before the window."""
    start, end = window
    shown = _split(owner, start, end, rule, as_of)
    fixed = shown
    if rule is not UseRule.LANDMARK:
        fixed = _split(owner, start, end, UseRule.LANDMARK, as_of)
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


def _split(owner: Programme, start: date, end: date, rule: UseRule, as_of: datetime) -> Split:
    found = tuple(adoption_figures.sellers(owner, start, end, rule.value, as_of))
    return Split(
        found,
        sellers_gap(found, owner.min_group),
        sellers_gap(found, owner.min_group, before=True),
    )
