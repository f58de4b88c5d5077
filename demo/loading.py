"""Loads a world through the product's own doors: import, playbook, jobs; then asks its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from flask import Flask, current_app

from core import figures, scheduler
from core.db import db, gather_statistics, transaction
from core.doors.jobs import Heartbeat, declared
from core.errors import Conflict
from core.intake.registry import registry
from core.intake.runner import run_import
from core.intake.summary import Summary
from core.playbook import read
from core.policy import SYSTEM
from core.scheduler import CatchUp, JobSpec, SlotRun, SlotState
from demo import store
from demo.dates import LAUNCH, ZONE, Timeline
from demo.loops import Story
from demo.playbook import SLUG, at_stage, write_playbook
from demo.targets import Target, targets
from demo.world import World
from people.queries import team_ids_by_name
from people.services import set_password
from programme.queries import experiments
from programme.services import Draw, apply_playbook, record_draw

PASSWORD = "pennant-demo"  # noqa: S105 - public on purpose: it opens invented people's accounts
DIRECTORY = ("people", "memberships", "absences")
EVENTS = ("deals", "usage", "assignments", "completions", "proposals", "signals")
SWEEPERS = frozenset({"prune-slots", "prune-sign-ins"})
"""Jobs that only forget what is old: in a database an hour old there is nothing for them."""
WEEKLY = frozenset({"judge-adoption", "assign-milestones"})
"""Daily jobs that write no letter: weeks are judged, and milestones asked, once a week."""
PICTURES = frozenset(
    {"count-evidence", "draw-adoption", "remind-reviews", "close-reviews", "count-coverage"}
)
"""Jobs that count what a page shows of the present: the story needs that of its last day alone."""
LOOPS = "prepare-week"
"""The Monday job; in the story managers act after it, as they did that week."""
LONG_STEP = timedelta(days=3)
EVE_DAYS = 3
ANNOUNCED_DAYS = 5
MORNING = timedelta(hours=9)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Moments:
    """When the demo pretends things were done."""

    eve: datetime
    """Some days before launch: people arrive and the playbook is applied."""
    until: datetime
    """The morning of today: files have come in and jobs have run up to here."""


def midnight(day: date) -> datetime:
    """The first instant of a day in the programme's zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def moments(line: Timeline, now: datetime) -> Moments:
    """The eve of launch, and this morning, which in a moved world is never later than now."""
    eve = midnight(line.moved(LAUNCH) - timedelta(days=EVE_DAYS)) + MORNING
    until = midnight(line.today) + MORNING
    return Moments(eve, min(until, now) if line.shift else until)


@contextmanager
def _timed(say: Say, what: str) -> Iterator[None]:
    began = monotonic()
    yield
    say(f"{what}: {monotonic() - began:.1f} s")


def _take_in(folder: Path, kinds: Sequence[str], now: datetime, say: Say) -> Summary:
    """Import the files of some kinds, those the product knows. Raises Conflict on refused rows."""
    found = registry()
    known = [kind for kind in kinds if kind in found.kinds]
    for kind in kinds:
        if kind not in known:
            say(f"{kind}: left out, no room takes them in yet")
    summary = run_import(
        [folder / f"{kind}.csv" for kind in known],
        kinds=found.kinds,
        followers=found.followers,
        programme_id=found.find_programme(SLUG),
        actor=SYSTEM,
        now=now,
    )
    for file in summary.files:
        if file.refused or file.set_aside or file.is_refused:
            first = file.problems[0].message if file.problems else "rows set aside"
            raise Conflict(f"The demo's own {file.kind} were not all taken in: {first}")
    return summary


def _apply(folder: Path, world: World, now: datetime, races: int) -> None:
    """Apply the playbook as it stood with its first `races` contests, as of that moment.

    So each race is approved and announced shortly before it starts, as one would in earnest.
    """
    house = current_app.extensions["pennant"]
    plan = write_playbook(at_stage(world.playbook, races), folder)
    book = read(plan, house["playbook_parts"])
    approver = store.people_by_key([world.approver])[world.approver]
    with transaction():
        apply_playbook(book, approve_as=approver, actor=SYSTEM, now=now)
        if races:
            _keep_draw(world, now)


def _keep_draw(world: World, now: datetime) -> None:
    """Keep which half of the teams raced in spring and which had to wait, as it was drawn."""
    owner = current_app.extensions["pennant"]["programmes"].get(SLUG)
    spring, summer = world.playbook["contests"][:2]
    if any(known.slug == spring["slug"] for known in experiments(owner.id)):
        return
    teams = team_ids_by_name()
    arms = {teams[name]: "early" for name in spring["teams"]}
    arms |= {teams[name]: "late" for name in summer["teams"]}
    days = date.fromisoformat(spring["start"]), date.fromisoformat(spring["end"])
    record_draw(owner.id, Draw(spring["slug"], *days, arms), SYSTEM, now)


