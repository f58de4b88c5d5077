"""When the comms room works by itself. A job run twice finds nothing the second time."""

from collections.abc import Mapping
from datetime import datetime

from comms import services
from core.db import transaction
from core.scheduler import Every, JobSpec


def send_due_issues(as_of: datetime) -> Mapping[str, int]:
    """Send each campaign's newest issue due by now, once."""
    with transaction():
        return services.send_due_issues(as_of)


JOBS = (
    JobSpec(
        id="send-due-issues",
        run=send_due_issues,
        trigger=Every(minutes=5),
        doc="Chooses a tip for everybody in a campaign's audience and queues their letters.",
        due=services.due_instants,
    ),
)
