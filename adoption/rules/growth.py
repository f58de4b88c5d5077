"""Growth (METRICS G): who was established before a month and came back in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from adoption.rules.spans import Span
from adoption.rules.weeks import RepDays


class Established(StrEnum):
    """METRICS G4: the four readings of "established" before month m."""

    EVER_BEFORE = "ever_before"
    ACTIVE_PREV = "active_prev"
    NOT_NEW_PREV = "not_new_prev"
    ACTIVE_BOTH = "active_both"


@dataclass(frozen=True)
class Months:
    """The windows of month m, the month before it and the one before that, as bits of a span."""

    start: date
    this: int
    previous: int
    before_previous: int
    ever_before: int


def is_established(rep: RepDays, months: Months, reading: Established) -> bool:
    """METRICS G4, by one of its readings; employment on day 1 is the caller's."""
    used = rep.used
    if reading is Established.EVER_BEFORE:
        return bool(used & months.ever_before)
    if not used & months.previous:
        return False
    if reading is Established.NOT_NEW_PREV:
        return bool(used & months.ever_before & ~months.previous)
    if reading is Established.ACTIVE_BOTH:
        return bool(used & months.before_previous)
    return True


def established(
    reps: Mapping[int, RepDays], span: Span, months: Months, reading: Established
) -> dict[int, bool]:
    """METRICS G4: the established reps current on day 1, and whether they were active in it."""
    return {
        ident: bool(rep.used & months.this)
        for ident, rep in reps.items()
        if span.has(rep.current, months.start) and is_established(rep, months, reading)
    }
