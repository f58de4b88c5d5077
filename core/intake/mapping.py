"""Saved mappings: a header matched once by sales ops is known ever after, under a name."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from core import audit
from core.db import db, delete_where
from core.errors import Invalid, NotFound
from core.intake.directory import BY_EMAIL, BY_KEY, BY_NAME
from core.intake.exports.mapped import FROM_ROW, PEOPLE_COLUMNS, Mapped, Source
from core.intake.exports.table import folded_header, labels_of
from core.intake.kinds import ImportKind
from core.intake.models import ImportMapping
from core.policy import Actor

LONGEST_NAME = 80
WAYS = ((BY_KEY, "person_id"), (BY_EMAIL, "e-mail"), (BY_NAME, "full name"))

# What other systems call our columns; `column:way` where the name says how a person is named.
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "person_id": (
        "person id", "employee id", "employee number", "staff id", "rep id", "worker id",
        "user id", "owner id", "email:user email", "email:login id", "email:owner email",
        "email:work email", "email:email address", "email:email", "email:username",
        "name:deal owner", "name:opportunity owner", "name:owner", "name:sales agent",
        "name:rep", "name:full name", "name:user full name",
    ),
    "email": ("work email", "email address", "e-mail", "mail", "user email", "userprincipalname"),
    "name": ("full name", "display name", "employee name", "worker"),
    "role": ("role",),
    "channel": ("department", "segment", "region"),
    "time_zone": ("time zone", "timezone"),
    "hire_date": ("start date", "date of hire", "hired on"),
    "leave_date": ("end date", "termination date", "last day"),
    "manager_id": (
        "manager id", "email:manager work email", "email:manager email", "name:manager",
        "name:manager name", "name:reports to",
    ),
    "team": ("team name", "group", "department", "squad"),
    "start_date": ("from", "valid from", "first day", "since"),
    "end_date": ("to", "until", "valid to", "last day"),
    "event_id": ("id", "message id", "request id", "uuid"),
    "kind": ("event", "event name", "action", "event type"),
    "occurred_at": ("timestamp", "time", "date", "event time", "date (utc)", "created at"),
    "course": ("course name", "course id", "training title", "course code"),
    "assigned_on": ("enrollment created date", "assigned", "enrolled", "enrolment date"),
    "due_on": ("due date", "deadline"),
    "completed_at": (
        "completion date", "completed on", "enrollment completed date", "date completed",
        "finished at",
    ),
    "passed": ("status", "result", "enrollment status", "transcript status"),
    "score": ("enrollment score", "grade", "points"),
    "deal_id": ("record id", "opportunity id", "deal", "id"),
    "account": ("account name", "company", "customer", "client"),
    "product": ("product name",),
    "amount": ("value", "deal value", "close value", "revenue"),
    "currency": ("currency code", "currencyisocode"),
    "stage": ("deal stage", "stagename", "status"),
    "created_on": ("created date", "create date", "engage date", "created"),
    "closed_on": ("close date", "closed date"),
    "proposal_id": ("proposal", "quote id", "id"),
    "with_tool": ("used tool", "made with tool"),
    "signal_id": ("alert id", "id"),
    "fired_at": ("created at", "timestamp", "alert time"),
    "dismissed_at": ("closed at", "resolved at"),
    "outcome": ("metric", "measure", "indicator"),
    "on": ("date", "day", "as of", "read on"),
    "value": ("amount", "reading", "actual"),
}  # fmt: skip


def fingerprint(header: Sequence[str]) -> str:
    """What recognises a header: its columns in order, whatever their case and blanks."""
    told = "\x1f".join(map(folded_header, header))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(name: str) -> str:
    return folded_header(name).replace("_", " ").replace("-", " ")


def suggested(kind: ImportKind, header: Sequence[str]) -> dict[str, Source]:
    """A source for each of the kind's columns whose like the header has; no column twice."""
    labels = {_plain(label): label for label in reversed(labels_of(header))}
    found: dict[str, Source] = {}
    for column in kind.columns:
        if _plain(column.name) in labels:
            found[column.name] = Source(labels.pop(_plain(column.name)))
    for column in kind.columns:
        for said in () if column.name in found else SYNONYMS.get(column.name, ()):
            way, _colon, name = said.rpartition(":")
            if _plain(name) in labels:
                found[column.name] = Source(labels.pop(_plain(name)), by=way or BY_KEY)
                break
    if FROM_ROW in {column.name for column in kind.columns} and FROM_ROW not in found:
        found[FROM_ROW] = Source(is_row=True)
    return found


