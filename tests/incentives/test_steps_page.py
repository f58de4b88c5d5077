"""The page of a contest's difficult steps: who sees it, what it offers, and the two-person rule."""

from datetime import timedelta

import pytest

from core.db import db
from incentives import jobs, queries
from incentives.models import Contest, Disqualification, SecondYes
from incentives.queries import life, steering
from incentives.services.contests import PrizePlan
from leaderboard.models import Board
from tests.factories.adoption import make_usage
from tests.factories.incentives import BEFORE, MONDAY, make_scheduled
from tests.factories.people import make_absence, make_change, make_person, make_team, writing
from tests.factories.programme import make_programme

pytestmark = pytest.mark.sqlite_only
DAY = timedelta(days=1)
MONEY = (PrizePlan(title="Team dinner", place=1, cost_minor=50_000),)


@pytest.fixture
def world(app):
    programme = make_programme(prize_allowance_minor=0)
    teams = [make_team(4, name="Harbour"), make_team(3, name="Ridge"), make_team(3, name="Quay")]
    for rep in (*teams[0].members, teams[1].members[0]):
        make_usage(programme, rep, [MONDAY + n * DAY for n in (0, 1, 7, 8)])
    return make_scheduled(programme, prizes=MONEY), teams


def url(contest, *rest):
    return "/".join([f"/contests/{contest.slug}/steps", *map(str, rest)])


def fresh(contest):
    db.session.expire_all()
    return db.session.get(Contest, contest.id)


def ops():
    return make_person(role="sales_ops", enabled_on=None)


def test_who_may_look_and_who_may_not(world, sign_in_as):
    contest, teams = world
    assert sign_in_as(ops()).get(url(contest)).status_code == 200
    assert sign_in_as("rep").get(url(contest)).status_code == 403
    assert sign_in_as(teams[0].lead).get(url(contest)).status_code == 403
    assert sign_in_as(ops()).get("/contests/unknown/steps").status_code == 404


def test_calling_off_takes_two_where_money_is_at_stake(world, sign_in_as, at):
    contest, _ = world
    at(BEFORE)
    first, second = sign_in_as(ops()), sign_in_as(ops())
    page = first.post(
        url(contest, "cancel"), data={"reason_cancel": "The tool is down."}, follow_redirects=True
    ).text
    assert "It waits for one of" in page
    assert fresh(contest).state == "scheduled"
    request = life.open_seconds(contest.id)[0]
    own = first.post(url(contest, "second", request.id), data={"yes": "1"})
    assert own.status_code == 403
    assert "The tool is down." in second.get(url(contest)).text
    second.post(url(contest, "second", request.id), data={"yes": "1"})
    assert fresh(contest).state == "cancelled"


def test_refused_or_taken_back_nothing_happens(world, sign_in_as, at):
    contest, _ = world
    at(BEFORE)
    first, second = sign_in_as(ops()), sign_in_as(ops())
    for who, state in ((second, "refused"), (first, "withdrawn")):
        first.post(url(contest, "cancel"), data={"reason_cancel": "The tool is down."})
        request = life.open_seconds(contest.id)[0]
        who.post(url(contest, "second", request.id), data={"yes": "0"})
        assert db.session.get(SecondYes, request.id).state == state
    assert fresh(contest).state == "scheduled"
    assert first.post(url(contest, "second", request.id), data={"yes": "1"}).status_code == 404


def test_alone_the_page_says_so_and_the_word_is_recorded(world, sign_in_as, at):
    contest, _ = world
    at(BEFORE)
    only = sign_in_as(ops())
    assert "your word alone is recorded as such" in only.get(url(contest)).text
    page = only.post(
        url(contest, "cancel"), data={"reason_cancel": "No budget."}, follow_redirects=True
    ).text
    assert "Nobody else could confirm it" in page
    assert fresh(contest).state == "cancelled"


def test_left_out_after_a_look_and_taken_back_in(world, sign_in_as, at):
    contest, teams = world
    jobs.open_close_contests(fresh(contest).starts_at)
    at(fresh(contest).starts_at + 8 * DAY)
    first, second = sign_in_as(ops()), sign_in_as(ops())
    asked = {
        "who": "Harbour",
        "code": "gaming",
        "reason_out": "Events by a script.",
        "do": "preview",
    }
    looked = first.post(url(contest, "leave-out"), data=asked).text
    assert "left out" in looked
    assert life.left_out(contest.id) == ()
    first.post(url(contest, "leave-out"), data=asked | {"do": "take"})
    second.post(url(contest, "leave-out"), data=asked | {"do": "take"})
    [row] = life.left_out(contest.id)
    assert (row.team_id, row.code) == (teams[0].id, "gaming")
    assert row.second_id is not None
    first.post(
        url(contest, "restore", row.id), data={f"reason_back_{row.id}": "It was a test run."}
    )
    assert db.session.get(Disqualification, row.id).restored_because == "It was a test run."
    unknown = first.post(
        url(contest, "leave-out"), data=asked | {"who": "Nobody"}, follow_redirects=True
    )
    assert "no such team or person" in unknown.text


