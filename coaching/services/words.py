"""Talks, numbers and readers as letters speak of them."""

from collections.abc import Collection
from datetime import datetime

import people.queries
from coaching.models import CoachingItem, CoachingMoment
from coaching.notices import Reader, TalkWords
from coaching.queries import items as queries
from coaching.queries.pages import told_of
from coaching.rules.telling import Told, sentence
from core.calendars import DAY, first_instant
from programme.models import Programme


def readers(person_ids: Collection[int], owner: Programme) -> dict[int, Reader]:
    """Each of these people as a letter's reader."""
    cards = people.queries.cards(person_ids)
    return {
        ident: Reader(ident, card.name, card.time_zone or owner.time_zone)
        for ident, card in cards.items()
    }


def told(moment: CoachingMoment, item: CoachingItem, owner: Programme) -> Told:
    """A picked moment as it was shown on the set day."""
    return told_of(moment, queries.loop_of(item).through, owner.currency)


def talk_words(
    item: CoachingItem, moment: CoachingMoment, who: dict[int, Reader], owner: Programme
) -> TalkWords:
    """A talk whose fix was handed back; `who` holds its rep, author and manager."""
    if item.author_id is None or item.review_at is None or item.review_on is None:
        raise ValueError("nothing was handed back yet")
    rep, author = who[item.rep_id], who[item.author_id]
    stood_in = item.manager_id is not None and item.manager_id != item.author_id
    return TalkWords(
        id=item.id,
        uid=item.uid,
        rep=rep.first_name,
        author=author.name,
        deal=moment.account or f"deal {moment.deal_key}",
        moment=sentence(told(moment, item, owner), "your"),
        review_at=item.review_at,
        review_on=item.review_on,
        number=(item.on_time, item.due),
        deputy_for=who[item.manager_id].name if stood_in and item.manager_id in who else None,
    )


def people_of(items: Collection[CoachingItem]) -> set[int]:
    """Everybody named in letters about these items."""
    every = {ident for item in items for ident in (item.rep_id, item.author_id, item.manager_id)}
    return {ident for ident in every if ident is not None}


def end_of_review_day(item: CoachingItem, owner: Programme) -> datetime:
    """The first instant after the review's date, where its author is."""
    if item.author_id is None or item.review_on is None:
        raise ValueError("nothing was handed back yet")
    zone = queries.zones_of([item.author_id], owner)[item.author_id]
    return first_instant(zone, item.review_on + DAY)
