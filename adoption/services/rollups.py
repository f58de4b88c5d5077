"""Day and week rows kept in step with the events: touched dates are rebuilt, nothing else is.

Every step replaces what it builds, inside one transaction with the list of what was waiting, so a
run that is killed, repeated or late ends in the same rows.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import people.queries
import programme.queries
from adoption.models import (
    DailyUsage,
    IngestBatch,
    RepWeek,
    TouchedDay,
    TouchedWeek,
    UsageEvent,
    UsageMark,
)
from adoption.queries import weeks as week_queries
from adoption.queries.days import rule_of
from adoption.queries.events import open_batches, touched_by
from adoption.rules import AdoptionRule, RepDays, Span, WeekMark, rep_days, span_of
from core.bulkload import (
    TextRow,
    delete_rows,
    insert_select,
    refresh_statistics,
    replace_rows,
)
from core.calendars import DAY, FULL_WEEK, WEEK_DAYS
from core.db import db, delete_where, insert_missing
from core.planning import by_sorting, prepare_for_large_work
from programme.models import Programme

DAY_COLUMNS = ("programme_id", "person_id", "local_day", "kind", "count")
WEEK_COLUMNS = (
    "programme_id",
    "person_id",
    "week_start",
    "day_mask",
    "active_days",
    "available_days",
    "eligible",
    "met",
)
TOUCHED_COLUMNS = ("programme_id", "person_id", "local_day")
PORTION = 100_000
# More wrong day rows than this are not mended one by one: all are written anew.
MOST_MENDED = 50_000
# Statistics are gathered again when this share of all events is new; so often a database does too.
MUCH_NEW = 0.1
# From this share of the members on it is shorter to ask for everybody's calendar.
MANY = 0.7
KEEP_BATCHES = 30 * DAY


@dataclass(frozen=True)
class RolledUp:
    """What one step did; nothing at all when everything was in step.

    `is_part` when dates may be left that wait to be rebuilt.
    """

    batches: int = 0
    days: int = 0
    weeks: int = 0
    is_part: bool = False

    def __bool__(self) -> bool:
        return bool(self.batches or self.days)


def mark_for(programme_id: int) -> UsageMark:
    """The programme's mark, made at the first use."""
    mark = week_queries.mark_of(programme_id)
    if mark is None:
        insert_missing(
            UsageMark,
            [{"programme_id": programme_id, "person_change_id": 0, "rule_version": 0}],
            ["programme_id"],
        )
        mark = week_queries.mark_of(programme_id)
        assert mark is not None  # noqa: S101 - it was inserted above or by somebody faster
    return mark


def roll_up_days(programme_id: int, now: datetime, portion: int = PORTION) -> RolledUp:
    """Bring day and week rows in step for up to `portion` touched person-dates.

    Call it in a transaction of its own as long as it did but a part. Dates that late events and
    corrections touched are rebuilt by replacing; all others stay as they are.
    """
    prepare_for_large_work()
    mark = mark_for(programme_id)
    batches = open_batches(programme_id)
    if batches and not week_queries.has_day_rows(programme_id):
        _look_at(batches, mark, now)
        return RolledUp(len(batches), _build_all_days(programme_id), 0)
    _mark_touched(batches, mark, now)
    owner = programme.queries.by_id(programme_id)
    chosen = week_queries.touched_days(programme_id, portion)
    if not chosen:
        return RolledUp(len(batches))
    touched = _rebuild_days(programme_id, [day for day, _count in chosen])
    weeks = _rebuild_weeks(owner, mark, touched)
    is_part = sum(count for _day, count in chosen) >= portion
    return RolledUp(len(batches), len(touched), weeks, is_part)


def _mark_touched(batches: Sequence[IngestBatch], mark: UsageMark, now: datetime) -> None:
    """Turn stored batches into touched person-dates."""
    for batch in batches:
        insert_select(TouchedDay, TOUCHED_COLUMNS, touched_by(batch), skip_known=True)
    _look_at(batches, mark, now)
    if not batches:
        return
    refresh_statistics(TouchedDay)
    new = sum(batch.max_event_id - batch.min_event_id + 1 for batch in batches)
    if new > MUCH_NEW * max(batch.max_event_id for batch in batches):
        refresh_statistics(UsageEvent)
        refresh_statistics(DailyUsage)


def _look_at(batches: Sequence[IngestBatch], mark: UsageMark, now: datetime) -> None:
    """Note that batches were looked at, and the newest arrival among them."""
    for batch in batches:
        batch.rolled_at = mark.rolled_at = now
        known = mark.latest_received_at
        if known is None or known < batch.latest_received_at:
            mark.latest_received_at = batch.latest_received_at
    if batches:
        mine = IngestBatch.programme_id == mark.programme_id
        old = now - KEEP_BATCHES
        # One that was received later than it was looked at is waited for: its turn has yet to come.
        is_past = IngestBatch.latest_received_at < old
        delete_where(IngestBatch, mine, is_past, IngestBatch.rolled_at < old)
    db.session.flush()


def _rebuild_days(programme_id: int, days: Collection[date]) -> list[tuple[int, date]]:
    """Replace the day rows of the touched person-dates of `days`; returns those pairs."""
    pairs = week_queries.touched_people(programme_id, days)
    waiting, stored, raw = week_queries.is_touched(programme_id, days)
    delete_where(DailyUsage, stored)
    insert_select(DailyUsage, DAY_COLUMNS, week_queries.day_counts(programme_id, raw))
    delete_where(TouchedDay, waiting)
    return pairs


