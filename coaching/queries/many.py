"""Many items at once for verbs that act on many: held, in the order of their ids."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

import programme.queries
from coaching.models import CoachingItem, CoachingMoment, Fix, Loop
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


@dataclass(frozen=True)
class Waiting:
    """The dearest moment of a rep who is free for a talk in a week, and whose talk it would be."""

    item_id: int
    moment_id: int
    rep_id: int
    team_id: int
    lead_id: int
    status: str
    deal: str
    weight: float


def waiting_in(programme_id: int, week: date) -> list[Waiting]:
    """What may be talked about in a week and has not been, by team, dearest first."""
    busy = select(CoachingItem.rep_id).where(CoachingItem.state.in_(sorted(OPEN_FIX)))
    rows = db.session.execute(
        select(CoachingItem, CoachingMoment, Loop)
        .join(CoachingMoment, CoachingMoment.item_id == CoachingItem.id)
        .join(Loop, Loop.id == CoachingItem.loop_id)
        .where(
            CoachingItem.programme_id == programme_id,
            CoachingItem.week == week,
            CoachingItem.state == State.NUMBER_SHOWN,
            CoachingMoment.position == 1,
            Loop.manager_id.is_not(None),
            CoachingItem.rep_id.not_in(busy),
        )
    )
    found = [_waiting(item, moment, loop) for item, moment, loop in rows]
    return sorted(found, key=lambda each: (each.team_id, -each.weight, each.item_id))


def _waiting(item: CoachingItem, moment: CoachingMoment, loop: Loop) -> Waiting:
    waited = float(moment.amount or 0) * moment.delay_days
    return Waiting(
        item.id,
        moment.id,
        item.rep_id,
        loop.team_id,
        loop.manager_id or 0,
        moment.status,
        moment.account or f"deal {moment.deal_key}",
        waited if moment.cost is None else moment.cost,
    )


def unread_fixes(item_ids: Collection[int]) -> list[Fix]:
    """The next steps of these items that their reps have not acknowledged."""
    unread = is_among(Fix.item_id, item_ids) & Fix.acknowledged_at.is_(None)
    return list(db.session.scalars(select(Fix).where(unread).order_by(Fix.item_id)))


def open_reviews(programme_id: int, by: date) -> list[tuple[int, int]]:
    """(item, team) of the reviews that fall on a date or before it and wait to be marked."""
    rows = db.session.execute(
        select(CoachingItem.id, Loop.team_id)
        .join(Loop, Loop.id == CoachingItem.loop_id)
        .where(
            CoachingItem.programme_id == programme_id,
            CoachingItem.state.in_(sorted(OPEN_FIX)),
            CoachingItem.review_on <= by,
        )
        .order_by(CoachingItem.id)
    )
    return [(item_id, team_id) for item_id, team_id in rows]
