"""The feed of one's own reviews, and the personal links that open it to a calendar."""

from collections.abc import Sequence
from datetime import datetime

from coaching import access
from coaching.queries import calendars as queries
from coaching.queries.figures import current_programme, today_of
from coaching.rules.calendars import FEED, FEED_DAYS, KEPT, Review
from core.policy import Actor
from people.queries import PersonalLinkRow, personal_links
from people.services import links

OWN = "coach.own_items"


def reviews_for(actor: Actor, now: datetime) -> tuple[Review, ...]:
    """What somebody's calendar shows: reviews had and held, of the last 90 days and ahead."""
    if actor.person_id is None:
        return ()
    owner = current_programme()
    today = now.date() if owner is None else today_of(owner, now)
    coached = frozenset(access.coached_people(actor, today))
    return queries.reviews_of(actor.person_id, coached, now - KEPT)


def create_link(name: str, *, secret: str, actor: Actor, now: datetime) -> str:
    """Make a link to one's own feed; returns its key, which can be read this once only."""
    _, key = links.create_link(
        FEED, name, action=OWN, days=FEED_DAYS, secret=secret, actor=actor, now=now
    )
    return key


def opened(key: str, *, secret: str, now: datetime) -> Actor | None:
    """Whose feed a key opens; None when it opens nothing (any more)."""
    return links.opened(key, FEED, action=OWN, secret=secret, now=now)


def revoke_link(link_id: int, *, actor: Actor, now: datetime) -> str:
    """End a link of one's own at once; returns its name. Raises NotFound."""
    return links.revoke_link(link_id, FEED, actor=actor, now=now).name


def own_links(actor: Actor, now: datetime) -> Sequence[PersonalLinkRow]:
    """One's links, newest first."""
    return () if actor.person_id is None else personal_links(actor.person_id, FEED, now)
