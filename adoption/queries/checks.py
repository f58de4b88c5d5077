"""Derived tables held against the raw events (for `flask audit verify`)."""

from datetime import date

from sqlalchemy import exists, select

import programme.queries
from adoption.models import AdoptionStatus, RepWeek, UsageEvent
from adoption.queries.days import rule_of, world_from_days
from adoption.queries.events import has_pending
from adoption.queries.weeks import (
    judged_weeks,
    mark_of,
    programmes_with_usage,
    series,
    sets_from_rows,
    sets_of_weeks,
    wrong_days,
)
from adoption.rules import AdoptionState, state_at
from adoption.rules.sets import WeekSets
from core.calendars import DAY, WEEK_DAYS
from core.db import db
from people.models import Person

COUNTED = (
    AdoptionState.SUSTAINED,
    AdoptionState.NOT_MEASURABLE,
    AdoptionState.LAPSED,
    AdoptionState.TRYING,
    AdoptionState.NOT_STARTED,
)


def verify(programme_id: int) -> list[str]:
    """The first row of each derived table that its source does not bear out; empty when sound.

    Rows that wait for roll-up are no fault, so a programme with any is only looked at for strays.
    """
    found = _strays(programme_id)
    if has_pending(programme_id):
        return found
    found += _day_rows(programme_id)
    mark = mark_of(programme_id)
    if mark is not None and mark.judged_week is not None:
        found += _judged_rows(programme_id, mark.judged_week)
        found += _set_rows(programme_id, mark.judged_week)
    return found


def verify_all() -> list[str]:
    """`verify` for every programme with usage."""
    return [line for programme_id in programmes_with_usage() for line in verify(programme_id)]


def _strays(programme_id: int) -> list[str]:
    """Events of people who are not there: no foreign key guards them."""
    missing = select(UsageEvent.id).where(
        UsageEvent.programme_id == programme_id,
        ~exists().where(Person.id == UsageEvent.person_id),
    )
    stray = db.session.scalar(missing.limit(1))
    return [] if stray is None else [f"usage_event {stray}: its person does not exist"]


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
