"""Taking usage in: records become versions of events, written once (METRICS E1, E2).

Most records are new events: they go to the database in one piece. The few that repeat or correct
an event are looked at one by one, among the versions already there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from operator import itemgetter

from adoption.models import IngestBatch, UsageDigest, UsageEvent, UsageSource
from adoption.queries.events import versions_of
from adoption.rules import FUTURE, Cells, Content, UsageRecords, is_from_the_future, place_version
from adoption.services.census import UsageIntake, open_intake
from core.bulkload import Rows, Target, load_missing, stamp, written_out
from core.db import db, insert_missing, lock_row, upsert_highest
from programme.models import Programme

CONTENT = ("person_id", "kind", "occurred_at", "object_id", "value", "voided", "fingerprint")
# Texts by column, as core.bulkload takes them: moments as bare UTC, "" for NULL.
Row = dict[str, str]


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


@dataclass(frozen=True)
class Prepared:
    """Records as rows for the table; those of an event met before in them are `repeats`.

    `unknown` as in `Recorded`. `all_said` unless some arrival was given by default.
    """

    rows: Rows
    repeats: list[Row]
    unknown: list[int]
    all_said: bool


def prepare_usage(
    intake: UsageIntake, records: UsageRecords, received_at: datetime | None = None
) -> Prepared:
    """Rows of records; asks the database for nobody the intake knows already.

    A record without an arrival was received at `received_at` (machine door), or when it occurred
    (files; METRICS E1). Unknown people are named, not lost: the door sets their rows aside.
    """
    default = "" if received_at is None else stamp(received_at)
    all_said = received_at is None or _is_said(records.received)
    found = intake.people_of(records)
    unknown: list[int] = []
    if None in found:
        unknown = [
            place for place, ident in zip(records.places, found, strict=True) if ident is None
        ]
        records = records.only(found)
    rows, repeats = _apart(_rows(intake, records, [*filter(None, found)], default))
    if intake.takes_blocks and rows.count:
        rows = written_out(rows)
    return Prepared(rows, repeats, unknown, all_said)


def record_usage(
    intake: UsageIntake, prepared: Prepared, *, is_known_file: bool = False
) -> Recorded:
    """Store rows in the caller's transaction; each is added, changed, unchanged or unknown.

    What stands among an event's versions changes nothing when its file comes again, though another
    row with the same arrival took over since (CONTRACT section 3).
    """
    rows, repeats, all_said = prepared.rows, prepared.repeats, prepared.all_said
    done = Recorded(unknown=prepared.unknown)
    if not rows.count:
        return done
    loaded = load_missing(_target(with_arrival=all_said), rows, hopeful=intake.hopeful)
    intake.hopeful = intake.hopeful and loaded.added == rows.count
    done.added = loaded.added
    done.unchanged = rows.count - loaded.added - len(loaded.differing)
    if loaded.added:
        done.first_id, done.last_id = loaded.first_id, loaded.last_id
    slow = [rows.row(place) for place in loaded.differing] + repeats
    if slow:
        _place_versions(intake, slow, done, all_said=all_said, is_known_file=is_known_file)
    if done.last_id:
        _leave_batch(intake.programme_id, rows, repeats, done)
        _note_sources(intake.programme_id, rows)
    return done


def _is_said(column: Cells) -> bool:
    return isinstance(column, list) and all(column)


def _target(*, with_arrival: bool) -> Target:
    return Target(
        model=UsageEvent,
        key=("programme_id", "source", "event_id", "version"),
        match=("programme_id", "source", "event_id"),
        same=(*CONTENT, "received_at") if with_arrival else CONTENT,
        current_without="superseded_at",
    )


def _rows(intake: UsageIntake, records: UsageRecords, person_ids: list[str], default: str) -> Rows:
    """Rows for the table, of records whose people are known."""
    occurred = records.cells("occurred")
    arrived = _arrivals(records, default)
    columns: dict[str, Cells] = {
        "programme_id": str(intake.programme_id),
        "version": "1",
        "source": records.source,
        "event_id": records.event_id,
        "person_id": person_ids,
        "kind": records.kind,
        "occurred_at": occurred,
        "received_at": arrived,
        "local_day": intake.days_of(occurred, person_ids),
        "object_id": records.object_id,
        "value": records.value,
        "voided": records.voided,
        "fingerprint": records.fingerprint,
        "quarantine": _quarantines(intake, occurred, arrived),
    }
    return Rows(records.count, columns)


def _arrivals(records: UsageRecords, default: str) -> Cells:
    """When records were received: as they say, else by default, else when they occurred."""
    if records.received == "":
        return default or records.occurred
    if _is_said(records.received):
        return records.received
    received, occurred = records.cells("received"), records.cells("occurred")
    pairs = zip(received, occurred, strict=True)
    return [said or default or moment for said, moment in pairs]


def _quarantines(intake: UsageIntake, occurred: list[str], arrived: Cells) -> Cells:
    """METRICS E2: what is wrong with each event's moment; "" for all where nothing is."""
    if arrived is occurred or not occurred:
        return ""
    if isinstance(arrived, str):
        if max(occurred) <= arrived:
            return ""
        arrived = [arrived] * len(occurred)
    pairs = [*zip(occurred, arrived, strict=True)]
    if all(moment <= arrival for moment, arrival in pairs):
        return ""
    return [
        "" if moment <= arrival else _quarantine(intake, moment, arrival)
        for moment, arrival in pairs
    ]


