"""Edge cases 2 and 4 of CONTESTS: whole dates whenever one looks, and one closing instant."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.calendars import ProgrammeCalendar
from core.db import db, transaction
from leaderboard import services as boards
from leaderboard.models import StandingDay
from leaderboard.queries import reads
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, make_contest
from tests.factories.people import make_membership, make_person, make_team
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
ENDS_ON = MONDAY + 14 * DAY
AFTER = datetime(2026, 3, 25, 12, tzinfo=UTC)
WEEK_STARTS = range(7)
ONE = (PointRule("guided_use", Fraction(1)),)


def closes(contest_id: int) -> list[tuple[int, date, int | None, str | None]]:
    """Each team's place and score at the close of every date."""
    db.session.expire_all()
    rows = select(
        StandingDay.unit_id, StandingDay.local_day, StandingDay.rank, StandingDay.score
    ).where(StandingDay.board_id == contest_id)
    return sorted(tuple(row) for row in db.session.execute(rows))


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.sampled_from(WEEK_STARTS))
def test_case_02_weeks_are_seven_dates_that_never_overlap(day, week_start):
    calendar = ProgrammeCalendar(zone="America/New_York", week_start=week_start)
    week = calendar.week_of(day)
    dates = calendar.week_days(week)
    assert day in dates
    assert dates == tuple(week + number * DAY for number in range(7))
    assert {calendar.week_of(each) for each in dates} == {week}
    assert calendar.week_of(week - DAY) == week - 7 * DAY
    assert week.weekday() == week_start


@pytest.mark.parametrize("weekday", range(7))
def test_case_02_whatever_day_one_looks_the_dates_are_the_same(app, weekday):
    programme = make_programme()
    teams = [make_team(4, name=name) for name in ("Harbour", "Ridge")]
    contest = make_contest(programme, rules=ONE, mode=Mode.TOTAL)
    make_usage(programme, teams[0].members[0], [MONDAY, MONDAY + 3 * DAY])
    make_usage(programme, teams[1].members[0], [MONDAY + DAY, MONDAY + 8 * DAY], times=2)
    # One board is looked at on one weekday alone, and once when all is over.
    for week in range(2):
        at = datetime.combine(MONDAY + (7 * week + weekday) * DAY, datetime.min.time(), UTC)
        with transaction():
            boards.refresh(contest.board_id, at + timedelta(hours=20))
    with transaction():
        boards.refresh(contest.board_id, AFTER)
    found = closes(contest.board_id)
    days = [MONDAY + number * DAY for number in range(14)]
    one, two = (team.id for team in teams)
    scores = {(unit, day): Fraction(score) for unit, day, _, score in found}
    assert set(scores) == {(unit, day) for unit in (one, two) for day in days}
    assert [scores[one, day] for day in days] == [1, 1, 1, *[2] * 11]
    assert [scores[two, day] for day in days] == [0, *[2] * 7, *[4] * 6]


@pytest.mark.parametrize("tz_mode", ["program", "user"])
def test_case_04_everybody_has_one_closing_instant(app, tz_mode):
    programme = make_programme(tz_mode=tz_mode)
    teams = []
    for name, zone in (("Far east", "Pacific/Auckland"), ("Far west", "Pacific/Honolulu")):
        team = make_team(0, name=name)
        reps = [make_person(time_zone=zone) for _ in range(3)]
        for rep in reps:
            make_membership(rep, team.team)
        teams.append((team, reps))
    contest = make_contest(programme, rules=ONE, mode=Mode.TOTAL)
    closing = contest.ends_at
    for _, reps in teams:
        for moment in (closing - timedelta(seconds=1), closing):
            day = moment.astimezone(ZoneInfo(programme.time_zone)).date()
            make_usage(programme, reps[0], [day], occurred_at=moment, received_at=moment)
    with transaction():
        boards.refresh(contest.board_id, AFTER)
    points = {place.unit: place.points for place in reads.live_places(contest.board_id)}
    assert points == {"Far east": 1, "Far west": 1}
