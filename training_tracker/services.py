"""The verbs of the training room: require, record, check real use, chase. Sets, not single rows."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import adoption.queries
import people.queries
import programme.queries
from core import audit, outbox
from core.calendars import local_date
from core.db import db, insert_missing, insert_missing_returning, upsert_rows
from core.errors import Invalid, NotFound
from core.policy import SYSTEM, Actor
from people.rules import PersonCalendar
from programme.models import Programme
from training_tracker import access, notices, queries
from training_tracker.models import (
    Assignment,
    Completion,
    Course,
    Escalation,
    HandsOnCheck,
    Milestone,
)
from training_tracker.notices import OverdueLine, PracticeLine
from training_tracker.queries import CourseRow, MilestoneRow, NewDuty, OverdueRow, PassRow
from training_tracker.rules import (
    HandsOnState,
    LadderStep,
    hands_on_due,
    hands_on_result,
    milestone_dates,
    steps_due,
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


@dataclass(frozen=True)
class AssignmentEntry:
    """One assignment handed in."""

    person_id: int
    course_id: int
    assigned_on: date
    due_on: date | None = None
    is_waived: bool = False


@dataclass(frozen=True)
class CompletionEntry:
    """One completion handed in."""

    person_id: int
    course_id: int
    completed_at: datetime
    is_passed: bool
    score: float | None = None
    source: str = "file"


@dataclass(frozen=True)
class Stored:
    """What became of rows handed in together."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


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
        elif _set(course, values):
            changes.append(f"course {spec.slug} changed")
    db.session.flush()
    _audit_changes("training.milestone_define", programme_id, changes, actor, now)
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
        elif _set(milestone, values):
            changes.append(f"milestone {spec.course} changed")
    changes.extend(
        f"milestone of course {left.course_id} is no longer required"
        for left in known.values()
        if _set(left, {"is_mandatory": False})
    )
    db.session.flush()
    _audit_changes("training.milestone_define", programme_id, changes, actor, now)
    return changes


def _set(row: object, values: Mapping[str, object]) -> bool:
    """Write what differs; say whether anything did."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


def _audit_changes(
    action: str, programme_id: int, changes: Sequence[str], actor: Actor, now: datetime
) -> None:
    if changes:
        audit.record(
            action,
            actor=actor,
            now=now,
            subject=f"programme:{programme_id}",
            detail={"changes": list(changes)},
        )


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


def store_assignments(entries: Sequence[AssignmentEntry], source: str = "file") -> Stored:
    """Write assignments by their key (person, course, assigned_on). The same again changes nothing.

    A milestone's own assignment that a file contradicts on another day is kept as the older one.
    """
    rows = {(entry.person_id, entry.course_id, entry.assigned_on): entry for entry in entries}
    known = queries.assignments_by_key(rows)
    fresh, different = [], []
    for key, entry in rows.items():
        stored = known.get(key)
        if stored is None:
            fresh.append(entry)
        elif (stored.due_on, stored.is_waived) != (entry.due_on, entry.is_waived):
            different.append(entry)
    upsert_rows(
        Assignment,
        [
            {
                "person_id": entry.person_id,
                "course_id": entry.course_id,
                "assigned_on": entry.assigned_on,
                "due_on": entry.due_on,
                "is_waived": entry.is_waived,
                "source": source,
            }
            for entry in [*fresh, *different]
        ],
        ["person_id", "course_id", "assigned_on"],
    )
    db.session.expire_all()
    return Stored(len(fresh), len(different), len(entries) - len(fresh) - len(different))


def store_completions(
    programme_id: int, entries: Sequence[CompletionEntry], *, actor: Actor
) -> Stored:
    """Write completions by their key (person, course, completed_at) and keep checks in step.

    A pass taken back closes the hands-on check it had opened.
    """
    rows = {(entry.person_id, entry.course_id, entry.completed_at): entry for entry in entries}
    known = queries.completions_by_key(rows)
    fresh, different = [], []
    for key, entry in rows.items():
        stored = known.get(key)
        if stored is None:
            fresh.append(entry)
        elif (stored.is_passed, stored.score) != (entry.is_passed, entry.score):
            different.append(entry)
    days = _local_days(programme_id, [*fresh, *different])
    upsert_rows(
        Completion,
        [
            {
                "person_id": entry.person_id,
                "course_id": entry.course_id,
                "completed_at": entry.completed_at,
                "local_day": day,
                "is_passed": entry.is_passed,
                "score": entry.score,
                "source": entry.source,
                "recorded_by": actor.person_id,
            }
            for entry, day in zip([*fresh, *different], days, strict=True)
        ],
        ["person_id", "course_id", "completed_at"],
    )
    _drop_checks_of_failures(
        [
            known[entry.person_id, entry.course_id, entry.completed_at].id
            for entry in different
            if not entry.is_passed
        ]
    )
    db.session.expire_all()
    return Stored(len(fresh), len(different), len(entries) - len(fresh) - len(different))


def _local_days(programme_id: int, entries: Sequence[CompletionEntry]) -> list[date]:
    """METRICS T2: each completion's date in the programme's zone, or in the rep's own."""
    owner = queries.programme_by_id(programme_id)
    calendar = programme.queries.calendar(owner)
    own = (
        queries.own_zones({entry.person_id for entry in entries}) if owner.tz_mode == "user" else {}
    )
    return [
        local_date(entry.completed_at, own.get(entry.person_id, calendar.tz)) for entry in entries
    ]


