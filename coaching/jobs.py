"""The clockwork of the weekly loop: thin, repeatable, late runs end where on-time runs do.

Where it matters that a run came late, `now` says when it really is; without it the run is in time.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from coaching import services
from coaching.queries import clock as queries
from core import clock
from core.db import transaction
from core.scheduler import CatchUp, Daily, Every, JobSpec

log = logging.getLogger("pennant.coaching")


def prepare_weeks(as_of: datetime, now: datetime | None = None) -> Mapping[str, int]:
    """Prepare the week that holds `as_of` in every programme, as of its first instant.

    One programme that fails does not stop another, but the slot has failed and is tried again.
    """
    counts = {"loops": 0, "items": 0, "moments": 0}
    failures = []
    for programme_id, week, start in queries.weeks_at(as_of):
        try:
            with transaction():
                done = services.prepare_week(programme_id, week, start, now=now)
        except Exception as error:
            log.exception("the week of programme %s could not be prepared", programme_id)
            failures.append(error)
            continue
        counts["loops"] += done.loops
        counts["items"] += done.items
        counts["moments"] += done.moments
    if failures:
        raise failures[0]
    return counts


def week_starts(after: datetime, until: datetime) -> Iterable[datetime]:
    """The instants at which a week of some programme begins."""
    return queries.week_starts_between(after, until)


def remind_reviews(as_of: datetime, now: datetime | None = None) -> Mapping[str, int]:
    """Let reviews come due, move those of people on leave, call off those nobody can hold."""
    with transaction():
        called_off = services.call_off(as_of)
    with transaction():
        reached = services.reach_days(as_of, now=now)
    return {"due": reached.due, "moved": reached.moved, "called_off": called_off}


def close_reviews(as_of: datetime, now: datetime | None = None) -> Mapping[str, int]:
    """Count as missed what ran out, close what is settled, judge the weeks that are over."""
    with transaction():
        missed = services.time_out(as_of, now=now)
    with transaction():
        closed = services.close_items(as_of)
        decided = services.decide_loops(as_of, now=now)
    return {
        "reviews_missed": missed,
        "not_coached": closed.missed,
        "closed": closed.closed,
        **decided,
    }


def count_coverage(as_of: datetime) -> Mapping[str, int]:
    """Count the last weeks of every programme anew."""
    rows = 0
    for owner in queries.programme_ids_in_use():
        with transaction():
            rows += services.count_coverage(owner, as_of)
    return {"rows": rows}


def forget_words(as_of: datetime) -> Mapping[str, int]:
    """Blank words a year old."""
    with transaction():
        return {"talks": services.forget_words(as_of)}


def _by_the_clock(
    work: Callable[[datetime, datetime], Mapping[str, int]],
) -> Callable[[datetime], Mapping[str, int]]:
    """The job as the scheduler runs it: as of its slot, done now."""

    def run(as_of: datetime) -> Mapping[str, int]:
        return work(as_of, clock.now())

    return run


JOBS = (
    JobSpec(
        id="prepare-week",
        run=_by_the_clock(prepare_weeks),
        trigger=Every(minutes=15),
        doc="Makes each team's number and what to talk about, as the week of a programme begins.",
        due=week_starts,
    ),
    JobSpec(
        id="remind-reviews",
        run=_by_the_clock(remind_reviews),
        trigger=Every(minutes=15),
        doc="Reminds of reviews on their day, and moves those of people on leave.",
        catch_up=CatchUp.LATEST,
    ),
    JobSpec(
        id="close-reviews",
        run=_by_the_clock(close_reviews),
        trigger=Every(minutes=15),
        doc="Counts reviews nobody marked as missed, and closes and judges weeks that are over.",
        catch_up=CatchUp.LATEST,
    ),
    JobSpec(
        id="count-coverage",
        run=count_coverage,
        trigger=Daily("05:35"),
        doc="Counts anew how often it was done when it was due, by rep and week.",
        catch_up=CatchUp.LATEST,
    ),
    JobSpec(
        id="forget-coaching-words",
        run=forget_words,
        trigger=Daily("03:40"),
        doc="Blanks what was written to talks more than a year ago; numbers stay.",
        catch_up=CatchUp.LATEST,
        coalesce=timedelta(days=7),
    ),
)
