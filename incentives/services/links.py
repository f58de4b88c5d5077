"""Making, opening and revoking links to walls, embedded boards and feeds."""

from datetime import datetime

from core import audit
from core import links as keys
from core.db import db
from core.errors import NotAllowed, NotFound
from core.policy import Actor, Scope, require, scope_of
from incentives.models import BoardLink
from incentives.queries import links as queries
from incentives.rules.links import Kind
from people import queries as people

ACTION = "board.kiosk_token"
OWN_ACTION = "contest.list_visible"


def create_link(
    kind: Kind,
    name: str,
    *,
    days: int,
    secret: str,
    actor: Actor,
    now: datetime,
    programme_id: int | None = None,
    contest_id: int | None = None,
) -> tuple[BoardLink, str]:
    """Make a link; returns it with its signed key, which can be read this once only.

    A feed's link is everybody's own; walls and embedded boards need `board.kiosk_token`.
    """
    require(actor, OWN_ACTION if kind is Kind.FEED else ACTION)
    if actor.person_id is None:
        raise NotAllowed("A link belongs to a person.")
    key_hash, key = keys.make_key(_purpose(kind), secret)
    link = BoardLink(
        kind=kind,
        key_hash=key_hash,
        name=keys.checked_name(name),
        owner_id=actor.person_id,
        created_at=now,
        expires_at=keys.ends_at(now, days),
        programme_id=programme_id,
        contest_id=contest_id,
    )
    db.session.add(link)
    db.session.flush()
    detail = {"kind": kind.value, "days": days}
    audit.record("board.link_create", actor=actor, now=now, subject=_subject(link), detail=detail)
    return link, key


def opened(key: str, kind: Kind, *, secret: str, now: datetime) -> BoardLink | None:
    """The link a key opens; None when forged, unknown, revoked, over, or its owner has gone."""
    key_hash = keys.hash_of_key(key, _purpose(kind), secret)
    link = queries.link_by_hash(key_hash, kind) if key_hash else None
    if link is None or not keys.is_open(link.expires_at, link.revoked_at, now):
        return None
    return link if _owner_still_may(link, now) else None


def _owner_still_may(link: BoardLink, now: datetime) -> bool:
    """A role's rights end the moment it ends, and with them what was opened in its name."""
    owner = people.actor_on(link.owner_id, now.date())
    action = OWN_ACTION if link.kind == Kind.FEED else ACTION
    return owner is not None and scope_of(owner, action) is not Scope.NONE


def revoke_link(link_id: int, *, actor: Actor, now: datetime) -> BoardLink:
    """End a link at once. Raises NotFound for what is missing and what is somebody else's."""
    link = queries.link_by_id(link_id)
    if link is None or not may_revoke(actor, link, now):
        raise NotFound("There is no such link.")
    if link.revoked_at is None:
        link.revoked_at, link.revoked_by_id = now, actor.person_id
        audit.record("board.link_revoke", actor=actor, now=now, subject=_subject(link))
    return link


def may_revoke(actor: Actor, link: BoardLink, now: datetime) -> bool:
    """One's own always; walls and embedded boards also by who sees them listed."""
    if actor.person_id is not None and link.owner_id == actor.person_id:
        return True
    owners = owners_seen(actor, now)
    return link.kind != Kind.FEED and (owners is None or link.owner_id in owners)


def owners_seen(actor: Actor, now: datetime) -> frozenset[int] | None:
    """Whose links somebody lists and revokes: own, the tree below, or all (None)."""
    scope = scope_of(actor, ACTION)
    if scope is Scope.ALL:
        return None
    if actor.person_id is None or scope is Scope.NONE:
        return frozenset()
    below = people.tree_below(actor.person_id, now.date()) if scope is Scope.TREE else frozenset()
    return below | {actor.person_id}


def _purpose(kind: Kind) -> str:
    return f"board-link-{kind}"


def _subject(link: BoardLink) -> str:
    return f"board_link:{link.id}"
