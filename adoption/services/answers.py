"""Answers to machines, kept so that the same request gets the same answer and stores nothing."""

from datetime import datetime, timedelta

from adoption.models import UsageRequest
from adoption.queries.events import request_of
from core.db import delete_where, insert_missing
from core.errors import Conflict

KEEP_ANSWERS = timedelta(hours=24)
Answer = dict[str, object]


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
    row = {
        "caller": caller,
        "request_key": request_key,
        "body_hash": body_hash,
        "answer": answer,
        "answered_at": now,
    }
    insert_missing(UsageRequest, [row], ["caller", "request_key"])


def forget_answers(as_of: datetime) -> int:
    """Take away answers older than 24 h; how many there were. Nobody is given one any more."""
    return delete_where(UsageRequest, UsageRequest.answered_at < as_of - KEEP_ANSWERS)
