"""Head to head: who meets whom, who goes on, and why (CONTESTS, Settled: units)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

FEWEST_ENTRIES = 2
MOST_ENTRIES = 256


class Decision(StrEnum):
    """What sent a side on: its place, the better seed at a tie, nobody to meet, no rival ranked."""

    SCORE = "score"
    SEED = "seed"
    BYE = "bye"
    WALKOVER = "walkover"


@dataclass(frozen=True)
class Match:
    """Two sides that meet; `lower` None: nobody, the upper goes on without playing."""

    position: int
    upper: int
    lower: int | None

    @property
    def units(self) -> tuple[int, ...]:
        """Those who play, the better seed first."""
        return (self.upper,) if self.lower is None else (self.upper, self.lower)


@dataclass(frozen=True)
class Verdict:
    """Who goes on from a match, and by what."""

    position: int
    winner: int
    by: Decision


def rounds_needed(entries: int) -> int:
    """How many rounds until one is left: 5 to 8 entries take three."""
    return max(entries - 1, 1).bit_length()


def seed_order(size: int) -> tuple[int, ...]:
    """Seeds from top to bottom of a full draw, so that the best two meet in the last round only.

    `size` is a power of two: 4 gives 1, 4, 2, 3.
    """
    order = [1]
    while len(order) < size:
        most = 2 * len(order) + 1
        order = [seed for each in order for seed in (each, most - each)]
    return tuple(order)


def first_round(entries: Sequence[int]) -> tuple[Match, ...]:
    """The first matches of units given best seed first; missing seeds give their rivals a bye."""
    size = 1 << rounds_needed(len(entries))
    units = [entries[seed - 1] if seed <= len(entries) else None for seed in seed_order(size)]
    return _matches(units, {unit: seed for seed, unit in enumerate(entries, start=1)})


def next_round(winners: Sequence[int], seeds: Mapping[int, int]) -> tuple[Match, ...]:
    """The matches of the winners, given from top to bottom."""
    return _matches(list(winners), seeds)


def _matches(units: Sequence[int | None], seeds: Mapping[int, int]) -> tuple[Match, ...]:
    found = []
    for position in range(len(units) // 2):
        met = [unit for unit in units[2 * position : 2 * position + 2] if unit is not None]
        met.sort(key=lambda unit: seeds[unit])
        found.append(Match(position + 1, met[0], met[1] if len(met) > 1 else None))
    return tuple(found)


def decide(match: Match, ranks: Mapping[int, int | None]) -> Verdict:
    """Who goes on: the better place in the pair; at a tie, and where neither has one, the seed.

    Places are those of the pair alone, declared tie-breakers counted in. A side without a place
    (too small, nobody there) leaves the other a walkover.
    """
    if match.lower is None:
        return Verdict(match.position, match.upper, Decision.BYE)
    upper, lower = ranks.get(match.upper), ranks.get(match.lower)
    if upper is None or lower is None:
        if upper is None and lower is None:
            return Verdict(match.position, match.upper, Decision.SEED)
        winner = match.lower if upper is None else match.upper
        return Verdict(match.position, winner, Decision.WALKOVER)
    if upper == lower:
        return Verdict(match.position, match.upper, Decision.SEED)
    winner = match.upper if upper < lower else match.lower
    return Verdict(match.position, winner, Decision.SCORE)
