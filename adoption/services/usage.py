"""Taking usage in: records become versions of events, written once (METRICS E1, E2).

Most records are new events: they go to the database in one piece. The few that repeat or correct
an event are looked at one by one, among the versions already there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from zoneinfo import ZoneInfo

import people.queries
import programme.queries
from adoption.models import IngestBatch, UsageDigest, UsageEvent, UsageRequest, UsageSource
from adoption.queries.events import request_of, versions_of, zones_of_people
from adoption.rules import FUTURE, Content, UsageRecord, is_from_the_future, place_version
from core.bulkload import Target, load_missing
from core.calendars import local_date, zone_of
from core.db import db, delete_where, insert_missing, lock_row, upsert_highest
from core.errors import Conflict
from programme.models import Programme

COLUMNS = (
    "source",
    "event_id",
    "person_id",
    "kind",
    "occurred_at",
    "received_at",
    "local_day",
    "object_id",
    "value",
    "voided",
    "fingerprint",
    "quarantine",
)
CONTENT = ("person_id", "kind", "occurred_at", "object_id", "value", "voided", "fingerprint")
KEEP_ANSWERS = timedelta(hours=24)
Answer = dict[str, object]
# Texts as core.bulkload takes them: moments as bare UTC, "" for NULL.
Row = tuple[str, str, str, str, str, str, str, str, str, str, str, str]


@dataclass
class Recorded:
    """What became of records; `unknown` are the places of those whose person is not known."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    unknown: list[int] = field(default_factory=list)
    first_id: int = 0
    last_id: int = 0

    def __add__(self, other: "Recorded") -> "Recorded":
        return Recorded(
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            [*self.unknown, *other.unknown],
            min(filter(None, (self.first_id, other.first_id)), default=0),
            max(self.last_id, other.last_id),
        )


@dataclass
class UsageIntake:
    """What recording needs to know of a programme and its people; keep it for a whole file."""

    programme_id: int
    clock_skew_min: int
    ids: Mapping[str, str]
    mails: Mapping[str, str]
    zones: Mapping[str, ZoneInfo]
    hopeful: bool = True
    days: dict[tuple[str, str], str] = field(default_factory=dict)
    hours: dict[str, str] = field(default_factory=dict)

    def day_of(self, stamp: str, person_id: str) -> str:
        """The local date of a UTC stamp, in the person's own zone where the programme says so."""
        zone = self.zones.get(person_id) or self.zones[""]
        moment = datetime.fromisoformat(stamp).replace(tzinfo=UTC)
        day = local_date(moment, zone).isoformat()
        if len(self.zones) == 1 and day == self._end_of_hour(moment, zone):
            self.hours[stamp[:13]] = day
        return day

    @staticmethod
    def _end_of_hour(moment: datetime, zone: ZoneInfo) -> str:
        """The date at both ends of the hour when they agree, else nothing."""
        first = local_date(moment.replace(minute=0, second=0, microsecond=0), zone)
        last = local_date(moment.replace(minute=59, second=59, microsecond=999_999), zone)
        return first.isoformat() if first == last else ""


def open_intake(
    programme_id: int, keys: Sequence[str] | None = None, mails: Sequence[str] | None = None
) -> UsageIntake:
    """Look up the programme and its people: those named, or everybody for a long file."""
    owner = programme.queries.by_id(programme_id)
    zones = {"": programme.queries.calendar(owner).tz}
    if owner.tz_mode == "user":
        for person_id, zone in zones_of_people().items():
            zones[str(person_id)] = zone_of(zone)
    return UsageIntake(
        owner.id,
        owner.clock_skew_min,
        {key: str(ident) for key, ident in people.queries.by_key(keys).items()},
        {mail: str(ident) for mail, ident in people.queries.by_email(mails).items()},
        zones,
    )


