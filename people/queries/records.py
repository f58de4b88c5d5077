"""The records an import meets, and whose changed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from core.db import db
from people.models import Absence, Account, Person, PersonChange
from people.queries.rows import AnyRow, chunks, pairs


@dataclass(frozen=True)
class StoredPerson:
    """A person's record as an import compares it, with the manager by key."""

    id: int
    key: str
    email: str
    name: str
    role: str
    channel: str | None
    time_zone: str | None
    hired_on: date | None
    left_on: date | None
    enabled_on: date | None
    disabled_on: date | None
    manager_id: int | None
    is_test: bool
    alias: str | None
    ranking_opt_out: bool
    status: str


def changes_after(watermark: int, limit: int = 100_000) -> tuple[int, frozenset[int]]:
    """The newest change id and whose records changed since `watermark`."""
    rows = db.session.execute(
        select(PersonChange.id, PersonChange.person_id)
        .where(PersonChange.id > watermark)
        .order_by(PersonChange.id)
        .limit(limit)
    ).all()
    newest = rows[-1].id if rows else watermark
    return newest, frozenset(row.person_id for row in rows)


_STORED = (
    Person.id,
    Person.key,
    Person.email,
    Person.name,
    Person.role,
    Person.channel,
    Person.time_zone,
    Person.hired_on,
    Person.left_on,
    Person.enabled_on,
    Person.disabled_on,
    Person.manager_id,
    Person.is_test,
    Person.alias,
    Person.ranking_opt_out,
    Person.status,
)


def stored_people(keys: Collection[str]) -> dict[str, StoredPerson]:
    """The records an import of these keys meets."""
    found: dict[str, StoredPerson] = {}
    for chunk in chunks(keys):
        rows: Iterable[AnyRow] = db.session.execute(select(*_STORED).where(Person.key.in_(chunk)))
        found.update((row.key, StoredPerson(*tuple(row))) for row in rows)
    return found


def owners_of_emails(emails: Collection[str]) -> dict[str, str]:
    """The key of whoever holds each address."""
    found: dict[str, str] = {}
    for chunk in chunks(emails):
        rows = db.session.execute(select(Person.email, Person.key).where(Person.email.in_(chunk)))
        found.update(pairs(rows))
    return found


def manager_keys() -> dict[str, str | None]:
    """Everybody's key with the key of their manager."""
    boss = Person.__table__.alias("boss")
    rows = db.session.execute(
        select(Person.key, boss.c.key).outerjoin(boss, boss.c.id == Person.manager_id)
    )
    return {row[0]: row[1] for row in rows}


def absences_of(person_ids: Collection[int]) -> frozenset[tuple[int, date, date]]:
    """Every absence of these people as (person, first day, last day)."""
    found: set[tuple[int, date, date]] = set()
    for chunk in chunks(person_ids):
        rows = db.session.execute(
            select(Absence.person_id, Absence.starts_on, Absence.ends_on).where(
                Absence.person_id.in_(chunk)
            )
        )
        found.update((row[0], row[1], row[2]) for row in rows)
    return frozenset(found)


def accounts_of(person_ids: Collection[int]) -> tuple[Account, ...]:
    """The accounts of those who have one, to be changed."""
    found: list[Account] = []
    for chunk in chunks(person_ids):
        found.extend(db.session.scalars(select(Account).where(Account.person_id.in_(chunk))))
    return tuple(found)
