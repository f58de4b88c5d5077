"""Derived tables held against the raw events (for `flask audit verify`)."""

from datetime import date

from sqlalchemy import exists, select

import people.queries
import programme.queries
from adoption.models import (
    AdoptionStatus,
    PictureMark,
    RepPicture,
    RepWeek,
    SeriesPoint,
    UsageEvent,
    UsageMark,
)
from adoption.queries import picture as picture_queries
from adoption.queries.days import rule_of, world_from_days
from adoption.queries.drawing import counts_of, lines_of, rep_values, sketches_anew
from adoption.queries.events import has_pending
from adoption.queries.holds import wrongly_marked
from adoption.queries.weeks import (
    judged_weeks,
    mark_of,
    programmes_with_usage,
    series,
    sets_from_rows,
    sets_of_weeks,
    touched_week_people,
    wrong_days,
)
from adoption.rules import AdoptionState, state_at
from adoption.rules.sets import WeekSets
from core.calendars import DAY, WEEK_DAYS
from core.db import db
from core.derived import wrong_rows
from people.models import Person
from programme.models import Programme

COUNTED = (
    AdoptionState.SUSTAINED,
    AdoptionState.NOT_MEASURABLE,
    AdoptionState.LAPSED,
    AdoptionState.TRYING,
    AdoptionState.NOT_STARTED,
)


def verify(programme_id: int) -> list[str]:
    """The first row of each derived table that its source does not bear out; empty when sound.

    Rows that wait for roll-up are no fault, so a programme with any is only looked at for strays;
    one whose rule or people's records have changed since waits for the night to judge again.
    """
    found = _strays(programme_id)
    if has_pending(programme_id):
        return found
    found += _day_rows(programme_id)
    mark = mark_of(programme_id)
    if mark is not None and mark.judged_week is not None and not _waits_to_be_judged(mark):
        found += _judged_rows(programme_id, mark.judged_week)
        found += _set_rows(programme_id, mark.judged_week)
        found += _picture_rows(programme_id, mark)
    return found


def verify_all() -> list[str]:
    """`verify` for every programme with usage."""
    return [line for programme_id in programmes_with_usage() for line in verify(programme_id)]


def _strays(programme_id: int) -> list[str]:
    """Events of people who are not there (no foreign key guards them), or marked amiss."""
    missing = select(UsageEvent.id).where(
        UsageEvent.programme_id == programme_id,
        ~exists().where(Person.id == UsageEvent.person_id),
    )
    stray = db.session.scalar(missing.limit(1))
    if stray is not None:
        return [f"usage_event {stray}: its person does not exist"]
    wrong = wrongly_marked(programme_id)
    return [] if wrong is None else [f"usage_event {wrong}: its hold and its mark differ"]


def _day_rows(programme_id: int) -> list[str]:
    for person_id, day, kind, count in wrong_days(programme_id, 1):
        fault = f"the events say {count}" if count else "no events bear this out"
        return [f"daily_usage (person {person_id}, {day}, {kind}): {fault}"]
    return []


def _set_rows(programme_id: int, judged: date) -> list[str]:
    """The weeks as sets, and the counts made of them, against the week rows and states."""
    stored = sets_of_weeks(programme_id)
    right = sets_from_rows(programme_id, judged)
    for week in sorted(stored.keys() | right.keys()):
        if stored.get(week, WeekSets()) != right.get(week, WeekSets()):
            return [f"week_set (week {week}): not what the week rows and states say"]
    rule = rule_of(programme.queries.by_id(programme_id))
    counted = series(programme_id, rule)
    for row in judged_weeks(programme_id):
        count = counted.get(row.week_start)
        said = (row.sustained, row.not_measurable, row.lapsed, row.trying, row.not_started)
        if count is None or said != tuple(count.of(state, 0) for state in COUNTED):
            return [f"adoption_week (week {row.week_start}): not what the sets of people say"]
    return []


def _judged_rows(programme_id: int, judged: date) -> list[str]:
    """Week rows and states of the latest judged week against those computed anew."""
    owner = programme.queries.by_id(programme_id)
    found = world_from_days(owner, judged)
    index = found.span.week_index(judged)
    end = judged + (WEEK_DAYS - 1) * DAY
    weeks = {
        row.person_id: (row.day_mask, row.available_days, row.eligible, row.met)
        for row in db.session.scalars(
            select(RepWeek).where(
                RepWeek.programme_id == programme_id, RepWeek.week_start == judged
            )
        )
    }
    states = {
        row.person_id: row.state
        for row in db.session.scalars(
            select(AdoptionStatus).where(
                AdoptionStatus.programme_id == programme_id, AdoptionStatus.week_start == judged
            )
        )
    }
    for person_id, rep in found.reps.items():
        mark = rep.week(index, found.rule)
        said = (mark.day_mask, mark.available_days, mark.eligible, mark.met)
        if weeks.get(person_id, (0, 0, False, False)) != said:
            return [f"rep_week (person {person_id}, week {judged}): should be {said}"]
        state = state_at(rep, found.span, end, found.rule).value
        if states.get(person_id, "left") != state:
            return [f"adoption_status (person {person_id}, week {judged}): should be {state}"]
    return []


def _picture_rows(programme_id: int, mark: UsageMark) -> list[str]:
    """What the adoption page shows against a picture drawn from the judged weeks, table by table.

    A picture that waits for the night is no fault: one that somebody's past, the rule or a newly
    complete week will change. What older versions of the rule drew is kept as it was.
    """
    owner = programme.queries.by_id(programme_id)
    drawn = picture_queries.mark_of(programme_id)
    if drawn is None or mark.judged_week is None or _waits(owner, mark, drawn):
        return []
    key = {"programme_id": programme_id}
    frame, sketches = sketches_anew(owner, mark.judged_week)
    lines = lines_of(frame, sketches)
    counts = counts_of(frame, lines)
    found = [
        wrong_rows(PictureMark, [{**key, **counts.mark}], PictureMark.programme_id == programme_id),
        wrong_rows(
            RepPicture,
            [{**key, **rep_values(frame, line)} for line in lines],
            RepPicture.programme_id == programme_id,
        ),
    ]
    for table, rows in counts.rows.items():
        mine = [table.programme_id == programme_id]  # type: ignore[attr-defined]
        if table is SeriesPoint:
            mine.append(SeriesPoint.rule_version == owner.rule_version)
        found.append(wrong_rows(table, [{**key, **row} for row in rows], *mine))
    return [wrong[0] for wrong in found if wrong]


def _waits_to_be_judged(mark: UsageMark) -> bool:
    """Whether the next night will judge somebody again: days, records or the rule have changed."""
    return bool(
        mark.rule_version != programme.queries.by_id(mark.programme_id).rule_version
        or touched_week_people(mark.programme_id)
        or people.queries.changes_after(mark.person_change_id, 1)[1]
    )


def _waits(owner: Programme, mark: UsageMark, drawn: PictureMark) -> bool:
    """Whether the next night will draw something anew."""
    return (
        drawn.is_stale
        or drawn.rule_version != owner.rule_version
        or drawn.drawn_week != mark.judged_week
        or bool(picture_queries.touched_reps(owner.id))
    )
