"""Who is active on dates and in windows of them (METRICS U1-U3, U6)."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime

from adoption.queries.days import World, world
from adoption.queries.figures.scope import Row, refuse_empty_window, rows_of
from adoption.rules import trailing
from core.calendars import DAY
from core.stats import per
from programme.models import Programme

# METRICS U1: how many dates each of the three looks back on, the date itself included.
LENGTHS = {"dau": 1, "wau": 7, "mau": 28}


def dau_wau_mau(
    owner: Programme, on: date, kinds: Collection[str] | None, as_of: datetime
) -> dict[str, object]:
    """The figure `dau_wau_mau` (METRICS U1): 1, 7 and 28 dates up to `on`."""
    found = world(owner, on, as_of=as_of, kinds=kinds)
    windows = _windows(found, on)
    return {
        name: sum(1 for rep in found.reps.values() if rep.used & window)
        for name, window in windows.items()
    }


def dau_wau_mau_rows(
    owner: Programme, on: date, kinds: Collection[str] | None, as_of: datetime
) -> list[Row]:
    """Everybody active in the 28 dates, with the windows they count in."""
    found = world(owner, on, as_of=as_of, kinds=kinds)
    windows = _windows(found, on)
    return rows_of(
        (
            (ident, on, {name: bool(rep.used & window) for name, window in windows.items()})
            for ident, rep in found.reps.items()
            if rep.used & windows["mau"]
        ),
        as_of,
    )


def _windows(found: World, on: date) -> dict[str, int]:
    after = on + DAY
    return {name: found.span.window(after - days * DAY, after) for name, days in LENGTHS.items()}


def _sticking(
    owner: Programme,
    start: date,
    end: date,
    short: str | None,
    kinds: Collection[str] | None,
    as_of: datetime,
) -> dict[int, tuple[int, int]]:
    """Each rep's working days of [start, end) with use in the short and in the 28-date window."""
    refuse_empty_window(start, end)
    found = world(owner, end - DAY, as_of=as_of, kinds=kinds, since=start)
    working = found.span.working & found.span.window(start, end)
    length = LENGTHS["wau" if short == "week" else "dau"]
    return {
        ident: (
            (trailing(rep.used, length) & working).bit_count(),
            (trailing(rep.used, LENGTHS["mau"]) & working).bit_count(),
        )
        for ident, rep in found.reps.items()
    }


def stickiness(
    owner: Programme,
    start: date,
    end: date,
    short: str | None,
    kinds: Collection[str] | None,
    as_of: datetime,
) -> dict[str, object]:
    """The figure `stickiness` (METRICS U3), over the working days of [start, end).

    Summed by rep instead of by date, which gives the same two sums.
    """
    days = _sticking(owner, start, end, short, kinds, as_of).values()
    return {
        "value": per(sum(small for small, _large in days), sum(large for _small, large in days))
    }


def stickiness_rows(
    owner: Programme,
    start: date,
    end: date,
    short: str | None,
    kinds: Collection[str] | None,
    as_of: datetime,
) -> list[Row]:
    """Everybody in the lower sum with the working days that put them into either."""
    days = _sticking(owner, start, end, short, kinds, as_of)
    return rows_of(
        (
            (ident, end - DAY, {"short_days": small, "long_days": large})
            for ident, (small, large) in days.items()
            if large
        ),
        as_of,
    )


def _active_days(
    owner: Programme, on: date, kinds: Sequence[str] | None, as_of: datetime
) -> dict[int, int]:
    """METRICS U6: reps current on the date, by active days among its last 28."""
    found = world(owner, on, as_of=as_of, kinds=kinds)
    window = _windows(found, on)["mau"]
    return {
        ident: (rep.used & window).bit_count()
        for ident, rep in found.reps.items()
        if found.span.has(rep.current, on)
    }


def l28(
    owner: Programme, on: date, kinds: Sequence[str] | None, as_of: datetime
) -> dict[str, object]:
    """The figure `l28` (METRICS U6): how many reps had so many active days, none included."""
    counts = Counter(_active_days(owner, on, kinds, as_of).values())
    return {"histogram": {str(days): counts[days] for days in sorted(counts)}}


def l28_rows(owner: Programme, on: date, kinds: Sequence[str] | None, as_of: datetime) -> list[Row]:
    """Every rep current on the date with their active days."""
    days = _active_days(owner, on, kinds, as_of)
    return rows_of(((ident, on, {"active_days": count}) for ident, count in days.items()), as_of)
