"""Hold events for review, and let them go: what a contest's score skips meanwhile (METRICS C3).

Adoption figures are not touched: whether something happened is not in doubt here, only whether it
counts in a contest. Who decides and why is the business of the room that asks.
"""

from collections.abc import Collection
from datetime import datetime

from adoption.models import EventHold, UsageEvent
from adoption.queries.holds import EventKey, holds_of, versions_named
from core.db import db, lock_row
from core.errors import NotFound
from programme.models import Programme


def hold_events(programme_id: int, keys: Collection[EventKey], *, now: datetime) -> int:
    """Hold these events from now on; returns how many were not held before.

    Raises NotFound when one of them does not exist. Holding what is held changes nothing.
    """
    lock_row(Programme, programme_id)
    versions = versions_named(programme_id, keys)
    person_of = {(row.source, row.event_id): row.person_id for row in versions}
    if set(keys) - set(person_of):
        raise NotFound("One of these events does not exist any more.")
    held = {_key(hold) for hold in holds_of(programme_id, keys) if hold.released_at is None}
    new = sorted(set(keys) - held)
    for source, event_id in new:
        db.session.add(
            EventHold(
                programme_id=programme_id,
                source=source,
                event_id=event_id,
                person_id=person_of[source, event_id],
                held_at=now,
            )
        )
    for row in versions:
        if _key(row) not in held:
            row.held_at = now
    db.session.flush()
    return len(new)


def release_events(programme_id: int, keys: Collection[EventKey], *, now: datetime) -> int:
    """Let these events count again from now on; returns how many were held."""
    lock_row(Programme, programme_id)
    open_holds = [hold for hold in holds_of(programme_id, keys) if hold.released_at is None]
    for hold in open_holds:
        hold.released_at = now
    freed = {_key(hold) for hold in open_holds}
    for row in versions_named(programme_id, freed):
        row.held_at = None
    db.session.flush()
    return len(open_holds)


def _key(row: EventHold | UsageEvent) -> EventKey:
    return row.source, row.event_id
