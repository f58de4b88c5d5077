"""Letting people and machines in: passwords, sessions kept on our side, tokens by their hash."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from threading import BoundedSemaphore

from werkzeug.security import check_password_hash, generate_password_hash

from core import audit, rate_limit
from core.db import db, delete_where, upsert_rows
from core.errors import Invalid, NotFound, TooMany
from core.policy import Actor, Role
from people import queries
from people.models import Account, AuthSession

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 256
SESSION_LASTS = timedelta(days=7)
SESSION_IDLES = timedelta(hours=24)
SEEN_EVERY = timedelta(minutes=10)
ATTEMPT_WINDOW = timedelta(minutes=15)
ATTEMPTS_PER_ACCOUNT = 10
ATTEMPTS_PER_ADDRESS = 100
TOKEN_LENGTHS = range(20, 200)

# Hashing a password costs a tenth of a second of a core; more than two at once would starve pages.
_hashing = BoundedSemaphore(2)


@dataclass(frozen=True)
class SignedIn:
    """Who is behind a session, and since when."""

    actor: Actor
    since: datetime
    is_due: bool


def hash_of(text: str) -> str:
    """The form in which our own random secrets are kept; being random, a hash is enough."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _nobodys_hash() -> str:
    """What an unknown address is checked against, so that it takes the same time (TRUST W3)."""
    return generate_password_hash(secrets.token_urlsafe())


def count_attempt(email: str, address: str, now: datetime) -> None:
    """Count a try to sign in, per account and per address. Raises TooMany, for both alike."""
    buckets = (
        (_account_bucket(email), ATTEMPTS_PER_ACCOUNT),
        (f"sign-in:address:{address[:60]}", ATTEMPTS_PER_ADDRESS),
    )
    within = [
        rate_limit.hit(bucket, limit=limit, window=ATTEMPT_WINDOW, now=now)
        for bucket, limit in buckets
    ]
    if not all(within):
        raise TooMany(
            "There were too many tries to sign in.",
            fix="Wait a quarter of an hour, then try again.",
        )


def _account_bucket(email: str) -> str:
    return f"sign-in:account:{hash_of(email.strip().lower())[:40]}"


def check_password(email: str, password: str, today: date) -> int | None:
    """The person if address and password match and they may enter, else None.

    Reads only; takes as long for an unknown address as for a wrong password.
    """
    address = email.strip()
    is_text = address.isprintable() and len(address) <= 254
    found = queries.sign_in_of(address, today) if is_text else None
    given = password if len(password) <= LONGEST_PASSWORD else ""
    with _hashing:
        matches = check_password_hash(found.password_hash if found else _nobodys_hash(), given)
    if found is None or not found.may_enter or not matches or not given:
        return None
    return found.person_id


def open_session(person_id: int, now: datetime, *, email: str | None = None) -> str:
    """Begin a session and return its id, which only the browser's cookie holds from then on."""
    account = db.session.get(Account, person_id)
    actor = queries.actor_of(person_id)
    if account is None or actor is None:
        raise NotFound("There is no such account.")
    raw = secrets.token_urlsafe(32)
    db.session.add(
        AuthSession(
            id_hash=hash_of(raw),
            person_id=person_id,
            account_version=account.version,
            created_at=now,
            seen_at=now,
            expires_at=now + SESSION_LASTS,
        )
    )
    if email is not None:
        rate_limit.forget(_account_bucket(email))
    audit.record("auth.login", actor=actor, now=now, subject=f"person:{person_id}")
    return raw


def session_actor(raw: str, now: datetime) -> SignedIn | None:
    """Who is behind a session id, if it still holds; `is_due` asks for `see_session`."""
    return signed_in(queries.open_session(hash_of(raw), now), now)


def signed_in(found: queries.OpenSession | None, now: datetime) -> SignedIn | None:
    """Who is behind a session that was read, unless it lay idle too long."""
    if found is None or now - found.seen_at > SESSION_IDLES:
        return None
    actor = Actor(person_id=found.person_id, role=Role(found.role), name=found.name)
    return SignedIn(actor, found.created_at, is_due=now - found.seen_at > SEEN_EVERY)


def see_session(raw: str, now: datetime) -> None:
    """Remember that a session is in use."""
    row = db.session.get(AuthSession, hash_of(raw))
    if row is not None:
        row.seen_at = now


def close_session(raw: str, now: datetime) -> None:
    """End one session on our side; a copied cookie is worth nothing afterwards (TRUST W1)."""
    row = db.session.get(AuthSession, hash_of(raw))
    if row is None:
        return
    actor = queries.actor_of(row.person_id)
    if actor is not None:
        audit.record("auth.logout", actor=actor, now=now, subject=f"person:{row.person_id}")
    db.session.delete(row)


def set_password(person_id: int, password: str, *, actor: Actor, now: datetime) -> None:
    """Give a person a password; every session of theirs ends. Raises Invalid."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or not password.strip():
        raise Invalid(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.",
            field="password",
            fix="Three or four unrelated words make a good one.",
        )
    card = queries.card(person_id)
    if card is None:
        raise NotFound("There is no such person.")
    if password.lower() in {card.email, card.name.lower(), card.key.lower()}:
        raise Invalid("That is too easy to guess.", field="password", fix="Choose another one.")
    with _hashing:
        hashed = generate_password_hash(password)
    account = db.session.get(Account, person_id)
    row = {
        "person_id": person_id,
        "password_hash": hashed,
        "version": account.version + 1 if account else 1,
        "password_changed_at": now,
    }
    upsert_rows(Account, [row], ["person_id"])
    if account is not None:
        db.session.refresh(account)
    audit.record("auth.password_change", actor=actor, now=now, subject=f"person:{person_id}")


def load_actor_for_token(raw: str, now: datetime) -> Actor | None:
    """The machine behind a token with its scopes; None when unknown, revoked or over."""
    if len(raw) not in TOKEN_LENGTHS or not raw.isascii():
        return None
    token = queries.token_by_hash(hash_of(raw), now)
    if token is None:
        return None
    return Actor(person_id=None, role=None, name=token.name, scopes=frozenset(token.scopes.split()))


def prune_sign_ins(as_of: datetime) -> dict[str, int]:
    """Forget sessions that are over and counts of tries of days gone by."""
    sessions = delete_where(AuthSession, AuthSession.expires_at < as_of)
    windows = rate_limit.prune(as_of - timedelta(days=1))
    return {"sessions": sessions, "windows": windows}
