"""Time to first value (METRICS U8): how long until a rep's first key action, by Kaplan-Meier."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from adoption.rules.spans import Span
from adoption.rules.weeks import RepDays, first_use
from core.calendars import DAY

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Wait:
    """A rep's days from start_day to the first key action, or to the last day looked at."""

    days: int
    reached: bool


@dataclass(frozen=True)
class Survival:
    """A Kaplan-Meier curve: the share still waiting after each day on which somebody began."""

    n: int
    events: int
    curve: tuple[tuple[int, float], ...]
    median: int | None


def wait_of(rep: RepDays, span: Span, through: date) -> Wait | None:
    """METRICS U8 for one rep; None for who was not employed and enabled on any day by then.

    Without a key action the wait is censored on the last date on which one could have counted:
    `through`, the last day employed, or the day before disablement. The span must hold the start.
    """
    seen = rep.current & span.window(None, through + DAY)
    if rep.start_day is None or not seen:
        return None
    begun = first_use(rep, span)
    if begun is not None and begun <= through:
        return Wait((begun - rep.start_day).days, reached=True)
    return Wait((span.day(seen.bit_length() - 1) - rep.start_day).days, reached=False)


def kaplan_meier(waits: Iterable[Wait]) -> Survival:
    """The product-limit estimate; who is censored on a day was still at risk on it.

    Shares are worked out exactly, so that a median of exactly one half is found on its day. The
    median is the first day with S <= 0.5; None if that is never reached.
    """
    reached, censored = Counter[int](), Counter[int]()
    for wait in waits:
        (reached if wait.reached else censored)[wait.days] += 1
    n = at_risk = reached.total() + censored.total()
    share, median = Fraction(1), None
    curve = []
    for day in sorted({*reached, *censored}):
        if reached[day]:
            share *= Fraction(at_risk - reached[day], at_risk)
            curve.append((day, float(share)))
            if median is None and share <= HALF:
                median = day
        at_risk -= reached[day] + censored[day]
    return Survival(n, reached.total(), tuple(curve), median)
