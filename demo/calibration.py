"""Exact fits that need no simulation: a few people or rows are moved until a figure is met.

Each function takes what the model drew and changes as little as possible: late starters start a
little later, a few reps have one silent month, surplus rows are dropped. So every csp world, of
whatever seed, tells the case study's story, and only sustained adoption is left to the model.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random
from typing import TypeVar

from demo.behaviour import Use
from demo.dates import Timeline
from demo.parameters import NEW_GROWTH, RETURNED
from demo.people import Rep

Item = TypeVar("Item")


def bisect(function: Callable[[float], float], low: float, high: float, goal: float) -> float:
    """Where an increasing function reaches `goal` between `low` and `high` (40 halvings)."""
    for _ in range(40):
        middle = (low + high) / 2
        if function(middle) < goal:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _countable(reps: list[Rep], uses: list[Use]) -> list[tuple[Rep, Use]]:
    return [(rep, use) for rep, use in zip(reps, uses, strict=True) if not rep.is_test and use.days]


def _silence(use: Use, start: int, end: int) -> None:
    """Takes the days of [start, end) away."""
    use.days[:] = [day for day in use.days if not start <= day < end]


def _within(use: Use, start: int, end: int) -> int:
    return sum(start <= day < end for day in use.days)


def _by_least_use(people: list[tuple[Rep, Use]], start: int, end: int) -> list[tuple[Rep, Use]]:
    free = [(rep, use) for rep, use in people if not rep.part]
    return sorted(free, key=lambda pair: (_within(pair[1], start, end), pair[0].key))


def fit_new_people(reps: list[Rep], uses: list[Use], timeline: Timeline) -> None:
    """METRICS G3: people with a first key action in month 2 are 78 % more than in month 1."""
    march, april, may = (timeline.index(date(2026, month, 1)) for month in (3, 4, 5))
    people = _countable(reps, uses)
    first = [pair for pair in people if march <= pair[1].days[0] < april]
    second = [pair for pair in people if april <= pair[1].days[0] < may]
    surplus = len(second) - round((1 + NEW_GROWTH) * len(first))
    if surplus > 0:
        later = [pair for pair in _by_least_use(second, april, may) if pair[1].days[-1] >= may]
        for _, use in later[:surplus]:
            _silence(use, april, may)
        return
    movable = [pair for pair in first if _within(pair[1], april, may)]
    before, after = len(first), len(second)
    for _, use in _by_least_use(movable, march, april):
        if after >= (1 + NEW_GROWTH) * before - 1:
            return
        _silence(use, march, april)
        before, after = before - 1, after + 1


def fit_returning(reps: list[Rep], uses: list[Use], timeline: Timeline) -> None:
    """METRICS G4 (ever_before): 72 % of those who began before month 3 use it in month 3."""
    may, june = timeline.index(date(2026, 5, 1)), timeline.index(date(2026, 6, 1))
    established = [
        (rep, use)
        for rep, use in _countable(reps, uses)
        if use.days[0] < may and rep.start <= may <= rep.left
    ]
    returned = [pair for pair in established if _within(pair[1], may, june)]
    surplus = len(returned) - round(RETURNED * len(established))
    for _, use in _by_least_use(returned, may, june)[: max(surplus, 0)]:
        _silence(use, may, june)
    silent = [pair for pair in established if not _within(pair[1], may, june) and not pair[0].part]
    for rep, use in silent[: max(-surplus, 0)]:
        day = next(d for d in range(may, june) if timeline.working[d] and d not in rep.away)
        use.days[:] = sorted([*use.days, day])


def thin(rows: list[Item], goal: int, random: Random) -> list[Item]:
    """`goal` of the rows in their order, chosen by lot; all of them when there are fewer."""
    if len(rows) <= goal:
        return rows
    kept = set(random.sample(range(len(rows)), goal))
    return [row for place, row in enumerate(rows) if place in kept]
