"""The pages of a contest between persons: said to one person, and no colleague below the podium."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from core.db import transaction
from incentives import jobs
from incentives.services.contests import PrizePlan
from leaderboard import services as boards
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import UnitKind
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, make_scheduled
from tests.factories.people import make_team
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
MIDWAY = datetime(2026, 3, 11, 15, tzinfo=UTC)
# One each of 9, 8, 7 points; nine share the fourth place.
EVENTS = (9, 8, 7, *[1] * 9)


@pytest.fixture
def world(app, at):
    at(MIDWAY)
    programme = make_programme(slug="rollout", prize_allowance_minor=120_000)
    team = make_team(len(EVENTS), name="Harbour")
    for rep, times in zip(team.members, EVENTS, strict=True):
        make_usage(programme, rep, [MONDAY + DAY], times=times, kind="guided_use")
    contest = make_scheduled(
        programme,
        slug="solo",
        title="Each for themselves",
        kind=UnitKind.PERSON,
        mode=Mode.TOTAL,
        rules=(PointRule("guided_use", Fraction(1)),),
        prizes=(PrizePlan(title="Book", place=1),),
    )
    jobs.open_close_contests(MIDWAY)
    with transaction():
        boards.refresh(contest.board_id, MIDWAY)
    return team, contest


def lanes(page: str) -> int:
    return page.count('<li class="lane')


def test_a_reader_in_a_long_tie_sees_the_podium_and_two_rows_either_side(world, sign_in_as):
    team, _ = world
    middle = sorted(team.members[3:], key=lambda rep: rep.name)[4]
    page = sign_in_as(middle).get("/contests/solo").text
    assert lanes(page) == 3 + 2 + 1 + 2
    assert page.count("A colleague near you") >= 4
    others = [rep.name for rep in team.members[3:] if rep.id != middle.id]
    assert [name for name in others if name in page] == []
    mine = sign_in_as(middle).get("/").text
    assert [name for name in others if name in mine] == []
    assert "of 12 reps" in mine


def test_the_words_are_said_to_one_person_not_to_a_team(world, sign_in_as):
    team, _ = world
    page = sign_in_as(team.members[3]).get("/contests/solo").text
    assert "You are 4th" in page
    assert "What you did" in page
    assert "Your score is the sum of your points." in page
    assert "earns you 1 point" in page
    assert "12 reps. Updated" in page
    for wrong in (
        "1 reps",
        "Your team",
        "every team",
        "more teams",
        "average colleagues",
        "12 teams",
    ):
        assert wrong not in page
    assert "1 rep<" not in sign_in_as(team.members[3]).get("/boards").text


def test_who_won_is_named_where_a_person_did(world, sign_in_as):
    team, contest = world
    for instant in (contest.ends_at, contest.grace_ends_at):
        jobs.open_close_contests(instant)
    jobs.open_close_contests(contest.grace_ends_at + timedelta(hours=73))
    page = sign_in_as(team.members[5]).get("/contests/solo").text
    assert f"{team.members[0].name}: Book" in page
