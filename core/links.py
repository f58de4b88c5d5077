"""Links that open something without signing in: how their keys are made, how long they last.

A key is random, signed with the house's secret for one purpose, so that a forged one costs no look
into the database, and kept as a hash only.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from itsdangerous import BadSignature, Signer

from core.errors import Invalid

LONGEST_DAYS = 400
LONGEST_NAME = 80
LONGEST_KEY = 200


def make_key(purpose: str, secret: str) -> tuple[str, str]:
    """A new key: its hash, which is kept, and the signed key, which can be read this once only."""
    raw = secrets.token_urlsafe(32)
    return _hash(raw), _signer(purpose, secret).sign(raw).decode("ascii")


def hash_of_key(key: str, purpose: str, secret: str) -> str | None:
    """The hash a genuine key of this purpose is kept under; None when it is none of ours."""
    if not key.isascii() or len(key) > LONGEST_KEY:
        return None
    try:
        return _hash(_signer(purpose, secret).unsign(key).decode("ascii"))
    except BadSignature:
        return None


def checked_name(name: str) -> str:
    """Where a link will be used, in one short line. Raises Invalid."""
    clean = name.strip()
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        msg = f"Say in up to {LONGEST_NAME} characters where this link will be used."
        raise Invalid(msg, field="name")
    return clean


def ends_at(now: datetime, days: int) -> datetime:
    """When a link made now ends. Raises Invalid unless it lasts 1 to 400 days."""
    if not 1 <= days <= LONGEST_DAYS:
        msg = f"A link lasts 1 to {LONGEST_DAYS} days."
        raise Invalid(msg, field="days")
    return now + timedelta(days=days)


def is_open(expires_at: datetime, revoked_at: datetime | None, now: datetime) -> bool:
    """Whether a link still opens anything: not revoked, and before its end (half-open)."""
    return revoked_at is None and now < expires_at


def _hash(raw: str) -> str:
    return hashlib.sha256(raw.encode("ascii")).hexdigest()


def _signer(purpose: str, secret: str) -> Signer:
    return Signer(secret, salt=purpose, digest_method=hashlib.sha256)
