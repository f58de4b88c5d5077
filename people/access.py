"""Who may see and change whom: a scope of the matrix turned into people (TRUST, "Reading")."""

from datetime import date

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
