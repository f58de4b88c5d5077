"""Boards without an end, any board at any moment, its file, and what is behind a row."""

import csv
import io
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from core.db import db, transaction
from core.errors import Conflict, Invalid
from core.policy import SYSTEM
from leaderboard import jobs, services
from leaderboard.models import Board, StandingDay
from leaderboard.queries import checks, history, reads
from leaderboard.rules import seats
from leaderboard.rules.seats import Seat
from leaderboard.rules.standing import Mode
from leaderboard.services import openended
from leaderboard.services.openended import OpenKind, StandingPlan
from people.models import TeamMembership
from tests.factories.adoption import make_usage
from tests.factories.leaderboard import MONDAY, make_board
from tests.factories.people import make_membership, make_team, writing
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 11, 16, tzinfo=UTC)
FOUR = [MONDAY + n * DAY for n in (0, 1, 7, 8)]


@pytest.fixture
def world(app, at):
    """Two teams of three in a programme launched on Monday 2 March; it is the Wednesday after."""
    at(NOON)
    programme = make_programme(key_actions=["guided_use"])
    harbour, ridge = make_team(3, name="Harbour"), make_team(3, name="Ridge")
    for rep in harbour.members:
        make_usage(programme, rep, FOUR)
    make_usage(programme, ridge.members[0], FOUR[:2])
    return programme, harbour, ridge


def opened(programme, **given) -> Board:
    plan = StandingPlan(**{"slug": "always", "title": "Always on", **given})
    with writing():
        return openended.open_standing(programme.id, plan, actor=SYSTEM, now=NOON)


def run(as_of: datetime) -> None:
    assert jobs.roll_boards(as_of)["failed"] == 0
    assert jobs.refresh_boards(as_of)["failed"] == 0
    db.session.rollback()


def places(board: Board) -> dict[str, tuple[int | None, Fraction | None]]:
    return {place.unit: (place.rank, place.score) for place in reads.live_places(board.id)}


def test_a_standing_board_counts_from_the_launch_to_today_and_goes_on(world):
    programme, _, ridge = world
    board = opened(programme)
    assert (board.starts_on, board.ends_on) == (MONDAY, NOON.date() + DAY)
    run(NOON)
    # Eight working days so far ask four active days of each.
    assert places(board) == {"Harbour": (1, Fraction(1)), "Ridge": (2, Fraction(0))}
    make_usage(programme, ridge.members[0], [MONDAY + 9 * DAY, MONDAY + 10 * DAY])
    run(NOON + 3 * DAY)
    db.session.refresh(board)
    assert board.ends_on == NOON.date() + 4 * DAY
    assert places(board)["Ridge"] == (2, Fraction(1, 3))
    assert checks.differs(board) is False


def test_three_days_late_leaves_what_every_day_would_have_left(world):
    programme, _, _ = world
    daily, late = opened(programme), opened(programme, slug="late", title="Late")

    def follow(board: Board, as_of: datetime) -> None:
        with transaction():
            openended.roll(board.id, as_of)
            services.refresh(board.id, as_of)

    for board in (daily, late):
        follow(board, NOON)
    for day in range(1, 4):
        follow(daily, NOON + day * DAY)
    follow(late, NOON + 3 * DAY)
    kept = [
        sorted(
            (row.unit_id, row.local_day, row.rank, row.score)
            for row in db.session.query(StandingDay).filter_by(board_id=board.id)
        )
        for board in (daily, late)
    ]
    assert kept[0] == kept[1] != []
    assert places(daily) == places(late)
    with transaction():
        assert not openended.roll(late.id, NOON + 3 * DAY)


def test_an_all_time_board_begins_with_the_first_use_there_is(world):
    programme, harbour, _ = world
    early = MONDAY - 30 * DAY
    make_usage(programme, harbour.members[0], [early])
    board = opened(programme, kind=OpenKind.ALL_TIME, mode=Mode.TOTAL)
    run(NOON)
    assert board.starts_on == early
    assert {place.unit: place.points for place in reads.live_places(board.id)}["Harbour"] == 13


