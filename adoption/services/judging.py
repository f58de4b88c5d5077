"""Judging complete weeks: week rows become states (METRICS A3, A4), and late news reopens them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import people.queries
import programme.queries
from adoption.models import AdoptionStatus, AdoptionWeek, RepWeek, TouchedWeek, UsageMark
from adoption.queries import weeks as week_queries
from adoption.queries.days import rule_of, world_from_days
from adoption.rules import AdoptionRule, RepDays, Span, Weeks, current_bits, span_of, state_of
from adoption.services.picture import touch_picture
from adoption.services.rollups import (
    WEEK_COLUMNS,
    date_events_anew,
    mark_for,
    rebuild_days,
    week_rows,
    write_week,
)
from core.bulkload import TextRow, refresh_statistics, replace_rows
from core.calendars import DAY, WEEK_DAYS
from core.db import delete_where, upsert_rows
from programme.models import Programme

STATUS_COLUMNS = (
    "programme_id",
    "week_start",
    "person_id",
    "state",
    "ever_sustained",
    "ever_used",
    "streak",
)
WEEK = WEEK_DAYS * DAY
CHUNK = 5_000
# Above this share of people to judge again, one pass over everybody is the shorter way.
MANY = 0.3


@dataclass(frozen=True)
class Judged:
    """What a run of judging did."""

    weeks: int = 0
    people_again: int = 0


def judge_adoption(programme_id: int, now: datetime) -> Judged:
    """Judge every week complete by now that was not, and whoever's past has changed since.

    Call it in a transaction of its own, after roll-up. A repeated run changes nothing.
    """
    owner = programme.queries.by_id(programme_id)
    mark = mark_for(programme_id)
    calendar = programme.queries.calendar(owner)
    yesterday = calendar.local_day(now) - DAY
    last = calendar.last_complete_week(yesterday)
    members = programme.queries.members(programme_id)
    change_id, changed = people.queries.changes_after(mark.person_change_id)
    reopened = changed | week_queries.touched_week_people(programme_id)
    is_new_series = mark.rule_version not in {0, owner.rule_version}
    if is_new_series:
        date_events_anew(programme_id)
        rebuild_days(programme_id, now)
    is_new = is_new_series or mark.rule_version == 0 or mark.judged_week is None
    if is_new or len(reopened & members) > MANY * len(members):
        done = _judge_all(owner, mark, last)
        touch_picture(programme_id, None)
    else:
        done = _judge_on(owner, mark, last, reopened, members)
        touch_picture(programme_id, reopened)
    mark.person_change_id = change_id
    mark.rule_version = owner.rule_version
    delete_where(TouchedWeek, TouchedWeek.programme_id == programme_id)
    return done


def rebuild(programme_id: int, now: datetime) -> Judged:
    """Build every derived row of a programme anew from its events."""
    rebuild_days(programme_id, now)
    mark = mark_for(programme_id)
    mark.judged_week = None
    return judge_adoption(programme_id, now)


def _judge_all(owner: Programme, mark: UsageMark, last: date) -> Judged:
    """Week rows and states of everybody, from the first week on."""
    found = world_from_days(owner, last)
    for table in (RepWeek, AdoptionStatus, AdoptionWeek):
        delete_where(table, table.programme_id == owner.id)
    replace_rows(RepWeek, WEEK_COLUMNS, week_rows(owner.id, found.span, found.rule, found.reps))
    count = max((last - found.span.origin).days // WEEK_DAYS + 1, 0)
    rows = _status_rows(owner.id, found.span, found.rule, found.reps, count)
    replace_rows(AdoptionStatus, STATUS_COLUMNS, rows)
    refresh_statistics(RepWeek)
    refresh_statistics(AdoptionStatus)
    weeks = [found.span.origin + index * WEEK for index in range(count)]
    _count_weeks(owner.id, weeks, len(found.reps))
    if weeks:
        mark.judged_week = last
    return Judged(len(weeks), len(found.reps))


def _judge_on(
    owner: Programme,
    mark: UsageMark,
    last: date,
    reopened: Collection[int],
    members: frozenset[int],
) -> Judged:
    """Only the weeks that became complete, and only the people whose past changed."""
    judged = mark.judged_week
    assert judged is not None  # noqa: S101 - the first judgement is _judge_all's
    if reopened:
        _judge_again(owner, judged, reopened, members)
    new = [judged + number * WEEK for number in range(1, (last - judged).days // WEEK_DAYS + 1)]
    for week in new:
        _judge_week(owner, week, members)
    if new:
        mark.judged_week = last
    return Judged(len(new), len(reopened))


def _judge_week(owner: Programme, week: date, members: Collection[int]) -> None:
    """One newly complete week for everybody: its rows, then states from the weeks around it."""
    rule = rule_of(owner)
    write_week(owner, week, members)
    marks = week_queries.marks_of_weeks(
        owner.id, [week - number * WEEK for number in range(rule.lookback)]
    )
    before = week_queries.before_week(owner.id, week - WEEK)
    span = span_of(programme.queries.calendar(owner), week, week)
    calendars = people.queries.calendars(members)
    used = week_queries.active_in_week(owner.id, week)
    name, programme_id = week.isoformat(), str(owner.id)
    latest = rule.lookback - 1
    rows: list[TextRow] = []
    for person_id in sorted(members):
        past = before.get(person_id)
        current = current_bits(calendars[person_id], span)
        if past is None and not current:
            continue
        weeks = Weeks(*marks.get(person_id, (0, 0)), rule.lookback)
        sustained = weeks.sustained_at(latest, rule)
        ever_used = person_id in used or (past is not None and past.ever_used)
        state = state_of(
            is_current=bool(current >> WEEK_DAYS - 1 & 1),
            sustained=sustained,
            ever_sustained=past is not None and past.ever_sustained,
            ever_used=ever_used,
        )
        streak = _streak_on(0 if past is None else past.streak, weeks, latest)
        ever_sustained = bool(sustained) or (past is not None and past.ever_sustained)
        facts = (state.value, ever_sustained, ever_used, streak)
        rows.append(_status(programme_id, name, person_id, *facts))
    replace_rows(AdoptionStatus, STATUS_COLUMNS, rows)
    _count_weeks(owner.id, [week], len(members))


def _streak_on(streak: int, weeks: Weeks, latest: int) -> int:
    """METRICS C11: the streak one week later."""
    if not weeks.eligible >> latest & 1:
        return streak
    return streak + 1 if weeks.met >> latest & 1 else 0


def _judge_again(
    owner: Programme, judged: date, reopened: Collection[int], members: frozenset[int]
) -> None:
    """All weeks of people whose past changed; people no longer in scope leave the tables."""
    ordered = sorted(reopened)
    for start in range(0, len(ordered), CHUNK):
        chunk = ordered[start : start + CHUNK]
        for table in (RepWeek, AdoptionStatus):
            delete_where(table, table.programme_id == owner.id, table.person_id.in_(chunk))
        found = world_from_days(owner, judged, [ident for ident in chunk if ident in members])
        replace_rows(RepWeek, WEEK_COLUMNS, week_rows(owner.id, found.span, found.rule, found.reps))
        count = max((judged - found.span.origin).days // WEEK_DAYS + 1, 0)
        rows = _status_rows(owner.id, found.span, found.rule, found.reps, count)
        replace_rows(AdoptionStatus, STATUS_COLUMNS, rows)
    weeks = [row.week_start for row in week_queries.judged_weeks(owner.id)]
    _count_weeks(owner.id, weeks, len(members))


def _status_rows(
    programme_id: int,
    span: Span,
    rule: AdoptionRule,
    reps: Mapping[int, RepDays],
    count: int,
) -> list[TextRow]:
    """Statuses of each rep for the first `count` weeks of the span, from their first one here."""
    owner = str(programme_id)
    names = [(span.origin + index * WEEK).isoformat() for index in range(count)]
    rows: list[TextRow] = []
    for person_id, rep in reps.items():
        if not rep.current:
            continue
        weeks = rep.marks(count, rule)
        begun = ((rep.current & -rep.current).bit_length() - 1) // WEEK_DAYS
        ever_sustained, streak = False, 0
        for index in range(begun, count):
            sustained = weeks.sustained_at(index, rule)
            end = (index + 1) * WEEK_DAYS
            ever_used = bool(rep.used & ((1 << end) - 1))
            state = state_of(
                is_current=bool(rep.current >> end - 1 & 1),
                sustained=sustained,
                ever_sustained=ever_sustained,
                ever_used=ever_used,
            )
            ever_sustained = ever_sustained or bool(sustained)
            streak = _streak_on(streak, weeks, index)
            facts = (state.value, ever_sustained, ever_used, streak)
            rows.append(_status(owner, names[index], person_id, *facts))
    return rows


def _status(
    programme_id: str,
    week: str,
    person_id: int,
    state: str,
    ever_sustained: bool,  # noqa: FBT001 - a column
    ever_used: bool,  # noqa: FBT001 - a column
    streak: int,
) -> TextRow:
    return (
        programme_id,
        week,
        str(person_id),
        state,
        str(int(ever_sustained)),
        str(int(ever_used)),
        str(streak),
    )


def _count_weeks(programme_id: int, weeks: Collection[date], members: int) -> None:
    """Refresh the counts of these weeks, which the adoption page draws."""
    rows = [
        {
            "programme_id": programme_id,
            "week_start": week,
            **week_queries.counts_of_week(programme_id, week, members),
        }
        for week in weeks
    ]
    upsert_rows(AdoptionWeek, rows, ["programme_id", "week_start"])
