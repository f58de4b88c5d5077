"""Courses and milestones of a programme."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

import programme.queries
from core.calendars import ProgrammeCalendar
from core.db import db
from programme.models import Programme
from training_tracker.models import (
    Course,
    Milestone,
)


@dataclass(frozen=True)
class CourseRow:
    """A course as pages and letters name it."""

    id: int
    programme_id: int
    slug: str
    title: str
    kind: str
    minutes: int | None


@dataclass(frozen=True)
class MilestoneRow:
    """A milestone with its course."""

    id: int
    course: CourseRow
    roles: tuple[str, ...]
    due_days: int
    is_mandatory: bool
    hands_on_kind: str | None
    hands_on_count: int | None
    hands_on_hours: int | None


def programme_by_id(programme_id: int) -> Programme:
    """The programme of a known id."""
    return db.session.get_one(Programme, programme_id)


def current_programme() -> Programme | None:
    """The programme pages speak of."""
    return programme.queries.default()


def today_of(owner: Programme, as_of: datetime) -> date:
    """The programme's local date of an instant."""
    return programme.queries.calendar(owner).local_day(as_of)


def calendar_of(owner: Programme) -> ProgrammeCalendar:
    """The programme's calendar."""
    return programme.queries.calendar(owner)


def _course_row(course: Course) -> CourseRow:
    return CourseRow(
        course.id, course.programme_id, course.slug, course.title, course.kind, course.minutes
    )


def courses(programme_id: int) -> tuple[CourseRow, ...]:
    """The programme's courses in their playbook order."""
    found = db.session.scalars(
        select(Course)
        .where(Course.programme_id == programme_id)
        .order_by(Course.position, Course.slug)
    )
    return tuple(_course_row(course) for course in found)


def course_by_slug(programme_id: int, slug: str) -> CourseRow | None:
    """One course, or None."""
    course = db.session.scalar(
        select(Course).where(Course.programme_id == programme_id, Course.slug == slug)
    )
    return _course_row(course) if course else None


def course_ids(programme_id: int) -> dict[str, int]:
    """Course ids of a programme by slug."""
    rows = db.session.execute(
        select(Course.slug, Course.id).where(Course.programme_id == programme_id)
    )
    return {row.slug: row.id for row in rows}


def course_models(programme_id: int) -> dict[str, Course]:
    """Course rows of a programme by slug, for changing."""
    found = db.session.scalars(select(Course).where(Course.programme_id == programme_id))
    return {course.slug: course for course in found}


def milestones(programme_id: int) -> tuple[MilestoneRow, ...]:
    """The programme's milestones with their courses, in their order."""
    rows = db.session.execute(
        select(Milestone, Course)
        .join(Course, Course.id == Milestone.course_id)
        .where(Milestone.programme_id == programme_id)
        .order_by(Milestone.position, Milestone.id)
    )
    return tuple(
        MilestoneRow(
            milestone.id,
            _course_row(course),
            tuple(milestone.roles),
            milestone.due_days,
            milestone.is_mandatory,
            milestone.hands_on_kind,
            milestone.hands_on_count,
            milestone.hands_on_hours,
        )
        for milestone, course in rows
    )


def milestone_models(programme_id: int) -> dict[int, Milestone]:
    """Milestone rows of a programme by course id, for changing."""
    found = db.session.scalars(select(Milestone).where(Milestone.programme_id == programme_id))
    return {milestone.course_id: milestone for milestone in found}


def milestone_of(programme_id: int, course_id: int) -> MilestoneRow | None:
    """The milestone of a course, if it is one."""
    return next((row for row in milestones(programme_id) if row.course.id == course_id), None)
