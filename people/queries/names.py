"""Whom a key, an address or another system's name means."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select

from core.db import db
from core.intake.directory import Known
from core.planning import is_among
from people.models import ExternalId, Person
from people.queries.rows import chunks, pairs


def by_key(keys: Collection[str] | None = None) -> dict[str, int]:
    """Person ids by the files' person_id; None asks for everybody."""
    columns = select(Person.key, Person.id)
    if keys is None:
        return pairs(db.session.execute(columns))
    return pairs(db.session.execute(columns.where(is_among(Person.key, keys))))


def by_email(emails: Collection[str] | None = None) -> dict[str, int]:
    """Person ids by address in lower case; None asks for everybody."""
    columns = select(Person.email, Person.id)
    if emails is None:
        return pairs(db.session.execute(columns))
    found: dict[str, int] = {}
    for chunk in chunks({email.lower() for email in emails}):
        found.update(
            (mail, ident)
            for mail, ident in db.session.execute(columns.where(Person.email.in_(chunk)))
        )
    return found


def everybody() -> tuple[Known, ...]:
    """Who is in the directory by every name an export may call them; erased people are not."""
    refs: dict[int, list[str]] = defaultdict(list)
    for system, ref, ident in db.session.execute(
        select(ExternalId.system, ExternalId.ref, ExternalId.person_id)
    ):
        refs[ident].append(f"{system}:{ref}")
    rows = db.session.execute(
        select(Person.id, Person.key, Person.email, Person.name, Person.role).where(
            Person.status != "erased"
        )
    )
    return tuple(
        Known(key, mail, name, role, tuple(refs.get(ident, ())))
        for ident, key, mail, name, role in rows
    )


def external_ids(pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Whom these (system, ref) pairs mean."""
    found: dict[tuple[str, str], int] = {}
    for chunk in chunks({ref for _system, ref in pairs}):
        rows = db.session.execute(
            select(ExternalId.system, ExternalId.ref, ExternalId.person_id).where(
                ExternalId.ref.in_(chunk)
            )
        )
        found.update(((system, ref), ident) for system, ref, ident in rows)
    return found


def keys_of(person_ids: Collection[int]) -> dict[int, str]:
    """The files' person_id of each id."""
    found: dict[int, str] = {}
    for chunk in chunks(person_ids):
        rows = db.session.execute(select(Person.id, Person.key).where(Person.id.in_(chunk)))
        found.update((ident, key) for ident, key in rows)
    return found
