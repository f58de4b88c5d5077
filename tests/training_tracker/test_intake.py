"""Files and the machine door: rows stored once, named when refused, kept when nobody is known."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from core.db import db
from core.intake.registry import registry
from core.intake.runner import run_import
from core.policy import SYSTEM
from people.services import create_token
from tests.factories.people import make_person
from tests.factories.programme import make_programme
from tests.factories.training_tracker import make_course, make_milestone
from training_tracker.models import Assignment, Completion, Course, HandsOnCheck

pytestmark = pytest.mark.usefixtures("app")

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)


def take(folder: Path, **files: str) -> dict:
    paths = []
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    declared = registry()
    summary = run_import(
        paths,
        kinds=declared.kinds,
        programme_id=declared.find_programme(None),
        actor=SYSTEM,
        now=NOW,
        followers=declared.followers,
    )
    return {file.kind: file.to_json() for file in summary.files}


def counts(file: dict) -> tuple[int, ...]:
    names = ("rows", "added", "changed", "unchanged", "refused", "set_aside")
    return tuple(file[name] for name in names)


ASSIGNMENTS = """person_id,course,assigned_on,due_on,waived
A1,intro,2026-03-02,2026-03-16,
A2,intro,2026-03-02,,true
A3,intro,2026-03-02,2026-03-01,
,intro,2026-03-02,,
A1,intro,02/03/2026,,
nobody,intro,2026-03-02,,
"""
COMPLETIONS = """person_id,course,completed_at,passed,score,source
A1,intro,2026-03-10T15:00:00Z,yes,80.5,lms
A2,intro,2026-03-10 15:00,true,,
A2,intro,2026-03-10T15:00:00+01:00,no,,
A2,intro,2026-03-10T15:00:00Z,maybe,,
A2,intro,2026-03-10T15:00:00Z,true,NaN,
nobody,intro,2026-03-10T15:00:00Z,true,,
"""


def test_files_are_taken_in_once(tmp_path: Path) -> None:
    owner = make_programme()
    course = make_course(owner, slug="intro")
    make_milestone(course, hands_on=("guided_use", 1, 48))
    for key in ("A1", "A2", "A3"):
        make_person(key=key)
    first = take(tmp_path, completions=COMPLETIONS, assignments=ASSIGNMENTS)
    assert counts(first["assignments"]) == (6, 2, 0, 0, 3, 1)
    assert counts(first["completions"]) == (6, 2, 0, 0, 3, 1)
    named = {
        (problem["row"], problem["field"], problem["code"])
        for problem in first["assignments"]["problems"]
    }
    assert named >= {
        (4, "due_on", "end_before_start"),
        (5, "person_id", "missing"),
        (6, "assigned_on", "not_a_date"),
    }
    assert {problem["code"] for problem in first["completions"]["problems"]} >= {
        "naive_instant",
        "not_a_boolean",
        "not_a_number",
    }
    again = take(tmp_path, completions=COMPLETIONS, assignments=ASSIGNMENTS)
    assert counts(again["assignments"])[1:4] == (0, 0, 2)
    assert counts(again["completions"])[1:4] == (0, 0, 2)
    rows = list(db.session.scalars(select(Assignment).order_by(Assignment.person_id)))
    assert [(row.due_on, row.is_waived) for row in rows] == [
        (date(2026, 3, 16), False),
        (None, True),
    ]
    done = list(db.session.scalars(select(Completion).order_by(Completion.person_id)))
    assert [(row.local_day, row.is_passed, row.score, row.source) for row in done] == [
        (date(2026, 3, 10), True, 80.5, "lms"),
        (date(2026, 3, 10), False, None, "file"),
    ]
    assert len(list(db.session.scalars(select(HandsOnCheck)))) == 1


def test_a_column_that_is_not_there_erases_nothing(tmp_path: Path) -> None:
    owner = make_programme()
    make_course(owner, slug="intro")
    make_person(key="A1")
    full = "person_id,course,assigned_on,due_on,waived\nA1,intro,2026-03-02,2026-03-16,true\n"
    take(tmp_path, assignments=full)
    narrow = take(tmp_path, assignments="person_id,course,assigned_on\nA1,intro,2026-03-02\n")
    assert counts(narrow["assignments"]) == (1, 0, 0, 1, 0, 0)


def test_a_course_no_playbook_has_is_added_and_said(tmp_path: Path) -> None:
    make_programme()
    make_person(key="A1")
    text = "person_id,course,assigned_on\nA1,safety,2026-03-02\nA1,safety,2026-03-09\n"
    file = take(tmp_path, assignments=text)["assignments"]
    assert counts(file) == (2, 2, 0, 0, 0, 0)
    assert [(problem["row"], problem["code"]) for problem in file["problems"]] == [
        (2, "unknown_course")
    ]
    assert [course.slug for course in db.session.scalars(select(Course))] == ["safety"]


def test_a_row_set_aside_finds_its_person_later(tmp_path: Path) -> None:
    owner = make_programme()
    make_course(owner, slug="intro")
    text = "person_id,course,completed_at,passed\nZ9,intro,2026-03-10T15:00:00Z,true\n"
    assert counts(take(tmp_path, completions=text)["completions"]) == (1, 0, 0, 0, 0, 1)
    take(tmp_path, people="person_id,email,name\nZ9,z9@example.org,Zoe Nine\n")
    assert len(list(db.session.scalars(select(Completion)))) == 1


def door(client, body, token: str | None, **kwargs):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post("/api/v1/completions", json=body, headers=headers, **kwargs)


@pytest.fixture
def token(app) -> str:
    from core.db import transaction

    with transaction():
        return create_token("lms", ["training:write"], days=30, actor=SYSTEM, now=NOW)


def test_the_machine_door_answers_like_an_import(client, at, token) -> None:
    at(NOW)
    owner = make_programme()
    make_course(owner, slug="intro")
    make_person(key="A1")
    row = {"person_id": "A1", "course": "intro", "completed_at": "2026-03-10T15:00:00Z"}
    body = {
        "completions": [
            row | {"passed": True, "score": 91.5},
            row | {"passed": [1]},
            {"person_id": "A1"},
            "x",
            row | {"person_id": "nobody", "passed": True},
        ]
    }
    answer = door(client, body, token)
    assert answer.status_code == 200
    assert counts(answer.json) == (5, 1, 0, 0, 3, 1)
    assert counts(door(client, body, token).json)[1:4] == (0, 0, 1)
    assert {problem["row"] for problem in answer.json["problems"]} >= {2, 3, 4}


@pytest.mark.parametrize("body", [[], {}, {"completions": 3}, {"completions": [{}] * 1001}, "text"])
def test_a_body_that_is_no_list_is_refused(client, at, token, body) -> None:
    at(NOW)
    make_programme()
    assert door(client, body, token).status_code == 422


def test_the_door_needs_its_token(client, at, token) -> None:
    at(NOW)
    make_programme()
    assert door(client, {"completions": []}, None).status_code == 401
    assert door(client, {"completions": []}, "wrong").status_code == 401
    from core.db import transaction

    with transaction():
        other = create_token("x", ["figures:read"], days=1, actor=SYSTEM, now=NOW)
    assert door(client, {"completions": []}, other).status_code == 403
    assert door(client, {"completions": []}, token).status_code == 200
