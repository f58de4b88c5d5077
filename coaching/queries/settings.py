"""What the settings of the loop show: the set day, who stands in, second leads, whom to choose."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import or_, select

import people.queries
import programme.queries
from coaching.queries import items
from core.db import db
from core.planning import is_among
from core.policy import Actor, Role, Scope, scope_of
from people.models import Deputy, SecondLead
from people.queries import PersonCard

ASSIGN = "team.deputy_assign"
MOST_ROWS = 300
Card = PersonCard


@dataclass(frozen=True)
class StandIn:
    """Somebody beside somebody else over dates; `last` is None while it is open."""

    id: int
    person: PersonCard
    other: PersonCard
    first: date
    last: date | None


@dataclass(frozen=True)
class Settings:
    """One's own day, and the stand-ins one may set; `bosses` are those one names deputies for."""

    weekday: int
    at: time
    zone: str
    today: date
    bosses: Sequence[PersonCard]
    deputies: Sequence[StandIn]
    managers: Sequence[PersonCard]
    seconds: Sequence[StandIn]
    is_above: bool


def settings(actor: Actor, now: datetime) -> Settings:
    """The page of whoever may name a deputy: a manager for themselves, those above for managers.

    Second leads are set for the people one leads, or has below.
    """
    me = actor.person_id or 0
    owner = programme.queries.default()
    zone = items.zones_of([me], owner)[me] if owner is not None else UTC
    today = now.astimezone(zone).date()
    usual = items.set_day_of(me)
    scope = scope_of(actor, ASSIGN)
    managers = people.queries.ids_with_role(Role.MANAGER)
    below = people.queries.tree_below(me, today) if scope is Scope.TREE else None
    bosses = {me} if scope is Scope.OWN else set(managers) if below is None else below & {*managers}
    deputies = _deputies(bosses, today)
    among = people.queries.people_led_by(me, today) if scope is Scope.OWN else below
    seconds = _second_leads(among, today)
    named = {row.deputy_id for row in deputies} | {row.person_id for row in deputies}
    named |= {row.lead_id for row in seconds} | {row.person_id for row in seconds}
    cards = people.queries.cards({*bosses, *managers, *named})
    return Settings(
        usual.weekday,
        usual.at,
        str(zone),
        today,
        _by_name(cards[ident] for ident in bosses),
        [
            StandIn(row.id, cards[row.person_id], cards[row.deputy_id], row.starts_on, row.ends_on)
            for row in deputies
        ],
        _by_name(cards[ident] for ident in managers if scope is not Scope.OWN or ident != me),
        [
            StandIn(row.id, cards[row.person_id], cards[row.lead_id], row.starts_on, row.ends_on)
            for row in seconds
        ],
        is_above=scope is not Scope.OWN,
    )


def _by_name(cards: Iterable[PersonCard]) -> list[PersonCard]:
    return sorted(cards, key=lambda card: (card.name, card.id))


def _deputies(boss_ids: Collection[int], today: date) -> list[Deputy]:
    """Deputisings that are not over, earliest first."""
    rows = select(Deputy).where(is_among(Deputy.person_id, boss_ids), Deputy.ends_on >= today)
    return list(db.session.scalars(rows.order_by(Deputy.starts_on, Deputy.id).limit(MOST_ROWS)))


def _second_leads(among: Collection[int] | None, today: date) -> list[SecondLead]:
    """Dotted lines that are not over, of these people or of all, earliest first."""
    rows = select(SecondLead).where(or_(SecondLead.ends_on.is_(None), SecondLead.ends_on > today))
    if among is not None:
        rows = rows.where(is_among(SecondLead.person_id, among))
    ordered = rows.order_by(SecondLead.starts_on, SecondLead.id).limit(MOST_ROWS)
    return list(db.session.scalars(ordered))


def second_leads(
    actor: Actor, person_id: int, now: datetime
) -> tuple[PersonCard, list[StandIn]] | None:
    """A rep and the second leads beside their lead, for whoever may set them; else None."""
    scope, today = scope_of(actor, ASSIGN), today_of(actor, now)
    if scope is Scope.NONE or actor.person_id is None:
        return None
    if scope is not Scope.ALL:
        reach = people.queries.people_led_by if scope is Scope.OWN else people.queries.tree_below
        if person_id not in reach(actor.person_id, today):
            return None
    rows = _second_leads([person_id], today)
    cards = people.queries.cards({person_id, *(row.lead_id for row in rows)})
    rep = cards.get(person_id)
    if rep is None or rep.role != Role.REP:
        return None
    return rep, [
        StandIn(row.id, rep, cards[row.lead_id], row.starts_on, row.ends_on) for row in rows
    ]


def today_of(actor: Actor, now: datetime) -> date:
    """The date it is for whoever reads."""
    owner, me = programme.queries.default(), actor.person_id or 0
    return now.date() if owner is None else items.today_of_person(me, owner, now)


def person_called(text: str) -> int | None:
    """Somebody by person_id or e-mail, as typed; None where nobody is."""
    found = people.queries.by_key([text]).get(text)
    if found is not None:
        return found
    return people.queries.by_email([text.lower()]).get(text.lower())