def _drop_checks_of_failures(completion_ids: Sequence[int]) -> None:
    for check in queries.checks_of_completions(completion_ids):
        db.session.delete(check)
    db.session.flush()


@dataclass(frozen=True)
class Marked:
    """What a person marks on a page: who finished which course when."""

    person_key: str
    course_slug: str
    completed_at: datetime
    is_passed: bool = True


def record_completion(
    marked: Marked, *, programme_id: int, actor: Actor, now: datetime
) -> Completion:
    """Mark one completion by hand, within the actor's reach; opens its hands-on check at once.

    Raises NotFound for strangers and unknown courses, Invalid for a moment still to come.
    """
    today = _today(queries.programme_by_id(programme_id), now)
    person = access.person_to_mark(actor, marked.person_key, today)
    course = course_of(programme_id, marked.course_slug)
    if marked.completed_at > now:
        raise Invalid("This lies in the future.", field="completed_on", fix="Give a past date.")
    entry = CompletionEntry(
        person.id, course.id, marked.completed_at, marked.is_passed, source="page"
    )
    store_completions(programme_id, [entry], actor=actor)
    open_checks(programme_id, now, person_ids={person.id})
    audit.record(
        "training.record_completion",
        actor=actor,
        now=now,
        subject=f"person:{person.id}",
        detail={"course": course.slug, "passed": marked.is_passed},
    )
    key = (person.id, course.id, marked.completed_at)
    return queries.completions_by_key([key])[key]


def course_of(programme_id: int, slug: str) -> CourseRow:
    """The course of this slug; raises NotFound."""
    course = queries.course_by_slug(programme_id, slug)
    if course is None:
        raise NotFound(f"There is no course {slug}.", field="course")
    return course


def _today(owner: Programme, as_of: datetime) -> date:
    return programme.queries.calendar(owner).local_day(as_of)


def assign_milestones(as_of: datetime) -> dict[str, int]:
    """Give everybody a milestone concerns its assignment once their start day has come.

    Who has any assignment of the course already, from a file or earlier, is left alone.
    """
    assigned = 0
    for owner in programme.queries.all_programmes():
        today = _today(owner, as_of)
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


def open_checks(
    programme_id: int, as_of: datetime, person_ids: Collection[int] | None = None
) -> int:
    """Open a hands-on window after each first pass since launch that has none; return how many.

    Whoever can still act is asked to try it now.
    """
    owner = queries.programme_by_id(programme_id)
    opened = 0
    for row in queries.milestones(programme_id):
        if row.hands_on_kind is not None:
            passes = queries.passes_without_check(row, as_of, owner.launch_on, person_ids)
            opened += _open_for(row, passes, owner, as_of)
    return opened


