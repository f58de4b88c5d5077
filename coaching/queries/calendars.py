"""Reviews as calendars ask for them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from coaching.models import CoachingItem, CoachingStep
from coaching.rules.calendars import Review
from coaching.rules.life import OPEN_FIX
from core.db import db
from core.planning import is_among
from people import queries as people

MOST = 2000


def reviews_of(person_id: int, coached: Collection[int], since: datetime) -> tuple[Review, ...]:
    """Reviews a person has or holds, by their time: own ones, those they are the author of, and
    the open ones of the reps they coach. Past ones from `since`.

    Three conditions with an index each.
    """
    changed = (
        select(func.max(CoachingStep.at))
        .where(CoachingStep.item_id == CoachingItem.id)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            CoachingItem.uid,
            CoachingItem.rep_id,
            CoachingItem.review_at,
            CoachingItem.change,
            CoachingItem.coached_at,
            CoachingItem.called_off_at,
            changed.label("changed_at"),
        )
        .where(
            or_(
                CoachingItem.rep_id == person_id,
                CoachingItem.author_id == person_id,
                and_(
                    is_among(CoachingItem.rep_id, coached),
                    CoachingItem.state.in_(sorted(OPEN_FIX)),
                ),
            ),
            CoachingItem.review_at >= since,
        )
        .order_by(CoachingItem.review_at.desc(), CoachingItem.id.desc())
        .limit(MOST)
    ).all()
    cards = people.cards({row.rep_id for row in rows} - {person_id})
    return tuple(
        Review(
            uid=row.uid,
            starts_at=row.review_at,
            change=row.change,
            changed_at=max(
                (each for each in (row.coached_at, row.called_off_at, row.changed_at) if each),
                default=row.review_at,
            ),
            rep=None if row.rep_id == person_id else cards[row.rep_id].name,
            is_called_off=row.called_off_at is not None,
        )
        for row in reversed(rows)
    )
