"""The one road out: letters are rows, written in the transaction of what they tell (TRUST M, 5).

Claim before send: a row is `sending` and committed before the mail server hears of it, so a crash
leaves it `uncertain`, never sent twice. The instance starts disarmed: letters are captured.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Index,
    Row,
    String,
    Text,
    UniqueConstraint,
    and_,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import mapped_column

from core import audit
from core.db import Base, Key, Mapped, db, insert_missing
from core.errors import Conflict, Invalid, NotFound
from core.letters import render_letter
from core.policy import Actor
from core.settings import settings

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
# Higher goes out first when a person's cap leaves room for only some (TRUST M5).
PRIORITY = {name: place for place, name in enumerate(LISTS)}
LEASE = timedelta(minutes=2)
BACKOFF_MINUTES = (1, 5, 15, 60, 240)
GIVE_UP_AFTER = timedelta(hours=24)
DAY_CAP = 2
WEEK_CAP = 6
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
    """What a room's notice writes; `dedupe_key` is used once for ever."""

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


@dataclass(frozen=True)
class Recipient:
    """What the mailer must know of a person at the moment of sending."""

    email: str
    name: str
    is_active: bool
    time_zone: str = "UTC"
    quiet_from: time = QUIET_FROM
    quiet_until: time = QUIET_UNTIL


@dataclass(frozen=True)
class OutboundMail:
    """A claimed letter with its recipient, ready for the mailer."""

    letter_id: int
    list_name: str
    person_id: int
    email: str
    name: str
    subject: str
    text: str
    html: str | None
    message_id: str


@dataclass
class Checked:
    """What a round of checks at claim time decided, letter by letter."""

    to_send: list[OutboundMail] = field(default_factory=list)
    decided: dict[LetterState, int] = field(default_factory=dict)


RecipientLookup = Callable[[Sequence[int]], Mapping[int, Recipient]]


def post(letter: Letter, now: datetime) -> bool:
    """Put one letter in the outbox; False when its key is known already."""
    return post_all([letter], now) == 1


def post_all(letters: Iterable[Letter], now: datetime) -> int:
    """Put letters in the outbox set-wise; return how many were new.

    Raises Invalid for an unknown list or a subject with a line break.
    """
    return insert_missing(OutboxLetter, (_row(letter, now) for letter in letters), ["dedupe_key"])


def _row(letter: Letter, now: datetime) -> dict[str, object]:
    if letter.list_name not in PRIORITY:
        msg = f"{letter.list_name} is not a mail list."
        raise Invalid(msg)
    if "\n" in letter.subject or "\r" in letter.subject:
        msg = "A subject must be one line."
        raise Invalid(msg, field="subject")
    return {
        "dedupe_key": letter.dedupe_key,
        "kind": letter.kind,
        "list_name": letter.list_name,
        "person_id": letter.person_id,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "message_id": f"<{secrets.token_hex(16)}@pennant>",
        "state": LetterState.QUEUED,
        "reason": None,
        "created_at": now,
        "not_before": letter.not_before or now,
        "due_at": letter.not_before or now,
        "use_by": letter.use_by,
        "finished_at": None,
        "lease_until": None,
        "attempts": 0,
        "is_safe_to_repeat": letter.safe_to_repeat,
        "is_important": letter.important,
    }


def unsubscribe_token(person_id: int, list_name: str) -> str:
    """Sign person and list into a link part that lives for ever and says nothing else."""
    return f"{person_id}.{list_name}.{_signature(person_id, list_name)}"


def read_unsubscribe_token(token: str) -> tuple[int, str]:
    """Return (person_id, list) of a genuine token; raises NotFound otherwise."""
    person, _, rest = token.partition(".")
    list_name, _, signature = rest.partition(".")
    is_plain = person.isascii() and person.isdigit() and list_name in PRIORITY
    if not is_plain or not hmac.compare_digest(
        signature.encode(), _signature(int(person), list_name).encode()
    ):
        msg = "This link is not one of ours, or not whole."
        raise NotFound(msg)
    return int(person), list_name