def _open_for(
    row: MilestoneRow, passes: Sequence[PassRow], owner: Programme, as_of: datetime
) -> int:
    due = {
        each.person_id: hands_on_due(each.completed_at, row.hands_on_hours or 0) for each in passes
    }
    new = insert_missing_returning(
        HandsOnCheck,
        [
            {
                "milestone_id": row.id,
                "person_id": each.person_id,
                "completion_id": each.completion_id,
                "kind": row.hands_on_kind,
                "needed": row.hands_on_count,
                "opens_at": each.completed_at,
                "due_at": due[each.person_id],
                "state": HandsOnState.OPEN.value,
                "seen": 0,
                "passed_at": None,
            }
            for each in passes
        ],
        ["milestone_id", "person_id"],
        ["id", "person_id"],
    )
    invited = [each for each in new if due[each.person_id] > as_of]
    cards = people.queries.cards([each.person_id for each in invited])
    calendar = programme.queries.calendar(owner)
    outbox.post_all(
        (
            notices.now_try_it(
                to=each.person_id,
                name=cards[each.person_id].name,
                line=_practice(row, 0, calendar.local_day(due[each.person_id])),
                check_id=each.id,
                now=as_of,
                until=due[each.person_id],
            )
            for each in invited
        ),
        as_of,
    )
    return len(new)


def _practice(row: MilestoneRow, seen: int, until: date) -> PracticeLine:
    return PracticeLine(
        course=row.course.title,
        kind=row.hands_on_kind or "",
        needed=row.hands_on_count or 1,
        seen=seen,
        until=until,
        hours=row.hands_on_hours or 0,
    )


def check_hands_on(as_of: datetime) -> dict[str, int]:
    """Open the windows still missing and judge every open one by the usage known by now.

    Usage that arrives late proves a check missed up to two weeks ago all the same.
    """
    counts: dict[str, int] = defaultdict(int)
    for owner in programme.queries.all_programmes():
        counts["opened"] += open_checks(owner.id, as_of)
        for check in _judge(owner, as_of):
            counts[check.state] += 1
    return dict(counts)


def _judge(owner: Programme, as_of: datetime) -> list[HandsOnCheck]:
    """Write verdicts, tell those who ran out of time, return the checks that changed."""
    checks = queries.checks_to_judge(owner.id, as_of)
    if not checks:
        return []
    uses = _uses(owner.id, checks, as_of)
    changed, missed = [], []
    for check in checks:
        moments = uses.get((check.person_id, check.kind), ())
        result = hands_on_result(check.opens_at, check.due_at, check.needed, moments, as_of)
        before = check.state
        check.seen = result.seen
        check.state, check.passed_at = result.state.value, result.passed_at
        if check.state != before:
            changed.append(check)
            if result.state is HandsOnState.MISSED:
                missed.append(check)
    db.session.flush()
    _tell_missed(owner, missed, as_of)
    return changed


def _uses(
    programme_id: int, checks: Sequence[HandsOnCheck], as_of: datetime
) -> dict[tuple[int, str], list[datetime]]:
    """(person, kind) -> the moments of use the checks may count."""
    rows = adoption.queries.events_after(
        programme_id,
        {check.person_id for check in checks},
        {check.kind for check in checks},
        min(check.opens_at for check in checks),
        as_of,
    )
    found: dict[tuple[int, str], list[datetime]] = defaultdict(list)
    for row in rows:
        found[row.person_id, row.kind].append(row.occurred_at)
    return found


