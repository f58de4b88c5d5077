"""Every figure on a page: asked by a form, opened to its rows, taken along as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import figures, policy
from core.clock import now
from core.csv_file import csv_file
from core.errors import NotAllowed, NotFound, PennantError
from core.figures import Figure, FigureRequest, Param
from core.guards import current_actor, guard

blueprint = Blueprint("figure_pages", __name__, url_prefix="/figures")

SHOWN_ROWS = 500
WINDOW = timedelta(days=28)
DAY = timedelta(days=1)
Given = dict[str, str]


@dataclass(frozen=True)
class Table:
    """A part of a figure's value that is a list: its heads and lines."""

    name: str
    heads: tuple[str, ...]
    lines: Sequence[Sequence[object]]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Each head in words, with the class that sets numbers flush right."""
        first = self.lines[0] if self.lines else [""] * len(self.heads)
        return [
            (head.replace("_", " ").capitalize(), "num" if is_number(cell) else "")
            for head, cell in zip(self.heads, first, strict=True)
        ]


@dataclass(frozen=True)
class Shown:
    """A figure's value as the page shows it: single numbers, and lists as tables."""

    title: str
    numbers: Sequence[tuple[str, object]]
    tables: Sequence[Table]


def is_number(cell: object) -> bool:
    """Whether a cell is a number to be read as one."""
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def shown_of(title: str, value: Mapping[str, object]) -> Shown:
    """Part a value into numbers and tables, in its own order."""
    numbers: list[tuple[str, object]] = []
    tables: list[Table] = []
    for name, item in value.items():
        if isinstance(item, Mapping):
            tables.append(Table(name, ("", "Number"), list(item.items())))
        elif isinstance(item, list | tuple):
            tables.append(_table(name, item))
        else:
            numbers.append((name, item))
    return Shown(title, numbers, tables)


def _table(name: str, items: Sequence[Any]) -> Table:
    if items and isinstance(items[0], Mapping):
        heads = tuple(items[0])
        return Table(name, heads, [[item[head] for head in heads] for item in items])
    lines = [item if isinstance(item, list | tuple) else [item] for item in items]
    width = max(map(len, lines), default=1)
    return Table(name, ("",) * width, lines)


def usual(param: Param, launch_on: date, today: date) -> str:
    """What a form asks first: yesterday, the last 28 days, the last whole month; else nothing."""
    yesterday = today - DAY
    last_month = today.replace(day=1) - DAY
    match param.kind, param.name:
        case "date", "start" | "cohort_start":
            first = today - WINDOW if param.name == "start" else launch_on
            return first.isoformat()
        case "date", "end":
            return today.isoformat()
        case "date", _:
            return yesterday.isoformat()
        case "span", "base":
            return f"{launch_on}/{launch_on + WINDOW}"
        case "span", _:
            return f"{today - WINDOW}/{today}"
        case "month", "month_a":
            return f"{last_month.replace(day=1) - DAY:%Y-%m}"
        case "month", _:
            return f"{last_month:%Y-%m}"
        case _:
            return ""


def _chosen(name: str) -> Figure:
    """The figure, if the reader may see it; raises NotFound or NotAllowed."""
    chosen = figures.find(name)
    scope = policy.require(current_actor(), chosen.action)
    if chosen.lists_people and scope is not policy.Scope.ALL:
        raise NotAllowed(
            f"{name} lists people by name, and your role does not see everybody's.",
            fix="Your own people stand on the pages of their room.",
        )
    return chosen


def _may_see(figure: Figure) -> bool:
    scope = policy.scope_of(current_actor(), figure.action)
    return scope is policy.Scope.ALL or (scope is not policy.Scope.NONE and not figure.lists_people)


def _opens_rows(figure: Figure) -> bool:
    individual = policy.scope_of(current_actor(), "people.metrics_individual")
    return figure.rows is not None and individual is policy.Scope.ALL


def _programme() -> Any:  # noqa: ANN401 - the programme room's own class, which core must not know
    return current_app.extensions["pennant"]["programmes"].default()


@blueprint.get("")
@guard("dashboard.programme")
def index() -> ResponseReturnValue:
    """Every figure the reader may see, with what it says."""
    seen = [figure for figure in figures.registered().values() if _may_see(figure)]
    return render_template("core/figures.html", figures=seen, programme=_programme())


@blueprint.get("/<name>")
@guard("dashboard.programme")
def figure(name: str) -> ResponseReturnValue:
    """One figure: its form, filled with what is usual, and its value."""
    chosen, programme = _chosen(name), _programme()
    if programme is None:
        raise NotFound("There is no programme yet.", fix="Apply a playbook first.")
    given = _given(chosen, programme)
    shown, problem = [], None
    try:
        asked = replace(figures.ask(chosen, programme, given, now()), actor=current_actor())
        shown = _values(chosen, asked)
    except PennantError as refusal:
        problem = refusal
    rows_url = url_for(".rows", name=name) + f"?{urlencode(given)}"
    return render_template(
        "core/figure.html",
        figure=chosen,
        choices={param.name: _options(param) for param in chosen.params if param.choices},
        given=given,
        shown=shown,
        problem=problem,
        rows_url=rows_url if _opens_rows(chosen) and problem is None else None,
        api_url=f"/api/v1/programmes/{programme.slug}/figures/{name}?{urlencode(given)}",
        as_of=given.get("as_of", ""),
    )


def _options(param: Param) -> list[tuple[str, str]]:
    """The choices of a parameter for a drop-down; one that need not be given has an empty one."""
    empty = [] if param.required else [("", "the usual")]
    return empty + [(str(choice), str(choice).replace("_", " ")) for choice in param.choices]


def _values(chosen: Figure, asked: FigureRequest) -> list[Shown]:
    shown = [shown_of("", chosen.compute(asked))]
    if chosen.beside is not None:
        shown.append(shown_of(chosen.beside.title, chosen.beside.compute(asked)))
    return shown


def _given(chosen: Figure, programme: Any) -> Given:  # noqa: ANN401 - see _programme
    """What was asked; the first time what is usual."""
    given = {name: text for name, text in request.args.items() if text and name != "csv"}
    if given:
        return given
    today = now().date()
    usuals = {
        param.name: usual(param, programme.launch_on, today)
        for param in chosen.params
        if param.required
    }
    return {name: text for name, text in usuals.items() if text}


@blueprint.get("/<name>/rows")
@guard("people.metrics_individual")
def rows(name: str) -> ResponseReturnValue:
    """The rows behind a figure, as a page or with `?csv` as a file, for who sees everybody's."""
    chosen, programme = _chosen(name), _programme()
    if programme is None or not _opens_rows(chosen) or chosen.rows is None:
        raise NotFound("There are no rows to show here.")
    given = _given(chosen, programme)
    found = [dict(row) for row in chosen.rows(figures.ask(chosen, programme, given, now()))]
    heads = tuple(found[0]) if found else ()
    if "csv" in request.args:
        return csv_file(name, heads, ([row[head] for head in heads] for row in found))
    return render_template(
        "core/figure_rows.html",
        figure=chosen,
        table=Table(name, heads, [[row[head] for head in heads] for row in found[:SHOWN_ROWS]]),
        total=len(found),
        back=url_for(".figure", name=name) + f"?{urlencode(given)}",
        csv=url_for(".rows", name=name) + f"?{urlencode({**given, 'csv': 1})}",
    )
