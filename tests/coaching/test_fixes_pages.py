"""The page of the library: who adds, what is refused, what it says of what followed."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from coaching.queries import ideas as queries
from coaching.rules.ideas import BUILT_IN, FEWEST_TO_TELL
from tests.coaching.loops_made import make_fix
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme

MONDAY = date(2025, 9, 1)
WEEK = timedelta(days=7)
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
FORM = {"title": "Ask why", "words": "Ask {account} why, {rep}.", "about": "late"}


def said(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


@pytest.fixture
def world(app, at):
    at(NOW)
    return make_programme(), make_team(members=2)


def test_a_manager_adds_changes_retires_and_offers_again(world, sign_in_as):
    owner, team = world
    client = sign_in_as(team.lead)
    assert client.post("/coaching/fixes", data=FORM).status_code == 302
    page = client.get("/coaching/fixes")
    assert "Ask Calder Freight why, Isaac." in said(page)
    assert 'href="/coaching/fixes/ask-why"' in page.text
    assert f'href="/coaching/fixes/{BUILT_IN[0].slug}"' not in page.text
    changed = FORM | {"words": "Ask {account} twice."}
    assert client.post("/coaching/fixes/ask-why", data=changed).status_code == 302
    assert queries.library(owner).of("ask-why").words == "Ask {account} twice."
    assert client.post("/coaching/fixes/ask-why/retire").status_code == 302
    assert "No longer offered" in said(client.get("/coaching/fixes"))
    assert client.post("/coaching/fixes/ask-why/restore").status_code == 302
    assert queries.library(owner).of("ask-why")


def test_what_is_refused_stays_in_the_form(world, sign_in_as):
    client = sign_in_as(world[1].lead)
    answer = client.post("/coaching/fixes", data=FORM | {"words": "Ask {deal} why."})
    assert answer.status_code == 422
    assert "Nothing can be put in place of {deal}. There are: {account}" in said(answer)
    assert "Ask {deal} why." in answer.text
    client.post("/coaching/fixes", data=FORM)
    again = client.post("/coaching/fixes", data=FORM)
    assert again.status_code == 409
    assert "There is an idea of this name." in said(again)


@pytest.mark.parametrize("role", ["director", "executive"])
def test_who_reads_numbers_adds_nothing(world, sign_in_as, role):
    client = sign_in_as(make_person(role=role, enabled_on=None))
    assert "Add a fix that worked" not in said(client.get("/coaching/fixes"))
    assert client.post("/coaching/fixes", data=FORM).status_code == 403
    slug = BUILT_IN[0].slug
    assert client.get(f"/coaching/fixes/{slug}").status_code == 404
    assert client.post(f"/coaching/fixes/{slug}/retire").status_code == 403
    assert client.post("/coaching/fixes/no-such/retire").status_code == 404


def test_what_followed_is_told_with_its_interval_or_as_too_few(world, sign_in_as):
    owner, team = world
    first, second = BUILT_IN[0].slug, BUILT_IN[1].slug
    done = {"outcome": "done", "proof": "event"}
    for number in range(FEWEST_TO_TELL):
        given = done if number < 8 else {"outcome": "not_done", "proof": "event"}
        make_fix(owner, team, team.members[0], MONDAY + number * WEEK, first, **given)
    make_fix(owner, team, team.members[1], MONDAY + 20 * WEEK, second, **done)
    make_fix(owner, team, team.members[1], MONDAY + 21 * WEEK, second, outcome="no_chance")
    page = said(sign_in_as(make_person(role="sales_ops", enabled_on=None)).get("/coaching/fixes"))
    assert "8 of 10 (80%) , likely 49% to 94%" in page
    assert "1 of 1, too few to tell" in page
    assert "Apart: 1 without a chance yet" in page
    assert page.index("Signals before mail") < page.index("First step the day")
