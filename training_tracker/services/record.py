"""Assignments and completions, written set-wise by their keys, or marked by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import programme.queries
from core import audit
from core.calendars import local_date
from core.db import db, upsert_rows
from core.errors import Invalid
from core.policy import Actor
from training_tracker import access, queries
from training_tracker.models import (
    Assignment,
    Completion,
)
from training_tracker.services.practice import open_checks
from training_tracker.services.require import course_of, today_in


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


def store_assignments(entries: Sequence[AssignmentEntry], source: str = "file") -> Stored:
    """Write assignments by their key (person, course, assigned_on). The same again changes nothing.

    What a file says replaces what a milestone had assigned by itself: that is waived, not erased.
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
    if source == "file":
        for own in queries.assigned_by_milestone({key[:2] for key in rows}):
            own.is_waived |= (own.person_id, own.course_id, own.assigned_on) not in rows
        db.session.flush()
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
    today = today_in(queries.programme_by_id(programme_id), now)
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