def record_usage(
    intake: UsageIntake, records: Sequence[UsageRecord], received_at: datetime | None = None
) -> Recorded:
    """Store records in the caller's transaction; every one is added, changed, unchanged or unknown.

    A record without an arrival was received at `received_at` (machine door), or when it occurred
    (files; METRICS E1). Unknown people are named, not lost: the door sets their rows aside.
    """
    done = Recorded()
    default = "" if received_at is None else _stamp(received_at)
    rows, repeats = _rows(intake, records, default, done)
    if not rows:
        return done
    all_said = received_at is None or all(record[7] for record in records)
    target = _target(intake.programme_id, with_arrival=all_said)
    loaded = load_missing(target, rows, hopeful=intake.hopeful)
    intake.hopeful = intake.hopeful and loaded.added == len(rows)
    done.added = loaded.added
    done.unchanged = len(rows) - loaded.added - len(loaded.differing)
    if loaded.added:
        done.first_id, done.last_id = loaded.first_id, loaded.last_id
    slow = [rows[place] for place in loaded.differing] + repeats
    if slow:
        _place_versions(intake, slow, done, all_said=all_said)
    if done.last_id:
        _leave_batch(intake.programme_id, rows, repeats, done)
        _note_sources(intake.programme_id, rows)
    return done


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _target(programme_id: int, *, with_arrival: bool) -> Target:
    return Target(
        model=UsageEvent,
        columns=COLUMNS,
        key=("programme_id", "source", "event_id", "version"),
        match=("programme_id", "source", "event_id"),
        same=(*CONTENT, "received_at") if with_arrival else CONTENT,
        current_without="superseded_at",
        constants={"programme_id": str(programme_id), "version": "1"},
    )


def _rows(
    intake: UsageIntake, records: Sequence[UsageRecord], default: str, done: Recorded
) -> tuple[list[Row], list[Row]]:
    """Rows for the table, the first of each event apart from its repeats within the batch."""
    rows: list[Row] = []
    keep = rows.append
    ids, mails, hours, day_of = intake.ids.get, intake.mails.get, intake.hours.get, intake.day_of
    for record in records:
        (
            place,
            source,
            event_id,
            key,
            mail,
            kind,
            occurred,
            received,
            object_id,
            value,
            voided,
            fingerprint,
        ) = record
        person_id = ids(key) if key else mails(mail)
        if person_id is None:
            done.unknown.append(place)
            continue
        arrival = received or default or occurred
        keep(
            (
                source,
                event_id,
                person_id,
                kind,
                occurred,
                arrival,
                hours(occurred[:13]) or day_of(occurred, person_id),
                object_id,
                value,
                voided,
                fingerprint,
                "" if occurred <= arrival else _quarantine(intake, occurred, arrival),
            )
        )
    return _apart(rows)


