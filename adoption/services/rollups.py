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
from adoption.queries.events import moments_of, open_batches, touched_by, zones_of_people
from adoption.rules import AdoptionRule, RepDays, Span, WeekMark, rep_days, span_of
from core.bulkload import TextRow, insert_select, refresh_statistics, replace_rows, update_rows
from core.calendars import DAY, FULL_WEEK, WEEK_DAYS, bits_of, local_date, zone_of
from core.db import db, delete_where, insert_missing
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
KEEP_BATCHES = 30 * DAY


@dataclass(frozen=True)
class RolledUp:
    """What one step did; nothing at all when everything was in step."""

    batches: int = 0
    days: int = 0
    weeks: int = 0

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

    Call it in a transaction of its own until it returns nothing done. Dates that late events and
    corrections touched are rebuilt by replacing; all others stay as they are.
    """
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
    return RolledUp(len(batches), len(touched), weeks)


def _mark_touched(batches: Sequence[IngestBatch], mark: UsageMark, now: datetime) -> None:
    """Turn stored batches into touched person-dates."""
    for batch in batches:
        insert_select(TouchedDay, TOUCHED_COLUMNS, touched_by(batch), skip_known=True)
    _look_at(batches, mark, now)
    if batches:
        refresh_statistics(TouchedDay)


def _look_at(batches: Sequence[IngestBatch], mark: UsageMark, now: datetime) -> None:
    """Note that batches were looked at, and the newest arrival among them."""
    for batch in batches:
        batch.rolled_at = mark.rolled_at = now
        known = mark.latest_received_at
        if known is None or known < batch.latest_received_at:
            mark.latest_received_at = batch.latest_received_at
    if batches:
        mine = IngestBatch.programme_id == mark.programme_id
        delete_where(IngestBatch, mine, IngestBatch.rolled_at < now - KEEP_BATCHES)
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
    """The first build, or a rebuild from nothing: one GROUP BY over all events."""
    delete_where(DailyUsage, DailyUsage.programme_id == programme_id)
    insert_select(DailyUsage, DAY_COLUMNS, week_queries.day_counts(programme_id))
    refresh_statistics(DailyUsage)
    delete_where(TouchedDay, TouchedDay.programme_id == programme_id)
    return 1


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
            total += write_week(owner, week, counted)
    insert_missing(TouchedWeek, again, ["programme_id", "week_start", "person_id"])
    return total


def write_week(owner: Programme, week: date, person_ids: Collection[int]) -> int:
    """Write one week's rows of these people from their day rows and calendars."""
    span = span_of(programme.queries.calendar(owner), week, week)
    days: dict[int, list[date]] = defaultdict(list)
    pairs = week_queries.key_days_of_week(owner.id, owner.key_actions, week, span.end, person_ids)
    for person_id, day in pairs:
        days[person_id].append(day)
    calendars = people.queries.calendars(person_ids)
    reps = {
        person_id: rep_days(calendars[person_id], bits_of(days.get(person_id, ()), week), span)
        for person_id in person_ids
    }
    rows = week_rows(owner.id, span, rule_of(owner), reps)
    replace_rows(RepWeek, WEEK_COLUMNS, rows)
    return len(rows)


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


def date_events_anew(programme_id: int) -> int:
    """Give every event the local date of the programme's present zone (METRICS T2); how many moved.

    A programme that changes its zone starts a new series, and its dates must follow.
    """
    owner = programme.queries.by_id(programme_id)
    home = programme.queries.calendar(owner).tz
    own = zones_of_people() if owner.tz_mode == "user" else {}
    zones = {person_id: zone_of(name) for person_id, name in own.items()}
    moved: list[dict[str, object]] = []
    for ident, person_id, occurred_at, day in moments_of(programme_id):
        right = local_date(occurred_at, zones.get(person_id, home))
        if right != day:
            moved.append({"id": ident, "local_day": right})
    update_rows(UsageEvent, moved)
    return len(moved)


def rebuild_days(programme_id: int, now: datetime) -> None:
    """Forget the day rows and build all of them from the events; batches count as looked at."""
    _look_at(open_batches(programme_id), mark_for(programme_id), now)
    _build_all_days(programme_id)
