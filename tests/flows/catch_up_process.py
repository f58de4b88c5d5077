"""Catches up in a process a test may kill: `python -m tests.flows.catch_up_process URL A B`."""

import sys
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir

from core import scheduler
from core.doors.jobs import _wait_for_lease, declared
from tests.conftest import assemble, settings_for


def main() -> None:
    """Run every slot between two instants, as `flask jobs catch-up` does."""
    url, since, until = sys.argv[1:4]
    with assemble(settings_for(url, Path(gettempdir()))).app_context():
        holder = _wait_for_lease(scheduler.owner_name())
        span = (datetime.fromisoformat(since), datetime.fromisoformat(until))
        scheduler.catch_up(declared(), *span, holder)
        scheduler.give_up_lease(holder)


if __name__ == "__main__":
    main()
