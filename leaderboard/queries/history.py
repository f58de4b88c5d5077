"""A board as a reader sees it, now or at any moment before: one door for pages, files and APIs."""

from datetime import datetime, timedelta

from leaderboard.models import Board
from leaderboard.queries import facts, reads, tables
from leaderboard.queries.facts import Spec
from leaderboard.queries.reads import Table

DAY = timedelta(days=1)


def shown(board: Board, *, sees_through: bool, as_of: datetime | None, now: datetime) -> Table:
    """The table this reader sees: the result, the snapshot, the live rows, or an instant's.

    Within the display freeze every instant after it began shows the snapshot, to all who do not see
    through it (CONTESTS case 36); what was before it stays to be looked at.
    """
    asked = now if as_of is None else as_of
    if not sees_through and reads.is_hidden(board, min(now, asked)):
        return reads.snapshot_table(board)
    is_result = board.frozen_at is not None and asked >= board.frozen_at
    if board.frozen_rev is not None and is_result:
        return reads.current_table(board, asked)
    if as_of is None and reads.is_current(board):
        return reads.current_table(board, now)
    return at(board, asked)


def at(board: Board, as_of: datetime) -> Table:
    """The table at an instant, worked out from what had been received by then."""
    if board.is_contest:
        return reads.table_at(board, as_of)
    spec = spec_at(board, as_of)
    return Table(reads.named(spec, tables.lines_at(spec, as_of)), as_of)


def spec_at(board: Board, as_of: datetime) -> Spec:
    """The race with the events held then; one without an end as far as it had come that date."""
    spec = facts.spec_of(board).as_held(as_of)
    if board.is_contest:
        return spec
    after = spec.calendar.local_day(as_of) + DAY
    return spec.over(spec.starts_on, max(spec.starts_on + DAY, min(spec.ends_on, after)))
