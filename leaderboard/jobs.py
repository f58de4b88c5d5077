"""Keeping boards up to date."""

import logging
from collections.abc import Mapping
from datetime import datetime

from core.db import transaction
from core.scheduler import CatchUp, Every, JobSpec
from leaderboard import services
from leaderboard.queries import reads

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


JOBS = (
    JobSpec(
        id="refresh-boards",
        run=refresh_boards,
        trigger=Every(minutes=15),
        doc="Follows new events and changes of people; writes the standings that changed.",
        catch_up=CatchUp.LATEST,
    ),
)
