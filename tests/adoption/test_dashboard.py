"""The adoption page: the figures' numbers, names for who may see them, tables to take along."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from adoption import jobs
from adoption.queries import figures, page
from adoption.rules import sentences
from adoption.rules.behind import Basis
from core.db import db, transaction
from core.policy import SYSTEM
from programme.rules import ProgrammePlan
from programme.services import start_programme
from tests.factories.adoption import make_usage
from tests.factories.people import make_membership, make_person, make_team
from tests.factories.programme import make_programme
from tests.factories.training_tracker import make_completion, make_course, make_milestone

pytestmark = pytest.mark.sqlite_only

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NOW = datetime(2026, 5, 14, 15, tzinfo=UTC)
THROUGH = date(2026, 5, 10)
OFTEN = [7 * week + day for week in range(10) for day in (1, 3)]


def used(owner, person, offsets):
    make_usage(owner, person, [MONDAY + offset * DAY for offset in offsets])


@pytest.fixture
def company(app, at):
    """Harbour of six, five with the habit; Lantern of two, one on the way and one not started."""
    owner = make_programme(name="Relay", launch_on=MONDAY)
    harbour, lantern = make_team(name="Harbour", members=0), make_team(name="Lantern", members=0)
    people = [
        make_person(name=f"Rep {n}", enabled_on=MONDAY, channel="field" if n < "D" else "inside")
        for n in "ABCDEFGH"
    ]
    for place, person in enumerate(people):
        team = harbour if place < 6 else lantern
        make_membership(person, team.team, starts_on=MONDAY)
    for person in people[:5]:
        used(owner, person, OFTEN)
    used(owner, people[5], [1, 3, 8, 10, 15])
    used(owner, people[6], [50, 57, 59, 64, 66])
    jobs.judge(NOW)
    jobs.draw(NOW)
    at(NOW)
    return owner, people, harbour, lantern


def text_of(visitor, address="/adoption"):
    answer = visitor.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def rows_of(visitor, address):
    answer = visitor.get(address)
    assert answer.status_code == 200, address
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))


def test_the_page_says_what_the_figures_say(company, sign_in_as):
    owner, *_rest = company
    later = NOW + timedelta(days=365)
    adoption = figures.adoption(owner, THROUGH, later)
    day60 = figures.day60(owner, THROUGH, later)
    text = text_of(sign_in_as("sales_ops"))
    assert f"{sentences.percent(adoption['rate'])} of reps have made it a habit" in text
    assert f"{sentences.percent(day60['rate'])} had by their day 60" in text
    assert "5 of 8 reps (63%) use it in their normal week." in text
    seen = page.picture_of(owner)
    assert (seen.share.hits, seen.share.base) == (adoption["sustained"], adoption["measurable"])
    assert (seen.day60.hits, seen.day60.base) == (day60["sustained"], day60["measurable"])
    told = figures.logins_growth(
        owner,
        (MONDAY, MONDAY + 28 * DAY),
        (THROUGH - 27 * DAY, THROUGH + DAY),
        as_of=later,
    )
    assert seen.logins.base == told["base"]
    assert seen.logins.rep_days_now == told["current_rep_days"]


def test_teams_are_the_figure_and_small_ones_have_no_place(company, sign_in_as):
    owner, *_rest = company
    told = figures.adoption_by_team(owner, THROUGH, NOW + timedelta(days=365))["teams"]
    rows = rows_of(sign_in_as("sales_ops"), "/adoption/tables/teams.csv")
    assert [(row["team"], int(row["sustained"])) for row in rows] == [
        (team["team"], team["sustained"]) for team in told
    ]
    assert [float(row["shrunk"]) for row in rows] == [team["shrunk"] for team in told]
    assert [row["rank"] for row in rows] == ["1", ""]
    text = text_of(sign_in_as("sales_ops"))
    assert "too small" in text
    assert "we add ten average colleagues to every team" in text
    assert "With six people the true rate could be anywhere from" in text
    assert "two people are too few to speak of a rate" in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=sustained", "ABCDE"),
        ("step=here", "ABCDEFGH"),
        ("step=used", "ABCDEFG"),
        ("step=active", "ABCDEG"),
        ("near=1", "G"),
        ("day60=sustained", "ABCDE"),
        ("team=Lantern", "GH"),
        ("team=Lantern&state=not_started", "H"),
        ("channel=field&state=sustained", "ABC"),
        ("active_days=8", "ABCDE"),
        ("phase=new&week=2026-03-02", "ABCDEF"),
        ("phase=dormant&week=2026-03-23", "F"),
        ("phase=resurrecting&week=2026-04-20", ""),
        ("cohort=2026-03-02&period=4", "ABCDEF"),
        ("cohort=2026-04-20&basis=first_use", "G"),
        ("basis=start&cohort=2026-03-01&period=0", "ABCDEFGH"),
    ],
)
def test_the_people_behind_a_number(company, sign_in_as, query, names):
    ops = sign_in_as("sales_ops")
    text = text_of(ops, f"/adoption/people?{query}")
    listed = sorted(set(re.findall(r"<b>Rep ([A-H])</b>", text)))
    assert listed == sorted(names)
    rows = rows_of(ops, f"/adoption/people.csv?{query}")
    assert [row["name"] for row in rows] == [f"Rep {name}" for name in names]


def test_who_came_back_is_said_by_name(company, sign_in_as):
    rows = rows_of(sign_in_as("sales_ops"), "/adoption/people.csv?cohort=2026-03-02&period=4")
    assert {row["name"]: row["back_in_period"] for row in rows} == {
        **{f"Rep {name}": "yes" for name in "ABCDE"},
        "Rep F": "no",
    }


@pytest.mark.parametrize(
    "query",
    ["state=asleep", "active_days=29", "active_days=x", "week=soon", "cohort=2026-13-01"],
)
def test_nonsense_is_refused_by_name(company, sign_in_as, query):
    answer = sign_in_as("sales_ops").get(f"/adoption/people?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.get_data(as_text=True)


def test_pages_beyond_the_end_are_empty(company, sign_in_as):
    text = text_of(sign_in_as("sales_ops"), "/adoption/people?step=here&page=99")
    assert "Nobody is on this list" in text


def test_every_count_on_the_page_leads_to_as_many_people(company, sign_in_as):
    ops = sign_in_as("sales_ops")
    found = re.findall(
        r'href="(/adoption/people\?[^"]+)"[^>]*>([\d,]+)</a>', text_of(ops).replace("&amp;", "&")
    )
    assert len(found) > 20
    for address, count in set(found):
        rows = rows_of(ops, address.replace("/people?", "/people.csv?"))
        if "period=" in address:
            back = sum(row["back_in_period"] == "yes" for row in rows)
            assert f"{back * 100 / len(rows):.0f}" == count, address
        else:
            assert len(rows) == int(count), address


def test_a_manager_lists_only_their_own(company, sign_in_as):
    _owner, _people, _harbour, lantern = company
    lead = make_person(role="manager")
    make_membership(lead, lantern.team, starts_on=MONDAY, is_lead=True)
    visitor = sign_in_as(lead)
    rows = rows_of(visitor, "/adoption/people.csv?step=here")
    assert [row["name"] for row in rows] == ["Rep G", "Rep H"]
    text = text_of(visitor)
    assert "Lantern" in text
    assert "Harbour" not in text
    assert "Only people you lead" in text_of(visitor, "/adoption/people?state=sustained")
    rows = rows_of(visitor, "/adoption/tables/teams.csv")
    assert [row["team"] for row in rows] == ["Lantern"]


def test_an_executive_sees_sums_and_no_small_group(company, sign_in_as):
    executive = sign_in_as("executive")
    text = text_of(executive)
    assert "63% of reps" in text
    assert "Harbour" in text
    assert "Lantern" not in text
    assert "Rep A" not in text
    assert "/adoption/people" not in text
    assert executive.get("/adoption/people?step=here").status_code == 403
    assert executive.get("/adoption/people.csv?step=here").status_code == 403
    assert executive.get("/adoption/tables/teams.csv").status_code == 404


def test_a_rep_sees_the_summary_and_lists_nobody_else(company, sign_in_as):
    _owner, people, *_rest = company
    rep = sign_in_as(people[0])
    text = text_of(rep)
    assert "63% of reps" in text
    assert "Where people drop off" not in text
    assert "/adoption/people" not in text
    listed = re.findall(r"<b>(Rep [A-H])</b>", text_of(rep, "/adoption/people?step=here"))
    assert set(listed) == {"Rep A"}
    assert rep.get("/adoption/people.csv?step=here").status_code == 403


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("own-days", {"own_day", "sustained", "measurable", "rate"}),
        ("weeks", {"rule_version", "week", "sustained", "measurable", "rate", "lo", "hi"}),
        ("lifecycle", {"week", "active", "new", "returning", "resurrecting", "dormant",
                       "departed"}),
        ("cohorts", {"cohort", "period", "at_risk", "back", "rate"}),
        ("launch-cohorts", {"cohort", "period", "at_risk", "back", "rate"}),
        ("active-days", {"active_days", "reps"}),
        ("steps", {"step", "reps"}),
    ],
)  # fmt: skip
def test_each_table_can_be_taken_along(company, sign_in_as, name, columns):
    rows = rows_of(sign_in_as("sales_ops"), f"/adoption/tables/{name}.csv")
    assert rows
    assert set(rows[0]) == columns


def test_a_table_that_is_not_there(company, sign_in_as):
    assert sign_in_as("sales_ops").get("/adoption/tables/salaries.csv").status_code == 404


def test_cohorts_smaller_than_the_group_are_left_out(company):
    owner, *_rest = company
    seen = page.picture_of(owner)
    assert [cohort.begun for cohort in page.cohorts(seen, Basis.FIRST_USE)] == [MONDAY]
    assert [cohort.size for cohort in page.cohorts(seen, Basis.START)] == [8]
    assert len(page.all_cohorts(owner, Basis.FIRST_USE)) == 2


def test_the_training_room_adds_its_step(company, sign_in_as):
    owner, people, *_rest = company
    course = make_course(owner, slug="intro", title="Introduction")
    make_milestone(course)
    for person in people[:6]:
        make_completion(person, course, datetime(2026, 3, 5, 15, tzinfo=UTC))
    text = text_of(sign_in_as("sales_ops"))
    assert "Trained: passed Introduction." in text
    assert '<a href="/training/intro">6</a>' in text


def test_a_change_of_the_rule_starts_a_new_series_visibly(company, sign_in_as, at):
    owner, *_rest = company
    changed = NOW + timedelta(days=1)
    with transaction():
        plan = ProgrammePlan(owner.slug, None, {"target_days": 3})
        start_programme(plan, SYSTEM, datetime(2026, 2, 1, tzinfo=UTC))
    at(changed)
    jobs.judge(changed)
    jobs.draw(changed)
    text = text_of(sign_in_as("sales_ops"))
    assert "another rule holds" in text
    assert "active days a good week needs: 2 before, 3 now" in text
    assert 'class="line was"' in text
    lines = page.series(db.session.merge(owner))
    assert sorted(lines) == [1, 2]
    assert lines[1][-1].share.hits == 5
    assert lines[2][-1].share.hits == 0


def test_as_many_questions_whatever_the_history(company, sign_in_as):
    """The page reads a fixed number of small tables, twice the people and weeks or not."""
    owner, _people, harbour, _lantern = company
    ops = sign_in_as("sales_ops")
    text_of(ops)

    def questions():
        asked = []
        event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        text_of(ops)
        return len(asked)

    before = questions()
    more = [make_person(name=f"Rep {n}{n}", enabled_on=MONDAY) for n in "ABCDEFGH"]
    for person in more:
        make_membership(person, harbour.team, starts_on=MONDAY)
        used(owner, person, [*OFTEN, *[offset + 70 for offset in OFTEN]])
    later = NOW + timedelta(days=70)
    jobs.judge(later)
    jobs.draw(later)
    text_of(ops)
    assert questions() == before


def test_before_any_week_the_page_says_what_to_do(app, sign_in_as):
    make_programme()
    assert "No complete week yet" in text_of(sign_in_as("sales_ops"))
    assert sign_in_as("sales_ops").get("/adoption/people?step=here").status_code == 404
    assert sign_in_as("sales_ops").get("/adoption/tables/weeks.csv").status_code == 404
