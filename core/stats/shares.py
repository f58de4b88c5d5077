"""Shares and their intervals (METRICS X1 to X3), growth, and rounding as people do it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt
from statistics import NormalDist

from core.stats.quantiles import beta_quantile

Z_95 = NormalDist().inv_cdf(0.975)
WEAKEST, STRONGEST = 2.0, 100.0


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


def jeffreys(hits: int, base: int) -> tuple[float, float] | None:
    """METRICS X2: Jeffreys' 95 % interval, 0 at no hit and 1 at no miss; None without a base."""
    if not 0 <= hits <= base:
        msg = f"{hits} of {base} is not a share"
        raise ValueError(msg)
    if base == 0:
        return None
    shapes = hits + 0.5, base - hits + 0.5
    low = 0.0 if hits == 0 else beta_quantile(0.025, *shapes)
    high = 1.0 if hits == base else beta_quantile(0.975, *shapes)
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


def empirical_bayes(shares: Sequence[tuple[int, int]]) -> tuple[float, list[float | None]] | None:
    """METRICS X3: the strength M learnt from the groups, and each rate drawn to the pooled one.

    Groups without a base take no part and get None. None when none has a base.
    """
    known = [(hits, base) for hits, base in shares if base]
    centre = pooled(known)
    if centre is None:
        return None
    strength = _strength(known, centre)
    return strength, [
        shrink(hits, base, centre, strength) if base else None for hits, base in shares
    ]


def _strength(known: Sequence[tuple[int, int]], centre: float) -> float:
    """M = 1/rho - 1 within 2..100; groups that differ no more than by chance get 100."""
    groups, total = len(known), sum(base for _hits, base in known)
    room = total - sum(base * base for _hits, base in known) / total - (groups - 1)
    chance = centre * (1 - centre)
    if room <= 0 or chance <= 0:
        return STRONGEST
    apart = sum(base * (hits / base - centre) ** 2 for hits, base in known)
    rho = (apart / chance - (groups - 1)) / room
    return min(max(1 / rho - 1, WEAKEST), STRONGEST) if rho > 0 else STRONGEST


def growth(base: float, current: float) -> float | None:
    """METRICS G1: current / base - 1; None when the base is 0 or less ("no baseline")."""
    return current / base - 1 if base > 0 else None


def per(amount: float, base: float) -> float | None:
    """An amount per unit of `base`; None without a base."""
    return amount / base if base else None


def half_up(value: float, digits: int = 0) -> Decimal:
    """METRICS G6: rounding as people do it, half up on the shortest decimal of the number."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
