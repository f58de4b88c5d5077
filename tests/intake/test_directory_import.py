"""The directory kinds through the whole road: a file, the runner, the tables, on both databases."""

from datetime import UTC, date, datetime

import pytest

from core.db import count_rows, db
from core.intake.models import ImportProblem, ImportRun, IntakeSetAside
from core.intake.registry import make_registry
from core.intake.runner import run_import
from core.policy import SYSTEM
from people import queries
from people.cli import IMPORTS
from people.models import Absence, Person, PersonChange, Team, TeamMembership

NOW = datetime(2003, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def take_in(app, tmp_path):
    """take_in("people", text) imports a file of that kind and gives its result."""

    def run(kind, text, **options):
        path = tmp_path / f"{kind}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        summary = run_import(
            [path], kinds=make_registry(IMPORTS).kinds, actor=SYSTEM, now=NOW, **options
        )
        (result,) = summary.files
        assert result.rows == sum(
            (result.added, result.changed, result.unchanged, result.refused, result.set_aside)
        )
        return result

    return run


def counts(result):
    return (result.added, result.changed, result.unchanged, result.refused, result.set_aside)


def told(result):
    return [(problem.row, problem.field, problem.code) for problem in result.problems]


PEOPLE = (
    "person_id,email,name,role,manager_id,hire_date,enabled_on\n"
    "P1,ann@example.org,Ann,manager,P9,2001-01-01,\n"
    "P2,bob@example.org,Bob,,P1,2002-01-01,2003-03-03\n"
    "P9,zed@example.org,Zed,director,,2000-01-01,\n"
)


def test_people_are_added_then_unchanged_then_changed(take_in):
    assert counts(take_in("people", PEOPLE)) == (3, 0, 0, 0, 0)
    bob = queries.card_by_key("P2")
    assert (bob.role, bob.manager_id) == ("rep", queries.by_key(["P1"])["P1"])
    assert count_rows(PersonChange) == 3
    assert counts(take_in("people", PEOPLE)) == (0, 0, 3, 0, 0)
    assert count_rows(PersonChange) == 3
    changed = PEOPLE.replace("Bob,,P1", "Robert,,P9")
    assert counts(take_in("people", changed)) == (0, 1, 2, 0, 0)
    bob = queries.card_by_key("P2")
    assert (bob.name, bob.manager_id) == ("Robert", queries.by_key(["P9"])["P9"])
    assert count_rows(PersonChange) == 4


def test_a_missing_column_keeps_what_is_stored(take_in):
    take_in("people", PEOPLE)
    result = take_in("people", "person_id,name,email\nP2,Bob,bob@example.org\n")
    assert counts(result) == (0, 0, 1, 0, 0)
    assert queries.calendars()[queries.by_key(["P2"])["P2"]].enabled_on == date(2003, 3, 3)


def test_an_empty_cell_clears(take_in):
    take_in("people", PEOPLE)
    take_in("people", "person_id,name,email,enabled_on\nP2,Bob,bob@example.org,\n")
    assert queries.calendars()[queries.by_key(["P2"])["P2"]].enabled_on is None


def test_managers_in_a_circle_are_refused_by_line(take_in):
    text = (
        "person_id,email,name,manager_id\n"
        "P1,a@example.org,A,P2\n"
        "P2,b@example.org,B,P3\n"
        "P3,c@example.org,C,P1\n"
        "P4,d@example.org,D,P5\n"
        "P5,e@example.org,E,\n"
        "P6,f@example.org,F,P6\n"
    )
    result = take_in("people", text)
    assert counts(result) == (3, 0, 0, 3, 0)
    circle = [(row, "manager_id", "manager_cycle") for row in (2, 3, 4)]
    assert told(result) == [*circle, (7, "manager_id", "repaired")]
    assert "circle" in result.problems[0].message
    assert queries.manager_keys()["P6"] is None


def test_a_circle_closed_over_stored_rows_is_refused(take_in):
    take_in("people", PEOPLE)
    result = take_in(
        "people", "person_id,email,name,role,manager_id\nP9,zed@example.org,Zed,director,P2\n"
    )
    assert told(result) == [(2, "manager_id", "manager_cycle")]
    assert queries.manager_keys() == {"P1": "P9", "P2": "P1", "P9": None}


