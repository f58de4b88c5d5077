"""The launch page: several rules, an earlier contest as a start, halves by lot, what lies ahead."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from adoption.models import UsageSource
from core.audit import AuditEntry
from core.db import db
from incentives import queries
from incentives.queries import launching
from incentives.rules.planning import draw_halves
from incentives.services.contests import PrizePlan
from leaderboard.models import Board
from leaderboard.rules.scoring import PointRule, Unique
from leaderboard.rules.terms import rules_from
from programme.queries import experiments
from tests.factories.incentives import make_scheduled
from tests.factories.people import make_team, writing
from tests.factories.programme import make_programme

pytestmark = pytest.mark.sqlite_only
NOW = datetime(2026, 3, 11, 15, tzinfo=UTC)
FORM = {
    "title": "April sprint",
    "kinds": ["guided_use", "proposal_created"],
    "starts_on": "2026-04-06",
    "last_on": "2026-04-17",
    "target_days": "2",
    "mode": "per_capita",
    "points_guided_use": "1",
    "cap_guided_use": "3",
    "points_proposal_created": "5",
    "cap_proposal_created": "2",
    "unique_proposal_created": "object_day",
    "decay_proposal_created": "50",
    "least_proposal_created": "500",
    "do": "launch",
}


@pytest.fixture
def teams(app, at):
    """Eight teams of two sizes."""
    at(NOW)
    make_programme(prize_allowance_minor=120_000)
    return [make_team(5 if number % 2 else 4, name=f"Team {number}") for number in range(8)]


def ids(teams):
    return [str(team.id) for team in teams]


def test_several_things_may_weigh_differently(teams, sign_in_as):
    client = sign_in_as(teams[0].lead)
    answer = client.post("/contests/new", data=FORM | {"teams": ids(teams)})
    assert answer.status_code == 302, answer.text
    contest = queries.contest_by_slug("april-sprint")
    board = db.session.get_one(Board, contest.board_id)
    assert rules_from(board.rules) == {
        "guided_use": PointRule("guided_use", Fraction(1), daily_cap=3),
        "proposal_created": PointRule(
            "proposal_created",
            Fraction(5),
            daily_cap=2,
            decay=Fraction(1, 2),
            unique=Unique.OBJECT_DAY,
            min_value=Fraction(500),
        ),
    }


def test_an_earlier_contest_is_a_start(teams, sign_in_as):
    client = sign_in_as(teams[0].lead)
    client.post(
        "/contests/new",
        data=FORM | {"teams": ids(teams[:3]), "prize_2": "Cake", "cost_2": "12.5"},
    )
    bare = client.get("/contests/new").text
    assert "Start from" in bare
    assert 'href="/contests/new?like=april-sprint"' in bare
    page = client.get("/contests/new?like=april-sprint").text
    for said in (
        'name="points_proposal_created" type="text" value="5"',
        'name="least_proposal_created" type="text" value="500"',
        '<option value="object_day" selected>',
        'name="prize_2" type="text" value="Cake"',
        'value="$12.50"',
        'value="per_capita" checked',
    ):
        assert said in page, said
    for team in teams:
        ticked = f'name="teams" value="{team.id}" checked' in page
        assert ticked is (team in teams[:3])
    assert client.get("/contests/new?like=nothing").status_code == 404


def test_another_kind_brings_its_row_along_and_no_other_change_does(teams, sign_in_as):
    client = sign_in_as(teams[0].lead)
    form = FORM | {"teams": ids(teams)}
    grown = client.post("/contests/preview", data=form | {"scored": "guided_use"}).text
    assert 'id="scoring" hx-swap-oob="true"' in grown
    assert 'name="points_proposal_created"' in grown
    same = client.post(
        "/contests/preview", data=form | {"scored": "guided_use proposal_created"}
    ).text
    assert "hx-swap-oob" not in same


def test_half_of_the_teams_start_first_by_a_lot_that_is_kept(teams, sign_in_as):
    client = sign_in_as(teams[0].lead)
    answer = client.post("/contests/new", data=FORM | {"teams": ids(teams), "staggered": "1"})
    assert answer.status_code == 302, answer.text
    first = queries.contest_by_slug("april-sprint")
    second = queries.contest_by_slug("april-sprint-second-half")
    assert (first.state, second.state) == ("scheduled", "scheduled")
    assert (second.starts_on, second.last_on) == (date(2026, 4, 20), date(2026, 5, 1))
    assert second.title == "April sprint, second half"
    (drawn,) = experiments(first.programme_id)
    assert (drawn.slug, drawn.starts_on, drawn.ends_on) == (
        "april-sprint",
        date(2026, 4, 6),
        date(2026, 4, 19),
    )
    line = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "contest.draw")).one()
    halves = draw_halves({team.id: len(team.members) for team in teams}, int(line.detail["seed"]))
    assert first.terms["teams"] == list(halves.early) == line.detail["early"]
    assert second.terms["teams"] == list(halves.late) == line.detail["late"]


def test_what_lies_ahead_is_said_before_the_launch(teams, sign_in_as):
    client = sign_in_as(teams[0].lead)
    form = FORM | {"teams": ids(teams)}
    calm = client.post("/contests/preview", data=form).text
    assert "What you could measure." in calm
    assert "Two contests at once." not in calm
    few = form | {"teams": ids(teams[:4])}
    assert "Two teams against two" not in client.post("/contests/preview", data=few).text
    by_lot = client.post("/contests/preview", data=few | {"staggered": "1"}).text
    assert "Two teams against two" in by_lot
    client.post("/contests/new", data=form)
    again = client.post("/contests/preview", data=form | {"teams": ids(teams[:2])}).text
    assert "Two contests at once." in again
    assert "2 of these teams also race in April sprint, 6 Apr to 17 Apr." in again
    later = form | {"starts_on": "2026-05-04", "last_on": "2026-05-15"}
    assert "Little rest." in client.post("/contests/preview", data=later).text
    rested = form | {"starts_on": "2026-05-18", "last_on": "2026-05-29"}
    assert "Little rest." not in client.post("/contests/preview", data=rested).text


def test_the_poster_hangs_beside_the_letter(teams, sign_in_as):
    page = sign_in_as(teams[0].lead).post(
        "/contests/new", data=FORM | {"teams": ids(teams), "do": "preview", "prize_1": "Dinner"}
    )
    for said in (
        '<p class="sheet-name">April sprint</p>',
        "standings on Monday 6 April.",
        "6 April to 17 April.",
        "Guided use earns 1 point, at most 3 a day",
        "To win: Dinner.",
        "Code to photograph: the live page of April sprint",
    ):
        assert said in page.text, said


@pytest.mark.parametrize(("prizes", "said"), [((), "$0"), ((500,), "$5")])
def test_what_is_reserved_counts(teams, sign_in_as, prizes, said):
    programme = launching.current_programme()
    plans = tuple(PrizePlan(title="Cup", place=1, cost_minor=cost) for cost in prizes)
    make_scheduled(programme, slug="race", prizes=plans, team_ids=tuple(t.id for t in teams[:2]))
    page = sign_in_as(teams[0].lead).get("/contests/new").text
    if not prizes:
        assert f"The programme has {said} reserved" in page
    else:
        assert "The programme has $10 reserved" in page  # two firsts in a tie


def test_reps_may_race_one_by_one_and_teams_in_divisions(teams, sign_in_as):
    client = sign_in_as(teams[0].lead)
    form = FORM | {"teams": ids(teams), "prize_1": "Cup", "cost_1": "10", "tie_break": ""}
    alone = client.post("/contests/preview", data=form | {"unit": "person"}).text
    assert "At most $360" in alone  # 36 reps may tie for first
    apart = client.post("/contests/new", data=form | {"unit": "division", "title": "Apart"})
    assert apart.status_code == 302, apart.text
    assert db.session.get_one(Board, queries.contest_by_slug("apart").board_id).unit == "division"
    reps = client.post("/contests/new", data=form | {"unit": "person", "title": "Reps"})
    assert reps.status_code == 302, reps.text
    board = db.session.get_one(Board, queries.contest_by_slug("reps").board_id)
    assert (board.unit, board.mode) == ("person", "per_capita")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "person", "mode": "participation"}, "Reps one by one are ranked by points"),
        ({"unit": "person", "prize_manager": "Lunch"}, "Only teams have managers"),
        ({"unit": "division", "staggered": "1"}, "Halves are drawn from teams"),
        ({"unit": "planet"}, "Choose who is ranked."),
        ({"tie_break": "luck"}, "Choose one of these."),
        ({"goal_percent": "60", "prize_goal": "Cake"}, "only taking part has one"),
    ],
)
def test_what_does_not_go_together_is_said(teams, sign_in_as, change, said):
    form = FORM | {"teams": ids(teams)} | change
    answer = sign_in_as(teams[0].lead).post("/contests/new", data=form)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_contest_may_wait_for_its_sources(teams, sign_in_as):
    programme = launching.current_programme()
    with writing() as session:
        for name in ("crm", "dialer"):
            moment = NOW - timedelta(hours=2)
            session.add(
                UsageSource(
                    programme_id=programme.id,
                    source=name,
                    latest_occurred_at=moment,
                    latest_received_at=moment,
                )
            )
    client = sign_in_as(teams[0].lead)
    assert 'name="sources" value="dialer"' in client.get("/contests/new").text
    form = FORM | {"teams": ids(teams), "sources": ["dialer", "nowhere"]}
    assert client.post("/contests/new", data=form).status_code == 302
    assert queries.contest_by_slug("april-sprint").terms["sources"] == ["dialer"]
    assert (
        'name="sources" value="dialer" checked'
        in client.get("/contests/new?like=april-sprint").text
    )


def test_a_managers_prize_may_ask_for_kept_loops(teams, sign_in_as):
    client = sign_in_as(teams[0].lead)
    form = FORM | {
        "teams": ids(teams),
        "tie_break": "loop_discipline",
        "prize_manager": "Lunch",
        "loops_manager": "75",
    }
    assert client.post("/contests/new", data=form).status_code == 302
    contest = queries.contest_by_slug("april-sprint")
    assert contest.terms["tie_break"] == ["loop_discipline"]
    assert [each.min_loops_kept for each in queries.prizes(contest.id)][-1] == "3/4"
    told = client.get("/contests/april-sprint").text
    assert "led the team in 1st place and kept at least 75% of the weekly loops." in told
    assert "goes the manager who kept more of the weekly coaching loops." in told
    page = client.get("/contests/new?like=april-sprint").text
    assert 'name="loops_manager" type="text" value="75"' in page
    refused = client.post("/contests/new", data=form | {"unit": "person", "mode": "total"})
    assert "Only teams have managers who keep loops" in refused.text


def test_side_prizes_are_kept_with_the_contest(teams, sign_in_as):
    client = sign_in_as(teams[0].lead)
    form = FORM | {
        "teams": ids(teams),
        "tie_break": "time_of_reaching",
        "prize_improved": "Pie",
        "prize_manager": "Lunch",
    }
    assert client.post("/contests/new", data=form).status_code == 302
    terms = queries.contest_by_slug("april-sprint").terms
    assert terms["tie_break"] == ["time_of_reaching"]
    told = client.get("/contests/april-sprint").text
    assert "For the most improved team." in told
    assert "For whoever led the team in 1st place." in told
    page = client.get("/contests/new?like=april-sprint").text
    assert 'name="prize_improved" type="text" value="Pie"' in page
    assert 'name="prize_manager" type="text" value="Lunch"' in page
    assert '<option value="time_of_reaching" selected>' in page
