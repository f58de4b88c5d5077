"""Rows of files and machines become assignments and completions: whole batches, nothing guessed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import people.queries
from core.intake.kinds import Batch, BatchResult, LoadContext, Problem, Row, SetAside
from training_tracker import queries
from training_tracker.services.practice import open_checks
from training_tracker.services.record import (
    AssignmentEntry,
    CompletionEntry,
    Stored,
    store_assignments,
    store_completions,
)
from training_tracker.services.require import add_courses

Numbered = tuple[int, Row]


def take_assignments(batch: Batch, context: LoadContext) -> BatchResult:
    """Store a batch of assignments by person_id + course + assigned_on."""
    rows, problems = _ordered(batch.rows)
    sorted_out = _sort_out(rows, batch, context)
    entries = {
        line: AssignmentEntry(
            person_id, course_id, row["assigned_on"], row["due_on"], bool(row["waived"])
        )
        for line, row, person_id, course_id in sorted_out.known
    }
    entries = _keep_absent_columns(batch, entries)
    stored = store_assignments(list(entries.values()))
    return sorted_out.result(stored, problems)


def _ordered(rows: Iterable[Numbered]) -> tuple[list[Numbered], list[Problem]]:
    """Refuse rows due before they were assigned."""
    good: list[Numbered] = []
    problems = []
    for line, row in rows:
        if row["due_on"] is not None and row["due_on"] < row["assigned_on"]:
            problems.append(Problem(line, "due_on", "end_before_start", str(row["due_on"])))
        else:
            good.append((line, row))
    return good, problems


def _keep_absent_columns(
    batch: Batch, entries: Mapping[int, AssignmentEntry]
) -> dict[int, AssignmentEntry]:
    """A column the file does not have leaves what is stored as it is."""
    if {"due_on", "waived"} <= batch.columns:
        return dict(entries)
    known = queries.assignments_by_key(
        {(entry.person_id, entry.course_id, entry.assigned_on) for entry in entries.values()}
    )
    kept = {}
    for line, entry in entries.items():
        stored = known.get((entry.person_id, entry.course_id, entry.assigned_on))
        values: dict[str, Any] = {}
        if stored is not None and "due_on" not in batch.columns:
            values["due_on"] = stored.due_on
        if stored is not None and "waived" not in batch.columns:
            values["is_waived"] = stored.is_waived
        kept[line] = replace(entry, **values)
    return kept


def take_completions(batch: Batch, context: LoadContext) -> BatchResult:
    """Store a batch of completions by person_id + course + completed_at, and open their checks."""
    sorted_out = _sort_out(batch.rows, batch, context)
    entries = [
        CompletionEntry(
            person_id,
            course_id,
            row["completed_at"],
            row["passed"],
            None if row["score"] is None else float(row["score"]),
            row["source"] or context.source,
        )
        for _line, row, person_id, course_id in sorted_out.known
    ]
    programme_id = context.programme_id or 0
    stored = store_completions(programme_id, entries, actor=context.actor)
    touched = {entry.person_id for entry in entries}
    if stored.added or stored.changed:
        open_checks(programme_id, context.now, touched)
    latest = max((entry.completed_at for entry in entries), default=None)
    return replace(sorted_out.result(stored, []), touched=touched, watermark=latest)


class _SortedOut:
    """Rows whose person and course are known, rows that wait for their person, and remarks."""

    def __init__(self) -> None:
        self.known: list[tuple[int, Row, int, int]] = []
        self.waiting: list[SetAside] = []
        self.remarks: list[Problem] = []

    def result(self, stored: Stored, problems: Iterable[Problem]) -> BatchResult:
        """What became of the whole batch."""
        return BatchResult(
            added=stored.added,
            changed=stored.changed,
            unchanged=stored.unchanged,
            set_aside=self.waiting,
            problems=[*self.remarks, *problems],
        )


def _sort_out(rows: Iterable[Numbered], batch: Batch, context: LoadContext) -> _SortedOut:
    listed = list(rows)
    ids = people.queries.by_key({row["person_id"] for _, row in listed})
    present = [(line, row) for line, row in listed if row["person_id"] in ids]
    courses, new = _courses(context, {row["course"] for _, row in present})
    found = _SortedOut()
    found.waiting = [
        SetAside(line, batch.raw(line), "unknown_person", ref=row["person_id"])
        for line, row in listed
        if row["person_id"] not in ids
    ]
    for line, row in present:
        slug = row["course"]
        found.known.append((line, row, ids[row["person_id"]], courses[slug]))
        if slug in new:
            new.discard(slug)
            found.remarks.append(_new_course(line, slug))
    return found


def _courses(context: LoadContext, slugs: set[str]) -> tuple[dict[str, int], set[str]]:
    """Course ids by slug, and those slugs no playbook had declared, which are courses now."""
    programme_id = context.programme_id or 0
    known: dict[str, int] = context.memo.get("courses") or queries.course_ids(programme_id)
    new = slugs - set(known)
    if new:
        known = add_courses(programme_id, sorted(new))
    context.memo["courses"] = known
    return known, new


def _new_course(line: int, slug: str) -> Problem:
    return Problem(
        line,
        "course",
        "unknown_course",
        slug,
        "No playbook has this course; it was added under this name."
        " If it is a spelling mistake, correct the file.",
        refuses=False,
    )