def test_a_final_contest_offers_amending_and_its_awards(world, sign_in_as, at):
    contest, _ = world
    row = fresh(contest)
    for instant in (row.starts_at, row.ends_at, row.grace_ends_at, row.grace_ends_at + 3 * DAY):
        jobs.open_close_contests(instant)
    at(row.grace_ends_at + 4 * DAY)
    visitor = sign_in_as(ops())
    page = visitor.get(url(contest)).text
    assert "Amend the result" in page
    assert "Team dinner" in page
    assert "Call it off" not in page
    looked = visitor.post(url(contest, "amend"), data={"cause": "roster", "do": "preview"}).text
    assert "would change" in looked
    same = visitor.post(
        url(contest, "amend"),
        data={"cause": "roster", "reason_amend": "x", "do": "take"},
        follow_redirects=True,
    )
    assert "the result is the same" in same.text
    [award] = life.awards_in_force(contest.id)
    visitor.post(
        url(contest, "awards", award.id),
        data={"do": "reverse", f"reason_award_{award.id}": "Wrong team."},
    )
    db.session.expire_all()
    assert life.awards_in_force(contest.id) == ()


def final(contest):
    row = fresh(contest)
    for instant in (row.starts_at, row.ends_at, row.grace_ends_at, row.grace_ends_at + 3 * DAY):
        jobs.open_close_contests(instant)
    return fresh(contest)


def test_everybody_reads_an_amendment_with_old_and_new_places(world, sign_in_as, at):
    contest, teams = world
    row = final(contest)
    with writing():
        for rep in teams[0].members[1:]:
            make_absence(rep, MONDAY, MONDAY + 20 * DAY)
            make_change(rep)
    at(row.final_at + DAY)
    only = sign_in_as(ops())
    asked = {"cause": "roster", "reason_amend": "Leave was missing.", "do": "take"}
    only.post(url(contest, "amend"), data=asked)
    assert fresh(contest).rev == 2
    page = sign_in_as(teams[2].members[0]).get(f"/contests/{contest.slug}").text
    assert "The result was amended" in page
    assert "Leave was missing." in page
    [found] = steering.amendments(fresh(contest))
    assert found.rev == 2
    assert ("Harbour", 1, None) in found.places
    assert ("Ridge", 2, 1) in found.places


def test_the_thanks_for_an_award_taken_back_are_shown_no_more(world, sign_in_as, at):
    contest, teams = world
    row = final(contest)
    at(row.final_at + DAY)
    assert len(queries.thanks()) == len(teams[0].members)
    [award] = life.awards_in_force(contest.id)
    told = {"do": "reverse", f"reason_award_{award.id}": "Wrong team."}
    sign_in_as(ops()).post(url(contest, "awards", award.id), data=told)
    assert queries.thanks() == ()


def test_while_places_are_covered_only_who_decides_looks_at_what_would_change(
    world, sign_in_as, at
):
    contest, _ = world
    boss = make_person(role="executive", enabled_on=None)
    with writing():
        board = db.session.get(Board, contest.board_id)
        board.hides_at = contest.ends_at - DAY
    jobs.open_close_contests(contest.starts_at)
    at(fresh(contest).ends_at - timedelta(hours=1))
    assert "Places are covered" in sign_in_as(boss).get(url(contest)).text
    assert "Places are covered" not in sign_in_as(ops()).get(url(contest)).text


def test_at_the_terminal_a_step_for_two_says_for_whom_it_waits(world, app):
    contest, _ = world
    first, second = ops(), ops()
    base = ["contests", "advance", contest.slug, "--to", "cancelled", "--reason", "No.", "--as-of"]
    given = [*base, BEFORE.isoformat(), "--by"]
    asked = app.test_cli_runner().invoke(args=[*given, first.key])
    assert asked.exit_code == 1
    assert second.name in asked.output
    assert fresh(contest).state == "scheduled"
    done = app.test_cli_runner().invoke(args=[*given, second.key])
    assert done.exit_code == 0
    assert "is cancelled" in done.output
