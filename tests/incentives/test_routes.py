"""Contest pages: who sees what, what is said, what is refused, how little is read."""

import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import event

from core import db as core_db
from core.db import db, transaction
from incentives import jobs, queries
from incentives.models import Contest
from incentives.services.contests import PrizePlan
from leaderboard import services as boards
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, actor, make_contest, make_scheduled
from tests.factories.people import make_person, make_team, writing
from tests.factories.programme import make_programme

pytestmark = pytest.mark.sqlite_only
F = Fraction
DAY = timedelta(days=1)
FOUR = [MONDAY + n * DAY for n in (0, 1, 7, 8)]
MIDWAY = datetime(2026, 3, 11, 15, tzinfo=UTC)


@pytest.fixture
def world(app, at):
    """Two teams race, a third is too small; two days are done by all of Harbour."""
    at(MIDWAY)
    programme = make_programme(prize_allowance_minor=120_000)
    teams = [make_team(5, name="Harbour"), make_team(4, name="Ridge"), make_team(2, name="Duo")]
    for rep in teams[0].members:
        make_usage(programme, rep, FOUR)
    make_usage(programme, teams[1].members[0], FOUR[:2])
    contest = make_scheduled(
        programme,
        slug="race",
        title="Spring race",
        goal=F(3, 5),
        prizes=(PrizePlan(title="Team dinner", place=1), PrizePlan(title="Cake", place=None)),
    )
    jobs.open_close_contests(MIDWAY)
    for day in range(9):
        with transaction():
            boards.refresh(contest.board_id, MIDWAY - (8 - day) * DAY)
    return programme, teams, contest


@contextmanager
def asking():
    """Every statement sent meanwhile, in a transaction or outside any."""
    asked = []
    listener = lambda _c, _k, statement, *_r: asked.append(statement)  # noqa: E731
    fetch = core_db._fetch

    def listening(engine, text, values):
        asked.append(text)
        return fetch(engine, text, values)

    event.listen(db.engine, "before_cursor_execute", listener)
    core_db._fetch = listening
    try:
        yield asked
    finally:
        core_db._fetch = fetch
        event.remove(db.engine, "before_cursor_execute", listener)


def test_a_rep_sees_the_board_their_team_and_the_rules(world, sign_in_as):
    _, teams, _ = world
    page = sign_in_as(teams[1].members[0]).get("/contests/race").text
    for words in (
        "Harbour leads, 5 of 5 reps on target.",
        "Your team, Ridge, is 2nd",
        "Who did what for Ridge",
        "2 days to play for",
        "2 more days and you count for Ridge.",
        "10",
        "Guided use.",
        "At most 3 a day.",
        "Team dinner",
        "For every team that reaches 60%",
        "Duo",
        "Fewer than three reps",
        "Team size does not matter.",
        "Time off does not hurt you.",
        "The race so far",
    ):
        assert words in page, words
    assert teams[0].members[0].name not in page
    assert "style=" not in page


def test_each_role_gets_the_page_and_only_ops_the_steps(world, sign_in_as):
    _, teams, _ = world
    for role in ("manager", "director", "executive", "admin"):
        assert sign_in_as(role).get("/contests/race").status_code == 200, role
    ops = sign_in_as("sales_ops").get("/contests/race").text
    assert "Call it off" in ops
    assert "Call it off" not in sign_in_as(teams[0].members[0]).get("/contests/race").text


def test_strangers_are_sent_to_sign_in_and_missing_contests_are_missing(world, client, sign_in_as):
    assert client.get("/contests/race").status_code == 302
    assert sign_in_as().get("/contests/nowhere").status_code == 404
    assert sign_in_as().get("/contests/race/explain?unit=Nobody").status_code == 404


