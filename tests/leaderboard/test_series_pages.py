"""Pages of seasons and brackets: who sees which rows, and what is said of what is open."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.db import db, transaction
from core.policy import SYSTEM
from leaderboard import services
from leaderboard.models import Board
from leaderboard.rules.standing import Mode
from leaderboard.services import BracketPlan, SeasonPlan
from tests.factories.adoption import make_usage
from tests.factories.leaderboard import GUIDED, MONDAY, make_board
from tests.factories.people import make_team, writing
from tests.factories.programme import make_programme

pytestmark = pytest.mark.sqlite_only
DAY = timedelta(days=1)
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
TEAMS = 9


@pytest.fixture
def season(app, at):
    """Nine teams, one decided board in which the n-th is n-th, and one still to come."""
    at(NOW)
    programme = make_programme()
    teams = [make_team(3, name=f"Team {chr(65 + n)}") for n in range(TEAMS)]
    for n, team in enumerate(teams):
        make_usage(programme, team.members[0], [MONDAY + d * DAY for d in range(TEAMS - n)])
    done = make_board(programme, title="First race", mode=Mode.TOTAL)
    coming = make_board(
        programme,
        title="Second race",
        starts_on=date(2026, 5, 4),
        ends_on=date(2026, 5, 18),
        mode=Mode.TOTAL,
    )
    with transaction():
        services.refresh(done.id, NOW)
        services.freeze_board(done.id, rev=1)
        services.seal(done.id, rev=1, now=NOW)
        plan = SeasonPlan(
            programme_id=programme.id,
            slug="spring",
            title="Spring season",
            board_ids=(done.id, coming.id),
            place_points=(10, 6, 3),
        )
        services.declare_season(plan, actor=SYSTEM, now=NOW)
    return programme, teams


def names(page: str) -> str:
    return "".join(letter for letter in "ABCDEFGHI" if f"<b>Team {letter}</b>" in page)


def test_a_season_says_what_counts_and_seats_reps_near(season, sign_in_as):
    _, teams = season
    page = sign_in_as(teams[5].members[0]).get("/seasons/spring").text
    assert "Team A leads the season." in page
    assert "1 of 2 contests decided" in page
    assert "Still open" in page
    assert "1st, 10" in page
    assert "Your team" in page
    everything = sign_in_as("sales_ops").get("/seasons/spring").text
    assert names(everything) == "ABCDEFGHI"
    assert "Spring season" in sign_in_as("rep").get("/boards").text
    assert sign_in_as("rep").get("/seasons/nowhere").status_code == 404


def test_a_bracket_shows_its_pairs_and_that_the_next_are_not_known_yet(season, sign_in_as):
    programme, teams = season
    windows = tuple((MONDAY + (70 + n * 14) * DAY, MONDAY + (77 + n * 14) * DAY) for n in range(2))
    plan = BracketPlan(
        programme_id=programme.id,
        slug="cup",
        title="Spring cup",
        team_ids=tuple(team.id for team in teams[:3]),
        rounds=windows,
        rules=(GUIDED,),
        mode=Mode.TOTAL,
    )
    with transaction():
        services.open_bracket(plan, actor=SYSTEM, now=NOW)
    page = sign_in_as(teams[0].members[0]).get("/brackets/cup").text
    assert "Spring cup, 2 rounds." in page
    assert "Nobody to meet in this round." in page
    assert "Straight to the next round" in page
    assert "The pairs are known once the round before is decided" in page
    assert 'aria-current="true"' in page
    assert sign_in_as("rep").get("/brackets/nowhere").status_code == 404


def test_no_board_that_is_not_shown_yet_can_be_opened(season, sign_in_as):
    slug = db.session.query(Board).first().slug
    for role in ("rep", "sales_ops"):
        assert sign_in_as(role).get(f"/boards/{slug}").status_code == 404
    with writing():
        services.list_board(db.session.query(Board).first().id)
    assert sign_in_as("rep").get(f"/boards/{slug}").status_code == 200
