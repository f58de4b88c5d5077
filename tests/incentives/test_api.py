"""CONTRACT 6 over HTTP: exact keys, own part, covered numbers, names only for one's own."""

from datetime import UTC, datetime, timedelta

import pytest

from core.db import db, transaction
from leaderboard import services as boards
from leaderboard.models import Board
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, make_contest, make_scheduled
from tests.factories.people import make_account, make_person, make_team, writing
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
FOUR = [MONDAY + n * DAY for n in (0, 1, 7, 8)]
LATER = datetime(2026, 3, 16, 12, tzinfo=UTC)
URL = "/api/v1/contests"
ROW = {
    *("unit", "rank", "score", "points", "headcount"),
    *("roster", "participants", "ranked", "reason"),
}


@pytest.fixture
def world(app, at):
    at(LATER)
    programme = make_programme()
    teams = [make_team(5, name="Harbour"), make_team(4, name="Ridge"), make_team(2, name="Duo")]
    for rep in (*teams[0].members, *teams[1].members[:2]):
        make_usage(programme, rep, FOUR)
    contest = make_scheduled(programme, slug="race", freeze_hours=24)
    return programme, teams, contest


def test_standings_for_a_rep(world, sign_in_as):
    _, teams, _ = world
    client = sign_in_as(teams[1].members[0])
    found = client.get(f"{URL}/race/standings?as_of=2026-03-12T00:00:00Z").json
    assert set(found) == {
        *("contest", "title", "state", "mode", "unit", "start", "end", "time_zone"),
        *("rules_hash", "frozen", "provisional", "as_of", "rows", "me"),
    }
    assert all(set(row) == ROW for row in found["rows"])
    assert [(row["unit"], row["rank"], row["score"]) for row in found["rows"]] == [
        ("Harbour", 1, 1),
        ("Ridge", 2, 0.5),
        ("Duo", None, 0),
    ]
    assert found["rows"][2]["reason"] == "too_small"
    assert not found["frozen"]
    assert found["me"]["unit"] == "Ridge"
    assert (found["me"]["active_days"], found["me"]["asked_days"], found["me"]["met"]) == (
        4,
        4,
        True,
    )


def test_case_36_from_the_hour_of_hiding_everybody_gets_the_snapshot_but_ops(world, sign_in_as):
    programme, teams, contest = world
    late = teams[1].members[2]
    make_usage(programme, late, [MONDAY + n * DAY for n in (2, 3, 4, 13)])
    rep, ops = sign_in_as(late), sign_in_as("sales_ops")
    shown = rep.get(f"{URL}/race/standings").json
    assert shown["frozen"]
    assert next(row for row in shown["rows"] if row["unit"] == "Ridge")["participants"] == 2
    assert shown["me"]["active_days"] == 4
    later = rep.get(f"{URL}/race/standings?as_of={LATER.isoformat().replace('+00:00', 'Z')}").json
    assert later["rows"] == shown["rows"]
    with transaction():
        boards.refresh(contest.board_id, LATER)
        boards.keep_snapshot_if_due(contest.board_id, LATER)
    assert rep.get(f"{URL}/race/standings").json["rows"] == shown["rows"]
    behind = ops.get(f"{URL}/race/standings").json
    assert not behind["frozen"]
    assert next(row for row in behind["rows"] if row["unit"] == "Ridge")["participants"] == 3
    explained = rep.get(f"{URL}/race/explain?unit=Ridge").json
    assert all(
        entry["occurred_at"] < "2026-03-15T05"
        for person in explained["people"]
        for entry in person["entries"]
    )


def test_entries_name_people_only_to_their_own(world, sign_in_as):
    _, teams, _ = world
    client = sign_in_as(teams[0].members[0])
    own = client.get(f"{URL}/race/explain?unit=Harbour").json
    assert {person["person"] for person in own["people"]} == {rep.name for rep in teams[0].members}
    other = client.get(f"{URL}/race/explain?unit=Ridge").json
    assert {person["person"] for person in other["people"]} == {f"Rep {n}" for n in (1, 2, 3, 4)}
    assert other["people"][0]["entries"][0]["reason"] == "counted"
    assert client.get(f"{URL}/race/explain?unit=Nobody").status_code == 404
    assert client.get(f"{URL}/race/explain").status_code == 404


def test_case_35_who_opted_out_is_named_to_nobody(world, sign_in_as):
    _, teams, _ = world
    shy = teams[0].members[1]
    with writing():
        db.session.get(type(shy), shy.id).ranking_opt_out = True
        name = shy.name
        make_account(teams[0].members[0])
    for client in (sign_in_as(teams[0].members[0]), sign_in_as("sales_ops")):
        assert name not in client.get(f"{URL}/race/explain?unit=Harbour").text
    found = client.get(f"{URL}/race/standings").json
    assert found["rows"][0]["participants"] == 5


def test_drafts_are_their_authors_secret(world, sign_in_as):
    programme, teams, _ = world
    make_contest(programme, slug="secret")
    rep, ops = sign_in_as(teams[0].members[0]), sign_in_as("sales_ops")
    assert rep.get(f"{URL}/secret").status_code == 404
    assert rep.get(f"{URL}/nowhere").json["detail"] == rep.get(f"{URL}/secret").json["detail"]
    assert [found["contest"] for found in rep.get(URL).json["contests"]] == ["race"]
    assert {found["contest"] for found in ops.get(URL).json["contests"]} == {"race", "secret"}


def test_one_contest_with_its_terms(world, sign_in_as):
    found = sign_in_as("executive").get(f"{URL}/race").json
    assert found["terms"]["target_days"] == "2"
    assert found["ends_at"] == "2026-03-16T04:00:00Z"
    assert found["final_at"] is None


def test_nobody_and_bad_instants(world, client, sign_in_as):
    assert client.get(f"{URL}/race/standings").status_code == 401
    rep = sign_in_as()
    bad = rep.get(f"{URL}/race/standings?as_of=2026-03-12T00:00:00")
    assert bad.status_code == 422
    assert bad.json["field"] == "as_of"


def test_the_number_of_questions_to_the_database_does_not_grow_with_the_rows(world, sign_in_as):
    from sqlalchemy import event

    programme, teams, contest = world
    client = sign_in_as(make_person(role="sales_ops"))
    with transaction():
        boards.refresh(contest.board_id, LATER)

    def count() -> int:
        asked = []
        listener = lambda *_: asked.append(1)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listener)
        assert client.get(f"{URL}/race/standings").status_code == 200
        event.remove(db.engine, "before_cursor_execute", listener)
        return len(asked)

    few = count()
    for n in range(4):
        make_team(3, name=f"More {n}")
    with transaction():
        boards.refresh(contest.board_id, LATER + timedelta(minutes=1))
    assert db.session.get(Board, contest.board_id).version > 1
    assert count() == few
    assert len(teams) == 3
    assert programme.id
