"""Who may see and do what with contests: the matrix's scopes turned into rows (TRUST, matrix)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from core.doorstep import Knock
from core.errors import NotAllowed, NotFound
from core.policy import Actor, Role, Scope, require, scope_of
from incentives import queries
from incentives.models import Ceremony, Contest
from incentives.queries import documents, door
from incentives.queries.door import Look
from incentives.rules.contests import State
from leaderboard import access as boards
from leaderboard.access import (
    own_teams,
    seat_on,
    sees_everybody,
    sees_team,
    sees_through_freeze,
)
from leaderboard.rules.units import UnitKind
from people import queries as people
from people import services as entry
from people.services.entry import SignedIn

HIDDEN = frozenset({State.DRAFT, State.SUBMITTED})
APPROVERS = (Role.SALES_OPS, Role.EXECUTIVE)
SECONDS = (Role.SALES_OPS, Role.EXECUTIVE, Role.DIRECTOR)


@dataclass(frozen=True)
class AtDoor:
    """Who knocks at a contest's page, by what session, and what they ask for."""

    signed_in: SignedIn
    session_hash: str
    look: Look | None

    @property
    def is_plain(self) -> bool:
        """Nothing speaks against answering at the door: the matrix allows it, nobody is due."""
        reads = scope_of(self.signed_in.actor, "contest.rules_view") is not Scope.NONE
        return reads and not self.signed_in.is_due and self.is_open

    @property
    def is_open(self) -> bool:
        """There is such a contest and it is hidden from nobody."""
        return self.look is not None and self.look.state not in HIDDEN


def at_door(knock: Knock, slug: str) -> AtDoor | None:
    """Who asks for a contest and how far it has come, from one read; None without a session."""
    session_hash = hash_of(knock.raw)
    found = door.knock(knock.engine, session_hash, slug, knock.moment)
    signed_in = None if found is None else entry.signed_in(found[0], knock.moment)
    if found is None or signed_in is None:
        return None
    return AtDoor(signed_in, session_hash, found[1])


def hash_of(raw: str) -> str:
    """The form of a session's id that tells nothing of it."""
    return entry.hash_of(raw)


def look_at(actor: Actor, slug: str, now: datetime) -> Look | None:
    """How far a contest has come, for somebody already known."""
    return door.look(slug, actor.person_id, now) if slug.isprintable() else None


def visible_contest(actor: Actor, slug: str, today: date) -> Contest:
    """A contest this actor may know of; hidden and missing look the same (rule 9)."""
    contest = queries.contest_by_slug(slug)
    if contest is None or not is_visible(actor, contest, today):
        raise NotFound("There is no contest at this address.")
    return contest


def is_visible(actor: Actor, contest: Contest, today: date) -> bool:
    """Everybody sees contests from approval on; before, their authors and those who decide."""
    if contest.state not in HIDDEN:
        return True
    return _reaches(actor, contest, "contest.edit_draft", today) or (
        scope_of(actor, "contest.approve_launch") in {Scope.ALL, Scope.TREE}
    )


def contest_to(actor: Actor, action: str, slug: str, today: date) -> Contest:
    """A visible contest on which this actor may do `action`; raises NotAllowed otherwise."""
    contest = visible_contest(actor, slug, today)
    require(actor, action)
    if not _reaches(actor, contest, action, today):
        raise NotAllowed("This contest is somebody else's to run.")
    return contest


def may(actor: Actor, action: str, contest: Contest, today: date) -> bool:
    """Whether the page offers this action."""
    return _reaches(actor, contest, action, today)


def _reaches(actor: Actor, contest: Contest, action: str, today: date) -> bool:
    scope = scope_of(actor, action)
    if scope in {Scope.ALL, Scope.PUB}:
        return True
    if actor.person_id is None or scope is Scope.NONE:
        return False
    if contest.author_id == actor.person_id:
        return True
    return (
        scope is Scope.TREE
        and contest.author_id is not None
        and contest.author_id in people.tree_below(actor.person_id, today)
    )


def sees_unit(actor: Actor, contest: Contest, unit_id: int, today: date) -> bool:
    """Whether a unit's lines may be shown with names: a team's, a side's, a person's own."""
    return boards.sees_unit(actor, documents.board_of(contest), unit_id, today)


