"""What difference it makes: who reads the page, what stands there, what it says when it cannot."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import event, select

from comms.services import CampaignSpec, define_campaigns
from core.db import db, transaction
from core.policy import SYSTEM
from people.models import Person
from programme.services import Draw, record_draw
from tests.factories.adoption import make_deal, make_usage
from tests.factories.people import make_membership, make_person, make_team
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
START, LAST = date(2026, 4, 1), date(2026, 6, 30)
NOW = datetime(2026, 7, 15, 15, tzinfo=UTC)
PAGE = "/reports/impact"


@pytest.fixture(autouse=True)
def _mid_july(at):
    at(NOW)


def make_world(owner, *, teams=5, size=4, before=True):
    """Teams of four, half of each using the tool; they sold twice as much before, now three times.

    In the window 30,000 against 10,000 each, before it 8,000 against 4,000.
    """
    arms = {}
    for place in range(teams):
        team = make_team(name=f"Team {place}", members=0)
        arms[team.id] = "early" if place % 2 else "late"
        for number in range(size):
            person = make_person(enabled_on=MONDAY, key=f"K{place}{number}")
            make_membership(person, team)
            uses = number < size // 2
            if uses:
                make_usage(owner, person, [MONDAY + n * DAY for n in range(1, 100, 3)])
            wobble = 100 * (place - 2) + 10 * number
            sold = [((30_000 if uses else 10_000) + wobble, START + 9 * DAY)]
            if before:
                sold.append(((8_000 if uses else 4_000) + wobble, MONDAY - 9 * DAY))
            for amount, closed_on in sold:
                make_deal(person, stage="won", amount=amount, closed_on=closed_on)
    return arms


def text_of(visitor, **query):
    answer = visitor.get(PAGE, query_string=query)
    assert answer.status_code == 200
    return " ".join(answer.get_data(as_text=True).split())


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("sales_ops", 200),
        ("director", 200),
        ("executive", 200),
        ("manager", 403),
        ("rep", 403),
        ("admin", 403),
    ],
)
@pytest.mark.sqlite_only
def test_who_reads_it(app, sign_in_as, role, status):
    make_programme()
    assert sign_in_as(role).get(PAGE).status_code == status


@pytest.mark.sqlite_only
def test_strangers_are_sent_to_sign_in(app, client):
    answer = client.get(PAGE)
    assert answer.status_code in {302, 303}
    assert "/sign-in" in answer.location


@pytest.mark.sqlite_only
def test_before_there_is_anything(app, sign_in_as):
    visitor = sign_in_as("sales_ops")
    assert "No programme yet" in text_of(visitor)
    make_programme(launch_on=date(2026, 9, 1))
    page = text_of(visitor)
    assert "It has not begun" in page
    assert "Import the deals won before it" in page


def test_a_gap_stands_beside_the_gap_before(app, sign_in_as):
    owner = make_programme()
    make_world(owner)
    page = text_of(sign_in_as("executive"))
    assert "Wed 1 Apr 2026 to Tue 30 Jun 2026" in page
    assert "Mon 1 Dec 2025 to Sun 1 Mar 2026" in page
    assert "Reps who used the tool sold $30.0K each, others $10.0K (+" in page
    assert "who they are, not what the tool does." in page
    assert "A comparison, not an experiment." in page
    assert "5 against 5" in page
    assert "Nothing was drawn by lot yet" in page


def test_no_gap_alone(app, sign_in_as):
    owner = make_programme()
    make_world(owner, before=False)
    page = text_of(sign_in_as("director"))
    assert "We show no gap without the gap before it." in page
    assert "(+" not in page
    assert "What the same people sold before the tool is not known here." in page
    assert "We cannot tell yet what difference it makes." in page


@pytest.mark.sqlite_only
def test_small_groups_stay_hidden(app, sign_in_as):
    owner = make_programme()
    make_world(owner, teams=2)
    page = text_of(sign_in_as("sales_ops"))
    assert "4 used it and 4 did not: with fewer than 5 on a side we show no average." in page
    assert "$30" not in page


def test_experiments_with_their_sentences(app, sign_in_as):
    owner = make_programme()
    arms = make_world(owner, teams=9)
    with transaction():
        record_draw(owner.id, Draw("spring", START, LAST, arms), SYSTEM, NOW)
        few = dict(list(arms.items())[:4])
        record_draw(owner.id, Draw("summer-race", START, LAST, few), SYSTEM, NOW)
        spec = CampaignSpec("weekly", 1, time(9), holdout_percent=50, starts_on=NOW.date())
        define_campaigns(owner.id, [spec], actor=SYSTEM, now=NOW)
    page = text_of(sign_in_as("sales_ops"))
    assert "Teams drawn for the early start used it 0.00 days a week more" in page
    assert "Cannot tell yet" in page
    assert (
        "Two teams against two: even a perfect result happens by chance one time in three." in page
    )
    assert "Summer race" in page
    assert "It has not run for a whole day yet." in page
    assert "/figures/lift?experiment=spring" in page


@pytest.mark.sqlite_only
def test_a_clear_draw_is_the_headline(app, sign_in_as):
    owner = make_programme()
    arms = {}
    for place in range(10):
        team = make_team(members=0)
        arms[team.id] = "early" if place % 2 else "late"
        for number in range(3):
            person = make_person(enabled_on=MONDAY)
            make_membership(person, team)
            days = 4 + number + place // 4 + (9 if place % 2 else 0)
            make_usage(owner, person, [START + n * DAY for n in range(days)])
    with transaction():
        record_draw(owner.id, Draw("spring", START, START + 13 * DAY, arms), SYSTEM, NOW)
    page = text_of(sign_in_as("sales_ops"))
    assert "Drawn by lot, it made a difference: 4." in page
    assert "It worked" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"start": "2026-02-01", "last": "2026-05-01"}, "Start on the launch day, 2026-03-02"),
        ({"start": "2026-06-01", "last": "2026-07-15"}, "The last day must be over."),
        ({"start": "2026-06-01", "last": "2026-06-20"}, "Give at least 28 days"),
        ({"start": "soon"}, "Give a date such as 2026-08-01."),
        ({"last": "2026-02-31"}, "Give a date such as 2026-08-01."),
        ({"start": "2026-06-30", "last": "2026-04-01"}, "Give at least 28 days"),
    ],
)
@pytest.mark.sqlite_only
def test_a_wrong_window_is_told_and_the_usual_one_shown(app, sign_in_as, query, said):
    make_programme()
    page = text_of(sign_in_as("sales_ops"), **query)
    assert said in page
    assert "Wed 1 Apr 2026 to Tue 30 Jun 2026" in page


@pytest.mark.sqlite_only
def test_the_time_before_the_launch_is_drawn_where_it_is_known(app, sign_in_as):
    owner = make_programme()
    make_world(owner)
    unknown = "Fewer than three times four weeks of sales before the launch are known"
    assert unknown in text_of(sign_in_as("sales_ops"))
    for place, person in enumerate(db.session.scalars(select(Person).where(Person.role == "rep"))):
        for weeks in (2, 6, 12):
            closed_on = MONDAY - 7 * weeks * DAY
            make_deal(person, stage="won", amount=100 * weeks + place, closed_on=closed_on)
    page = text_of(sign_in_as("director"))
    assert unknown not in page
    assert "Sales per rep in 3 stretches of four weeks before the launch" in page
    assert f"{MONDAY - 84 * DAY:%-d %b}</text>" in page
    assert page.count("Four weeks from") == 1


def test_another_window_and_another_split(app, sign_in_as):
    owner = make_programme()
    make_world(owner)
    query = {"start": "2026-04-05", "last": "2026-05-31", "rule": "sustained"}
    page = text_of(sign_in_as("sales_ops"), **query)
    assert "Sun 5 Apr 2026 to Sun 31 May 2026" in page
    address = "/figures/revenue_gap?start=2026-04-05&amp;end=2026-06-01&amp;user_rule=sustained"
    assert address in page
    assert "rule=any" in text_of(sign_in_as("sales_ops"), rule="nonsense")


def statements_of(visitor):
    """How many statements one visit of the page sends."""
    sent = []

    def note(connection, cursor, statement, parameters, context, many):
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    text_of(visitor)
    event.remove(db.engine, "before_cursor_execute", note)
    return len(sent)


def test_more_people_ask_no_more_of_the_database(app, sign_in_as):
    owner = make_programme()
    visitor = sign_in_as("sales_ops")
    arms = make_world(owner, teams=3)
    with transaction():
        record_draw(owner.id, Draw("spring", START, LAST, arms), SYSTEM, NOW)
    text_of(visitor)
    few = statements_of(visitor)
    for _ in range(4):
        for person in make_team(members=4).members:
            make_deal(person, stage="won", amount=500, closed_on=START + DAY)
            make_usage(owner, person, [START])
    assert statements_of(visitor) == few
