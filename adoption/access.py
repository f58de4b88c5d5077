"""Who sees whose use of the tool (TRUST, people.metrics_individual and dashboard.programme)."""

from datetime import date

from core.policy import Actor, Role, Scope, scope_of
from people.queries import people_led_by, tree_below


def people_to_see(actor: Actor, on: date) -> frozenset[int] | None:
    """Whose state the actor may read name by name; None means everybody."""
    scope = scope_of(actor, "people.metrics_individual")
    me = actor.person_id
    if scope is Scope.ALL:
        return None
    if me is None or scope in {Scope.NONE, Scope.AGG}:
        return frozenset()
    if scope is Scope.TREE:
        return tree_below(me, on) | {me}
    if scope is Scope.TEAM:
        return people_led_by(me, on)
    return frozenset({me})


def may_see_teams(actor: Actor) -> bool:
    """Whether rates of teams are shown; reps see the public summary instead."""
    return scope_of(actor, "dashboard.programme") is not Scope.NONE


def may_list(actor: Actor, among: frozenset[int] | None) -> bool:
    """Whether numbers lead to names: to who reads others' states, or leads anybody."""
    return not is_rep(actor) and (among is None or bool(among))


def may_take_teams(actor: Actor) -> bool:
    """Whether the tables of teams may be taken along."""
    return scope_of(actor, "export.team_metrics") is not Scope.NONE


def is_shown(actor: Actor, person_id: int, on: date) -> bool:
    """Whether one person's weeks may be shown to the actor."""
    within = people_to_see(actor, on)
    return within is None or person_id in within


def is_rep(actor: Actor) -> bool:
    """Whether the actor's own use is measured."""
    return actor.role is Role.REP