def _open_accounts(world: World, now: datetime) -> None:
    """Give one person of each role the demo's password."""
    ids = store.people_by_key([one.person_id for one in world.sign_ins])
    with transaction():
        for one in world.sign_ins:
            set_password(ids[one.person_id], PASSWORD, actor=SYSTEM, now=now)


def _announcements(world: World, when: Moments) -> list[datetime]:
    """When each race is approved: some days before its start, the coming one by today."""
    instants = []
    for race in world.playbook["contests"]:
        start = date.fromisoformat(race["start"]) - timedelta(days=ANNOUNCED_DAYS)
        instants.append(min(midnight(start) + MORNING, when.until - timedelta(hours=1)))
    return instants


def _mondays(after: datetime, until: datetime) -> list[datetime]:
    """The next Monday's first hour in UTC, when a programme week has just ended."""
    day = after.date() + timedelta(days=-after.weekday() % 7)
    monday = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    if monday <= after:
        monday += timedelta(days=7)
    return [monday] if monday <= until else []


def _in_long_steps(spec: JobSpec) -> JobSpec:
    """The same job at the pace of a story told in retrospect: it works up to its instant anyway,
    so eight months need not be looked at every day.
    """
    if spec.id in WEEKLY:
        return replace(spec, catch_up=CatchUp.ALL, due=_mondays)
    if spec.catch_up is CatchUp.LATEST:
        return replace(spec, coalesce=max(spec.coalesce, LONG_STEP))
    return spec


def _run_jobs(
    app: Flask, world: World, folder: Path, when: Moments, progress: Callable[[datetime], None]
) -> list[SlotRun]:
    """Everything that was due from the eve until today, each race applied on its day.

    Raises Conflict when a scheduler runs.
    """
    holder = scheduler.take_lease(scheduler.owner_name(), datetime.now(UTC))
    if holder is None:
        raise Conflict("A scheduler is at work.", fix="Stop it, then load the demo.")
    story = Story(world, when.until)
    every = [_in_long_steps(spec) for spec in declared() if spec.id not in SWEEPERS]
    every = [story.told_by(spec) if spec.id == LOOPS else spec for spec in every]
    jobs = [spec for spec in every if spec.id not in PICTURES]
    pictures = [spec for spec in every if spec.id in PICTURES]
    ran: list[SlotRun] = []
    with Heartbeat(app, holder):
        since = when.eve
        for races, instant in enumerate(_announcements(world, when), 1):
            ran += scheduler.catch_up(jobs, since, instant, holder, progress)
            _apply(folder, world, instant, races)
            since = instant
        ran += scheduler.catch_up(jobs, since, when.until, holder, progress)
        ran += scheduler.catch_up(pictures, when.eve, when.until, holder, progress)
    return ran


def fill(world: World, folder: Path, when: Moments, say: Say, *, races: int = 0) -> None:
    """Take in the world's files and its playbook with the first `races` contests; run no job."""
    with _timed(say, "people, teams and absences"):
        _take_in(folder, DIRECTORY, when.eve, say)
    with _timed(say, "programme, courses and tips"):
        _apply(folder, world, when.eve, races=races)
        _open_accounts(world, when.eve)
    with _timed(say, "deals, usage and training"):
        _take_in(folder, EVENTS, when.until, say)
        with transaction():
            gather_statistics()


def load(
    world: World,
    folder: Path,
    app: Flask,
    now: datetime,
    say: Say,
    progress: Callable[[datetime], None],
) -> list[SlotRun]:
    """Everything from an empty database to a campaign that has run; returns the failed slots."""
    when = moments(world.timeline, now)
    detail: dict[str, object] = {
        "size": world.size,
        "seed": world.seed,
        "today": world.timeline.today.isoformat(),
        "sign_ins": [one.person_id for one in world.sign_ins],
    }
    store.note(store.STARTED, now, detail)
    fill(world, folder, when, say)
    with _timed(say, "eight months of contests and scheduled jobs"):
        ran = _run_jobs(app, world, folder, when, progress)
    with transaction():
        gather_statistics()
    store.note(store.LOADED, now, detail)
    return [slot for slot in ran if slot.state is SlotState.FAILED]


@dataclass(frozen=True)
class Verdict:
    """A target and what the product's own figure said; None: the product has no such figure."""

    target: Target
    value: float | None
    is_known: bool

    @property
    def holds(self) -> bool:
        """Whether the figure is within tolerance, or not there to be asked."""
        return not self.is_known or self.target.holds(self.value)


def check(world: World, when: Moments) -> list[Verdict]:
    """Ask every target's figure as `flask figures` would."""
    known = figures.registered()
    programme = current_app.extensions["pennant"]["programmes"].get(SLUG)
    verdicts = []
    for target in targets(world.timeline, world.size):
        figure = known.get(target.figure)
        if figure is None:
            verdicts.append(Verdict(target, None, is_known=False))
            continue
        request = figures.ask(figure, programme, target.params, when.until)
        value: Mapping[str, object] = figure.compute(request)
        found = value[target.path]
        number = float(found) if isinstance(found, int | float) else None
        verdicts.append(Verdict(target, number, is_known=True))
    db.session.rollback()
    return verdicts
