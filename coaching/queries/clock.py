"""What the clock has to look at: items near their day, weeks that are over, words that are old.

Rows that a step is about are held until the transaction ends, always in the order of their ids.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select

import people.queries
import programme.queries
from adoption.queries.occasions import has_more_signals
from coaching.models import (
    CoachingItem,
    CoachingMoment,
    CoachingNote,
    CoachingStep,
    Fix,
    Loop,
)
from coaching.queries.items import set_days_of, zones_of
from coaching.rules.days import set_day_in, week_starts
from coaching.rules.life import REVIEWED, WAITING, State
from coaching.rules.loops import LoopFacts, MissedBy
from core.calendars import DAY, WEEK_DAYS, ProgrammeCalendar, first_instant
from core.db import db
from core.planning import is_among
from core.scheduler import JobSlot, SlotState
from people.rules import PersonCalendar
from programme.models import Programme

# A house that ran nothing for this long was down, not late.
DOWN = timedelta(hours=12)
CLOSING = "close-reviews"
# A date begins at most this long before its review anywhere.
NEAR = timedelta(days=2)
NOON = timedelta(hours=12)


def programmes_in_use() -> tuple[Programme, ...]:
    """Programmes with signals, the latest launched first: a rep belongs to the first of them."""
    every = reversed(programme.queries.all_programmes())
    return tuple(owner for owner in every if has_more_signals(owner, 0))


def programme_ids_in_use() -> tuple[int, ...]:
    """The ids of `programmes_in_use`."""
    return tuple(owner.id for owner in programmes_in_use())


def weeks_at(as_of: datetime) -> list[tuple[int, date, datetime]]:
    """(programme, week, its first instant) of the week that holds an instant.

    Programmes that had not been launched by then have no weeks to prepare.
    """
    found = []
    for owner in programmes_in_use():
        calendar = programme.queries.calendar(owner)
        week = calendar.week_of(calendar.local_day(as_of))
        if week >= calendar.week_of(owner.launch_on):
            found.append((owner.id, week, calendar.day_start(week)))
    return found


def week_starts_between(after: datetime, until: datetime) -> list[datetime]:
    """The instants in (after, until] at which a week of some programme begins."""
    return sorted(
        {
            start
            for owner in programmes_in_use()
            for start in week_starts(programme.queries.calendar(owner), after, until)
        }
    )


def _held(*conditions: ColumnElement[bool]) -> tuple[CoachingItem, ...]:
    return tuple(
        db.session.scalars(
            select(CoachingItem)
            .where(*conditions)
            .order_by(CoachingItem.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def near_their_day(programme_id: int, as_of: datetime) -> tuple[CoachingItem, ...]:
    """Items with a fix whose review may have begun."""
    return _held(
        CoachingItem.programme_id == programme_id,
        CoachingItem.state.in_([State.COACHED, State.EXCUSED]),
        CoachingItem.review_at < as_of + NEAR,
    )


def due_items(programme_id: int, as_of: datetime) -> tuple[CoachingItem, ...]:
    """Items whose review waits to be marked, and whose day is over."""
    return _held(
        CoachingItem.programme_id == programme_id,
        CoachingItem.state == State.DUE,
        CoachingItem.review_at < as_of,
    )


def was_down(now: datetime) -> bool:
    """Whether the house comes back just now: reviews were looked after last long ago."""
    last = db.session.scalar(
        select(JobSlot.finished_at)
        .where(JobSlot.job == CLOSING, JobSlot.state == SlotState.DONE, JobSlot.finished_at <= now)
        .order_by(JobSlot.slot.desc())
        .limit(1)
    )
    return last is not None and now - last > DOWN


def waiting_items(programme_id: int, last_week: date) -> tuple[CoachingItem, ...]:
    """Items without a fix of weeks that are over."""
    return _held(
        CoachingItem.programme_id == programme_id,
        CoachingItem.state.in_(sorted(WAITING)),
        CoachingItem.week <= last_week,
    )


def settled_items(programme_id: int, marked_before: datetime) -> tuple[CoachingItem, ...]:
    """Items that were missed, and those whose review was marked before an instant."""
    return _held(
        CoachingItem.programme_id == programme_id,
        (CoachingItem.state == State.MISSED)
        | (CoachingItem.state.in_(sorted(REVIEWED)) & (CoachingItem.marked_at < marked_before)),
    )


def following(items: Collection[CoachingItem]) -> dict[int, int]:
    """Item -> the rep's next one, where there is one."""
    reps = {item.rep_id for item in items}
    later: dict[int, list[tuple[date, int]]] = defaultdict(list)
    rows = select(CoachingItem.rep_id, CoachingItem.week, CoachingItem.id).where(
        is_among(CoachingItem.rep_id, reps)
    )
    for rep_id, week, ident in db.session.execute(rows.order_by(CoachingItem.week)):
        later[rep_id].append((week, ident))
    return {
        item.id: following[0]
        for item in items
        if (following := [ident for week, ident in later[item.rep_id] if week > item.week])
    }