def _build_all_days(programme_id: int) -> int:
    """The first build, or a rebuild: one grouping of all events.

    Rows that are as they should be stay where they are: writing them anew would cost several times
    the grouping and leave as many dead ones behind.
    """
    delete_where(TouchedDay, TouchedDay.programme_id == programme_id)
    if week_queries.has_day_rows(programme_id):
        wrong = week_queries.wrong_days(programme_id, MOST_MENDED)
        if len(wrong) < MOST_MENDED:
            _mend(programme_id, wrong)
            return 1
        delete_where(DailyUsage, DailyUsage.programme_id == programme_id)
    else:
        refresh_statistics(UsageEvent)
    with by_sorting():
        insert_select(DailyUsage, DAY_COLUMNS, week_queries.day_counts(programme_id))
    refresh_statistics(DailyUsage)
    return 1


def _mend(programme_id: int, wrong: Sequence[tuple[int, date, str, int]]) -> None:
    """Put the day rows right that are named, with the count the events say; 0 takes a row away."""
    gone = [
        {"programme_id": programme_id, "person_id": person_id, "local_day": day, "kind": kind}
        for person_id, day, kind, count in wrong
        if not count
    ]
    delete_rows(DailyUsage, gone)
    owner = str(programme_id)
    right = [
        (owner, str(person_id), day.isoformat(), kind, str(count))
        for person_id, day, kind, count in wrong
        if count
    ]
    replace_rows(DailyUsage, DAY_COLUMNS, right)


def _rebuild_weeks(owner: Programme, mark: UsageMark, touched: Iterable[tuple[int, date]]) -> int:
    """Replace the week rows of touched person-weeks; judged ones are left to be judged again."""
    calendar = programme.queries.calendar(owner)
    week_of = {day: calendar.week_of(day) for day in {day for _person, day in touched}}
    by_week: dict[date, set[int]] = defaultdict(set)
    for person_id, day in touched:
        by_week[week_of[day]].add(person_id)
    members = programme.queries.members(owner.id)
    again: list[dict[str, object]] = []
    total = 0
    for week, person_ids in sorted(by_week.items()):
        counted = person_ids & members
        if mark.judged_week is not None and week <= mark.judged_week:
            again.extend(
                {"programme_id": owner.id, "week_start": week, "person_id": person_id}
                for person_id in sorted(counted)
            )
        else:
            total += write_week(owner, week, counted, len(members))
    insert_missing(TouchedWeek, again, ["programme_id", "week_start", "person_id"])
    return total


def write_week(owner: Programme, week: date, person_ids: Collection[int], members: int) -> int:
    """Write one week's rows of these people from their day rows and calendars."""
    reps = reps_in_week(owner, week, person_ids, members)
    span = span_of(programme.queries.calendar(owner), week, week)
    rows = week_rows(owner.id, span, rule_of(owner), reps)
    replace_rows(RepWeek, WEEK_COLUMNS, rows)
    return len(rows)


def reps_in_week(
    owner: Programme, week: date, person_ids: Collection[int], members: int
) -> dict[int, RepDays]:
    """One week of these people, who are some of so many members."""
    span = span_of(programme.queries.calendar(owner), week, week)
    masks = week_queries.masks_of_week(owner.id, owner.key_actions, week, person_ids)
    wanted = None if len(person_ids) > MANY * members else person_ids
    calendars = people.queries.calendars(wanted)
    return {
        person_id: rep_days(calendars[person_id], masks.get(person_id, 0), span)
        for person_id in sorted(person_ids)
    }


def week_rows(
    programme_id: int, span: Span, rule: AdoptionRule, reps: Mapping[int, RepDays]
) -> list[TextRow]:
    """Rows of rep_week for every week of the span in which a rep was available or active."""
    rows: list[TextRow] = []
    owner = str(programme_id)
    names = [(span.origin + index * WEEK_DAYS * DAY).isoformat() for index in range(span.weeks)]
    marks: dict[tuple[int, int], tuple[str, ...]] = {}
    for person_id, rep in reps.items():
        person = str(person_id)
        used, available = rep.used, rep.available
        for name in names:
            pair = (used & FULL_WEEK, available & FULL_WEEK)
            if pair != (0, 0):
                if pair not in marks:
                    marks[pair] = _mark_texts(span, rule, pair)
                rows.append((owner, person, name, *marks[pair]))
            used >>= WEEK_DAYS
            available >>= WEEK_DAYS
    return rows


def _mark_texts(span: Span, rule: AdoptionRule, pair: tuple[int, int]) -> tuple[str, ...]:
    """The mark of a week as the columns of rep_week take it."""
    mark: WeekMark = RepDays(0, pair[1], pair[0], None).week(0, rule)
    return (
        str(mark.day_mask),
        str(mark.active_days),
        str(mark.available_days),
        str(int(mark.eligible)),
        str(int(mark.met)),
    )


def rebuild_days(programme_id: int, now: datetime) -> None:
    """Bring all day rows in step with the events; batches count as looked at."""
    prepare_for_large_work()
    _look_at(open_batches(programme_id), mark_for(programme_id), now)
    _build_all_days(programme_id)
