"""SELECTs over raw usage events: what was known when, contest entries, what followed a class."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

import people.queries
import programme.queries
from adoption.models import (
    Deal,
    IngestBatch,
    Proposal,
    Signal,
    TouchedDay,
    UsageDigest,
    UsageEvent,
    UsageMark,
    UsageRequest,
)
from adoption.queries.holds import EventKey, held_then
from core.calendars import DAY, ProgrammeCalendar
from core.db import db, table_of
from people.models import Person

CHUNK = 5_000
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
WINNERS = UsageEvent.superseded_at.is_(None)
COUNTED = (UsageEvent.voided.is_(False), UsageEvent.quarantine.is_(None))


@dataclass(frozen=True)
class ContestEvent:
    """One event a contest may score; `local_day` is the programme's day for everybody (C1)."""

    person_id: int
    local_day: date
    kind: str
    occurred_at: datetime
    event_id: str
    object_id: str | None
    value: float | None
    held: bool
    fingerprint: str | None
    source: str = ""


@dataclass(frozen=True)
class UsageRow:
    """One event that exists: not voided, not quarantined."""

    person_id: int
    kind: str
    occurred_at: datetime
    local_day: date
    object_id: str | None
    event_id: str
    source: str


def chunks(ids: Collection[int]) -> Iterator[list[int]]:
    """Ids cut so that a statement stays under the databases' limit of bound values."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def chunks_of(keys: Iterable[str]) -> Iterator[list[str]]:
    """Keys cut likewise."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def known_at(as_of: datetime | None) -> tuple[ColumnElement[bool], ...]:
    """METRICS E1: the versions that won at `as_of` (None: that win now) and count (E2, voids)."""
    if as_of is None:
        return (WINNERS, *COUNTED)
    return (
        UsageEvent.received_at <= as_of,
        or_(UsageEvent.superseded_at.is_(None), UsageEvent.superseded_at > as_of),
        *COUNTED,
    )


def latest_received_at(programme_id: int) -> datetime | None:
    """The newest arrival among everything stored; later `as_of` values change nothing."""
    newest = [
        *db.session.scalars(
            select(func.max(IngestBatch.latest_received_at)).where(
                IngestBatch.programme_id == programme_id, IngestBatch.rolled_at.is_(None)
            )
        ),
        *db.session.scalars(
            select(UsageMark.latest_received_at).where(UsageMark.programme_id == programme_id)
        ),
    ]
    return max((instant for instant in newest if instant is not None), default=None)


def has_pending(programme_id: int) -> bool:
    """Whether stored events wait for roll-up: the day rows may not be read for figures then."""
    waiting = select(IngestBatch.id).where(
        IngestBatch.programme_id == programme_id, IngestBatch.rolled_at.is_(None)
    )
    touched = select(TouchedDay.person_id).where(TouchedDay.programme_id == programme_id)
    return any(
        db.session.execute(statement.limit(1)).first() is not None
        for statement in (waiting, touched)
    )


def days_are_current(programme_id: int, as_of: datetime | None) -> bool:
    """Whether the day rows say exactly what the events said at `as_of`."""
    if has_pending(programme_id):
        return False
    newest = latest_received_at(programme_id)
    return as_of is None or newest is None or newest <= as_of


def events_for_contest(
    programme_id: int,
    kinds: Collection[str],
    start_day: date,
    end_day: date,
    received_until: datetime,
    person_ids: Collection[int] | None = None,
    holds_as_of: datetime | None = None,
) -> list[ContestEvent]:
    """Events of [start_day, end_day) as known at `received_until`, by person and moment.

    Days are the programme's for everybody (METRICS C1). Only in-scope reps on dates they were
    employed and enabled (E3). Held events are included and marked: scoring skips them (C3); those
    held at `holds_as_of`, or where it is None those held now.
    """
    owner = programme.queries.by_id(programme_id)
    calendar = programme.queries.calendar(owner)
    members = programme.queries.members(programme_id)
    wanted = members if person_ids is None else members & frozenset(person_ids)
    calendars = people.queries.calendars(None if person_ids is None else wanted)
    statement = _contest_rows(programme_id, kinds, calendar, start_day, end_day, received_until)
    then = None if holds_as_of is None else held_then(programme_id, holds_as_of)
    found: list[ContestEvent] = []
    for row in rows_of_people(statement, None if person_ids is None else wanted):
        day = row.local_day
        if owner.tz_mode == "user":
            day = calendar.local_day(row.occurred_at)
        if row.person_id in wanted and calendars[row.person_id].is_current(day):
            found.append(_contest_event(row, day, then))
    return found


def _contest_event(row: AnyRow, day: date, then: frozenset[EventKey] | None) -> ContestEvent:
    is_held = row.held_at is not None if then is None else (row.source, row.event_id) in then
    return ContestEvent(
        row.person_id,
        day,
        row.kind,
        row.occurred_at,
        row.event_id,
        row.object_id,
        row.value,
        is_held,
        row.fingerprint,
        row.source,
    )


