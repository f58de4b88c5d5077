"""Outside text of the training room: playbook parts, import columns, rows of the API, the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from core.calendars import ProgrammeCalendar, first_instant
from core.errors import Invalid
from core.intake.kinds import Column, boolean, day, decimal, instant, text
from core.playbook import Fields, Node
from core.policy import Role
from training_tracker.rules import CourseKind

KINDS = tuple(kind.value for kind in CourseKind)
ROLES = tuple(role.value for role in Role)
LONGEST_WINDOW_HOURS = 24 * 365
MOST_ROWS = 1000

ASSIGNMENT_COLUMNS = (
    Column("person_id", text(80), required=True),
    Column("course", text(120), required=True),
    Column("assigned_on", day(), required=True),
    Column("due_on", day()),
    Column("waived", boolean(), default=False),
)
COMPLETION_COLUMNS = (
    Column("person_id", text(80), required=True),
    Column("course", text(120), required=True),
    Column("completed_at", instant(), required=True),
    Column("passed", boolean(), required=True),
    Column("score", decimal()),
    Column("source", text(80)),
)


@dataclass(frozen=True)
class CoursePlan:
    """A course of a playbook."""

    slug: str
    title: str
    kind: str
    minutes: int | None
    valid_days: int | None


@dataclass(frozen=True)
class HandsOnPlan:
    """Real use a milestone asks for after its course."""

    kind: str
    count: int
    within_hours: int


@dataclass(frozen=True)
class MilestonePlan:
    """A milestone of a playbook."""

    course: str
    roles: tuple[str, ...]
    due_days: int
    is_mandatory: bool
    hands_on: HandsOnPlan | None


def courses_part(node: Node) -> tuple[CoursePlan, ...]:
    """`courses` of a playbook (CONTRACT 4); a name twice is refused."""
    plans = node.each(_course)
    _refuse_twice(node, [plan.slug for plan in plans])
    return plans


def _course(node: Node) -> CoursePlan:
    keys = node.fields("slug", "title", "kind", "minutes", "valid_days")
    slug = keys.slug()
    return CoursePlan(
        slug,
        keys.text("title", longest=200, default=slug),
        keys.choice("kind", KINDS, default=CourseKind.ELEARNING.value),
        keys.whole("minutes", low=1, high=100_000),
        keys.whole("valid_days", low=1, high=36_500),
    )


def milestones_part(node: Node) -> tuple[MilestonePlan, ...]:
    """`milestones` of a playbook (CONTRACT 4); one per course."""
    plans = node.each(_milestone)
    _refuse_twice(node, [plan.course for plan in plans])
    return plans


def _milestone(node: Node) -> MilestonePlan:
    keys = node.fields("course", "for", "due_days_after_start", "mandatory", "hands_on")
    return MilestonePlan(
        keys.text("course", required=True, longest=120),
        _roles(keys.node("for")),
        keys.whole("due_days_after_start", low=0, high=3660, required=True),
        keys.flag("mandatory", default=True),
        _hands_on(keys),
    )


def _roles(node: Node | None) -> tuple[str, ...]:
    if node is None:
        return (Role.REP.value,)
    return node.fields("roles").texts("roles", choices=ROLES, required=True)


def _hands_on(keys: Fields) -> HandsOnPlan | None:
    node = keys.node("hands_on")
    if node is None:
        return None
    inner = node.fields("kind", "count", "within_hours")
    return HandsOnPlan(
        inner.text("kind", required=True, longest=80),
        inner.whole("count", low=1, high=1000, default=1),
        inner.whole("within_hours", low=1, high=LONGEST_WINDOW_HOURS, required=True),
    )


def _refuse_twice(node: Node, names: Sequence[str]) -> None:
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise node.refuse(f"{twice[0]!r} stands here twice")


def completion_rows(body: object) -> list[tuple[int, dict[str, str]]]:
    """The rows of POST /api/v1/completions as the cells of a file, numbered from 1.

    A row that is no object comes out empty, so that it is refused by name and the others are kept.
    Raises Invalid when the body has no list of at most a thousand rows.
    """
    rows = body.get("completions") if isinstance(body, Mapping) else None
    if not isinstance(rows, list):
        raise Invalid("The body needs a list under `completions`.", field="completions")
    if len(rows) > MOST_ROWS:
        raise Invalid(f"At most {MOST_ROWS:,} completions at once.", field="completions")
    names = [column.name for column in COMPLETION_COLUMNS]
    return [
        (number, {name: _cell(row, name) for name in names})
        for number, row in enumerate(rows, start=1)
    ]


def _cell(row: object, name: str) -> str:
    """A JSON value as the cell it would be in a file; what no cell can hold shows as itself."""
    value = row.get(name) if isinstance(row, Mapping) else None
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@dataclass(frozen=True)
class MarkForm:
    """A completion marked on a page."""

    person_key: str
    completed_at: datetime
    is_passed: bool


END_OF_WORK = time(17, 0)


def mark_form(values: Mapping[str, str], calendar: ProgrammeCalendar, now: datetime) -> MarkForm:
    """Read the page's form: who, on which date, passed or not. Raises Invalid naming the field.

    A date stands for five in the afternoon, or for this moment if that is still to come today.
    """
    key = values.get("person_id", "").strip()
    if not key:
        raise Invalid("Choose who finished it.", field="person_id", code="missing")
    written = values.get("completed_on", "").strip()
    try:
        on = date.fromisoformat(written)
    except ValueError:
        raise Invalid("Give the date as YYYY-MM-DD.", field="completed_on") from None
    today = calendar.local_day(now)
    if not date(1970, 1, 2) <= on <= today:
        raise Invalid("The date lies in the future or too far back.", field="completed_on")
    evening = datetime.combine(on, END_OF_WORK, calendar.tz)
    finished = max(first_instant(calendar.tz, on), min(evening, now))
    return MarkForm(key, finished, values.get("passed", "yes") == "yes")
