"""A rep's own weeks: the complete ones, the running one, and the streak at stake."""

from dataclasses import dataclass
from datetime import datetime

import people.queries
import programme.queries
from adoption.models import RepWeek
from adoption.queries.days import rule_of
from adoption.queries.weeks import status_of_person, weeks_of_person
from adoption.rules import AdoptionState, Standing, available_days, standing_of
from core.calendars import DAY, WEEK_DAYS
from programme.models import Programme

SHOWN_WEEKS = 8
WEEK = WEEK_DAYS * DAY


@dataclass(frozen=True)
class OwnWeeks:
    """A rep's own weeks: the complete ones shown, the running one, and the streak into it."""

    weeks: tuple[RepWeek, ...]
    standing: Standing
    state: AdoptionState | None


def own_weeks(owner: Programme, person_id: int, now: datetime) -> OwnWeeks | None:
    """A rep's latest weeks and where the running one stands; None when nothing was measured."""
    calendar = programme.queries.calendar(owner)
    today = calendar.local_day(now)
    this_week = calendar.week_of(today)
    rows = weeks_of_person(owner.id, person_id, this_week - (SHOWN_WEEKS - 1) * WEEK)
    status = status_of_person(owner.id, person_id)
    if status is None and not rows:
        return None
    running = next((row for row in rows if row.week_start == this_week), None)
    calendars = people.queries.calendars([person_id])
    left = available_days(calendars[person_id], calendar, today, this_week + WEEK)
    whole = available_days(calendars[person_id], calendar, this_week, this_week + WEEK)
    standing = standing_of(
        rule_of(owner),
        streak=0 if status is None else status.streak,
        day_mask=0 if running is None else running.day_mask,
        today_bit=(today - this_week).days,
        available=len(whole),
        available_left=len(left),
    )
    state = None if status is None else AdoptionState(status.state)
    complete = tuple(row for row in rows if row.week_start <= this_week)
    return OwnWeeks(complete, standing, state)
