"""Boards held against the raw events: what the fold keeps, and the count that shares no step."""

from datetime import datetime

from leaderboard.models import Board
from leaderboard.queries import facts, reads, tables
from leaderboard.rules.standing import Line, lines, result_hash
from leaderboard.rules.units import UnitKind
from people import queries as people


def folded(board: Board) -> tuple[Line, ...]:
    """The standings as the fold has them."""
    spec = facts.spec_of(board)
    scores = reads.member_scores(board.id)
    bases = tables.baselines_at(spec, board.closes_at)
    beside = tables.around(spec, scores, board.closes_at)
    return lines(spec.terms, scores, tables.racing(spec), bases, beside)


def recounted_hash(board: Board, until: datetime) -> str:
    """The fingerprint of the same, counted again from the events as received by then."""
    return result_hash(tables.recounted(facts.spec_of(board), until))


def differs(board: Board) -> bool:
    """Whether a board that is up to date and still moves says something the events do not."""
    if board.frozen_at is not None or board.frozen_rev is not None:
        return False
    if board.counted_at is None or not reads.is_current(board):
        return False
    until = min(board.counted_at, board.closes_at)
    return result_hash(folded(board)) != recounted_hash(board, until)


def frozen_hash(board_id: int, rev: int) -> str:
    """The fingerprint of a kept result as its rows stand in the table."""
    return result_hash(place.line for place in reads.frozen_places(board_id, rev))


def strangers(board: Board) -> list[int]:
    """Keys of the board's rows behind which there is no unit: what a foreign key would refuse.

    What a key means is the board's to say (team, person, side), so no one table can hold it.
    """
    kept = reads.units_of(board.id)
    kind = UnitKind(board.unit)
    if kind.is_team:
        known = set(people.team_names(kept))
    elif kind is UnitKind.PERSON:
        known = set(people.cards(kept))
    else:
        known = set(facts.spec_of(board).side_ids)
    return sorted(kept - known)
