"""When the reports room works by itself: once a night, after the weeks are judged."""

from collections.abc import Mapping
from datetime import datetime

from core.db import transaction
from core.scheduler import CatchUp, Daily, JobSpec
from reports import services


def count_evidence(as_of: datetime) -> Mapping[str, int]:
    """Count experiments and comparisons, so that their page counts nothing."""
    with transaction():
        return {"programmes": services.count_evidence(as_of)}


JOBS = (
    JobSpec(
        id="count-evidence",
        run=count_evidence,
        trigger=Daily("06:00"),
        doc="Counts what difference the tool makes: experiments, and reps beside their own past.",
        catch_up=CatchUp.LATEST,
    ),
)
