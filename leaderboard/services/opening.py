"""Opening a board, giving it other terms while nobody has seen it, cutting its divisions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from core.db import db, delete_where, lock_row
from core.errors import Conflict, Invalid, NotFound
from leaderboard.models import Board, BoardMark, Side, SidePerson
from leaderboard.queries import facts, reads, tables
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from leaderboard.rules.terms import stored_rules
from leaderboard.rules.units import (
    DIVISION_SIZE,
    DivisionBy,
    DivisionPlan,
    TieBreak,
    UnitKind,
    divisions,
    stored_divisions,
)
from people import queries as people


@dataclass(frozen=True)
class SidePlan:
    """A named list of people that races as one."""

    name: str
    person_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class BoardPlan:
    """What a board is opened with. `ends_on` is the first date after the window."""

    programme_id: int
    slug: str
    title: str
    link: str
    starts_on: date
    ends_on: date
    closes_at: datetime
    rules: tuple[PointRule, ...]
    mode: Mode = Mode.PARTICIPATION
    target_days: Fraction = Fraction(2)
    min_team_size: Fraction = Fraction(3)
    shrink_k: Fraction = Fraction(10)
    baseline_days: int = 28
    team_ids: tuple[int, ...] | None = None
    hides_at: datetime | None = None
    kind: UnitKind = UnitKind.TEAM
    sides: tuple[SidePlan, ...] = ()
    divisions: DivisionPlan | None = None
    tie_break: tuple[TieBreak, ...] = ()
    rewards_improvement: bool = False


def open_board(plan: BoardPlan) -> Board:
    """Open a board. Raises Conflict when its address is taken."""
    if reads.board_by_slug(plan.slug) is not None:
        raise Conflict("There is a board with this address.", field="slug")
    board = Board(programme_id=plan.programme_id, slug=plan.slug, **_columns(plan))
    db.session.add(board)
    db.session.flush()
    db.session.add(BoardMark(board_id=board.id))
    db.session.flush()
    _write_sides(board, plan.sides)
    return board


def change_board(board: Board, plan: BoardPlan) -> None:
    """Give an open board other terms; everything is counted anew at the next refresh."""
    if board.frozen_at is not None:
        raise Conflict("This board's result stands; it cannot be changed.")
    for name, value in _columns(plan).items():
        setattr(board, name, value)
    db.session.flush()
    _write_sides(board, plan.sides)


def _write_sides(board: Board, sides: Sequence[SidePlan]) -> None:
    """Make the board's sides these. Raises Invalid when somebody stands on two (case 18)."""
    on: dict[int, str] = {}
    for side in sides:
        for person_id in side.person_ids:
            if on.setdefault(person_id, side.name) != side.name:
                card = people.card(person_id)
                raise Invalid(
                    f"{card.key if card else person_id} is on {on[person_id]} and on {side.name}.",
                    field="teams",
                    code="two_sides",
                    fix="Leave everybody on one list.",
                )
    delete_where(SidePerson, SidePerson.board_id == board.id)
    delete_where(Side, Side.board_id == board.id)
    for plan in sides:
        side_row = Side(board_id=board.id, name=plan.name)
        db.session.add(side_row)
        db.session.flush()
        for person_id in dict.fromkeys(plan.person_ids):
            db.session.add(SidePerson(board_id=board.id, person_id=person_id, side_id=side_row.id))
    db.session.flush()


def cut_divisions(board_id: int, as_of: datetime) -> None:
    """Cut a board's divisions from what is known now; they stay (CONTESTS, divisions).

    By size: reps available on the first working day of the window. By past: the steadied points a
    rep-day of the days before (METRICS C6), so that three good days of a small team decide nothing.
    """
    board = locked(board_id)
    if board.division_by is None:
        return
    spec = replace(facts.spec_of(board), divisions=None)
    plan = DivisionPlan(DivisionBy(board.division_by), board.division_of)
    values = tables.compared_by(spec, plan.by, as_of)
    board.divisions = stored_divisions(divisions(plan, values))
    board.version += 1
    db.session.flush()


def _columns(plan: BoardPlan) -> dict[str, Any]:
    return {
        "title": plan.title,
        "link": plan.link,
        "mode": plan.mode.value,
        "rules": stored_rules(plan.rules),
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "closes_at": plan.closes_at,
        "team_ids": None if plan.team_ids is None else sorted(plan.team_ids),
        "target_days": str(plan.target_days),
        "min_team_size": str(plan.min_team_size),
        "shrink_k": str(plan.shrink_k),
        "baseline_days": plan.baseline_days,
        "hides_at": plan.hides_at,
        "unit": plan.kind.value,
        "division_by": plan.divisions.by.value if plan.divisions else None,
        "division_of": plan.divisions.of if plan.divisions else DIVISION_SIZE,
        "divisions": None,
        "tie_break": [each.value for each in plan.tie_break],
        "rewards_improvement": plan.rewards_improvement,
    }


def locked(board_id: int) -> Board:
    """The board, held until the transaction ends."""
    board = lock_row(Board, board_id)
    if board is None:
        raise NotFound("There is no such board.")
    return board
