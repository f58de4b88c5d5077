"""Keeping boards up to date."""

import logging
from collections.abc import Mapping
from datetime import datetime

from core.db import transaction
from core.scheduler import CatchUp, Every, JobSpec
from leaderboard import services
from leaderboard.queries import due, lists, reads, series
from leaderboard.services import openended

log = logging.getLogger("pennant.boards")


def refresh_boards(as_of: datetime) -> Mapping[str, int]:
    """Bring every board up to `as_of`, each in a transaction of its own."""
    counts = {"looked_at": 0, "changed": 0, "failed": 0}
    for board_id in reads.boards_to_refresh(as_of):
        counts["looked_at"] += 1
        try:
            with transaction():
                counts["changed"] += services.refresh(board_id, as_of)
                services.keep_snapshot_if_due(board_id, as_of)
        except Exception:
            log.exception("board %s could not be refreshed", board_id)
            counts["failed"] += 1
    return counts


def roll_boards(as_of: datetime) -> Mapping[str, int]:
    """Let boards without an end reach today; beside the refresh, which is not to wait for it."""
    counts = {"rolled": 0, "failed": 0}
    for board_id in lists.open_ended():
        try:
            with transaction():
                if openended.roll(board_id, as_of):
                    services.refresh(board_id, as_of)
                    counts["rolled"] += 1
        except Exception:
            log.exception("board %s could not reach today", board_id)
            counts["failed"] += 1
    return counts


def advance_brackets(as_of: datetime) -> Mapping[str, int]:
    """Decide the rounds whose late events are in, and let the winners meet."""
    counts = {"decided": 0, "failed": 0}
    for bracket_id in series.open_rounds(as_of):
        try:
            with transaction():
                counts["decided"] += services.advance_bracket(bracket_id, as_of)
        except Exception:
            log.exception("bracket %s could not go on", bracket_id)
            counts["failed"] += 1
    return counts


JOBS = (
    JobSpec(
        id="roll-boards",
        run=roll_boards,
        trigger=Every(minutes=15),
        doc="Lets boards without an end reach the new day.",
        catch_up=CatchUp.LATEST,
    ),
    JobSpec(
        id="refresh-boards",
        run=refresh_boards,
        trigger=Every(minutes=15),
        doc="Follows new events and changes of people within seconds; writes what changed.",
        catch_up=CatchUp.LATEST,
        watch=due.newest_facts,
    ),
    JobSpec(
        id="advance-brackets",
        run=advance_brackets,
        trigger=Every(minutes=15),
        doc="Decides bracket rounds once their grace is over and opens the next one.",
        catch_up=CatchUp.LATEST,
    ),
)
