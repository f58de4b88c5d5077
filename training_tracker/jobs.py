"""When the training room works by itself. A job run twice finds nothing the second time."""

from collections.abc import Mapping
from datetime import datetime

from core.db import transaction
from core.scheduler import Daily, JobSpec
from training_tracker import services


def assign_milestones(as_of: datetime) -> Mapping[str, int]:
    """Assign what milestones ask of everybody whose start day has come."""
    with transaction():
        return services.assign_milestones(as_of)


def check_hands_on(as_of: datetime) -> Mapping[str, int]:
    """Judge hands-on windows by the usage known by now."""
    with transaction():
        return services.check_hands_on(as_of)


def chase_overdue(as_of: datetime) -> Mapping[str, int]:
    """Climb the overdue ladder; a letter that could not leave within its use-by is dropped."""
    with transaction():
        return services.chase_overdue(as_of)


JOBS = (
    JobSpec(
        id="assign-milestones",
        run=assign_milestones,
        trigger=Daily("04:30"),
        doc="Gives new and newly enabled people the assignments their milestones bring.",
    ),
    JobSpec(
        id="check-hands-on",
        run=check_hands_on,
        trigger=Daily("05:30"),
        doc="Looks in the usage for the real use that classes ask for.",
    ),
    JobSpec(
        id="chase-overdue",
        run=chase_overdue,
        trigger=Daily("12:30"),
        doc="Writes once to rep, manager and director about a mandatory training past its date.",
    ),
)
