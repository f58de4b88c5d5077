"""How widely, how much and how often the key actions are used in a window (METRICS U7)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from adoption.rules.spans import Span
from adoption.rules.weeks import AdoptionRule, RepDays
from core.calendars import FULL_WEEK, WEEK_DAYS
from core.stats import per


@dataclass(frozen=True)
class FeatureUse:
    """One rep of the population: `events` per key action, each on a date that counts (E3)."""

    rep: RepDays
    events: Mapping[str, int]

    @property
    def breadth(self) -> int:
        """How many distinct key actions the rep did."""
        return sum(1 for count in self.events.values() if count)

    @property
    def depth(self) -> int:
        """How many events that were."""
        return sum(self.events.values())


@dataclass(frozen=True)
class FeatureAdoption:
    """METRICS U7: shares of the population, and means over the reps who did anything."""

    population: int
    rate: dict[str, float | None]
    breadth: float | None
    depth: float | None
    frequency: float | None


def whole_weeks(span: Span, window: int) -> range:
    """The weeks of a span that lie in the window with all their dates (METRICS T6)."""
    if not window:
        return range(0)
    first = (window & -window).bit_length() - 1
    return range(-(-first // WEEK_DAYS), window.bit_length() // WEEK_DAYS)


def eligible_weeks(rep: RepDays, weeks: range, rule: AdoptionRule) -> tuple[int, int]:
    """How many of the weeks are eligible, and on how many of their dates the rep was active (P6).

    What was done in an exempt week stands in neither number.
    """
    eligible = rep.marks(weeks.stop, rule).eligible
    kept = [index * WEEK_DAYS for index in weeks if eligible >> index & 1]
    return len(kept), sum((rep.used >> shift & FULL_WEEK).bit_count() for shift in kept)


def feature_adoption(
    reps: Collection[FeatureUse], kinds: Collection[str], weeks: range, rule: AdoptionRule
) -> FeatureAdoption:
    """METRICS U7 over the reps with an available day in the window.

    Rate: of the population, per key action. Breadth and depth: means over those of it who did
    any. Frequency: active days per eligible rep-week, over the window's whole weeks.
    """
    active = [use for use in reps if use.depth]
    weighed = [eligible_weeks(use.rep, weeks, rule) for use in reps]
    return FeatureAdoption(
        population=len(reps),
        rate={
            kind: per(sum(1 for use in active if use.events.get(kind)), len(reps)) for kind in kinds
        },
        breadth=per(sum(use.breadth for use in active), len(active)),
        depth=per(sum(use.depth for use in active), len(active)),
        frequency=per(
            sum(active_days for _eligible, active_days in weighed),
            sum(eligible for eligible, _active_days in weighed),
        ),
    )
