"""Formulas of METRICS section 7 that pages and figures share. Pure; rates are fractions."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt
from statistics import NormalDist

Z_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Share:
    """`hits` of `base`, with what may be said about it. Without a base every figure is None."""

    hits: int
    base: int

    @property
    def rate(self) -> float | None:
        """The share itself; None when the base is 0."""
        return self.hits / self.base if self.base else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson 95 % interval (METRICS X1); None when the base is 0."""
        return wilson(self.hits, self.base)


def wilson(hits: int, base: int) -> tuple[float, float] | None:
    """METRICS X1: the Wilson score interval at 95 %, within 0..1; None when the base is 0."""
    if not 0 <= hits <= base:
        msg = f"{hits} of {base} is not a share"
        raise ValueError(msg)
    if base == 0:
        return None
    z2 = Z_95 * Z_95
    centre = hits + z2 / 2
    spread = Z_95 * sqrt(hits * (base - hits) / base + z2 / 4)
    low = 0.0 if hits == 0 else (centre - spread) / (base + z2)
    high = 1.0 if hits == base else (centre + spread) / (base + z2)
    return low, high


def pooled(shares: Iterable[tuple[int, int]]) -> float | None:
    """Sum of hits over sum of bases; None without a base."""
    hits = base = 0
    for one_hits, one_base in shares:
        hits += one_hits
        base += one_base
    return hits / base if base else None


def shrink(hits: float, base: float, centre: float, strength: float = 10) -> float:
    """METRICS A6 and C8: add `strength` average colleagues: (hits + k p) / (base + k)."""
    return (hits + strength * centre) / (base + strength)


def growth(base: float, current: float) -> float | None:
    """METRICS G1: current / base - 1; None when the base is 0 or less ("no baseline")."""
    return current / base - 1 if base > 0 else None


def per(amount: float, base: float) -> float | None:
    """An amount per unit of `base`; None without a base."""
    return amount / base if base else None


def half_up(value: float, digits: int = 0) -> Decimal:
    """METRICS G6: rounding as people do it, half up on the shortest decimal of the number."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