def test_an_unchanged_page_is_a_304_before_anything_but_the_counters_is_read(world, sign_in_as):
    _, teams, contest = world
    client = sign_in_as(teams[1].members[0])
    tag = client.get("/contests/race").headers["ETag"]
    with asking() as asked:
        again = client.get("/contests/race", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert not again.data
    assert len(asked) == 1
    assert "auth_session" in asked[0]
    assert "contest" in asked[0]
    assert "standing" not in asked[0]
    make_usage(world[0], teams[1].members[0], FOUR[2:])
    with transaction():
        boards.refresh(contest.board_id, MIDWAY + timedelta(minutes=15))
    assert client.get("/contests/race", headers={"If-None-Match": tag}).status_code == 200
    other = sign_in_as(teams[0].members[0])
    assert other.get("/contests/race", headers={"If-None-Match": tag}).status_code == 200


def test_the_polled_board_says_nothing_while_nothing_changed(world, sign_in_as):
    client = sign_in_as(world[1][0].members[0])
    known = re.search(r"board\?v=([0-9.]+)", client.get("/contests/race").text)[1]
    with asking() as asked:
        assert client.get(f"/contests/race/board?v={known}").status_code == 204
    assert len(asked) == 1
    answer = client.get("/contests/race/board?v=0.0")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="board"' in answer.text


def test_case_35_who_opted_out_is_on_no_page(world, sign_in_as):
    _, teams, _ = world
    shy = teams[0].members[1]
    with writing():
        db.session.get(type(shy), shy.id).ranking_opt_out = True
        name = shy.name
    client = sign_in_as(teams[0].members[0])
    for path in (
        "/contests/race",
        "/contests/race/explain?unit=Harbour",
        "/awards",
        "/boards",
        "/",
    ):
        assert name not in client.get(path).text, path
    assert "1 colleague not listed" in client.get("/contests/race").text


def test_case_36_a_covered_board_shows_the_snapshot_and_ones_own_days(world, sign_in_as, at):
    programme, teams, _ = world
    covered = make_scheduled(programme, slug="covered", freeze_hours=24 * 9)
    with transaction():
        boards.refresh(covered.board_id, MIDWAY)
        boards.keep_snapshot_if_due(covered.board_id, MIDWAY)
    page = sign_in_as(teams[0].members[0]).get("/contests/covered").text
    assert "covered from" in page
    assert "0 of 5 reps" in page
    assert "5 of 5 reps" not in page
    assert "<b>You</b>" in page
    assert "5 of 5 reps" in sign_in_as("sales_ops").get("/contests/covered").text
    boards_page = sign_in_as(teams[0].members[0]).get("/boards").text
    assert "Covered until the result." in boards_page


def test_every_score_opens_to_its_entries(world, sign_in_as):
    _, teams, _ = world
    own = sign_in_as(teams[0].members[0]).get("/contests/race/explain?unit=Harbour").text
    assert "5 of 5 reps of Harbour are on target." in own
    assert teams[0].members[3].name in own
    assert "counted" in own
    other = sign_in_as(teams[1].members[0]).get("/contests/race/explain?unit=Harbour").text
    assert teams[0].members[3].name not in other
    assert "Rep 1" in other


def test_a_lead_launches_a_contest_in_one_form(world, sign_in_as):
    _, teams, _ = world
    client = sign_in_as(teams[0].lead)
    page = client.get("/contests/new")
    assert page.status_code == 200
    for words in (
        "If you had run this last month",
        "Fair-play check",
        "Harbour",
        "Too small to be",
    ):
        assert words in page.text, words
    form = {
        "title": "April sprint",
        "kinds": "guided_use",
        "teams": [str(team.id) for team in teams[:2]],
        "starts_on": "2026-04-06",
        "last_on": "2026-04-17",
        "target_days": "2",
        "mode": "participation",
        "points_guided_use": "1",
        "cap_guided_use": "3",
        "goal_percent": "60",
        "prize_goal": "Breakfast",
        "cost_goal": "250",
        "prize_1": "Dinner",
        "cost_1": "$250.50",
        "do": "launch",
    }
    answer = client.post("/contests/new", data=form)
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"] == "/contests/april-sprint"
    started = queries.contest_by_slug("april-sprint")
    assert (started.state, started.author_id) == ("scheduled", teams[0].lead.id)
    assert started.liability_minor == 2 * 25_000 + 2 * 25_050
    told = client.get("/contests/april-sprint").text
    assert "April sprint is launched." in told
    again = client.post("/contests/new", data=form)
    assert again.headers["Location"] == "/contests/april-sprint-2"


def test_prizes_above_the_allowance_wait_for_somebody_else(world, sign_in_as):
    _, teams, _ = world
    client = sign_in_as(teams[0].lead)
    form = {
        "title": "Dear",
        "kinds": "guided_use",
        "teams": [str(team.id) for team in teams],
        "starts_on": "2026-04-06",
        "last_on": "2026-04-17",
        "prize_1": "Trip",
        "cost_1": "900",
        "do": "preview",
        "mode": "participation",
    }
    side = client.post("/contests/preview", data=form).text
    assert "At most $2,700" in side
    assert "sales operations approves it" in side
    assert "<html" not in side
    whole = client.post("/contests/new", data=form)
    assert whole.status_code == 200
    assert queries.contest_by_slug("dear") is None
    client.post("/contests/new", data=form | {"do": "launch"})
    waiting = queries.contest_by_slug("dear")
    assert waiting.state == "submitted"
    ops = sign_in_as("sales_ops")
    assert "Dear waits for your yes." in ops.get("/").text
    assert "Approve and announce" in ops.get("/contests/dear").text
    assert sign_in_as(teams[1].members[0]).get("/contests/dear").status_code == 404
    step = {"to": "scheduled"}
    assert client.post("/contests/dear/step", data=step).status_code == 403
    assert ops.post("/contests/dear/step", data=step).status_code == 302
    db.session.rollback()
    assert queries.contest_by_slug("dear").state == "scheduled"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 200}, "title"),
        ({"kinds": "login"}, "kinds"),
        ({"teams": []}, "teams"),
        ({"teams": ["999999", "x"]}, "teams"),
        ({"starts_on": "soon"}, "starts_on"),
        ({"starts_on": "2026-03-10"}, "starts_on"),
        ({"last_on": "2026-04-01"}, "last_on"),
        ({"last_on": "2028-04-01"}, "last_on"),
        ({"target_days": "8"}, "target_days"),
        ({"points_guided_use": "-1"}, "points_guided_use"),
        ({"decay_guided_use": "0"}, "decay_guided_use"),
        ({"least_guided_use": "much"}, "least_guided_use"),
        ({"unique_guided_use": "twice"}, "unique_guided_use"),
        ({"staggered": "1"}, "teams"),
        ({"mode": "luck"}, "mode"),
        ({"prize_1": "Gold", "cost_1": "a lot"}, "cost_1"),
        ({"cost_2": "5"}, "prize_2"),
        ({"goal_percent": "", "prize_goal": "Cake"}, "goal_percent"),
    ],
)
def test_a_form_that_needs_mending_comes_back_with_what_was_typed(world, sign_in_as, change, field):
    _, teams, _ = world
    form = {
        "title": "Sprint",
        "kinds": "guided_use",
        "teams": [str(team.id) for team in teams[:2]],
        "starts_on": "2026-04-06",
        "last_on": "2026-04-17",
        "mode": "participation",
        "prize_2": "",
        "do": "launch",
    } | change
    answer = sign_in_as(teams[0].lead).post("/contests/new", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text or f'"{field}' in answer.text
    assert "Nothing was saved yet." in answer.text
    assert queries.contest_by_slug("sprint") is None


def test_who_may_not_launch(world, sign_in_as):
    _, teams, _ = world
    assert sign_in_as(teams[0].members[0]).get("/contests/new").status_code == 403
    stranger = sign_in_as("manager")
    form = {
        "title": "Mine",
        "kinds": "guided_use",
        "teams": [str(team.id) for team in teams[:2]],
        "starts_on": "2026-04-06",
        "last_on": "2026-04-17",
        "mode": "participation",
        "do": "launch",
    }
    assert stranger.post("/contests/new", data=form).status_code == 403


def test_a_draft_is_seen_by_its_author_alone(world, sign_in_as):
    programme, teams, _ = world
    draft = make_contest(programme, by=actor(teams[0].lead), slug="secret", title="Secret race")
    author = sign_in_as(teams[0].lead)
    assert "Launch it" in author.get("/contests/secret").text
    assert "Secret race" in author.get("/boards").text
    other = sign_in_as(teams[1].lead)
    assert other.get("/contests/secret").status_code == 404
    assert "Secret race" not in other.get("/boards").text
    assert author.post("/contests/secret/step", data={"to": "submitted"}).status_code == 302
    db.session.rollback()
    assert db.session.get(Contest, draft.id).state == "scheduled"


def test_boards_list_what_runs_with_ones_own_place(world, sign_in_as):
    _, teams, _ = world
    page = sign_in_as(teams[1].members[0]).get("/boards").text
    assert "Spring race is on." in page
    assert "Launch a contest" not in page
    assert "Launch a contest" in sign_in_as(teams[0].lead).get("/boards").text


def test_boards_without_any_contest(app, sign_in_as):
    page = sign_in_as("sales_ops").get("/boards")
    assert page.status_code == 200
    assert "No contest yet" in page.text
    assert sign_in_as("sales_ops").get("/contests/new").status_code == 409


def test_my_week_shows_place_neighbours_and_what_is_left(world, sign_in_as):
    _, teams, _ = world
    page = sign_in_as(teams[1].members[0]).get("/").text
    assert "2 more days and you count for Ridge." in page
    assert "Spring race" in page
    assert "2nd" in page
    lead = sign_in_as(teams[0].lead).get("/").text
    assert "1st" in lead


def test_a_doubt_is_heard_and_answered(world, sign_in_as, at):
    _, teams, contest = world
    for instant in (contest.ends_at, contest.grace_ends_at):
        jobs.open_close_contests(instant)
    at(contest.grace_ends_at)
    rep, ops = sign_in_as(teams[1].members[0]), sign_in_as("sales_ops")
    assert "Is something wrong?" in rep.get("/contests/race").text
    rep.post("/contests/race/doubt", data={"text": "I was ill."})
    [doubt] = queries.disputes(contest.id)
    assert "I was ill." not in rep.get("/contests/race").text
    assert "I was ill." in sign_in_as("sales_ops").get("/contests/race").text
    url = f"/contests/race/doubt/{doubt.id}"
    assert rep.post(url, data={"upheld": "1"}).status_code == 403
    assert "I was ill." in ops.get("/contests/race").text
    ops.post(url, data={"upheld": "0", "answer": "Looked at it."})
    db.session.rollback()
    assert queries.disputes(contest.id)[0].state == "rejected"


def test_after_the_end_the_winners_stand_on_the_page_and_among_the_awards(world, sign_in_as, at):
    _, teams, contest = world
    last = contest.grace_ends_at + timedelta(hours=72)
    for instant in (contest.ends_at, contest.grace_ends_at, last):
        jobs.open_close_contests(instant)
    at(last)
    winner = sign_in_as(teams[0].members[0])
    page = winner.get("/contests/race").text
    assert "Who won" in page
    assert "Harbour: Team dinner" in page
    awards = winner.get("/awards").text
    assert "2 thank-yous with your name on it." in awards
    assert "On 4 days you did what this contest was about" in awards
    assert "Spring race: Team dinner" in winner.get("/").text
    assert "What this team has won" in winner.get("/teams/harbour").text
    assert sign_in_as("sales_ops").get("/awards").status_code == 200


def test_pages_read_no_more_for_more_teams(world, sign_in_as):
    _, _, contest = world
    client = sign_in_as(make_person(role="sales_ops"))

    def count(path):
        asked = []
        listener = lambda *_: asked.append(1)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listener)
        assert client.get(path).status_code == 200
        event.remove(db.engine, "before_cursor_execute", listener)
        return len(asked)

    paths = ("/contests/race", "/boards", "/awards", "/contests/new")
    few = [count(path) for path in paths]
    for n in range(5):
        make_team(3, name=f"More {n}")
    with transaction():
        boards.refresh(contest.board_id, MIDWAY + timedelta(minutes=1))
    assert [count(path) for path in paths] == few


def test_a_page_looked_at_again_is_sent_as_it_was_without_counting_anything(world, sign_in_as, at):
    _, teams, contest = world
    client = sign_in_as(teams[1].members[0])
    first = client.get("/contests/race")
    with asking() as asked:
        assert client.get("/contests/race").data == first.data
    assert len(asked) == 1
    other = sign_in_as(teams[0].members[0]).get("/contests/race")
    assert other.data != first.data
    make_usage(world[0], teams[1].members[0], FOUR[2:])
    with transaction():
        boards.refresh(contest.board_id, MIDWAY + timedelta(minutes=15))
    assert client.get("/contests/race").data != first.data
