"""Training decisions on plain values: who owes a course, who did it, in time, and what follows.

Every number is METRICS R1-R5; days are local dates of the programme, moments are aware instants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from people.rules import PersonCalendar

PRIOR_LEARNING_DAYS = 365


class CourseKind(StrEnum):
    """How a course is taught (CONTRACT 4)."""

    ELEARNING = "elearning"
    LIVE = "live"
    LUNCH_AND_LEARN = "lunch_and_learn"
    HANDS_ON = "hands_on"
    CERTIFICATION = "certification"


@dataclass(frozen=True)
class AssignmentFact:
    """One duty: this person takes the course from `assigned_on`, until `due_on` if dated."""

    assigned_on: date
    due_on: date | None = None
    waived: bool = False


def current_assignment(
    assignments: Iterable[AssignmentFact], through: date
) -> AssignmentFact | None:
    """METRICS R1: the latest assignment on or before `through` among those not waived."""
    standing = [a for a in assignments if a.assigned_on <= through and not a.waived]
    return max(standing, key=lambda a: a.assigned_on, default=None)


def was_at_work(
    life: PersonCalendar, since: date, through: date, is_working_day: Callable[[date], bool]
) -> bool:
    """METRICS R2: at least one working day employed and not away in [since, through]."""
    day = since
    while day <= through:
        if is_working_day(day) and life.is_employed(day) and not life.is_absent(day):
            return True
        day += timedelta(days=1)
    return False


def first_counting_pass(
    assignment: AssignmentFact,
    passes: Iterable[date],
    through: date,
    prior_days: int = PRIOR_LEARNING_DAYS,
) -> date | None:
    """METRICS R3: the first pass in [assigned_on - prior_days, through]; later ones add nothing."""
    earliest = assignment.assigned_on - timedelta(days=prior_days)
    return min((day for day in passes if earliest <= day <= through), default=None)


@dataclass(frozen=True)
class Obligation:
    """A counted person: their assignment in force and the day it was fulfilled, if it was."""

    person_id: int
    due_on: date | None
    passed_on: date | None
    assigned_on: date | None = None


def obligation(
    person_id: int,
    assignments: Sequence[AssignmentFact],
    passes: Sequence[date],
    life: PersonCalendar,
    *,
    through: date,
    is_working_day: Callable[[date], bool],
    prior_days: int = PRIOR_LEARNING_DAYS,
) -> Obligation | None:
    """What this person owed and did by `through`; None when R1 or R2 leaves them out."""
    if not life.is_employed(through):
        return None
    standing = current_assignment(assignments, through)
    if standing is None:
        return None
    if not was_at_work(life, standing.assigned_on, through, is_working_day):
        return None
    passed_on = first_counting_pass(standing, passes, through, prior_days)
    return Obligation(person_id, standing.due_on, passed_on, standing.assigned_on)


@dataclass(frozen=True)
class TrainingCount:
    """Counts behind the `training` figure; a rate without a base is None (CONTRACT 5)."""

    assigned: int
    completed: int
    due: int
    on_time: int
    overdue: int

    @property
    def rate(self) -> float | None:
        """Completed of assigned, a fraction."""
        return self.completed / self.assigned if self.assigned else None

    @property
    def on_time_rate(self) -> float | None:
        """On time of those due by `through`, a fraction (METRICS R4)."""
        return self.on_time / self.due if self.due else None


def is_overdue(due_on: date | None, passed_on: date | None, through: date) -> bool:
    """METRICS R5: due before `through` and not passed; due today is not overdue."""
    return due_on is not None and due_on < through and passed_on is None


def count_training(obligations: Iterable[Obligation], through: date) -> TrainingCount:
    """METRICS R1-R5 over the people `obligation` kept."""
    kept = list(obligations)
    due = [o for o in kept if o.due_on is not None and o.due_on <= through]
    return TrainingCount(
        assigned=len(kept),
        completed=sum(o.passed_on is not None for o in kept),
        due=len(due),
        on_time=sum(
            o.passed_on is not None and o.due_on is not None and o.passed_on <= o.due_on
            for o in due
        ),
        overdue=sum(is_overdue(o.due_on, o.passed_on, through) for o in kept),
    )


class MilestoneState(StrEnum):
    """What one cell of the rep by milestone table says."""

    DONE = "done"
    DUE = "due"
    OVERDUE = "overdue"
    NOT_YET = "not_yet"
    WAIVED = "waived"
    AWAY = "away"


@dataclass(frozen=True)
class MilestoneStatus:
    """A person's place on one milestone; `days_late` is 0 unless overdue."""

    state: MilestoneState
    due_on: date | None = None
    passed_on: date | None = None
    days_late: int = 0


