"""Who sees whose share of moments taken, who coaches whom, and who reads which talk.

Of shares one sees one's own, a manager's line, sales operations all. Words stay between the rep
and the line that coaches them; only the rep shares them upward.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import adoption.access
from coaching.models import CoachingItem
from coaching.queries import items as queries
from core.errors import NotFound
from core.policy import Actor, Scope, scope_of
from people.queries import (
    active_among,
    leads_of,
    people_in_teams,
    people_led_by,
    second_led_by,
    stood_in_for,
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


ITEMS = "coach.team_items"
COACH = "coach.create"


class How(StrEnum):
    """Why somebody coaches a rep."""

    LEAD = "lead"
    DEPUTY = "deputy"
    SECOND = "second"


@dataclass(frozen=True)
class For:
    """In what standing somebody coaches a rep; `deputy_for` is whom they stand in for."""

    how: How
    deputy_for: int | None = None


@dataclass(frozen=True)
class Seen:
    """An item as one reader may have it.

    `may_coach` says whether they pick, hand back and mark; `deputy_for` for whom they do.
    `is_author` holds for who handed the fix back.
    """

    item: CoachingItem
    may_read_words: bool
    may_coach: bool
    is_own: bool
    is_author: bool = False
    deputy_for: int | None = None


def coached_people(actor: Actor, on: date) -> Mapping[int, For]:
    """The people an actor coaches on a day: of the teams led, as deputy, as second lead.

    Who does both leads; nobody coaches themselves. Roles that do not coach have nobody.
    """
    if actor.person_id is None or scope_of(actor, COACH) is Scope.NONE:
        return {}
    me = actor.person_id
    found = {ident: For(How.SECOND) for ident in second_led_by(me, on)}
    for boss in sorted(stood_in_for(me, on)):
        theirs = people_led_by(boss, on) | second_led_by(boss, on)
        found |= {ident: For(How.DEPUTY, boss) for ident in theirs - {boss}}
    found |= {ident: For(How.LEAD) for ident in people_led_by(me, on)}
    found.pop(me, None)
    return found


def item_for(actor: Actor, uid: str, now: datetime) -> Seen:
    """An item with what the actor may do with it; hidden and missing look the same.

    The rep, the author and whoever coaches the rep today read it, and a director above the rep
    once the rep has shared it. Raises NotFound for everybody else.
    """
    found = queries.item_by_uid(uid) if len(uid) <= 32 and uid.isprintable() else None
    seen = None if found is None else _seen(actor, found, now)
    if seen is None:
        raise NotFound("There is no such talk.")
    return seen


def _seen(actor: Actor, item: CoachingItem, now: datetime) -> Seen | None:
    me = actor.person_id
    if actor.is_system:
        return Seen(item, may_read_words=True, may_coach=True, is_own=False)
    if me is None:
        return None
    if me == item.rep_id:
        is_rep = scope_of(actor, "coach.own_items") is not Scope.NONE
        return Seen(item, is_rep, may_coach=False, is_own=True) if is_rep else None
    on = queries.today_of_person(me, queries.programme_of(item), now)
    if scope_of(actor, ITEMS) is not Scope.NONE:
        standing = coached_people(actor, on).get(item.rep_id)
        acts_as = _coach_of(
            me,
            item,
            standing,
            stood_in_for(me, on),
            lambda owners: bool(active_among(owners, on)),
        )
        if acts_as is not None or standing is not None or me in {item.author_id, item.manager_id}:
            return Seen(
                item,
                may_read_words=True,
                may_coach=acts_as is not None,
                is_own=False,
                is_author=me == item.author_id,
                deputy_for=acts_as.deputy_for if acts_as else None,
            )
    is_above = scope_of(actor, STATS) is Scope.TREE and item.rep_id in tree_below(me, on)
    if item.is_shared_up and is_above:
        return Seen(item, may_read_words=True, may_coach=False, is_own=False)
    return None


def markable(
    actor: Actor, items: Collection[CoachingItem], people: Mapping[int, For], on: date
) -> frozenset[int]:
    """Which of these items, all with a fix, the actor holds the review of; asked once for all.

    `people` are those the actor coaches on the day, by `coached_people`.
    """
    me = actor.person_id
    if me is None or not items or scope_of(actor, "coach.review_mark") is Scope.NONE:
        return frozenset()
    bosses = stood_in_for(me, on)
    owners = {ident for item in items for ident in (item.author_id, item.manager_id)}
    active = active_among([ident for ident in owners if ident is not None], on)
    return frozenset(
        item.id
        for item in items
        if _coach_of(
            me, item, people.get(item.rep_id), bosses, lambda own: not active.isdisjoint(own)
        )
    )


def _coach_of(
    me: int,
    item: CoachingItem,
    standing: For | None,
    bosses: frozenset[int],
    is_any_active: Callable[[Collection[int]], bool],
) -> For | None:
    """In what standing somebody may act on an item; None when they only read.

    Until a fix is handed back that is whoever coaches the rep. Afterwards the item stays with its
    author and whom they acted for, with their deputies and the rep's second leads; the lead of
    today only where both are gone.
    """
    if item.author_id is None:
        return standing
    owners = {item.author_id, item.manager_id or item.author_id}
    if me == item.author_id and item.manager_id not in {None, me}:
        still = standing is not None or item.manager_id in bosses
        return For(How.DEPUTY, item.manager_id) if still else None
    if me in owners:
        return For(How.LEAD)
    if bosses & owners:
        return For(How.DEPUTY, min(bosses & owners))
    if standing is None or standing.how is How.SECOND:
        return standing
    return None if is_any_active(owners) else standing


def leads_compared(actor: Actor, on: date) -> frozenset[int] | None:
    """Whose teams the actor sees side by side, numbers alone (coach.stats); None means all.

    A director those below, a manager the own ones. Who reads sums sees all, small teams left out.
    """
    scope = scope_of(actor, STATS)
    if scope in {Scope.ALL, Scope.AGG}:
        return None
    return _own_leads(actor, scope, on) if scope in {Scope.TREE, Scope.TEAM} else frozenset()