def may_open(actor: Actor, contest: Contest, unit_id: int, today: date) -> bool:
    """Whether the entries behind a score may be read: a lone person's by them and their leads."""
    is_team = queries.unit_kind(contest) is not UnitKind.PERSON
    return is_team or sees_unit(actor, contest, unit_id, today)


def check_launch(actor: Actor, team_ids: Collection[int] | None, today: date) -> None:
    """A manager may launch a contest their own team is in; wider roles any (matrix)."""
    scope = require(actor, "contest.create_draft")
    if scope is Scope.ALL or actor.person_id is None or team_ids is None:
        return
    if not own_teams(actor, today) & set(team_ids):
        raise NotAllowed("Your own team has to be in a contest you launch.")


def other_approvers(author_id: int | None) -> frozenset[int]:
    """People other than the author who may approve."""
    return frozenset(people.ids_with_role(*APPROVERS)) - {author_id}


def second_people(actor: Actor, action: str, contest: Contest, today: date) -> frozenset[int]:
    """Who else may do this to the contest, so that a second person can be asked for."""
    others = (people.actor_of(ident) for ident in people.ids_with_role(*SECONDS))
    return frozenset(
        other.person_id
        for other in others
        if other is not None
        and other.person_id is not None
        and other.person_id != actor.person_id
        and _reaches(other, contest, action, today)
    )


def actor_named(person_key: str) -> Actor:
    """The active person with this key, as who acts; raises NotFound."""
    found = people.actor_by_key(person_key)
    if found is None:
        raise NotFound(f"There is no active person {person_key}.")
    return found


def actor_with_id(person_id: int) -> Actor | None:
    """The active person with this id, as who acts."""
    return people.actor_of(person_id)


def nearest_teams(actor: Actor, contest: Contest, today: date) -> frozenset[int]:
    """The teams marked as the reader's own on a board: where they worked then, or lead now."""
    if actor.person_id is None:
        return frozenset()
    if actor.role is Role.REP:
        mine = queries.own_board_teams(contest.board_id, actor.person_id)
        return mine or people.own_team_ids(actor.person_id, today)
    return people.led_team_ids(actor.person_id, today)


def led_teams(actor: Actor, today: date) -> frozenset[int]:
    """The teams somebody leads."""
    return frozenset() if actor.person_id is None else people.led_team_ids(actor.person_id, today)


def reaches_person(actor: Actor, action: str, person_id: int, today: date) -> bool:
    """Whether a right reaches this person: everybody, those below or led, or oneself."""
    scope = scope_of(actor, action)
    if scope is Scope.ALL:
        return True
    if actor.person_id is None or scope is Scope.NONE:
        return False
    if scope is Scope.TREE:
        return person_id in people.tree_below(actor.person_id, today)
    if scope is Scope.TEAM:
        return person_id in people.people_led_by(actor.person_id, today)
    return scope is Scope.OWN and person_id == actor.person_id


def within(actor: Actor, action: str, person_ids: Collection[int], today: date) -> frozenset[int]:
    """Those of these people whom a right reaches."""
    scope = scope_of(actor, action)
    if scope is Scope.TREE and actor.person_id is not None:
        return frozenset(person_ids) & frozenset(people.tree_below(actor.person_id, today))
    return frozenset(each for each in person_ids if reaches_person(actor, action, each, today))


def eligibility_of(actor: Actor, contest: Contest, today: date) -> frozenset[int]:
    """Whose eligibility is shown to whom: one's own, one's teams' then or now (case 8)."""
    if actor.person_id is None or actor.role in {Role.EXECUTIVE, Role.ADMIN}:
        return frozenset()
    own = frozenset({actor.person_id})
    if actor.role is Role.REP:
        return own
    below = (
        people.tree_below(actor.person_id, today)
        if actor.role is Role.DIRECTOR
        else people.people_led_by(actor.person_id, today)
        | people.people_led_by(actor.person_id, contest.last_on)
    )
    return own | frozenset(below)


def hosts(actor: Actor, ceremony: Ceremony) -> bool:
    """Who holds a ceremony and knows its results before: its host, and who finalises contests."""
    is_host = actor.person_id is not None and actor.person_id == ceremony.host_id
    return is_host or sees_through_freeze(actor)


__all__ = [
    "APPROVERS",
    "HIDDEN",
    "AtDoor",
    "own_teams",
    "seat_on",
    "sees_everybody",
    "sees_team",
    "sees_through_freeze",
]
