"""Slots: each has exactly one end, whatever runs twice, dies or sleeps."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from core import scheduler
from core.db import db, transaction
from core.outbox import OutboxLetter
from core.scheduler import (
    LEASE_TTL,
    CatchUp,
    Daily,
    Every,
    Fenced,
    Holder,
    JobSlot,
    JobSpec,
    SlotState,
)
from tests.core.scheduler_process import MARK, START

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Recorder:
    """A job that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []
        self.fail = False

    def __call__(self, as_of: datetime) -> Mapping[str, int]:
        self.asked.append(as_of)
        if self.fail:
            msg = "the feed is down"
            raise RuntimeError(msg)
        return {"done": 1}


@pytest.fixture
def marks(app: Flask) -> None:
    MARK.create(db.engine)


def spec(run: Recorder, **changes: object) -> JobSpec:
    fields: dict[str, object] = {"id": "job", "trigger": Every(minutes=60), "doc": "A job."}
    return JobSpec(run=run, **{**fields, **changes})  # type: ignore[arg-type]


def holder(now: datetime = NOW) -> Holder:
    held = scheduler.take_lease("me:0:a", now)
    assert held is not None
    return held


def ends() -> Counter[tuple[str, str]]:
    return Counter((row.job, str(row.state)) for row in db.session.query(JobSlot))


