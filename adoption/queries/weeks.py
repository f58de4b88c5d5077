"""What the week tables say, and what waits to be rebuilt in them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select, tuple_

from adoption.models import (
    AdoptionStatus,
    AdoptionWeek,
    DailyUsage,
    IngestBatch,
    RepWeek,
    TouchedDay,
    TouchedWeek,
    UsageEvent,
    UsageMark,
)
from adoption.queries.events import AnySelect, chunks, known_at
from adoption.rules import AdoptionState
from core.db import db


@dataclass(frozen=True)
class Before:
    """What a status says about the time up to its week."""

    ever_sustained: bool
    ever_used: bool
    streak: int


def mark_of(programme_id: int) -> UsageMark | None:
    """How far the derived tables have come; None before the first roll-up."""
    return db.session.get(UsageMark, programme_id)


def programmes_with_usage() -> tuple[int, ...]:
    """Programmes that ever took usage in."""
    rolled = select(UsageMark.programme_id)
    waiting = select(IngestBatch.programme_id).where(IngestBatch.rolled_at.is_(None))
    return tuple(sorted({*db.session.scalars(rolled), *db.session.scalars(waiting.distinct())}))


def touched_days(programme_id: int, limit: int) -> list[tuple[date, int]]:
    """Dates and people whose day rows wait to be rebuilt, whole dates first, about `limit` rows."""
    rows = db.session.execute(
        select(TouchedDay.local_day, func.count())
        .where(TouchedDay.programme_id == programme_id)
        .group_by(TouchedDay.local_day)
        .order_by(TouchedDay.local_day)
    )
    chosen: list[tuple[date, int]] = []
    total = 0
    for day, count in rows:
        chosen.append((day, count))
        total += count
        if total >= limit:
            break
    return chosen


def is_touched(
    programme_id: int, days: Collection[date]
) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    """Conditions on TouchedDay, DailyUsage and UsageEvent: the touched person-dates of `days`."""
    among = (TouchedDay.programme_id == programme_id, TouchedDay.local_day.in_(sorted(days)))
    by_person = select(TouchedDay.person_id, TouchedDay.local_day).where(*among)
    by_day = select(TouchedDay.local_day, TouchedDay.person_id).where(*among)
    return (
        (among[0] & among[1]),
        (DailyUsage.programme_id == programme_id)
        & tuple_(DailyUsage.person_id, DailyUsage.local_day).in_(by_person),
        (UsageEvent.programme_id == programme_id)
        & tuple_(UsageEvent.local_day, UsageEvent.person_id).in_(by_day),
    )


def touched_people(programme_id: int, days: Collection[date]) -> list[tuple[int, date]]:
    """The touched (person, date) pairs of these dates."""
    rows = db.session.execute(
        select(TouchedDay.person_id, TouchedDay.local_day).where(
            TouchedDay.programme_id == programme_id, TouchedDay.local_day.in_(sorted(days))
        )
    )
    return [(person_id, day) for person_id, day in rows]


def day_counts(programme_id: int, *conditions: ColumnElement[bool]) -> AnySelect:
    """Rows for daily_usage: programme, person, date, kind and count of the events that count."""
    return (
        select(
            UsageEvent.programme_id,
            UsageEvent.person_id,
            UsageEvent.local_day,
            UsageEvent.kind,
            func.count(),
        )
        .where(UsageEvent.programme_id == programme_id, *known_at(None), *conditions)
        .group_by(
            UsageEvent.programme_id, UsageEvent.person_id, UsageEvent.local_day, UsageEvent.kind
        )
    )


def has_day_rows(programme_id: int) -> bool:
    """Whether any day row was ever built."""
    some = select(DailyUsage.person_id).where(DailyUsage.programme_id == programme_id).limit(1)
    return db.session.execute(some).first() is not None


def key_days_of_week(
    programme_id: int, kinds: Collection[str], week: date, end: date, person_ids: Collection[int]
) -> Iterable[tuple[int, date]]:
    """(person, date) with a key action in [week, end), from the day rows, for these people."""
    for chunk in chunks(person_ids):
        rows = db.session.execute(
            select(DailyUsage.person_id, DailyUsage.local_day).where(
                DailyUsage.programme_id == programme_id,
                DailyUsage.person_id.in_(chunk),
                DailyUsage.local_day >= week,
                DailyUsage.local_day < end,
                DailyUsage.kind.in_(sorted(kinds)),
            )
        )
        yield from ((row.person_id, row.local_day) for row in rows)


def touched_week_people(programme_id: int) -> frozenset[int]:
    """People with a week that was judged already and has changed since."""
    return frozenset(
        db.session.scalars(
            select(TouchedWeek.person_id).where(TouchedWeek.programme_id == programme_id).distinct()
        )
    )


def marks_of_weeks(programme_id: int, weeks: Collection[date]) -> dict[int, tuple[int, int]]:
    """Eligible and met of these weeks as week integers, bit 0 the earliest, per person."""
    ordered = sorted(weeks)
    place = {week: number for number, week in enumerate(ordered)}
    found: dict[int, tuple[int, int]] = {}
    rows = db.session.execute(
        select(RepWeek.person_id, RepWeek.week_start, RepWeek.eligible, RepWeek.met).where(
            RepWeek.programme_id == programme_id,
            RepWeek.week_start >= ordered[0],
            RepWeek.week_start <= ordered[-1],
            RepWeek.eligible,
        )
    )
    for person_id, week, _eligible, met in rows:
        eligible_bits, met_bits = found.get(person_id, (0, 0))
        bit = 1 << place[week]
        found[person_id] = (eligible_bits | bit, met_bits | bit if met else met_bits)
    return found


def before_week(programme_id: int, week: date) -> dict[int, Before]:
    """What the statuses of a week say about the time up to it, per person."""
    rows = db.session.execute(
        select(
            AdoptionStatus.person_id,
            AdoptionStatus.ever_sustained,
            AdoptionStatus.ever_used,
            AdoptionStatus.streak,
        ).where(AdoptionStatus.programme_id == programme_id, AdoptionStatus.week_start == week)
    )
    return {
        person_id: Before(sustained, used, streak) for person_id, sustained, used, streak in rows
    }


def counts_of_week(programme_id: int, week: date, members: int) -> dict[str, int]:
    """The columns of AdoptionWeek for one judged week; who has no status there has left."""
    states = dict.fromkeys((state.value for state in AdoptionState), 0)
    rows = db.session.execute(
        select(AdoptionStatus.state, func.count())
        .where(AdoptionStatus.programme_id == programme_id, AdoptionStatus.week_start == week)
        .group_by(AdoptionStatus.state)
    )
    for state, count in rows:
        states[state] = count
    states[AdoptionState.LEFT] = members - sum(
        count for state, count in states.items() if state != AdoptionState.LEFT
    )
    in_week = (RepWeek.programme_id == programme_id, RepWeek.week_start == week)
    eligible, met, active = (
        db.session.scalar(select(func.count()).select_from(RepWeek).where(*in_week, condition)) or 0
        for condition in (RepWeek.eligible, RepWeek.met, RepWeek.active_days > 0)
    )
    return {"eligible": eligible, "met": met, "active": active, **states}


def judged_weeks(programme_id: int) -> list[AdoptionWeek]:
    """The counts of every judged week, oldest first."""
    return list(
        db.session.scalars(
            select(AdoptionWeek)
            .where(AdoptionWeek.programme_id == programme_id)
            .order_by(AdoptionWeek.week_start)
        )
    )


def states_of_week(programme_id: int, week: date) -> dict[int, AdoptionState]:
    """The judged states of one week; people who are not in it have left."""
    rows = db.session.execute(
        select(AdoptionStatus.person_id, AdoptionStatus.state).where(
            AdoptionStatus.programme_id == programme_id, AdoptionStatus.week_start == week
        )
    )
    return {person_id: AdoptionState(state) for person_id, state in rows}


def weeks_of_person(programme_id: int, person_id: int, since: date) -> list[RepWeek]:
    """One person's weeks from `since` on, oldest first."""
    return list(
        db.session.scalars(
            select(RepWeek)
            .where(
                RepWeek.programme_id == programme_id,
                RepWeek.person_id == person_id,
                RepWeek.week_start >= since,
            )
            .order_by(RepWeek.week_start)
        )
    )


def status_of_person(programme_id: int, person_id: int) -> AdoptionStatus | None:
    """One person's latest judged status."""
    return db.session.scalars(
        select(AdoptionStatus)
        .where(AdoptionStatus.programme_id == programme_id, AdoptionStatus.person_id == person_id)
        .order_by(AdoptionStatus.week_start.desc())
        .limit(1)
    ).one_or_none()


def active_in_week(programme_id: int, week: date) -> frozenset[int]:
    """Who had a counted key action in the week."""
    return frozenset(
        db.session.scalars(
            select(RepWeek.person_id).where(
                RepWeek.programme_id == programme_id,
                RepWeek.week_start == week,
                RepWeek.active_days > 0,
            )
        )
    )
