"""Made-up courses, milestones, assignments and completions; a test names what it needs."""

import itertools
from datetime import UTC, date, datetime, time

import programme.queries
from tests.factories.people import writing
from training_tracker.models import (
    Assignment,
    Completion,
    Course,
    Escalation,
    HandsOnCheck,
    Milestone,
)

_numbers = itertools.count(1)
NOON = time(12)


def _save(row):
    with writing() as session:
        session.add(row)
    return row


def make_course(programme_row, **given) -> Course:
    """An e-learning course of twenty minutes."""
    number = next(_numbers)
    values = {
        "programme_id": programme_row.id,
        "slug": f"course-{number}",
        "title": f"Course {number}",
        "minutes": 20,
    } | given
    return _save(Course(**values))


def make_milestone(course, **given) -> Milestone:
    """Mandatory for reps, due two weeks after their start; `hands_on=(kind, count, hours)`."""
    kind, count, hours = given.pop("hands_on", (None, None, None))
    values = {
        "programme_id": course.programme_id,
        "course_id": course.id,
        "roles": ["rep"],
        "due_days": 14,
        "hands_on_kind": kind,
        "hands_on_count": count,
        "hands_on_hours": hours,
    } | given
    return _save(Milestone(**values))


def make_assignment(person, course, assigned_on: date = date(2026, 3, 2), **given) -> Assignment:
    """The person has to take the course; no due date unless given."""
    values = {"person_id": person.id, "course_id": course.id, "assigned_on": assigned_on} | given
    return _save(Assignment(**values))


def make_completion(person, course, on: date | datetime, **given) -> Completion:
    """A pass on a date at local noon, or at an instant."""
    calendar = programme.queries.calendar(programme.queries.by_id(course.programme_id))
    if isinstance(on, datetime):
        moment, day = on, calendar.local_day(on)
    else:
        moment, day = datetime.combine(on, NOON, tzinfo=calendar.tz).astimezone(UTC), on
    values = {
        "person_id": person.id,
        "course_id": course.id,
        "completed_at": moment,
        "local_day": day,
        "is_passed": True,
    } | given
    return _save(Completion(**values))


def make_check(person, milestone, completion, **given) -> HandsOnCheck:
    """An open window of the milestone's hours after the completion."""
    from training_tracker.rules import hands_on_due

    values = {
        "milestone_id": milestone.id,
        "person_id": person.id,
        "completion_id": completion.id,
        "kind": milestone.hands_on_kind,
        "needed": milestone.hands_on_count,
        "opens_at": completion.completed_at,
        "due_at": hands_on_due(completion.completed_at, milestone.hands_on_hours),
    } | given
    return _save(HandsOnCheck(**values))


def make_escalation(assignment, step: str, to, on_day: date) -> Escalation:
    """A rung already climbed."""
    return _save(
        Escalation(assignment_id=assignment.id, step=step, to_person_id=to.id, on_day=on_day)
    )
