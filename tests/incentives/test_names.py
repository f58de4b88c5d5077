"""One function decides how boards name a person; here every surface is walked to see that it holds.

The walk finds the addresses by itself, so that a page added later is walked too.
"""

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import now as clock_now
from core.db import db, transaction
from core.outbox import OutboxLetter
from incentives import jobs
from incentives.models import Award, Contest
from incentives.services.contests import PrizePlan
from leaderboard import services as boards
from people.models import Person
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, make_scheduled
from tests.factories.people import make_account, make_team, writing
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
LATER = datetime(2026, 4, 1, 15, tzinfo=UTC)
ROOMS = ("leaderboard", "leaderboard_api", "incentives", "incentives_api")
ROLES = ("manager", "director", "sales_ops", "executive", "admin")
# What must be among what is walked; further pages of the rooms are walked as they come.
SURFACES = {
    "/",
    "/awards",
    "/boards",
    "/contests/over",
    "/contests/over/board",
    "/contests/over/explain",
    "/contests/open",
    "/contests/open/board",
    "/contests/open/explain",
    "/api/v1/contests",
    "/api/v1/contests/open",
    "/api/v1/contests/open/standings",
    "/api/v1/contests/open/explain",
}


@pytest.fixture
def world(app, at):
    """A contest that is over, with its awards and thanks, and one that runs; two shy reps."""
    programme = make_programme(prize_allowance_minor=10**6)
    teams = [make_team(5, name="Harbour"), make_team(5, name="Ridge")]
    prizes = (PrizePlan(title="Team dinner", place=1),)
    over = make_scheduled(programme, slug="over", title="Race that is over", prizes=prizes)
    start = MONDAY + 28 * DAY
    make_scheduled(
        programme, slug="open", title="Race that runs", starts_on=start, last_on=start + 13 * DAY
    )
    for rep in teams[0].members:
        make_usage(programme, rep, [MONDAY + n * DAY for n in (0, 1, 7, 8, 28, 29)])
    with writing():
        hidden, masked = (db.session.get(Person, rep.id) for rep in teams[0].members[:2])
        hidden.name, hidden.ranking_opt_out = "Quintessa Vanish", True
        hidden.alias = "Nightjar Nine"
        masked.name, masked.alias = "Bartholomew Mask", "Blue Heron"
        for rep in teams[0].members:
            make_account(rep)
    for instant in (over.starts_at, over.ends_at, over.grace_ends_at):
        jobs.open_close_contests(instant)
    jobs.open_close_contests(over.grace_ends_at + timedelta(hours=73))
    jobs.open_close_contests(LATER)
    at(LATER)
    for contest in db.session.query(Contest).all():
        with transaction():
            boards.refresh(contest.board_id, clock_now())
    db.session.rollback()
    return teams


def surfaces(app) -> list[str]:
    """Every page of the rooms of boards that can be asked for by these contests and teams."""
    fills = {"slug": ("over", "open"), "unit": ("Harbour",), "team_id": ("1",)}
    paths = {"/"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] not in ROOMS or "GET" not in (rule.methods or ()):
            continue
        if rule.arguments - set(fills):
            continue
        for slug in fills["slug"] if "slug" in rule.arguments else ("",):
            values = {name: fills[name][0] for name in rule.arguments} | {"slug": slug}
            built = rule.build({name: values[name] for name in rule.arguments})
            assert built is not None
            paths.add(built[1].partition("?")[0])
    return sorted(paths)


def asked(path: str) -> list[str]:
    """The address, and those with which it opens further."""
    given = [path, f"{path}?all=1"]
    if path.endswith(("/explain", "explain.csv")):
        given = [f"{path}?unit={team}" for team in ("Harbour", "Ridge")]
    return given


@pytest.mark.sqlite_only
def test_case_35_nobody_reads_a_name_that_is_not_listed(app, world, sign_in_as):
    harbour = world[0]
    mate = harbour.members[4]
    paths = surfaces(app)
    assert set(paths) >= SURFACES
    readers = {"a team mate": sign_in_as(mate), "their lead": sign_in_as(harbour.lead)}
    readers |= {role: sign_in_as(role) for role in ROLES}
    answered = 0
    for reader, client in readers.items():
        for path in paths:
            for address in asked(path):
                answer = client.get(address)
                assert answer.status_code < 500, address
                answered += answer.status_code == 200
                for name in ("Quintessa Vanish", "Nightjar Nine", "Bartholomew Mask"):
                    assert name not in answer.get_data(as_text=True), (reader, address, name)
    assert answered > len(paths) * 3
    page = readers["a team mate"].get("/contests/over").text
    assert "Blue Heron" in page
    assert "1 colleague not listed" in page
    assert "Blue Heron" in readers["their lead"].get("/contests/over/explain?unit=Harbour").text


@pytest.mark.sqlite_only
def test_case_35_ones_own_page_names_oneself_and_letters_name_no_other(app, world, sign_in_as):
    hidden = world[0].members[0]
    own = sign_in_as(hidden)
    assert "Nightjar Nine" in own.get("/contests/over").text
    assert "Now: not listed" in own.get("/me").text
    for letter in db.session.query(OutboxLetter).all():
        if letter.person_id != hidden.id:
            assert "Quintessa" not in letter.text
            assert "Nightjar" not in letter.text


@pytest.mark.sqlite_only
def test_case_35_places_points_and_prizes_are_those_of_a_team_that_hides_nobody(world, sign_in_as):
    ops = sign_in_as("sales_ops")
    before = ops.get("/api/v1/contests/over/standings").json["rows"]
    prizes = db.session.query(Award).count()
    with writing():
        for rep in world[0].members[:2]:
            shown = db.session.get(Person, rep.id)
            shown.ranking_opt_out, shown.alias = False, None
    assert ops.get("/api/v1/contests/over/standings").json["rows"] == before
    assert before[0]["unit"] == "Harbour"
    assert before[0]["participants"] == before[0]["roster"] == 5
    assert db.session.query(Award).count() == prizes > 0
