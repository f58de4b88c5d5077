"""Derived tables held against the raw events (for `flask audit verify`)."""

from datetime import date

from sqlalchemy import except_, exists, select

import programme.queries
from adoption.models import AdoptionStatus, DailyUsage, RepWeek, UsageEvent
from adoption.queries.days import world_from_days
from adoption.queries.events import has_pending
from adoption.queries.weeks import day_counts, mark_of, programmes_with_usage
from adoption.rules import state_at
from core.calendars import DAY, WEEK_DAYS
from core.db import db
from people.models import Person


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
    raw = day_counts(programme_id)
    stored = select(
        DailyUsage.programme_id,
        DailyUsage.person_id,
        DailyUsage.local_day,
        DailyUsage.kind,
        DailyUsage.count,
    ).where(DailyUsage.programme_id == programme_id)
    for statement, fault in (
        (except_(raw, stored), "the events say this, no day row does"),
        (except_(stored, raw), "no events bear this out"),
    ):
        row = db.session.execute(statement.limit(1)).first()
        if row is not None:
            where = f"person {row[1]}, {row[2]}, {row[3]}, count {row[4]}"
            return [f"daily_usage ({where}): {fault}"]
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
