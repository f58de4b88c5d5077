"""Days, weeks and months as periods of local dates (METRICS T3-T6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from core.calendars import DAY, WEEK_DAYS, ProgrammeCalendar, month_bounds


class Interval(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Period:
    """The dates [start, end). A month is called YYYY-MM, anything else by its first date."""

    interval: Interval
    start: date
    end: date

    @property
    def name(self) -> str:
        """How answers name it (METRICS T4, CONTRACT section 5)."""
        return str(self.start)[:7] if self.interval is Interval.MONTH else str(self.start)

    def is_complete(self, through: date) -> bool:
        """METRICS T6: its last date is not after `through`."""
        return self.end - DAY <= through


def period_of(calendar: ProgrammeCalendar, interval: Interval, day: date) -> Period:
    """The period that holds `day`; weeks begin where the programme says (METRICS T4, T5)."""
    if interval is Interval.DAY:
        return Period(interval, day, day + DAY)
    if interval is Interval.WEEK:
        week = calendar.week_of(day)
        return Period(interval, week, week + WEEK_DAYS * DAY)
    return Period(interval, *month_bounds(f"{day:%Y-%m}"))


def complete_periods(
    calendar: ProgrammeCalendar, interval: Interval, first: date, through: date
) -> Iterator[Period]:
    """The periods from the one that holds `first` on that are complete at `through` (T6)."""
    period = period_of(calendar, interval, first)
    while period.is_complete(through):
        yield period
        period = period_of(calendar, interval, period.end)
