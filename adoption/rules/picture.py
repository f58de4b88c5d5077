"""A rep's whole history as three week integers, and what the adoption page counts from them.

Bit w is the w-th week since the picture's first one, which lies before anybody's first use. Nothing
here looks at days, so the counts of all weeks follow from a few integers per rep. The numbers are
those of METRICS U4 and U5 by week: the rules for any period are in `lifecycle` and `retention`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adoption.rules.lifecycle import Phase, places
from adoption.rules.weeks import AdoptionRule, RepDays, sustained_in
from core.calendars import FULL_WEEK, WEEK_DAYS


@dataclass(frozen=True)
class RepWeeks:
    """Weeks in which a rep was active, current on the first day, and current on any day."""

    active: int
    first_day: int
    there: int

    @property
    def first_use(self) -> int | None:
        """The week of the first-ever key action."""
        return (self.active & -self.active).bit_length() - 1 if self.active else None


def rep_weeks(rep: RepDays, count: int) -> RepWeeks:
    """The first `count` weeks of a rep, from the days."""
    active = first_day = there = 0
    used, current = rep.used, rep.current
    for index in range(count):
        bit = 1 << index
        active |= bit if used & FULL_WEEK else 0
        first_day |= bit if current & 1 else 0
        there |= bit if current & FULL_WEEK else 0
        used >>= WEEK_DAYS
        current >>= WEEK_DAYS
    return RepWeeks(active, first_day, there)


def week_phases(rep: RepWeeks, count: int) -> Mapping[Phase, int]:
    """METRICS U4 by week for one rep: each phase as bits of the first `count` weeks."""
    if not rep.active:
        return {}
    every = (1 << count) - 1
    active, before = rep.active & every, rep.active << 1 & every
    new = rep.active & -rep.active & every
    missing = before & ~active
    return {
        Phase.NEW: new,
        Phase.RETURNING: active & before,
        Phase.RESURRECTING: active & ~before & ~new,
        Phase.DORMANT: missing & rep.there,
        Phase.DEPARTED: missing & ~rep.there,
    }


def phase_at(rep: RepWeeks, index: int) -> Phase | None:
    """What one week was to a rep; None when neither it nor the one before saw a key action."""
    for phase, bits in week_phases(rep, index + 1).items():
        if bits >> index & 1:
            return phase
    return None


def lifecycle_by_week(reps: Iterable[RepWeeks], count: int) -> list[Counter[Phase]]:
    """METRICS U4: the number of reps in each phase, for each of the first `count` weeks."""
    found: list[Counter[Phase]] = [Counter() for _index in range(count)]
    for rep in reps:
        for phase, bits in week_phases(rep, count).items():
            for place in places(bits):
                found[place][phase] += 1
    return found


def back_in(rep: RepWeeks, begin: int, period: int) -> bool | None:
    """METRICS U5 (`on`): whether a member of a cohort was active in that period; None not at risk.

    Who is not current on the period's first day has left its denominator; in period 0 nobody has.
    """
    index = begin + period
    if period and not rep.first_day >> index & 1:
        return None
    return bool(rep.active >> index & 1)


def returns(reps: Iterable[tuple[RepWeeks, int]], periods: int) -> list[tuple[int, int]]:
    """METRICS U5: (at risk, back) of a cohort in each period, each rep counted from their begin."""
    at_risk, back = [0] * periods, [0] * periods
    for rep, begin in reps:
        for period in range(periods):
            hit = back_in(rep, begin, period)
            if hit is not None:
                at_risk[period] += 1
                back[period] += hit
    return list(zip(at_risk, back, strict=True))


def counted_weeks(eligible: int, met: int, rule: AdoptionRule) -> tuple[int, int]:
    """METRICS A3: how many weeks count at a week's end, and how many of them were met.

    The integers hold the last `lookback` weeks, the highest bit the latest.
    """
    seen = hits = 0
    for place in reversed(range(rule.lookback)):
        if seen < rule.n and eligible >> place & 1:
            seen += 1
            hits += met >> place & 1
    return seen, hits


def is_one_week_away(eligible: int, met: int, rule: AdoptionRule) -> bool:
    """Whether meeting the next week makes a rep sustained (METRICS A3), as `counted_weeks`."""
    newest = 1 << rule.lookback - 1
    return sustained_in(eligible >> 1 | newest, met >> 1 | newest, rule) is True
