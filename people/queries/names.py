"""Whom a key, an address or another system's name means."""

from collections import defaultdict
from collections.abc import Collection
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select

from core.db import db
from core.intake.directory import Known
from core.planning import is_among
from people.models import ExternalId, Person, PersonChange
from people.queries.rows import chunks, pairs

_NEWEST_CHANGE = select(func.max(PersonChange.id))


def by_key(keys: Collection[str] | None = None) -> dict[str, int]:
    """Person ids by the files' person_id; None asks for everybody."""
    columns = select(Person.key, Person.id)
    if keys is None:
        return pairs(db.session.execute(columns))
    return pairs(db.session.execute(columns.where(is_among(Person.key, keys))))


# Who has which key, by database: ids stay for ever, and each change of a record leaves a new mark.
_met: WeakKeyDictionary[Engine, tuple[int, dict[str, int]]] = WeakKeyDictionary()
MOST_MET = 100_000


def by_key_met(keys: Collection[str]) -> dict[str, int]:
    """`by_key` for doors that ask for the same people a hundred times a minute.

    Those met before are not asked for again until somebody's record changes. Only for a
    transaction that wrote no people: what it read is remembered beyond it.
    """
    engine = db.engine
    newest = db.session.scalar(_NEWEST_CHANGE) or 0
    mark, met = _met.get(engine, (0, {}))
    if mark != newest or len(met) > MOST_MET:
        met = {}
    missing = [key for key in keys if key not in met]
    if missing:
        met = met | by_key(missing)
    _met[engine] = newest, met
    return {key: met[key] for key in keys if key in met}


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