def milestone_state(
    assignments: Sequence[AssignmentFact],
    passes: Sequence[date],
    life: PersonCalendar,
    *,
    through: date,
    is_working_day: Callable[[date], bool],
    prior_days: int = PRIOR_LEARNING_DAYS,
) -> MilestoneStatus:
    """The same rules as the figure, for one person, in a word.

    Overdue stays overdue during leave that began after the due date; AWAY is only for people
    R2 leaves out. A pass without any assignment still reads as done.
    """
    reached = [a for a in assignments if a.assigned_on <= through]
    standing = current_assignment(reached, through)
    if standing is None:
        done = max((day for day in passes if day <= through), default=None)
        if done is not None:
            return MilestoneStatus(MilestoneState.DONE, passed_on=done)
        return MilestoneStatus(MilestoneState.WAIVED if reached else MilestoneState.NOT_YET)
    passed_on = first_counting_pass(standing, passes, through, prior_days)
    if passed_on is not None:
        return MilestoneStatus(MilestoneState.DONE, standing.due_on, passed_on)
    if not was_at_work(life, standing.assigned_on, through, is_working_day):
        return MilestoneStatus(MilestoneState.AWAY, standing.due_on)
    if standing.due_on is None:
        return MilestoneStatus(MilestoneState.NOT_YET)
    if is_overdue(standing.due_on, None, through):
        late = (through - standing.due_on).days
        return MilestoneStatus(MilestoneState.OVERDUE, standing.due_on, days_late=late)
    return MilestoneStatus(MilestoneState.DUE, standing.due_on)


def milestone_dates(life: PersonCalendar, due_days: int) -> tuple[date, date] | None:
    """(assigned_on, due_on) from the person's start day (METRICS P3); None until enabled."""
    start = life.start_day
    return None if start is None else (start, start + timedelta(days=due_days))


class HandsOnState(StrEnum):
    """Whether a class turned into use inside its window."""

    OPEN = "open"
    PASSED = "passed"
    MISSED = "missed"


@dataclass(frozen=True)
class HandsOnResult:
    """The verdict on one window: uses counted in it, and when the needed one happened."""

    state: HandsOnState
    seen: int
    passed_at: datetime | None = None


def hands_on_due(completed_at: datetime, within_hours: int) -> datetime:
    """The end of the window: elapsed hours after the class, whatever the clocks do."""
    return completed_at + timedelta(hours=within_hours)


def hands_on_result(
    opens_at: datetime,
    due_at: datetime,
    needed: int,
    uses: Iterable[datetime],
    as_of: datetime,
) -> HandsOnResult:
    """Passed at the `needed`-th use in (opens_at, due_at]; missed once that end has gone by."""
    inside = sorted(moment for moment in uses if opens_at < moment <= min(due_at, as_of))
    if len(inside) >= needed:
        return HandsOnResult(HandsOnState.PASSED, len(inside), inside[needed - 1])
    state = HandsOnState.MISSED if as_of > due_at else HandsOnState.OPEN
    return HandsOnResult(state, len(inside))


class LadderStep(StrEnum):
    """Who hears of an overdue milestone, in this order."""

    REP = "rep"
    MANAGER = "manager"
    DIRECTOR = "director"


LADDER_FROM = {LadderStep.REP: 1, LadderStep.MANAGER: 3, LadderStep.DIRECTOR: 7}
# A letter that could not go out in its time is dropped: nobody is helped by a nudge a month old.
LADDER_UNTIL = {LadderStep.REP: 7, LadderStep.MANAGER: 30, LadderStep.DIRECTOR: 30}


CHASED_FOR = max(LADDER_UNTIL.values())


def steps_due(days_late: int) -> tuple[LadderStep, ...]:
    """The steps whose letter may go out when something is `days_late` days late."""
    return tuple(s for s in LadderStep if LADDER_FROM[s] <= days_late <= LADDER_UNTIL[s])


def steps_reached(days_late: int) -> tuple[LadderStep, ...]:
    """The steps the ladder has climbed, for showing."""
    return tuple(s for s in LadderStep if days_late >= LADDER_FROM[s])
