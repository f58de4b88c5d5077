"""Keeping what a board says: the snapshot near the end, the result, its revisions; leaving out."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from core.db import db, insert_missing
from core.errors import Conflict
from leaderboard.models import Board, FrozenStanding
from leaderboard.queries import checks, facts, reads, tables
from leaderboard.rules.standing import Line, result_hash
from leaderboard.services.folding import rescore, result_row
from leaderboard.services.opening import locked


@dataclass(frozen=True)
class Frozen:
    """A result kept for ever: its rows and their fingerprint."""

    rows: tuple[Line, ...]
    result_hash: str


def keep_snapshot_if_due(board_id: int, as_of: datetime) -> bool:
    """`keep_snapshot` once the moment of hiding has come."""
    board = db.session.get_one(Board, board_id)
    is_due = board.hides_at is not None and as_of >= board.hides_at
    return is_due and keep_snapshot(board_id)


def keep_snapshot(board_id: int) -> bool:
    """Keep what everybody sees from `hides_at` on; True when it was taken now.

    It is worked out as of that instant, so taking it late gives the same rows.
    """
    board = locked(board_id)
    if board.hides_at is None or board.has_snapshot or board.frozen_at is not None:
        return False
    rows = tables.lines_at(facts.spec_of(board).as_held(board.hides_at), board.hides_at)
    _keep(board, reads.SNAPSHOT, rows)
    board.has_snapshot = True
    board.version += 1
    return True


def freeze_board(board_id: int, *, rev: int) -> Frozen:
    """Keep the result of a revision; the board shows it and counts no further until `thaw`."""
    board = locked(board_id)
    rows = lines_now(board)
    _keep(board, rev, rows)
    board.frozen_rev = rev
    board.version += 1
    return Frozen(rows, result_hash(rows))


def thaw_board(board_id: int) -> None:
    """Count on after a correction; the revision kept before stays kept."""
    board = locked(board_id)
    if board.frozen_at is not None:
        raise Conflict("This board's result stands.")
    board.frozen_rev = None
    board.version += 1


def exclude(board_id: int, people: Collection[int], teams: Collection[int]) -> None:
    """Leave exactly these people and teams out of a board; the next refresh counts it anew."""
    board = locked(board_id)
    board.excluded_people, board.excluded_teams = sorted(people), sorted(teams)
    board.version += 1


def amend_board(board_id: int, *, rev: int, received_until: datetime) -> Frozen:
    """Work a sealed result out anew from what had been received by then; keep it as a revision.

    Earlier revisions stay kept. Raises Conflict when a second count disagrees.
    """
    board = locked(board_id)
    if board.frozen_at is None:
        raise Conflict("This board has no result to amend yet.")
    board.closes_at = received_until
    rescore(board.id, facts.spec_of(board), received_until, None)
    rows = lines_now(board)
    if result_hash(rows) != second_opinion(board.id):
        raise Conflict("The amended standings and their recount differ.", code="alarm")
    _keep(board, rev, rows)
    board.frozen_rev = rev
    board.version += 1
    return Frozen(rows, result_hash(rows))


def move_end(
    board_id: int, *, ends_on: date, closes_at: datetime, hides_at: datetime | None
) -> None:
    """Let a board's window end on another date; everything is counted anew at the next refresh."""
    board = locked(board_id)
    if board.frozen_at is not None or board.frozen_rev is not None:
        raise Conflict("This board's result stands; its end cannot move.")
    if board.is_sealed and board.hides_at is not None and hides_at is None:
        hides_at = board.hides_at + (closes_at - board.closes_at)
    board.ends_on, board.closes_at, board.hides_at = ends_on, closes_at, hides_at
    board.version += 1


def retitle(board_id: int, title: str) -> None:
    """Give a board another title."""
    board = locked(board_id)
    board.title = title
    board.version += 1


def list_board(board_id: int) -> None:
    """Show the board to everybody."""
    board = locked(board_id)
    board.is_listed = True
    board.version += 1


def lines_now(board: Board) -> tuple[Line, ...]:
    """The standings as the fold has them: what the second opinion is compared with."""
    return checks.folded(board)


def second_opinion(board_id: int) -> str:
    """The fingerprint of the result counted again from the events, by other steps."""
    board = db.session.get_one(Board, board_id)
    return checks.recounted_hash(board, board.closes_at)


def _keep(board: Board, rev: int, rows: Iterable[Line]) -> None:
    found = tuple(rows)
    names = reads.kept_names(facts.spec_of(board), [row.unit_id for row in found])
    insert_missing(
        FrozenStanding,
        [result_row(board.id, row, names) | {"rev": rev} for row in found],
        key=["board_id", "rev", "unit_id"],
    )


def seal(board_id: int, *, rev: int, now: datetime, is_void: bool = False) -> None:
    """Make a kept result the board's last word: it is shown to all and nothing moves any more.

    A void one gives nobody anything, in its season neither.
    """
    board = locked(board_id)
    if board.is_sealed:
        keep_snapshot(board_id)
    board.frozen_at, board.frozen_rev, board.is_void = now, rev, is_void
    board.version += 1


def cover(board_id: int, from_instant: datetime) -> None:
    """Show everybody the snapshot until `uncover`, even once there is a result (a ceremony).

    A board that hides its end hides it from its own moment; another one from `from_instant`.
    """
    board = locked(board_id)
    board.is_sealed = True
    board.hides_at = board.hides_at or from_instant
    board.version += 1


def uncover(board_id: int) -> None:
    """Show the result to everybody."""
    board = locked(board_id)
    board.is_sealed = False
    board.version += 1


def close_without_result(board_id: int, now: datetime) -> None:
    """Stop a board whose contest was called off; its rows stay as they are."""
    board = locked(board_id)
    board.frozen_at = now
    board.version += 1
