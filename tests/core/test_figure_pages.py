"""Every figure can be asked on a page, opened to its rows, and taken as a file."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import figures
from core.doors.figure_pages import shown_of, usual
from core.figures import Param
from tests.factories.people import PASSWORD, make_account, make_person

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
TODAY, LAUNCH = date(2026, 10, 20), date(2026, 3, 2)


@pytest.fixture
def visit_as(demo_app: Flask) -> Callable[[str], FlaskClient]:
    """A client signed in as the demo's person of a role."""

    def sign_in(role: str) -> FlaskClient:
        name = f"visiting-{role}"
        person = make_person(role=role, key=name, email=f"{name}@example.org".replace("_", "-"))
        make_account(person)
        visitor = demo_app.test_client()
        visitor.post("/sign-in", data={"email": person.email, "password": PASSWORD})
        return visitor

    return sign_in


@pytest.mark.parametrize(
    ("param", "text"),
    [
        (Param("through", "date"), "2026-10-19"),
        (Param("start", "date"), "2026-09-22"),
        (Param("end", "date"), "2026-10-20"),
        (Param("cohort_start", "date"), "2026-03-02"),
        (Param("base", "span"), "2026-03-02/2026-03-30"),
        (Param("current", "span"), "2026-09-22/2026-10-20"),
        (Param("month", "month"), "2026-09"),
        (Param("month_a", "month"), "2026-08"),
        (Param("month_b", "month"), "2026-09"),
        (Param("course"), ""),
    ],
)
def test_what_a_form_asks_first(param: Param, text: str) -> None:
    assert usual(param, LAUNCH, TODAY) == text


def test_a_value_parts_into_numbers_and_tables() -> None:
    value = {"rate": 0.5, "counts": {"late": 2}, "teams": [{"team": "East", "n": 1}], "curve": []}
    shown = shown_of("", {**value, "points": [[1, 0.5], [2, 0.25]]})
    assert shown.numbers == [("rate", 0.5)]
    assert [(table.name, table.heads, list(table.lines)) for table in shown.tables] == [
        ("counts", ("", "Number"), [("late", 2)]),
        ("teams", ("team", "n"), [["East", 1]]),
        ("curve", ("",), []),
        ("points", ("", ""), [[1, 0.5], [2, 0.25]]),
    ]


def test_every_figure_has_a_page_that_answers(
    demo_app: Flask, at: Callable[[datetime], None], visit_as: Callable[[str], FlaskClient]
) -> None:
    at(NOW)
    ops = visit_as("sales_ops")
    listed = ops.get("/figures")
    assert listed.status_code == 200
    for name, figure in figures.registered().items():
        assert f'href="/figures/{name}"' in listed.text
        assert figure.says, f"{name} does not say what it counts"
        page = ops.get(f"/figures/{name}")
        assert page.status_code == 200, name
        asks_more = any(
            param.required and not usual(param, LAUNCH, TODAY) for param in figure.params
        )
        assert ("needs the parameter" in page.text) is asks_more, name
        if figure.rows is not None and not asks_more:
            assert ops.get(f"/figures/{name}/rows").status_code == 200, name
            file = ops.get(f"/figures/{name}/rows?csv=1")
            assert file.mimetype == "text/csv", name


def test_a_wrong_question_is_answered_beside_its_field(
    demo_app: Flask, at: Callable[[datetime], None], visit_as: Callable[[str], FlaskClient]
) -> None:
    at(NOW)
    page = visit_as("sales_ops").get("/figures/adoption?through=yesterday")
    assert page.status_code == 200
    assert "must be a date such as" in page.text
    assert 'aria-invalid="true"' in page.text


def test_who_sees_sums_only_opens_no_rows(
    demo_app: Flask, at: Callable[[datetime], None], visit_as: Callable[[str], FlaskClient]
) -> None:
    at(NOW)
    boss = visit_as("executive")
    assert boss.get("/figures/adoption").status_code == 200
    assert "The rows behind it" not in boss.get("/figures/adoption").text
    assert boss.get("/figures/adoption/rows").status_code in {403, 404}
    assert boss.get("/figures/missed_moments").status_code in {403, 404}
    assert visit_as("rep").get("/figures").status_code in {403, 404}
