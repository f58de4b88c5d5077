"""Who may see what of a board: the matrix's scopes turned into rows (TRUST, matrix)."""

from datetime import date

from core.errors import NotFound
from core.policy import Actor, Role, Scope, scope_of
from leaderboard.models import Board
from leaderboard.queries import reads
from leaderboard.rules.seats import Seat
from leaderboard.rules.units import UnitKind
from people import queries as people


def listed_board(slug: str) -> Board:
    """A board that is shown to all; hidden and missing look the same."""
    board = reads.board_by_slug(slug) if len(slug) <= 80 and slug.isprintable() else None
    if board is None or not board.is_listed:
        raise NotFound("There is no board at this address.")
    return board


def own_teams(actor: Actor, today: date) -> frozenset[int]:
    """The teams whose names and points this actor may see: their own, those led, or those below."""
    if actor.person_id is None:
        return frozenset()
    mine = people.own_team_ids(actor.person_id, today) | people.led_team_ids(actor.person_id, today)
    if actor.role is Role.DIRECTOR:
        below = people.tree_below(actor.person_id, today)
        mine |= {team for person, team in people.team_on(today).items() if person in below}
    return mine


def own_units(actor: Actor, board: Board, today: date) -> frozenset[int]:
    """The rows of a board marked as the reader's own: by what the board ranks."""
    if actor.person_id is None:
        return frozenset()
    kind = UnitKind(board.unit)
    if kind is UnitKind.PERSON:
        return frozenset({actor.person_id})
    if kind is UnitKind.ADHOC:
        return reads.sides_of_person([board.id], actor.person_id)
    if actor.role is Role.REP:
        return people.own_team_ids(actor.person_id, today)
    return people.led_team_ids(actor.person_id, today)


def sees_team(actor: Actor, team_id: int, today: date) -> bool:
    """Whether a team's lines may be shown with names."""
    return actor.is_system or actor.role is Role.SALES_OPS or team_id in own_teams(actor, today)


def sees_unit(actor: Actor, board: Board, unit_id: int, today: date) -> bool:
    """Whether a row's people may be shown with names: a team's, a side's, a person's own."""
    kind = UnitKind(board.unit)
    if kind.is_team:
        return sees_team(actor, unit_id, today)
    if actor.is_system or actor.role is Role.SALES_OPS:
        return True
    if actor.person_id is None:
        return False
    if kind is UnitKind.PERSON:
        below = people.tree_below(actor.person_id, today)
        return unit_id == actor.person_id or unit_id in below
    return unit_id in reads.sides_of_person([board.id], actor.person_id)


def may_open(actor: Actor, board: Board, unit_id: int, today: date) -> bool:
    """Whether the entries behind a score may be read: a lone person's by them and their leads."""
    is_person = UnitKind(board.unit) is UnitKind.PERSON
    return not is_person or sees_unit(actor, board, unit_id, today)


def sees_everybody(actor: Actor) -> bool:
    """Who reads every row of a board of persons: those who run contests, and machines they let."""
    return actor.is_system or actor.person_id is None or actor.role is Role.SALES_OPS


def sees_through_freeze(actor: Actor) -> bool:
    """Who sees the live table while everybody else sees the snapshot (case 36)."""
    return actor.is_system or scope_of(actor, "contest.finalise") is Scope.ALL


def led_and_own_teams(actor: Actor, today: date) -> frozenset[int]:
    """The teams marked as the reader's own where no board says when: theirs and those they lead."""
    if actor.person_id is None:
        return frozenset()
    return people.own_team_ids(actor.person_id, today) | people.led_team_ids(actor.person_id, today)


def seat_on(actor: Actor, unit: str, *, everybody: bool) -> Seat:
    """From where the reader sees a board; of persons, all rows are for who runs contests."""
    if unit == UnitKind.PERSON and not sees_everybody(actor):
        return Seat.NEAR
    return seat_of(actor, everybody=everybody)


def seat_of(actor: Actor, *, everybody: bool) -> Seat:
    """Reps see the podium and their own neighbourhood; who leads or runs contests, every row."""
    if actor.role is Role.REP:
        return Seat.NEAR
    return Seat.ALL if everybody else Seat.FRONT
