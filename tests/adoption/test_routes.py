from datetime import UTC, date, datetime, timedelta

import pytest

from adoption import jobs
from adoption.queries import figures, page
from tests.factories.adoption import make_usage
from tests.factories.people import make_membership, make_person, make_team
from tests.factories.programme import make_programme

pytestmark = pytest.mark.sqlite_only

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
THURSDAY = datetime(2026, 5, 14, 15, tzinfo=UTC)
TWICE_A_WEEK = [7 * week + day for week in range(10) for day in (1, 3)]


def days(*offsets):
    return [MONDAY + offset * DAY for offset in offsets]


@pytest.fixture
def world(app, at):
    """Five reps of one team: three with the habit, one a week short of it, one not started."""
    owner = make_programme(name="Relay")
    team = make_team(name="Harbour", members=0)
    people = [make_person(name=f"Rep {n}", enabled_on=MONDAY) for n in "ABCDE"]
    for person in people:
        make_membership(person, team.team, starts_on=MONDAY)
    for person in people[:3]:
        make_usage(owner, person, days(*TWICE_A_WEEK))
    make_usage(owner, people[0], days(71))
    make_usage(owner, people[3], days(57, 59, 64, 66))
    jobs.judge(THURSDAY)
    jobs.draw(THURSDAY)
    at(THURSDAY)
    return people, team


def test_the_page_says_how_many_made_it_a_habit(world, sign_in_as):
    text = sign_in_as("sales_ops").get("/adoption").get_data(as_text=True)
    assert "60% of reps have made it a habit, 60% had by their day 60. Goal: 40 to 50%." in text
    assert "of 5" in text
    assert "Harbour" in text
    assert "3 of 5" in text
    assert 'id="nearly"' in text
    assert "Rep D" in text
    assert "style=" not in text


def test_a_rep_sees_the_summary_and_no_names(world, sign_in_as):
    people, _team = world
    text = sign_in_as(people[0]).get("/adoption").get_data(as_text=True)
    assert "60% of reps" in text
    assert "Rep D" not in text
    assert "By team" not in text


def test_a_manager_sees_their_own_people(world, sign_in_as):
    _people, team = world
    lead = make_person(role="manager")
    make_membership(lead, team.team, starts_on=MONDAY, is_lead=True)
    text = sign_in_as(lead).get("/adoption").get_data(as_text=True)
    assert "Rep D" in text
    stranger = sign_in_as("manager").get("/adoption").get_data(as_text=True)
    assert "Rep D" not in stranger


def test_a_programme_without_weeks_has_an_empty_page(app, sign_in_as):
    visitor = sign_in_as("sales_ops")
    assert "There is no programme yet" in visitor.get("/adoption").get_data(as_text=True)
    make_programme()
    assert "No complete week yet" in visitor.get("/adoption").get_data(as_text=True)


def test_strangers_are_asked_to_sign_in(app, client):
    assert client.get("/adoption").status_code in {302, 401}


def test_my_week_opens_with_the_streak_at_stake(world, sign_in_as):
    people, _team = world
    first = sign_in_as(people[0]).get("/").get_data(as_text=True)
    assert "One more active day keeps your 10-week streak, Rep." in first
    assert "linescore" in first
    idle = sign_in_as(people[4]).get("/").get_data(as_text=True)
    assert "2 more active days make this week count, Rep." in idle


def test_a_persons_page_shows_their_weeks_to_those_who_lead_them(world, sign_in_as):
    people, team = world
    lead = make_person(role="manager")
    make_membership(lead, team.team, starts_on=MONDAY, is_lead=True)
    address = f"/people/{people[0].key}"
    assert "made it a habit" in sign_in_as(lead).get(address).get_data(as_text=True)
    assert "made it a habit" in sign_in_as(people[0]).get(address).get_data(as_text=True)
    assert "made it a habit" not in sign_in_as(people[1]).get(address).get_data(as_text=True)


def test_day_60_on_the_page_is_the_figure(world):
    owner = page.current_programme()
    through = date(2026, 5, 10)
    figure = figures.day60(owner, through, THURSDAY + timedelta(days=365))
    share = page.picture_of(owner).day60
    assert (share.hits, share.base) == (figure["sustained"], figure["measurable"]) == (3, 5)
