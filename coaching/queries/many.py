"""Many items at once for verbs that act on many: held, in the order of their ids."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select

import programme.queries
from coaching.models import CoachingItem, CoachingMoment
from coaching.rules.life import OPEN_FIX, State
from core.db import db
from core.planning import is_among


def free_items(programme_id: int, ids: Collection[int], now: datetime) -> list[CoachingItem]:
    """Those of these items whose week is on, whose number was shown, and whose rep is free."""
    calendar = programme.queries.calendar(programme.queries.by_id(programme_id))
    week = calendar.week_of(calendar.local_day(now))
    busy = frozenset(
        db.session.scalars(
            select(CoachingItem.rep_id).where(CoachingItem.state.in_(sorted(OPEN_FIX)))
        )
    )
    return [
        item
        for item in _held(ids)
        if item.state == State.NUMBER_SHOWN and item.week == week and item.rep_id not in busy
    ]


def reviewable(ids: Collection[int]) -> list[CoachingItem]:
    """Those of these items whose review is still to come."""
    return [item for item in _held(ids) if item.state in OPEN_FIX and item.review_on is not None]


def _held(ids: Collection[int]) -> list[CoachingItem]:
    return list(
        db.session.scalars(
            select(CoachingItem)
            .where(is_among(CoachingItem.id, ids))
            .order_by(CoachingItem.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def first_moments(programme_id: int, now: datetime) -> Mapping[int, CoachingMoment]:
    """Item -> the dearest moment of each item of the week that holds an instant."""
    calendar = programme.queries.calendar(programme.queries.by_id(programme_id))
    week = calendar.week_of(calendar.local_day(now))
    rows = db.session.scalars(
        select(CoachingMoment)
        .join(CoachingItem, CoachingItem.id == CoachingMoment.item_id)
        .where(
            CoachingItem.programme_id == programme_id,
            CoachingItem.week == week,
            CoachingMoment.position == 1,
        )
    )
    return {row.item_id: row for row in rows}