def test_a_playbook_opens_and_changes_boards_and_twice_is_once(world):
    programme, _, _ = world
    plan = StandingPlan(slug="always", title="Always on")
    other = StandingPlan(slug="always", title="Since launch", daily_cap=2)
    with transaction():
        assert openended.define_boards(programme.id, [plan], actor=SYSTEM, now=NOON)
        assert not openended.define_boards(programme.id, [plan], actor=SYSTEM, now=NOON)
        said = openended.define_boards(programme.id, [other], actor=SYSTEM, now=NOON)
    assert said == ["board always: changed"]
    make_board(programme, slug="taken")
    taken = StandingPlan(slug="taken", title="Taken")
    with pytest.raises(Invalid), transaction():
        openended.define_boards(programme.id, [taken], actor=SYSTEM, now=NOON)
    with pytest.raises(Conflict), transaction():
        openended.open_standing(programme.id, taken, actor=SYSTEM, now=NOON)


@pytest.mark.sqlite_only
def test_case_13_a_move_takes_no_credit_along_at_any_moment(world, sign_in_as):
    programme, harbour, ridge = world
    mover = harbour.members[0]
    board = opened(programme, mode=Mode.TOTAL)
    run(NOON)
    before = {place.unit: place.points for place in reads.live_places(board.id)}
    with writing():
        left = db.session.query(TeamMembership).filter_by(person_id=mover.id).one()
        left.ends_on = NOON.date() + DAY
    make_membership(mover, ridge, starts_on=NOON.date() + DAY)
    make_usage(programme, mover, [NOON.date() + DAY])
    run(NOON + DAY)
    after = {place.unit: place.points for place in reads.live_places(board.id)}
    assert after == {"Harbour": before["Harbour"], "Ridge": before["Ridge"] + 1}
    page = sign_in_as("sales_ops").get("/boards/always?at=2026-03-11T11:30").text
    assert "As it stood Wed 11 Mar, 11:30" in page


@pytest.mark.sqlite_only
def test_case_11_a_team_of_two_is_shown_and_not_ranked(world, sign_in_as):
    programme, _, _ = world
    duo = make_team(2, name="Duo")
    for rep in duo.members:
        make_usage(programme, rep, FOUR)
    opened(programme)
    run(NOON)
    for who in (duo.members[0], "manager"):
        page = sign_in_as(who).get("/boards/always").text
        assert "Not ranked yet" in page
        assert page.index("Duo") > page.index("Not ranked yet")
        assert "Fewer than three reps" in page
    found = [row for row in file_of(sign_in_as("manager"), "always") if row["Name"] == "Duo"]
    assert [(row["Place"], row["Not ranked because"]) for row in found] == [
        ("", "Fewer than three reps")
    ]


def file_of(client, slug: str, **asked: str) -> list[dict[str, str]]:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    answer = client.get(f"/boards/{slug}/board.csv?{query}")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


@pytest.mark.sqlite_only
def test_a_board_is_shown_as_it_stood_at_any_moment(world, sign_in_as):
    opened(world[0])
    run(NOON)
    client = sign_in_as("manager")
    now = {row["Name"]: row["On target"] for row in file_of(client, "always")}
    then = {
        row["Name"]: row["On target"] for row in file_of(client, "always", at="2026-03-02T23:00")
    }
    assert now == {"Harbour": "3", "Ridge": "0"}
    # By the end of the first day one active day was asked, and four reps had one.
    assert then == {"Harbour": "3", "Ridge": "1"}
    assert "still to play for" in client.get("/boards/always?at=2026-02-20T12:00").text
    for bad in ("yesterday", "0001-01-01T00:00", "9999-12-31T23:59", "2026-13-01"):
        assert client.get(f"/boards/always?at={bad}").status_code == 422, bad
    ahead = client.get("/boards/always?at=2026-12-01T00:00").text
    assert "As of" in ahead


