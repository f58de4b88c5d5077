"""The manager gap board: coverage, adoption and loops of every team, by index and set-wise."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

import people.queries
import programme.queries
from adoption.queries import page as adoption_page
from coaching.models import CoverageWeek, Loop
from coaching.queries.figures import leak_of
from coaching.rules.gap import LOOP_WEEKS, WEEKS, Loops, Manager, with_money
from coaching.rules.pricing import Leak
from core.calendars import DAY, WEEK_DAYS
from core.db import db
from core.stats import Share
from programme.models import Programme

WEEK = WEEK_DAYS * DAY


@dataclass(frozen=True)
class Board:
    """The managers a reader sees, of the complete weeks first..last and the loops since `since`.

    What fired in them is judged as it stands on `through`. `hidden` teams are too small to be
    shown to a reader of sums.
    """

    owner: Programme
    rows: tuple[Manager, ...]
    leak: Leak
    first: date
    end: date
    through: date
    since: date
    adoption_through: date | None
    hidden: int

    @property
    def last(self) -> date:
        """The last date counted."""
        return self.end - DAY

    @property
    def reps(self) -> int:
        """Reps in the teams shown."""
        return sum(one.reps for one in self.rows)


@dataclass(frozen=True)
class LoopWeek:
    """One week of a team: the number shown that Monday and what became of the loop."""

    week: date
    lead: str | None
    number: Share
    pending: int
    missed: int
    cost: float | None
    outcome: str
    is_complete: bool


def board(
    owner: Programme, now: datetime, leads: Collection[int] | None, least: int | None
) -> Board:
    """The teams led by `leads` (None: all that have one); `least` reps or they stay hidden."""
    calendar = programme.queries.calendar(owner)
    today = calendar.local_day(now)
    last_week = calendar.last_complete_week(today - DAY)
    first, end = last_week - (WEEKS - 1) * WEEK, last_week + WEEK
    since = calendar.week_of(today) - LOOP_WEEKS * WEEK
    teams = [
        team
        for team in people.queries.teams(today)
        if team.lead_id is not None and (leads is None or team.lead_id in leads)
    ]
    coverage = _coverage(owner, first, end)
    loops = _loops(owner, since)
    picture = adoption_page.picture_of(owner)
    adoption = _adoption(owner) if picture is not None else {}
    found = []
    for team in teams:
        row = Manager(
            team.id,
            team.slug,
            team.name,
            team.lead_name,
            team.headcount,
            coverage.get(team.id, Share(0, 0)),
            adoption.get(team.id, Share(0, 0)),
            loops.get((team.id, team.lead_id), Loops()),
        )
        # A team that neither had a moment nor a rep has nothing to be compared by.
        if row.reps or row.coverage.base:
            found.append(row)
    shown = [row for row in found if least is None or row.reps >= least]
    told = leak_of(owner)
    return Board(
        owner,
        with_money(shown, told),
        told,
        first,
        end,
        today - DAY,
        since,
        None if picture is None else picture.through,
        len(found) - len(shown),
    )


def _coverage(owner: Programme, first: date, end: date) -> dict[int, Share]:
    """METRICS S3 of each team over the weeks in [first, end)."""
    rows = db.session.execute(
        select(CoverageWeek.team_id, func.sum(CoverageWeek.on_time), func.sum(CoverageWeek.due))
        .where(
            CoverageWeek.programme_id == owner.id,
            CoverageWeek.team_id.is_not(None),
            CoverageWeek.week >= first,
            CoverageWeek.week < end,
        )
        .group_by(CoverageWeek.team_id)
    )
    return {team_id: Share(int(hits), int(base)) for team_id, hits, base in rows if team_id}


def _loops(owner: Programme, since: date) -> dict[tuple[int, int | None], Loops]:
    """(team, manager) -> the weeks since then by outcome; what is not decided is left out."""
    counts: dict[tuple[int, int | None], dict[str, int]] = defaultdict(dict)
    rows = db.session.execute(
        select(Loop.team_id, Loop.manager_id, Loop.outcome, func.count())
        .where(Loop.programme_id == owner.id, Loop.week >= since, Loop.outcome != "open")
        .group_by(Loop.team_id, Loop.manager_id, Loop.outcome)
    )
    for team_id, manager_id, outcome, count in rows:
        counts[team_id, manager_id][outcome] = count
    return {key: Loops(**found) for key, found in counts.items()}


def _adoption(owner: Programme) -> dict[int, Share]:
    """METRICS A4 of each team at the end of the drawn week."""
    return {
        row.team_id: Share(row.sustained, row.measurable)
        for row in adoption_page.groups(owner, "team")
        if row.team_id is not None
    }


def loop_weeks(owner: Programme, team_id: int, since: date) -> tuple[LoopWeek, ...]:
    """The loops of a team since a week, newest first: numbers alone."""
    rows = list(
        db.session.scalars(
            select(Loop)
            .where(Loop.programme_id == owner.id, Loop.team_id == team_id, Loop.week >= since)
            .order_by(Loop.week.desc())
        )
    )
    leads = people.queries.cards({row.manager_id for row in rows if row.manager_id is not None})
    return tuple(
        LoopWeek(
            row.week,
            leads[row.manager_id].name if row.manager_id in leads else None,
            Share(row.on_time, row.due),
            row.pending,
            row.missed,
            row.cost,
            row.outcome,
            row.is_complete,
        )
        for row in rows
    )
