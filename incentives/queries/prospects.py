"""What can be known before a contest starts: what it could show, what it would run into."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from sqlalchemy import func, select

import adoption.queries.weeks
from core.db import db
from incentives.models import Award, Contest
from incentives.rules.contests import HOLDING, State
from incentives.rules.planning import (
    TYPICAL,
    WEEKS_BEFORE,
    LaunchAsk,
    Reach,
    Spread,
    reach_of,
    spread_of,
)
from people import queries as people
from programme import queries as programmes
from programme.models import Programme

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
REST = timedelta(weeks=4)
"""METRICS 5.4: at most one contest in four weeks, with a pause."""
SHOWN = frozenset(State) - {State.DRAFT, State.SUBMITTED, State.CANCELLED}
GIVEN = ("granted", "announced")


class Sized(Protocol):
    """A team with how many reps it has."""

    @property
    def id(self) -> int:
        """The team."""

    @property
    def reps(self) -> int:
        """How many reps are on it."""


def reach(
    programme: Programme, ask: LaunchAsk, teams: Collection[Sized], working_days: int, now: datetime
) -> Reach | None:
    """What a staggered start of this contest could show, from how much the last weeks differed."""
    sizes = [team.reps for team in teams if team.id in ask.team_ids]
    return reach_of(sizes, working_days, spread(programme, frozenset(ask.team_ids), now))


def spread(programme: Programme, team_ids: Collection[int], now: datetime) -> Spread:
    """How much the last four whole weeks of these teams differed; what is typical without them."""
    calendar = programmes.calendar(programme)
    today = calendar.local_day(now)
    first = calendar.week_of(today) - WEEKS_BEFORE * WEEK
    weeks = [first + number * WEEK for number in range(WEEKS_BEFORE)]
    team_of = {person: team for person, team in people.team_on(today).items() if team in team_ids}
    days = adoption.queries.weeks.active_days_of(programme.id, weeks, team_of)
    by_team: dict[int, dict[int, list[int]]] = {}
    for person, found in days.items():
        by_team.setdefault(team_of[person], {})[person] = found
    return spread_of(by_team) or TYPICAL


@dataclass(frozen=True)
class Neighbour:
    """Another contest of some of the same teams, at the same time or shortly before."""

    title: str
    starts_on: date
    last_on: date
    teams: int
    is_at_once: bool


def neighbours(programme: Programme, ask: LaunchAsk) -> tuple[Neighbour, ...]:
    """Contests that tire the same teams: overlapping, or over for less than four weeks."""
    if ask.starts_on is None or ask.last_on is None:
        return ()
    near = db.session.scalars(
        select(Contest)
        .where(
            Contest.programme_id == programme.id,
            Contest.state.in_([state.value for state in SHOWN]),
            Contest.last_on > ask.starts_on - REST,
            Contest.starts_on <= ask.last_on,
        )
        .order_by(Contest.starts_on, Contest.id)
    )
    found = []
    for contest in near:
        shared = _teams_of(contest, ask.team_ids)
        if shared:
            at_once = contest.last_on >= ask.starts_on
            found.append(
                Neighbour(contest.title, contest.starts_on, contest.last_on, len(shared), at_once)
            )
    return tuple(found)


def _teams_of(contest: Contest, among: Collection[int]) -> frozenset[int]:
    """Which of these teams the contest is for; its terms name them, or say "all"."""
    named = contest.terms.get("teams")
    return frozenset(among) & frozenset(named) if isinstance(named, list) else frozenset(among)


def promised(programme: Programme) -> int:
    """Prize money of the programme that is reserved or given so far, in minor units."""
    held = select(func.coalesce(func.sum(Contest.liability_minor), 0)).where(
        Contest.programme_id == programme.id,
        Contest.state.in_([state.value for state in HOLDING]),
    )
    given = (
        select(func.coalesce(func.sum(Award.amount_minor), 0))
        .join(Contest, Contest.id == Award.contest_id)
        .where(Contest.programme_id == programme.id, Award.state.in_(GIVEN))
    )
    return int(db.session.scalars(held).one()) + int(db.session.scalars(given).one())
