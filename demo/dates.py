"""When the demo's story happens: its fixed 2026 dates, their shift to another today, holidays.

A shift is always a whole number of weeks, so every day keeps its weekday. Holidays do not shift
with it: they fall on the rule dates (METRICS P4, e.g. fourth Thursday of November) of whatever
year the shifted days lie in, as they would for a real company.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = "America/New_York"

HISTORY_FROM = date(2025, 11, 24)
"""First day with deals: three months before launch, so that METRICS V4 has its pre-period."""
LAUNCH = date(2026, 3, 2)
WAVES = (LAUNCH, date(2026, 4, 6), date(2026, 5, 4))
PILOT = date(2026, 7, 20)
GENERAL = date(2026, 8, 3)
LAST_DAY = date(2026, 10, 31)
"""Last complete day of the fixed story; METRICS section 6 states its figures on this day."""
HORIZON = date(2026, 11, 6)
"""Behaviour is simulated up to here; what lies on or after the world's today is cut off."""

SPRING = (date(2026, 5, 11), date(2026, 5, 22))
SUMMER = (date(2026, 8, 10), date(2026, 8, 21))
AUTUMN = (date(2026, 9, 21), date(2026, 10, 2))
FINISH = (date(2026, 10, 26), date(2026, 11, 6))
"""The race in which the world's today lies, in the fixed dates and in every shifted world."""
WINTER = (date(2026, 11, 30), date(2026, 12, 11))


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th given weekday of a month (n = -1: the last one)."""
    if n > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))
    last = (date(year, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def _observed(day: date) -> date:
    """A fixed-date holiday on a Saturday is kept on Friday, on a Sunday on Monday."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def us_holidays(year: int) -> tuple[date, ...]:
    """The company's holidays of one year, by the United States' rules."""
    thanksgiving = _nth(year, 11, 3, 4)
    return (
        _observed(date(year, 1, 1)),
        _nth(year, 1, 0, 3),
        _nth(year, 5, 0, -1),
        _observed(date(year, 6, 19)),
        _observed(date(year, 7, 4)),
        _nth(year, 9, 0, 1),
        thanksgiving,
        thanksgiving + timedelta(days=1),
        _observed(date(year, 12, 25)),
    )


def shift_for(today: date) -> timedelta:
    """Whole weeks that put `today` inside the finish race with at least three days already raced.

    Thursday to Sunday fall in its first week, Monday to Wednesday in its second.
    """
    earliest = FINISH[0] + timedelta(days=3)
    return today - earliest - timedelta(days=(today - earliest).days % 7)


@dataclass(frozen=True)
class Timeline:
    """The story's days as indexes 0, 1, 2, ... from the first day of history to the horizon.

    `today` is the day the world is looked at: usage, completions and everything else that
    happened are dated before it, as a nightly feed would have brought them.
    """

    shift: timedelta
    today: date
    first: date = field(init=False)
    length: int = field(init=False)
    days: tuple[date, ...] = field(init=False)
    working: tuple[bool, ...] = field(init=False)

    def __post_init__(self) -> None:
        first = HISTORY_FROM + self.shift
        length = (HORIZON - HISTORY_FROM).days + 1
        days = tuple(first + timedelta(days=n) for n in range(length))
        off = {day for year in {d.year for d in days} for day in us_holidays(year)}
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "length", length)
        object.__setattr__(self, "days", days)
        object.__setattr__(self, "working", tuple(d.weekday() < 5 and d not in off for d in days))

    def index(self, story_day: date) -> int:
        """Index of a day given in the story's fixed dates."""
        return (story_day - HISTORY_FROM).days

    def moved(self, story_day: date) -> date:
        """A day of the story's fixed dates, where this world puts it."""
        return story_day + self.shift

    @property
    def cut(self) -> int:
        """Index of today: the first day that has not been reported yet."""
        return (self.today - self.first).days

    @property
    def last_day(self) -> date:
        """The last complete day, `through` of every figure."""
        return self.today - timedelta(days=1)

    def holidays(self) -> list[date]:
        """Holidays from the year history begins to half a year past the horizon."""
        years = range(self.first.year, (self.days[-1] + timedelta(days=180)).year + 1)
        return sorted(day for year in years for day in us_holidays(year))

    def utc_offsets(self, zone: str) -> list[int]:
        """Minutes to add to a local clock to get UTC, by day index (noon decides)."""
        tz = ZoneInfo(zone)
        minute = timedelta(minutes=1)
        offsets = []
        for day in self.days:
            away = datetime(day.year, day.month, day.day, 12, tzinfo=tz).utcoffset()
            offsets.append(-(away // minute) if away is not None else 0)
        return offsets


def timeline(today: date | None = None) -> Timeline:
    """The fixed 2026 story looked at on 1 November, or the story moved so that `today` fits."""
    if today is None:
        return Timeline(shift=timedelta(), today=LAST_DAY + timedelta(days=1))
    return Timeline(shift=shift_for(today), today=today)
