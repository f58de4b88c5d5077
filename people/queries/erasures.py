"""Who was erased, who is to be, who may say so, and which names of theirs may not come back."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import or_, select

from core.db import db
from core.policy import Role
from people.models import Erasure, ExternalId, ForgottenName, Person
from people.queries.rows import chunks
from people.rules import digest_of_name


def erased_people() -> frozenset[int]:
    """Who was erased: nothing from outside may be tied to them any more."""
    return frozenset(db.session.scalars(select(Person.id).where(Person.status == "erased")))


def erasure_of(person_id: int) -> Erasure | None:
    """The request to erase somebody, open or carried out; None: nobody asked."""
    return db.session.get(Erasure, person_id)


def erasures_asked() -> tuple[Erasure, ...]:
    """The requests that wait for a second person, oldest first."""
    waiting = select(Erasure).where(Erasure.erased_at.is_(None))
    return tuple(db.session.scalars(waiting.order_by(Erasure.asked_at, Erasure.person_id)))


def still_named(limit: int) -> tuple[int, ...]:
    """Erased people whose names may still stand in texts, in the order they were erased."""
    waiting = select(Erasure.person_id).where(Erasure.words.is_not(None))
    ordered = waiting.order_by(Erasure.erased_at, Erasure.person_id).limit(limit)
    return tuple(db.session.scalars(ordered))


def admins_on(day: date) -> frozenset[int]:
    """The administrators who may sign in on a day."""
    there = or_(Person.left_on.is_(None), Person.left_on >= day)
    wanted = select(Person.id).where(Person.role == Role.ADMIN, Person.status == "active", there)
    return frozenset(db.session.scalars(wanted))


def has_left(person_id: int, day: date) -> bool:
    """Whether somebody's last day lies before a day."""
    left = select(Person.id).where(Person.id == person_id, Person.left_on < day)
    return db.session.scalar(left) is not None


def refs_of(person_id: int) -> tuple[tuple[str, str], ...]:
    """What other systems call a person, as (system, ref)."""
    rows = db.session.execute(
        select(ExternalId.system, ExternalId.ref)
        .where(ExternalId.person_id == person_id)
        .order_by(ExternalId.system, ExternalId.ref)
    )
    return tuple((system, ref) for system, ref in rows)


def forgotten(ways: Collection[str]) -> frozenset[str]:
    """Those of these names (`email:...`, `key:...`) that belonged to somebody erased."""
    if not ways or db.session.execute(select(ForgottenName.digest).limit(1)).first() is None:
        return frozenset()
    named = {digest_of_name(way): way for way in ways}
    found: set[str] = set()
    for chunk in chunks(named):
        known = select(ForgottenName.digest).where(ForgottenName.digest.in_(chunk))
        found.update(named[digest] for digest in db.session.scalars(known))
    return frozenset(found)
