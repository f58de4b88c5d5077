"""Which events were held for review, when, and whose they are (METRICS C3)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, select, tuple_

from adoption.models import EventHold, UsageEvent
from core.db import db

EventKey = tuple[str, str]
CHUNK = 400


def held_then(programme_id: int, as_of: datetime) -> frozenset[EventKey]:
    """(source, event id) of every event held at an instant: held_at <= t < released_at."""
    rows = db.session.execute(
        select(EventHold.source, EventHold.event_id).where(
            EventHold.programme_id == programme_id,
            EventHold.held_at <= as_of,
            or_(EventHold.released_at.is_(None), EventHold.released_at > as_of),
        )
    )
    return frozenset((source, event_id) for source, event_id in rows)


def people_held_since(programme_id: int, since: datetime) -> frozenset[int]:
    """Whose events were held or released after an instant."""
    rows = db.session.scalars(
        select(EventHold.person_id).where(
            EventHold.programme_id == programme_id,
            or_(EventHold.held_at > since, EventHold.released_at > since),
        )
    )
    return frozenset(rows)


def holds_of(programme_id: int, keys: Collection[EventKey]) -> tuple[EventHold, ...]:
    """Every hold of these events, in order."""
    found: list[EventHold] = []
    ordered = sorted(keys)
    for start in range(0, len(ordered), CHUNK):
        found += db.session.scalars(
            select(EventHold)
            .where(
                EventHold.programme_id == programme_id,
                tuple_(EventHold.source, EventHold.event_id).in_(ordered[start : start + CHUNK]),
            )
            .order_by(EventHold.id)
        )
    return tuple(found)


def versions_named(programme_id: int, keys: Collection[EventKey]) -> tuple[UsageEvent, ...]:
    """Every version of these events, oldest first."""
    found: list[UsageEvent] = []
    ordered = sorted(keys)
    for start in range(0, len(ordered), CHUNK):
        found += db.session.scalars(
            select(UsageEvent)
            .where(
                UsageEvent.programme_id == programme_id,
                tuple_(UsageEvent.source, UsageEvent.event_id).in_(ordered[start : start + CHUNK]),
            )
            .order_by(UsageEvent.source, UsageEvent.event_id, UsageEvent.version)
        )
    return tuple(found)


def wrongly_marked(programme_id: int) -> int | None:
    """The first event whose mark of being held is not what its holds say, or None."""
    open_hold = (
        select(EventHold.id)
        .where(
            EventHold.programme_id == UsageEvent.programme_id,
            EventHold.source == UsageEvent.source,
            EventHold.event_id == UsageEvent.event_id,
            EventHold.released_at.is_(None),
        )
        .exists()
    )
    marked_without = select(UsageEvent.id).where(
        UsageEvent.programme_id == programme_id, UsageEvent.held_at.is_not(None), ~open_hold
    )
    unmarked = (
        select(UsageEvent.id)
        .join(
            EventHold,
            (EventHold.programme_id == UsageEvent.programme_id)
            & (EventHold.source == UsageEvent.source)
            & (EventHold.event_id == UsageEvent.event_id),
        )
        .where(
            EventHold.programme_id == programme_id,
            EventHold.released_at.is_(None),
            UsageEvent.held_at.is_(None),
        )
    )
    wrong = db.session.scalar(marked_without.limit(1))
    return db.session.scalar(unmarked.limit(1)) if wrong is None else wrong
