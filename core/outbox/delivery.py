"""Claim before send: decide each due letter at the moment of sending, and write its end down.

A letter is `sending` and committed before the mail server hears of it, so a crash leaves it
`uncertain`, never sent twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import Row, bindparam, func, select, update

from core import audit
from core.db import db, table_of
from core.errors import Conflict, NotFound
from core.outbox.arming import is_armed
from core.outbox.quiet import end_of_quiet
from core.outbox.tables import (
    DELIVERED,
    PRIORITY,
    LetterState,
    OutboxLetter,
    Recipient,
    Suppression,
)
from core.policy import Actor

LEASE = timedelta(minutes=2)
BACKOFF_MINUTES = (1, 5, 15, 60, 240)
GIVE_UP_AFTER = timedelta(hours=24)
DAY_CAP = 2
WEEK_CAP = 6

Due = Row[*tuple[Any, ...]]
RecipientLookup = Callable[[Sequence[int], date | None], Mapping[int, Recipient]]


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
    calendar: str | None = None


@dataclass
class Checked:
    """What a round of checks at claim time decided, letter by letter."""

    to_send: list[OutboundMail] = field(default_factory=list)
    decided: dict[LetterState, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a letter's check decided: its next state, why, and when to look again."""

    state: LetterState
    reason: str | None = None
    again_at: datetime | None = None


def reap(now: datetime) -> int:
    """Mark letters whose sender died while sending: `uncertain`, or queued if safe to repeat.

    Only a letter being sent has a lease, and they are few: they are found by that index alone.
    """
    lost = list(
        db.session.scalars(
            select(OutboxLetter.id).where(OutboxLetter.lease_until < now).with_for_update()
        )
    )
    for letter_id in lost:
        letter = db.session.get_one(OutboxLetter, letter_id, populate_existing=True)
        letter.lease_until = None
        if letter.is_safe_to_repeat:
            letter.state, letter.due_at = LetterState.QUEUED, now
        else:
            letter.state, letter.finished_at = LetterState.UNCERTAIN, now
            letter.reason = "the sender stopped while sending"
    return len(lost)


def claim(now: datetime, limit: int) -> Checked:
    """Take up to `limit` due letters and decide each: send, capture, defer, suppress or expire.

    Runs in one transaction; what it returns in `to_send` is `sending` once that is committed.
    Order of checks (TRUST section 5): person, right, wish, use-by, quiet hours, cap, armed.
    """
    letters = _due(now, limit)
    if not letters:
        return Checked()
    lookup: RecipientLookup = current_app.extensions["pennant"]["recipients"]
    people = sorted({letter.person_id for letter in letters})
    checks = _Checks(
        now=now,
        recipients=lookup(people, now.date()),
        stopped=_stopped(people),
        delivered=_delivered_counts(people, now),
        armed=is_armed(),
    )
    verdicts = {letter.id: checks.decide(letter) for letter in letters}
    _write(letters, verdicts, now)
    checked = Checked()
    for verdict in verdicts.values():
        checked.decided[verdict.state] = checked.decided.get(verdict.state, 0) + 1
    sending = [ident for ident, found in verdicts.items() if found.state is LetterState.SENDING]
    checked.to_send.extend(_outbound(sending, checks.recipients))
    return checked


def _due(now: datetime, limit: int) -> list[Due]:
    """Return due letters without bodies, held until the transaction ends, weightiest first."""
    query = (
        select(
            OutboxLetter.id,
            OutboxLetter.person_id,
            OutboxLetter.list_name,
            OutboxLetter.use_by,
            OutboxLetter.is_important,
            OutboxLetter.not_before,
            OutboxLetter.attempts,
        )
        .where(OutboxLetter.due_at <= now)
        .order_by(OutboxLetter.due_at, OutboxLetter.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    letters: list[Due] = list(db.session.execute(query))
    return sorted(letters, key=lambda letter: (PRIORITY[letter.list_name], letter.id))


def _write(letters: Sequence[Due], verdicts: Mapping[int, Verdict], now: datetime) -> None:
    """Write every verdict by one prepared statement."""
    table = table_of(OutboxLetter)
    columns = ("state", "reason", "due_at", "not_before", "finished_at", "lease_until", "attempts")
    statement = (
        update(table)
        .where(table.c.id == bindparam("letter_id"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    rows = []
    for letter in letters:
        verdict = verdicts[letter.id]
        is_sending = verdict.state is LetterState.SENDING
        is_deferred = verdict.state is LetterState.DEFERRED
        rows.append(
            {
                "letter_id": letter.id,
                "new_state": verdict.state,
                "new_reason": verdict.reason,
                "new_due_at": verdict.again_at,
                "new_not_before": verdict.again_at or letter.not_before,
                "new_finished_at": None if is_sending or is_deferred else now,
                "new_lease_until": now + LEASE if is_sending else None,
                "new_attempts": letter.attempts + is_sending,
            }
        )
    db.session.connection().execute(statement, rows)
    db.session.expire_all()


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
    """One round's knowledge; `decide` says what becomes of a letter."""

    now: datetime
    recipients: Mapping[int, Recipient]
    stopped: set[tuple[int, str]]
    delivered: dict[int, tuple[int, int]]
    armed: bool

    def decide(self, letter: Due) -> Verdict:
        recipient = self.recipients.get(letter.person_id)
        is_security = letter.list_name == "security"
        if recipient is None or not (recipient.is_active and recipient.email):
            return Verdict(LetterState.SUPPRESSED, "not an active person")
        if not is_security and self._is_stopped(letter):
            return Verdict(LetterState.SUPPRESSED, "the person stopped this list")
        if letter.use_by is not None and letter.use_by <= self.now:
            return Verdict(LetterState.EXPIRED, "past its use-by")
        if not is_security and (wait := self._wait(letter, recipient)) is not None:
            return wait
        self._count(letter)
        if not self.armed:
            return Verdict(LetterState.CAPTURED, "mail is disarmed")
        return Verdict(LetterState.SENDING)

    def _is_stopped(self, letter: Due) -> bool:
        return bool({(letter.person_id, letter.list_name), (letter.person_id, "*")} & self.stopped)

    def _wait(self, letter: Due, recipient: Recipient) -> Verdict | None:
        awake = end_of_quiet(self.now, recipient)
        if awake > self.now:
            return Verdict(LetterState.DEFERRED, "quiet hours", awake)
        today, week = self.delivered.get(letter.person_id, (0, 0))
        if not letter.is_important and (today >= DAY_CAP or week >= WEEK_CAP):
            tomorrow = end_of_quiet(self.now + timedelta(hours=24), recipient)
            return Verdict(LetterState.DEFERRED, "the person's cap of letters", tomorrow)
        return None

    def _count(self, letter: Due) -> None:
        if not letter.is_important:
            today, week = self.delivered.get(letter.person_id, (0, 0))
            self.delivered[letter.person_id] = (today + 1, week + 1)


def _outbound(letter_ids: Sequence[int], recipients: Mapping[int, Recipient]) -> list[OutboundMail]:
    """Return the letters that go out now, with their bodies."""
    if not letter_ids:
        return []
    rows = db.session.scalars(
        select(OutboxLetter).where(OutboxLetter.id.in_(letter_ids)).order_by(OutboxLetter.id)
    )
    return [
        OutboundMail(
            letter_id=row.id,
            list_name=row.list_name,
            person_id=row.person_id,
            email=recipients[row.person_id].email,
            name=recipients[row.person_id].name,
            subject=row.subject,
            text=row.text,
            html=row.html,
            message_id=row.message_id,
            calendar=row.calendar,
        )
        for row in rows
    ]


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
