"""Invitations to a review, for the rep's calendar and for that of whoever holds it.

Whoever moves a review raises the item's `change` first: it is the number by which calendars know
the newer of two letters, and part of the key that lets no letter be written twice.
"""

from datetime import datetime

import people.queries
from coaching import notices
from coaching.models import CoachingItem
from coaching.queries import items as queries
from coaching.rules.calendars import Review
from coaching.services.words import readers
from core import outbox
from core.db import db
from core.icalendar import Method


def invite(item: CoachingItem, now: datetime) -> int:
    """Put a review into both calendars, also one called off before; how many letters were new."""
    item.called_off_at = None
    return _post(item, "review_invited", Method.REQUEST, now)


def reinvite(item: CoachingItem, now: datetime) -> int:
    """Tell both calendars the review's new day; how many letters were new."""
    item.called_off_at = None
    return _post(item, "review_moved", Method.REQUEST, now)


def uninvite(item: CoachingItem, now: datetime) -> int:
    """Take a review that will not be held out of both calendars; the feed shows it as cancelled.

    A second time changes nothing; a review whose time has come is not called off any more.
    """
    if item.called_off_at is not None or item.review_at is None or item.review_at <= now:
        return 0
    item.called_off_at = now
    item.change += 1
    db.session.flush()
    return _post(item, "review_called_off", Method.CANCEL, now)


def _post(item: CoachingItem, template: str, method: Method, now: datetime) -> int:
    """A letter to each of the two, unless the time has come; the outbox minds wishes and hours."""
    if item.author_id is None or item.review_at is None or item.review_at <= now:
        return 0
    both = (item.rep_id, item.author_id)
    cards = people.queries.cards(both)
    who = readers(both, queries.programme_of(item))
    letters = []
    for ident in both:
        review = Review(
            uid=item.uid,
            starts_at=item.review_at,
            change=item.change,
            changed_at=now,
            rep=None if ident == item.rep_id else cards[item.rep_id].name,
            is_called_off=method is Method.CANCEL,
        )
        letters.append(
            notices.invitation(template, review, method, who[ident], email=cards[ident].email)
        )
    return outbox.post_all(letters, now)
