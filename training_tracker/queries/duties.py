"""What jobs and imports look for: debts, missing assignments, open windows, known keys."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, or_, select

from core.calendars import zone_of
from core.db import db
from people.models import Person
from programme.models import Enrolment
from training_tracker.models import (
    Assignment,
    Completion,
    Escalation,
    HandsOnCheck,
    Milestone,
)
from training_tracker.queries.catalogue import MilestoneRow, milestones
from training_tracker.queries.counting import Snapshot, cell_of, chunks
from training_tracker.rules import (
    MilestoneState,
)

LATE_EVIDENCE = timedelta(days=14)
CompletionKey = tuple[int, int, datetime]
AssignmentKey = tuple[int, int, date]


@dataclass(frozen=True)
class OverdueRow:
    """A mandatory milestone somebody has not met in time."""

    assignment_id: int
    person_id: int
    milestone_id: int
    course_title: str
    course_slug: str
    due_on: date
    days_late: int
    is_away: bool


def overdue(seen: Snapshot, through: date) -> list[OverdueRow]:
    """Overdue mandatory milestones of reps still employed (METRICS R5), the longest first."""
    late = [
        (row, person_id, life, status)
        for row in seen.milestones
        if row.is_mandatory
        for person_id, life in seen.roster.lives.items()
        if life.is_employed(through)
        and (status := cell_of(seen.known[row.course.id], person_id, seen.roster, through)).state
        is MilestoneState.OVERDUE
    ]
    keys = _assignment_keys(
        {row.course.id for row, *_ in late}, {person_id for _, person_id, *_ in late}
    )
    found = [
        OverdueRow(
            _standing_key(keys[row.course.id, person_id], through),
            person_id,
            row.id,
            row.course.title,
            row.course.slug,
            status.due_on or through,
            status.days_late,
            life.is_absent(through),
        )
        for row, person_id, life, status in late
    ]
    return sorted(found, key=lambda each: (-each.days_late, each.person_id, each.milestone_id))


def due_between(programme_id: int, first: date, last: date) -> frozenset[int]:
    """People with something mandatory due on dates of [first, last]."""
    return frozenset(
        db.session.scalars(
            select(Assignment.person_id)
            .join(Milestone, Milestone.course_id == Assignment.course_id)
            .where(
                Milestone.programme_id == programme_id,
                Milestone.is_mandatory,
                Assignment.due_on >= first,
                Assignment.due_on <= last,
                Assignment.is_waived.is_(False),
            )
            .distinct()
        )
    )


def _assignment_keys(
    course_ids_: Collection[int], person_ids: Collection[int]
) -> dict[tuple[int, int], list[tuple[date, int]]]:
    """(course, person) -> (assigned_on, assignment id) of what is not waived."""
    found: dict[tuple[int, int], list[tuple[date, int]]] = defaultdict(list)
    for some in chunks(person_ids):
        rows = db.session.execute(
            select(
                Assignment.course_id, Assignment.person_id, Assignment.assigned_on, Assignment.id
            ).where(
                Assignment.course_id.in_(course_ids_),
                Assignment.person_id.in_(some),
                Assignment.is_waived.is_(False),
            )
        )
        for course_id, person_id, since, ident in rows:
            found[course_id, person_id].append((since, ident))
    return found


def _standing_key(keys: Sequence[tuple[date, int]], through: date) -> int:
    """The assignment in force on `through` (METRICS R1)."""
    return max(pair for pair in keys if pair[0] <= through)[1]


def climbed(assignment_ids: Collection[int]) -> set[tuple[int, str]]:
    """Rungs of the ladder already climbed, as (assignment, step)."""
    found: set[tuple[int, str]] = set()
    for some in chunks(assignment_ids):
        rows = db.session.execute(
            select(Escalation.assignment_id, Escalation.step).where(
                Escalation.assignment_id.in_(some)
            )
        )
        found.update((ident, step) for ident, step in rows)
    return found


@dataclass(frozen=True)
class NewDuty:
    """A person whom a milestone concerns and who has no assignment of its course yet."""

    person_id: int
    milestone: MilestoneRow


def without_assignment(programme_id: int) -> list[NewDuty]:
    """Whom the programme's milestones still have to be assigned to, whatever their dates."""
    found: list[NewDuty] = []
    for row in milestones(programme_id):
        has_one = (
            select(Assignment.id)
            .where(Assignment.person_id == Person.id, Assignment.course_id == row.course.id)
            .exists()
        )
        missing = db.session.scalars(
            select(Person.id)
            .where(
                Person.role.in_(row.roles),
                Person.is_test.is_(False),
                Person.enabled_on.is_not(None),
                ~has_one,
                _belongs_to(programme_id),
            )
            .order_by(Person.id)
        )
        found.extend(NewDuty(ident, row) for ident in missing)
    return found


def _belongs_to(programme_id: int) -> ColumnElement[bool]:
    """Enrolled here, or nowhere at all; for every role, unlike the reps of the figures."""
    here = exists().where(Enrolment.person_id == Person.id, Enrolment.programme_id == programme_id)
    return or_(here, ~exists().where(Enrolment.person_id == Person.id))