def _tell_missed(owner: Programme, checks: Sequence[HandsOnCheck], as_of: datetime) -> None:
    recent = [check for check in checks if as_of - check.due_at <= notices.NUDGE_KEEPS]
    rows = {row.id: row for row in queries.milestones(owner.id)}
    cards = people.queries.cards([check.person_id for check in recent])
    calendar = programme.queries.calendar(owner)
    outbox.post_all(
        (
            notices.hands_on_due(
                to=check.person_id,
                name=cards[check.person_id].name,
                line=_practice(
                    rows[check.milestone_id], check.seen, calendar.local_day(check.due_at)
                ),
                check_id=check.id,
                now=as_of,
            )
            for check in recent
        ),
        as_of,
    )


def chase_overdue(as_of: datetime) -> dict[str, int]:
    """Climb the ladder: rep on day 1, manager on day 3, director on day 7, each rung once, ever.

    Whoever is on leave today is not chased today, and nobody is told of them.
    """
    counts: dict[str, int] = {}
    for owner in programme.queries.all_programmes():
        today = _today(owner, as_of)
        late = [row for row in queries.overdue(owner.id, today, as_of) if not row.is_away]
        if not late:
            continue
        climbed = queries.climbed({row.assignment_id for row in late})
        targets = _targets(late, today)
        for step in LadderStep:
            ready = [
                row
                for row in late
                if step in steps_due(row.days_late)
                and (row.assignment_id, step.value) not in climbed
                and (step, row.person_id) in targets
            ]
            letters = _climb(step, ready, targets, today, as_of)
            counts[step.value] = counts.get(step.value, 0) + letters
    return counts


def _targets(late: Sequence[OverdueRow], today: date) -> dict[tuple[LadderStep, int], int]:
    """(step, rep) -> who hears of the rep at that step."""
    reps = {row.person_id for row in late}
    managers = people.queries.managers_of(reps, today)
    directors = people.queries.managers_of(set(managers.values()), today)
    found = {(LadderStep.REP, rep): rep for rep in reps}
    for rep, manager in managers.items():
        found[LadderStep.MANAGER, rep] = manager
        if manager in directors:
            found[LadderStep.DIRECTOR, rep] = directors[manager]
    return found


def _climb(
    step: LadderStep,
    ready: Sequence[OverdueRow],
    targets: Mapping[tuple[LadderStep, int], int],
    today: date,
    as_of: datetime,
) -> int:
    """Write one rung for each assignment and one letter for each reader; return the letters."""
    new = insert_missing_returning(
        Escalation,
        [
            {
                "assignment_id": row.assignment_id,
                "step": step.value,
                "to_person_id": targets[step, row.person_id],
                "on_day": today,
            }
            for row in ready
        ],
        ["assignment_id", "step"],
        ["assignment_id"],
    )
    climbed = {row.assignment_id for row in new}
    groups: dict[int, list[OverdueRow]] = defaultdict(list)
    for row in ready:
        if row.assignment_id in climbed:
            groups[targets[step, row.person_id]].append(row)
    posted = outbox.post_all(_overdue_letters(step, groups, today, as_of), as_of)
    if climbed:
        audit.record(
            "training.nudge_send",
            actor=SYSTEM,
            now=as_of,
            subject=f"step:{step.value}",
            detail={"assignments": len(climbed), "letters": posted},
        )
    return posted


def _overdue_letters(
    step: LadderStep, groups: Mapping[int, Sequence[OverdueRow]], today: date, as_of: datetime
) -> list[outbox.Letter]:
    write = {
        LadderStep.REP: notices.overdue_rep,
        LadderStep.MANAGER: notices.overdue_manager,
        LadderStep.DIRECTOR: notices.overdue_director,
    }[step]
    cards = people.queries.cards(
        {*groups, *(row.person_id for rows in groups.values() for row in rows)}
    )
    return [
        write(
            to=to,
            name=cards[to].name,
            lines=[
                OverdueLine(
                    cards[row.person_id].name,
                    row.course_title,
                    row.course_slug,
                    row.due_on,
                    row.days_late,
                )
                for row in rows
            ],
            day=today,
            now=as_of,
        )
        for to, rows in groups.items()
    ]
