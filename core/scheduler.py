"""Runs jobs exactly once per slot (TRUST section 4, rule 10; STACK section 3).

The truth is the `job_slot` table, not a clock library: each due run is a row, unique per job and
slot. One process holds a lease with an epoch; every transaction of a job checks that epoch before
it commits, so a sleeper that wakes after its lease was taken cannot write. APScheduler only ticks.
"""

import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Index,
    Row,
    String,
    Text,
    UniqueConstraint,
    func,
    select,
    update,
)
from sqlalchemy.orm import Session, mapped_column

from core.clock import now as clock_now
from core.db import Base, Key, Mapped, db, fenced, insert_missing, transaction
from core.errors import NotFound

log = logging.getLogger("pennant.scheduler")

LEASE_NAME = "scheduler"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
LEASE_TTL = timedelta(seconds=90)
MAX_ATTEMPTS = 3
RETRY_AFTER = timedelta(minutes=1)


class SlotState(StrEnum):
    """States of a slot, as in state_machines.json under `job_slot`."""

    CLAIMED = "claimed"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class CatchUp(StrEnum):
    """What becomes of slots that were missed (TRUST 4.1)."""

    ALL = "all"
    LATEST = "latest"


class Fenced(RuntimeError):
    """This process lost the scheduler's lease; what it was about to write is refused."""


