"""Made-up contests. Every value may be named; nothing else needs to be."""

import itertools
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from core.policy import SYSTEM, Actor, Role
from incentives.models import Contest
from incentives.services import contests
from incentives.services.contests import ContestPlan, PrizePlan
from leaderboard.rules.scoring import PointRule
from tests.factories.people import writing

_numbers = itertools.count(1)
GUIDED = PointRule("guided_use", Fraction(10), daily_cap=3)
MONDAY = date(2026, 3, 2)
BEFORE = datetime(2026, 2, 25, 12, tzinfo=UTC)


def actor(person) -> Actor:
    """The person as who acts."""
    return Actor(person_id=person.id, role=Role(person.role), name=person.name)


def make_plan(programme_row, **given) -> ContestPlan:
    """Two weeks of participation from Monday 2 March 2026, one dinner for the winner."""
    number = next(_numbers)
    values = {
        "programme_id": programme_row.id,
        "slug": f"race-{number}",
        "title": f"Race {number}",
        "starts_on": MONDAY,
        "last_on": MONDAY + timedelta(days=13),
        "rules": (GUIDED,),
        "prizes": (PrizePlan(title="Team dinner", place=1),),
    }
    return ContestPlan(**{**values, **given})


def make_contest(programme_row, *, by=SYSTEM, now=BEFORE, **given) -> Contest:
    """A draft."""
    with writing():
        return contests.create_draft(make_plan(programme_row, **given), actor=by, now=now)


def make_scheduled(programme_row, *, now=BEFORE, **given) -> Contest:
    """A contest approved by the house itself, waiting for its start."""
    with writing():
        contest = contests.create_draft(make_plan(programme_row, **given), actor=SYSTEM, now=now)
        contests.submit(contest.id, actor=SYSTEM, now=now)
        return contests.approve(contest.id, actor=SYSTEM, now=now)