def likeliest_kind(kinds: Mapping[str, ImportKind], header: Sequence[str]) -> str:
    """The kind whose required columns the header seems to have most of."""

    def likeness(kind: ImportKind) -> tuple[float, int]:
        found = [name for name, source in suggested(kind, header).items() if source.label]
        needed = [column.name for column in kind.columns if column.required]
        met = sum(name in found for name in needed)
        return met / max(len(needed), 1), len(found)

    return max(kinds.values(), key=likeness).name


def sources_of(kind: ImportKind, given: Mapping[str, str]) -> dict[str, Source]:
    """What a form says about each column: `from:`, `always:` and `by:` with the column's name."""
    ways = {way for way, _words in WAYS}
    sources = {}
    for column in kind.columns:
        label, by = given.get(f"from:{column.name}", ""), given.get(f"by:{column.name}", "")
        is_row = label == "=row" and column.name == FROM_ROW
        sources[column.name] = Source(
            "" if is_row else label,
            "" if label else given.get(f"always:{column.name}", "").strip()[:200],
            by if by in ways and column.name in PEOPLE_COLUMNS else BY_KEY,
            is_row,
        )
    return sources


def as_form(sources: Mapping[str, Source]) -> dict[str, str]:
    """The same as the fields of a form."""
    fields = {}
    for name, source in sources.items():
        fields[f"from:{name}"] = "=row" if source.is_row else source.label
        fields[f"always:{name}"] = source.always
        fields[f"by:{name}"] = source.by
    return {key: value for key, value in fields.items() if value}


def saved() -> list[ImportMapping]:
    """Every saved mapping by name."""
    return list(db.session.scalars(select(ImportMapping).order_by(ImportMapping.name)))


def named(name: str) -> ImportMapping | None:
    """The mapping of that name."""
    return db.session.scalars(select(ImportMapping).where(ImportMapping.name == name)).one_or_none()


def recognised(header: Sequence[str]) -> ImportMapping | None:
    """The mapping saved last for exactly this header."""
    return db.session.scalars(
        select(ImportMapping)
        .where(ImportMapping.fingerprint == fingerprint(header))
        .order_by(ImportMapping.saved_at.desc(), ImportMapping.id.desc())
        .limit(1)
    ).one_or_none()


def mapped(row: ImportMapping, kinds: Mapping[str, ImportKind]) -> Mapped:
    """A saved mapping made ready; raises NotFound when its kind is gone."""
    kind = kinds.get(row.kind)
    if kind is None:
        raise NotFound(f"The mapping {row.name} is for {row.kind}, which is no kind of file.")
    return Mapped(kind, sources_of(kind, row.columns.get("fields", {})), row.name, row.asked)


def save(
    name: str,
    kind: ImportKind,
    header: Sequence[str],
    sources: Mapping[str, Source],
    asked: Mapping[str, str],
    *,
    actor: Actor,
    now: datetime,
) -> ImportMapping:
    """Save a mapping under a name, or make the one of that name say this."""
    clean = " ".join(name.split())
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        raise Invalid(
            f"Give the mapping a name of up to {LONGEST_NAME} characters.", field="mapping_name"
        )
    lacking = Mapped(kind, sources).lacking()
    if lacking:
        raise Invalid(
            f"Nothing says yet where {', '.join(lacking)} comes from.",
            field=f"from:{lacking[0]}",
            fix="Choose a column of the file for each required one, or a text for every row.",
        )
    row = named(clean)
    values = {"fields": as_form(sources)}
    if row is None:
        row = ImportMapping(
            name=clean,
            kind=kind.name,
            fingerprint=fingerprint(header),
            header=list(header),
            columns=values,
            asked=dict(asked),
            saved_at=now,
            actor_id=actor.person_id,
        )
        db.session.add(row)
    else:
        row.kind, row.fingerprint, row.header = kind.name, fingerprint(header), list(header)
        row.columns, row.asked = values, dict(asked)
        row.saved_at, row.actor_id = now, actor.person_id
    db.session.flush()
    detail = {"name": clean, "kind": kind.name}
    audit.record(
        "import.mapping_save", actor=actor, now=now, subject=f"mapping:{row.id}", detail=detail
    )
    return row


def forget(mapping_id: int, *, actor: Actor, now: datetime) -> None:
    """Delete a mapping; what was imported with it stays."""
    if delete_where(ImportMapping, ImportMapping.id == mapping_id):
        audit.record("import.mapping_forget", actor=actor, now=now, subject=f"mapping:{mapping_id}")