def open_loops(programme_id: int, last_week: date) -> tuple[Loop, ...]:
    """Loops of weeks that are over and have no verdict yet, held."""
    return tuple(
        db.session.scalars(
            select(Loop)
            .where(
                Loop.programme_id == programme_id, Loop.outcome == "open", Loop.week <= last_week
            )
            .order_by(Loop.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def loops_of(items: Collection[CoachingItem]) -> tuple[Loop, ...]:
    """The loops of these items."""
    rows = select(Loop).where(is_among(Loop.id, {item.loop_id for item in items}))
    return tuple(db.session.scalars(rows.order_by(Loop.id)))


def fixes_of(items: Collection[CoachingItem]) -> dict[int, Fix]:
    """The next step of each of these items."""
    rows = select(Fix).where(is_among(Fix.item_id, {item.id for item in items}))
    return {fix.item_id: fix for fix in db.session.scalars(rows)}


def picked_of(items: Collection[CoachingItem]) -> dict[int, CoachingMoment]:
    """The picked moment of each of these items."""
    idents = {item.moment_id for item in items if item.moment_id is not None}
    rows = select(CoachingMoment).where(is_among(CoachingMoment.id, idents))
    return {moment.item_id: moment for moment in db.session.scalars(rows)}


def with_moments(items: Collection[CoachingItem]) -> frozenset[int]:
    """Those of these items that had something to pick."""
    rows = select(CoachingMoment.item_id).where(
        is_among(CoachingMoment.item_id, {item.id for item in items})
    )
    return frozenset(db.session.scalars(rows.distinct()))


@dataclass(frozen=True)
class WhoWorks:
    """Who is at work on a date: leave and leaving count, for an author also who stands in."""

    lives: Mapping[int, PersonCalendar]
    stand_ins: Mapping[int, Sequence[tuple[int, date, date]]]

    def is_here(self, person_id: int, day: date) -> bool:
        """Employed on a date."""
        life = self.lives.get(person_id)
        return life is not None and (life.left_on is None or day <= life.left_on)

    def works(self, person_id: int, day: date) -> bool:
        """Employed and not on leave on a date."""
        return self.is_here(person_id, day) and not self.lives[person_id].is_absent(day)

    def deputies_on(self, person_id: int, day: date) -> list[int]:
        """Who stands in for somebody on a date and is at work."""
        spans = self.stand_ins.get(person_id, ())
        return [who for who, first, last in spans if first <= day <= last and self.works(who, day)]

    def is_covered(self, person_id: int, day: date) -> bool:
        """At work, or somebody stands in."""
        return self.works(person_id, day) or bool(self.deputies_on(person_id, day))


def who_works(person_ids: Collection[int], first: date, last: date) -> WhoWorks:
    """Leave and deputies of these people between two dates."""
    spans: dict[int, list[tuple[int, date, date]]] = defaultdict(list)
    for person_id, deputy_id, starts_on, ends_on in people.queries.deputy_spans(
        person_ids, first, last
    ):
        spans[person_id].append((deputy_id, starts_on, ends_on))
    stand_ins = {deputy for rows in spans.values() for deputy, _first, _last in rows}
    return WhoWorks(people.queries.calendars({*person_ids, *stand_ins}), spans)


def loop_facts(owner: Programme, loops: Sequence[Loop]) -> dict[int, LoopFacts]:
    """The facts of each of these weeks at its end."""
    if not loops:
        return {}
    calendar = programme.queries.calendar(owner)
    idents = {loop.id for loop in loops}
    coached = _counted(idents, CoachingItem.coached_at.is_not(None))
    has_moment = select(CoachingMoment.id).where(CoachingMoment.item_id == CoachingItem.id).exists()
    could = _counted(idents, has_moment, ~is_among(CoachingItem.rep_id, _not_yet(loops)))
    # A day is reached at its first instant, and runs out at its last.
    fell = _reviews(owner, calendar, loops, "day_reached", NOON)
    ran_out = _reviews(owner, calendar, loops, "timeout", -NOON)
    late, away = _late(owner, loops), _away(calendar, loops)
    return {
        loop.id: LoopFacts(
            coached.get(loop.id, 0),
            could.get(loop.id, 0),
            fell.get((loop.week, loop.manager_id), 0),
            ran_out.get((loop.week, loop.manager_id), 0),
            is_away=loop.id in away,
            is_late=loop.id in late,
        )
        for loop in loops
    }


def _counted(loop_ids: Collection[int], *conditions: ColumnElement[bool]) -> dict[int, int]:
    rows = db.session.execute(
        select(CoachingItem.loop_id, func.count())
        .where(is_among(CoachingItem.loop_id, loop_ids), *conditions)
        .group_by(CoachingItem.loop_id)
    )
    return {loop_id: count for loop_id, count in rows}  # noqa: C416 - rows are not plain pairs to the type checker


def _not_yet(loops: Sequence[Loop]) -> list[int]:
    """Reps whose last next step still waits for its day: nobody could hand them another one."""
    first = min(loop.week for loop in loops)
    return list(
        db.session.scalars(
            select(CoachingItem.rep_id).where(
                CoachingItem.state.in_([State.COACHED, State.EXCUSED]), CoachingItem.week < first
            )
        )
    )


def _reviews(
    owner: Programme,
    calendar: ProgrammeCalendar,
    loops: Sequence[Loop],
    event: str,
    to_middle: timedelta,
) -> dict[tuple[date, int | None], int]:
    """(week, manager) -> reviews that fell due, or ran out, on a day of the week."""
    weeks = {loop.week for loop in loops}
    start = calendar.day_start(min(weeks)) - DAY
    end = calendar.day_start(max(weeks) + WEEK_DAYS * DAY) + DAY
    rows = db.session.execute(
        select(CoachingItem.manager_id, CoachingStep.at)
        .join(CoachingItem, CoachingItem.id == CoachingStep.item_id)
        .where(
            CoachingItem.programme_id == owner.id,
            CoachingItem.manager_id.is_not(None),
            CoachingItem.missed_by.is_distinct_from(MissedBy.SYSTEM),
            CoachingStep.event == event,
            CoachingStep.frm.in_([State.DUE, State.COACHED, State.EXCUSED]),
            CoachingStep.at >= start,
            CoachingStep.at <= end,
        )
    )
    found: dict[tuple[date, int | None], int] = defaultdict(int)
    for manager_id, at in rows:
        found[calendar.week_of(calendar.local_day(at + to_middle)), manager_id] += 1
    return found


def _late(owner: Programme, loops: Sequence[Loop]) -> frozenset[int]:
    """Loops whose number came after their manager's set day was over: our own outage."""
    managers = {loop.manager_id for loop in loops if loop.manager_id is not None}
    days, zones = set_days_of(managers), zones_of(managers, owner)
    return frozenset(
        loop.id
        for loop in loops
        if loop.manager_id is not None
        and loop.prepared_at
        >= first_instant(
            zones[loop.manager_id], set_day_in(loop.week, days[loop.manager_id].weekday) + DAY
        )
    )


def _away(calendar: ProgrammeCalendar, loops: Sequence[Loop]) -> frozenset[int]:
    """Loops whose manager was on leave on every working day, and nobody stood in."""
    managers = {loop.manager_id for loop in loops if loop.manager_id is not None}
    first, last = min(loop.week for loop in loops), max(loop.week for loop in loops)
    rota = who_works(managers, first, last + (WEEK_DAYS - 1) * DAY)
    found = set()
    for loop in loops:
        days = [day for day in calendar.week_days(loop.week) if calendar.is_working_day(day)]
        if loop.manager_id is not None and not any(
            rota.is_covered(loop.manager_id, day) for day in days
        ):
            found.add(loop.id)
    return frozenset(found)


def old_words(before: date, limit: int) -> tuple[CoachingItem, ...]:
    """Closed items of long ago whose words are still there."""
    rows = (
        select(CoachingItem)
        .where(
            CoachingItem.words_forgotten_at.is_(None),
            CoachingItem.state == State.CLOSED,
            CoachingItem.week < before,
        )
        .order_by(CoachingItem.id)
        .limit(limit)
        .with_for_update()
    )
    return tuple(db.session.scalars(rows))


def words_on(items: Collection[CoachingItem]) -> Iterator[Fix | CoachingNote]:
    """Everything somebody wrote to these items."""
    idents = {item.id for item in items}
    yield from db.session.scalars(select(Fix).where(is_among(Fix.item_id, idents)))
    yield from db.session.scalars(
        select(CoachingNote).where(is_among(CoachingNote.item_id, idents))
    )
