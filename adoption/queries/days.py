"""What people did by date, and everybody's history as a few integers (the `World`).

Day rows answer when they say exactly what the events said at `as_of`; otherwise the events do.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

import people.queries
import programme.queries
from adoption.models import DailyUsage, UsageEvent
from adoption.queries.events import AnySelect, chunks, days_are_current, known_at
from adoption.rules import (
    AdoptionRule,
    AdoptionState,
    RepDays,
    Span,
    rep_days,
    span_of,
    state_at,
)
from core.calendars import DAY, WEEK_DAYS, bits_of
from core.db import db
from core.planning import by_sorting, is_among
from programme.models import Programme

# The 28-day windows of METRICS U need this much even under a rule with a short lookback.
FEWEST_WEEKS = 6


@dataclass(frozen=True)
class World:
    """Every in-scope rep of a programme on one span of weeks."""

    span: Span
    rule: AdoptionRule
    reps: dict[int, RepDays]


def rule_of(owner: Programme) -> AdoptionRule:
    """The programme's adoption rule."""
    return AdoptionRule(
        owner.target_days,
        owner.k,
        owner.n,
        owner.lookback,
        owner.min_available_days,
        owner.horizon_days,
    )


def _days_by_person(
    programme_id: int, kinds: Collection[str], through: date | None, as_of: datetime | None
) -> tuple[AnySelect, type[DailyUsage | UsageEvent]]:
    """Distinct (person, date) with any of the kinds, from day rows or, if they lag, from events."""
    table: type[DailyUsage | UsageEvent]
    if days_are_current(programme_id, as_of):
        table = DailyUsage
        statement = select(DailyUsage.person_id, DailyUsage.local_day).where(
            DailyUsage.programme_id == programme_id
        )
    else:
        table = UsageEvent
        statement = select(UsageEvent.person_id, UsageEvent.local_day).where(
            UsageEvent.programme_id == programme_id, *known_at(as_of)
        )
    statement = statement.where(table.kind.in_(sorted(kinds))).distinct()
    if through is not None:
        statement = statement.where(table.local_day <= through)
    return statement, table


def person_days(
    programme_id: int,
    kinds: Collection[str],
    *,
    through: date | None = None,
    as_of: datetime | None = None,
    person_ids: Collection[int] | None = None,
) -> Iterator[tuple[int, date]]:
    """Each (person, date) on which any of the kinds was done, dates up to `through`."""
    statement, table = _days_by_person(programme_id, kinds, through, as_of)
    yield from _pairs(statement, table, person_ids)


def _pairs(
    statement: AnySelect,
    table: type[DailyUsage | UsageEvent],
    person_ids: Collection[int] | None,
) -> Iterator[tuple[int, date]]:
    """The (person, date) rows of everybody, or of the people named."""
    if person_ids is None:
        with by_sorting():
            everybody = db.session.execute(statement)
        yield from ((person_id, day) for person_id, day in everybody)
        return
    rows = db.session.execute(statement.where(is_among(table.person_id, person_ids)))
    yield from ((person_id, day) for person_id, day in rows)


def world(
    owner: Programme,
    through: date,
    *,
    as_of: datetime | None = None,
    kinds: Collection[str] | None = None,
    person_ids: Collection[int] | None = None,
    since: date | None = None,
    whole: bool = False,
) -> World:
    """Every in-scope rep (or those named) with dates up to `through` as known at `as_of`.

    `kinds` default to the programme's key actions. Dates outside employment or enablement are
    left out (METRICS E3). The span begins a lookback before the first use
    or the launch; with `whole` it holds every start day, and `since` in any case.
    """
    days = person_days(
        owner.id,
        owner.key_actions if kinds is None else kinds,
        through=through,
        as_of=as_of,
        person_ids=person_ids,
    )
    return _world(owner, through, days, person_ids, since, whole=whole, as_of=as_of)


def world_from_days(
    owner: Programme,
    through: date,
    person_ids: Collection[int] | None = None,
    *,
    begin: date | None = None,
    newest: date | None = None,
) -> World:
    """Every in-scope rep (or those named) from the day rows as they stand, at least `through`.

    It spans the weeks from `begin` to `newest`, which otherwise are read from everybody's rows, so
    that both write the same rows for everybody and for a few.
    """
    mine = DailyUsage.programme_id == owner.id
    if begin is None:
        begin = beginning(owner)
    if newest is None:
        newest = db.session.scalar(select(func.max(DailyUsage.local_day)).where(mine))
    statement = (
        select(DailyUsage.person_id, DailyUsage.local_day)
        .where(mine, DailyUsage.kind.in_(sorted(owner.key_actions)))
        .distinct()
    )
    days = _pairs(statement, DailyUsage, person_ids)
    return _world(owner, max(newest or through, through), days, person_ids, begin)


def beginning(owner: Programme, person_ids: Collection[int] | None = None) -> date:
    """The first week judged: a lookback before the launch, or before the first use of anybody.

    Or of the people named, from whose rows alone it may lie later.
    """
    statement = select(func.min(DailyUsage.local_day)).where(DailyUsage.programme_id == owner.id)
    if person_ids is not None:
        statement = statement.where(is_among(DailyUsage.person_id, person_ids))
    first = db.session.scalar(statement) or owner.launch_on
    calendar = programme.queries.calendar(owner)
    return calendar.week_of(min(first, owner.launch_on) - _room(owner))