@dataclass(frozen=True)
class PassRow:
    """The pass that opens somebody's hands-on window."""

    person_id: int
    completion_id: int
    completed_at: datetime


def passes_without_check(
    milestone: MilestoneRow,
    as_of: datetime,
    since: date | None,
    person_ids: Collection[int] | None = None,
) -> list[PassRow]:
    """The first pass of each person, on or after `since`, that no hands-on check was opened for."""
    checked = (
        select(HandsOnCheck.id)
        .where(
            HandsOnCheck.milestone_id == milestone.id,
            HandsOnCheck.person_id == Completion.person_id,
        )
        .exists()
    )
    query = (
        select(Completion.person_id, Completion.id, Completion.completed_at)
        .join(Person, Person.id == Completion.person_id)
        .where(
            Completion.course_id == milestone.course.id,
            Completion.is_passed,
            Completion.completed_at <= as_of,
            Person.role.in_(milestone.roles),
            Person.is_test.is_(False),
            _belongs_to(milestone.course.programme_id),
            ~checked,
        )
        .order_by(Completion.person_id, Completion.completed_at)
    )
    if since is not None:
        query = query.where(Completion.local_day >= since)
    first: dict[int, PassRow] = {}
    for person_id, completion_id, completed_at in db.session.execute(query):
        if person_ids is None or person_id in person_ids:
            first.setdefault(person_id, PassRow(person_id, completion_id, completed_at))
    return list(first.values())


def checks_to_judge(programme_id: int, as_of: datetime) -> list[HandsOnCheck]:
    """Open checks, and those missed so lately that late usage may still prove them."""
    return list(
        db.session.scalars(
            select(HandsOnCheck)
            .join(Milestone, Milestone.id == HandsOnCheck.milestone_id)
            .where(
                Milestone.programme_id == programme_id,
                HandsOnCheck.opens_at <= as_of,
                or_(
                    HandsOnCheck.state == "open",
                    (HandsOnCheck.state == "missed")
                    & (HandsOnCheck.due_at >= as_of - LATE_EVIDENCE),
                ),
            )
            .order_by(HandsOnCheck.id)
        )
    )


def checks_of_programme(programme_id: int, until: datetime) -> list[HandsOnCheck]:
    """The checks whose window opened by `until`."""
    return list(
        db.session.scalars(
            select(HandsOnCheck)
            .join(Milestone, Milestone.id == HandsOnCheck.milestone_id)
            .where(
                Milestone.programme_id == programme_id,
                HandsOnCheck.opens_at <= until,
            )
        )
    )


def checks_of_completions(completion_ids: Collection[int]) -> list[HandsOnCheck]:
    """The checks these completions opened."""
    found: list[HandsOnCheck] = []
    for some in chunks(completion_ids):
        found.extend(
            db.session.scalars(select(HandsOnCheck).where(HandsOnCheck.completion_id.in_(some)))
        )
    return found


def completions_by_key(keys: Collection[CompletionKey]) -> dict[CompletionKey, Completion]:
    """Stored completions among these keys (person, course, completed_at)."""
    wanted = set(keys)
    found: dict[CompletionKey, Completion] = {}
    for some in chunks({person_id for person_id, _, _ in wanted}):
        for row in db.session.scalars(select(Completion).where(Completion.person_id.in_(some))):
            key = (row.person_id, row.course_id, row.completed_at)
            if key in wanted:
                found[key] = row
    return found


def assignments_by_key(keys: Collection[AssignmentKey]) -> dict[AssignmentKey, Assignment]:
    """Stored assignments among these keys (person, course, assigned_on)."""
    wanted = set(keys)
    found: dict[AssignmentKey, Assignment] = {}
    for some in chunks({person_id for person_id, _, _ in wanted}):
        for row in db.session.scalars(select(Assignment).where(Assignment.person_id.in_(some))):
            key = (row.person_id, row.course_id, row.assigned_on)
            if key in wanted:
                found[key] = row
    return found


def assigned_by_milestone(pairs: Collection[tuple[int, int]]) -> list[Assignment]:
    """What milestones assigned by themselves to these (person, course) pairs and is in force."""
    found: list[Assignment] = []
    for some in chunks({person_id for person_id, _ in pairs}):
        rows = db.session.scalars(
            select(Assignment).where(
                Assignment.person_id.in_(some),
                Assignment.source == "milestone",
                Assignment.is_waived.is_(False),
            )
        )
        found.extend(row for row in rows if (row.person_id, row.course_id) in pairs)
    return found


def own_zones(person_ids: Collection[int]) -> dict[int, ZoneInfo]:
    """The zone of each person who has one, for programmes that keep everybody's own days."""
    found: dict[int, ZoneInfo] = {}
    for some in chunks(person_ids):
        rows = db.session.execute(
            select(Person.id, Person.time_zone).where(
                Person.id.in_(some), Person.time_zone.is_not(None)
            )
        )
        found.update((ident, zone_of(zone)) for ident, zone in rows if zone)
    return found
