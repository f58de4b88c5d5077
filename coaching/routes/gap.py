"""Managers side by side, a team's loops week by week, and what coaching changed: numbers alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from coaching import access
from coaching.queries import effect as effects
from coaching.queries import figures
from coaching.queries import gap as queries
from coaching.queries.gap import Board
from coaching.routes.blueprint import blueprint
from coaching.rules import effect as rules
from coaching.rules.gap import (
    FEWEST_DUE,
    LOOP_WEEKS,
    SORTS,
    Manager,
    Pair,
    ordered,
    pair_of,
    widest,
)
from coaching.rules.telling import money
from core.clock import now
from core.csv_file import csv_file
from core.errors import NotFound
from core.guards import current_actor, guard
from core.policy import Actor, Scope, scope_of

COLUMNS = (
    ("team", "Team and manager", ""),
    ("coverage", "Done in time", "num"),
    ("adoption", "Kept the habit", "num"),
    ("loops", "Loops kept", "num"),
    ("recovered", "Recovered a year", "num"),
    ("gap", "To the best", "num"),
)
MONEY = frozenset({"recovered", "gap"})
OUTCOMES = {
    "open": "Not over yet",
    "kept": "Kept",
    "skipped": "Skipped",
    "nothing_missed": "Nothing was missed",
    "excused": "Excused: the manager was away",
    "system": "Missed by the system",
}


@dataclass(frozen=True)
class Column:
    """A head of the board with the link that sorts by it; `sort` is what aria-sort says."""

    name: str
    label: str
    css: str
    sort: str
    href: str


@dataclass(frozen=True)
class Links:
    """Where each number of a row opens to; empty where the reader has no figure pages."""

    coverage: str
    adoption: str
    recovered: str
    to_best: str


def _board(actor: Actor, moment: datetime) -> Board | None:
    owner = figures.current_programme()
    if owner is None:
        return None
    leads = access.leads_compared(actor, figures.today_of(owner, moment))
    is_sums = scope_of(actor, access.STATS) is Scope.AGG
    return queries.board(owner, moment, leads, owner.min_group if is_sums else None)


def _sorting() -> tuple[str, bool]:
    by = request.args.get("sort", "")
    if by not in SORTS:
        return "coverage", True
    down = request.args.get("dir", "")
    return by, down == "desc" if down in {"asc", "desc"} else by != "team"


@blueprint.get("/coaching/gap")
@guard("coach.stats")
def gap() -> ResponseReturnValue:
    """What lies between managers: the behaviour, the habit, the loop kept, and the money."""
    actor, moment = current_actor(), now()
    board = _board(actor, moment)
    if board is None or not board.rows:
        hidden = 0 if board is None else board.hidden
        return render_template(
            "coaching/gap_empty.html", has_programme=board is not None, hidden=hidden
        )
    by, is_down = _sorting()
    chosen = _pair(board)
    return render_template(
        "coaching/gap.html",
        board=board,
        rows=ordered(board.rows, by, is_down=is_down),
        columns=_columns(board, by, is_down=is_down),
        links={one.team_id: _links(actor, board, one) for one in board.rows},
        pair=chosen,
        pair_href=_pair_href(actor, chosen),
        choices=[(one.slug, one.team) for one in ordered(board.rows, "team", is_down=False)],
        asked={name: request.args.get(name, "") for name in ("one", "other")},
        sort=by,
        direction="desc" if is_down else "asc",
        money=_money(board),
        effectiveness=f"{board.leak.effectiveness:g}",
        fewest=FEWEST_DUE,
        loop_weeks=LOOP_WEEKS,
    )


def _money(board: Board) -> Callable[[float | None], str]:
    def said(amount: float | None) -> str:
        return money(amount, board.owner.currency)

    return said


def _columns(board: Board, by: str, *, is_down: bool) -> list[Column]:
    shown = []
    for name, label, css in COLUMNS:
        if name in MONEY and board.leak.per_year is None:
            continue
        is_now = name == by
        turn = ("asc" if is_down else "desc") if is_now else ("asc" if name == "team" else "desc")
        kept = {key: value for key in ("one", "other") if (value := request.args.get(key))}
        href = (
            f"{url_for('coaching.gap')}?{urlencode({'sort': name, 'dir': turn, **kept})}#managers"
        )
        said = ("descending" if is_down else "ascending") if is_now else "none"
        shown.append(Column(name, label, css, said, href))
    return shown


def _links(actor: Actor, board: Board, one: Manager) -> Links:
    """Every number opens to what it is made of."""
    if scope_of(actor, "dashboard.programme") is Scope.NONE:
        return Links("", "", "", "")
    window = {"start": board.first, "end": board.end, "through": board.through, "team": one.team}
    rate, best = one.coverage.rate, one.best
    return Links(
        coverage=_figure("due_behaviour_coverage", **window) if one.coverage.base else "",
        adoption=_figure("adoption_by_team", through=board.adoption_through)
        if board.adoption_through
        else "",
        recovered="" if rate is None else _figure("leak", adoption=rate),
        to_best="" if rate is None or best is None else _figure("team_gap", a=rate, b=best),
    )


def _figure(name: str, **asked: object) -> str:
    return f"{url_for('figure_pages.figure', name=name)}?{urlencode(asked)}"


def _pair(board: Board) -> Pair | None:
    """The two asked for, or those furthest apart."""
    by_slug = {one.slug: one for one in board.rows}
    first = by_slug.get(request.args.get("one", ""))
    second = by_slug.get(request.args.get("other", ""))
    if first is not None and second is not None:
        return pair_of(first, second, board.leak)
    return widest(board.rows, board.leak)


def _pair_href(actor: Actor, pair: Pair | None) -> str:
    if pair is None or scope_of(actor, "dashboard.programme") is Scope.NONE:
        return ""
    return _figure("team_gap", a=pair.low.coverage.rate, b=pair.high.coverage.rate)


CSV_HEADER = (
    "Team",
    "Manager",
    "Reps",
    "Done in time",
    "Due",
    "Share",
    "Share from",
    "Share to",
    "Habit kept",
    "Habit measurable",
    "Loops kept",
    "Loops skipped",
    "Loops excused",
    "Loops not held by the house",
    "Recovered a year",
    "To the best a year",
    "To the next a year",
    "Currency",
    "Weeks from",
    "Weeks to",
)


@blueprint.get("/coaching/gap.csv")
@guard("coach.stats")
def gap_csv() -> Response:
    """The board as a file: the rows its page shows to the same reader, sorted as asked."""
    board = _board(current_actor(), now())
    if board is None:
        raise NotFound("There is no programme yet.")
    by, is_down = _sorting()
    return csv_file(
        f"managers-{board.last}",
        CSV_HEADER,
        [
            (
                one.team,
                one.lead,
                one.reps,
                one.coverage.hits,
                one.coverage.base,
                one.coverage.rate,
                *(one.coverage.interval or (None, None)),
                one.adoption.hits,
                one.adoption.base,
                one.loops.kept,
                one.loops.skipped,
                one.loops.excused,
                one.loops.system,
                one.recovered,
                one.to_best,
                one.to_next,
                board.owner.currency,
                board.first.isoformat(),
                board.last.isoformat(),
            )
            for one in ordered(board.rows, by, is_down=is_down)
        ],
    )


@blueprint.get("/coaching/gap/<slug>")
@guard("coach.stats")
def gap_team(slug: str) -> ResponseReturnValue:
    """A team's loops week by week: the number shown and what became of it, no words."""
    board = _board(current_actor(), now())
    found = next((one for one in board.rows if one.slug == slug), None) if board else None
    if board is None or found is None:
        raise NotFound("There is no such team.")
    return render_template(
        "coaching/gap_team.html",
        board=board,
        row=found,
        weeks=queries.loop_weeks(board.owner, found.team_id, board.since),
        outcomes=OUTCOMES,
        money=_money(board),
        loop_weeks=LOOP_WEEKS,
    )


@blueprint.get("/coaching/effect")
@guard("coach.stats")
def effect() -> ResponseReturnValue:
    """What coaching may have changed, beside reps not coached yet."""
    actor, moment = current_actor(), now()
    owner = figures.current_programme()
    if owner is None:
        return render_template("coaching/gap_empty.html", has_programme=False, hidden=0)
    board = _board(actor, moment)
    is_own = scope_of(actor, access.STATS) is Scope.TEAM
    is_all = scope_of(actor, access.STATS) in {Scope.ALL, Scope.AGG}
    teams = None if is_all or board is None else frozenset(one.team_id for one in board.rows)
    found = effects.effect(owner, moment, teams)
    return render_template(
        "coaching/effect.html",
        page=found,
        said=rules.sentence(found.found),
        careful=rules.CAREFUL,
        points=rules.points,
        is_own=is_own,
        is_shown=not is_own or found.found.reps >= owner.min_group,
        least=owner.min_group,
        fewest_teams=rules.FEWEST_TEAMS,
        fewest_reps=rules.FEWEST_REPS,
        fewest_due=rules.FEWEST_DUE,
        talks_until=found.last - rules.SPAN * rules.WEEK,
    )
