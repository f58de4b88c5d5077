"""One item and what hangs on it: its loop, moments, fix, notes; open fixes, set days, zones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

import people.queries
import programme.queries
from adoption.queries.occasions import occasions
from adoption.rules.occasions import Occasion
from coaching.models import (
    CoachingItem,
    CoachingMoment,
    CoachingNote,
    CoachingStep,
    Fix,
    Loop,
    SetDay,
)
from coaching.rules.days import DEFAULT_TIME, DEFAULT_WEEKDAY
from coaching.rules.life import OPEN_FIX, State
from core.calendars import DAY, zone_of
from core.db import db
from core.planning import is_among
from programme.models import Programme


@dataclass(frozen=True)
class DayAndTime:
    """When somebody holds reviews: a weekday, Monday 0, at a local time."""

    weekday: int = DEFAULT_WEEKDAY
    at: time = DEFAULT_TIME


def item_by_uid(uid: str) -> CoachingItem | None:
    """One item by its address."""
    return db.session.scalar(select(CoachingItem).where(CoachingItem.uid == uid))


def item_by_id(item_id: int) -> CoachingItem | None:
    """One item."""
    return db.session.get(CoachingItem, item_id)


def held_items(rep_id: int) -> dict[int, CoachingItem]:
    """A rep's items that are not closed, held until the transaction ends, in one order for all."""
    rows = db.session.scalars(
        select(CoachingItem)
        .where(CoachingItem.rep_id == rep_id, CoachingItem.state != State.CLOSED)
        .order_by(CoachingItem.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {item.id: item for item in rows}


def open_fix_of(rep_id: int) -> CoachingItem | None:
    """The item whose fix the rep has not been reviewed on yet; there is one at most."""
    return db.session.scalar(
        select(CoachingItem).where(
            CoachingItem.rep_id == rep_id, CoachingItem.state.in_(sorted(OPEN_FIX))
        )
    )


def unlinked_not_done(rep_id: int, before: date) -> CoachingItem | None:
    """The rep's latest item that was not done and waits to be followed by another."""
    return db.session.scalar(
        select(CoachingItem)
        .where(
            CoachingItem.rep_id == rep_id,
            CoachingItem.week < before,
            CoachingItem.outcome.in_(["not_done", "no_chance"]),
            CoachingItem.next_item_id.is_(None),
        )
        .order_by(CoachingItem.week.desc())
        .limit(1)
    )


def loop_of(item: CoachingItem) -> Loop:
    """The team's week an item belongs to."""
    return db.session.get_one(Loop, item.loop_id)


def programme_of(item: CoachingItem) -> Programme:
    """The programme an item belongs to."""
    return db.session.get_one(Programme, item.programme_id)


def moments_of(item_id: int) -> tuple[CoachingMoment, ...]:
    """What one may pick, dearest first."""
    rows = select(CoachingMoment).where(CoachingMoment.item_id == item_id)
    return tuple(db.session.scalars(rows.order_by(CoachingMoment.position)))


def moment_of(item: CoachingItem, moment_id: int) -> CoachingMoment | None:
    """One moment, if it is this item's."""
    found = db.session.get(CoachingMoment, moment_id)
    return found if found is not None and found.item_id == item.id else None


def chosen_of(item: CoachingItem) -> CoachingMoment | None:
    """The moment that was picked."""
    return None if item.moment_id is None else moment_of(item, item.moment_id)


def fix_of(item_id: int) -> Fix | None:
    """The one next step of an item."""
    return db.session.get(Fix, item_id)


def notes_of(item_id: int) -> tuple[CoachingNote, ...]:
    """What was said to an item, oldest first."""
    rows = select(CoachingNote).where(CoachingNote.item_id == item_id)
    return tuple(db.session.scalars(rows.order_by(CoachingNote.id)))


def note_by_id(note_id: int) -> CoachingNote | None:
    """One note."""
    return db.session.get(CoachingNote, note_id)


def steps_of(item_id: int) -> tuple[CoachingStep, ...]:
    """Every transition of an item, oldest first."""
    rows = select(CoachingStep).where(CoachingStep.item_id == item_id)
    return tuple(db.session.scalars(rows.order_by(CoachingStep.id)))


def has_step(key: str) -> bool:
    """Whether a transition was written under this key."""
    return db.session.scalar(select(func.count()).where(CoachingStep.key == key)) == 1


def set_days_of(person_ids: Collection[int]) -> dict[int, DayAndTime]:
    """When each of these people holds reviews."""
    rows = db.session.execute(
        select(SetDay.person_id, SetDay.weekday, SetDay.at).where(
            is_among(SetDay.person_id, person_ids)
        )
    )
    own = {person_id: DayAndTime(weekday, at) for person_id, weekday, at in rows}
    return {ident: own.get(ident, DayAndTime()) for ident in person_ids}


def set_day_of(person_id: int) -> DayAndTime:
    """When somebody holds reviews."""
    return set_days_of([person_id])[person_id]


def zones_of(person_ids: Collection[int], owner: Programme) -> dict[int, ZoneInfo]:
    """Each person's own zone, else the programme's."""
    cards = people.queries.cards(person_ids)
    return {
        ident: zone_of((cards[ident].time_zone if ident in cards else None) or owner.time_zone)
        for ident in person_ids
    }


def today_of_person(person_id: int, owner: Programme, now: datetime) -> date:
    """The date it is for somebody."""
    return now.astimezone(zones_of([person_id], owner)[person_id]).date()


@dataclass(frozen=True)
class Since:
    """A rep's occasions from the day of a talk on, and the date up to which they are known."""

    occasions: Sequence[Occasion]
    today: date


def occasions_since(item: CoachingItem, now: datetime) -> Since:
    """The rep's occasions from the date of the talk on, as they stand at this moment."""
    owner = programme_of(item)
    calendar = programme.queries.calendar(owner)
    coached_on = calendar.local_day(item.coached_at or now)
    today = calendar.local_day(now)
    if owner.tz_mode == "user":
        today = today_of_person(item.rep_id, owner, now)
    found = occasions(owner, today, now, since=coached_on - DAY, person_ids=[item.rep_id])
    return Since(found, today)
