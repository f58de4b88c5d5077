"""On which days each rep uses the tool: METRICS section 6's model, day by day.

Daily use is a draw with log-odds from openness, manager, habit (an exponential memory of earlier
days), novelty, running contests and tips. Contests reach teams by lot and tips reach reps by the
campaign's own hash, so their effects can be measured honestly later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from math import exp, log
from random import Random

from demo.dates import AUTUMN, FINISH, GENERAL, PILOT, SPRING, SUMMER, Timeline
from demo.parameters import TIP_CAMPAIGN, TIP_HOLDOUT_PERCENT, Behaviour
from demo.people import PRIYA, Rep


@dataclass
class Use:
    """One rep's days of use, as sorted day indexes, and when the rep fell silent."""

    days: list[int] = field(default_factory=list)
    quiet: tuple[int, int] = (0, 0)
    """The silent stretch of a dropper, half-open; empty for the others."""


def gets_tips(person_key: str) -> bool:
    """METRICS X15: the arm of the weekly tip by hash; the holdout gets none."""
    digest = sha256(f"{TIP_CAMPAIGN}:{person_key}".encode()).digest()
    return int.from_bytes(digest[:8]) % 10000 >= TIP_HOLDOUT_PERCENT * 100


class Surroundings:
    """What the calendar adds to everybody's log-odds, by contest half and day."""

    def __init__(self, timeline: Timeline, behaviour: Behaviour) -> None:
        self.timeline = timeline
        self.behaviour = behaviour
        self.by_half = {"A": self._line("A"), "B": self._line("B")}
        self.pilot_line = self._module_line(PILOT)
        self.module_line = self._module_line(GENERAL)

    def _line(self, half: str) -> list[float]:
        line = [0.0] * self.timeline.length
        own = SPRING if half == "A" else SUMMER
        for start, end in (own, AUTUMN, FINISH):
            for day in range(self.timeline.index(start), self.timeline.index(end) + 1):
                line[day] += self.behaviour.contest
        return line

    def _module_line(self, since: date) -> list[float]:
        first = self.timeline.index(since)
        return [self.behaviour.module * (day >= first) for day in range(self.timeline.length)]


def _first_day(rep: Rep, rank: float, random: Random, surroundings: Surroundings) -> int | None:
    """When a rep begins: most within weeks of getting the tool, some much later, some never.

    `rank` in [0, 1) orders the reps of the world by how soon they come round.
    """
    behaviour, timeline = surroundings.behaviour, surroundings.timeline
    if rank >= 1 - behaviour.never:
        return None
    if rank < behaviour.prompt * (1 - behaviour.never):
        share = rank / (behaviour.prompt * (1 - behaviour.never))
        lag = int(behaviour.prompt_days * share**1.6)
    else:
        lag = behaviour.prompt_days - int(behaviour.slow_days * log(1 - random.random()))
    day = rep.start + lag
    while day < timeline.length and (not timeline.working[day] or day in rep.away):
        day += 1
    return day if day < timeline.length and day <= rep.left else None


def _quiet_stretch(
    first: int, rep: Rep, random: Random, surroundings: Surroundings
) -> tuple[int, int]:
    """Droppers try the tool for days or weeks, then stop; half come back with the new module."""
    behaviour, timeline = surroundings.behaviour, surroundings.timeline
    chance = 2 * behaviour.droppers / (1 + exp(1.6 * rep.openness))
    if random.random() >= chance:
        return (0, 0)
    stops = first + 1 + int(-12 * log(1 - random.random()))
    if random.random() < behaviour.comeback:
        back = timeline.index(GENERAL) + random.randint(-60, 25)
        return (stops, max(stops + 30, back))
    return (stops, timeline.length)


def _simulate(rep: Rep, first: int, use: Use, random: Random, surroundings: Surroundings) -> None:
    """Draws each day from the first day of use to the horizon or the rep's last day."""
    b, timeline = surroundings.behaviour, surroundings.timeline
    working, away, draw = timeline.working, rep.away, random.random
    level = b.base + b.openness * rep.openness + b.personal * rep.personal
    level += b.tips * gets_tips(rep.key)
    habit, memory, start = 0.0, b.memory, rep.start
    stops, back = use.quiet
    days = use.days
    for team, since, until in rep.teams:
        base = level + b.manager * team.manager_quality
        contest = surroundings.by_half[team.half]
        module = surroundings.pilot_line if team.pilot else surroundings.module_line
        for day in range(max(first, since), min(until, timeline.length, rep.left + 1)):
            if day == first:
                days.append(day)
                habit = memory
                continue
            if stops <= day < back:
                habit *= 1 - memory
                continue
            if not working[day] or day in away:
                if draw() < b.off_day * habit:
                    days.append(day)
                continue
            odds = base + b.habit * habit + contest[day] + module[day]
            odds += b.ramp * exp((start - day) / b.ramp_days)
            odds += b.novelty * exp((first - day) / b.novelty_days)
            active = draw() * (1 + exp(-odds)) < 1
            habit += memory * (active - habit)
            if active:
                days.append(day)


def _scripted(rep: Rep, random: Random, timeline: Timeline) -> list[int]:
    """The ten reps of the weekly loop: runners use it most days, the others once in a while."""
    priya = rep.teams[0][0].name == PRIYA
    days = []
    for day in range(rep.start, timeline.length):
        if not timeline.working[day]:
            continue
        if rep.part == "idle":
            weekly = timeline.days[day].weekday() == 2
            active = weekly and random.random() < 0.12
        else:
            settled = day > rep.start + (30 if priya else 90)
            active = random.random() < (0.62 if settled else 0.4)
            active = active or (settled and timeline.days[day].weekday() in (1, 3))
        if active:
            days.append(day)
    return days


def _keenness_ranks(reps: list[Rep], seed: int) -> list[int]:
    """Each rep's place in the order of coming round: openness and luck, the keenest first."""
    random = Random(f"{seed}:rank")
    keenness = [rep.openness + 0.9 * random.gauss(0, 1) for rep in reps]
    ranks = [0] * len(reps)
    for place, rep in enumerate(sorted(range(len(reps)), key=lambda one: -keenness[one])):
        ranks[rep] = place
    return ranks


def simulate(reps: list[Rep], seed: int, timeline: Timeline, behaviour: Behaviour) -> list[Use]:
    """Days of use for every rep, in the reps' order."""
    surroundings = Surroundings(timeline, behaviour)
    uses = []
    for rep, place in zip(reps, _keenness_ranks(reps, seed), strict=True):
        random = Random(f"{seed}:use:{rep.key}")
        use = Use()
        uses.append(use)
        if rep.part:
            use.days.extend(_scripted(rep, random, timeline))
            continue
        first = _first_day(rep, (place + 0.5) / len(reps), random, surroundings)
        if first is None:
            continue
        use.quiet = _quiet_stretch(first, rep, random, surroundings)
        _simulate(rep, first, use, random, surroundings)
    return uses
