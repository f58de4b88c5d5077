"""The clockwork of contests: thin, repeatable, late runs end where on-time runs do."""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from core.db import transaction
from core.scheduler import CatchUp, Daily, Every, JobSpec
from core.settings import settings
from incentives import queries
from incentives.queries import brackets as bracket_rows
from incentives.queries import ceremony as ceremonies
from incentives.queries import fairplay, life
from incentives.services import award_steps, awards, brackets, ceremony, clock, review

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


def award_brackets(as_of: datetime) -> Mapping[str, int]:
    """Give the prizes of brackets whose final is decided, each in a transaction of its own."""
    counts: Counter[str] = Counter()
    for bracket_id in bracket_rows.due():
        try:
            with transaction():
                counts["given"] += brackets.give(bracket_id, as_of)
        except Exception:
            log.exception("the prizes of bracket %s could not be given", bracket_id)
            counts["failed"] += 1
    return counts


def put_contests_away(as_of: datetime) -> Mapping[str, int]:
    """Archive what was decided long ago; let unanswered proposals and unclaimed money go."""
    decided_before = as_of - timedelta(days=settings().contest_retention_days)
    counts: Counter[str] = Counter()
    for contest_id in life.to_archive(decided_before):
        with transaction():
            counts["archived"] += clock.archive(
                contest_id, decided_before=decided_before, now=as_of
            )
    with transaction():
        counts["expired"] += award_steps.time_out(as_of)
        counts["unclaimed"] += award_steps.release_unclaimed(as_of)
    return counts


def look_for_patterns(as_of: datetime) -> Mapping[str, int]:
    """Look at the reps with new events since the last time."""
    return _look(as_of, at_everybody=False)


def look_at_everybody(as_of: datetime) -> Mapping[str, int]:
    """Look at every rep of every contest that is not decided yet."""
    return _look(as_of, at_everybody=True)


def _look(as_of: datetime, *, at_everybody: bool) -> Mapping[str, int]:
    """Each contest by itself: read at leisure, written in one short transaction."""
    counts: Counter[str] = Counter()
    for contest_id in fairplay.reviewed_contests():
        try:
            looked = review.look(contest_id, as_of, at_everybody=at_everybody)
            with transaction():
                counts.update(review.note(looked, as_of))
        except Exception:
            log.exception("the events of contest %s could not be looked at", contest_id)
            counts["failed"] += 1
    return counts


def open_forgotten_results(as_of: datetime) -> Mapping[str, int]:
    """Open what waits for a ceremony nobody held; each in a transaction of its own."""
    counts: Counter[str] = Counter()
    for ceremony_id in [found.id for found, _ in ceremonies.waiting()]:
        with transaction():
            counts["opened"] += ceremony.release_forgotten(ceremony_id, as_of)
    return counts


JOBS = (
    JobSpec(
        id="open-forgotten-results",
        run=open_forgotten_results,
        trigger=Every(minutes=10),
        doc="Opens sealed results whose ceremony was not held in time.",
        catch_up=CatchUp.LATEST,
    ),
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
    JobSpec(
        id="award-brackets",
        run=award_brackets,
        trigger=Every(minutes=15),
        doc="Gives the winner and the runner-up of a decided bracket their prizes.",
        catch_up=CatchUp.LATEST,
    ),
    JobSpec(
        id="put-contests-away",
        run=put_contests_away,
        trigger=Daily("03:40"),
        doc="Archives contests decided long ago; expires old proposals, frees unclaimed prizes.",
        catch_up=CatchUp.LATEST,
    ),
    JobSpec(
        id="look-for-patterns",
        run=look_for_patterns,
        trigger=Every(minutes=10),
        doc="Raises a flag for a person's look where new contest events make an odd pattern.",
        catch_up=CatchUp.LATEST,
        coalesce=timedelta(days=28),
    ),
    JobSpec(
        id="look-at-everybody",
        run=look_at_everybody,
        trigger=Daily("02:40"),
        doc="The same over all contest events at night: what arrived out of order is seen too.",
        catch_up=CatchUp.LATEST,
        coalesce=timedelta(days=28),
    ),
)
