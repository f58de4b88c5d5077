"""Boards held against the raw events: what the fold keeps, and the count that shares no step."""

from datetime import datetime

from leaderboard.models import Board
from leaderboard.queries import facts, reads, tables
from leaderboard.rules.standing import Line, Unranked, lines, result_hash


def folded(board: Board) -> tuple[Line, ...]:
    """The standings as the fold has them."""
    spec = facts.spec_of(board)
    teams = spec.team_ids if spec.team_ids is not None else facts.racing_teams(spec)
    bases = tables.baselines_at(spec, board.closes_at)
    return lines(spec.terms, reads.member_scores(board.id), teams, bases)


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
    return result_hash(
        Line(
            team_id=place.unit_id,
            points=place.points,
            headcount=place.headcount,
            roster=place.roster,
            participants=place.participants,
            member_days=0,
            score=place.score,
            rank_score=place.rank_score,
            rank=place.rank,
            reason=None if place.reason is None else Unranked(place.reason),
        )
        for place in reads.frozen_places(board_id, rev)
    )
