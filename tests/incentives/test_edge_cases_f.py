"""Edge cases of contests as their pages, documents and files show them (CONTESTS, the table)."""

import csv
import io
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from core.db import db, transaction
from incentives import jobs
from leaderboard import services as boards
from leaderboard.models import Standing
from leaderboard.queries import reads
from people.models import Person, TeamMembership
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, make_scheduled
from tests.factories.people import make_change, make_membership, make_team, writing
from tests.factories.programme import make_programme

pytestmark = pytest.mark.sqlite_only
DAY = timedelta(days=1)
FOUR = [MONDAY + n * DAY for n in (0, 1, 7, 8)]
MIDWAY = datetime(2026, 3, 11, 15, tzinfo=UTC)
NEAR_END = datetime(2026, 3, 15, 15, tzinfo=UTC)
URL = "/api/v1/contests/race"


@pytest.fixture
def race(app, at):
    """Harbour and Ridge of four race; all of Harbour has done what is asked."""
    at(MIDWAY)
    programme = make_programme()
    harbour, ridge = make_team(4, name="Harbour"), make_team(4, name="Ridge")
    for rep in harbour.members:
        make_usage(programme, rep, FOUR)
    contest = make_scheduled(programme, slug="race", title="Spring race", freeze_hours=48)
    jobs.open_close_contests(MIDWAY)
    refresh(contest)
    return programme, harbour, ridge, contest


def refresh(contest, as_of: datetime = MIDWAY) -> None:
    with transaction():
        boards.refresh(contest.board_id, as_of)
        boards.keep_snapshot_if_due(contest.board_id, as_of)
    db.session.rollback()


def rows(client, **asked: str) -> dict[str, dict]:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return {row["unit"]: row for row in client.get(f"{URL}/standings?{query}").json["rows"]}


def in_file(client, **asked: str) -> dict[str, dict[str, str]]:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    text = client.get(f"/boards/race/board.csv?{query}").text.lstrip("\ufeff")
    return {row["Name"]: row for row in csv.DictReader(io.StringIO(text))}


def test_case_11_two_reps_are_shown_with_the_reason_and_without_a_place(race, sign_in_as):
    programme, _, _, contest = race
    duo = make_team(2, name="Duo")
    for rep in duo.members:
        make_usage(programme, rep, FOUR)
    refresh(contest)
    for who in (duo.members[0], duo.lead, "executive"):
        page = sign_in_as(who).get("/contests/race").text
        below = page[page.index("Not ranked yet") :]
        assert "Duo" in below
        assert "Fewer than three reps" in below
        assert "explain?unit=Duo" not in page[: page.index("lanes-key")]
    lead = sign_in_as(duo.lead)
    found = rows(lead)["Duo"]
    assert (found["rank"], found["ranked"], found["reason"]) == (None, False, "too_small")
    assert in_file(lead)["Duo"]["Not ranked because"] == "Fewer than three reps"


def test_case_13_a_mover_counts_half_and_half_and_takes_no_credit_along(race, sign_in_as):
    _, harbour, ridge, contest = race
    mover, half = harbour.members[0], MONDAY + 7 * DAY
    with writing():
        db.session.query(TeamMembership).filter_by(person_id=mover.id).one().ends_on = half
    make_membership(mover, ridge, starts_on=half)
    make_change(mover)
    refresh(contest)
    table = {row.unit_name: row for row in db.session.query(Standing)}
    headcount = {name: Fraction(row.headcount) for name, row in table.items()}
    assert headcount == {"Harbour": Fraction(7, 2), "Ridge": Fraction(9, 2)}
    # Two of the mover's days belong to where they were then, two to where they are now.
    assert {name: row.points for name, row in table.items()} == {"Harbour": "140", "Ridge": "20"}
    client = sign_in_as("sales_ops")
    for team, days in (("Harbour", FOUR[:2]), ("Ridge", FOUR[2:])):
        found = client.get(f"{URL}/explain?unit={team}").json["people"]
        mine = next(each for each in found if each["person"] == mover.name)
        assert [entry["day"] for entry in mine["entries"]] == [day.isoformat() for day in days]
        assert mover.name in client.get(f"/contests/race/explain?unit={team}").text
    assert in_file(client)["Ridge"]["Points"] == "20"


def test_case_35_who_is_not_listed_keeps_the_place_and_the_teams_total(race, sign_in_as):
    _, harbour, _, contest = race
    ops = sign_in_as("sales_ops")
    before, kept = rows(ops), in_file(ops)
    with writing():
        db.session.get(Person, harbour.members[0].id).ranking_opt_out = True
    refresh(contest)
    assert rows(ops) == before
    assert {k: v | {"As of": ""} for k, v in in_file(ops).items()} == {
        k: v | {"As of": ""} for k, v in kept.items()
    }
    page = sign_in_as(harbour.members[1]).get("/contests/race").text
    assert "1 colleague not listed" in page
    assert harbour.members[0].name not in page
    opened = ops.get(f"{URL}/explain?unit=Harbour").json["people"]
    assert len(opened) == 4
    assert harbour.members[0].name not in [person["person"] for person in opened]


def test_case_36_within_the_freeze_no_surface_differs_from_the_snapshot(race, sign_in_as, at):
    programme, harbour, ridge, contest = race
    hides_at = contest.ends_at - timedelta(hours=48)
    refresh(contest, hides_at)
    for rep in ridge.members:
        make_usage(programme, rep, FOUR, received_at=NEAR_END - timedelta(hours=1))
    at(NEAR_END)
    refresh(contest, NEAR_END)
    live = {p.unit: p.participants for p in reads.live_places(contest.board_id)}
    kept = {p.unit: p.participants for p in reads.frozen_places(contest.board_id, reads.SNAPSHOT)}
    assert (live["Ridge"], kept["Ridge"]) == (4, 0)
    for who in (harbour.members[0], ridge.members[0], ridge.lead, "executive"):
        client = sign_in_as(who)
        pages = ["/contests/race", "/contests/race?all=1", "/contests/race/board?v=0", "/boards"]
        pages += ["/boards/race", "/boards/race?at=2026-03-15T10:30"]
        for path in pages:
            text = client.get(path).text
            assert "4 of 4 reps, 100% adjusted" not in text or kept["Harbour"] == 4, path
            lane = text[text.index("Ridge") :] if "Ridge" in text else ""
            assert "4 of 4" not in lane[:400], (path, who)
        asked = {} if who != "executive" else {"as_of": "2026-03-15T14:30:00Z"}
        assert {unit: row["participants"] for unit, row in rows(client, **asked).items()} == kept
        own = client.get("/").text
        assert "4 of 4 on target" not in own[own.find("Ridge") :][:300]
    lead, ops = sign_in_as(ridge.lead), sign_in_as("sales_ops")
    assert {name: int(row["On target"]) for name, row in in_file(lead).items()} == kept
    assert {name: int(row["On target"]) for name, row in in_file(ops).items()} == live
    assert {unit: row["participants"] for unit, row in rows(ops).items()} == live
    # Nobody reads the end of the race from the entries either; one's own days one always sees.
    opened = lead.get(f"{URL}/explain?unit=Ridge").json["people"]
    assert all(person["entries"] == [] for person in opened)
    assert "4 days" in sign_in_as(ridge.members[0]).get("/contests/race").text