def _signature(person_id: int, list_name: str) -> str:
    key = settings().secret_key.encode()
    return hmac.new(key, f"unsubscribe:{person_id}:{list_name}".encode(), "sha256").hexdigest()[:32]


def suppress(person_id: int, list_name: str, *, reason: str, now: datetime) -> bool:
    """Stop a list (or '*', every letter but security) for a person; False when it was stopped."""
    if list_name == "security":
        msg = "Security letters cannot be stopped."
        raise Invalid(msg)
    row = {"person_id": person_id, "list_name": list_name, "reason": reason, "at": now}
    return insert_missing(Suppression, [row], ["person_id", "list_name"]) == 1


def resume(person_id: int, list_name: str) -> None:
    """Undo a person's own wish."""
    found = db.session.scalar(
        select(Suppression).where(
            Suppression.person_id == person_id, Suppression.list_name == list_name
        )
    )
    if found is not None:
        db.session.delete(found)


def suppressed_lists(person_id: int) -> set[str]:
    """Return the lists a person has stopped."""
    return set(
        db.session.scalars(select(Suppression.list_name).where(Suppression.person_id == person_id))
    )


def suppressed_people(list_name: str) -> set[int]:
    """Return everybody who has stopped a list, or every list."""
    return set(
        db.session.scalars(
            select(Suppression.person_id).where(Suppression.list_name.in_([list_name, "*"]))
        )
    )


def fingerprint() -> str:
    """Return what identifies this installation; a restored or cloned one has another."""
    config = settings()
    parts = f"{config.base_url}\n{config.database_url}\n{config.mail_url}\n{config.secret_key}"
    return hashlib.sha256(parts.encode()).hexdigest()


def _switch() -> MailSwitch | None:
    """Return the switch if it was set on this very installation."""
    switch = db.session.get(MailSwitch, 1)
    if switch is None or not hmac.compare_digest(switch.fingerprint, fingerprint()):
        return None
    return switch


def is_armed() -> bool:
    """Say whether letters leave the house: armed here, and a mail server is set."""
    if not settings().mail_url:
        return False
    switch = _switch()
    return switch is not None and switch.armed_at is not None


def arming_asked_by() -> int | None:
    """Return the admin who asked to arm mail and waits for a second one, or None."""
    switch = _switch()
    return switch.asked_by if switch is not None and switch.armed_at is None else None


def arm(*, actor: Actor, now: datetime, admins: int = 1) -> bool:
    """Let letters leave; with several admins the second one's word counts (TRUST section 5).

    Returns whether mail is armed now. Raises Conflict when no mail server is set.
    """
    if not settings().mail_url:
        msg = "No mail server is set."
        raise Conflict(msg, fix="Set PENNANT_MAIL_URL and start again.")
    asked_by = arming_asked_by()
    is_second = asked_by is not None and asked_by != actor.person_id
    armed = admins <= 1 or is_second
    _forget_switch()
    db.session.add(
        MailSwitch(
            id=1,
            fingerprint=fingerprint(),
            asked_by=asked_by if is_second else actor.person_id,
            armed_at=now if armed else None,
        )
    )
    action = "mail.arm_live" if armed else "mail.arm_asked"
    audit.record(action, actor=actor, now=now, subject="mail:1")
    return armed


def _forget_switch() -> bool:
    switch = db.session.get(MailSwitch, 1, with_for_update=True)
    if switch is None:
        return False
    db.session.delete(switch)
    db.session.flush()
    return True


def disarm(*, actor: Actor, now: datetime) -> None:
    """Capture every letter from now on."""
    if _forget_switch():
        audit.record("mail.disarm", actor=actor, now=now, subject="mail:1")


