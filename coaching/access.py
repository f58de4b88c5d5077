"""Who sees whose share of moments taken: one's own, a manager's line, sales operations all."""

from datetime import date

import adoption.access
from core.errors import NotFound
from core.policy import Actor, Scope, scope_of
from people.queries import (
    leads_of,
    people_in_teams,
    people_led_by,
    team_ids_by_name,
    tree_below,
)

STATS = "coach.stats"


def refuse_foreign_team(actor: Actor | None, team: str | None, on: date, least: int) -> None:
    """Raises NotFound when the actor may not read this team's coverage (coach.stats).

    A lead reads the led teams, a director those of everybody below; who reads sums only needs a
    team of at least `least` people. Without a team it is the whole programme's sum. Machines and
    the house itself read all.
    """
    if actor is None or actor.role is None or team is None:
        return
    scope = scope_of(actor, STATS)
    if scope is Scope.ALL:
        return
    ident = team_ids_by_name([team]).get(team)
    if ident is not None:
        leads = frozenset(leads_of([ident], on).get(ident, ()))
        is_large = len(people_in_teams([ident], on) - leads) >= least
        if is_large if scope is Scope.AGG else _own_leads(actor, scope, on) & leads:
            return
    raise NotFound(f"There is no team {team}.", field="team")


def _own_leads(actor: Actor, scope: Scope, on: date) -> frozenset[int]:
    """The leads whose teams the actor reads: themselves, and a director those below."""
    if actor.person_id is None:
        return frozenset()
    own = frozenset({actor.person_id})
    return own | tree_below(actor.person_id, on) if scope is Scope.TREE else own


def people_counted(actor: Actor, on: date) -> frozenset[int] | None:
    """Whose moments stand in the number shown to the actor; None means the whole programme.

    A rep sees the own ones. Who reads sums only sees the programme's.
    """
    if adoption.access.is_rep(actor):
        return frozenset() if actor.person_id is None else frozenset({actor.person_id})
    scope = scope_of(actor, STATS)
    if actor.person_id is None or scope is Scope.NONE:
        return frozenset()
    if scope is Scope.TREE:
        return tree_below(actor.person_id, on)
    if scope is Scope.TEAM:
        return people_led_by(actor.person_id, on)
    return None


def whose(actor: Actor, among: frozenset[int] | None) -> str:
    """Whom the number is about, in words."""
    if among is None:
        return "All reps"
    return "Your own" if adoption.access.is_rep(actor) else "The people you lead"
