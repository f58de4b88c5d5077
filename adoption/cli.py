"""Commands, import kinds and figures of the adoption room."""

import hashlib

from adoption import forms, services
from adoption.queries.events import is_stored_whole
from core.intake.kinds import (
    BatchResult,
    Column,
    ImportKind,
    LoadContext,
    RawBatch,
    SetAside,
    text,
)


def _load_usage(batch: RawBatch, context: LoadContext) -> BatchResult:
    """Store a batch of usage rows; one stored whole before, and not corrected since, is skipped."""
    if context.programme_id is None:
        raise ValueError("usage needs a programme")
    digest = _digest(batch, context)
    if is_stored_whole(context.programme_id, digest):
        return BatchResult(unchanged=len(batch.lines))
    parsed = forms.parse_batch(batch, context.source, context.time_zone)
    intake = context.memo.get("usage_intake")
    if intake is None:
        intake = context.memo["usage_intake"] = services.open_intake(context.programme_id)
    done = services.record_usage(intake, parsed.records)
    if done.added == len(batch.lines) and "person_id" in batch.at:
        services.remember_batch(context.programme_id, digest, done)
    return BatchResult(
        added=done.added,
        changed=done.changed,
        unchanged=done.unchanged,
        set_aside=[_aside(batch, place) for place in done.unknown],
        problems=parsed.problems,
    )


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


_word = text()

IMPORTS = (
    ImportKind(
        "usage",
        order=50,
        columns=(
            Column("event_id", _word, required=True),
            Column("person_id", _word),
            Column("email", _word),
            Column("kind", _word, required=True),
            Column("occurred_at", _word, required=True),
            *(Column(name, _word) for name in forms.USAGE_COLUMNS[5:]),
        ),
        key=("source", "event_id"),
        load_raw=_load_usage,
        batch_rows=20_000,
        unique_in_file=False,
        needs_programme=True,
        doc="What people did in the tool, event by event.",
    ),
)
