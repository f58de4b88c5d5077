"""What became of letters, for pages and commands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select

from core.db import db
from core.errors import NotFound
from core.outbox.tables import LetterState, OutboxLetter


def first_due(until: datetime) -> datetime | None:
    """Return when the first waiting letter may go, if that is not after `until`."""
    return db.session.scalar(
        select(func.min(OutboxLetter.due_at)).where(OutboxLetter.due_at <= until)
    )


def counts_by_state() -> dict[str, int]:
    """Return how many letters stand in each state."""
    rows = db.session.execute(select(OutboxLetter.state, func.count()).group_by(OutboxLetter.state))
    return {str(state): count for state, count in rows}


def letters(
    *,
    person_id: int | None = None,
    state: str | None = None,
    kind: str | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the newest letters first, without their bodies."""
    query = select(
        OutboxLetter.id,
        OutboxLetter.kind,
        OutboxLetter.list_name,
        OutboxLetter.person_id,
        OutboxLetter.subject,
        OutboxLetter.state,
        OutboxLetter.reason,
        OutboxLetter.created_at,
        OutboxLetter.not_before,
        OutboxLetter.finished_at,
        OutboxLetter.dedupe_key,
        OutboxLetter.attempts,
        OutboxLetter.calendar.is_not(None).label("has_invitation"),
    ).order_by(OutboxLetter.id.desc())
    filters = [
        condition
        for value, condition in (
            (person_id, OutboxLetter.person_id == person_id),
            (state, OutboxLetter.state == state),
            (kind, OutboxLetter.kind == kind),
            (before_id, OutboxLetter.id < (before_id or 0)),
        )
        if value is not None
    ]
    return db.session.execute(query.where(*filters).limit(limit)).all()


def letter(letter_id: int) -> OutboxLetter:
    """Return one letter; raises NotFound."""
    found = db.session.get(OutboxLetter, letter_id)
    if found is None:
        msg = "There is no such letter."
        raise NotFound(msg)
    return found


def waiting_count(now: datetime) -> int:
    """Return how many letters are due and not yet decided."""
    return (
        db.session.scalar(
            select(func.count()).select_from(OutboxLetter).where(OutboxLetter.due_at <= now)
        )
        or 0
    )


def states_by_dedupe(keys: Sequence[str]) -> dict[str, LetterState]:
    """Return dedupe key -> state for the letters that exist."""
    rows = db.session.execute(
        select(OutboxLetter.dedupe_key, OutboxLetter.state).where(
            or_(*(OutboxLetter.dedupe_key.in_(keys[i : i + 500]) for i in range(0, len(keys), 500)))
        )
        if keys
        else select(OutboxLetter.dedupe_key, OutboxLetter.state).where(OutboxLetter.id < 0)
    )
    return {row.dedupe_key: LetterState(row.state) for row in rows}
