"""What the week tables say, and what waits to be rebuilt in them."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case, func, literal_column, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute

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
    WeekSet,
)
from adoption.queries.events import AnySelect, known_at
from adoption.rules import AdoptionRule, AdoptionState
from adoption.rules.sets import WeekCounts, WeekSets, judged, set_of
from core.calendars import DAY, WEEK_DAYS
from core.db import db
from core.planning import by_sorting, is_among


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
    """Conditions on TouchedDay, DailyUsage and UsageEvent: the touched person-dates of `days`.

    The dates stand there twice for the events: a planner that knows nothing of the table yet goes
    by them, not through the whole of it.
    """
    among = (TouchedDay.programme_id == programme_id, TouchedDay.local_day.in_(sorted(days)))
    by_person = select(TouchedDay.person_id, TouchedDay.local_day).where(*among)
    by_day = select(TouchedDay.local_day, TouchedDay.person_id).where(*among)
    return (
        (among[0] & among[1]),
        (DailyUsage.programme_id == programme_id)
        & tuple_(DailyUsage.person_id, DailyUsage.local_day).in_(by_person),
        (UsageEvent.programme_id == programme_id)
        & UsageEvent.local_day.in_(sorted(days))
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
    """Rows for daily_usage: programme, person, date, kind and count of the events that count.

    Without further conditions it reads everything, which "+ 0" tells SQLite.
    """
    own: ColumnElement[int] | InstrumentedAttribute[int] = UsageEvent.programme_id
    return (
        select(
            UsageEvent.programme_id,
            UsageEvent.person_id,
            UsageEvent.local_day,
            UsageEvent.kind,
            func.count(),
        )
        .where((own if conditions else own + 0) == programme_id, *known_at(None), *conditions)
        .group_by(
            UsageEvent.programme_id, UsageEvent.person_id, UsageEvent.local_day, UsageEvent.kind
        )
    )


def has_day_rows(programme_id: int) -> bool:
    """Whether any day row was ever built."""
    some = select(DailyUsage.person_id).where(DailyUsage.programme_id == programme_id).limit(1)
    return db.session.execute(some).first() is not None


def wrong_days(programme_id: int, limit: int) -> list[tuple[int, date, str, int]]:
    """Person, date and kind of day rows that are not what the events say, with what they do say.

    One grouping of events and rows together, which are told apart by what they add to; 0 events is
    a row nothing bears out. "+ 0" keeps SQLite from taking each row by way of an index.
    """
    said: ColumnElement[int] = literal_column("1")
    nothing: ColumnElement[int] = literal_column("0")
    events = select(
        UsageEvent.person_id,
        UsageEvent.local_day,
        UsageEvent.kind,
        said.label("events"),
        nothing.label("stored"),
    ).where(UsageEvent.programme_id + 0 == programme_id, *known_at(None))
    rows = select(
        DailyUsage.person_id,
        DailyUsage.local_day,
        DailyUsage.kind,
        nothing.label("events"),
        DailyUsage.count.label("stored"),
    ).where(DailyUsage.programme_id + 0 == programme_id)
    both = union_all(events, rows).subquery()
    key = (both.c.person_id, both.c.local_day, both.c.kind)
    counted = func.sum(both.c.events)
    differing = (
        select(*key, counted).group_by(*key).having(counted != func.sum(both.c.stored)).limit(limit)
    )
    with by_sorting():
        found = db.session.execute(differing).all()
    return [(person_id, day, kind, int(count)) for person_id, day, kind, count in found]


def masks_of_week(
    programme_id: int, kinds: Collection[str], week: date, person_ids: Collection[int]
) -> dict[int, int]:
    """The dates of a week with a key action as 7 bits, for those of the people who had one."""
    bits = {week + place * DAY: 1 << place for place in range(WEEK_DAYS)}
    mask = func.sum(case(bits, value=DailyUsage.local_day).distinct())
    rows = db.session.execute(
        select(DailyUsage.person_id, mask)
        .where(
            DailyUsage.programme_id == programme_id,
            is_among(DailyUsage.person_id, person_ids),
            DailyUsage.local_day >= week,
            DailyUsage.local_day < week + WEEK_DAYS * DAY,
            DailyUsage.kind.in_(sorted(kinds)),
        )
        .group_by(DailyUsage.person_id)
    )
    return {person_id: int(bits) for person_id, bits in rows}


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


def sets_of_weeks(programme_id: int) -> dict[date, WeekSets]:
    """Every judged week as sets of people, oldest first."""
    rows = db.session.execute(
        select(WeekSet.week_start, WeekSet.eligible, WeekSet.met, WeekSet.active, WeekSet.current)
        .where(WeekSet.programme_id == programme_id)
        .order_by(WeekSet.week_start)
    )
    return {
        week: WeekSets(*(int.from_bytes(column, "little") for column in columns))
        for week, *columns in rows
    }


def newest_set(programme_id: int) -> date | None:
    """The latest week there are sets of."""
    mine = WeekSet.programme_id == programme_id
    return db.session.scalar(select(func.max(WeekSet.week_start)).where(mine))


def first_set(programme_id: int) -> date | None:
    """The earliest week there are sets of."""
    mine = WeekSet.programme_id == programme_id
    return db.session.scalar(select(func.min(WeekSet.week_start)).where(mine))


def newest_week(programme_id: int) -> date | None:
    """The latest week with a row of anybody, which may still be running."""
    mine = RepWeek.programme_id == programme_id
    return db.session.scalar(select(func.max(RepWeek.week_start)).where(mine))


def series(programme_id: int, rule: AdoptionRule) -> dict[date, WeekCounts]:
    """METRICS A2 to A4 at the end of every judged week, over everybody."""
    weeks = sets_of_weeks(programme_id)
    return dict(zip(weeks, judged([*weeks.values()], rule), strict=True))


def sets_from_rows(programme_id: int, until: date) -> dict[date, WeekSets]:
    """What the sets should be: the week rows and states up to a week, gathered anew."""
    marks = select(
        RepWeek.week_start, RepWeek.person_id, RepWeek.eligible, RepWeek.met, RepWeek.active_days
    ).where(RepWeek.programme_id == programme_id, RepWeek.week_start <= until)
    there = select(AdoptionStatus.week_start, AdoptionStatus.person_id).where(
        AdoptionStatus.programme_id == programme_id,
        AdoptionStatus.state != AdoptionState.LEFT.value,
    )
    found: dict[date, tuple[list[int], ...]] = defaultdict(lambda: ([], [], [], []))
    for week, person_id, *facts in db.session.execute(marks):
        for people, fact in zip(found[week], facts, strict=False):
            if fact:
                people.append(person_id)
    for week, person_id in db.session.execute(there):
        found[week][-1].append(person_id)
    return {week: WeekSets(*map(set_of, people)) for week, people in sorted(found.items())}


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


def active_days_of(
    programme_id: int, weeks: Collection[date], person_ids: Collection[int]
) -> dict[int, list[int]]:
    """Person -> active days of each of these weeks in which they were eligible, oldest first."""
    found: dict[int, list[int]] = {}
    wanted = (
        select(RepWeek.person_id, RepWeek.active_days)
        .where(
            RepWeek.programme_id == programme_id,
            RepWeek.week_start.in_(sorted(weeks)),
            RepWeek.eligible.is_(True),
        )
        .order_by(RepWeek.person_id, RepWeek.week_start)
    )
    among = frozenset(person_ids)
    for person_id, days in db.session.execute(wanted):
        if person_id in among:
            found.setdefault(person_id, []).append(days)
    return found


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
