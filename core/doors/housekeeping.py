"""The house's own jobs: letters go out, old slots are swept up."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from core import mailer, outbox
from core.db import delete_where, gather_statistics, transaction
from core.intake import taking, uploads
from core.scheduler import CatchUp, Daily, Every, JobSlot, JobSpec, SlotState

KEEP_SLOTS = timedelta(days=400)


def _letters_due(after: datetime, until: datetime) -> Iterator[datetime]:
    """Name the next moment at which a waiting letter may go."""
    first = outbox.first_due(until)
    if first is not None:
        yield max(first, after + timedelta(microseconds=1))


def _prune(as_of: datetime) -> Mapping[str, int]:
    """Forget runs older than raw events are kept, and files sent a week ago and never taken in."""
    with transaction():
        swept = delete_where(
            JobSlot, JobSlot.slot < as_of - KEEP_SLOTS, JobSlot.state == SlotState.DONE
        )
        files = uploads.sweep(as_of)
    return {"swept": swept, "files": files}


def _statistics(_as_of: datetime) -> Mapping[str, int]:
    """Keep the plans of queries in step with how the tables grow."""
    with transaction():
        gather_statistics()
    return {}


JOBS = (
    JobSpec(
        id="deliver-letters",
        run=mailer.deliver,
        trigger=Every(minutes=1),
        doc="Checks every due letter and sends, captures, defers or suppresses it.",
        due=_letters_due,
    ),
    JobSpec(
        id="gather-statistics",
        run=_statistics,
        trigger=Daily("03:50"),
        doc="Lets the database plan its queries for the rows it has now.",
        catch_up=CatchUp.LATEST,
        coalesce=timedelta(days=7),
    ),
    JobSpec(
        id="resume-imports",
        run=taking.resume,
        trigger=Every(minutes=1),
        doc="Goes on with files whose import was killed on its way.",
        catch_up=CatchUp.LATEST,
    ),
    JobSpec(
        id="prune-slots",
        run=_prune,
        trigger=Daily("03:40"),
        doc="Sweeps up the record of runs older than 400 days, and sent files older than a week.",
        catch_up=CatchUp.LATEST,
        coalesce=timedelta(days=30),
    ),
)
