"""The schedule: a page that shows it, and the commands that run it."""

import logging
import signal
import sys
import threading
import time
from datetime import datetime, timedelta
from types import FrameType
from typing import Any

import click
from flask import Blueprint, Flask, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from core import audit, policy, scheduler
from core.clock import now
from core.db import db, transaction
from core.doors import terminal
from core.guards import current_actor, guard
from core.scheduler import Daily, Holder, JobSpec, SlotRun, SlotState

blueprint = Blueprint("jobs", __name__)
log = logging.getLogger("pennant.scheduler")

HEARTBEAT_SECONDS = 20
TICK_SECONDS = 5
PULSE_SECONDS = 1
# After work set off by a pulse the station rests for this many times as long.
REST = 2
WAIT_FOR_LEASE_SECONDS = 120


def declared() -> list[JobSpec]:
    """Return every job the rooms declare, in the order of the floors."""
    jobs: list[JobSpec] = current_app.extensions["pennant"]["jobs"]
    return jobs


def rhythm(spec: JobSpec) -> str:
    """Say in words when a job runs."""
    if isinstance(spec.trigger, Daily):
        return f"daily at {spec.trigger.at} UTC"
    minutes = spec.trigger.minutes
    return "every minute" if minutes == 1 else f"every {minutes} minutes"


@blueprint.get("/admin/jobs")
@guard("admin.job_status")
def jobs_page() -> ResponseReturnValue:
    """Show each job with its last run, result and lateness."""
    moment = now()
    return render_template(
        "core/jobs.html",
        statuses=scheduler.statuses(declared(), moment),
        recent=scheduler.recent_slots(),
        rhythm=rhythm,
        lease_age=scheduler.lease_age(moment),
        can_run=policy.scope_of(current_actor(), "admin.job_run_now") is not policy.Scope.NONE,
    )


@blueprint.post("/admin/jobs/<job_id>/run")
@guard("admin.job_run_now")
def run_now(job_id: str) -> ResponseReturnValue:
    """Run the slot at hand now, unless it was run already."""
    spec = scheduler.find(declared(), job_id)
    moment = now()
    slot = spec.trigger.floor(moment)
    holder = scheduler.take_lease(scheduler.owner_name(), moment)
    if holder is None:
        flash("The scheduler is running and does this by itself within a minute.")
        return redirect(url_for("jobs.jobs_page"))
    try:
        done = scheduler.run_slot(spec, slot, holder=holder)
    finally:
        scheduler.give_up_lease(holder)
    with transaction():
        audit.record("job.run_now", actor=current_actor(), now=moment, subject=f"job:{job_id}")
    flash(f"{job_id} was run." if done else f"{job_id} was already run for this slot.")
    return redirect(url_for("jobs.jobs_page"))


@click.group("jobs")
def jobs_group() -> None:
    """The schedule: list it, run one job, catch up, or run the scheduler."""


@jobs_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_jobs(*, as_json: bool) -> None:
    """Show every job with its last run, result and lateness."""
    rows = [_status_row(status) for status in scheduler.statuses(declared(), now())]
    db.session.rollback()
    if as_json:
        terminal.print_json({"jobs": rows})
        return
    for row in rows:
        last = f"{row['state']} at {row['last_slot']}" if row["last_slot"] else "never run"
        click.echo(f"{row['id']:<26} {row['rhythm']:<22} {last}, late by {row['late_seconds']} s")


def _status_row(status: scheduler.JobStatus) -> dict[str, object]:
    last = status.last
    return {
        "id": status.spec.id,
        "doc": status.spec.doc,
        "rhythm": rhythm(status.spec),
        "last_slot": last.slot.isoformat() if last else None,
        "state": str(last.state) if last else None,
        "counts": last.counts if last else {},
        "error": last.error if last else None,
        "next_slot": status.next_slot.isoformat(),
        "late_seconds": int(status.late_by.total_seconds()),
    }


def _wait_for_lease(owner: str) -> Holder:
    """Take the lease, waiting for another holder to finish or to run out."""
    deadline = now() + timedelta(seconds=WAIT_FOR_LEASE_SECONDS)
    told = False
    while (holder := scheduler.take_lease(owner, now())) is None:
        if now() > deadline:
            terminal.stop("Another scheduler is at work.", "Stop it first, or let it do this.")
        if not told:
            terminal.say("Another scheduler is at work; waiting for its lease.")
            told = True
        threading.Event().wait(1)
    return holder


class Heartbeat:
    """Renews the lease from a thread of its own while long work goes on."""

    def __init__(self, app: Flask, holder: Holder) -> None:
        """Remember whose lease to renew; nothing runs before `with`."""
        self._app = app
        self._holder = holder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            with self._app.app_context():
                try:
                    scheduler.renew_lease(self._holder, now())
                except Exception:
                    log.exception("the lease could not be renewed; trying again")

    def __enter__(self) -> Holder:
        """Start beating."""
        self._thread.start()
        return self._holder

    def __exit__(self, *_error: object) -> None:
        """Stop beating and let the next one take over at once."""
        self._stop.set()
        self._thread.join(timeout=5)
        with self._app.app_context():
            scheduler.give_up_lease(self._holder)


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - how an app goes to a thread


