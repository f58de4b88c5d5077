"""How many of a cohort come back (METRICS U5)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from adoption.rules.periods import Period
from adoption.rules.spans import Span
from adoption.rules.weeks import RepDays


class Mode(StrEnum):
    """Back in the very period, in it or later, or in a range of periods."""

    ON = "on"
    ON_AFTER = "on_after"
    BRACKET = "bracket"


@dataclass(frozen=True)
class Checkpoint:
    """One point of a curve: what it is called, and the dates of a return that count for it.

    `since` is the first day of its (first) period: who is not current on it has left the cohort.
    It is None for a point that begins with period 0, whose members cannot have left yet, though
    some were enabled only after its first day.
    """

    name: int | str
    since: date | None
    window: int

    def is_at_risk(self, rep: RepDays, span: Span, *, leavers_stay: bool) -> bool:
        """Whether a member of the cohort stands in this point's denominator."""
        return leavers_stay or self.since is None or span.has(rep.current, self.since)

    def is_retained(self, rep: RepDays) -> bool:
        """Whether the rep came back in time."""
        return bool(rep.used & self.window)


def in_cohort(rep: RepDays, window: int) -> bool:
    """METRICS U5: the first-ever counted event lies in period 0, whose dates are `window`."""
    return bool(rep.used & -rep.used & window)


def checkpoints(
    span: Span, periods: Sequence[Period], mode: Mode, brackets: Iterable[tuple[int, int]] = ()
) -> list[Checkpoint]:
    """The points of a curve over the complete periods 0..N (METRICS T6).

    `on`: active in period N. `on_after`: active on any date from the first of period N on, the
    days of a running period included: who was there today did come back. `bracket`: active in any
    period of a-b, both included; the bracket is given only when period b is complete.
    """
    if mode is Mode.BRACKET:
        return [
            Checkpoint(
                f"{first}-{last}",
                periods[first].start if first else None,
                span.window(periods[first].start, periods[last].end),
            )
            for first, last in brackets
            if last < len(periods)
        ]
    return [
        Checkpoint(
            number,
            period.start if number else None,
            span.window(period.start, period.end if mode is Mode.ON else None),
        )
        for number, period in enumerate(periods)
    ]


def retained(
    cohort: Collection[RepDays], span: Span, points: Iterable[Checkpoint], *, leavers_stay: bool
) -> list[tuple[Checkpoint, int, int]]:
    """METRICS U5: each point with how many are at risk and how many of them are retained.

    Members not current on the first day of a point leave its denominator, unless they stay.
    """
    found = []
    for point in points:
        at_risk = [rep for rep in cohort if point.is_at_risk(rep, span, leavers_stay=leavers_stay)]
        found.append((point, len(at_risk), sum(map(point.is_retained, at_risk))))
    return found