def _apart(rows: Rows) -> tuple[Rows, list[Row]]:
    """The first row of each event, and the repeats, in order."""
    sources, events = rows.columns["source"], rows.columns["event_id"]
    if isinstance(events, str):
        return rows, []
    names: list[object] = (
        [*zip(sources, events, strict=True)] if isinstance(sources, list) else [*events]
    )
    if len({*names}) == rows.count:
        return rows, []
    first: dict[object, int] = {}
    is_first = [first.setdefault(name, place) == place for place, name in enumerate(names)]
    repeats = [rows.row(place) for place, is_one in enumerate(is_first) if not is_one]
    return rows.only(is_first), repeats


def _quarantine(intake: UsageIntake, occurred: str, arrival: str) -> str:
    is_future = is_from_the_future(_moment(occurred), _moment(arrival), intake.clock_skew_min)
    return FUTURE if is_future else ""


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


def _content(row: Row) -> Content:
    """What a row says, as the database would give it back."""
    return Content(
        int(row["person_id"]),
        row["kind"],
        _moment(row["occurred_at"]),
        row["object_id"] or None,
        float(row["value"]) if row["value"] else None,
        row["voided"] == "1",
        row["fingerprint"] or None,
    )


def _event(row: Row) -> tuple[str, str]:
    return row["source"], row["event_id"]


def _said(version: UsageEvent) -> tuple[datetime, Content]:
    return version.received_at, Content(*(getattr(version, name) for name in CONTENT))


def _place_versions(
    intake: UsageIntake,
    rows: Sequence[Row],
    done: Recorded,
    *,
    all_said: bool,
    is_known_file: bool,
) -> None:
    """Put rows of known events among their versions, one event after the other."""
    lock_row(Programme, intake.programme_id)
    chains = versions_of(intake.programme_id, {_event(row) for row in rows})
    by_event: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_event.setdefault(_event(row), []).append(row)
    new: list[UsageEvent] = []
    for event, its_rows in by_event.items():
        chain = chains[event]
        tell_apart = _not_standing if is_known_file else _without_known_ties
        for row in tell_apart(chain, its_rows, done):
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
    for arrival, tied in groupby(rows, key=itemgetter("received_at")):
        together = list(tied)
        at = _moment(arrival)
        standing = [version for version in chain if version.received_at == at]
        if standing and _said(standing[-1])[1] == _content(together[-1]):
            done.unchanged += len(together)
        else:
            yield from together


