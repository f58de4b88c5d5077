"""Contests held against what they rest on (for `flask audit verify`; CONTESTS, invariants)."""

from sqlalchemy import select

from core.db import db
from core.ledger import Hold, HoldState, LedgerEntry
from incentives.models import Award, Contest
from incentives.queries.records import contests
from incentives.rules.awards import IN_FORCE, AwardState
from incentives.rules.contests import OVER, State
from leaderboard.models import Board
from leaderboard.queries import checks as boards


def verify() -> list[str]:
    """The first thing about each contest that does not hold; empty when all is sound."""
    found = []
    for contest in contests():
        board = db.session.get_one(Board, contest.board_id)
        if boards.differs(board):
            found.append(f"contest {contest.slug}: its standings are not what the events say")
        found += [
            f"contest {contest.slug}: a row belongs to nobody: {unit_id}"
            for unit_id in boards.strangers(board)[:1]
        ]
        found += _result(contest)
        found += _holds(contest)
    return found + _awards()


def _result(contest: Contest) -> list[str]:
    """A kept result is the one that was shown; while the next one is worked out there is none."""
    if contest.result_hash is None or contest.state == State.COMPUTING:
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
    """Awards and their ledger entries are one to one, and so are reversals (CONTESTS, award)."""
    rows = db.session.execute(select(Award.entry_key, Award.state))
    states = {row.entry_key: row.state for row in rows}
    entries = set(
        db.session.scalars(
            select(LedgerEntry.entry_key).where(
                LedgerEntry.entry_key.like("award:%"),
                ~LedgerEntry.entry_key.like("award:%:contingency"),
                ~LedgerEntry.entry_key.like("award:%:refill"),
            )
        )
    )
    reversals = set(
        db.session.scalars(select(LedgerEntry.reverses).where(LedgerEntry.reverses.like("award:%")))
    )
    given = {key for key, state in states.items() if state in {*IN_FORCE, AwardState.REVERSED}}
    taken_back = {key for key, state in states.items() if state == AwardState.REVERSED}
    return [
        f"{what}: {key}"
        for what, keys in (
            ("award without an entry", given - entries),
            ("entry without an award", entries - given),
            ("award taken back without a reversal", taken_back - reversals),
            ("reversal of an award that stands", reversals - taken_back),
        )
        for key in sorted(str(key) for key in keys)[:1]
    ]