def test_an_unknown_manager_is_noted_and_the_person_kept(take_in):
    result = take_in("people", "person_id,email,name,manager_id\nP1,a@example.org,A,P77\n")
    assert counts(result) == (1, 0, 0, 0, 0)
    assert told(result) == [(2, "manager_id", "unknown_manager")]


def test_addresses_are_unique_and_may_be_swapped(take_in):
    take_in("people", PEOPLE)
    taken = (
        "person_id,email,name\nP3,ANN@example.org,Other\nP4,x@example.org,X\nP5,x@example.org,Y\n"
    )
    result = take_in("people", taken)
    assert counts(result) == (1, 0, 0, 2, 0)
    assert sorted(told(result)) == [(2, "email", "key_taken"), (4, "email", "key_taken")]
    swap = "person_id,email,name\nP1,bob@example.org,Ann\nP2,ann@example.org,Bob\n"
    assert counts(take_in("people", swap)) == (0, 2, 0, 0, 0)
    assert queries.owners_of_emails(["ann@example.org"]) == {"ann@example.org": "P2"}


def test_a_newcomer_may_take_the_address_of_somebody_who_gives_it_up(take_in):
    take_in("people", PEOPLE)
    text = "person_id,email,name\nP50,ann@example.org,Anna\nP1,ann.old@example.org,Ann\n"
    assert counts(take_in("people", text)) == (1, 1, 0, 0, 0)
    assert counts(take_in("people", text)) == (0, 0, 2, 0, 0)


def test_a_line_of_managers_deeper_than_any_company(take_in):
    rows = [f"C{n},c{n}@example.org,C{n},{f'C{n + 1}' if n < 60 else ''}" for n in range(61)]
    text = "\n".join(["person_id,email,name,manager_id", *rows])
    assert counts(take_in("people", text)) == (61, 0, 0, 0, 0)
    managers = queries.manager_keys()
    assert managers == {f"C{n}": f"C{n + 1}" if n < 60 else None for n in range(61)}
    assert counts(take_in("people", text)) == (0, 0, 61, 0, 0)


def test_every_bad_cell_of_people_is_named(take_in):
    text = (
        "person_id,email,name,role,time_zone,hire_date,leave_date,is_test\n"
        ",a@example.org,A,,,,,\n"
        "P2,not-an-address,B,,,,,\n"
        "P3,c@example.org,,,,,,\n"
        "P4,d@example.org,D,boss,,,,\n"
        "P5,e@example.org,E,,Mars/Base,,,\n"
        "P6,f@example.org,F,,,02/03/2003,,\n"
        "P7,g@example.org,G,,,now,99999-01-01,\n"
        "P8,h@example.org,H,,,2003-02-30,,\n"
        "P9,i@example.org,I,,,2003-02-01,2003-01-01,\n"
        "P10,j@example.org,J,,,,,perhaps\n"
        "P11,k@example.org,K,,,1850-01-01,,\n"
        "P12,l@example.org,L,,,,,no\n"
    )
    result = take_in("people", text)
    assert counts(result) == (1, 0, 0, 11, 0)
    assert sorted(told(result)) == [
        (2, "person_id", "missing"),
        (3, "email", "not_an_email"),
        (4, "name", "missing"),
        (5, "role", "not_a_choice"),
        (6, "time_zone", "unknown_time_zone"),
        (7, "hire_date", "not_a_date"),
        (8, "hire_date", "not_a_date"),
        (8, "leave_date", "out_of_range"),
        (9, "hire_date", "not_a_date"),
        (10, "leave_date", "end_before_start"),
        (11, "is_test", "not_a_boolean"),
        (12, "hire_date", "out_of_range"),
    ]
    assert all(problem.message for problem in result.problems)


def test_same_key_same_content_is_unchanged_other_content_a_conflict(take_in):
    text = (
        "person_id,email,name\nP1,a@example.org,A\nP1,a@example.org,A\nP1,a@example.org,Another\n"
    )
    result = take_in("people", text)
    assert counts(result) == (1, 0, 1, 1, 0)
    assert told(result) == [(4, "person_id", "duplicate_key_conflict")]
    assert "Line 2" in result.problems[0].message
    assert counts(take_in("people", text)) == (0, 0, 2, 1, 0)


