"""When a review would be held, what it would find, and how it is told."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import func, select

import people.queries
import programme.queries
from adoption.queries.occasions import occasions
from adoption.rules.occasions import Occasion
from coaching.models import (
    CoachingItem,
    Loop,
)
from coaching.queries import items
from coaching.queries.pages.talks import accounts
from coaching.queries.pages.weeks import week_at
from coaching.rules.days import next_set_day
from coaching.rules.life import State
from coaching.rules.outcome import next_chance
from coaching.rules.telling import Verdict, verdict
from core.calendars import DAY
from core.db import db
from programme.models import Programme

OTHER_TIMES = (time(14), time(16, 30), time(9))


@dataclass(frozen=True)
class Booking:
    """The author's next set day with the usual time first and two others of that day."""

    on: date
    times: tuple[time, ...]
    zone: str


def booking(owner: Programme, author_id: int, now: datetime) -> Booking:
    """When a review handed back now would be held."""
    zone = items.zones_of([author_id], owner)[author_id]
    usual = items.set_day_of(author_id)
    on = next_set_day(now.astimezone(zone).date(), usual.weekday)
    others = [each for each in OTHER_TIMES if each != usual.at]
    return Booking(on, (usual.at, *others[:2]), str(zone))


def names_of(person_ids: Collection[int]) -> list[str]:
    """What these people are called, by name."""
    return sorted(card.name for card in people.queries.cards(person_ids).values())


def booked_words(item: CoachingItem) -> str:
    """What was just handed back: to whom, and when its review is."""
    rep = people.queries.cards([item.rep_id])[item.rep_id]
    author = item.author_id or item.rep_id
    zone = items.zones_of([author], items.programme_of(item))[author]
    at = item.review_at.astimezone(zone) if item.review_at is not None else None
    when = f" {at:%a} {at.day} {at:%b}, {at:%H:%M}" if at is not None else ""
    return f"Handed back to {rep.name}. The review is booked for{when}."


def review_words(item: CoachingItem) -> str:
    """What a review that was just held came to."""
    rep = people.queries.cards([item.rep_id])[item.rep_id]
    if item.proof == "statement":
        return f"Review of {rep.name} recorded: said, not seen."
    ends = {"done": "done at the next chance", "not_done": "not done", "no_chance": "no chance yet"}
    return f"Review of {rep.name} recorded: {ends.get(item.outcome or '', 'held')}."


def zone_name(item: CoachingItem, owner: Programme) -> str:
    """Where the times of an item are told: its author's zone, else the programme's."""
    if item.author_id is None:
        return owner.time_zone
    return str(items.zones_of([item.author_id], owner)[item.author_id])


def verdicts(
    owner: Programme, waiting: Collection[CoachingItem], now: datetime
) -> dict[int, Verdict]:
    """What the review of each of these items would find now, by item; asked once for all.

    Reps whose dates differ, which zones of their own make them do, are asked about in turns.
    """
    calendar = programme.queries.calendar(owner)
    days = dict.fromkeys((item.rep_id for item in waiting), calendar.local_day(now))
    if owner.tz_mode == "user":
        zones = items.zones_of(days, owner)
        days = {rep_id: now.astimezone(zone).date() for rep_id, zone in zones.items()}
    chances: dict[int, Occasion | None] = {}
    for today in sorted(set(days.values())):
        here = [item for item in waiting if days[item.rep_id] == today]
        first = min(calendar.local_day(item.coached_at or now) for item in here)
        reps = {item.rep_id for item in here}
        found: dict[int, list[Occasion]] = defaultdict(list)
        for one in occasions(owner, today, now, since=first - DAY, person_ids=reps):
            found[one.opener.person_id].append(one)
        for item in here:
            chances[item.id] = next_chance(found[item.rep_id], item.coached_at or now, today)
    names = accounts({one.opener.deal_key for one in chances.values() if one is not None})
    return {
        item.id: verdict(
            chance,
            "" if chance is None else names.get(chance.opener.deal_key, chance.opener.deal_key),
            calendar.local_day(item.coached_at or now),
        )
        for item in waiting
        for chance in [chances[item.id]]
    }


def reviews_waiting(author_id: int, owner: Programme) -> int:
    """How many reviews somebody owes."""
    waiting = select(func.count()).where(
        CoachingItem.author_id == author_id,
        CoachingItem.programme_id == owner.id,
        CoachingItem.state == State.DUE,
    )
    return db.session.scalar(waiting) or 0


def moments_waiting(manager_id: int, owner: Programme, now: datetime) -> int:
    """How many missed moments wait for a manager's pick this week; none once one was coached."""
    _today, week = week_at(owner, now)
    is_coached = (
        select(CoachingItem.id)
        .where(CoachingItem.loop_id == Loop.id, CoachingItem.coached_at.is_not(None))
        .exists()
    )
    waiting = select(func.sum(Loop.missed)).where(
        Loop.manager_id == manager_id,
        Loop.week == week,
        Loop.programme_id == owner.id,
        Loop.outcome == "open",
        ~is_coached,
    )
    return int(db.session.scalar(waiting) or 0)
