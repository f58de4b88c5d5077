"""From where somebody looks at a Board: reps near, leads and sales operations all of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from core.db import db, transaction
from incentives import jobs
from incentives.models import Contest
from leaderboard import services as boards
from leaderboard.rules.standing import Mode
from people.models import Person
from programme.models import Programme
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, make_scheduled
from tests.factories.people import make_membership, make_team, writing
from tests.factories.programme import make_programme

pytestmark = pytest.mark.sqlite_only
DAY = timedelta(days=1)
FOUR = [MONDAY + n * DAY for n in (0, 1, 7, 8)]
MIDWAY = datetime(2026, 3, 11, 15, tzinfo=UTC)
TEAMS = 12


@pytest.fixture
def league(app, at):
    """Twelve teams of twelve; the n-th has twelve minus n reps on target, so n is its place."""
    at(MIDWAY)
    programme = make_programme()
    teams = [make_team(12, name=f"Team {chr(65 + n)}") for n in range(TEAMS)]
    for n, team in enumerate(teams):
        for rep in team.members[: TEAMS - 1 - n]:
            make_usage(programme, rep, FOUR)
    contest = make_scheduled(programme, slug="race", title="Spring race")
    jobs.open_close_contests(MIDWAY)
    with transaction():
        boards.refresh(contest.board_id, MIDWAY)
    return teams


def lanes(page: str) -> list[str]:
    """The teams on the Board, in its order."""
    board = page[page.index('id="board"') : page.index("lanes-key")]
    return [name[-1] for name in re.findall(r"Team [A-L](?=[<\s])", board)]


def ordered(names: list[str]) -> str:
    return "".join(dict.fromkeys(names))


@pytest.mark.parametrize(
    ("place", "seen"),
    [(1, "ABC"), (2, "ABCD"), (5, "ABCDEFG"), (6, "ABCDEFGH"), (9, "ABCGHIJK"), (12, "ABCJKL")],
)
def test_a_rep_sees_the_podium_and_two_neighbours_each_side(league, sign_in_as, place, seen):
    page = sign_in_as(league[place - 1].members[-1]).get("/contests/race").text
    assert ordered(lanes(page)) == seen


def test_no_rep_sees_the_rest_by_asking_for_all(league, sign_in_as):
    client = sign_in_as(league[4].members[-1])
    for path in ("/contests/race?all=1", "/contests/race/board?all=1&v=0"):
        page = client.get(path).text
        assert ordered(lanes(page)) == "ABCDEFG"
        assert "Show all" not in page
        assert "5 more teams race" in page
    # Only the team in the last place reads that it is.
    assert "Team L" not in client.get("/").text
    assert "Team L" not in sign_in_as(league[9].members[-1]).get("/").text


def test_leads_and_sales_operations_may_open_every_row(league, sign_in_as):
    for reader in (league[4].lead, "sales_ops", "executive"):
        client = sign_in_as(reader)
        assert ordered(lanes(client.get("/contests/race").text)) == "ABCDEFGHIJ"
        assert ordered(lanes(client.get("/contests/race?all=1").text)) == "ABCDEFGHIJKL"


def test_the_distance_is_said_in_reps_and_what_one_more_day_changes(league, sign_in_as):
    rep = league[4].members[-1]
    page = sign_in_as(rep).get("/contests/race").text
    assert "1 more rep on target makes Team E 4th, level with Team D." in page
    assert "4 more days and you count for Team E, which makes it 4th." in page
    week = sign_in_as(rep).get("/").text
    assert "1 more rep on target makes Team E 4th, level with Team D." in week
    assert "As of Wed 11 Mar, 11:00" in week
    # A poll brings the same words.
    assert "which makes it 4th" in sign_in_as(rep).get("/contests/race/board?v=0").text


def test_in_points_the_distance_is_said_in_points_and_actions(app, at, sign_in_as):
    at(MIDWAY)
    programme = make_programme()
    teams = [make_team(3, name="Harbour"), make_team(3, name="Ridge")]
    make_usage(programme, teams[0].members[0], FOUR[:2])
    contest = make_scheduled(programme, slug="points", mode=Mode.TOTAL)
    jobs.open_close_contests(MIDWAY)
    with transaction():
        boards.refresh(contest.board_id, MIDWAY)
    page = sign_in_as(teams[1].members[0]).get("/contests/points").text
    assert "20 more points, 2 × guided use, make Ridge 1st, level with Harbour." in page
    assert "One more guided use earns Ridge 10 points." in page


def test_a_lead_sees_who_is_on_target_and_who_is_close_of_the_own_teams_only(league, sign_in_as):
    team, other = league[9], league[2]
    near, shy = team.members[2:4]
    programme = db.session.query(Programme).one()
    make_usage(programme, near, FOUR[:3])
    with writing():
        db.session.get(Person, shy.id).ranking_opt_out = True
    with transaction():
        boards.refresh(db.session.query(Contest).one().board_id, MIDWAY + DAY)
    make_membership(team.lead, league[10].team, is_lead=True)
    page = sign_in_as(team.lead).get("/contests/race").text
    assert "2 of 12 on target in Team J" in " ".join(page.split())
    groups = page[page.index("on target in Team J") :]
    close, rest = groups[groups.index("Close, one day") :].split("On target", 1)
    assert near.name in close
    assert team.members[0].name in rest
    assert shy.name not in page
    assert "1 colleague not listed" in page
    assert "of 12 on target in Team K" in page
    assert not any(rep.name in page for rep in other.members)
