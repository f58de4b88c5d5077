"""Personal links: made by a person for a program of theirs that cannot sign in, and revoked."""

from datetime import datetime

from core import audit, links
from core.db import db, lock_row
from core.errors import NotAllowed, NotFound
from core.policy import Actor, Scope, require, scope_of
from people import queries
from people.models import PersonalLink


def create_link(
    kind: str, name: str, *, action: str, days: int, secret: str, actor: Actor, now: datetime
) -> tuple[PersonalLink, str]:
    """Make a link; returns it with its signed key, which can be read this once only.

    It opens what `action` of the matrix lets its person read, and no more than that.
    """
    require(actor, action)
    if actor.person_id is None:
        raise NotAllowed("A link belongs to a person.")
    key_hash, key = links.make_key(_purpose(kind), secret)
    link = PersonalLink(
        kind=kind,
        key_hash=key_hash,
        name=links.checked_name(name),
        person_id=actor.person_id,
        created_at=now,
        expires_at=links.ends_at(now, days),
    )
    db.session.add(link)
    db.session.flush()
    detail = {"kind": kind, "days": days}
    audit.record("me.link_create", actor=actor, now=now, subject=_subject(link), detail=detail)
    return link, key


def opened(key: str, kind: str, *, action: str, secret: str, now: datetime) -> Actor | None:
    """Whose link a key opens, as they are today.

    None when the key is forged or unknown, the link revoked or over, or when its person has left,
    is suspended, or may no longer do `action`: what was opened in their name ends with that.
    """
    key_hash = links.hash_of_key(key, _purpose(kind), secret)
    link = queries.personal_link(key_hash, kind) if key_hash else None
    if link is None or not links.is_open(link.expires_at, link.revoked_at, now):
        return None
    owner = queries.actor_on(link.person_id, now.date())
    return None if owner is None or scope_of(owner, action) is Scope.NONE else owner


def revoke_link(link_id: int, kind: str, *, actor: Actor, now: datetime) -> PersonalLink:
    """End a link of one's own at once. Raises NotFound for what is missing or somebody else's."""
    link = lock_row(PersonalLink, link_id)
    if link is None or link.kind != kind or link.person_id != actor.person_id:
        raise NotFound("There is no such link.")
    if link.revoked_at is None:
        link.revoked_at = now
        audit.record("me.link_revoke", actor=actor, now=now, subject=_subject(link))
    return link


def _purpose(kind: str) -> str:
    return f"personal-link-{kind}"


def _subject(link: PersonalLink) -> str:
    return f"personal_link:{link.id}"
