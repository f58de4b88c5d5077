"""What keeping pages could break: whoever looks next sees what changed, and only what is theirs."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from core.db import db, transaction
from incentives import jobs
from incentives.models import Contest
from leaderboard import services as boards
from people import services
from people.models import Person
from tests.conftest import Visitor, assemble
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, actor, make_contest, make_scheduled
from tests.factories.people import make_person, make_team, writing
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
FOUR = [MONDAY + n * DAY for n in (0, 1, 7, 8)]
MIDWAY = datetime(2026, 3, 11, 15, tzinfo=UTC)
PAGE = "/contests/race"


@pytest.fixture
def world(app, at):
    """Two teams race; each rep of Harbour has done what is asked."""
    at(MIDWAY)
    programme = make_programme()
    teams = [make_team(5, name="Harbour"), make_team(4, name="Ridge")]
    for rep in teams[0].members:
        make_usage(programme, rep, FOUR)
    contest = make_scheduled(programme, slug="race", title="Spring race")
    jobs.open_close_contests(MIDWAY)
    with transaction():
        boards.refresh(contest.board_id, MIDWAY)
    return programme, teams, contest


@pytest.fixture
def inside(app, monkeypatch):
    """Which requests went in, past the doorstep."""
    went_in = []
    door = app.wsgi_app
    through = door._inside

    def counted(environ, start_response):
        went_in.append(environ["PATH_INFO"])
        return through(environ, start_response)

    monkeypatch.setattr(door, "_inside", counted)
    return went_in


def token_in(page: str) -> str:
    found = re.findall(r'name="csrf_token" value="([^"]+)"', page)
    assert len(set(found)) == 1
    return str(found[0])


def test_a_page_at_hand_is_the_page_from_inside(world, sign_in_as, inside):
    client = sign_in_as(world[1][0].members[0])
    first = client.get(PAGE)
    inside.clear()
    second = client.get(PAGE)
    assert inside == []
    assert second.data == first.data
    unlike = {"Vary", "Set-Cookie", "Content-Length"}
    assert {k: v for k, v in second.headers.items() if k not in unlike} == {
        k: v for k, v in first.headers.items() if k not in unlike
    }
    assert second.headers["Vary"] == "Cookie"
    assert client.get(PAGE, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert inside == []


def test_a_changed_standing_is_seen_at_the_next_request(world, sign_in_as, inside):
    programme, (_, ridge), contest = world
    client = sign_in_as(ridge.members[0])
    client.get(PAGE)
    before = client.get(PAGE)
    assert "0 of 4 on the roster are on target" in before.text
    make_usage(programme, ridge.members[0], FOUR)
    with transaction():
        boards.refresh(contest.board_id, MIDWAY)
    inside.clear()
    after = client.get(PAGE, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "1 of 4 on the roster are on target" in after.text
    assert inside == [PAGE]


def test_who_opts_out_is_named_to_nobody_from_the_next_request_on(world, sign_in_as):
    harbour = world[1][0]
    shy, mate = harbour.members[:2]
    reader, hider = sign_in_as(mate), sign_in_as(shy)
    for client in (reader, reader, hider, hider):
        page = client.get(PAGE)
        assert page.text.count(f"<b>{shy.name}</b>") >= 1
    tag = reader.get(PAGE).headers["ETag"]
    assert hider.post("/me/board-name", data={"how": "not_listed"}).status_code == 302
    hider.get("/me")
    for _ in range(2):
        page = reader.get(PAGE, headers={"If-None-Match": tag})
        assert page.status_code == 200
        assert shy.name not in page.text
        assert "1 colleague not listed" in page.text
        own = hider.get(PAGE).text
        assert f'class="is-you"><b>{shy.name}</b>' in own
        assert "not listed" not in own


def test_no_page_holds_what_belongs_to_another_reader(world, sign_in_as):
    (harbour, ridge) = world[1]
    readers = [harbour.members[0], harbour.members[1], ridge.members[0]]
    with writing():
        for person in readers:
            db.session.get(Person, person.id).name = f"<i>Own {person.id}</i>"
    clients = [sign_in_as(person) for person in readers]
    for _ in range(2):
        pages = [client.get(PAGE).text for client in clients]
        assert len({token_in(page) for page in pages}) == len(pages)
        for person, page in zip(readers, pages, strict=True):
            shown = f"&lt;i&gt;Own {person.id}&lt;/i&gt;"
            assert page.count(f'is-you"><b>{shown}</b>') == 1
            assert page.count('class="is-you"') == 1
            assert "<i>Own" not in page
            others = set(re.findall(r"Own (\d+)", page)) - {str(person.id)}
            mates = {
                str(mate.id) for mate in (harbour if person in harbour.members else ridge).members
            }
            assert others <= mates
            frame = page[: page.index('<main class="main"')]
            assert re.findall(r"Own (\d+)", frame).count(str(person.id)) >= 2
            assert set(re.findall(r"Own (\d+)", frame)) == {str(person.id)}
    executive = sign_in_as("executive")
    for _ in range(2):
        assert "Own " not in executive.get(PAGE).text


def test_a_session_ended_elsewhere_is_refused_at_once(world, sign_in_as, settings):
    rep = world[1][0].members[0]
    here = sign_in_as(rep)
    tag = here.get(PAGE).headers["ETag"]
    assert here.get(PAGE).status_code == 200
    other = assemble(settings)
    other.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    other.test_client_class = Visitor
    there = other.test_client()
    kept = here.get_cookie("pennant")
    there.set_cookie("pennant", kept.value)
    for _ in range(2):
        assert there.get(PAGE).status_code == 200
    assert there.get(PAGE, headers={"If-None-Match": tag}).status_code == 304
    assert here.post("/sign-out").status_code == 302
    for asked in ({}, {"If-None-Match": tag}):
        refused = there.get(PAGE, headers=asked)
        assert refused.status_code == 302
        assert refused.headers["Location"] == "/sign-in"
    with other.app_context():
        db.engine.dispose()


def test_a_role_or_a_standing_that_changed_counts_at_the_next_request(world, sign_in_as):
    rep, other = world[1][0].members[:2]
    client, second = sign_in_as(rep), sign_in_as(other)
    for _ in range(2):
        assert "Let it rest" not in client.get(PAGE).text
        assert second.get(PAGE).status_code == 200
    with writing():
        db.session.get(Person, rep.id).role = "sales_ops"
    promoted = client.get(PAGE).text
    assert "Let it rest" in promoted
    assert "Sales operations" in promoted
    tag = second.get(PAGE).headers["ETag"]
    ops = actor(make_person(role="sales_ops"))
    with transaction():
        services.suspend(other.id, actor=ops, now=MIDWAY)
    assert second.get(PAGE, headers={"If-None-Match": tag}).status_code == 302


def test_the_doorstep_keeps_the_rules_of_the_house(world, sign_in_as, client):
    programme, (harbour, _), contest = world
    rep = harbour.members[0]
    reader = sign_in_as(rep)
    tag = reader.get(PAGE).headers["ETag"]
    reader.get(PAGE)
    assert reader.get(PAGE, headers={"Host": "elsewhere.example"}).status_code == 400
    cookie = reader.get_cookie("pennant").value
    client.set_cookie("pennant", cookie[:-2] + ("aa" if cookie[-2:] != "aa" else "bb"))
    assert client.get(PAGE, headers={"If-None-Match": tag}).status_code == 302
    stranger = sign_in_as(harbour.members[1])
    assert stranger.get(PAGE, headers={"If-None-Match": tag}).status_code == 200
    make_contest(programme, slug="plan")
    with writing():
        db.session.get(Contest, contest.id).state = "draft"
    # The very tag the page would bear tells nobody that a hidden contest exists.
    assert reader.get(PAGE, headers={"If-None-Match": tag}).status_code == 404
    assert reader.get("/contests/plan").status_code == 404
    for odd in ("/contests/%00", "/contests/r%C3%A4ce", "/contests/race%2Fboard", "/contests/"):
        assert reader.get(odd).status_code == 404


def test_what_is_said_once_is_said_once(world, sign_in_as):
    client = sign_in_as(world[1][0].members[0])
    plain = client.get(PAGE)
    assert client.post("/me/board-name", data={"how": "not_listed"}).status_code == 302
    said = client.get(PAGE, headers={"If-None-Match": plain.headers["ETag"]})
    assert said.status_code == 200
    assert "Your name is left out of boards" in said.text
    for _ in range(2):
        assert "Your name is left out of boards" not in client.get(PAGE).text
