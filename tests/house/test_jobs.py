"""Every declared job, run twice with one `as_of`, leaves the same rows and the same letters."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import now
from core.db import Base, db

# What the scheduler notes about its own runs is not the work of a job.
BOOKKEEPING = frozenset({"job_slot", "lease"})


def fingerprints() -> dict[str, tuple[int, str]]:
    """Table -> (rows, hash over all of them)."""
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name in BOOKKEEPING:
            continue
        rows = db.session.execute(select(table).order_by(*table.primary_key.columns))
        digest, count = hashlib.sha256(), 0
        for row in rows:
            digest.update(repr(tuple(row)).encode())
            count += 1
        found[table.name] = (count, digest.hexdigest())
    db.session.rollback()
    return found


def changed(before, after) -> list[str]:
    return sorted(name for name in before if before[name] != after[name])


def test_ids_are_told_and_documented(app):
    jobs = app.extensions["pennant"]["jobs"]
    assert len(jobs) >= 8
    assert len({job.id for job in jobs}) == len(jobs)
    assert [job.id for job in jobs if not job.doc.strip()] == []


def test_a_job_run_twice_changes_nothing_more(demo_app):
    as_of = now() + timedelta(minutes=1)
    again = {}
    for job in demo_app.extensions["pennant"]["jobs"]:
        job.run(as_of)
        before = fingerprints()
        job.run(as_of)
        if differing := changed(before, fingerprints()):
            again[job.id] = differing
    assert again == {}


@pytest.mark.sqlite_only
def test_a_day_of_jobs_changes_something(demo_app):
    """The test above would pass over jobs that do nothing."""
    before = fingerprints()
    as_of = now() + timedelta(days=8)
    for job in demo_app.extensions["pennant"]["jobs"]:
        job.run(as_of)
    assert changed(before, fingerprints())
