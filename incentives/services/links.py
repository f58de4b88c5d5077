"""Making, opening and revoking links to walls, embedded boards and feeds."""

import hashlib
import secrets
from datetime import datetime

from itsdangerous import BadSignature, Signer

from core import audit
from core.db import db
from core.errors import Invalid, NotAllowed, NotFound
from core.policy import Actor, Scope, require, scope_of
from incentives.models import BoardLink
from incentives.queries import links as queries
from incentives.rules import links as rules
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
    name = name.strip()
    if not name or len(name) > rules.LONGEST_NAME or not name.isprintable():
        raise Invalid("Say in up to 80 characters where this link will be used.", field="name")
    try:
        ends = rules.ends_at(now, days)
    except ValueError:
        raise Invalid(f"A link lasts 1 to {rules.LONGEST_DAYS} days.", field="days") from None
    raw = secrets.token_urlsafe(32)
    link = BoardLink(
        kind=kind,
        key_hash=_hash(raw),
        name=name,
        owner_id=actor.person_id,
        created_at=now,
        expires_at=ends,
        programme_id=programme_id,
        contest_id=contest_id,
    )
    db.session.add(link)
    db.session.flush()
    detail = {"kind": kind.value, "days": days}
    audit.record("board.link_create", actor=actor, now=now, subject=_subject(link), detail=detail)
    return link, _signer(secret, kind).sign(raw).decode("ascii")


def opened(key: str, kind: Kind, *, secret: str, now: datetime) -> BoardLink | None:
    """The link a key opens; None when forged, unknown, revoked, over, or its owner has gone."""
    if not key.isascii() or len(key) > 200:
        return None
    try:
        raw = _signer(secret, kind).unsign(key).decode("ascii")
    except BadSignature:
        return None
    link = queries.link_by_hash(_hash(raw), kind)
    if link is None or not rules.is_open(link.expires_at, link.revoked_at, now):
        return None
    return link if _owner_still_may(link) else None


def _owner_still_may(link: BoardLink) -> bool:
    """A role's rights end the moment it ends, and with them what was opened in its name."""
    owner = people.actor_of(link.owner_id)
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


def tag_of(text: str) -> str:
    """A short tag by which a body is known again."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:20]


def _hash(raw: str) -> str:
    return hashlib.sha256(raw.encode("ascii")).hexdigest()


def _signer(secret: str, kind: Kind) -> Signer:
    return Signer(secret, salt=f"board-link-{kind}", digest_method=hashlib.sha256)


def _subject(link: BoardLink) -> str:
    return f"board_link:{link.id}"
