"""What a week begins with: teams and their leads, each rep's number, the moments that wait.

Occasions are read once for the whole programme; everything else is a fixed number of SELECTs.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

import people.queries
import programme.queries
from adoption.models import UsageSource
from adoption.queries.occasions import occasions
from adoption.queries.records import DealRecord, deals_of
from adoption.rules.occasions import Occasion, OccasionStatus, coverage
from coaching.models import CoachingItem, Loop
from coaching.queries.figures import priced, taken_up
from coaching.rules.days import iso_week
from coaching.rules.pricing import Moment, dearest_first
from core.calendars import DAY, WEEK_DAYS, ProgrammeCalendar
from core.db import db
from core.policy import Role
from people.rules import teams_of
from programme.models import Programme


@dataclass(frozen=True)
class Number:
    """METRICS S3 of some occasions: answered in time, of those due; not due yet."""

    on_time: int = 0
    due: int = 0
    pending: int = 0


@dataclass(frozen=True)
class Waiting:
    """How many moments of a team wait for a talk, and what those with a price cost together."""

    count: int = 0
    cost: float | None = None


@dataclass(frozen=True)
class WeekFacts:
    """All that a programme's week is prepared from, by team and by rep.

    `moments` are a rep's missed ones that no talk took up, dearest first. `numbers` hold reps with
    an occasion in the week before, `team_numbers` go by the team the owner was on then (P8).
    """

    leads: Mapping[int, int]
    reps: Mapping[int, int]
    numbers: Mapping[int, Number]
    team_numbers: Mapping[int, Number]
    moments: Mapping[int, Sequence[Moment]]
    waiting: Mapping[int, Waiting]
    is_complete: bool

    @property
    def talked_about(self) -> list[int]:
        """The reps who get an item: one fired for them in the week before, or something waits."""
        return sorted(rep for rep in self.reps if rep in self.numbers or rep in self.moments)


def has_loops(programme_id: int, week: date) -> bool:
    """Whether a week was prepared already."""
    mine = select(Loop.id).where(Loop.programme_id == programme_id, Loop.week == week).limit(1)
    return db.session.scalar(mine) is not None


def week_facts(owner: Programme, week: date, as_of: datetime) -> WeekFacts:
    """The facts of the week that starts on `week`, as they were known at an instant."""
    through, since = week - DAY, week - WEEK_DAYS * DAY
    leads, reps = _teams(owner, week, as_of)
    for rep in _named_that_week(week):
        reps.pop(rep, None)
    found = occasions(owner, through, as_of)
    fired = [one for one in found if one.opener.fired_on >= since]
    by_rep: dict[int, list[Occasion]] = defaultdict(list)
    by_team: dict[str, list[Occasion]] = defaultdict(list)
    for one in fired:
        by_rep[one.opener.person_id].append(one)
        by_team[one.team].append(one)
    names = people.queries.team_names()
    taken = taken_up(owner.id)
    waiting = [
        one
        for one in found
        if one.is_missed and one.opener.person_id in reps and one.opener.key not in taken
    ]
    moments: dict[int, list[Moment]] = defaultdict(list)
    by_home: dict[int, list[Moment]] = defaultdict(list)
    for moment in dearest_first(priced(owner, waiting, through, as_of)):
        rep = moment.occasion.opener.person_id
        moments[rep].append(moment)
        by_home[reps[rep]].append(moment)
    return WeekFacts(
        leads,
        reps,
        {rep: number_of(ones) for rep, ones in by_rep.items()},
        {team: number_of(by_team[names[team]]) for team in leads},
        moments,
        {team: _summed(by_home[team]) for team in leads},
        is_complete(owner.id, programme.queries.calendar(owner), week),
    )


def _summed(moments: Sequence[Moment]) -> Waiting:
    costs = [moment.cost for moment in moments if moment.cost is not None]
    return Waiting(len(moments), sum(costs) if costs else None)


def number_of(found: Collection[Occasion]) -> Number:
    """METRICS S3 of these occasions."""
    told = coverage(one.status for one in found)
    return Number(told.share.hits, told.share.base, told.counts[OccasionStatus.PENDING])


def _teams(owner: Programme, week: date, as_of: datetime) -> tuple[dict[int, int], dict[int, int]]:
    """Team -> its lead, and rep -> team, on the first day of a week.

    Only managers coach (the matrix), so a team led by nobody of that role has no loop. A rep is a
    member of the programme who is here and leads no team; P7 says which team counts.
    """
    spans = people.queries.memberships_between(week, week + DAY, as_of)
    able = frozenset(people.queries.ids_with_role(Role.MANAGER))
    lead_spans = sorted((span for span in spans if span.is_lead), key=lambda span: -span.person_id)
    leads = {span.team_id: span.person_id for span in lead_spans if span.person_id in able}
    members = programme.queries.members(owner.id, as_of) - {one.person_id for one in lead_spans}
    lives = people.queries.calendars(members, as_of)
    reps = {
        person_id: team_id
        for person_id, team_id in teams_of(spans).items()
        if team_id in leads and person_id in lives and lives[person_id].is_current(week)
    }
    return leads, reps


def _named_that_week(week: date) -> frozenset[int]:
    """Reps who have an item in that ISO week in any programme: one for each rep and week."""
    near = select(CoachingItem.rep_id, CoachingItem.week).where(
        CoachingItem.week > week - WEEK_DAYS * DAY, CoachingItem.week < week + WEEK_DAYS * DAY
    )
    name = iso_week(week)
    return frozenset(rep for rep, other in db.session.execute(near) if iso_week(other) == name)


def is_complete(programme_id: int, calendar: ProgrammeCalendar, week: date) -> bool:
    """Whether every source has reported something of the last working day before a week or later.

    Weekends and holidays are quiet everywhere, so that day speaks for the whole week before.
    """
    days = [week - number * DAY for number in range(1, WEEK_DAYS + 1)]
    last = next((day for day in days if calendar.is_working_day(day)), None)
    if last is None:
        return True
    silent = select(func.count()).where(
        UsageSource.programme_id == programme_id,
        UsageSource.latest_occurred_at < calendar.day_start(last),
    )
    return not db.session.scalar(silent)


def deals_behind(
    owner: Programme, moments: Collection[Moment], as_of: datetime
) -> dict[str, DealRecord]:
    """The deals of these moments, as they were known."""
    keys = {moment.occasion.opener.deal_key for moment in moments}
    return {deal.deal_key: deal for deal in deals_of(owner.id, as_of, signalled=keys)}


@dataclass(frozen=True)
class WeekCount:
    """METRICS S3 of a rep's occasions of one week, with the team of the last of them."""

    week: date
    person_id: int
    team_id: int | None
    number: Number


def week_counts(owner: Programme, weeks: Sequence[date], as_of: datetime) -> list[WeekCount]:
    """Coverage of each rep and week of these consecutive ones, with what is known by now."""
    calendar = programme.queries.calendar(owner)
    through = calendar.local_day(as_of) - DAY
    end = weeks[-1] + WEEK_DAYS * DAY
    found: dict[tuple[date, int], list[Occasion]] = defaultdict(list)
    for one in occasions(owner, through, as_of, since=weeks[0]):
        if one.opener.fired_on < end:
            key = calendar.week_of(one.opener.fired_on), one.opener.person_id
            found[key].append(one)
    teams = people.queries.team_ids_by_name()
    return [
        WeekCount(week, person_id, teams.get(ones[-1].team), number_of(ones))
        for (week, person_id), ones in found.items()
    ]
