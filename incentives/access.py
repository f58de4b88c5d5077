"""Who may see and do what with contests: the matrix's scopes turned into rows (TRUST, matrix)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from core.doorstep import Knock
from core.errors import NotAllowed, NotFound
from core.policy import Actor, Role, Scope, require, scope_of
from incentives import queries
from incentives.models import Contest
from incentives.queries import door
from incentives.queries.door import Look
from incentives.rules.contests import State
from people import queries as people
from people import services as entry
from people.services.entry import SignedIn

HIDDEN = frozenset({State.DRAFT, State.SUBMITTED})
APPROVERS = (Role.SALES_OPS, Role.EXECUTIVE)


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


def own_teams(actor: Actor, today: date) -> frozenset[int]:
    """The teams whose names and points this actor may see: their own, those led, or those below."""
    if actor.person_id is None:
        return frozenset()
    mine = people.own_team_ids(actor.person_id, today) | people.led_team_ids(actor.person_id, today)
    if actor.role is Role.DIRECTOR:
        below = people.tree_below(actor.person_id, today)
        mine |= {team for person, team in people.team_on(today).items() if person in below}
    return mine


def sees_team(actor: Actor, team_id: int, today: date) -> bool:
    """Whether a team's lines may be shown with names."""
    return actor.is_system or actor.role is Role.SALES_OPS or team_id in own_teams(actor, today)


def sees_through_freeze(actor: Actor) -> bool:
    """Who sees the live table while everybody else sees the snapshot (case 36)."""
    return actor.is_system or scope_of(actor, "contest.finalise") is Scope.ALL


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


def actor_named(person_key: str) -> Actor:
    """The active person with this key, as who acts; raises NotFound."""
    found = people.actor_by_key(person_key)
    if found is None:
        raise NotFound(f"There is no active person {person_key}.")
    return found


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
