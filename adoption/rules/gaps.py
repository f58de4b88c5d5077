"""Those who use it beside those who do not (METRICS V1 to V4), once the sides are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import mean, median

from core.stats import growth


class UseRule(StrEnum):
    """METRICS V1: who counts as a user of a window."""

    ANY = "any"
    LANDMARK = "landmark"
    SUSTAINED = "sustained"


@dataclass(frozen=True)
class Gap:
    """Two groups, their means and how far apart they are; METRICS V2: None for a small group."""

    with_it: int
    without: int
    mean_with: float | None
    mean_without: float | None
    gap: float | None
    median_gap: float | None


def gap_between(with_it: Sequence[float], without: Sequence[float], min_group: int) -> Gap:
    """METRICS V1 to V3: no mean of fewer than `min_group`, no gap with such a group."""
    means = [mean(group) if len(group) >= min_group else None for group in (with_it, without)]
    enough = None not in means
    return Gap(
        len(with_it),
        len(without),
        means[0],
        means[1],
        growth(mean(without), mean(with_it)) if enough else None,
        growth(median(without), median(with_it)) if enough else None,
    )


@dataclass(frozen=True)
class Seller:
    """One rep of METRICS V1's population: what they won in the window, and in V4's before it.

    `was_here` says whether they were employed on the last day of the window before.
    """

    person_id: int
    used_it: bool
    won: float
    won_before: float
    was_here: bool


def sellers_gap(sellers: Iterable[Seller], min_group: int, *, before: bool = False) -> Gap:
    """The gap of the window, or METRICS V4's: the same people and split, the window before."""
    sides: dict[bool, list[float]] = {True: [], False: []}
    for one in sellers:
        sides[one.used_it].append(one.won_before if before else one.won)
    return gap_between(sides[True], sides[False], min_group)


def window_before(launch_on: date, start: date, end: date) -> tuple[date, date]:
    """METRICS V4: an equally long window that ends at the launch."""
    return launch_on - (end - start), launch_on
