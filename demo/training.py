"""Who was asked to take which course, and who passed it: 68 % of the introduction, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from random import Random

from demo.behaviour import Use
from demo.dates import GENERAL, Timeline
from demo.parameters import TRAINED
from demo.people import Rep

INTRO = "intro"
PROPOSALS = "proposals"
DUE_DAYS = 14


@dataclass(slots=True)
class Assignment:
    """A course asked of a rep; days are indexes."""

    rep: Rep
    course: str
    assigned: int
    due: int
    waived: bool = False


@dataclass(slots=True)
class Completion:
    """One attempt, passed or not."""

    rep: Rep
    course: str
    day: int
    passed: bool
    score: int


def _counted(assignment: Assignment, timeline: Timeline) -> bool:
    """METRICS R1 and R2 on the last day: still employed, not waived, at work since."""
    rep, last = assignment.rep, timeline.cut - 1
    if assignment.waived or rep.left < last or assignment.assigned > last:
        return False
    days = range(assignment.assigned, last + 1)
    return any(timeline.working[day] and day not in rep.away for day in days)


def _attempts(assignment: Assignment, random: Random, timeline: Timeline) -> list[Completion]:
    """A pass some days after being asked, one in twelve after failing first."""
    rep, course = assignment.rep, assignment.course
    day = assignment.assigned + 1 + int(-8 * log(1 - random.random()))
    latest = min(timeline.cut - 1, rep.left)
    day = min(day, latest)
    attempts = []
    if random.random() < 0.08 and day - 2 >= assignment.assigned:
        failed = Completion(rep, course, day - 2, passed=False, score=random.randint(35, 64))
        attempts.append(failed)
    attempts.append(Completion(rep, course, day, passed=True, score=random.randint(70, 100)))
    return attempts


def _passers(
    assignments: list[Assignment],
    uses: dict[str, Use],
    share: float,
    random: Random,
    timeline: Timeline,
) -> list[Assignment]:
    """The keenest `share` of those who count, by openness, use and luck; of leavers about half."""
    last = timeline.cut - 1

    def keenness(assignment: Assignment) -> float:
        rep = assignment.rep
        return rep.openness + 0.8 * bool(uses[rep.key].days) + random.gauss(0, 0.8)

    counted = [a for a in assignments if _counted(a, timeline)]
    settled = [a for a in counted if last - a.assigned >= 3]
    ranked = sorted(((keenness(a), a.rep.key, a) for a in settled), reverse=True)
    passers = [a for _, _, a in ranked[: round(share * len(counted))]]
    gone = [a for a in assignments if a.rep.left < last and a.rep.left > a.assigned + 3]
    return passers + [a for a in gone if random.random() < 0.5]


def draw_training(
    reps: list[Rep], uses: dict[str, Use], seed: int, timeline: Timeline
) -> tuple[list[Assignment], list[Completion]]:
    """The introduction for everybody from their first day, the proposal class from August on."""
    random = Random(f"{seed}:training")
    general = timeline.index(GENERAL)
    intro, class_ = [], []
    for rep in reps:
        if rep.is_test or rep.start >= timeline.cut or rep.left < rep.start:
            continue
        waived = random.random() < 0.01
        intro.append(Assignment(rep, INTRO, rep.start, rep.start + DUE_DAYS, waived))
        asked = max(general, rep.start + DUE_DAYS)
        if asked < min(timeline.cut, rep.left):
            class_.append(Assignment(rep, PROPOSALS, asked, asked + 28))
    completions = []
    for asked_for, share in ((intro, TRAINED), (class_, 0.46)):
        for assignment in _passers(asked_for, uses, share, random, timeline):
            completions.extend(_attempts(assignment, random, timeline))
    return intro + class_, completions
