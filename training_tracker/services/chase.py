"""The overdue ladder: rep on day 1, manager on day 3, director on day 7."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import people.queries
import programme.queries
from core import audit, outbox
from core.db import insert_missing_returning
from core.policy import SYSTEM
from training_tracker import notices, queries
from training_tracker.models import (
    Escalation,
)
from training_tracker.notices import OverdueLine
from training_tracker.queries import OverdueRow
from training_tracker.rules import (
    CHASED_FOR,
    LadderStep,
    steps_due,
)
from training_tracker.services.require import today_in


def chase_overdue(as_of: datetime) -> dict[str, int]:
    """Climb the ladder: rep on day 1, manager on day 3, director on day 7, each rung once, ever.

    Whoever is on leave today is not chased today, and nobody is told of them.
    """
    counts: dict[str, int] = {}
    for owner in programme.queries.all_programmes():
        today = today_in(owner, as_of)
        recent = queries.due_between(owner.id, today - timedelta(days=CHASED_FOR), today)
        if not recent:
            continue
        found = queries.overdue(queries.snapshot(owner.id, as_of, recent), today)
        late = [row for row in found if not row.is_away]
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