@jobs_group.command("once")
@click.argument("job_id")
@click.option("--as-of", type=terminal.INSTANT, required=True, help="Work up to this instant.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@terminal.friendly
def once(job_id: str, as_of: datetime, *, as_json: bool) -> None:
    """Run one job now, as of an instant. Jobs may be repeated: run twice is run once."""
    spec = scheduler.find(declared(), job_id)
    with Heartbeat(_app(), _wait_for_lease(scheduler.owner_name())) as holder:
        slot = scheduler.run_once(spec, as_of, holder)
    _report([slot] if slot else [], as_json=as_json)


@jobs_group.command("catch-up")
@click.option("--from", "start", type=terminal.INSTANT, required=True, help="After this instant.")
@click.option("--until", type=terminal.INSTANT, required=True, help="Up to this instant.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@terminal.friendly
def catch_up(start: datetime, until: datetime, *, as_json: bool) -> None:
    """Run every due slot in order, as if the scheduler had run all along."""
    if start >= until:
        terminal.stop("--from must be before --until.")
    shown: dict[str, Any] = {"day": None}

    def progress(slot: datetime) -> None:
        if slot.date() != shown["day"] and sys.stderr.isatty():
            click.echo(f"\r{slot:%Y-%m-%d}", err=True, nl=False)
        shown["day"] = slot.date()

    with Heartbeat(_app(), _wait_for_lease(scheduler.owner_name())) as holder:
        ran = scheduler.catch_up(declared(), start, until, holder, progress)
    if sys.stderr.isatty():
        click.echo("", err=True)
    _report(ran, as_json=as_json)


def _report(ran: list[SlotRun], *, as_json: bool) -> None:
    """Print what ran, and end with the exit code that says how it went."""
    by_job: dict[str, dict[str, int]] = {}
    for slot in ran:
        row = by_job.setdefault(slot.job, {"runs": 0, "failed": 0})
        row["runs"] += 1
        row["failed"] += slot.state == SlotState.FAILED
        for name, count in slot.counts.items():
            row[name] = row.get(name, 0) + count
    failed = [slot for slot in ran if slot.state == SlotState.FAILED]
    if as_json:
        terminal.print_json({"jobs": by_job, "ok": not failed})
    else:
        for job, counts in by_job.items():
            click.echo(f"{job}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    for slot in failed[:20]:
        terminal.say(f"{slot.job} at {slot.slot.isoformat()} failed: {slot.error}")
    if failed:
        sys.exit(terminal.PARTLY if len(failed) < len(ran) else terminal.NOTHING_DONE)


@jobs_group.command("run")
@click.option("--no-mail", is_flag=True, help="Leave letters to `flask outbox deliver`.")
def run(*, no_mail: bool) -> None:
    """Run the scheduler until stopped. Any number may run: one works, the others stand by."""
    from apscheduler.schedulers.blocking import BlockingScheduler

    app, owner = _app(), scheduler.owner_name()
    skipped = {"deliver-letters"} if no_mail else set()
    jobs = [spec for spec in declared() if spec.id not in skipped]
    clock = BlockingScheduler(timezone="UTC")
    station = _Station(app, owner, jobs)
    clock.add_job(station.heartbeat, "interval", seconds=HEARTBEAT_SECONDS, **_TICK)
    clock.add_job(station.tick, "interval", seconds=TICK_SECONDS, next_run_time=now(), **_TICK)
    clock.add_job(station.pulse, "interval", seconds=PULSE_SECONDS, **_TICK)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        clock.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    terminal.say(f"scheduler {owner} is up")
    clock.start()
    station.leave()


_TICK: dict[str, Any] = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}


class _Station:
    """One scheduler process: at work when it holds the lease, standing by when not."""

    def __init__(self, app: Flask, owner: str, jobs: list[JobSpec]) -> None:
        self._app = app
        self._owner = owner
        self._jobs = jobs
        self._holder: Holder | None = None
        self._free = threading.Event()
        self._free.set()
        self._seen: dict[str, object] = {}
        self._rests_until = 0.0

    def heartbeat(self) -> None:
        """Renew the lease, or learn that another has it."""
        with self._app.app_context():
            if self._holder is not None and not scheduler.renew_lease(self._holder, now()):
                log.warning("the lease was taken over; standing by")
                self._holder = None

    def tick(self) -> None:
        """Run what is due, if this process is the one that works."""
        self._free.clear()
        try:
            with self._app.app_context():
                if self._holder is None:
                    self._holder = scheduler.take_lease(self._owner, now())
                if self._holder is not None:
                    scheduler.run_due(self._jobs, now(), self._holder)
        except scheduler.Fenced:
            log.warning("the lease was taken over in the middle of a job; standing by")
            self._holder = None
        except Exception:
            log.exception("a round of jobs failed; the next one tries again")
        finally:
            self._free.set()

    def pulse(self) -> None:
        """Run the jobs for which something new came, if this process is the one that works.

        Beside the tick, so that a long job keeps nothing new waiting.
        """
        holder, begun = self._holder, time.monotonic()
        if holder is None or begun < self._rests_until:
            return
        try:
            with self._app.app_context():
                if scheduler.run_watched(self._jobs, self._seen, now(), holder):
                    took = time.monotonic() - begun
                    self._rests_until = begun + took * (1 + REST)
        except scheduler.Fenced:
            log.warning("the lease was taken over in the middle of a job; standing by")
            self._holder = None
        except Exception:
            log.exception("what came could not be worked in; the next slot tries again")

    def leave(self) -> None:
        """Wait for the job at hand and hand the lease back."""
        self._free.wait(timeout=30)
        if self._holder is not None:
            with self._app.app_context():
                scheduler.give_up_lease(self._holder)


COMMANDS = (jobs_group,)
