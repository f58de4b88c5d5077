"""Growth of logins, users and proposals (METRICS G)."""

from datetime import date, datetime

import people.queries
import programme.queries
from adoption.queries.days import daily_counts, world
from adoption.queries.figures.gaps import proposals_between
from adoption.rules import (
    Established,
    Months,
    available_bits,
    current_bits,
    first_use,
    returning,
    span_of,
)
from core.calendars import DAY, month_before, month_bounds
from core.errors import Invalid
from core.stats import growth, per
from programme.models import Programme

MONTHS_IN_A_YEAR = 12


def logins_growth(
    owner: Programme, base: tuple[date, date], current: tuple[date, date], as_of: datetime
) -> dict[str, object]:
    """The figure `logins_growth` (METRICS G2): raw, and per available rep-day."""
    before, now = (_logins(owner, window, as_of) for window in (base, current))
    before_per, now_per = per(*before), per(*now)
    return {
        "base": before[0],
        "current": now[0],
        "growth": growth(before[0], now[0]),
        "base_rep_days": before[1],
        "current_rep_days": now[1],
        "growth_per_rep_day": (
            None if before_per is None or now_per is None else growth(before_per, now_per)
        ),
    }


def _logins(owner: Programme, window: tuple[date, date], as_of: datetime) -> tuple[int, int]:
    """Logins by in-scope reps while employed and enabled, and available rep-days, of a window."""
    start, end = window
    span = span_of(programme.queries.calendar(owner), start, end)
    members = programme.queries.members(owner.id, as_of)
    calendars = people.queries.calendars(None, as_of)
    current = {ident: current_bits(calendars[ident], span) for ident in members}
    logins = sum(
        count
        for ident, day, count in daily_counts(owner.id, [owner.login_kind], start, end, as_of)
        if ident in current and span.has(current[ident], day)
    )
    inside = span.window(start, end)
    rep_days = sum(
        (available_bits(calendars[ident], span) & inside).bit_count() for ident in members
    )
    return logins, rep_days


def new_user_growth(owner: Programme, month: str, as_of: datetime) -> dict[str, object]:
    """The figure `new_user_growth` (METRICS G3), readings A and B."""
    start, end = month_bounds(month)
    before, _end = month_bounds(month_before(month))
    found = world(owner, end - DAY, as_of=as_of)
    firsts = [first_use(rep, found.span) for rep in found.reps.values()]
    previous = sum(1 for day in firsts if day is not None and before <= day < start)
    current = sum(1 for day in firsts if day is not None and start <= day < end)
    ever_before = sum(1 for day in firsts if day is not None and day < start)
    return {
        "previous": previous,
        "current": current,
        "growth": growth(previous, current),
        "cumulative_growth": growth(ever_before, ever_before + current),
    }


def returning_established(
    owner: Programme, month: str, established: str | None, as_of: datetime
) -> dict[str, object]:
    """The figure `returning_established` (METRICS G4)."""
    start, end = month_bounds(month)
    previous = month_before(month)
    found = world(owner, end - DAY, as_of=as_of)
    span = found.span
    months = Months(
        start,
        span.window(start, end),
        span.window(*month_bounds(previous)),
        span.window(*month_bounds(month_before(previous))),
        span.window(None, start),
    )
    reading = Established(established or Established.EVER_BEFORE)
    answer = returning(found.reps.values(), span, months, reading)
    return {
        "established": answer.established,
        "returned": answer.returned,
        "rate": per(answer.returned, answer.established),
    }


def proposals_growth(
    owner: Programme, month_a: str, month_b: str, as_of: datetime
) -> dict[str, object]:
    """The figure `proposals_growth` (METRICS G5): tool-made proposals, with the monthly factor."""
    (start_a, end_a), (start_b, end_b) = month_bounds(month_a), month_bounds(month_b)
    months = (start_b.year - start_a.year) * MONTHS_IN_A_YEAR + start_b.month - start_a.month
    if months <= 0:
        raise Invalid("month_b must lie after month_a.", field="month_b")
    base, current = (
        sum(1 for row in proposals_between(owner, start, end, as_of) if row.with_tool)
        for start, end in ((start_a, end_a), (start_b, end_b))
    )
    change = growth(base, current)
    factor = None if change is None else (change + 1) ** (1 / months)
    return {"base": base, "current": current, "growth": change, "monthly_factor": factor}