def _apart(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """The first row of each event, and the repeats, in order."""
    if len({(row[0], row[1]) for row in rows}) == len(rows):
        return rows, []
    first: dict[tuple[str, str], Row] = {}
    repeats = [row for row in rows if first.setdefault((row[0], row[1]), row) is not row]
    return [*first.values()], repeats


def _quarantine(intake: UsageIntake, occurred: str, arrival: str) -> str:
    is_future = is_from_the_future(_moment(occurred), _moment(arrival), intake.clock_skew_min)
    return FUTURE if is_future else ""


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


def _content(row: Row) -> Content:
    """What a row says, as the database would give it back."""
    return Content(
        int(row[2]),
        row[3],
        _moment(row[4]),
        row[7] or None,
        float(row[8]) if row[8] else None,
        row[9] == "1",
        row[10] or None,
    )


def _said(version: UsageEvent) -> tuple[datetime, Content]:
    return version.received_at, Content(*(getattr(version, name) for name in CONTENT))


def _place_versions(
    intake: UsageIntake, rows: Sequence[Row], done: Recorded, *, all_said: bool
) -> None:
    """Put rows of known events among their versions, one event after the other."""
    lock_row(Programme, intake.programme_id)
    chains = versions_of(intake.programme_id, {(row[0], row[1]) for row in rows})
    by_event: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_event.setdefault((row[0], row[1]), []).append(row)
    new: list[UsageEvent] = []
    for event, its_rows in by_event.items():
        chain = chains[event]
        for row in _without_known_ties(chain, its_rows, done):
            version = _place(intake.programme_id, chain, row, done, arrival_given=all_said)
            if version is not None:
                new.append(version)
    db.session.flush()
    if new:
        ids = [version.id for version in new]
        done.first_id = min(done.first_id or min(ids), *ids)
        done.last_id = max(done.last_id, *ids)


def _without_known_ties(
    chain: Sequence[UsageEvent], rows: Sequence[Row], done: Recorded
) -> Iterator[Row]:
    """Leave out records received at one moment whose last one is what stands there already.

    The last of a tie wins, so a file that holds a record and its correction with one arrival says
    nothing new when it comes again.
    """
    for arrival, tied in groupby(rows, key=lambda row: row[5]):
        together = list(tied)
        at = _moment(arrival)
        standing = [version for version in chain if version.received_at == at]
        if standing and _said(standing[-1])[1] == _content(together[-1]):
            done.unchanged += len(together)
        else:
            yield from together


def _place(
    programme_id: int,
    chain: list[UsageEvent],
    row: Row,
    done: Recorded,
    *,
    arrival_given: bool,
) -> UsageEvent | None:
    """Insert one row among the versions of its event; None when it says nothing new."""
    content, received_at = _content(row), _moment(row[5])
    placement = place_version(
        [_said(version) for version in chain], received_at, content, arrival_given=arrival_given
    )
    if placement.change:
        done.changed += 1
    else:
        done.unchanged += 1
    if not placement.stored:
        return None
    version = UsageEvent(
        programme_id=programme_id,
        source=row[0],
        event_id=row[1],
        version=max(other.version for other in chain) + 1,
        received_at=received_at,
        local_day=date.fromisoformat(row[6]),
        quarantine=row[11] or None,
        superseded_at=placement.superseded_at,
        **vars(content),
    )
    if placement.place:
        chain[placement.place - 1].superseded_at = received_at
    chain.insert(placement.place, version)
    db.session.add(version)
    return version


def _leave_batch(
    programme_id: int, rows: Sequence[Row], repeats: Sequence[Row], done: Recorded
) -> None:
    """Leave word for roll-up, in the same transaction as the events."""
    latest = max(row[5] for row in (*rows, *repeats))
    db.session.add(
        IngestBatch(
            programme_id=programme_id,
            min_event_id=done.first_id,
            max_event_id=done.last_id,
            latest_received_at=_moment(latest),
        )
    )
    db.session.flush()


def _note_sources(programme_id: int, rows: Sequence[Row]) -> None:
    """Raise the watermark of each source; events from the future say nothing of how far it is."""
    present = [row for row in rows if not row[11]] if any(map(itemgetter(11), rows)) else rows
    names = set(map(itemgetter(0), present))
    marks = []
    for source in sorted(names):
        own = present if len(names) == 1 else [row for row in present if row[0] == source]
        marks.append(
            {
                "programme_id": programme_id,
                "source": source,
                "latest_occurred_at": _moment(max(map(itemgetter(4), own))),
                "latest_received_at": _moment(max(map(itemgetter(5), own))),
            }
        )
    upsert_highest(UsageSource, marks, ["programme_id", "source"])


def answered(caller: str, request_key: str, body_hash: str, now: datetime) -> Answer | None:
    """The answer given to this caller's key within 24 h. Raises Conflict for another body."""
    stored = request_of(caller, request_key)
    if stored is None:
        return None
    if stored.answered_at < now - KEEP_ANSWERS:
        delete_where(UsageRequest, UsageRequest.id == stored.id)
        return None
    if stored.body_hash != body_hash:
        raise Conflict(
            "This Idempotency-Key was used for another body.",
            code="idempotency_key_reused",
            field="Idempotency-Key",
            fix="Use a new key for new events.",
        )
    return stored.answer


def keep_answer(
    caller: str, request_key: str, body_hash: str, answer: Answer, now: datetime
) -> None:
    """Keep an answer for 24 h; of two answers to one key the first stays."""
    delete_where(UsageRequest, UsageRequest.answered_at < now - KEEP_ANSWERS)
    row = {
        "caller": caller,
        "request_key": request_key,
        "body_hash": body_hash,
        "answer": answer,
        "answered_at": now,
    }
    insert_missing(UsageRequest, [row], ["caller", "request_key"])


def remember_batch(programme_id: int, digest: str, done: Recorded) -> None:
    """Keep the digest of a batch that was new throughout, so that it is known at once again."""
    row = {
        "programme_id": programme_id,
        "digest": digest,
        "first_id": done.first_id,
        "last_id": done.last_id,
    }
    insert_missing(UsageDigest, [row], ["programme_id", "digest"])
