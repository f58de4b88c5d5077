"""Training pages: the answer for each role, who may mark what, bad input, and no query per row."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event, select

from core.db import db
from tests.factories.people import make_absence, make_person, make_team
from tests.factories.programme import make_programme
from tests.factories.training_tracker import (
    make_assignment,
    make_check,
    make_completion,
    make_course,
    make_escalation,
    make_milestone,
)
from training_tracker.models import Completion

pytestmark = [pytest.mark.sqlite_only, pytest.mark.usefixtures("app")]

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)


def march(day: int) -> date:
    return date(2026, 3, day)


@pytest.fixture
def world(at):
    """A team of three whose introduction was due on the 16th; one of them has done it."""
    at(NOW)
    owner = make_programme()
    course = make_course(owner, slug="intro", title="Introduction")
    milestone = make_milestone(course, hands_on=("guided_use", 2, 48))
    team = make_team(3, name="East")
    duties = [make_assignment(rep, course, march(2), due_on=march(16)) for rep in team.members]
    done = make_completion(team.members[0], course, march(10))
    make_check(team.members[0], milestone, done, seen=1)
    make_escalation(duties[1], "rep", team.members[1], march(17))
    return owner, course, team


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements sent meanwhile."""
    seen: list[str] = []

    def note(_conn, _cursor, statement, *_rest) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_manager_reads_who_needs_them(world, sign_in_as) -> None:
    _, _, team = world
    page = sign_in_as(team.lead).get("/training")
    assert page.status_code == 200
    assert "2 reps need you." in page.text
    assert "4 days late" in page.text
    assert "1 of 2" in page.text
    for rep in team.members:
        assert rep.name in page.text
    assert "style=" not in page.text


def test_a_manager_sees_nobody_elses_team(world, sign_in_as) -> None:
    _, course, team = world
    other = make_team(1, name="West")
    make_assignment(other.members[0], course, march(2), due_on=march(16))
    visitor = sign_in_as(team.lead)
    for address in ("/training", "/training/intro"):
        for query in ("", "?team=west"):
            assert other.members[0].name not in visitor.get(address + query).text


def test_a_rep_reads_the_own_next_step_and_no_other_name(world, sign_in_as) -> None:
    _, _, team = world
    late = sign_in_as(team.members[1]).get("/training").text
    assert "Introduction slipped by" in late
    assert team.members[2].name not in late
    assert "You have done all that is due." in sign_in_as(team.members[0]).get("/training").text


def test_sales_operations_chooses_a_team(world, sign_in_as) -> None:
    _, _, team = world
    make_team(1, name="West")
    visitor = sign_in_as("sales_ops")
    assert "Where help is needed" in visitor.get("/training").text
    assert team.members[1].name in visitor.get("/training?team=east").text
    assert visitor.get("/training?team=nowhere").status_code == 200


def test_an_executive_reads_numbers_without_names(world, sign_in_as) -> None:
    _, _, team = world
    page = sign_in_as("executive").get("/training").text
    assert "1 of 3" in page
    for rep in team.members:
        assert rep.name not in page


def test_an_administrator_reads_the_catalogue_only(world, sign_in_as) -> None:
    page = sign_in_as("admin").get("/training").text
    assert "Introduction" in page
    assert "1 of 3" not in page


def test_nobody_is_let_in_unsigned(world, client) -> None:
    for address in ("/training", "/training/intro"):
        assert client.get(address).status_code == 302
    assert client.post("/training/intro/completions").status_code == 302


def test_before_there_is_a_programme(at, sign_in_as) -> None:
    at(NOW)
    visitor = sign_in_as("manager")
    assert "No training is set up yet." in visitor.get("/training").text
    assert visitor.get("/training/intro").status_code == 404


def test_a_programme_without_courses(at, sign_in_as) -> None:
    at(NOW)
    make_programme()
    for role in ("rep", "manager", "sales_ops", "executive"):
        assert sign_in_as(role).get("/training").status_code == 200


