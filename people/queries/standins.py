"""Who acts for whom on a day: deputies within their dates, and second leads beside a team's lead.

Only people who may still sign in on that day count: who left or is suspended stands in for nobody,
without anything having to be tidied away.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, or_, select

from core.db import db
from people.models import Deputy, Person, SecondLead
from people.queries.rows import chunks


def _is_here(on: date) -> ColumnElement[bool]:
    """Whoever acts may sign in on that day (people.rules.may_sign_in)."""
    return and_(Person.status == "active", or_(Person.left_on.is_(None), Person.left_on >= on))


def active_among(person_ids: Collection[int], on: date) -> frozenset[int]:
    """Those of these people who may sign in on a day."""
    found: set[int] = set()
    for chunk in chunks(person_ids):
        found.update(
            db.session.scalars(select(Person.id).where(Person.id.in_(chunk), _is_here(on)))
        )
    return frozenset(found)


def stood_in_for(deputy_id: int, on: date) -> frozenset[int]:
    """The people this one stands in for on a day."""
    return frozenset(
        db.session.scalars(
            select(Deputy.person_id)
            .join(Person, Person.id == Deputy.deputy_id)
            .where(
                Deputy.deputy_id == deputy_id,
                Deputy.starts_on <= on,
                Deputy.ends_on >= on,
                _is_here(on),
            )
        )
    )


def deputies_of(person_ids: Collection[int], on: date) -> dict[int, tuple[int, ...]]:
    """Who stands in for each of these people on a day, ordered by id."""
    found: dict[int, list[int]] = defaultdict(list)
    for person_id, deputy_id, _first, _last in deputy_spans(person_ids, on, on):
        found[person_id].append(deputy_id)
    return {person_id: tuple(sorted(set(ids))) for person_id, ids in found.items()}


def deputy_spans(
    person_ids: Collection[int], first: date, last: date
) -> list[tuple[int, int, date, date]]:
    """(person, deputy, first day, last day) touching first..last, both included."""
    found: list[tuple[int, int, date, date]] = []
    for chunk in chunks(person_ids):
        rows = db.session.execute(
            select(Deputy.person_id, Deputy.deputy_id, Deputy.starts_on, Deputy.ends_on)
            .join(Person, Person.id == Deputy.deputy_id)
            .where(
                Deputy.person_id.in_(chunk),
                Deputy.starts_on <= last,
                Deputy.ends_on >= first,
                _is_here(first),
            )
            .order_by(Deputy.person_id, Deputy.starts_on, Deputy.id)
        )
        found.extend((row[0], row[1], row[2], row[3]) for row in rows)
    return found


def second_led_by(lead_id: int, on: date) -> frozenset[int]:
    """The people whose second lead this one is on a day."""
    return frozenset(
        row[0] for row in db.session.execute(_second(on, SecondLead.lead_id == lead_id))
    )


def second_leads_of(person_id: int, on: date) -> tuple[int, ...]:
    """The second leads of a person on a day, ordered by id."""
    rows = db.session.execute(_second(on, SecondLead.person_id == person_id))
    return tuple(sorted({row[1] for row in rows}))


def _second(on: date, condition: ColumnElement[bool]) -> Select[int, int]:
    return (
        select(SecondLead.person_id, SecondLead.lead_id)
        .join(Person, Person.id == SecondLead.lead_id)
        .where(
            condition,
            SecondLead.starts_on <= on,
            or_(SecondLead.ends_on.is_(None), SecondLead.ends_on > on),
            _is_here(on),
        )
    )


def deputies_named_by(person_id: int, since: date) -> tuple[Deputy, ...]:
    """The deputies of a person that are not over by a day, earliest first."""
    rows = select(Deputy).where(Deputy.person_id == person_id, Deputy.ends_on >= since)
    return tuple(db.session.scalars(rows.order_by(Deputy.starts_on, Deputy.id)))


def second_leads_among(person_ids: Collection[int], since: date) -> tuple[SecondLead, ...]:
    """The second leads of these people that are not over by a day, earliest first."""
    found: list[SecondLead] = []
    still = or_(SecondLead.ends_on.is_(None), SecondLead.ends_on > since)
    for chunk in chunks(person_ids):
        rows = select(SecondLead).where(SecondLead.person_id.in_(chunk), still)
        found.extend(db.session.scalars(rows.order_by(SecondLead.starts_on, SecondLead.id)))
    return tuple(found)


def deputy_row(deputy_row_id: int) -> Deputy | None:
    """One deputising, by its row."""
    return db.session.get(Deputy, deputy_row_id)


def second_lead_row(second_lead_row_id: int) -> SecondLead | None:
    """One dotted line, by its row."""
    return db.session.get(SecondLead, second_lead_row_id)
