"""The permutation test of team labels (METRICS X8) and the effects it cannot rule out (X9).

Under a constant effect d the treated would have had d less. An assignment is as extreme as the
real one for exactly those d between two critical values, so each is worked out once and sorted;
no effect is ever tested by running the assignments again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, fsum
from operator import getitem
from random import Random

MOST_EXACT = 20_000
DRAWS = 9_999
TWENTIETH = 20
NOISE = 1e-9
BYTE = 8


@dataclass(frozen=True)
class Permutation:
    """What relabelling says: two-sided p, and the constant effects not rejected at 5 %.

    `lo` and `hi` are None when no effect whatever can be rejected.
    """

    p: float
    lo: float | None
    hi: float | None
    assignments: int
    is_exact: bool


def permute(treated: Sequence[float], control: Sequence[float], seed: int = 0) -> Permutation:
    """METRICS X8 and X9 for the difference of means.

    Every assignment, the real one included, up to 20,000 of them; otherwise the real one and 9,999
    drawn with the seed.
    """
    if not treated or not control:
        raise ValueError("a permutation needs teams on both sides")
    if len(treated) > len(control):
        return _mirrored(permute(control, treated, seed))
    # Sorted, so that the order of the rows cannot choose other draws.
    treated, control = sorted(treated), sorted(control)
    ways = comb(len(treated) + len(control), len(treated))
    is_exact = ways <= MOST_EXACT
    swaps = _every_swap(treated, control) if is_exact else _drawn_swaps(treated, control, seed)
    grain = NOISE * max(map(abs, (*treated, *control)))
    always, lows, highs = _critical(treated, control, swaps)
    total = ways if is_exact else DRAWS + 1
    inside = sum(low <= grain and high >= -grain for low, high in zip(lows, highs, strict=True))
    p = (always + inside) / total
    # Not rejected while more than a twentieth of all assignments are as extreme.
    needed = total // TWENTIETH + 1 - always
    if needed <= 0:
        return Permutation(p, None, None, total, is_exact)
    lo = sorted(lows)[needed - 1]
    hi = sorted(highs, reverse=True)[needed - 1]
    return Permutation(p, _clean(lo, grain), _clean(hi, grain), total, is_exact)


def _mirrored(other: Permutation) -> Permutation:
    lo = None if other.hi is None else 0.0 - other.hi
    hi = None if other.lo is None else 0.0 - other.lo
    return Permutation(other.p, lo, hi, other.assignments, other.is_exact)


def _clean(value: float, grain: float) -> float:
    """A critical value, without the dust of adding up around 0."""
    return 0.0 if abs(value) <= grain else value


# One relabelling: how many treated teams leave, and by how much their sum exceeds that of those
# who come in their place.
Swap = tuple[int, float]


def _critical(
    treated: Sequence[float], control: Sequence[float], swaps: Iterable[Swap]
) -> tuple[int, list[float], list[float]]:
    """How many assignments are extreme under every effect; the critical values of the others.

    With D the real difference, A that of the assignment and B the difference of the real labels
    under it, |A - B d| >= |D - d| holds between (D - A)/(1 - B) and (D + A)/(1 + B).
    """
    size, others = len(treated), len(control)
    total = size + others
    own, everything = fsum(treated), fsum((*treated, *control))
    always = 0
    lows: list[float] = []
    highs: list[float] = []
    for moved, lost in swaps:
        mirror = total * (size - moved) - size * (size - others)
        if moved == 0 or mirror == 0:
            always += 1
            continue
        first = lost / moved
        second = (total * (2 * own - lost) - 2 * size * everything) / mirror
        lows.append(min(first, second))
        highs.append(max(first, second))
    return always, lows, highs


def _every_swap(treated: Sequence[float], control: Sequence[float]) -> Iterator[Swap]:
    """Each assignment once, the real one as the swap of nobody."""
    for moved in range(len(treated) + 1):
        coming = [fsum(some) for some in combinations(control, moved)]
        for some in combinations(treated, moved):
            leaving = fsum(some)
            for into in coming:
                yield moved, leaving - into


def _drawn_swaps(treated: Sequence[float], control: Sequence[float], seed: int) -> Iterator[Swap]:
    """The real assignment, then 9,999 drawn with equal chance from all of them.

    An assignment is a number with one bit a team; sums of eight teams at a time are looked up.
    """
    yield 0, 0.0
    random = Random(seed)
    values = (*treated, *control)
    size, own = len(treated), fsum(treated)
    real = (1 << size) - 1
    tables = [_subset_sums(values[start : start + BYTE]) for start in range(0, len(values), BYTE)]
    for _ in range(DRAWS):
        drawn = _draw(random, len(values), size)
        found = sum(map(getitem, tables, drawn.to_bytes(len(tables), "little")))
        yield size - (drawn & real).bit_count(), own - found


def _subset_sums(values: Sequence[float]) -> list[float]:
    """The sum of every subset of at most eight values, by the subset's bits."""
    sums = [0.0]
    for value in values:
        sums += [before + value for before in sums]
    return sums


def _draw(random: Random, total: int, size: int) -> int:
    """One of all sets of `size` bits out of `total`, each as likely as any other.

    Fair coins first, where they come near, then single bits until the number is right.
    """
    drawn = random.getrandbits(total) if size * 4 >= total else 0
    surplus = drawn.bit_count() - size
    while surplus:
        bit = 1 << int(random.random() * total)
        if surplus > 0 and drawn & bit:
            drawn ^= bit
            surplus -= 1
        elif surplus < 0 and not drawn & bit:
            drawn ^= bit
            surplus += 1
    return drawn


def smallest_p(treated: int, control: int) -> float:
    """METRICS 3.2: the smallest p that so many teams against so many can ever give."""
    equals = 2 if treated == control else 1
    return equals / comb(treated + control, treated)