@given(
    minutes=st.sampled_from([1, 5, 10, 15, 60]),
    instant=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_slots_of_a_rhythm_never_overlap_or_leave_a_gap(minutes: int, instant: datetime) -> None:
    rhythm = Every(minutes=minutes)
    floor, after = rhythm.floor(instant), rhythm.after(instant)
    assert floor <= instant < after
    assert after - floor == timedelta(minutes=minutes)
    assert rhythm.floor(floor) == floor


@given(instant=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_daily_slot_comes_once_a_day(instant: datetime) -> None:
    rhythm = Daily("02:30")
    assert rhythm.floor(instant) <= instant < rhythm.after(instant)
    assert rhythm.after(instant) - rhythm.floor(instant) == timedelta(days=1)


def test_catching_up_runs_every_slot_in_order_and_once(app: Flask) -> None:
    job = Recorder()
    scheduler.catch_up([spec(job)], NOW, NOW + 3 * HOUR, holder())
    assert job.asked == [NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR]
    scheduler.catch_up([spec(job)], NOW, NOW + 3 * HOUR, holder())
    assert len(job.asked) == 3
    assert ends() == {("job", "done"): 3}


def test_jobs_of_one_instant_keep_the_order_of_the_floors(app: Flask) -> None:
    order: list[str] = []

    def run(name: str) -> JobSpec:
        def work(_as_of: datetime) -> Mapping[str, int]:
            order.append(name)
            return {}

        return JobSpec(id=name, run=work, trigger=Every(minutes=60), doc=name)

    scheduler.catch_up([run("b"), run("a")], NOW, NOW + 2 * HOUR, holder())
    assert order == ["b", "a", "b", "a"]


def test_a_job_that_needs_only_its_newest_slot_skips_the_rest_and_says_so(app: Flask) -> None:
    job = Recorder()
    late = spec(job, catch_up=CatchUp.LATEST)
    scheduler.catch_up([late], NOW, NOW + 5 * HOUR, holder())
    assert job.asked == [NOW + 5 * HOUR]
    row = db.session.query(JobSlot).one()
    assert (row.covers_from, row.slot) == (NOW + HOUR, NOW + 5 * HOUR)


def test_a_job_with_named_instants_runs_only_there_at_its_slot(app: Flask) -> None:
    job = Recorder()
    named = spec(job, due=lambda _after, _until: [NOW + timedelta(minutes=90)])
    scheduler.catch_up([named], NOW, NOW + 9 * HOUR, holder())
    assert job.asked == [NOW + 2 * HOUR]


def test_a_failed_slot_is_tried_again_three_times_and_stays_visible(app: Flask) -> None:
    job = Recorder()
    job.fail = True
    held = holder()
    scheduler.catch_up([spec(job)], NOW, NOW + HOUR, held)
    for _ in range(5):
        with transaction() as session:
            for row in session.query(JobSlot):
                row.finished_at = NOW
        scheduler.catch_up([spec(job)], NOW, NOW + HOUR, held)
    row = db.session.query(JobSlot).one()
    assert (row.state, row.attempt, len(job.asked)) == (SlotState.FAILED, 3, 3)
    assert row.error is not None
    assert "the feed is down" in row.error


def test_one_failing_job_does_not_stop_the_next(app: Flask) -> None:
    bad, good = Recorder(), Recorder()
    bad.fail = True
    jobs = [spec(bad, id="bad"), spec(good, id="good")]
    scheduler.catch_up(jobs, NOW, NOW + HOUR, holder())
    assert ends() == {("bad", "failed"): 1, ("good", "done"): 1}


def test_the_lease_has_one_holder_until_it_runs_out(app: Flask) -> None:
    first = scheduler.take_lease("other:1:a", NOW)
    assert first is not None
    assert scheduler.take_lease("other:2:b", NOW + LEASE_TTL / 2) is None
    assert scheduler.renew_lease(first, NOW + LEASE_TTL / 2)
    second = scheduler.take_lease("other:2:b", NOW + 2 * LEASE_TTL)
    assert second is not None
    assert second.epoch == first.epoch + 1
    assert not scheduler.renew_lease(first, NOW + 2 * LEASE_TTL)


@pytest.mark.usefixtures("marks")
def test_a_sleeper_that_lost_the_lease_cannot_write(app: Flask) -> None:
    sleeper = scheduler.take_lease("other:1:a", NOW)
    assert sleeper is not None

    def oversleep(as_of: datetime) -> Mapping[str, int]:
        assert scheduler.take_lease("other:2:b", NOW + 2 * LEASE_TTL) is not None
        with transaction() as session:
            session.execute(insert(MARK).values(slot=as_of, pid=0))
        return {}

    # Taking the lease is what another process does; here it happens inside, past this one's fence.
    with pytest.raises(Fenced):
        scheduler.run_slot(
            JobSpec(id="job", run=oversleep, trigger=Every(minutes=60), doc="Sleeps."),
            NOW,
            holder=sleeper,
        )
    assert db.session.execute(select(MARK)).all() == []


def test_a_slot_left_behind_by_a_dead_scheduler_is_finished_by_the_next(app: Flask) -> None:
    job = Recorder()
    dead = scheduler.take_lease("other:1:a", NOW)
    assert dead is not None
    with transaction() as session:
        session.add(
            JobSlot(
                job="job",
                slot=NOW,
                covers_from=NOW,
                state=SlotState.CLAIMED,
                epoch=dead.epoch,
                attempt=1,
                started_at=NOW,
                finished_at=None,
                counts={},
                error=None,
            )
        )
    heir = scheduler.take_lease("other:2:b", NOW + 2 * LEASE_TTL)
    assert heir is not None
    scheduler.run_due([spec(job)], NOW + timedelta(minutes=10), heir)
    row = db.session.query(JobSlot).one()
    assert (row.state, row.attempt, job.asked) == (SlotState.DONE, 2, [NOW])


def launch(url: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.core.scheduler_process", url, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_until_up(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "standing by\n"


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("marks")
def test_four_schedulers_at_once_one_killed_in_a_slot_every_slot_has_one_end(
    app: Flask, database: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    victim = launch(database, "12", (START + 5 * HOUR).isoformat(), str(gate))
    wait_until_up(victim)
    while db.session.query(JobSlot).count() == 0:  # until the victim has the lease
        db.session.rollback()
        time.sleep(0.02)
    others = [launch(database, "12") for _ in range(3)]
    for process in others:
        wait_until_up(process)
    time.sleep(0.3)
    assert [process.poll() for process in [victim, *others]] == [None] * 4
    gate.touch()
    assert victim.wait(timeout=60) == -9
    assert [process.wait(timeout=90) for process in others] == [0, 0, 0]
    for process in [victim, *others]:
        process.communicate()
    db.session.rollback()
    slots = db.session.query(JobSlot).all()
    assert Counter((row.job, str(row.state)) for row in slots) == {
        ("count", "done"): 24,
        ("write", "done"): 12,
    }
    assert max(row.attempt for row in slots) == 2
    marked = Counter(mark.slot for mark in db.session.execute(select(MARK)))
    assert (len(marked), set(marked.values())) == (24, {1})
    letters = Counter(letter.dedupe_key for letter in db.session.query(OutboxLetter))
    assert (len(letters), set(letters.values())) == (12, {1})


def test_a_watched_job_runs_when_what_it_waits_for_changed_and_only_then(app: Flask) -> None:
    run, waits_for, seen = Recorder(), [1], dict[str, object]()
    watched = [spec(run, watch=lambda: tuple(waits_for)), spec(Recorder(), id="plain")]
    holder = scheduler.take_lease("me", NOW)
    assert holder is not None
    assert scheduler.run_watched(watched, seen, NOW, holder) == ["job"]
    assert scheduler.run_watched(watched, seen, NOW, holder) == []
    waits_for.append(2)
    assert scheduler.run_watched(watched, seen, NOW + HOUR, holder) == ["job"]
    assert run.asked == [NOW, NOW + HOUR]
    assert db.session.scalars(select(JobSlot)).all() == []


def test_what_comes_during_a_watched_run_sets_it_off_again(app: Flask) -> None:
    waits_for, asked, seen = [1], list[datetime](), dict[str, object]()

    def run(as_of: datetime) -> Mapping[str, int]:
        asked.append(as_of)
        if len(asked) == 1:
            waits_for.append(2)
        return {}

    watched = [JobSpec(id="job", run=run, trigger=Every(60), doc="", watch=lambda: len(waits_for))]
    holder = scheduler.take_lease("me", NOW)
    assert holder is not None
    for _ in range(3):
        scheduler.run_watched(watched, seen, NOW, holder)
    assert len(asked) == 2


def test_a_woken_job_writes_nothing_once_the_lease_is_lost(app: Flask, marks: None) -> None:
    holder = scheduler.take_lease("me", NOW)
    assert holder is not None
    assert scheduler.take_lease("you", NOW + 2 * LEASE_TTL) is not None

    def run(as_of: datetime) -> Mapping[str, int]:
        with transaction():
            db.session.execute(insert(MARK).values(slot=as_of, pid=1))
        return {}

    watched = [spec(run, watch=lambda: 1)]  # type: ignore[arg-type]
    with pytest.raises(Fenced):
        scheduler.run_watched(watched, {}, NOW, holder)
    db.session.rollback()
    assert db.session.execute(select(MARK)).all() == []