def _not_standing(
    chain: Sequence[UsageEvent], rows: Sequence[Row], done: Recorded
) -> Iterator[Row]:
    """Leave out records of a file known already that stand among the versions as they are."""
    standing = [_said(version) for version in chain]
    for row in rows:
        if (_moment(row["received_at"]), _content(row)) in standing:
            done.unchanged += 1
        else:
            yield row


def _place(
    programme_id: int,
    chain: list[UsageEvent],
    row: Row,
    done: Recorded,
    *,
    arrival_given: bool,
) -> UsageEvent | None:
    """Insert one row among the versions of its event; None when it says nothing new."""
    content, received_at = _content(row), _moment(row["received_at"])
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
        source=row["source"],
        event_id=row["event_id"],
        version=max(other.version for other in chain) + 1,
        received_at=received_at,
        local_day=date.fromisoformat(row["local_day"]),
        quarantine=row["quarantine"] or None,
        superseded_at=placement.superseded_at,
        # A correction of a held event is held too: the hold is about the event.
        held_at=chain[-1].held_at,
        **vars(content),
    )
    if placement.place:
        chain[placement.place - 1].superseded_at = received_at
    chain.insert(placement.place, version)
    db.session.add(version)
    return version


def _leave_batch(programme_id: int, rows: Rows, repeats: Sequence[Row], done: Recorded) -> None:
    """Leave word for roll-up, in the same transaction as the events."""
    received = [row["received_at"] for row in repeats]
    latest = max([_latest(rows.columns["received_at"]), *received])
    db.session.add(
        IngestBatch(
            programme_id=programme_id,
            min_event_id=done.first_id,
            max_event_id=done.last_id,
            latest_received_at=_moment(latest),
        )
    )
    db.session.flush()


def _note_sources(programme_id: int, rows: Rows) -> None:
    """Raise the watermark of each source; events from the future say nothing of how far it is."""
    faults, sources = rows.columns["quarantine"], rows.columns["source"]
    present = rows.only([not fault for fault in faults]) if isinstance(faults, list) else rows
    if not present.count:
        return
    of_each = {sources: present} if isinstance(sources, str) else _by_source(present)
    marks = [
        {
            "programme_id": programme_id,
            "source": source,
            "latest_occurred_at": _moment(_latest(own.columns["occurred_at"])),
            "latest_received_at": _moment(_latest(own.columns["received_at"])),
        }
        for source, own in sorted(of_each.items())
    ]
    upsert_highest(UsageSource, marks, ["programme_id", "source"])


def _by_source(rows: Rows) -> dict[str, Rows]:
    sources = rows.columns["source"]
    return {name: rows.only([source == name for source in sources]) for name in {*sources}}


def _latest(column: Cells) -> str:
    return column if isinstance(column, str) else max(column)


@dataclass(frozen=True, kw_only=True)
class Use:
    """One use somebody vouches for, where no system sent it; `person` is a key."""

    source: str
    event_id: str
    person: str
    kind: str
    occurred_at: datetime
    received_at: datetime
    object_id: str | None = None


def record_use(programme_id: int, use: Use) -> bool:
    """Store one use by the same way as any other; False when it stands there already."""
    records = UsageRecords(
        places=[0],
        source=[use.source],
        event_id=[use.event_id],
        person=[use.person],
        mail="",
        kind=[use.kind],
        occurred=[stamp(use.occurred_at)],
        received=[stamp(use.received_at)],
        object_id=[use.object_id] if use.object_id else "",
        value="",
        voided="0",
        fingerprint="",
    )
    intake = open_intake(programme_id)
    done = record_usage(intake, prepare_usage(intake, records))
    return bool(done.added or done.changed)


def remember_batch(programme_id: int, digest: str, done: Recorded) -> None:
    """Keep the digest of a batch that was new throughout, so that it is known at once again."""
    row = {
        "programme_id": programme_id,
        "digest": digest,
        "first_id": done.first_id,
        "last_id": done.last_id,
    }
    insert_missing(UsageDigest, [row], ["programme_id", "digest"])
