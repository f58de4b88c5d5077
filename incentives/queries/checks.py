"""Contests held against what they rest on (for `flask audit verify`; CONTESTS, invariants)."""

from sqlalchemy import select

from core.db import db
from core.ledger import Hold, HoldState, LedgerEntry
from incentives.models import Award, Contest
from incentives.queries.records import contests
from incentives.rules.contests import OVER
from leaderboard.models import Board
from leaderboard.queries import checks as boards


def verify() -> list[str]:
    """The first thing about each contest that does not hold; empty when all is sound."""
    found = []
    for contest in contests():
        board = db.session.get_one(Board, contest.board_id)
        if boards.differs(board):
            found.append(f"contest {contest.slug}: its standings are not what the events say")
        found += _result(contest)
        found += _holds(contest)
    return found + _awards()


def _result(contest: Contest) -> list[str]:
    """A kept result is the one that was shown."""
    if contest.result_hash is None:
        return []
    if boards.frozen_hash(contest.board_id, contest.rev) == contest.result_hash:
        return []
    return [f"contest {contest.slug}: its kept result was changed"]


def _holds(contest: Contest) -> list[str]:
    """Nothing is held for a contest that is over."""
    if contest.state not in OVER:
        return []
    waiting = select(Hold.id).where(
        Hold.hold_key.like(f"contest:{contest.id}:hold:%"), Hold.state == HoldState.PENDING
    )
    if db.session.scalar(waiting.limit(1)) is None:
        return []
    return [f"contest {contest.slug}: money is still held for it"]


def _awards() -> list[str]:
    """Awards and their ledger entries are one to one."""
    entries = set(
        db.session.scalars(
            select(LedgerEntry.entry_key).where(LedgerEntry.entry_key.like("award:%"))
        )
    )
    awards = set(
        db.session.scalars(select(Award.entry_key).where(Award.state.in_(["granted", "announced"])))
    )
    return [f"award without an entry: {key}" for key in sorted(awards - entries)[:1]] + [
        f"entry without an award: {key}" for key in sorted(entries - awards)[:1]
    ]
