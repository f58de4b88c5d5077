"""`flask demo`: load the demo company, and say who may sign in to it.

The generator and the loading are imported by the commands themselves: every web process imports
this file, and none of them generates a world.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click
from flask import current_app

from core.clock import now as clock_now
from core.doors import terminal
from demo.parameters import DEFAULT_SEED, SIZES

if TYPE_CHECKING:
    from demo.world import SignIn, World


@click.group("demo")
def demo_group() -> None:
    """The demo company: a seeded campaign of eight months."""


@demo_group.command("load")
@click.option("--size", type=click.Choice(sorted(SIZES)), default="csp", show_default=True)
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True)
@click.option(
    "--today",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    help="Move the story so that this day lies in its last race; without it the dates are 2026's.",
)
@click.option("--reset", is_flag=True, help="Empty the database first, whatever it holds.")
@terminal.friendly
def load(size: str, seed: int, today: datetime | None, *, reset: bool) -> None:
    """Load the demo: people, a programme, usage, training, then all the jobs until today.

    csp has the case study's scale and figures (3,000 reps); small has 60 reps and is for tests.
    """
    from demo import loading
    from demo.world import generate

    day = today.date() if today else None
    if not _make_room(size, seed, reset=reset):
        return
    began = monotonic()
    world = generate(size, seed, day)
    terminal.say(f"world of {len(world.tables['usage']):,} events: {monotonic() - began:.1f} s")
    moment = clock_now()
    app = current_app._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - the documented way to hand the app to a thread
    with tempfile.TemporaryDirectory(prefix="pennant-demo-") as folder:
        world.write(Path(folder))
        failed = loading.load(world, Path(folder), app, moment, terminal.say, _day_by_day())
    for slot in failed[:10]:
        terminal.say(f"{slot.job} at {slot.slot.isoformat()} failed: {slot.error}")
    are_met = _report_figures(world, moment)
    terminal.say(f"The demo is loaded ({monotonic() - began:.0f} s).")
    _print_sign_ins(world.sign_ins)
    if failed or not are_met:
        sys.exit(terminal.PARTLY)


def _make_room(size: str, seed: int, *, reset: bool) -> bool:
    """Leave an empty database behind; False when this very demo is loaded already."""
    from demo import store

    found = store.state()
    if reset or found.holds is store.Holds.HALF_A_DEMO:
        if found.holds is not store.Holds.NOTHING:
            terminal.say("Emptying the database ...")
        store.empty()
        return True
    if found.holds is store.Holds.NOTHING:
        return True
    if found.holds is store.Holds.OTHERS:
        terminal.stop(
            "The database holds people who are not the demo's.",
            "--reset would delete them; another PENNANT_DATABASE_URL keeps them.",
        )
    if (found.detail.get("size"), found.detail.get("seed")) != (size, seed):
        terminal.stop("Another demo is loaded.", "--reset replaces it.")
    terminal.say("This demo is loaded already; --reset loads it anew.")
    return False


def _day_by_day() -> Callable[[datetime], None]:
    """A line that shows the day the jobs have reached, on a terminal only."""
    shown: dict[str, date] = {}

    def progress(slot: datetime) -> None:
        day = slot.date()
        if shown.get("day") != day and sys.stderr.isatty():
            click.echo(f"\r  jobs up to {day:%d %B %Y}   ", err=True, nl=False)
        shown["day"] = day

    return progress


def _report_figures(world: World, moment: datetime) -> bool:
    """Say each target and what the product's figure says; False when one is missed."""
    from demo import loading

    verdicts = loading.check(world, loading.moments(world.timeline, moment))
    for verdict in verdicts:
        target = verdict.target
        team = f" of {target.params['team']}" if "team" in target.params else ""
        wanted = f"{target.target:.3f} +- {target.tolerance:.3f}"
        if not verdict.is_known:
            terminal.say(f"  {target.figure}{team}: not asked, the product has no such figure yet")
            continue
        value = "none" if verdict.value is None else f"{verdict.value:.4f}"
        remark = "" if verdict.holds else "   MISSED"
        terminal.say(f"  {target.figure}{team}: {value} (wanted {wanted}){remark}")
    return all(verdict.holds for verdict in verdicts)


@demo_group.command("sign-ins")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def sign_ins(*, as_json: bool) -> None:
    """Print who may sign in to the loaded demo; nothing when no demo is loaded."""
    from demo import loading, store

    found = store.state()
    people = store.accounts(found) if found.holds is store.Holds.DEMO else ()
    if as_json:
        terminal.print_json(
            [
                {
                    "role": one.role,
                    "name": one.name,
                    "email": one.email,
                    "password": loading.PASSWORD,
                    "person_id": one.person_id,
                }
                for one in people
            ]
        )
    elif people:
        _print_sign_ins(people)


def _print_sign_ins(people: tuple[SignIn, ...]) -> None:
    """One line for each person to sign in as."""
    from demo.loading import PASSWORD

    click.echo(f"Sign in with the password {PASSWORD} as")
    for one in people:
        click.echo(f"  {one.role:<10} {one.email:<36} {one.name}, {one.remark}")


COMMANDS = (demo_group,)