def test_a_course_page_for_each_role(world, sign_in_as) -> None:
    _, _, team = world
    boss = sign_in_as(team.lead).get("/training/intro").text
    assert "1 of 3 have done Introduction." in boss
    assert 'name="completed_on"' in boss
    rep = sign_in_as(team.members[1]).get("/training/intro").text
    assert "was due Mon 16 Mar" in rep
    assert 'name="completed_on"' not in rep
    assert sign_in_as("executive").get("/training/intro").status_code == 200
    assert sign_in_as(team.lead).get("/training/nowhere").status_code == 404


def test_a_manager_marks_a_completion(world, sign_in_as) -> None:
    _, _, team = world
    rep = team.members[1]
    answer = sign_in_as(team.lead).post(
        "/training/intro/completions",
        data={"person_id": rep.key, "completed_on": "2026-03-19", "passed": "yes"},
    )
    assert answer.status_code == 303
    stored = db.session.scalars(select(Completion).where(Completion.person_id == rep.id)).one()
    assert (stored.local_day, stored.is_passed, stored.source) == (march(19), True, "page")
    again = sign_in_as(team.lead).post(
        "/training/intro/completions",
        data={"person_id": rep.key, "completed_on": "2026-03-19", "passed": "yes"},
    )
    assert again.status_code == 303
    assert len(list(db.session.scalars(select(Completion)))) == 2


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 422),
        ({"person_id": "own", "completed_on": "2026-03-21"}, 422),
        ({"person_id": "own", "completed_on": "19.3.2026"}, 422),
        ({"person_id": "own", "completed_on": "1800-01-01"}, 422),
        ({"person_id": "stranger", "completed_on": "2026-03-19"}, 404),
        ({"person_id": "nobody\x00", "completed_on": "2026-03-19"}, 404),
    ],
)
def test_what_cannot_be_marked(world, sign_in_as, data, status) -> None:
    _, _, team = world
    stranger = make_person(key="stranger")
    keys = {"own": team.members[1].key, "stranger": stranger.key}
    sent = {**data, "person_id": keys.get(data.get("person_id", ""), data.get("person_id", ""))}
    answer = sign_in_as(team.lead).post("/training/intro/completions", data=sent)
    assert answer.status_code == status
    assert len(list(db.session.scalars(select(Completion)))) == 1


def test_a_rep_marks_nothing(world, sign_in_as) -> None:
    _, _, team = world
    rep = team.members[1]
    answer = sign_in_as(rep).post(
        "/training/intro/completions", data={"person_id": rep.key, "completed_on": "2026-03-19"}
    )
    assert answer.status_code == 403


def test_a_longer_team_costs_no_further_query(world, sign_in_as) -> None:
    _, course, team = world
    small = make_team(1, name="West")
    make_assignment(small.members[0], course, march(2), due_on=march(16))
    sizes = []
    for lead in (small.lead, team.lead):
        visitor = sign_in_as(lead)
        with counted() as seen:
            visitor.get("/training")
        sizes.append(len(seen))
    assert sizes[0] == sizes[1]


def test_the_week_opens_with_what_slipped_by(world, sign_in_as) -> None:
    _, _, team = world
    week = sign_in_as(team.members[1]).get("/").text
    assert "Introduction slipped by." in week
    assert "Your next milestone" in week
    calm = sign_in_as(team.members[0]).get("/").text
    assert "slipped by" not in calm
    assert "You have done all that is due." in calm
    boss = sign_in_as(team.lead).get("/").text
    assert "2 reps need you this week." in boss
    assert "Training that slipped by" in boss


def test_leave_is_said_kindly(world, sign_in_as) -> None:
    _, _, team = world
    make_absence(team.members[1], march(19), march(25))
    assert "On leave, nobody is chased" in sign_in_as(team.lead).get("/training").text
