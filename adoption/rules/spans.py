"""Dates as bits (METRICS 2.1, 2.3): whole weeks, and when a person was there and available.

A `Span` is a run of whole weeks; bit i of every integer here is its first date + i days.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from core.calendars import (
    DAY,
    WEEK_DAYS,
    ProgrammeCalendar,
    bits_of,
    days_between,
    span_bits,
)
from people.rules import PersonCalendar


@dataclass(frozen=True)
class Span:
    """Whole weeks from `origin` (a week's first date) with the working days among them as bits."""

    calendar: ProgrammeCalendar
    origin: date
    weeks: int
    working: int

    @property
    def days(self) -> int:
        """How many dates the span holds."""
        return self.weeks * WEEK_DAYS

    @cached_property
    def end(self) -> date:
        """The first date after the span."""
        return self.origin + self.days * DAY

    @cached_property
    def whole(self) -> int:
        """All dates of the span."""
        return (1 << self.days) - 1

    def week_index(self, day: date) -> int:
        """Which week of the span holds `day`; negative before it."""
        return (day - self.origin).days // WEEK_DAYS

    def last_complete(self, through: date) -> int:
        """METRICS T6: index of the latest week complete at `through`; -1 when none is."""
        return min((through + DAY - self.origin).days // WEEK_DAYS, self.weeks) - 1

    def window(self, start: date | None, end: date | None) -> int:
        """The half-open window [start, end) as bits of this span."""
        return span_bits(start, end, self.origin, self.days)

    def has(self, bits: int, day: date) -> bool:
        """Whether the bit of `day` is set; dates outside the span have none."""
        place = (day - self.origin).days
        return place >= 0 and bool(bits >> place & 1)

    def day(self, place: int) -> date:
        """The date of a bit."""
        return self.origin + place * DAY


def span_of(calendar: ProgrammeCalendar, first: date, last: date) -> Span:
    """The span of whole weeks that holds the dates first..last."""
    origin = calendar.week_of(first)
    end = calendar.week_of(max(first, last)) + WEEK_DAYS * DAY
    working = bits_of(filter(calendar.is_working_day, days_between(origin, end)), origin)
    return Span(calendar, origin, (end - origin).days // WEEK_DAYS, working)


def current_bits(person: PersonCalendar, span: Span) -> int:
    """The dates a person was employed and enabled (METRICS P2, P3)."""
    if person.enabled_on is None:
        return 0
    if _is_throughout(person, person.enabled_on, span):
        return span.whole
    after_last = person.left_on + DAY if person.left_on is not None else None
    employed = span.window(person.hired_on, after_last)
    return employed & span.window(person.enabled_on, person.disabled_on)


def _is_throughout(person: PersonCalendar, enabled_on: date, span: Span) -> bool:
    """Whether a person was employed and enabled on every date: on a short span nearly everybody."""
    first, end = span.origin, span.end
    return (
        enabled_on <= first
        and (person.hired_on is None or person.hired_on <= first)
        and (person.left_on is None or person.left_on >= end)
        and (person.disabled_on is None or person.disabled_on >= end)
    )


def available_bits(person: PersonCalendar, span: Span) -> int:
    """METRICS P5: employed, enabled, working day of the organisation, not absent."""
    return free_bits(person, span, current_bits(person, span))


def free_bits(person: PersonCalendar, span: Span, current: int) -> int:
    """Those of the dates a person was there on which they were available (METRICS P5)."""
    bits = current & span.working
    for start, end in person.absences:
        if end >= span.origin and start < span.end:
            bits &= ~span.window(start, end + DAY)
    return bits


def is_available(person: PersonCalendar, calendar: ProgrammeCalendar, day: date) -> bool:
    """METRICS P5 for one date."""
    return calendar.is_working_day(day) and person.is_available(day)


def available_days(
    person: PersonCalendar, calendar: ProgrammeCalendar, start: date, end: date
) -> tuple[date, ...]:
    """The dates of [start, end) on which the person is available (METRICS P5)."""
    return tuple(day for day in days_between(start, end) if is_available(person, calendar, day))


def trailing(bits: int, days: int) -> int:
    """The dates whose last `days` dates, themselves included, hold any of the bits.

    Summing over reps how many dates this has is summing over dates how many reps were active.
    """
    reached = 1
    while reached < days:
        step = min(reached, days - reached)
        bits |= bits << step
        reached += step
    return bits