def _contest_rows(
    programme_id: int,
    kinds: Collection[str],
    calendar: ProgrammeCalendar,
    start_day: date,
    end_day: date,
    received_until: datetime,
) -> AnySelect:
    """The winning versions of a contest's days; a day more on both sides for reps' own zones."""
    return (
        select(
            UsageEvent.person_id,
            UsageEvent.local_day,
            UsageEvent.kind,
            UsageEvent.occurred_at,
            UsageEvent.event_id,
            UsageEvent.object_id,
            UsageEvent.value,
            UsageEvent.held_at,
            UsageEvent.fingerprint,
            UsageEvent.source,
        )
        .where(
            UsageEvent.programme_id == programme_id,
            UsageEvent.local_day >= start_day - DAY,
            UsageEvent.local_day < end_day + DAY,
            UsageEvent.occurred_at >= calendar.day_start(start_day),
            UsageEvent.occurred_at < calendar.day_start(end_day),
            UsageEvent.kind.in_(sorted(kinds)),
            *known_at(received_until),
        )
        .order_by(UsageEvent.person_id, UsageEvent.occurred_at, UsageEvent.event_id)
    )


def rows_of_people(statement: AnySelect, person_ids: Collection[int] | None) -> Iterator[AnyRow]:
    """The rows of everybody, or of the people named, a chunk of people at a time."""
    if person_ids is None:
        yield from db.session.execute(statement)
        return
    for chunk in chunks(person_ids):
        yield from db.session.execute(statement.where(UsageEvent.person_id.in_(chunk)))


def events_after(
    programme_id: int,
    person_ids: Collection[int],
    kinds: Collection[str],
    since: datetime,
    until: datetime,
) -> list[UsageRow]:
    """Existing events of these people and kinds with since < occurred_at <= until, oldest first."""
    owner = programme.queries.by_id(programme_id)
    calendar = programme.queries.calendar(owner)
    statement = _usage_rows(programme_id).where(
        UsageEvent.local_day >= calendar.local_day(since) - DAY,
        UsageEvent.local_day <= calendar.local_day(until) + DAY,
        UsageEvent.occurred_at > since,
        UsageEvent.occurred_at <= until,
        UsageEvent.kind.in_(sorted(kinds)),
    )
    return [UsageRow(*row) for row in rows_of_people(statement, person_ids)]


def events_of_day(programme_id: int, person_id: int, day: date) -> list[UsageRow]:
    """The rows behind one person's date."""
    statement = _usage_rows(programme_id).where(UsageEvent.local_day == day)
    return [UsageRow(*row) for row in rows_of_people(statement, [person_id])]


def _usage_rows(programme_id: int) -> AnySelect:
    return (
        select(
            UsageEvent.person_id,
            UsageEvent.kind,
            UsageEvent.occurred_at,
            UsageEvent.local_day,
            UsageEvent.object_id,
            UsageEvent.event_id,
            UsageEvent.source,
        )
        .where(UsageEvent.programme_id == programme_id, *known_at(None))
        .order_by(UsageEvent.person_id, UsageEvent.occurred_at, UsageEvent.event_id)
    )


def day_rows(programme_id: int, as_of: datetime | None) -> AnySelect:
    """What a full rebuild of the day rows selects: counts per person, date and kind."""
    return (
        select(
            UsageEvent.person_id,
            UsageEvent.local_day,
            UsageEvent.kind,
            func.count().label("count"),
        )
        .where(UsageEvent.programme_id == programme_id, *known_at(as_of))
        .group_by(UsageEvent.person_id, UsageEvent.local_day, UsageEvent.kind)
    )


def open_batches(programme_id: int | None = None) -> list[IngestBatch]:
    """Batches that roll-up has still to look at, oldest first."""
    statement = select(IngestBatch).where(IngestBatch.rolled_at.is_(None)).order_by(IngestBatch.id)
    if programme_id is not None:
        statement = statement.where(IngestBatch.programme_id == programme_id)
    return list(db.session.scalars(statement))


def touched_by(batch: IngestBatch) -> CompoundSelect[*tuple[Any, ...]]:
    """The person-dates of a batch: those of its rows, and of all other versions of their events."""
    sibling = aliased(UsageEvent)
    # "+ 0" keeps SQLite from going by the programme, which is the whole table, instead of the ids.
    in_batch = and_(
        UsageEvent.programme_id + 0 == batch.programme_id,
        UsageEvent.id.between(batch.min_event_id, batch.max_event_id),
    )
    own = select(UsageEvent.programme_id, UsageEvent.person_id, UsageEvent.local_day).where(
        in_batch
    )
    others = select(sibling.programme_id, sibling.person_id, sibling.local_day).join(
        UsageEvent,
        and_(
            in_batch,
            UsageEvent.version > 1,
            sibling.programme_id == UsageEvent.programme_id,
            sibling.source == UsageEvent.source,
            sibling.event_id == UsageEvent.event_id,
        ),
    )
    return own.union(others)


