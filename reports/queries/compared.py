"""Those who used it and the others over one window, with their own past (METRICS V, X5 to X9)."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

import people.queries
from adoption.queries import figures as adoption_figures
from adoption.rules.gaps import Seller
from core.calendars import DAY, WEEK_DAYS
from core.stats import hash_arm
from programme.models import Programme
from reports.rules import (
    Compared,
    Stretch,
    UseRule,
    adjusted_gap,
    growth_gap,
    split_of,
    stretches_before,
    window_before,
)

MONTHS = 3
STRETCH_DAYS, MOST_STRETCHES = 28, 6


def window_of(launch_on: date, today: date) -> tuple[date, date]:
    """The last three whole calendar months since the launch, or all days since; half-open."""
    end = today.replace(day=1)
    start = end
    for _ in range(MONTHS):
        start = (start - DAY).replace(day=1)
    start = max(start, launch_on)
    return (start, end) if start < end else (launch_on, today)


def compared(
    owner: Programme, window: tuple[date, date], rules: Collection[UseRule], as_of: datetime
) -> Compared:
    """METRICS V1 with V4 under each rule, and X5 to X9 with the split fixed before the window."""
    start, end = window
    asked = {*rules, UseRule.LANDMARK}
    found = adoption_figures.sellers_by(owner, start, end, asked, as_of)
    splits = {rule: split_of(sellers, owner.min_group) for rule, sellers in found.items()}
    fixed = found[UseRule.LANDMARK]
    has_past = splits[UseRule.LANDMARK].gap_before.gap is not None
    teams = people.queries.team_on(start, as_of)
    seed = hash_arm(owner.slug, start.isoformat())
    return Compared(
        start,
        end,
        window_before(owner.launch_on, start, end)[0],
        owner.launch_on,
        splits,
        adjusted_gap(fixed, owner.min_group) if has_past else None,
        growth_gap(fixed, teams, owner.min_group, seed) if has_past else None,
        _trend(owner, fixed, as_of) if has_past else (),
    )


def _trend(owner: Programme, fixed: Sequence[Seller], as_of: datetime) -> tuple[Stretch, ...]:
    """Both sides in the four-week stretches before the launch, from where sales are known.

    The first stretch counts only if a deal was won in its first week: else nobody knows whether
    there were none or the records begin there.
    """
    first, won = adoption_figures.won_by_stretch(
        owner, owner.launch_on, STRETCH_DAYS, MOST_STRETCHES, as_of
    )
    starts = [
        owner.launch_on - STRETCH_DAYS * number * DAY for number in range(MOST_STRETCHES, 0, -1)
    ]
    if first is None:
        return ()
    known = [place for place, start in enumerate(starts) if first < start + WEEK_DAYS * DAY]
    return stretches_before(fixed, [starts[one] for one in known], [won[one] for one in known])
