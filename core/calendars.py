"""Local days, weeks and months of a programme (METRICS T1-T7). Pure: no clock, no database.

A day is the span from the first instant of a local date to the first instant of the next, so
23- and 25-hour days, and midnights that do not exist, need no care from anybody who asks here.
"""

import calendar
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY = timedelta(days=1)
WEEK_DAYS = 7
FULL_WEEK = 0b111_1111
# Real data lies far inside; the bounds keep every zone conversion and day arithmetic in range.
FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(2199, 12, 31)

_MONTH = re.compile(r"(\d{4})-(\d{2})")


class UnknownZone(ValueError):
    """No such IANA zone."""


def zone_of(name: str) -> ZoneInfo:
    """The IANA zone called `name`; raises UnknownZone with the name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"unknown time zone {name!r}"
        raise UnknownZone(msg) from error


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """METRICS T2: the date an instant falls on in `zone`. Naive instants are refused."""
    if instant.tzinfo is None:
        msg = f"naive datetime {instant!r}: an instant needs its zone"
        raise ValueError(msg)
    return instant.astimezone(zone).date()


@lru_cache(maxsize=20_000)
def first_instant(zone: ZoneInfo, day: date) -> datetime:
    """METRICS T3: the first UTC instant of a local date, found also where midnight is skipped.

    A date that a zone leaves out altogether has no instants: it starts where the next one does.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    just_before = midnight - timedelta(microseconds=1)
    if local_date(midnight, zone) == day and local_date(just_before, zone) < day:
        return midnight
    early, late = midnight - 2 * DAY, midnight + 2 * DAY
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if local_date(middle, zone) < day:
            early = middle
        else:
            late = middle
    return late


def days_between(start: date, end: date) -> Iterator[date]:
    """Each date of the half-open window [start, end) (METRICS T7)."""
    for number in range((end - start).days):
        yield start + number * DAY


def month_bounds(month: str) -> tuple[date, date]:
    """METRICS T5: `YYYY-MM` as the half-open window of its dates. Raises ValueError otherwise."""
    match = _MONTH.fullmatch(month)
    if match is None or not 1 <= int(match[2]) <= 12:
        msg = f"{month!r} is not a month; write YYYY-MM"
        raise ValueError(msg)
    start = date(int(match[1]), int(match[2]), 1)
    return start, start + calendar.monthrange(start.year, start.month)[1] * DAY


def month_before(month: str) -> str:
    """The month before `YYYY-MM`."""
    last = month_bounds(month)[0] - DAY
    return f"{last.year:04d}-{last.month:02d}"


@dataclass(frozen=True)
class ProgrammeCalendar:
    """One programme's zone, week and working days.

    `week_start` counts Monday as 0; `workweek` holds the same numbers.
    """

    zone: str
    week_start: int = 0
    workweek: frozenset[int] = frozenset(range(5))
    holidays: frozenset[date] = field(default=frozenset())

    @cached_property
    def tz(self) -> ZoneInfo:
        """The zone itself."""
        return zone_of(self.zone)

    def local_day(self, instant: datetime) -> date:
        """METRICS T2: the local date of an instant in the programme's zone."""
        return local_date(instant, self.tz)

    def day_start(self, day: date) -> datetime:
        """METRICS T3: first UTC instant of the date."""
        return first_instant(self.tz, day)

    def day_end(self, day: date) -> datetime:
        """The first UTC instant after the date, which is where the next date starts."""
        return first_instant(self.tz, day + DAY)

    def week_of(self, day: date) -> date:
        """METRICS T4: the first date of the week that holds `day`."""
        return day - ((day.weekday() - self.week_start) % WEEK_DAYS) * DAY

    def week_days(self, week: date) -> tuple[date, ...]:
        """The seven dates of the week that starts on `week`."""
        return tuple(week + number * DAY for number in range(WEEK_DAYS))

    def last_complete_week(self, through: date) -> date:
        """METRICS T6: first date of the latest week whose last date is not after `through`."""
        return self.week_of(through + DAY) - WEEK_DAYS * DAY

    def complete_weeks(self, through: date, count: int) -> tuple[date, ...]:
        """The first dates of the latest `count` complete weeks at `through`, oldest first."""
        last = self.last_complete_week(through)
        return tuple(last - number * WEEK_DAYS * DAY for number in reversed(range(count)))

    def is_complete(self, week: date, through: date) -> bool:
        """METRICS T6 for one week."""
        return week + (WEEK_DAYS - 1) * DAY <= through

    def is_working_day(self, day: date) -> bool:
        """METRICS P4: in the working week and not a holiday."""
        return day.weekday() in self.workweek and day not in self.holidays

    def working_days(self, start: date, end: date) -> int:
        """How many working days lie in [start, end)."""
        return sum(map(self.is_working_day, days_between(start, end)))


def bits_of(days: Iterable[date], origin: date) -> int:
    """Dates as one integer: bit i is `origin` + i days. Dates before the origin are left out."""
    bits = 0
    base = origin.toordinal()
    for day in days:
        place = day.toordinal() - base
        if place >= 0:
            bits |= 1 << place
    return bits


def span_bits(start: date | None, end: date | None, origin: date, length: int) -> int:
    """The half-open window [start, end) as bits over `length` days from `origin`; None is open."""
    low = 0 if start is None else min(max((start - origin).days, 0), length)
    high = length if end is None else min(max((end - origin).days, 0), length)
    return ((1 << high) - 1) & ~((1 << low) - 1) if high > low else 0
