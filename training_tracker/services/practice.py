"""Hands-on checks: real use asked for after a class, proven by usage."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime

import adoption.queries
import people.queries
import programme.queries
from core import outbox
from core.db import db, insert_missing_returning
from programme.models import Programme
from training_tracker import notices, queries
from training_tracker.models import (
    HandsOnCheck,
)
from training_tracker.notices import PracticeLine
from training_tracker.queries import MilestoneRow, PassRow
from training_tracker.rules import (
    HandsOnState,
    hands_on_due,
    hands_on_result,
)


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
