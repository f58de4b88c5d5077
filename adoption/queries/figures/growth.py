"""Growth of logins, users and proposals (METRICS G)."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime

import people.queries
import programme.queries
from adoption.queries.days import daily_counts, world
from adoption.queries.figures.gaps import proposals_between
from adoption.queries.figures.scope import Row, rows_of
from adoption.queries.records import ProposalRecord
from adoption.rules import (
    Established,
    Months,
    available_bits,
    current_bits,
    first_use,
    span_of,
)
from adoption.rules import established as established_reps
from core.calendars import DAY, month_before, month_bounds
from core.errors import Invalid
from core.stats import growth, per
from programme.models import Programme

MONTHS_IN_A_YEAR = 12
LOGIN_WINDOW = 28 * DAY


Window = tuple[date, date]


def login_windows(
    owner: Programme, base: Window | None, current: Window | None, as_of: datetime
) -> tuple[Window, Window]:
    """METRICS G2: the windows asked for, else 28 days from the launch and the last 28 complete."""
    today = programme.queries.calendar(owner).local_day(as_of)
    return (
        base or (owner.launch_on, owner.launch_on + LOGIN_WINDOW),
        current or (today - LOGIN_WINDOW, today),
    )


def logins_growth(
    owner: Programme, base: Window | None, current: Window | None, as_of: datetime
) -> dict[str, object]:
    """The figure `logins_growth` (METRICS G2): raw, and per available rep-day."""
    windows = login_windows(owner, base, current, as_of)
    before, now = (_summed(_logins(owner, window, as_of)) for window in windows)
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


def logins_growth_rows(
    owner: Programme, base: Window | None, current: Window | None, as_of: datetime
) -> list[Row]:
    """Everybody with logins or available days in either window."""
    windows = login_windows(owner, base, current, as_of)
    before, now = (_logins(owner, window, as_of) for window in windows)
    return rows_of(
        (
            (
                ident,
                windows[1][1] - DAY,
                {
                    "base": before[ident][0],
                    "current": now[ident][0],
                    "base_rep_days": before[ident][1],
                    "current_rep_days": now[ident][1],
                },
            )
            for ident in before
            if any(before[ident]) or any(now[ident])
        ),
        as_of,
    )


def login_totals(owner: Programme, window: Window) -> tuple[int, int]:
    """METRICS G2 for one window as everything stands: logins and available rep-days."""
    return _summed(_logins(owner, window, None))


def _logins(owner: Programme, window: Window, as_of: datetime | None) -> dict[int, tuple[int, int]]:
    """Each in-scope rep's logins while employed and enabled, and their available days."""
    start, end = window
    span = span_of(programme.queries.calendar(owner), start, end)
    members = programme.queries.members(owner.id, as_of)
    calendars = people.queries.calendars(None, as_of)
    current = {ident: current_bits(calendars[ident], span) for ident in members}
    logins = Counter[int]()
    for ident, day, count in daily_counts(owner.id, [owner.login_kind], start, end, as_of):
        if ident in current and span.has(current[ident], day):
            logins[ident] += count
    inside = span.window(start, end)
    return {
        ident: (logins[ident], (available_bits(calendars[ident], span) & inside).bit_count())
        for ident in members
    }


def _summed(logins: Mapping[int, tuple[int, int]]) -> tuple[int, int]:
    return sum(count for count, _days in logins.values()), sum(
        days for _count, days in logins.values()
    )


def _firsts(owner: Programme, month: Window, as_of: datetime) -> dict[int, date]:
    """Everybody's first date with a key action, up to the end of the month."""
    found = world(owner, month[1] - DAY, as_of=as_of)
    firsts = {ident: first_use(rep, found.span) for ident, rep in found.reps.items()}
    return {ident: day for ident, day in firsts.items() if day is not None}


def _month_before(month: Window) -> Window:
    return month_bounds(month_before(f"{month[0]:%Y-%m}"))


def new_user_growth(owner: Programme, month: Window, as_of: datetime) -> dict[str, object]:
    """The figure `new_user_growth` (METRICS G3), readings A and B."""
    firsts = _firsts(owner, month, as_of).values()
    before, _end = _month_before(month)
    ever_before = sum(1 for day in firsts if day < month[0])
    previous = sum(1 for day in firsts if before <= day < month[0])
    current = len(firsts) - ever_before
    return {
        "previous": previous,
        "current": current,
        "growth": growth(previous, current),
        "cumulative_growth": growth(ever_before, len(firsts)),
    }


def newcomers_rows(owner: Programme, month: Window, as_of: datetime) -> list[Row]:
    """Everybody who ever used it by the end of the month, with the date they began."""
    before, _end = _month_before(month)

    def part(day: date) -> str:
        if day >= month[0]:
            return "current"
        return "previous" if day >= before else "earlier"

    return rows_of(
        (
            (ident, month[1] - DAY, {"first_use": day, "part": part(day)})
            for ident, day in _firsts(owner, month, as_of).items()
        ),
        as_of,
    )


def _established(
    owner: Programme, month: Window, reading: str | None, as_of: datetime
) -> dict[int, bool]:
    """METRICS G4: the established people current on day 1, and whether they came back."""
    found = world(owner, month[1] - DAY, as_of=as_of)
    span, previous = found.span, _month_before(month)
    months = Months(
        month[0],
        span.window(*month),
        span.window(*previous),
        span.window(*_month_before(previous)),
        span.window(None, month[0]),
    )
    return established_reps(
        found.reps, span, months, Established(reading or Established.EVER_BEFORE)
    )


def returning_established(
    owner: Programme, month: Window, established: str | None, as_of: datetime
) -> dict[str, object]:
    """The figure `returning_established` (METRICS G4)."""
    found = _established(owner, month, established, as_of)
    returned = sum(found.values())
    return {"established": len(found), "returned": returned, "rate": per(returned, len(found))}


def returning_established_rows(
    owner: Programme, month: Window, established: str | None, as_of: datetime
) -> list[Row]:
    """Every established person, and whether they were active in the month."""
    found = _established(owner, month, established, as_of)
    return rows_of(
        ((ident, month[0], {"returned": returned}) for ident, returned in found.items()), as_of
    )


def _made_with_tool(owner: Programme, month: Window, as_of: datetime) -> list[ProposalRecord]:
    return [row for row in proposals_between(owner, *month, as_of) if row.with_tool]


def proposals_growth(
    owner: Programme, month_a: Window, month_b: Window, as_of: datetime
) -> dict[str, object]:
    """The figure `proposals_growth` (METRICS G5): tool-made proposals, with the monthly factor."""
    start_a, start_b = month_a[0], month_b[0]
    months = (start_b.year - start_a.year) * MONTHS_IN_A_YEAR + start_b.month - start_a.month
    if months <= 0:
        raise Invalid("month_b must lie after month_a.", field="month_b")
    base, current = (len(_made_with_tool(owner, month, as_of)) for month in (month_a, month_b))
    change = growth(base, current)
    factor = None if change is None else (change + 1) ** (1 / months)
    return {"base": base, "current": current, "growth": change, "monthly_factor": factor}


def proposals_growth_rows(
    owner: Programme, month_a: Window, month_b: Window, as_of: datetime
) -> list[Row]:
    """The proposals of both months, each with its owner."""
    return rows_of(
        (
            (
                row.person_id,
                row.created_on,
                {"proposal_id": row.proposal_key, "created_on": row.created_on},
            )
            for month in (month_a, month_b)
            for row in _made_with_tool(owner, month, as_of)
        ),
        as_of,
    )
