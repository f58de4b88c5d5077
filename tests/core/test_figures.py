"""Figures at the door: parameters are read, refused by name, and answered in one shape."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from core import figures
from core.errors import Invalid
from core.figures import Figure, FigureRequest, Param

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Programme:
    id: int = 7
    slug: str = "csp"


def compute(request: FigureRequest) -> dict[str, object]:
    return {"through": request.params["through"].toordinal(), "team": request.params["team"]}


FIGURE = Figure(
    name="thing",
    params=(
        Param("through", "date", required=True),
        Param("team"),
        Param("base", "span"),
        Param("month", "month"),
        Param("n", "int"),
        Param("mode", "choice", choices=("on", "off")),
        Param("kinds", "list"),
    ),
    compute=compute,
)


def ask(**given: str) -> FigureRequest:
    return figures.ask(FIGURE, Programme(), given, NOW)


def test_parameters_are_typed_and_absent_ones_are_none() -> None:
    asked = ask(
        through="2026-05-03",
        base="2026-03-02/2026-03-30",
        month="2026-12",
        n="3",
        mode="on",
        kinds="a,b",
    )
    assert dict(asked.params) == {
        "through": date(2026, 5, 3),
        "team": None,
        "base": (date(2026, 3, 2), date(2026, 3, 30)),
        "month": (date(2026, 12, 1), date(2027, 1, 1)),
        "n": 3,
        "mode": "on",
        "kinds": ("a", "b"),
    }
    assert (asked.as_of, asked.as_of_given) == (NOW, False)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "through"),
        ({"through": "3 May"}, "through"),
        ({"through": "99999-01-01"}, "through"),
        ({"through": "2026-05-03", "teem": "x"}, "teem"),
        ({"through": "2026-05-03", "base": "2026-05-03"}, "base"),
        ({"through": "2026-05-03", "base": "2026-05-03/2026-05-03"}, "base"),
        ({"through": "2026-05-03", "n": "nan"}, "n"),
        ({"through": "2026-05-03", "mode": "maybe"}, "mode"),
        ({"through": "2026-05-03", "as_of": "2026-05-03T10:00:00"}, "as_of"),
    ],
)
def test_a_bad_parameter_is_named(given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(**given)
    assert refused.value.field == field


def test_the_answer_has_the_contracts_shape() -> None:
    asked = ask(through="2026-05-03", as_of="2026-05-04T08:00:00+02:00")
    assert figures.answer(FIGURE, Programme(), asked, None) == {
        "figure": "thing",
        "programme": "csp",
        "params": {"through": "2026-05-03"},
        "as_of": "2026-05-04T06:00:00Z",
        "value": {"through": date(2026, 5, 3).toordinal(), "team": None},
        "rows_url": None,
    }


def test_parameters_come_back_as_they_were_written() -> None:
    given = {
        "through": "2026-05-03",
        "team": "North",
        "base": "2026-03-02/2026-03-30",
        "month": "2026-04",
        "n": "3",
        "mode": "off",
        "kinds": "a,b",
    }
    answer = figures.answer(FIGURE, Programme(), ask(**given), None)
    assert answer["params"] == {**given, "n": 3}
