"""What the adoption room takes in from files (CONTRACT section 3)."""

import gc
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from adoption import forms, services
from adoption.queries import figures as figure_queries
from adoption.queries.events import is_stored_whole, known_deals
from core.intake.kinds import (
    Batch,
    BatchResult,
    Column,
    ImportKind,
    LoadContext,
    Problem,
    RawBatch,
    Row,
    SetAside,
    boolean,
    choice,
    day,
    decimal,
    instant,
    text,
)

UNDONE_EARLY = "It was dismissed before it fired. Correct one of the two moments."
IN_FUTURE = "It fires in the future. It was stored and counts from then on; check the clock."
NO_DEAL = "There is no deal with this id yet. The signal was stored; import the deal."


def _load_usage(batch: RawBatch, context: LoadContext) -> BatchResult:
    """`_store_usage` without the cycle collector: it finds nothing among a batch's many tuples."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        return _store_usage(batch, context)
    finally:
        if was_on:
            gc.enable()


def _store_usage(batch: RawBatch, context: LoadContext) -> BatchResult:
    """Store a batch of usage rows; one stored whole before, and not corrected since, is skipped."""
    if context.programme_id is None:
        raise ValueError("usage needs a programme")
    ready = batch.ready if isinstance(batch.ready, _Ready) else _work_out(batch, context)
    digest = ready.digest
    known = bool(digest) and is_stored_whole(context.programme_id, digest)
    context.memo["usage_known"] = known
    if known:
        return BatchResult(unchanged=len(batch.lines))
    parsed = ready.parsed or forms.parse_batch(batch, context.source, context.time_zone)
    intake = context.memo.get("usage_intake")
    if intake is None:
        intake = context.memo["usage_intake"] = services.open_intake(
            context.programme_id, is_posted=context.is_posted
        )
    done = services.Recorded()
    for prepared in ready.prepared or _prepare(batch, parsed, intake):
        done += services.record_usage(intake, prepared, is_known_file=context.is_known_file)
    if digest and done.added == len(batch.lines) and "person_id" in batch.at:
        services.remember_batch(context.programme_id, digest, done)
    return BatchResult(
        added=done.added,
        changed=done.changed,
        unchanged=done.unchanged,
        set_aside=[_aside(batch, place) for place in done.unknown],
        problems=parsed.problems,
    )


@dataclass(frozen=True)
class _Ready:
    """A batch's digest and, unless it is likely to be known, its records.

    Where everybody in them was looked up for an earlier batch, they are rows already.
    """

    digest: str
    parsed: forms.Parsed | None = None
    prepared: Sequence[services.Prepared] = ()


def _work_out(batch: RawBatch, context: LoadContext) -> _Ready:
    """What can be said of a batch without the database; where the last one was known, so is this.

    Posted rows bear their arrival: the same ones never come again, so they need no digest.
    """
    digest = "" if forms.ARRIVED in batch.header else _digest(batch, context)
    if context.memo.get("usage_known"):
        return _Ready(digest)
    parsed = forms.parse_batch(batch, context.source, context.time_zone)
    intake: services.UsageIntake | None = context.memo.get("usage_intake")
    if intake is None or not intake.knows_people_of(parsed.records):
        return _Ready(digest, parsed)
    return _Ready(digest, parsed, [*_prepare(batch, parsed, intake)])


def _prepare(
    batch: RawBatch, parsed: forms.Parsed, intake: services.UsageIntake
) -> Iterator[services.Prepared]:
    """The rows of a batch, those that arrived together at a time."""
    for arrived_at, records in forms.by_arrival(batch, parsed.records):
        yield services.prepare_usage(intake, records, arrived_at)


def _digest(batch: RawBatch, context: LoadContext) -> str:
    """The fingerprint of a batch with everything its meaning depends on."""
    zone = context.time_zone.key if context.time_zone else ""
    digest = hashlib.blake2b(repr((batch.header, context.source, zone)).encode(), digest_size=32)
    rows = "\x1e".join(map("\x1f".join, batch.cells))
    digest.update(rows.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _aside(batch: RawBatch, place: int) -> SetAside:
    raw = batch.raw(place)
    row = batch.cells[place]
    wanted = [row[batch.at[name]] for name in ("person_id", "email") if name in batch.at]
    return SetAside(batch.lines[place], raw, "unknown_person", next(filter(None, wanted), ""))


def _load_deals(batch: Batch, context: LoadContext) -> BatchResult:
    """Deals by deal_id; those of people not yet in the directory are set aside."""
    return _load_owned(batch, context, services.record_deals, ("deal_id", "deal_key"))


def _load_proposals(batch: Batch, context: LoadContext) -> BatchResult:
    """Proposals by proposal_id; those of people not yet in the directory are set aside."""
    return _load_owned(batch, context, services.record_proposals, ("proposal_id", "proposal_key"))


def _load_signals(batch: Batch, context: LoadContext) -> BatchResult:
    """Signals by signal_id; those of people not yet in the directory are set aside.

    One that was dismissed before it fired is refused. Noted and stored are those that fire in the
    future, which count from then on (METRICS E2 lets no moment count before it comes), and those
    on a deal nobody brought in yet: its episode ends with a step alone until the deal is known.
    """
    refused = [
        Problem(line, "dismissed_at", "end_before_start", str(row["dismissed_at"]), UNDONE_EARLY)
        for line, row in batch.rows
        if row["dismissed_at"] is not None and row["dismissed_at"] < row["fired_at"]
    ]
    without = {problem.row for problem in refused}
    sound = replace(batch, rows=[each for each in batch.rows if each[0] not in without])
    done = _load_owned(sound, context, services.record_signals, ("signal_id", "signal_key"))
    aside = {each.row for each in done.set_aside}
    notes = _notes([each for each in sound.rows if each[0] not in aside], context)
    return replace(done, problems=[*done.problems, *refused, *notes])


def _notes(rows: Sequence[tuple[int, Row]], context: LoadContext) -> list[Problem]:
    """What is odd about signals that were stored."""
    latest = context.now + _tolerance(context)
    known = known_deals({row["deal_id"] for _line, row in rows})
    notes: list[Problem] = []
    for line, row in rows:
        if row["fired_at"] > latest:
            at = row["fired_at"].isoformat()
            notes.append(Problem(line, "fired_at", "out_of_range", at, IN_FUTURE, refuses=False))
        if row["deal_id"] not in known:
            deal = row["deal_id"]
            notes.append(Problem(line, "deal_id", "unknown_deal", deal, NO_DEAL, refuses=False))
    return notes


def _tolerance(context: LoadContext) -> timedelta:
    """How far ahead of ours the programme lets other clocks be."""
    found: timedelta | None = context.memo.get("tolerance")
    if found is None:
        owner = context.programme_id and figure_queries.owner_of(context.programme_id)
        found = timedelta(minutes=owner.clock_skew_min if owner else 0)
        context.memo["tolerance"] = found
    return found


def _load_owned(
    batch: Batch,
    context: LoadContext,
    record: Callable[[Sequence[Mapping[str, object]], datetime], tuple[int, int]],
    key: tuple[str, str],
) -> BatchResult:
    """Rows that belong to a person: their columns that the file has, by the database's names."""
    ids = context.memo.get("person_ids")
    if ids is None:
        ids = context.memo["person_ids"] = figure_queries.ids_by_key()
    names = {name: name for name in batch.columns if name != "person_id"}
    names[key[0]] = key[1]
    if "deal_id" in names and key[0] != "deal_id":
        names["deal_id"] = "deal_key"
    rows, aside = [], []
    for line, row in batch.rows:
        person_id = ids.get(row["person_id"])
        if person_id is None:
            aside.append(SetAside(line, batch.raw(line), "unknown_person", row["person_id"]))
            continue
        values = {column: _to_cents(row[name]) for name, column in names.items()}
        if context.programme_given:
            values["programme_id"] = context.programme_id
        rows.append({**values, "person_id": person_id})
    added, changed = record(rows, context.now)
    unchanged = len(rows) - added - changed
    return BatchResult(added=added, changed=changed, unchanged=unchanged, set_aside=aside)