@dataclass(frozen=True)
class Every:
    """A slot every so many minutes, counted from midnight UTC."""

    minutes: int

    def floor(self, instant: datetime) -> datetime:
        """Return the newest slot at or before an instant."""
        midnight = instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        step = timedelta(minutes=self.minutes)
        return midnight + (instant - midnight) // step * step

    def after(self, slot: datetime) -> datetime:
        """Return the first slot later than an instant."""
        return self.floor(slot) + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Daily:
    """A slot every day at a UTC time `HH:MM`: clock changes can neither drop nor double it."""

    at: str

    def floor(self, instant: datetime) -> datetime:
        """Return the newest slot at or before an instant."""
        hour, minute = (int(part) for part in self.at.split(":"))
        slot = instant.astimezone(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
        return slot if slot <= instant else slot - timedelta(days=1)

    def after(self, slot: datetime) -> datetime:
        """Return the first slot later than an instant."""
        return self.floor(slot) + timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """A job, declared in a room's jobs.py.

    `run(as_of)` works up to `as_of`, opens its own transactions and returns counts. `due(after,
    until)` names the instants at which there is something to do; without it every slot is run.
    `watch()` is a cheap look at what the job waits for: when what it returns changes, the job is
    run at once, beside its slots and without a row of its own.
    """

    id: str
    run: Callable[[datetime], Mapping[str, int]]
    trigger: Every | Daily
    doc: str
    catch_up: CatchUp = CatchUp.ALL
    due: Callable[[datetime, datetime], Iterable[datetime]] | None = None
    # In a catch-up over months, a job that needs only its newest slot runs at most this often.
    coalesce: timedelta = timedelta(hours=12)
    watch: Callable[[], object] | None = None


class JobSlot(Base):
    """One run of a job. `covers_from` says which earlier slots were merged into this one."""

    __tablename__ = "job_slot"
    __table_args__ = (
        UniqueConstraint("job", "slot"),
        CheckConstraint("attempt >= 1", name="attempt"),
        Index("ix_job_slot_state", "state"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    job: Mapped[str] = mapped_column(String(60))
    slot: Mapped[datetime]
    covers_from: Mapped[datetime]
    state: Mapped[SlotState] = mapped_column(String(10))
    epoch: Mapped[int]
    attempt: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    error: Mapped[str | None] = mapped_column(Text)


class Lease(Base):
    """Who may run jobs now. The epoch grows with every change of hands."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(String(120))
    epoch: Mapped[int]
    expires_at: Mapped[datetime]


@dataclass(frozen=True)
class SlotRun:
    """How one run of a job ended, apart from its row, so that thousands weigh nothing."""

    job: str
    slot: datetime
    covers_from: datetime
    state: SlotState
    counts: Mapping[str, int]
    error: str | None


@dataclass(frozen=True)
class Holder:
    """This process as holder of the lease."""

    owner: str
    epoch: int


def owner_name() -> str:
    """Name this process so that a person can find it."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def take_lease(owner: str, now: datetime, name: str = LEASE_NAME) -> Holder | None:
    """Take the lease if free or run out, renew it if it is ours; None when another has it."""
    with transaction():
        insert_missing(
            Lease,
            [{"name": name, "owner": "", "epoch": 0, "expires_at": LONG_AGO}],
            ["name"],
        )
        lease = db.session.get(Lease, name, with_for_update=True, populate_existing=True)
        if lease is None or not _is_free(lease, owner, now):
            return None
        if lease.owner != owner:
            lease.epoch += 1
        lease.owner, lease.expires_at = owner, now + LEASE_TTL
        return Holder(owner, lease.epoch)


def _is_free(lease: Lease, owner: str, now: datetime) -> bool:
    """Say whether `owner` may have the lease: its own, run out, or left by a dead process here."""
    return lease.owner == owner or lease.expires_at <= now or _is_dead(lease.owner)


def _is_dead(owner: str) -> bool:
    """Say whether an owner was a process of this machine that is gone, so nobody waits for it."""
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def renew_lease(holder: Holder, now: datetime, name: str = LEASE_NAME) -> bool:
    """Renew the lease; False when it changed hands."""
    with transaction():
        renewed = db.session.execute(
            update(Lease)
            .where(Lease.name == name, Lease.owner == holder.owner, Lease.epoch == holder.epoch)
            .values(expires_at=now + LEASE_TTL)
            .returning(Lease.epoch)
        ).scalar_one_or_none()
        return renewed is not None


def give_up_lease(holder: Holder, name: str = LEASE_NAME) -> None:
    """Let another take over at once, at an orderly stop."""
    with transaction():
        db.session.execute(
            update(Lease)
            .where(Lease.name == name, Lease.owner == holder.owner, Lease.epoch == holder.epoch)
            .values(expires_at=LONG_AGO)
        )


def _fence(holder: Holder, name: str = LEASE_NAME) -> Callable[[Session], None]:
    """Return the check that every transaction of a job makes before it commits."""

    def check(session: Session) -> None:
        epoch = session.execute(
            select(Lease.epoch)
            .where(Lease.name == name, Lease.owner == holder.owner)
            .with_for_update()
        ).scalar_one_or_none()
        if epoch != holder.epoch:
            msg = f"the lease is not held by {holder.owner} any more"
            raise Fenced(msg)

    return check


def run_slot(
    spec: JobSpec,
    slot: datetime,
    *,
    covers_from: datetime | None = None,
    holder: Holder,
    again: bool = False,
) -> SlotRun | None:
    """Claim a slot, run the job as of it, and write its end; None when it was done or is taken."""
    with fenced(_fence(holder)):
        with transaction():
            claimed = _claim(spec.id, slot, covers_from or slot, holder, again=again)
        if claimed is None:
            return None
        try:
            counts = dict(spec.run(slot))
        except Fenced:
            raise
        except Exception as error:
            log.exception("job %s failed at %s", spec.id, slot.isoformat())
            db.session.rollback()
            return _finish(claimed, SlotState.FAILED, {}, f"{type(error).__name__}: {error}"[:2000])
        log.info("job %s at %s: %s", spec.id, slot.isoformat(), counts)
        return _finish(claimed, SlotState.DONE, counts, None)


def _claim(
    job: str, slot: datetime, covers_from: datetime, holder: Holder, *, again: bool
) -> int | None:
    """Insert the slot's row, or take over one that failed or was left behind; None when taken."""
    row = {
        "job": job,
        "slot": slot,
        "covers_from": covers_from,
        "state": SlotState.CLAIMED,
        "epoch": holder.epoch,
        "attempt": 1,
        "started_at": clock_now(),
        "finished_at": None,
        "counts": {},
        "error": None,
    }
    is_new = insert_missing(JobSlot, [row], ["job", "slot"]) == 1
    found = db.session.scalars(
        select(JobSlot).where(JobSlot.job == job, JobSlot.slot == slot).with_for_update()
    ).one()
    if is_new:
        return found.id
    if found.state == SlotState.CLAIMED and found.epoch == holder.epoch and not again:
        return None
    if found.state in {SlotState.DONE, SlotState.SKIPPED} and not again:
        return None
    if found.state == SlotState.FAILED and found.attempt >= MAX_ATTEMPTS and not again:
        return None
    found.attempt += 1
    found.state, found.epoch, found.started_at = SlotState.CLAIMED, holder.epoch, clock_now()
    return found.id


def _finish(slot_id: int, state: SlotState, counts: dict[str, int], error: str | None) -> SlotRun:
    with transaction():
        row = db.session.get(JobSlot, slot_id, with_for_update=True, populate_existing=True)
        if row is None or row.state != SlotState.CLAIMED:
            msg = f"slot {slot_id} is not ours any more"
            raise Fenced(msg)
        row.state, row.counts, row.error = state, counts, error
        row.finished_at = clock_now()
        run = SlotRun(row.job, row.slot, row.covers_from, state, counts, error)
    # Thousands of runs must not pile up in the session, each to be expired at every commit.
    db.session.expunge(row)
    return run


def last_slots() -> dict[str, datetime]:
    """Return job -> its newest slot with an end."""
    rows = db.session.execute(
        select(JobSlot.job, func.max(JobSlot.slot))
        .where(JobSlot.state.in_([SlotState.DONE, SlotState.SKIPPED]))
        .group_by(JobSlot.job)
    )
    return {job: slot for job, slot in rows}  # noqa: C416 - rows are not plain pairs to the type checker


def _unfinished(jobs: Mapping[str, JobSpec], now: datetime, holder: Holder) -> list[JobSlot]:
    """Return slots that failed and may be tried again, or whose scheduler died."""
    rows = db.session.scalars(
        select(JobSlot)
        .where(JobSlot.state.in_([SlotState.CLAIMED, SlotState.FAILED]), JobSlot.job.in_(jobs))
        .order_by(JobSlot.slot)
    )
    return [
        row
        for row in rows
        if (row.state == SlotState.CLAIMED and row.epoch != holder.epoch)
        or (
            row.state == SlotState.FAILED
            and row.attempt < MAX_ATTEMPTS
            and (row.finished_at or row.started_at) + RETRY_AFTER <= now
        )
    ]


@dataclass
class _Course:
    """Where one job stands in a run through time: the newest slot that is settled."""

    spec: JobSpec
    position: datetime

    def next_slot(self, until: datetime) -> datetime | None:
        """Return the next slot that must be run at or before `until`, or None."""
        spec = self.spec
        if spec.catch_up is CatchUp.LATEST:
            slot = spec.trigger.floor(until)
            return slot if slot > self.position else None
        if spec.due is None:
            slot = spec.trigger.after(self.position)
            return slot if slot <= until else None
        named = spec.due(self.position, until)
        instants = [instant for instant in named if instant > self.position]
        if not instants:
            return None
        first = min(instants)
        floor = spec.trigger.floor(first)
        slot = floor if floor == first else spec.trigger.after(first)
        return slot if slot <= until else None


def _timeline(courses: Sequence[_Course], until: datetime) -> Iterator[tuple[_Course, datetime]]:
    """Yield (course, slot) in the order of time; jobs of one instant keep their declared order.

    LATEST jobs run when something else does, at most as often as they say, and once at the end.
    """
    exact = [course for course in courses if course.spec.catch_up is CatchUp.ALL]
    loose = [course for course in courses if course.spec.catch_up is CatchUp.LATEST]
    while True:
        upcoming = [
            (slot, index)
            for index, course in enumerate(exact)
            if (slot := course.next_slot(until)) is not None
        ]
        if not upcoming:
            break
        slot, index = min(upcoming)
        for course in loose:
            newest = course.next_slot(slot)
            if newest is not None and newest - course.position >= course.spec.coalesce:
                yield course, newest
        yield exact[index], slot
    for course in loose:
        newest = course.next_slot(until)
        if newest is not None:
            yield course, newest


def run_due(jobs: Sequence[JobSpec], now: datetime, holder: Holder) -> list[SlotRun]:
    """Run everything due: slots left behind first, then each job from where it stands up to now."""
    ran = _finish_left_behind(jobs, now, holder)
    stands = last_slots()
    db.session.rollback()
    courses = [_Course(spec, stands.get(spec.id, _first_position(spec, now))) for spec in jobs]
    ran.extend(_run_through(courses, now, holder))
    return ran


def run_watched(
    jobs: Sequence[JobSpec], seen: dict[str, object], now: datetime, holder: Holder
) -> list[str]:
    """Run the jobs for which something came since `seen`, and note what they have seen now.

    The look is taken before the run, so that what comes meanwhile sets the job off again. What a
    run leaves undone is done by the job's next slot.
    """
    ran = []
    for spec in jobs:
        if spec.watch is None:
            continue
        look = spec.watch()
        if spec.id in seen and seen[spec.id] == look:
            continue
        seen[spec.id] = look
        with fenced(_fence(holder)):
            counts = dict(spec.run(now))
        log.info("job %s woken: %s", spec.id, counts)
        ran.append(spec.id)
    return ran


def _finish_left_behind(jobs: Sequence[JobSpec], now: datetime, holder: Holder) -> list[SlotRun]:
    """Run again the slots that failed, or whose scheduler died at work."""
    by_id = {spec.id: spec for spec in jobs}
    ran = []
    for left in _unfinished(by_id, now, holder):
        done = run_slot(by_id[left.job], left.slot, covers_from=left.covers_from, holder=holder)
        if done is not None:
            ran.append(done)
    return ran


def _first_position(spec: JobSpec, now: datetime) -> datetime:
    """Let a job that never ran begin with the slot at hand."""
    return spec.trigger.floor(now) - timedelta(microseconds=1)


def _run_through(
    courses: Sequence[_Course],
    until: datetime,
    holder: Holder,
    progress: Callable[[datetime], None] | None = None,
) -> Iterator[SlotRun]:
    for course, slot in _timeline(courses, until):
        covers_from = course.spec.trigger.after(course.position)
        done = run_slot(course.spec, slot, covers_from=min(covers_from, slot), holder=holder)
        course.position = slot
        if progress is not None:
            progress(slot)
        if done is not None:
            yield done


def catch_up(
    jobs: Sequence[JobSpec],
    start: datetime,
    until: datetime,
    holder: Holder,
    progress: Callable[[datetime], None] | None = None,
) -> list[SlotRun]:
    """Run every slot in (start, until] that has no end yet, in order, as if never stopped.

    Each run gets its official slot as `as_of`. Doing it again changes nothing.
    """
    ran = _finish_left_behind(jobs, until, holder)
    stands = last_slots()
    db.session.rollback()
    courses = [_Course(spec, _catch_up_position(spec, start, stands)) for spec in jobs]
    ran.extend(_run_through(courses, until, holder, progress))
    return ran


def _catch_up_position(spec: JobSpec, start: datetime, stands: Mapping[str, datetime]) -> datetime:
    """Begin where asked; a job that needs only its newest slot does not go back behind that."""
    if spec.catch_up is CatchUp.LATEST:
        return max(start, stands.get(spec.id, start))
    return start


def run_once(spec: JobSpec, as_of: datetime, holder: Holder) -> SlotRun | None:
    """Run one job now as of an instant, even if that slot was run: jobs may be repeated."""
    return run_slot(spec, as_of, holder=holder, again=True)


@dataclass(frozen=True)
class JobStatus:
    """What a person wants to know of a job."""

    spec: JobSpec
    last: Row[*tuple[Any, ...]] | None
    next_slot: datetime
    late_by: timedelta


def statuses(jobs: Sequence[JobSpec], now: datetime) -> list[JobStatus]:
    """Return each job with its newest run and its lateness."""
    newest = (
        select(JobSlot.job, func.max(JobSlot.slot).label("slot")).group_by(JobSlot.job).subquery()
    )
    rows: dict[str, Row[*tuple[Any, ...]]] = {
        row.job: row
        for row in db.session.execute(
            select(
                JobSlot.job,
                JobSlot.slot,
                JobSlot.state,
                JobSlot.counts,
                JobSlot.error,
                JobSlot.started_at,
                JobSlot.finished_at,
                JobSlot.attempt,
            ).join(newest, (newest.c.job == JobSlot.job) & (newest.c.slot == JobSlot.slot))
        )
    }
    return [_status(spec, rows.get(spec.id), now) for spec in jobs]


def _status(spec: JobSpec, last: Row[*tuple[Any, ...]] | None, now: datetime) -> JobStatus:
    stands = last.slot if last else spec.trigger.floor(now) - timedelta(seconds=1)
    next_slot = _Course(spec, stands).next_slot(now) or spec.trigger.after(max(now, stands))
    if spec.due is None:
        next_slot = spec.trigger.after(stands)
    return JobStatus(spec, last, next_slot, max(now - next_slot, timedelta(0)))


def recent_slots(limit: int = 50) -> Sequence[JobSlot]:
    """Return the newest runs of all jobs."""
    return db.session.scalars(select(JobSlot).order_by(JobSlot.id.desc()).limit(limit)).all()


def lease_age(now: datetime) -> timedelta | None:
    """Return how long ago the lease was renewed, or None when nobody ever held it."""
    lease = db.session.get(Lease, LEASE_NAME)
    return None if lease is None else now - (lease.expires_at - LEASE_TTL)


def find(jobs: Sequence[JobSpec], job_id: str) -> JobSpec:
    """Return a job by its id; raises NotFound."""
    for spec in jobs:
        if spec.id == job_id:
            return spec
    msg = f"There is no job {job_id}."
    raise NotFound(msg, fix="`flask jobs list` names them all.")
