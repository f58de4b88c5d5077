"""Tables and states of the outbox, and what a room hands in: a `Letter`."""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import mapped_column

from core.db import Base, Key, Mapped

LISTS = (
    "security",
    "awards",
    "contests",
    "tips",
    "training",
    "digests",
    "surveys",
    "coaching",
)
# What is written here stays between its writer and its reader: whoever looks after the mail sees
# that there was a letter and what became of it, never what it said.
PRIVATE_LISTS = frozenset({"coaching"})
# Higher goes out first when a person's cap leaves room for only some (TRUST M5).
PRIORITY = {name: place for place, name in enumerate(LISTS)}
QUIET_FROM = time(19, 0)
QUIET_UNTIL = time(8, 0)


class LetterState(StrEnum):
    """States of a letter, as in state_machines.json under `email`."""

    QUEUED = "queued"
    DEFERRED = "deferred"
    SUPPRESSED = "suppressed"
    CAPTURED = "captured"
    SENDING = "sending"
    SENT = "sent"
    RETRY = "retry"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


WAITING = (LetterState.QUEUED, LetterState.DEFERRED, LetterState.RETRY)
DELIVERED = (LetterState.SENT, LetterState.CAPTURED)


class OutboxLetter(Base):
    """One letter to one person, from written to delivered or given up.

    `due_at` is set while the letter waits, so that the waiting few are found by index among many.
    """

    __tablename__ = "outbox_letter"
    __table_args__ = (
        Index("ix_outbox_letter_due_at", "due_at"),
        Index("ix_outbox_letter_lease_until", "lease_until"),
        Index("ix_outbox_letter_person_id_at", "person_id", "finished_at"),
        CheckConstraint("attempts >= 0", name="attempts"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(60), index=True)
    list_name: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[int]
    subject: Mapped[str] = mapped_column(String(250))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    state: Mapped[LetterState] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    due_at: Mapped[datetime | None]
    use_by: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]
    is_safe_to_repeat: Mapped[bool] = mapped_column(Boolean(create_constraint=False))
    is_important: Mapped[bool] = mapped_column(Boolean(create_constraint=False))
    calendar: Mapped[str | None] = mapped_column(Text, default=None)


class Suppression(Base):
    """A person's wish not to get one list, or an address that must not be written to (list '*')."""

    __tablename__ = "suppression"
    __table_args__ = (UniqueConstraint("person_id", "list_name"),)

    id: Mapped[Key] = mapped_column(init=False)
    person_id: Mapped[int]
    list_name: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]


class MailSwitch(Base):
    """Whether mail may leave the house: one row, disarmed until admins arm it."""

    __tablename__ = "mail_switch"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(String(64))
    asked_by: Mapped[int | None]
    armed_at: Mapped[datetime | None]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a room's notice writes; `dedupe_key` is used once for ever.

    `calendar` is an invitation as `core.icalendar` writes it, for the reader's own calendar.
    """

    kind: str
    list_name: str
    person_id: int
    subject: str
    text: str
    dedupe_key: str
    html: str | None = None
    not_before: datetime | None = None
    use_by: datetime | None = None
    safe_to_repeat: bool = False
    important: bool = False
    calendar: str | None = None


@dataclass(frozen=True)
class Recipient:
    """What the mailer must know of a person at the moment of sending."""

    email: str
    name: str
    is_active: bool
    time_zone: str = "UTC"
    quiet_from: time = QUIET_FROM
    quiet_until: time = QUIET_UNTIL
