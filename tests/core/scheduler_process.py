"""One scheduler process for tests: `python -m tests.core.scheduler_process URL HOURS [SLOT GATE]`.

It runs a counting job and a letter-writing job over a fixed day of slots, by the house's own
scheduler, and kills itself in the middle of the slot named, once
the file GATE is there. It says `standing by` when it is about to ask for the lease.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select

from core import outbox, scheduler
from core.clock import now
from core.db import UtcDateTime, db, set_up_engine, transaction
from core.scheduler import Every, JobSpec
from tests.conftest import settings_for

START = datetime(2026, 5, 4, tzinfo=UTC)


# What the counting job leaves behind. It has no unique key, so a double run would show.
MARK = Table(
    "test_mark",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("slot", UtcDateTime),
    Column("pid", Integer),
)


def make_app(url: str) -> Flask:
    """Return a bare app on a database."""
    app = Flask("scheduler")
    settings = settings_for(url, Path("/tmp"))
    app.config.update(SQLALCHEMY_DATABASE_URI=url, PENNANT=settings)
    app.extensions["pennant"] = {"recipients": lambda _ids, _today: {}}
    db.init_app(app)
    with app.app_context():
        set_up_engine(db.engine)
    return app


def jobs(die_in: datetime | None = None, gate: Path | None = None) -> list[JobSpec]:
    """Return the two jobs; the first dies in one slot after its work is committed, if told to."""

    def count(as_of: datetime) -> Mapping[str, int]:
        with transaction() as session:
            seen = select(func.count()).select_from(MARK).where(MARK.c.slot == as_of)
            if not session.execute(seen).scalar_one():
                session.execute(insert(MARK).values(slot=as_of, pid=os.getpid()))
        if as_of == die_in and gate is not None:
            while not gate.exists():
                time.sleep(0.02)
            os.kill(os.getpid(), signal.SIGKILL)
        return {"marked": 1}

    def write(as_of: datetime) -> Mapping[str, int]:
        letter = outbox.Letter(
            kind="tip",
            list_name="tips",
            person_id=1,
            subject="A tip",
            text="A tip",
            dedupe_key=f"tip:{as_of.isoformat()}",
        )
        with transaction():
            return {"written": int(outbox.post(letter, as_of))}

    return [
        JobSpec(id="count", run=count, trigger=Every(minutes=30), doc="Counts."),
        JobSpec(id="write", run=write, trigger=Every(minutes=60), doc="Writes."),
    ]


def main() -> None:
    """Work through the day until every slot has an end, taking the lease whenever it is free."""
    url, until = sys.argv[1], START + timedelta(hours=float(sys.argv[2]))
    is_victim = len(sys.argv) > 3
    die_in = datetime.fromisoformat(sys.argv[3]) if is_victim else None
    gate = Path(sys.argv[4]) if is_victim else None
    app, owner = make_app(url), scheduler.owner_name()
    with app.app_context():
        print("standing by", flush=True)
        while True:
            holder = scheduler.take_lease(owner, now())
            if holder is not None:
                scheduler.catch_up(jobs(die_in, gate), START, until, holder)
                scheduler.give_up_lease(holder)
                return
            time.sleep(0.02)


if __name__ == "__main__":
    main()