def _to_cents(value: object) -> object:
    """Money as the tables keep it; anything else as it is."""
    return value.quantize(Decimal("0.01")) if isinstance(value, Decimal) else value


_word = text()
_MOST_MONEY = Decimal(10**11)

IMPORTS = (
    ImportKind(
        "usage",
        order=50,
        columns=(
            Column("event_id", _word, required=True),
            Column("person_id", _word),
            Column("email", _word),
            Column("kind", _word, required=True),
            Column("occurred_at", instant(), required=True),
            Column("received_at", instant()),
            Column("object_id", _word),
            Column("value", decimal()),
            Column("voided", boolean()),
            Column("fingerprint", _word),
            Column("source", _word),
        ),
        key=("source", "event_id"),
        load_raw=_load_usage,
        work_out=_work_out,
        batch_rows=20_000,
        unique_in_file=False,
        needs_programme=True,
        doc="What people did in the tool, event by event.",
    ),
    ImportKind(
        "deals",
        order=40,
        columns=(
            Column("deal_id", text(120), required=True),
            Column("person_id", text(80), required=True),
            Column("account", text(200)),
            Column("product", text(200)),
            Column("amount", decimal(-_MOST_MONEY, _MOST_MONEY)),
            Column("currency", forms.currency),
            Column("stage", choice("open", "won", "lost"), required=True),
            Column("created_on", day()),
            Column("proposal_on", day()),
            Column("closed_on", day()),
        ),
        key=("deal_id",),
        load=_load_deals,
        doc="Sales opportunities as the CRM knows them.",
    ),
    ImportKind(
        "proposals",
        order=80,
        columns=(
            Column("proposal_id", text(120), required=True),
            Column("person_id", text(80), required=True),
            Column("created_on", day(), required=True),
            Column("value", decimal(-_MOST_MONEY, _MOST_MONEY)),
            Column("with_tool", boolean(), required=True),
            Column("deal_id", text(120)),
        ),
        key=("proposal_id",),
        load=_load_proposals,
        doc="Proposals sent to customers, made with the tool or without it.",
    ),
    ImportKind(
        "signals",
        order=90,
        columns=(
            Column("signal_id", text(120), required=True),
            Column("deal_id", text(120), required=True),
            Column("person_id", text(80), required=True),
            Column("fired_at", instant(), required=True),
            Column("dismissed_at", instant()),
        ),
        key=("signal_id",),
        load=_load_signals,
        doc="Warnings that a deal is stalled.",
    ),
)