def reap(now: datetime) -> int:
    """Mark letters whose sender died while sending: `uncertain`, or queued if safe to repeat."""
    lost = and_(OutboxLetter.state == LetterState.SENDING, OutboxLetter.lease_until < now)
    again = db.session.execute(
        update(OutboxLetter)
        .where(lost, OutboxLetter.is_safe_to_repeat)
        .values(state=LetterState.QUEUED, lease_until=None, due_at=now)
        .returning(OutboxLetter.id)
    ).all()
    unsure = db.session.execute(
        update(OutboxLetter)
        .where(lost)
        .values(
            state=LetterState.UNCERTAIN,
            finished_at=now,
            lease_until=None,
            reason="the sender stopped while sending",
        )
        .returning(OutboxLetter.id)
    ).all()
    return len(again) + len(unsure)


def claim(now: datetime, limit: int) -> Checked:
    """Take up to `limit` due letters and decide each: send, capture, defer, suppress or expire.

    Runs in one transaction; what it returns in `to_send` is `sending` once that is committed.
    Order of checks (TRUST section 5): person, right, wish, use-by, quiet hours, cap, armed.
    """
    letters = _due(now, limit)
    lookup: RecipientLookup = current_app.extensions["pennant"]["recipients"]
    people = sorted({letter.person_id for letter in letters})
    checks = _Checks(
        now=now,
        recipients=lookup(people),
        stopped=_stopped(people),
        delivered=_delivered_counts(people, now),
        armed=is_armed(),
    )
    checked = Checked()
    for letter in letters:
        state = checks.decide(letter)
        checked.decided[state] = checked.decided.get(state, 0) + 1
        if state is LetterState.SENDING:
            checked.to_send.append(_outbound(letter, checks.recipients[letter.person_id]))
    db.session.flush()
    return checked