@pytest.mark.sqlite_only
def test_case_36_within_the_freeze_every_surface_serves_the_snapshot(world, sign_in_as):
    programme, harbour, ridge = world
    hides_at = NOON - timedelta(hours=30)
    board = make_board(programme, slug="race", title="Race", hides_at=hides_at)
    with writing():
        services.list_board(board.id)
    run(hides_at)
    for rep in ridge.members:
        make_usage(programme, rep, FOUR, received_at=NOON - timedelta(hours=1))
    run(NOON)
    kept = {place.unit: str(place.participants) for place in reads.snapshot_table(board).places}
    live = {place.unit: str(place.participants) for place in reads.live_places(board.id)}
    assert kept != live
    lead, ops = sign_in_as(harbour.lead), sign_in_as("sales_ops")
    for at in ("", "2026-03-11T11:59", "2026-03-10T23:00"):
        assert {r["Name"]: r["On target"] for r in file_of(lead, "race", at=at)} == kept, at
        page = lead.get(f"/boards/race?at={at}").text
        assert "Covered since" in page
        assert f"{kept['Ridge']} of 3 reps on target" in page
        assert f"{live['Ridge']} of 3 reps on target" not in page
    listed = lead.get("/boards").text
    assert "Covered until the result" in listed
    assert f"{live['Ridge']} of 3 on target" not in listed
    assert {r["Name"]: r["On target"] for r in file_of(ops, "race")} == live
    shown = history.shown(board, sees_through=False, as_of=None, now=NOON)
    assert {place.unit: str(place.participants) for place in shown.places} == kept


@pytest.mark.sqlite_only
def test_the_file_is_for_whom_the_matrix_names(world, sign_in_as, client):
    _, harbour, _ = world
    opened(world[0])
    run(NOON)
    for role in ("manager", "director", "sales_ops", "executive"):
        assert sign_in_as(role).get("/boards/always/board.csv").status_code == 200, role
    for who in (harbour.members[0], "admin"):
        reader = sign_in_as(who)
        assert reader.get("/boards/always/board.csv").status_code == 403
        assert "board.csv" not in reader.get("/boards/always").text
    assert client.get("/boards/always/board.csv").status_code == 302
    assert sign_in_as("manager").get("/boards/nowhere/board.csv").status_code == 404


@pytest.mark.sqlite_only
def test_a_score_opens_to_its_events_with_caps_and_reasons_in_plain_words(world, sign_in_as):
    programme, harbour, _ = world
    make_usage(programme, harbour.members[0], [FOUR[0]])
    opened(programme)
    run(NOON)
    page = sign_in_as(harbour.lead).get("/boards/always/explain?unit=Harbour").text
    assert harbour.members[0].name in page
    assert "5 events: 4 counted, 1 over the daily cap." in page
    assert "0 points: over the daily cap." in page
    other = sign_in_as("manager").get("/boards/always/explain?unit=Harbour").text
    assert harbour.members[0].name not in other
    assert "Rep 1" in other
    assert sign_in_as("manager").get("/boards/always/explain?unit=Nobody").status_code == 404


@pytest.mark.sqlite_only
def test_sales_operations_opens_a_board_and_nobody_else(world, sign_in_as):
    ops = sign_in_as("sales_ops")
    given = {"title": "Since launch", "kind": "standing", "mode": "participation"}
    assert "Keep a board that is always on" in ops.get("/boards").text
    answer = ops.post("/boards", data=given)
    assert answer.headers["Location"] == "/boards/since-launch"
    run(NOON)
    assert "Harbour leads, 3 of 3 reps on target." in ops.get("/boards/since-launch").text
    assert ops.post("/boards", data=given).headers["Location"] == "/boards/since-launch-2"
    for bad in ({"title": " "}, {"kind": "season"}, {"mode": "improvement"}, {"mode": "x"}):
        assert ops.post("/boards", data=given | bad).status_code == 422, bad
    assert sign_in_as("manager").post("/boards", data=given).status_code == 404
    assert sign_in_as("rep").post("/boards", data=given).status_code == 403
    assert "Always on" in sign_in_as("rep").get("/boards").text


def test_who_sits_near_sees_the_podium_and_two_neighbours_and_nobody_last():
    rows = [Row(n, n) for n in range(1, 13)]

    def seen(own: int, seat: Seat = Seat.NEAR) -> list[int]:
        return [row.unit_id for row in seats.seen(rows, {own}, seat)]

    assert seen(0) == [1, 2, 3]
    assert seen(6) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert seen(10) == [1, 2, 3, 8, 9, 10, 11]
    assert seen(12) == [1, 2, 3, 10, 11, 12]
    assert seen(12, Seat.ALL) == list(range(1, 13))
    tied = [Row(n, 1) for n in range(1, 13)]
    assert [row.unit_id for row in seats.seen(tied, {9}, Seat.NEAR)] == [1, 2, 3, 9]


class Row:
    """A row as far as seats ask."""

    division = None

    def __init__(self, unit_id: int, rank: int | None) -> None:
        self.unit_id, self.rank = unit_id, rank
