"""What coaching changed: each rep's weeks and first talk, read set-wise (rules.effect)."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

import programme.queries
from coaching.models import CoachingItem, CoverageWeek
from coaching.rules.effect import SPAN, WEEK, RepHistory, Verdict, sides, verdict
from core.calendars import DAY
from core.db import db
from core.stats import Share
from programme.models import Programme

# Talks of the last half year: older ones tell of another company, and a page must not grow.
TALK_WEEKS = 26


@dataclass(frozen=True)
class Effect:
    """The finding over talks first held in the weeks since..last, with weeks around each."""

    owner: Programme
    since: date
    last: date
    found: Verdict
    before: Share
    after: Share


def effect(owner: Programme, now: datetime, teams: Collection[int] | None = None) -> Effect:
    """What may be said of coaching in these teams (None: all); others stand beside from all."""
    calendar = programme.queries.calendar(owner)
    last = calendar.last_complete_week(calendar.local_day(now) - DAY)
    since = last - (TALK_WEEKS - 1) * WEEK
    histories = _histories(owner, since, last)
    both = sides(histories, last)
    shown = {
        row.person_id: row.week for row in both.coached if teams is None or row.team_id in teams
    }
    mine = [one for one in histories if one.person_id in shown]
    return Effect(
        owner,
        since,
        last,
        verdict(both, teams),
        _sum(one.over(shown[one.person_id] - SPAN * WEEK) for one in mine),
        _sum(one.over(shown[one.person_id] + WEEK) for one in mine),
    )


def _sum(shares: Iterable[Share]) -> Share:
    hits = base = 0
    for one in shares:
        hits, base = hits + one.hits, base + one.base
    return Share(hits, base)


def _histories(owner: Programme, since: date, last: date) -> list[RepHistory]:
    """Every rep with a moment in these weeks; whoever was first coached earlier is left out."""
    first_talks = db.session.execute(
        select(CoachingItem.rep_id, func.min(CoachingItem.week))
        .where(CoachingItem.programme_id == owner.id, CoachingItem.coached_at.is_not(None))
        .group_by(CoachingItem.rep_id)
    )
    talks = {rep_id: week for rep_id, week in first_talks if week is not None}
    weeks: dict[int, dict[date, tuple[int, int]]] = defaultdict(dict)
    teams: dict[int, dict[date, int | None]] = defaultdict(dict)
    rows = db.session.execute(
        select(
            CoverageWeek.person_id,
            CoverageWeek.week,
            CoverageWeek.team_id,
            CoverageWeek.on_time,
            CoverageWeek.due,
        ).where(
            CoverageWeek.programme_id == owner.id,
            CoverageWeek.week >= since - 2 * SPAN * WEEK,
            CoverageWeek.week <= last,
        )
    )
    for person_id, week, team_id, on_time, due in rows:
        weeks[person_id][week] = (on_time, due)
        teams[person_id][week] = team_id
    return [
        RepHistory(person_id, found, teams[person_id], talks.get(person_id))
        for person_id, found in sorted(weeks.items())
        if talks.get(person_id, last) >= since
    ]
