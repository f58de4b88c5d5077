"""The clockwork of contests: thin, repeatable, late runs end where on-time runs do."""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from core.db import transaction
from core.scheduler import CatchUp, Every, JobSpec
from incentives import queries
from incentives.services import awards, clock

log = logging.getLogger("pennant.contests")


def open_close_contests(as_of: datetime) -> Mapping[str, int]:
    """Take every due step, each in a transaction of its own; one contest never stops another."""
    counts: Counter[str] = Counter()
    for contest_id in queries.due_contests(as_of):
        try:
            while (taken := _step(contest_id, as_of)) is not None and taken.is_taken:
                counts[taken.step.value] += 1
            counts["waiting"] += taken is not None
        except Exception:
            log.exception("contest %s could not be moved on", contest_id)
            counts["failed"] += 1
    return counts


def _step(contest_id: int, as_of: datetime) -> clock.Taken | None:
    with transaction():
        return clock.step_due(contest_id, as_of)


def announce_awards(as_of: datetime) -> Mapping[str, int]:
    """Announce awards whose letters are through."""
    with transaction():
        return {"announced": awards.announce_due(as_of)}


JOBS = (
    JobSpec(
        id="open-close-contests",
        run=open_close_contests,
        trigger=Every(minutes=15),
        doc="Starts, ends, works out and decides contests at their official instants.",
        catch_up=CatchUp.ALL,
        due=queries.instants,
    ),
    JobSpec(
        id="announce-awards",
        run=announce_awards,
        trigger=Every(minutes=10),
        doc="Marks awards announced once the letters of thanks are through.",
        catch_up=CatchUp.LATEST,
    ),
)
