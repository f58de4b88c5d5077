"""Rep-weeks (METRICS P6, A1-A3, C11): what the adoption rule makes of a rep's days.

Bit w of a week integer is the w-th week of the span. One rep's whole history is a handful of
integers, so judging everybody for every week is shifting and counting.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from adoption.rules.spans import Span, current_bits, free_bits
from core.calendars import FULL_WEEK, WEEK_DAYS
from people.rules import PersonCalendar


@dataclass(frozen=True)
class AdoptionRule:
    """What counts as sustained (METRICS 2.0). A change of any of these starts a new series."""

    target_days: int = 2
    k: int = 3
    n: int = 4
    lookback: int = 6
    min_available_days: int = 3
    horizon_days: int = 60


@dataclass(frozen=True)
class WeekMark:
    """One rep-week: days with a key action as a 7-bit mask, and what the rule makes of it."""

    day_mask: int
    available_days: int
    eligible: bool
    met: bool

    @property
    def active_days(self) -> int:
        """Distinct dates with a key action."""
        return self.day_mask.bit_count()


def mark_week(day_mask: int, available: int, rule: AdoptionRule) -> WeekMark:
    """METRICS P6 and A1: an exempt week is never met, whatever was done in it."""
    days = available.bit_count()
    eligible = days >= rule.min_available_days
    met = eligible and day_mask.bit_count() >= rule.target_days
    return WeekMark(day_mask, days, eligible, met)


@dataclass(frozen=True)
class RepDays:
    """One rep on a span. `used` holds dates with a key action while employed and enabled (E3)."""

    current: int
    available: int
    used: int
    start_day: date | None

    def week(self, index: int, rule: AdoptionRule) -> WeekMark:
        """The rep-week at `index`."""
        shift = index * WEEK_DAYS
        return mark_week(self.used >> shift & FULL_WEEK, self.available >> shift & FULL_WEEK, rule)

    def last_available(self, index: int, span: Span) -> date | None:
        """METRICS P8: the rep's last available day of a week, which names the week's team."""
        bits = self.available >> index * WEEK_DAYS & FULL_WEEK
        return span.day(index * WEEK_DAYS + bits.bit_length() - 1) if bits else None

    def marks(self, weeks: int, rule: AdoptionRule) -> "Weeks":
        """The first `weeks` weeks as two week integers."""
        eligible = met = 0
        available, used = self.available, self.used
        for index in range(weeks):
            if (available & FULL_WEEK).bit_count() >= rule.min_available_days:
                eligible |= 1 << index
                if (used & FULL_WEEK).bit_count() >= rule.target_days:
                    met |= 1 << index
            available >>= WEEK_DAYS
            used >>= WEEK_DAYS
        return Weeks(eligible, met, weeks)


def rep_days(person: PersonCalendar, used: int, span: Span) -> RepDays:
    """A rep's integers from their calendar and the raw bits of dates with a key action."""
    current = current_bits(person, span)
    return RepDays(current, free_bits(person, span, current), used & current, person.start_day)


@lru_cache(maxsize=16_384)
def sustained_in(eligible: int, met: int, rule: AdoptionRule) -> bool | None:
    """METRICS A3 over one window of `lookback` weeks, its highest bit the latest week.

    None is "not measurable": fewer than n eligible weeks.
    """
    seen = hits = 0
    for place in reversed(range(rule.lookback)):
        if eligible >> place & 1:
            seen += 1
            hits += met >> place & 1
            if seen == rule.n:
                return hits >= rule.k
    return None


@dataclass(frozen=True)
class Weeks:
    """Eligible and met weeks of one rep as week integers; `count` weeks are complete."""

    eligible: int
    met: int
    count: int

    def sustained_at(self, index: int, rule: AdoptionRule) -> bool | None:
        """METRICS A3 at the end of week `index`; None is "not measurable"."""
        shift = index - rule.lookback + 1
        mask = (1 << rule.lookback) - 1
        if shift >= 0:
            return sustained_in(self.eligible >> shift & mask, self.met >> shift & mask, rule)
        return sustained_in(self.eligible << -shift & mask, self.met << -shift & mask, rule)

    def ever_sustained_before(self, index: int, rule: AdoptionRule) -> bool:
        """Whether some week end before week `index` was sustained."""
        return any(self.sustained_at(earlier, rule) for earlier in range(index))

    def streak(self, index: int) -> int:
        """METRICS C11 at the end of week `index`; exempt weeks neither break nor extend."""
        weeks = 0
        for place in range(index, -1, -1):
            if self.eligible >> place & 1:
                if not self.met >> place & 1:
                    break
                weeks += 1
        return weeks


def first_use(rep: RepDays, span: Span) -> date | None:
    """The first date with a counted key action."""
    return span.day((rep.used & -rep.used).bit_length() - 1) if rep.used else None
