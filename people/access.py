"""Who may see and change whom: a scope of the matrix turned into people (TRUST, "Reading")."""

from dataclasses import dataclass
from datetime import date, datetime

from core.errors import NotFound
from core.policy import Actor, Role, Scope, scope_of
from people import queries
from people.queries import PersonCard, TeamRow

EVERYBODY = None


def people_within(actor: Actor, scope: Scope, on: date) -> frozenset[int] | None:
    """The people a scope reaches for this actor today; None means everybody.

    `team` is a rep's team mates, a lead's led teams; `tree` everybody below. The actor is in each.
    """
    if scope in {Scope.ALL, Scope.PUB, Scope.OK}:
        return EVERYBODY
    me = actor.person_id
    if me is None or scope in {Scope.NONE, Scope.AGG, Scope.TOK}:
        return frozenset()
    if scope is Scope.TREE:
        return queries.tree_below(me, on) | {me}
    if scope is Scope.TEAM:
        mates = actor.role == Role.REP
        teams = queries.own_team_ids(me, on) if mates else queries.led_team_ids(me, on)
        return queries.people_in_teams(teams, on) | {me}
    return frozenset({me})


def may_reach(actor: Actor, action: str, person_id: int, on: date) -> bool:
    """Whether the actor's permission for `action` reaches this person on a day."""
    within = people_within(actor, scope_of(actor, action), on)
    return within is EVERYBODY or person_id in within


def person_to_see(actor: Actor, key: str) -> PersonCard:
    """A person of the directory. Hidden and missing look the same; raises NotFound."""
    card = queries.card_by_key(key) if len(key) <= 80 and key.isprintable() else None
    is_gone = card is not None and card.status != "active"
    if card is None or (is_gone and scope_of(actor, "people.suspend_reactivate") is Scope.NONE):
        raise NotFound("There is no such person.")
    return card


def team_to_see(slug: str, on: date) -> TeamRow:
    """A team by its address; raises NotFound."""
    team = queries.team_by_slug(slug, on) if len(slug) <= 120 and slug.isprintable() else None
    if team is None:
        raise NotFound("There is no such team.")
    return team


@dataclass(frozen=True)
class ErasureDesk:
    """How far the erasure of somebody is, for an administrator: who asked, and who may agree."""

    asked_by: str
    asked_at: datetime | None
    is_own: bool
    others: tuple[str, ...]
    is_open: bool
    takes_typing: bool


def person_to_erase(actor: Actor, key: str) -> PersonCard:
    """Somebody an administrator may see and who is not erased; raises NotFound."""
    card = person_to_see(actor, key)
    if card.status == "erased":
        raise NotFound("There is no such person.")
    return card


def erasure_desk(actor: Actor, card: PersonCard, on: date) -> ErasureDesk | None:
    """What an administrator may do about the erasure of somebody who left; None for others."""
    may = scope_of(actor, "people.erase_execute") is Scope.ALL and card.id != actor.person_id
    if not may or card.status == "erased" or not queries.has_left(card.id, on):
        return None
    request = queries.erasure_of(card.id)
    admins = queries.admins_on(on) - {card.id}
    others = queries.cards(admins - {actor.person_id or 0})
    asker = queries.card(request.asked_by_id) if request else None
    is_own = request is not None and request.asked_by_id == actor.person_id
    return ErasureDesk(
        asked_by=asker.name if asker else "",
        asked_at=request.asked_at if request else None,
        is_own=is_own,
        others=tuple(sorted(other.name for other in others.values())),
        is_open=request is not None,
        takes_typing=not others or (request is not None and request.asked_by_id in others),
    )


def erasures_waiting() -> list[tuple[PersonCard, str, datetime]]:
    """Who is to be erased, who asked for it and when; for administrators."""
    asked = queries.erasures_asked()
    cards = queries.cards({ident for each in asked for ident in (each.person_id, each.asked_by_id)})
    return [(cards[each.person_id], cards[each.asked_by_id].name, each.asked_at) for each in asked]