def test_memberships_found_teams_and_stay_dated(take_in):
    take_in("people", PEOPLE)
    text = (
        "person_id,team,start_date,end_date,lead\n"
        "P1,Switchyard,2001-01-01,,true\n"
        "P2,Switchyard,2002-01-01,2003-06-01,\n"
        "P2,Night Owls,2003-06-01,,\n"
    )
    assert counts(take_in("memberships", text)) == (3, 0, 0, 0, 0)
    assert counts(take_in("memberships", text)) == (0, 0, 3, 0, 0)
    ids, teams = queries.by_key(), queries.team_ids_by_name()
    assert queries.team_on(date(2003, 5, 31))[ids["P2"]] == teams["Switchyard"]
    assert queries.team_on(date(2003, 6, 1))[ids["P2"]] == teams["Night Owls"]
    assert queries.people_led_by(ids["P1"], date(2003, 5, 31)) == {ids["P2"]}
    ended = text.replace(
        "P1,Switchyard,2001-01-01,,true", "P1,Switchyard,2001-01-01,2003-01-01,true"
    )
    assert counts(take_in("memberships", ended)) == (0, 1, 2, 0, 0)


def test_overlap_in_one_team_is_refused_in_two_teams_allowed(take_in):
    take_in("people", PEOPLE)
    text = (
        "person_id,team,start_date,end_date\n"
        "P2,A,2002-01-01,2003-01-01\n"
        "P2,A,2002-06-01,\n"
        "P2,B,2002-06-01,\n"
        "P2,C,2003-01-01,2003-01-01\n"
        "P2,A,2003-01-01,\n"
    )
    result = take_in("memberships", text)
    assert counts(result) == (3, 0, 0, 2, 0)
    assert sorted(told(result)) == [
        (3, "start_date", "overlap"),
        (5, "end_date", "end_before_start"),
    ]


def test_memberships_of_strangers_wait_for_them(take_in):
    text = "person_id,team,start_date\nP2,A,2002-01-01\nP2,A,2002-01-01\n"
    assert counts(take_in("memberships", text)) == (0, 0, 1, 0, 1)
    assert counts(take_in("memberships", text)) == (0, 0, 1, 0, 1)
    assert count_rows(IntakeSetAside) == 1
    take_in("absences", "person_id,start_date,end_date\nP2,2003-01-01,2003-01-02\n")
    assert count_rows(IntakeSetAside) == 2
    take_in("people", PEOPLE)
    assert count_rows(IntakeSetAside) == 0
    assert count_rows(TeamMembership) == 1
    assert count_rows(Absence) == 1
    db.session.rollback()


def test_absences_are_added_once(take_in):
    take_in("people", PEOPLE)
    text = "person_id,start_date,end_date\nP2,2003-01-06,2003-01-10\nP2,2003-01-10,2003-01-09\n"
    assert counts(take_in("absences", text)) == (1, 0, 0, 1, 0)
    assert counts(take_in("absences", text)) == (0, 0, 1, 1, 0)
    assert queries.calendars()[queries.by_key(["P2"])["P2"]].absences == (
        (date(2003, 1, 6), date(2003, 1, 10)),
    )


def test_a_dry_run_stores_nothing_at_all(take_in):
    result = take_in("people", PEOPLE, dry_run=True)
    assert counts(result) == (3, 0, 0, 0, 0)
    for table in (Person, PersonChange, ImportRun, ImportProblem, IntakeSetAside, Team):
        assert count_rows(table) == 0


def test_runs_are_written_down_with_counts_and_problems(take_in):
    take_in("people", PEOPLE + "P10,bad,X,,,,\n")
    run = db.session.get(ImportRun, 1)
    assert (run.kind, run.state, run.rows, run.added, run.refused) == ("people", "done", 4, 3, 1)
    assert len(run.sha256) == 64
    problem = db.session.get(ImportProblem, 1)
    assert (problem.run_id, problem.row, problem.code) == (1, 5, "not_an_email")
