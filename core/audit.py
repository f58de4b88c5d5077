"""The audit trail: one hash-chained row per thing that matters (TRUST section 4, rule 9).

Rows hold ids, never names, so that an erasure leaves the chain whole.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import JSON, CheckConstraint, String, select
from sqlalchemy.orm import mapped_column

from core.db import Base, Key, Mapped, db
from core.policy import Actor

GENESIS = "0" * 64


class AuditEntry(Base):
    """One thing somebody did, chained to the one before it."""

    __tablename__ = "audit_entry"
    __table_args__ = (CheckConstraint("length(row_hash) = 64", name="hash"),)

    id: Mapped[Key] = mapped_column(init=False)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(80), index=True)
    subject: Mapped[str] = mapped_column(String(200), index=True)
    actor_id: Mapped[int | None]
    actor_kind: Mapped[str] = mapped_column(String(20))
    detail: Mapped[dict[str, object]] = mapped_column(JSON)
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)
    row_hash: Mapped[str] = mapped_column(String(64), unique=True)


class AuditHead(Base):
    """The end of the chain: one row, locked while a new entry is hung on it."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row_hash: Mapped[str] = mapped_column(String(64))


@dataclass(frozen=True)
class Broken:
    """The first row at which the chain does not hold."""

    entry_id: int
    reason: str


def _digest(previous: str, entry: AuditEntry) -> str:
    canonical = json.dumps(
        [
            entry.at.astimezone(UTC).isoformat(),
            entry.action,
            entry.subject,
            entry.actor_id,
            entry.actor_kind,
            entry.detail,
        ],
        sort_keys=True,
        ensure_ascii=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()


def _kind(actor: Actor) -> str:
    if actor.is_system:
        return "system"
    return str(actor.role) if actor.role else "machine"


def _head() -> AuditHead:
    """Return the end of the chain, held until the transaction ends."""
    head = db.session.get(AuditHead, 1, with_for_update=True, populate_existing=True)
    if head is None:
        head = AuditHead(id=1, row_hash=GENESIS)
        db.session.add(head)
        db.session.flush()
    return head


def record(
    action: str,
    *,
    actor: Actor,
    now: datetime,
    subject: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Hang one entry on the chain, in the caller's transaction.

    `subject` is `kind:id`; `detail` holds plain JSON values and no names or addresses.
    """
    head = _head()
    entry = AuditEntry(
        at=now,
        action=action,
        subject=subject,
        actor_id=actor.person_id,
        actor_kind=_kind(actor),
        detail=dict(detail or {}),
        previous_hash=head.row_hash,
        row_hash="",
    )
    entry.row_hash = head.row_hash = _digest(head.row_hash, entry)
    db.session.add(entry)
    db.session.flush()


def record_changes(
    action: str, changes: Sequence[str], *, actor: Actor, now: datetime, subject: str
) -> None:
    """Hang one entry with what changed, as sentences, on the chain; nothing when nothing did."""
    if changes:
        record(action, actor=actor, now=now, subject=subject, detail={"changes": list(changes)})


def verify() -> Broken | None:
    """Walk the whole chain; return the first row that does not hold, or None."""
    previous, last_id = GENESIS, 0
    while page := _page_after(last_id):
        for entry in page:
            if entry.previous_hash != previous:
                return Broken(entry.id, "a row before this one is missing or was changed")
            if _digest(previous, entry) != entry.row_hash:
                return Broken(entry.id, "this row was changed")
            previous, last_id = entry.row_hash, entry.id
        db.session.expunge_all()
    head = db.session.get(AuditHead, 1)
    if head is not None and head.row_hash != previous:
        return Broken(0, "rows at the end of the chain are missing")
    return None


def _page_after(entry_id: int) -> list[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.id > entry_id).order_by(AuditEntry.id).limit(1000)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))