def versions_of(
    programme_id: int, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[UsageEvent]]:
    """All versions of the events (source, event_id), by arrival, ties by version (METRICS E1)."""
    found: dict[tuple[str, str], list[UsageEvent]] = {}
    by_source: dict[str, list[str]] = {}
    for source, event_id in sorted(keys):
        by_source.setdefault(source, []).append(event_id)
    for source, event_ids in by_source.items():
        for start in range(0, len(event_ids), CHUNK):
            rows = db.session.scalars(
                select(UsageEvent)
                .where(
                    UsageEvent.programme_id == programme_id,
                    UsageEvent.source == source,
                    UsageEvent.event_id.in_(event_ids[start : start + CHUNK]),
                )
                .order_by(UsageEvent.received_at, UsageEvent.version)
                .execution_options(populate_existing=True)
            )
            for row in rows:
                found.setdefault((row.source, row.event_id), []).append(row)
    return found


def is_stored_whole(programme_id: int, digest: str) -> bool:
    """Whether a batch with this digest was stored and every event of it still stands as it was."""
    stored = db.session.get(UsageDigest, (programme_id, digest))
    if stored is None:
        return False
    superseded = select(UsageEvent.id).where(
        UsageEvent.id.between(stored.first_id, stored.last_id),
        UsageEvent.superseded_at.is_not(None),
    )
    return db.session.execute(superseded.limit(1)).first() is None


def has_events(programme_id: int) -> bool:
    """Whether anything ever came in."""
    some = select(UsageEvent.id).where(UsageEvent.programme_id == programme_id).limit(1)
    return db.session.execute(some).first() is not None


def moments_of(
    programme_id: int, person_ids: Collection[int] | None = None
) -> Iterator[tuple[int, int, datetime, date]]:
    """Id, person, moment and stored local date of events, a portion at a time, by id.

    Of everybody, or of the people named.
    """
    if person_ids is not None:
        for chunk in chunks(person_ids):
            yield from _moments(programme_id, UsageEvent.person_id.in_(chunk))
        return
    yield from _moments(programme_id)


def _moments(
    programme_id: int, *whose: ColumnElement[bool]
) -> Iterator[tuple[int, int, datetime, date]]:
    last = 0
    while True:
        rows = db.session.execute(
            select(
                UsageEvent.id, UsageEvent.person_id, UsageEvent.occurred_at, UsageEvent.local_day
            )
            .where(UsageEvent.programme_id == programme_id, UsageEvent.id > last, *whose)
            .order_by(UsageEvent.id)
            .limit(CHUNK)
        ).all()
        if not rows:
            return
        last = rows[-1].id
        yield from ((row.id, row.person_id, row.occurred_at, row.local_day) for row in rows)


def zones_of_people() -> dict[int, str]:
    """The own time zone of each person who has one."""
    rows = db.session.execute(
        select(Person.id, Person.time_zone).where(Person.time_zone.is_not(None))
    )
    return {person_id: zone for person_id, zone in rows if zone}


def stored_deals(keys: Collection[str]) -> dict[str, dict[str, object]]:
    """The columns of the deals with these keys."""
    return _stored(Deal, Deal.deal_key, keys)


def stored_proposals(keys: Collection[str]) -> dict[str, dict[str, object]]:
    """The columns of the proposals with these keys."""
    return _stored(Proposal, Proposal.proposal_key, keys)


def stored_signals(keys: Collection[str]) -> dict[str, dict[str, object]]:
    """The columns of the signals with these keys."""
    return _stored(Signal, Signal.signal_key, keys)


def known_deals(keys: Collection[str]) -> frozenset[str]:
    """Which of these keys a deal has."""
    found: set[str] = set()
    for chunk in chunks_of(keys):
        found.update(db.session.scalars(select(Deal.deal_key).where(Deal.deal_key.in_(chunk))))
    return frozenset(found)


def _stored(
    model: type[Deal | Proposal | Signal], column: InstrumentedAttribute[str], keys: Collection[str]
) -> dict[str, dict[str, object]]:
    table = table_of(model)
    ordered = sorted(keys)
    found: dict[str, dict[str, object]] = {}
    for start in range(0, len(ordered), CHUNK):
        rows = db.session.execute(
            select(table).where(column.in_(ordered[start : start + CHUNK]))
        ).mappings()
        for row in rows:
            found[row[column.key]] = dict(row)
    return found


def request_of(caller: str, request_key: str) -> UsageRequest | None:
    """The stored answer to a caller's Idempotency-Key."""
    return db.session.scalars(
        select(UsageRequest).where(
            UsageRequest.caller == caller, UsageRequest.request_key == request_key
        )
    ).one_or_none()
