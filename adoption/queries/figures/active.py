"""Who is active on dates and in windows of them (METRICS U1-U6)."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from adoption.queries.days import World, world
from core.calendars import DAY
from core.stats import per
from programme.models import Programme


def _active(found: World, start: date, end: date) -> int:
    """METRICS U1: reps with a counted event in [start, end)."""
    window = found.span.window(start, end)
    return sum(1 for rep in found.reps.values() if rep.used & window)


def dau_wau_mau(
    owner: Programme, on: date, kinds: Sequence[str] | None, as_of: datetime
) -> dict[str, object]:
    """The figure `dau_wau_mau` (METRICS U1): 1, 7 and 28 dates up to `on`."""
    found = world(owner, on, as_of=as_of, kinds=kinds)
    after = on + DAY
    return {
        name: _active(found, after - length * DAY, after)
        for name, length in (("dau", 1), ("wau", 7), ("mau", 28))
    }


def stickiness(
    owner: Programme, start: date, end: date, short: str | None, as_of: datetime
) -> dict[str, object]:
    """The figure `stickiness` (METRICS U3), over the working days of [start, end)."""
    found = world(owner, end - DAY, as_of=as_of)
    length = 7 if short == "week" else 1
    small = large = 0
    calendar = found.span.calendar
    day = start
    while day < end:
        if calendar.is_working_day(day):
            small += _active(found, day + DAY - length * DAY, day + DAY)
            large += _active(found, day + DAY - 28 * DAY, day + DAY)
        day += DAY
    return {"value": per(small, large)}


def l28(owner: Programme, on: date, as_of: datetime) -> dict[str, object]:
    """The figure `l28` (METRICS U6): reps current on the date, by active days of the last 28."""
    found = world(owner, on, as_of=as_of)
    window = found.span.window(on - 27 * DAY, on + DAY)
    counts = Counter(
        (rep.used & window).bit_count()
        for rep in found.reps.values()
        if found.span.has(rep.current, on)
    )
    return {"histogram": {str(days): counts[days] for days in sorted(counts)}}