def _due(now: datetime, limit: int) -> list[OutboxLetter]:
    query = (
        select(OutboxLetter)
        .where(OutboxLetter.due_at <= now)
        .order_by(OutboxLetter.due_at, OutboxLetter.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    letters = list(db.session.scalars(query))
    return sorted(letters, key=lambda letter: (PRIORITY[letter.list_name], letter.id))


def _stopped(people: Sequence[int]) -> set[tuple[int, str]]:
    rows = db.session.execute(
        select(Suppression.person_id, Suppression.list_name).where(
            Suppression.person_id.in_(people)
        )
    )
    return {(row.person_id, row.list_name) for row in rows}


def _delivered_counts(people: Sequence[int], now: datetime) -> dict[int, tuple[int, int]]:
    """Return person -> (letters in the last 24 hours, in the last 7 days), capped lists only."""
    day_ago, week_ago = now - timedelta(days=1), now - timedelta(days=7)
    is_today = OutboxLetter.finished_at > day_ago
    rows = db.session.execute(
        select(
            OutboxLetter.person_id,
            func.count().filter(is_today).label("today"),
            func.count().label("week"),
        )
        .where(
            OutboxLetter.person_id.in_(people),
            OutboxLetter.state.in_(DELIVERED),
            OutboxLetter.finished_at > week_ago,
            OutboxLetter.finished_at <= now,
            OutboxLetter.is_important.is_(False),
        )
        .group_by(OutboxLetter.person_id)
    )
    return {row.person_id: (row.today, row.week) for row in rows}


@dataclass
class _Checks:
    """One round's knowledge; `decide` writes a letter's next state and returns it."""

    now: datetime
    recipients: Mapping[int, Recipient]
    stopped: set[tuple[int, str]]
    delivered: dict[int, tuple[int, int]]
    armed: bool

    def decide(self, letter: OutboxLetter) -> LetterState:
        recipient = self.recipients.get(letter.person_id)
        is_security = letter.list_name == "security"
        if recipient is None or not (recipient.is_active and recipient.email):
            return self._finish(letter, LetterState.SUPPRESSED, "not an active person")
        if not is_security and self._is_stopped(letter):
            return self._finish(letter, LetterState.SUPPRESSED, "the person stopped this list")
        if letter.use_by is not None and letter.use_by <= self.now:
            return self._finish(letter, LetterState.EXPIRED, "past its use-by")
        if not is_security and (reason_until := self._wait(letter, recipient)):
            return self._defer(letter, *reason_until)
        if not self.armed:
            self._count(letter)
            return self._finish(letter, LetterState.CAPTURED, "mail is disarmed")
        self._count(letter)
        letter.state, letter.due_at = LetterState.SENDING, None
        letter.attempts += 1
        letter.lease_until = self.now + LEASE
        return LetterState.SENDING

    def _is_stopped(self, letter: OutboxLetter) -> bool:
        return bool({(letter.person_id, letter.list_name), (letter.person_id, "*")} & self.stopped)

    def _wait(self, letter: OutboxLetter, recipient: Recipient) -> tuple[str, datetime] | None:
        awake = end_of_quiet(self.now, recipient)
        if awake > self.now:
            return "quiet hours", awake
        today, week = self.delivered.get(letter.person_id, (0, 0))
        if not letter.is_important and (today >= DAY_CAP or week >= WEEK_CAP):
            return "the person's cap of letters", end_of_quiet(
                self.now + timedelta(hours=24), recipient
            )
        return None

    def _count(self, letter: OutboxLetter) -> None:
        if not letter.is_important:
            today, week = self.delivered.get(letter.person_id, (0, 0))
            self.delivered[letter.person_id] = (today + 1, week + 1)

    def _finish(self, letter: OutboxLetter, state: LetterState, reason: str) -> LetterState:
        letter.state, letter.reason, letter.finished_at = state, reason, self.now
        letter.due_at = None
        return state

    def _defer(self, letter: OutboxLetter, reason: str, until: datetime) -> LetterState:
        letter.state, letter.reason = LetterState.DEFERRED, reason
        letter.not_before = letter.due_at = until
        return LetterState.DEFERRED


SATURDAY = 5


def end_of_quiet(now: datetime, recipient: Recipient) -> datetime:
    """Return `now`, or the first instant after it outside the person's quiet hours and weekend."""
    zone = ZoneInfo(recipient.time_zone)
    local = now.astimezone(zone)
    start, end = recipient.quiet_until, recipient.quiet_from
    day = local.date()
    if local.timetz().replace(tzinfo=None) >= end:
        day += timedelta(days=1)
    elif day.weekday() < SATURDAY and local.timetz().replace(tzinfo=None) >= start:
        return now
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return max(now, datetime.combine(day, start, zone).astimezone(UTC))


def _outbound(letter: OutboxLetter, recipient: Recipient) -> OutboundMail:
    return OutboundMail(
        letter_id=letter.id,
        list_name=letter.list_name,
        person_id=letter.person_id,
        email=recipient.email,
        name=recipient.name,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        message_id=letter.message_id,
    )


def settle(letter_id: int, state: LetterState, *, reason: str | None, now: datetime) -> bool:
    """Write what became of a letter that was being sent; False when it is not `sending` now."""
    letter = db.session.get(OutboxLetter, letter_id, with_for_update=True, populate_existing=True)
    if letter is None or letter.state != LetterState.SENDING:
        return False
    letter.lease_until = None
    letter.reason = reason
    if state is LetterState.RETRY and now - letter.created_at < GIVE_UP_AFTER:
        minutes = BACKOFF_MINUTES[min(letter.attempts, len(BACKOFF_MINUTES)) - 1]
        letter.state = LetterState.RETRY
        letter.not_before = letter.due_at = now + timedelta(minutes=minutes)
        return True
    letter.state = LetterState.FAILED if state is LetterState.RETRY else state
    letter.finished_at = now
    return True


def resolve(letter_id: int, *, send_again: bool, actor: Actor, now: datetime) -> None:
    """Let a person decide an uncertain letter: it was sent, or it is queued once more."""
    letter = db.session.get(OutboxLetter, letter_id, with_for_update=True, populate_existing=True)
    if letter is None:
        msg = "There is no such letter."
        raise NotFound(msg)
    if letter.state != LetterState.UNCERTAIN:
        msg = "This letter is not waiting for a decision any more."
        raise Conflict(msg)
    letter.state = LetterState.QUEUED if send_again else LetterState.SENT
    letter.reason = "decided by a person"
    letter.finished_at = None if send_again else now
    letter.due_at = now if send_again else None
    audit.record(
        "mail.uncertain_resolve",
        actor=actor,
        now=now,
        subject=f"letter:{letter_id}",
        detail={"send_again": send_again},
    )


def first_due(until: datetime) -> datetime | None:
    """Return when the first waiting letter may go, if that is not after `until`."""
    return db.session.scalar(
        select(func.min(OutboxLetter.due_at)).where(OutboxLetter.due_at <= until)
    )


def counts_by_state() -> dict[str, int]:
    """Return how many letters stand in each state."""
    rows = db.session.execute(select(OutboxLetter.state, func.count()).group_by(OutboxLetter.state))
    return {str(state): count for state, count in rows}


def letters(
    *,
    person_id: int | None = None,
    state: str | None = None,
    kind: str | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the newest letters first, without their bodies."""
    query = select(
        OutboxLetter.id,
        OutboxLetter.kind,
        OutboxLetter.list_name,
        OutboxLetter.person_id,
        OutboxLetter.subject,
        OutboxLetter.state,
        OutboxLetter.reason,
        OutboxLetter.created_at,
        OutboxLetter.not_before,
        OutboxLetter.finished_at,
        OutboxLetter.dedupe_key,
        OutboxLetter.attempts,
    ).order_by(OutboxLetter.id.desc())
    filters = [
        condition
        for value, condition in (
            (person_id, OutboxLetter.person_id == person_id),
            (state, OutboxLetter.state == state),
            (kind, OutboxLetter.kind == kind),
            (before_id, OutboxLetter.id < (before_id or 0)),
        )
        if value is not None
    ]
    return db.session.execute(query.where(*filters).limit(limit)).all()


def letter(letter_id: int) -> OutboxLetter:
    """Return one letter; raises NotFound."""
    found = db.session.get(OutboxLetter, letter_id)
    if found is None:
        msg = "There is no such letter."
        raise NotFound(msg)
    return found


def waiting_count(now: datetime) -> int:
    """Return how many letters are due and not yet decided."""
    return (
        db.session.scalar(
            select(func.count()).select_from(OutboxLetter).where(OutboxLetter.due_at <= now)
        )
        or 0
    )


def states_by_dedupe(keys: Sequence[str]) -> dict[str, LetterState]:
    """Return dedupe key -> state for the letters that exist."""
    rows = db.session.execute(
        select(OutboxLetter.dedupe_key, OutboxLetter.state).where(
            or_(*(OutboxLetter.dedupe_key.in_(keys[i : i + 500]) for i in range(0, len(keys), 500)))
        )
        if keys
        else select(OutboxLetter.dedupe_key, OutboxLetter.state).where(OutboxLetter.id < 0)
    )
    return {row.dedupe_key: LetterState(row.state) for row in rows}


__all__ = [
    "LISTS",
    "Letter",
    "LetterState",
    "OutboundMail",
    "OutboxLetter",
    "Recipient",
    "Suppression",
    "arm",
    "arming_asked_by",
    "claim",
    "counts_by_state",
    "disarm",
    "end_of_quiet",
    "first_due",
    "is_armed",
    "letter",
    "letters",
    "post",
    "post_all",
    "read_unsubscribe_token",
    "reap",
    "render_letter",
    "resolve",
    "resume",
    "settle",
    "states_by_dedupe",
    "suppress",
    "suppressed_lists",
    "suppressed_people",
    "unsubscribe_token",
    "waiting_count",
]
