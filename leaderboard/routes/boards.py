"""Pages of boards: all of them, one at any moment, the events behind a row, and its file."""

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.csv_file import csv_file
from core.db import transaction
from core.errors import Conflict, Invalid, NotFound
from core.guards import current_actor, guard
from core.policy import Scope, require, scope_of
from leaderboard import access, forms
from leaderboard.metrics import MODE_NAMES
from leaderboard.models import Board
from leaderboard.queries import entries, history, lists, reads, series
from leaderboard.queries.reads import Table
from leaderboard.routes import views
from leaderboard.rules.seats import Seat
from leaderboard.services import openended
from leaderboard.services.openended import OpenKind, StandingPlan

blueprint = Blueprint("leaderboard", __name__)

KIND_WORDS = (
    (OpenKind.STANDING.value, "Since the programme began"),
    (OpenKind.ALL_TIME.value, "Of all time"),
)


@blueprint.get("/boards")
@guard("contest.list_visible")
def boards() -> ResponseReturnValue:
    """What runs, what comes, what is always on and what was decided, each with its leaders."""
    return _boards_page({})


def _boards_page(errors: dict[str, str], status: int = 200) -> ResponseReturnValue:
    actor = current_actor()
    found = lists.board_list(actor.person_id, now())
    page = render_template(
        "leaderboard/boards.html",
        answer=found.answer,
        sections=found.groups,
        seasons=series.seasons(),
        brackets=series.brackets(),
        may_open=scope_of(actor, "contest.create_draft") is Scope.ALL,
        kinds=KIND_WORDS,
        modes=[(mode.value, MODE_NAMES[mode]) for mode in forms.MODES],
        given=request.form,
        errors=errors,
    )
    return page, status


@blueprint.post("/boards")
@guard("contest.create_draft")
def open_board() -> ResponseReturnValue:
    """Open a board that goes on without an end; for those who may run any contest."""
    actor, moment = current_actor(), now()
    if require(actor, "contest.create_draft") is not Scope.ALL:
        raise NotFound("There is nothing to open here.")
    programme_id = lists.default_programme_id()
    if programme_id is None:
        raise NotFound("There is no programme yet.")
    try:
        form = forms.open_form(request.form)
        with transaction():
            slug = openended.free_slug(form.title)
            plan = StandingPlan(slug=slug, title=form.title, kind=form.kind, mode=form.mode)
            openended.open_standing(programme_id, plan, actor=actor, now=moment)
    except (Invalid, Conflict) as refused:
        said = f"{refused.message} {refused.fix or ''}".strip()
        return _boards_page({refused.field or "title": said}, 422)
    flash(f"{form.title} is open. It counts within moments.")
    return redirect(url_for("leaderboard.board", slug=slug))


def _zone(board: Board) -> str:
    return lists.zone_of(board.programme_id)


def _seat(board: Board, *, everybody: bool) -> Seat:
    return access.seat_on(current_actor(), board.unit, everybody=everybody)


def _asked(board: Board, moment: datetime) -> datetime | None:
    """The moment asked for; nothing that lies ahead, and now is no moment of the past."""
    asked = forms.moment(request.args, _zone(board))
    return None if asked is None or asked >= moment else asked


def _table(board: Board, as_of: datetime | None, moment: datetime) -> Table:
    through = access.sees_through_freeze(current_actor())
    return history.shown(board, sees_through=through, as_of=as_of, now=moment)


@blueprint.get("/boards/<slug>")
@guard("board.view_team_ranking")
def board(slug: str) -> ResponseReturnValue:
    """A board now or at any moment before; a contest's own page is where it is played."""
    actor, moment = current_actor(), now()
    found = access.listed_board(slug)
    as_of = _asked(found, moment)
    table = _table(found, as_of, moment)
    own = access.own_units(actor, found, moment.date())
    page = views.board_page(
        found,
        table,
        own,
        _seat(found, everybody="all" in request.args),
        as_of=as_of,
        is_covered=table.is_frozen and reads.is_hidden(found, moment),
    )
    return render_template(
        "leaderboard/board.html",
        board=page,
        may_unfold=access.seat_of(actor, everybody=False) is not Seat.NEAR,
        may_export=scope_of(actor, "export.board_csv") is not Scope.NONE,
        may_open={row.key for row in page.rows if _may_open(found, row.key, moment)},
        given_at=request.args.get("at", "") if as_of is not None else "",
    )


def _may_open(found: Board, unit_id: int, moment: datetime) -> bool:
    return access.may_open(current_actor(), found, unit_id, moment.date())


@blueprint.get("/boards/<slug>/board.csv")
@guard("export.board_csv")
def board_csv(slug: str) -> ResponseReturnValue:
    """The board as a file: the rows its page shows to the same reader, and of which moment."""
    moment = now()
    found = access.listed_board(slug)
    table = _table(found, _asked(found, moment), moment)
    own = access.own_units(current_actor(), found, moment.date())
    rows = views.csv_rows(found, table, own, _seat(found, everybody=True))
    return csv_file(f"{slug}-{table.as_of:%Y%m%d-%H%M}", views.CSV_HEADER, rows)


@blueprint.get("/boards/<slug>/explain")
@guard("board.view_team_ranking")
def explain(slug: str) -> ResponseReturnValue:
    """The events behind one row, each with what it earned and why."""
    actor, moment = current_actor(), now()
    found = access.listed_board(slug)
    as_of = _asked(found, moment)
    table = _table(found, as_of, moment)
    place = reads.place_called(found, table.places, request.args.get("unit", ""))
    if place is None or not _may_open(found, place.unit_id, moment):
        raise NotFound("There is nothing to open here.")
    at = min(as_of or moment, table.as_of) if table.is_frozen else as_of or moment
    with_names = access.sees_unit(actor, found, place.unit_id, moment.date())
    opened = entries.opened(found, place.unit_id, as_of=at, with_names=with_names)
    return render_template(
        "leaderboard/explain.html",
        board=found,
        place=place,
        people=[person | {"tally": entries.tally(person)} for person in opened],
        reasons=entries.REASONS,
        ties=views.ties_of(found, place),
        as_of=at,
        time_zone=_zone(found),
        with_names=with_names,
    )
