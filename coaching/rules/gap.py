"""What lies between managers: coverage, adoption, loops kept, and the money that follows (L1, L5).

The money holds the whole company's leak against one manager's share, as if every team had it: how
much the loop is worth, not what one team earns.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from coaching.rules.pricing import Leak
from core.stats import Share

# With fewer moments due a share is shown, but no money is built on it.
FEWEST_DUE = 10
WEEKS = 4
LOOP_WEEKS = 13


@dataclass(frozen=True)
class Loops:
    """A manager's weeks by what became of the loop; only kept and skipped ones were asked."""

    kept: int = 0
    skipped: int = 0
    excused: int = 0
    system: int = 0
    nothing_missed: int = 0

    @property
    def share(self) -> Share:
        """Kept of asked."""
        return Share(self.kept, self.kept + self.skipped)


@dataclass(frozen=True)
class Manager:
    """One manager's team as the board has it.

    `recovered` is METRICS L1 at this coverage; `to_best` and `to_next` are L5 to the manager with
    the highest coverage and to the next higher one. None where there are too few moments.
    """

    team_id: int
    slug: str
    team: str
    lead: str | None
    reps: int
    coverage: Share
    adoption: Share
    loops: Loops
    recovered: float | None = None
    best: float | None = None
    to_best: float | None = None
    next_rate: float | None = None
    to_next: float | None = None

    @property
    def tells(self) -> bool:
        """Whether enough fell due to build money on it."""
        return self.coverage.base >= FEWEST_DUE


def with_money(rows: Iterable[Manager], leak: Leak) -> tuple[Manager, ...]:
    """Each row with what its coverage recovers and what lies between it and better ones."""
    listed = tuple(rows)
    rates = sorted({one.coverage.rate or 0.0 for one in listed if one.tells})
    return tuple(_priced(one, rates, leak) for one in listed)


def _priced(one: Manager, rates: Sequence[float], leak: Leak) -> Manager:
    rate = one.coverage.rate
    if not one.tells or rate is None:
        return one
    higher = [each for each in rates if each > rate]
    return replace(
        one,
        recovered=leak.recovered(rate),
        best=higher[-1] if higher else None,
        to_best=leak.gap(rate, higher[-1]) if higher else None,
        next_rate=higher[0] if higher else None,
        to_next=leak.gap(rate, higher[0]) if higher else None,
    )


@dataclass(frozen=True)
class Pair:
    """Two managers side by side, the lower coverage first, and the money between them (L5)."""

    low: Manager
    high: Manager
    points: float
    gap: float | None


def pair_of(low: Manager, high: Manager, leak: Leak) -> Pair | None:
    """The two in order; None where either has too few moments due or both are one."""
    if not (low.tells and high.tells) or low.team_id == high.team_id:
        return None
    first, second = low.coverage.rate or 0.0, high.coverage.rate or 0.0
    if first > second:
        return pair_of(high, low, leak)
    return Pair(low, high, second - first, leak.gap(first, second))


def widest(rows: Iterable[Manager], leak: Leak) -> Pair | None:
    """The lowest and the highest coverage there is enough of; None without two."""
    told = sorted(
        (one for one in rows if one.tells), key=lambda one: (one.coverage.rate or 0.0, one.team)
    )
    return pair_of(told[0], told[-1], leak) if len(told) > 1 else None


SORTS: Mapping[str, Callable[[Manager], float | str | None]] = {
    "team": lambda one: one.team.casefold(),
    # One of one is no lead: who has too few moments due stands after those who have enough.
    "coverage": lambda one: one.coverage.rate if one.tells else None,
    "adoption": lambda one: one.adoption.rate,
    "loops": lambda one: one.loops.share.rate,
    "recovered": lambda one: one.recovered,
    "gap": lambda one: one.to_best,
}


def ordered(rows: Iterable[Manager], by: str, *, is_down: bool) -> tuple[Manager, ...]:
    """The rows by one column, equals by team; what has no number comes last either way."""
    key = SORTS[by]
    by_name = sorted(rows, key=lambda one: (one.team.casefold(), one.team_id))
    known = [one for one in by_name if key(one) is not None]
    known.sort(key=lambda one: _sortable(key(one)), reverse=is_down)
    return (*known, *(one for one in by_name if key(one) is None))


def _sortable(value: float | str | None) -> tuple[float, str]:
    return (0.0, value) if isinstance(value, str) else (value or 0.0, "")
