"""What the training room declares: import kinds, playbook parts, its figure; and its commands."""

from collections.abc import Mapping, Sequence

import click

from core import clock
from core.db import transaction
from core.doors import terminal
from core.errors import Invalid
from core.figures import Figure, FigureRequest, Param
from core.intake.kinds import ImportKind
from core.playbook import Apply, PlaybookPart
from training_tracker import queries, services
from training_tracker.forms import (
    ASSIGNMENT_COLUMNS,
    COMPLETION_COLUMNS,
    CoursePlan,
    MilestonePlan,
    courses_part,
    milestones_part,
)
from training_tracker.services import CourseSpec, MilestoneSpec


def _course_of(request: FigureRequest) -> int:
    slug = request.params["course"]
    found = queries.course_by_slug(request.programme_id, slug)
    if found is None:
        known = ", ".join(course.slug for course in queries.courses(request.programme_id))
        raise Invalid(
            f"There is no course {slug}.",
            field="course",
            fix=f"Courses: {known}." if known else "The programme has no courses yet.",
        )
    return found.id


def training_figure(request: FigureRequest) -> Mapping[str, object]:
    """METRICS R1-R5 under CONTRACT 5's keys."""
    count = queries.training_count(
        _course_of(request), request.params["through"], request.as_of, request.params["team"]
    )
    return {
        "assigned": count.assigned,
        "completed": count.completed,
        "rate": count.rate,
        "due": count.due,
        "on_time": count.on_time,
        "on_time_rate": count.on_time_rate,
        "overdue": count.overdue,
    }


def training_rows(request: FigureRequest) -> Sequence[Mapping[str, object]]:
    """One row for everybody the figure counted."""
    owed = queries.obligations(
        _course_of(request),
        request.params["through"],
        request.as_of,
        team=request.params["team"],
    )
    return queries.obligation_rows(owed, request.params["through"])


def _apply_courses(run: Apply, plans: Sequence[CoursePlan]) -> Sequence[str]:
    specs = [
        CourseSpec(plan.slug, plan.title, plan.kind, plan.minutes, plan.valid_days)
        for plan in plans
    ]
    return services.define_courses(run.programme_id, specs, actor=run.actor, now=run.now)


def _apply_milestones(run: Apply, plans: Sequence[MilestonePlan]) -> Sequence[str]:
    specs = [
        MilestoneSpec(
            plan.course,
            plan.roles,
            plan.due_days,
            plan.is_mandatory,
            plan.hands_on.kind if plan.hands_on else None,
            plan.hands_on.count if plan.hands_on else None,
            plan.hands_on.within_hours if plan.hands_on else None,
        )
        for plan in plans
    ]
    return services.define_milestones(run.programme_id, specs, actor=run.actor, now=run.now)


FIGURES = (
    Figure(
        name="training",
        says="Reps who passed a course, of those it was assigned to; on time, and overdue.",
        params=(
            Param("course", "str", required=True),
            Param("through", "date", required=True),
            Param("team"),
        ),
        compute=training_figure,
        rows=training_rows,
    ),
)
IMPORTS = (
    ImportKind(
        name="assignments",
        order=60,
        columns=ASSIGNMENT_COLUMNS,
        key=("person_id", "course", "assigned_on"),
        load=services.take_assignments,
        needs_programme=True,
        doc="who has to take which course, from when and until when",
    ),
    ImportKind(
        name="completions",
        order=70,
        columns=COMPLETION_COLUMNS,
        key=("person_id", "course", "completed_at"),
        load=services.take_completions,
        needs_programme=True,
        doc="who finished which course, and whether they passed",
    ),
)
PLAYBOOK_PARTS = (
    PlaybookPart("courses", 20, courses_part, _apply_courses),
    PlaybookPart("milestones", 30, milestones_part, _apply_milestones),
)


@click.group("training")
def training_group() -> None:
    """Courses, milestones and who still has to meet them."""


@training_group.command("assign")
@terminal.friendly
def assign_command() -> None:
    """Give everybody the assignments their milestones bring, as the daily job does."""
    with transaction():
        counts = services.assign_milestones(clock.now())
    click.echo(f"{counts['assigned']} assigned")


COMMANDS = (training_group,)
