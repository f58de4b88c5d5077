"""Signing in: passwords, sessions, tokens."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, literal_column, select

from core.db import Question, UtcDateTime, db, in_transaction
from people.models import Account, ApiToken, AuthSession, Person, PersonChange
from people.rules import may_sign_in


@dataclass(frozen=True)
class SignIn:
    """What the sign-in check needs of one person."""

    person_id: int
    password_hash: str
    version: int
    may_enter: bool


@dataclass(frozen=True)
class OpenSession:
    """A live session with the person behind it."""

    person_id: int
    role: str
    name: str
    seen_at: datetime
    created_at: datetime


def sign_in_of(email: str, today: date) -> SignIn | None:
    """What a sign-in with this address is checked against; None when there is no account."""
    row = db.session.execute(
        select(Person.id, Account.password_hash, Account.version, Person.status, Person.left_on)
        .join(Account, Account.person_id == Person.id)
        .where(Person.email == email.lower())
    ).first()
    if row is None:
        return None
    return SignIn(
        person_id=row.id,
        password_hash=row.password_hash,
        version=row.version,
        may_enter=may_sign_in(row.status, row.left_on, today),
    )


# Who is behind a session, while it holds. Rooms above may ask more in the same statement.
OPEN_SESSION: Select[*tuple[Any, ...]] = (
    select(
        AuthSession.person_id,
        Person.role,
        Person.name,
        AuthSession.seen_at,
        AuthSession.created_at,
        Person.status,
        Person.left_on,
    )
    .join(Account, Account.person_id == AuthSession.person_id)
    .join(Person, Person.id == AuthSession.person_id)
    .where(
        AuthSession.id_hash == bindparam("id_hash"),
        AuthSession.expires_at > bindparam("now", type_=UtcDateTime()),
        AuthSession.account_version == Account.version,
    )
)

SESSION_COLUMNS = len(OPEN_SESSION.selected_columns)

# The latest changes of people, memberships and absences as one number: it differs as soon as one
# more is there, also when changes made at the same moment come in another order than their ids.
_LATEST = (
    select(PersonChange.id).order_by(PersonChange.id.desc()).limit(literal_column("20")).subquery()
)

NEWEST_CHANGE = select(func.sum(_LATEST.c.id)).scalar_subquery()
_SESSION = Question(OPEN_SESSION)


def open_session(id_hash: str, now: datetime) -> OpenSession | None:
    """The session behind a cookie, if it still holds.

    Not ended, not expired, the account's version unchanged, and a person who may still enter.
    """
    given = {"id_hash": id_hash, "now": now}
    if in_transaction():
        rows = [tuple(row) for row in db.session.execute(OPEN_SESSION, given)]
    else:
        rows = _SESSION.ask(db.engine, **given)
    return session_in(rows[0], now) if rows else None


def session_in(row: tuple[Any, ...], now: datetime) -> OpenSession | None:
    """The session in a row of `OPEN_SESSION`, if its person may still enter."""
    person_id, role, name, seen_at, created_at, status, left_on = row[:SESSION_COLUMNS]
    if not may_sign_in(status, left_on, now.date()):
        return None
    return OpenSession(person_id, role, name, seen_at, created_at)


def token_by_hash(token_hash: str, now: datetime) -> ApiToken | None:
    """A token that is neither revoked nor over."""
    return db.session.scalar(
        select(ApiToken).where(
            ApiToken.token_hash == token_hash,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now,
        )
    )


def token_by_prefix(prefix: str) -> ApiToken | None:
    """A token by the part of it that may be shown."""
    return db.session.scalar(select(ApiToken).where(ApiToken.prefix == prefix))
