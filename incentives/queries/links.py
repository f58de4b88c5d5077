"""Links of walls, embedded boards and feeds: found by the hash of their key, and listed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.db import db
from core.links import is_open
from incentives.models import BoardLink, Contest
from incentives.rules.links import Kind
from people import queries as people
from programme.models import Programme


@dataclass(frozen=True)
class LinkRow:
    """A link as its page lists it; never its key, of which only a hash is kept."""

    id: int
    kind: str
    name: str
    about: str
    owner: str
    created_at: datetime
    expires_at: datetime
    is_open: bool
    revoked_at: datetime | None


def link_by_hash(key_hash: str, kind: Kind) -> BoardLink | None:
    """The link of this kind with this key; None when there is none."""
    return db.session.scalar(
        select(BoardLink).where(BoardLink.key_hash == key_hash, BoardLink.kind == kind)
    )


def link_by_id(link_id: int) -> BoardLink | None:
    """One link."""
    return db.session.get(BoardLink, link_id)


def links(
    kinds: Collection[Kind], owner_ids: Collection[int] | None, now: datetime
) -> tuple[LinkRow, ...]:
    """Links of these kinds, newest first: of these owners, or everybody's."""
    statement = (
        select(BoardLink, Programme.name, Contest.title)
        .outerjoin(Programme, Programme.id == BoardLink.programme_id)
        .outerjoin(Contest, Contest.id == BoardLink.contest_id)
        .where(BoardLink.kind.in_(list(kinds)))
        .order_by(BoardLink.created_at.desc(), BoardLink.id.desc())
        .limit(200)
    )
    if owner_ids is not None:
        statement = statement.where(BoardLink.owner_id.in_(list(owner_ids)))
    rows = db.session.execute(statement).all()
    owners = people.cards({link.owner_id for link, _, _ in rows})
    return tuple(
        LinkRow(
            id=link.id,
            kind=link.kind,
            name=link.name,
            about=programme or contest or "",
            owner=owners[link.owner_id].shown if link.owner_id in owners else "",
            created_at=link.created_at,
            expires_at=link.expires_at,
            is_open=is_open(link.expires_at, link.revoked_at, now),
            revoked_at=link.revoked_at,
        )
        for link, programme, contest in rows
    )
