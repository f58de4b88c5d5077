"""Playbook parts of training, and the page's form: what is read, and what is refused where."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.calendars import ProgrammeCalendar
from core.errors import Invalid
from core.playbook import PlaybookPart, PlaybookRefused, read_text
from training_tracker.forms import (
    CoursePlan,
    HandsOnPlan,
    MilestonePlan,
    completion_rows,
    courses_part,
    mark_form,
    milestones_part,
)


def parts(text: str) -> dict:
    def nothing(_run, _value):
        return ()

    known = [
        PlaybookPart("programme", 0, lambda node: None, nothing),
        PlaybookPart("courses", 20, courses_part, nothing),
        PlaybookPart("milestones", 30, milestones_part, nothing),
    ]
    book = read_text(f"programme: {{slug: a}}\n{text}".encode(), known, Path())
    return {part.key: value for part, value in book.values}


def test_courses_and_milestones_as_the_contract_writes_them() -> None:
    found = parts(
        "courses: [{slug: intro, title: Introduction, kind: live, minutes: 20, valid_days: null}]\n"
        "milestones: [{course: intro, for: {roles: [rep]}, due_days_after_start: 14,"
        " mandatory: true, hands_on: {kind: guided_use, count: 1, within_hours: 48}}]\n"
    )
    assert found["courses"] == (CoursePlan("intro", "Introduction", "live", 20, None),)
    assert found["milestones"] == (
        MilestonePlan("intro", ("rep",), 14, True, HandsOnPlan("guided_use", 1, 48)),
    )


def test_what_need_not_be_said() -> None:
    found = parts(
        "courses: [{slug: intro}]\nmilestones: [{course: intro, due_days_after_start: 0}]"
    )
    assert found["courses"] == (CoursePlan("intro", "intro", "elearning", None, None),)
    assert found["milestones"] == (MilestonePlan("intro", ("rep",), 0, True, None),)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("courses:\n- {slug: intro}\n- {slug: intro}", 2, "stands here twice"),
        ("courses:\n- {slug: Intro Course}", 3, "is not a slug"),
        ("courses:\n- {slug: a, kind: lecture}", 3, "not one of"),
        ("courses:\n- {slug: a, minutes: 0}", 3, "outside 1"),
        ("courses:\n- {slug: a, length: 3}", 3, "unknown key 'length'"),
        ("milestones:\n- {course: a}", 3, "due_days_after_start is missing"),
        ("milestones:\n- {course: a, due_days_after_start: -1}", 3, "outside 0"),
        (
            "milestones:\n- {course: a, due_days_after_start: 1, for: {roles: [boss]}}",
            3,
            "not one of",
        ),
        (
            "milestones:\n- course: a\n  due_days_after_start: 1\n  hands_on: {kind: x}",
            5,
            "within_hours is missing",
        ),
        (
            "milestones:\n" + "- {course: a, due_days_after_start: 1}\n" * 2,
            2,
            "stands here twice",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(PlaybookRefused) as refused:
        parts(text)
    (fault,) = refused.value.faults
    assert fault.line == line
    assert said in fault.message


CALENDAR = ProgrammeCalendar("America/New_York")
NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2026-03-19", "2026-03-19T21:00:00+00:00"),  # five in the afternoon in New York
        ("2026-03-20", "2026-03-20T14:00:00+00:00"),  # today: not later than now
        ("2026-03-02", "2026-03-02T22:00:00+00:00"),  # before the clocks changed
    ],
)
def test_a_date_stands_for_the_end_of_work(on: str, expected: str) -> None:
    form = mark_form({"person_id": "P1", "completed_on": on}, CALENDAR, NOW)
    assert form.completed_at == datetime.fromisoformat(expected)
    assert CALENDAR.local_day(form.completed_at) == date.fromisoformat(on)
    assert form.is_passed


def test_rows_of_the_machine_door_become_cells() -> None:
    body = {"completions": [{"person_id": 7, "passed": True, "score": 91.5}, "x", None]}
    rows = completion_rows(body)
    assert rows[0][1]["person_id"] == "7"
    assert (rows[0][1]["passed"], rows[0][1]["score"]) == ("true", "91.5")
    assert [set(cells.values()) for _, cells in rows[1:]] == [{""}, {""}]
    with pytest.raises(Invalid):
        completion_rows({"completions": None})
