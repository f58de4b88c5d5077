"""Two groups compared: beside their past (METRICS X5), by their change (X6), with X7's interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

from core.stats.quantiles import t_quantile, two_sided_p


@dataclass(frozen=True)
class Change:
    """One rep's outcome before and after the start."""

    before: float
    after: float


@dataclass(frozen=True)
class Estimate:
    """An effect with its 95 % t interval and how often chance alone gives one as large.

    Interval and p are None where there is nothing left to judge the spread by.
    """

    effect: float
    lo: float | None
    hi: float | None
    p: float | None


def mean_of(values: Sequence[float]) -> float:
    """The mean, added up without loss, so that no order of the rows changes it."""
    return fsum(values) / len(values)


def two_sample(treated: Sequence[float], control: Sequence[float]) -> Estimate | None:
    """METRICS X7: the difference of means with a pooled t interval, df G - 2.

    For X6 the values are the teams' mean changes. None when a side is empty.
    """
    if not treated or not control:
        return None
    effect = mean_of(treated) - mean_of(control)
    df = len(treated) + len(control) - 2
    if df < 1:
        return Estimate(effect, None, None, None)
    variance = (_squares(treated) + _squares(control)) / df
    error = sqrt(variance * (1 / len(treated) + 1 / len(control)))
    return _estimate(effect, error, df)


def adjusted(treated: Sequence[Change], control: Sequence[Change]) -> Estimate | None:
    """METRICS X5: the difference after, less the pooled within-group slope times that before.

    The interval is the t interval of that regression (df n - 3). None when a side is empty.
    """
    if not treated or not control:
        return None
    sides = (treated, control)
    befores = [mean_of([one.before for one in side]) for side in sides]
    afters = [mean_of([one.after for one in side]) for side in sides]
    within, together = _within(sides, befores, afters)
    slope = together / within if within else 0.0
    gap_before = befores[0] - befores[1]
    effect = (afters[0] - afters[1]) - slope * gap_before
    # A past in which nobody differs explains nothing and costs no degree of freedom.
    df = len(treated) + len(control) - (3 if within else 2)
    if df < 1:
        return Estimate(effect, None, None, None)
    left = fsum(
        (one.after - after - slope * (one.before - before)) ** 2
        for side, before, after in zip(sides, befores, afters, strict=True)
        for one in side
    )
    apart = gap_before**2 / within if within else 0.0
    error = sqrt(left / df * (1 / len(treated) + 1 / len(control) + apart))
    return _estimate(effect, error, df)


def mean_change(changes: Sequence[Change]) -> float:
    """METRICS X6: a team's change, the mean of after less before over its reps."""
    return mean_of([one.after - one.before for one in changes])


def _within(
    sides: Sequence[Sequence[Change]], befores: Sequence[float], afters: Sequence[float]
) -> tuple[float, float]:
    """Within-group sums of squares of the past, and of its products with the outcome."""
    apart = [
        (one.before - before, one.after - after)
        for side, before, after in zip(sides, befores, afters, strict=True)
        for one in side
    ]
    return fsum(x * x for x, _y in apart), fsum(x * y for x, y in apart)


def _squares(values: Sequence[float]) -> float:
    """The sum of squared distances from the mean."""
    centre = mean_of(values)
    return fsum((value - centre) ** 2 for value in values)


def _estimate(effect: float, error: float, df: int) -> Estimate:
    reach = t_quantile(0.975, df) * error
    chance = 0.0 if effect else 1.0
    p = two_sided_p(effect / error, df) if error else chance
    return Estimate(effect, effect - reach, effect + reach, p)
