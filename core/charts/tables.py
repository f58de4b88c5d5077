"""Funnel, heat table and lanes: numbers for HTML and macros rather than drawings."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.charts.marks import EN_DASH, nice_top, percent, plain
from core.stats import half_up

HEAT_STEPS = (0.55, 0.65, 0.70, 0.78, 0.90)


@dataclass(frozen=True)
class Stage:
    """One step of a funnel: its count, its share of the first step, and whether it is the drop
    to look at.
    """

    label: str
    count: int
    share: float
    lost: int
    is_biggest_drop: bool


def funnel(steps: Sequence[tuple[str, int]]) -> tuple[Stage, ...]:
    """Counts as shares of the first step; the step that loses most people is marked."""
    if not steps:
        return ()
    first = steps[0][1]
    lost = [0] + [a[1] - b[1] for a, b in pairwise(steps)]
    worst = max(range(len(steps)), key=lambda i: lost[i])
    return tuple(
        Stage(label, n, n / first if first else 0.0, lost[i], i == worst and lost[i] > 0)
        for i, (label, n) in enumerate(steps)
    )


def heat_step(share: float, bounds: Sequence[float] = HEAT_STEPS) -> int:
    """Which of the six tints a share gets, 1 (pale) to 6."""
    return 1 + sum(share >= bound for bound in bounds)


@dataclass(frozen=True)
class HeatCell:
    """One cell: the printed number, its tint and what is behind it, with the way to it if any."""

    words: str
    step: int
    title: str
    href: str = ""


@dataclass(frozen=True)
class HeatRow:
    """One cohort: its name, its size and a cell for every column."""

    label: str
    size: int
    cells: tuple[HeatCell, ...]


def heat_table(
    cohorts: Sequence[tuple[str, Sequence[int]]], *, least: int = 5
) -> tuple[HeatRow, ...]:
    """Cohorts as (name, counts), the first count being its size; every row as long as the longest.

    A cohort smaller than `least` shows no shares: a share of four people says nothing.
    """
    length = max((len(counts) for _, counts in cohorts), default=0)
    rows = []
    for label, counts in cohorts:
        size = counts[0] if counts else 0
        cells = [heat_cell(n, size, least=least) for n in counts]
        cells += [HeatCell("", 0, "")] * (length - len(counts))
        rows.append(HeatRow(label, size, tuple(cells)))
    return tuple(rows)


def heat_cell(count: int, size: int, *, least: int = 5, href: str = "") -> HeatCell:
    """`count` of `size` as a cell; fewer than `least` people show no share and lead nowhere."""
    if size < least:
        return HeatCell(EN_DASH, 0, f"fewer than {least} people")
    share = count / size
    words = str(half_up(share * 100))
    return HeatCell(words, heat_step(share), f"{count:,} of {size:,}", href)


@dataclass(frozen=True)
class LaneScale:
    """The common scale of a board's lanes: its end and the words above it."""

    top: float
    ticks: tuple[str, ...]


def lane_scale(scores: Sequence[float], *, as_percent: bool = False) -> LaneScale:
    """A zero-based scale that holds every score with some room ahead of the leader."""
    top, ticks = nice_top(max([*scores, 0.0]) * 1.1, 3)
    if as_percent:
        # There is room ahead for the leader's pennant, but no share above the whole to name.
        return LaneScale(top, tuple(percent(t) if t <= 1 else "" for t in ticks))
    digits = 0 if all(float(t).is_integer() for t in ticks) else 1
    return LaneScale(top, tuple(plain(t, digits) for t in ticks))
