"""Judging complete weeks: week rows become states (METRICS A3, A4), and late news reopens them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

import people.queries
import programme.queries
from adoption.models import AdoptionStatus, AdoptionWeek, RepWeek, TouchedWeek, UsageMark, WeekSet
from adoption.queries import weeks as week_queries
from adoption.queries.days import beginning, rule_of, world_from_days
from adoption.rules import AdoptionRule, AdoptionState, RepDays, Span, Weeks, span_of, state_of
from adoption.rules.sets import WeekSets, judged, members_of, set_of, sustained_sets
from adoption.services.dating import date_events_anew
from adoption.services.picture import touch_picture
from adoption.services.rollups import (
    WEEK_COLUMNS,
    mark_for,
    rebuild_days,
    reps_in_week,
    week_rows,
)
from core.bulkload import TextRow, refresh_statistics, replace_rows
from core.calendars import DAY, FULL_WEEK, WEEK_DAYS
from core.db import delete_where, upsert_rows
from core.planning import is_among, prepare_for_large_work
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
NOTHING = week_queries.Before(ever_sustained=False, ever_used=False, streak=0)
LAST_DAY = 1 << (WEEK_DAYS - 1)


@dataclass(frozen=True)
class Judged:
    """What a run of judging did."""

    weeks: int = 0
    people_again: int = 0


def judge_adoption(programme_id: int, now: datetime) -> Judged:
    """Judge every week complete by now that was not, and whoever's past has changed since.

    Call it in a transaction of its own, after roll-up. A repeated run changes nothing.
    """
    prepare_for_large_work()
    owner = programme.queries.by_id(programme_id)
    mark = mark_for(programme_id)
    calendar = programme.queries.calendar(owner)
    yesterday = calendar.local_day(now) - DAY
    last = calendar.last_complete_week(yesterday)
    change_id, changed = people.queries.changes_after(mark.person_change_id)
    reopened = changed | week_queries.touched_week_people(programme_id)
    # On most nights nobody is to be judged, and who belongs to the programme need not be asked.
    is_idle = not reopened and mark.judged_week == last
    members = frozenset() if is_idle else programme.queries.members(programme_id)
    is_new_series = mark.rule_version not in {0, owner.rule_version}
    if is_new_series:
        date_events_anew(programme_id)
        rebuild_days(programme_id, now)
    is_new = is_new_series or mark.rule_version == 0 or mark.judged_week is None
    is_new = is_new or week_queries.newest_set(programme_id) != mark.judged_week
    if is_new or _is_much(owner, reopened, members):
        done = _judge_all(owner, mark, last)
        touch_picture(programme_id, None)
    else:
        done = _judge_on(owner, mark, last, reopened, members)
        touch_picture(programme_id, reopened)
    mark.person_change_id = change_id
    mark.rule_version = owner.rule_version
    delete_where(TouchedWeek, TouchedWeek.programme_id == programme_id)
    return done


def _is_much(owner: Programme, reopened: frozenset[int], members: frozenset[int]) -> bool:
    """Whether so many are to be judged again, or so long ago, that everybody had better be."""
    if len(reopened & members) > MANY * len(members):
        return True
    first = week_queries.first_set(owner.id) if reopened else None
    return first is not None and beginning(owner, reopened) < first


def rebuild(programme_id: int, now: datetime) -> Judged:
    """Build every derived row of a programme anew from its events."""
    rebuild_days(programme_id, now)
    mark = mark_for(programme_id)
    mark.judged_week = None
    return judge_adoption(programme_id, now)


def _judge_all(owner: Programme, mark: UsageMark, last: date) -> Judged:
    """Week rows and states of everybody, from the first week on."""
    found = world_from_days(owner, last)
    for table in (RepWeek, AdoptionStatus, AdoptionWeek, WeekSet):
        delete_where(table, table.programme_id == owner.id)
    replace_rows(RepWeek, WEEK_COLUMNS, week_rows(owner.id, found.span, found.rule, found.reps))
    count = max((last - found.span.origin).days // WEEK_DAYS + 1, 0)
    rows = _status_rows(owner.id, found.span, found.rule, found.reps, count)
    replace_rows(AdoptionStatus, STATUS_COLUMNS, rows)
    refresh_statistics(RepWeek)
    refresh_statistics(AdoptionStatus)
    weeks = [found.span.origin + index * WEEK for index in range(count)]
    sets = _sets_of(found.span, found.rule, found.reps, count)
    _keep_sets(owner, dict(zip(weeks, sets, strict=True)), weeks, len(found.reps))
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
    before = mark.judged_week
    assert before is not None  # noqa: S101 - the first judgement is _judge_all's
    new = [before + number * WEEK for number in range(1, (last - before).days // WEEK_DAYS + 1)]
    if not new and not reopened:
        return Judged()
    sets = week_queries.sets_of_weeks(owner.id)
    changed = list(new)
    if reopened:
        changed = [*sets, *new]
        sets = _judge_again(owner, before, reopened, members, sets)
    for week in new:
        sets[week] = _judge_week(owner, week, members, [*sets.values()])
    _keep_sets(owner, sets, changed, len(members))
    if new:
        mark.judged_week = last
    return Judged(len(new), len(reopened))


def _judge_week(
    owner: Programme, week: date, members: Collection[int], earlier: list[WeekSets]
) -> WeekSets:
    """One newly complete week for everybody: its rows, then states from the weeks before it."""
    rule = rule_of(owner)
    span = span_of(programme.queries.calendar(owner), week, week)
    reps = reps_in_week(owner, week, members, len(members))
    replace_rows(RepWeek, WEEK_COLUMNS, week_rows(owner.id, span, rule, reps))
    [sets] = _sets_of(span, rule, reps, 1)
    index = len(earlier)
    at_end = [set(members_of(people)) for people in sustained_sets([*earlier, sets], index, rule)]
    replace_rows(AdoptionStatus, STATUS_COLUMNS, _states_of(owner, week, reps, sets, at_end))
    return sets


def _states_of(
    owner: Programme,
    week: date,
    reps: Mapping[int, RepDays],
    sets: WeekSets,
    at_end: Sequence[Collection[int]],
) -> list[TextRow]:
    """The statuses of one week, going on from those of the week before it."""
    measurable, sustained = at_end
    eligible, met, active, current = (
        set(members_of(people)) for people in (sets.eligible, sets.met, sets.active, sets.current)
    )
    before = week_queries.before_week(owner.id, week - WEEK)
    name, programme_id = week.isoformat(), str(owner.id)
    rows: list[TextRow] = []
    for person_id, rep in reps.items():
        past = before.get(person_id, NOTHING)
        if past is NOTHING and not rep.current:
            continue
        ever_used = past.ever_used or person_id in active
        state = state_of(
            is_current=person_id in current,
            sustained=person_id in sustained if person_id in measurable else None,
            ever_sustained=past.ever_sustained,
            ever_used=ever_used,
        )
        streak = past.streak
        if person_id in eligible:
            streak = streak + 1 if person_id in met else 0
        facts = (state.value, past.ever_sustained or person_id in sustained, ever_used, streak)
        rows.append(_status(programme_id, name, person_id, *facts))
    return rows


def _sets_of(
    span: Span, rule: AdoptionRule, reps: Mapping[int, RepDays], count: int
) -> list[WeekSets]:
    """The first `count` weeks of the span as sets of these people."""
    people: list[tuple[list[int], ...]] = [([], [], [], []) for _week in range(count)]
    for person_id, rep in reps.items():
        weeks = rep.marks(count, rule)
        used, current = rep.used, rep.current
        for index, (eligible, met, active, there) in enumerate(people):
            if weeks.eligible >> index & 1:
                eligible.append(person_id)
                if weeks.met >> index & 1:
                    met.append(person_id)
            if used & FULL_WEEK:
                active.append(person_id)
            if current & LAST_DAY:
                there.append(person_id)
            used >>= WEEK_DAYS
            current >>= WEEK_DAYS
    return [WeekSets(*map(set_of, week)) for week in people]


def _streak_on(streak: int, weeks: Weeks, latest: int) -> int:
    """METRICS C11: the streak one week later."""
    if not weeks.eligible >> latest & 1:
        return streak
    return streak + 1 if weeks.met >> latest & 1 else 0


def _judge_again(
    owner: Programme,
    last: date,
    reopened: Collection[int],
    members: frozenset[int],
    sets: Mapping[date, WeekSets],
) -> dict[date, WeekSets]:
    """All weeks of people whose past changed; people no longer in scope leave the tables.

    Returns the sets of all weeks with these people where they belong now.
    """
    gone = set_of(reopened)
    anew = {week: people.without(gone) for week, people in sets.items()}
    begin, newest = min(sets), week_queries.newest_week(owner.id)
    ordered = sorted(reopened)
    for start in range(0, len(ordered), CHUNK):
        chunk = ordered[start : start + CHUNK]
        for table in (RepWeek, AdoptionStatus):
            delete_where(table, table.programme_id == owner.id, is_among(table.person_id, chunk))
        kept = [ident for ident in chunk if ident in members]
        found = world_from_days(owner, last, kept, begin=begin, newest=newest)
        replace_rows(RepWeek, WEEK_COLUMNS, week_rows(owner.id, found.span, found.rule, found.reps))
        count = max((last - found.span.origin).days // WEEK_DAYS + 1, 0)
        rows = _status_rows(owner.id, found.span, found.rule, found.reps, count)
        replace_rows(AdoptionStatus, STATUS_COLUMNS, rows)
        again = _sets_of(found.span, found.rule, found.reps, count)
        for index, people_then in enumerate(again):
            week = found.span.origin + index * WEEK
            anew[week] = anew.get(week, WeekSets()).joined(people_then)
    return dict(sorted(anew.items()))


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


def _keep_sets(
    owner: Programme, sets: Mapping[date, WeekSets], changed: Collection[date], members: int
) -> None:
    """Store the sets of these weeks and refresh the counts the adoption page draws."""
    wanted = set(changed)
    rows = [
        {"programme_id": owner.id, "week_start": week, **_as_bytes(people)}
        for week, people in sets.items()
        if week in wanted
    ]
    upsert_rows(WeekSet, rows, ["programme_id", "week_start"])
    counts = dict(zip(sets, judged([*sets.values()], rule_of(owner)), strict=True))
    upsert_rows(
        AdoptionWeek,
        [
            {
                "programme_id": owner.id,
                "week_start": week,
                "eligible": count.eligible,
                "met": count.met,
                "active": count.active,
                **{state.value: count.of(state, members) for state in AdoptionState},
            }
            for week, count in counts.items()
            if week in wanted
        ],
        ["programme_id", "week_start"],
    )


def _as_bytes(people: WeekSets) -> dict[str, bytes]:
    """The sets as the columns of week_set take them."""
    return {
        field.name: bits.to_bytes((bits.bit_length() + 7) // 8, "little")
        for field in fields(people)
        for bits in (getattr(people, field.name),)
    }