def _room(owner: Programme) -> timedelta:
    """How long before the first use a span begins."""
    return max(owner.lookback, FEWEST_WEEKS) * WEEK_DAYS * DAY


def _world(
    owner: Programme,
    through: date,
    days: Iterable[tuple[int, date]],
    person_ids: Collection[int] | None,
    since: date | None = None,
    *,
    whole: bool = False,
    as_of: datetime | None = None,
) -> World:
    members = programme.queries.members(owner.id, as_of)
    wanted = members if person_ids is None else members & frozenset(person_ids)
    calendars = people.queries.calendars(None if person_ids is None else wanted, as_of)
    found: dict[int, list[date]] = defaultdict(list)
    for person_id, day in days:
        found[person_id].append(day)
    starts = [calendars[ident].start_day for ident in wanted]
    first = min((start for start in starts if start is not None), default=through)
    if not whole:
        # People may have been enabled years before anybody used it: weeks without any use at all
        # never change a state, a streak or a month, so only one lookback of them is kept.
        used = min((min(dates) for dates in found.values()), default=through)
        first = max(first, min(used, owner.launch_on, through) - _room(owner))
    if since is not None:
        first = min(first, since)
    span = span_of(programme.queries.calendar(owner), min(first, through), through)
    reps = {
        ident: rep_days(calendars[ident], bits_of(found.get(ident, ()), span.origin), span)
        for ident in sorted(wanted)
    }
    return World(span, rule_of(owner), reps)


def states_on(
    programme_id: int, through: date, as_of: datetime | None = None
) -> dict[int, AdoptionState]:
    """METRICS A4: the state of every in-scope rep at `through`, which may lie within a week."""
    found = world(programme.queries.by_id(programme_id), through, as_of=as_of)
    return {
        ident: state_at(rep, found.span, through, found.rule) for ident, rep in found.reps.items()
    }


def key_days(
    programme_id: int, person_ids: Collection[int], start: date, end: date
) -> dict[int, frozenset[date]]:
    """The dates of [start, end) with a key action, for each of these people who had one."""
    owner = programme.queries.by_id(programme_id)
    found: dict[int, set[date]] = defaultdict(set)
    rows = person_days(programme_id, owner.key_actions, through=end - DAY, person_ids=person_ids)
    for person_id, day in rows:
        if day >= start:
            found[person_id].add(day)
    return {person_id: frozenset(days) for person_id, days in found.items()}


def kinds_done(
    programme_id: int, person_ids: Collection[int], until: date | None = None
) -> dict[int, set[str]]:
    """Which kinds each of these people ever did, on dates up to and with `until`."""
    table: type[DailyUsage | UsageEvent] = DailyUsage
    conditions = [DailyUsage.programme_id == programme_id]
    if not days_are_current(programme_id, None):
        table = UsageEvent
        conditions = [UsageEvent.programme_id == programme_id, *known_at(None)]
    statement = select(table.person_id, table.kind).where(*conditions).distinct()
    if until is not None:
        statement = statement.where(table.local_day <= until)
    found: dict[int, set[str]] = defaultdict(set)
    for chunk in chunks(person_ids):
        for person_id, kind in db.session.execute(statement.where(table.person_id.in_(chunk))):
            found[person_id].add(kind)
    return dict(found)


def first_use(programme_id: int, person_ids: Collection[int]) -> dict[int, date]:
    """The first date with a key action, for each of these people who had one."""
    owner = programme.queries.by_id(programme_id)
    found: dict[int, date] = {}
    for person_id, day in person_days(programme_id, owner.key_actions, person_ids=person_ids):
        if person_id not in found or day < found[person_id]:
            found[person_id] = day
    return found


def streak(programme_id: int, person_id: int, through: date, as_of: datetime | None = None) -> int:
    """METRICS C11: consecutive met eligible weeks among those complete at `through`."""
    owner = programme.queries.by_id(programme_id)
    found = world(owner, through, as_of=as_of, person_ids=[person_id])
    rep = found.reps.get(person_id)
    if rep is None:
        return 0
    last = found.span.last_complete(through)
    return rep.marks(last + 1, found.rule).streak(last)


def daily_counts(
    programme_id: int,
    kinds: Collection[str],
    start: date,
    end: date,
    as_of: datetime | None = None,
) -> list[tuple[int, date, int]]:
    """How often any of the kinds was done, per person and date of [start, end)."""
    if days_are_current(programme_id, as_of):
        rows = db.session.execute(
            select(DailyUsage.person_id, DailyUsage.local_day, func.sum(DailyUsage.count))
            .where(
                DailyUsage.programme_id == programme_id,
                DailyUsage.kind.in_(sorted(kinds)),
                DailyUsage.local_day >= start,
                DailyUsage.local_day < end,
            )
            .group_by(DailyUsage.person_id, DailyUsage.local_day)
        )
    else:
        rows = db.session.execute(
            select(UsageEvent.person_id, UsageEvent.local_day, func.count())
            .where(
                UsageEvent.programme_id == programme_id,
                UsageEvent.kind.in_(sorted(kinds)),
                UsageEvent.local_day >= start,
                UsageEvent.local_day < end,
                *known_at(as_of),
            )
            .group_by(UsageEvent.person_id, UsageEvent.local_day)
        )
    return [(person_id, day, int(count)) for person_id, day, count in rows]
