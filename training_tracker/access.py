"""Who sees and marks whose training (TRUST, group Training of the matrix)."""

from collections.abc import Collection
from datetime import date

import people.queries
from core.errors import NotAllowed, NotFound
from core.policy import Actor, Scope, require, scope_of
from people.queries import PersonCard


def people_within(actor: Actor, scope: Scope, on: date) -> frozenset[int] | None:
    """The people a scope reaches on a day; None means everybody."""
    if scope is Scope.ALL:
        return None
    if actor.person_id is None:
        return frozenset()
    if scope is Scope.TEAM:
        return people.queries.people_led_by(actor.person_id, on)
    if scope is Scope.TREE:
        return people.queries.tree_below(actor.person_id, on)
    if scope is Scope.OWN:
        return frozenset({actor.person_id})
    return frozenset()


def people_to_see(actor: Actor, on: date) -> frozenset[int] | None:
    """Whose training the actor may see name by name; None means everybody."""
    return people_within(actor, scope_of(actor, "training.team_status"), on)


def people_to_mark(actor: Actor, on: date) -> frozenset[int] | None:
    """For whom the actor may mark a completion; None means everybody."""
    return people_within(actor, scope_of(actor, "training.record_completion"), on)


def may_mark_anybody(actor: Actor, on: date) -> bool:
    """Whether the actor has anyone to mark a completion for."""
    reached = people_to_mark(actor, on)
    return reached is None or bool(reached)


def person_to_mark(actor: Actor, key: str, on: date) -> PersonCard:
    """The person of this key, if the actor may mark a completion for them.

    Raises NotAllowed without the right, NotFound for strangers and the unknown alike.
    """
    scope = require(actor, "training.record_completion")
    reached = people_within(actor, scope, on)
    card = people.queries.card_by_key(key)
    if card is None or (reached is not None and card.id not in reached):
        raise NotFound("There is no such person on your team.", field="person_id")
    return card


def require_reach(actor: Actor, person_ids: Collection[int], on: date) -> None:
    """Raises NotAllowed unless the actor may mark completions for all of these people."""
    reached = people_within(actor, require(actor, "training.record_completion"), on)
    if reached is not None and not reached.issuperset(person_ids):
        raise NotAllowed("You can mark training for the people of your team.")
