"""Many tests at once: Holm for claims (METRICS X13), Benjamini and Hochberg for flags (X14)."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """METRICS X13: adjusted p, in the given order; the chance of any false claim stays below it."""
    count = len(p_values)
    adjusted = [0.0] * count
    highest = 0.0
    for place, index in enumerate(_ascending(p_values)):
        highest = max(highest, min((count - place) * p_values[index], 1.0))
        adjusted[index] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """METRICS X14: adjusted p, in the given order; the share of false flags stays below it."""
    count = len(p_values)
    adjusted = [0.0] * count
    lowest = 1.0
    for rank, index in reversed(list(enumerate(_ascending(p_values), start=1))):
        lowest = min(lowest, p_values[index] * count / rank)
        adjusted[index] = lowest
    return adjusted


def _ascending(p_values: Sequence[float]) -> list[int]:
    """The places of the values, the smallest value first."""
    return sorted(range(len(p_values)), key=p_values.__getitem__)
