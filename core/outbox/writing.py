"""Putting letters in: in the transaction of what they tell, each under a key used once."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from core import icalendar
from core.db import insert_missing
from core.errors import Invalid
from core.outbox.tables import PRIORITY, Letter, LetterState, OutboxLetter


def post(letter: Letter, now: datetime) -> bool:
    """Put one letter in the outbox; False when its key is known already."""
    return post_all([letter], now) == 1


def post_all(letters: Iterable[Letter], now: datetime) -> int:
    """Put letters in the outbox set-wise; return how many were new.

    Raises Invalid for an unknown list, a subject with a line break, or a broken invitation.
    """
    return insert_missing(OutboxLetter, (_row(letter, now) for letter in letters), ["dedupe_key"])


def _row(letter: Letter, now: datetime) -> dict[str, object]:
    if letter.list_name not in PRIORITY:
        msg = f"{letter.list_name} is not a mail list."
        raise Invalid(msg)
    if "\n" in letter.subject or "\r" in letter.subject:
        msg = "A subject must be one line."
        raise Invalid(msg, field="subject")
    if letter.calendar is not None:
        _check_invitation(letter.calendar)
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
        "calendar": letter.calendar,
    }


def _check_invitation(calendar: str) -> None:
    try:
        icalendar.method_of(calendar)
    except ValueError as broken:
        msg = f"This is no invitation: {broken}."
        raise Invalid(msg, field="calendar") from None
