"""What is taught and required: courses, milestones, and the assignments they bring."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import people.queries
import programme.queries
from core import audit
from core.db import db, insert_missing, revise
from core.errors import Invalid, NotFound
from core.policy import Actor
from people.rules import PersonCalendar
from programme.models import Programme
from training_tracker import queries
from training_tracker.models import (
    Assignment,
    Course,
    Milestone,
)
from training_tracker.queries import CourseRow, NewDuty
from training_tracker.rules import (
    milestone_dates,
)


@dataclass(frozen=True)
class CourseSpec:
    """A course as a playbook writes it."""

    slug: str
    title: str
    kind: str = "elearning"
    minutes: int | None = None
    valid_days: int | None = None


@dataclass(frozen=True)
class MilestoneSpec:
    """A milestone as a playbook writes it; hands-on values are all given or all None."""

    course: str
    roles: tuple[str, ...]
    due_days: int
    is_mandatory: bool = True
    hands_on_kind: str | None = None
    hands_on_count: int | None = None
    hands_on_hours: int | None = None


def define_courses(
    programme_id: int, specs: Sequence[CourseSpec], *, actor: Actor, now: datetime
) -> list[str]:
    """Create or update the courses of a playbook in its order; return what changed, in words."""
    known = queries.course_models(programme_id)
    changes = []
    for place, spec in enumerate(specs):
        values: dict[str, Any] = {
            "title": spec.title,
            "kind": spec.kind,
            "minutes": spec.minutes,
            "valid_days": spec.valid_days,
            "position": place,
        }
        course = known.get(spec.slug)
        if course is None:
            db.session.add(Course(programme_id=programme_id, slug=spec.slug, **values))
            changes.append(f"course {spec.slug} added")
        elif revise(course, values):
            changes.append(f"course {spec.slug} changed")
    db.session.flush()
    audit.record_changes(
        "training.milestone_define",
        changes,
        actor=actor,
        now=now,
        subject=f"programme:{programme_id}",
    )
    return changes


def define_milestones(
    programme_id: int, specs: Sequence[MilestoneSpec], *, actor: Actor, now: datetime
) -> list[str]:
    """Create or update the milestones of a playbook; raises Invalid for a course it does not have.

    A milestone no longer named becomes optional: what it asked of people stays on record.
    """
    courses = queries.course_ids(programme_id)
    known = queries.milestone_models(programme_id)
    changes = []
    for place, spec in enumerate(specs):
        course_id = courses.get(spec.course)
        if course_id is None:
            raise Invalid(f"There is no course {spec.course}.", field="course")
        values: dict[str, Any] = {
            "roles": list(spec.roles),
            "due_days": spec.due_days,
            "position": place,
            "is_mandatory": spec.is_mandatory,
            "hands_on_kind": spec.hands_on_kind,
            "hands_on_count": spec.hands_on_count,
            "hands_on_hours": spec.hands_on_hours,
        }
        milestone = known.pop(course_id, None)
        if milestone is None:
            db.session.add(Milestone(programme_id=programme_id, course_id=course_id, **values))
            changes.append(f"milestone {spec.course} added")
        elif revise(milestone, values):
            changes.append(f"milestone {spec.course} changed")
    changes.extend(
        f"milestone of course {left.course_id} is no longer required"
        for left in known.values()
        if revise(left, {"is_mandatory": False})
    )
    db.session.flush()
    audit.record_changes(
        "training.milestone_define",
        changes,
        actor=actor,
        now=now,
        subject=f"programme:{programme_id}",
    )
    return changes


def add_courses(programme_id: int, slugs: Iterable[str]) -> dict[str, int]:
    """Make room for courses a file speaks of and no playbook declared; return all ids by slug."""
    rows = [
        {"programme_id": programme_id, "slug": slug, "title": slug, "kind": "elearning"}
        | {"minutes": None, "valid_days": None, "position": 1000}
        for slug in slugs
    ]
    if rows:
        insert_missing(Course, rows, ["programme_id", "slug"])
    return queries.course_ids(programme_id)


def today_in(owner: Programme, as_of: datetime) -> date:
    """The programme's local date of an instant."""
    return programme.queries.calendar(owner).local_day(as_of)


def assign_milestones(as_of: datetime) -> dict[str, int]:
    """Give everybody a milestone concerns its assignment once their start day has come.

    Who has any assignment of the course already, from a file or earlier, is left alone.
    """
    assigned = 0
    for owner in programme.queries.all_programmes():
        today = today_in(owner, as_of)
        duties = queries.without_assignment(owner.id)
        lives = people.queries.calendars({duty.person_id for duty in duties})
        rows = [row for duty in duties if (row := _duty_row(duty, lives, today)) is not None]
        assigned += insert_missing(Assignment, rows, ["person_id", "course_id", "assigned_on"])
    return {"assigned": assigned}


def _duty_row(
    duty: NewDuty, lives: Mapping[int, PersonCalendar], today: date
) -> dict[str, object] | None:
    life = lives[duty.person_id]
    dates = milestone_dates(life, duty.milestone.due_days)
    if dates is None or dates[0] > today or not life.is_employed(today):
        return None
    return {
        "person_id": duty.person_id,
        "course_id": duty.milestone.course.id,
        "assigned_on": dates[0],
        "due_on": dates[1],
        "is_waived": False,
        "source": "milestone",
    }


def course_of(programme_id: int, slug: str) -> CourseRow:
    """The course of this slug; raises NotFound."""
    course = queries.course_by_slug(programme_id, slug)
    if course is None:
        raise NotFound(f"There is no course {slug}.", field="course")
    return course
