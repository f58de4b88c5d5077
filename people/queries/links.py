"""Personal links: found by the hash of their key, and listed for the person they belong to."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.db import db
from core.links import is_open
from people.models import PersonalLink

MOST = 50


@dataclass(frozen=True)
class PersonalLinkRow:
    """A link as its page lists it; never its key, of which only a hash is kept."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    is_open: bool


def personal_link(key_hash: str, kind: str) -> PersonalLink | None:
    """The link of this kind with this key; None when there is none."""
    return db.session.scalar(
        select(PersonalLink).where(PersonalLink.key_hash == key_hash, PersonalLink.kind == kind)
    )


def personal_links(person_id: int, kind: str, now: datetime) -> tuple[PersonalLinkRow, ...]:
    """A person's links of a kind, newest first."""
    rows = db.session.scalars(
        select(PersonalLink)
        .where(PersonalLink.person_id == person_id, PersonalLink.kind == kind)
        .order_by(PersonalLink.created_at.desc(), PersonalLink.id.desc())
        .limit(MOST)
    )
    return tuple(
        PersonalLinkRow(
            id=link.id,
            name=link.name,
            created_at=link.created_at,
            expires_at=link.expires_at,
            revoked_at=link.revoked_at,
            is_open=is_open(link.expires_at, link.revoked_at, now),
        )
        for link in rows
    )
