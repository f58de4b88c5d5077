"""P7: bringing adoption up to date after one more day, against building it anew from all events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from benchmarks.ground import Ground, Line, fresh
from benchmarks.world import PLAYBOOK, add_people, person_key

PEOPLE, QUICK_PEOPLE = 3_000, 300
HISTORY, QUICK_HISTORY = 60, 28
NIGHTS = 7  # a whole week, so that one of them judges a week just completed
KINDS = ("login", "guided_use", "proposal_created", "sequence_run", "guided_use")
HEADER = ("event_id", "person_id", "kind", "occurred_at", "received_at")
SHARE_GOAL, GROWTH_GOAL = 0.03, 1.2

# One process for all nights, as the scheduler is: only the work itself is timed.
TIMED = """
import contextlib, json, sys, time
from datetime import datetime
import click
from app import create_app
with click.Context(click.Command("nights")):
    app = create_app()
with app.app_context():
    from adoption import services
    from adoption.jobs import judge
    from core.db import transaction
    from programme.queries import default

    def tell(work, *given):
        began = time.perf_counter()
        work(*given)
        print("seconds:", time.perf_counter() - began)

    def rebuild(as_of):
        with transaction():
            services.rebuild(default().id, as_of)

    for usage, day in json.loads(sys.argv[1]):
        with contextlib.suppress(SystemExit):
            app.cli.main(["import", usage], standalone_mode=False)
        as_of = datetime.fromisoformat(day)
        tell(judge, as_of)
    tell(rebuild, as_of)
"""


@dataclass(frozen=True)
class Lived:
    """Seconds of a night's update (over a week) and of a rebuild from all events."""

    nightly: float
    rebuild: float


def usage_rows(people: int, first: date, days: int) -> Iterator[tuple[str, ...]]:
    """Three days of use in seven for everybody, five events each, received at once."""
    for offset in range(days):
        day = first + timedelta(days=offset)
        nine = datetime.combine(day, time(9), UTC)
        for number in range(people):
            if (number + day.toordinal()) % 7 not in {0, 2, 4}:
                continue
            for turn, kind in enumerate(KINDS):
                moment = (nine + timedelta(seconds=number % 3000 + 60 * turn)).isoformat()
                event = f"{day:%y%m%d}-{number}-{turn}"
                yield event, person_key(number), kind, moment, moment


def measure(ground: Ground) -> list[Line]:
    """The same company with a history of one length, then with four times that."""
    people, days = (QUICK_PEOPLE, QUICK_HISTORY) if ground.quick else (PEOPLE, HISTORY)
    add_people(ground, people, teams=people // 10, playbook=PLAYBOOK)
    short = lived(ground, people, days)
    with fresh(ground.engine, quick=ground.quick) as longer:
        add_people(longer, people, teams=people // 10, playbook=PLAYBOOK)
        long = lived(longer, people, 4 * days)
    lines = [
        share_line(ground.engine, f"{people:,} people, {days} days", short),
        share_line(ground.engine, f"{people:,} people, {4 * days} days", long),
    ]
    growth = long.nightly / short.nightly
    what = "a night's update at 4 times the history / at once the history"
    reached = growth <= GROWTH_GOAL
    goal = f"<= {GROWTH_GOAL} x"
    return [*lines, Line("P7", ground.engine, what, f"{growth:.2f} x", goal, reached)]


def share_line(engine: str, size: str, lived: Lived) -> Line:
    """A night's update against a rebuild."""
    share = lived.nightly / lived.rebuild
    what = f"night {lived.nightly * 1000:.0f} ms / rebuild {lived.rebuild:.2f} s ({size})"
    return Line("P7", engine, what, f"{share:.1%}", f"<= {SHARE_GOAL:.0%}", share <= SHARE_GOAL)


def lived(ground: Ground, people: int, days: int) -> Lived:
    """Let so many days pass, then a week night by night, then rebuild."""
    first = datetime.now(UTC).date() - timedelta(days=days + NIGHTS)
    spans = [(first, days)]
    spans += [(first + timedelta(days=days + night), 1) for night in range(NIGHTS)]
    told = ground.script(TIMED, json.dumps([a_night(ground, people, *span) for span in spans])).out
    seconds = [float(line.split()[1]) for line in told.splitlines() if line.startswith("seconds:")]
    _first, *nights, rebuild = seconds
    # The night that judges the week is the longest; the others are told by the middle one, for one
    # disturbed by what else the machine does would weigh as much as the six beside it.
    usual = (len(nights) - 1) * median(nights)
    return Lived((usual + max(nights)) / len(nights), rebuild)


def a_night(ground: Ground, people: int, since: date, days: int) -> tuple[str, str]:
    """The usage that came in, as a file, and half past five of the morning after it."""
    usage = ground.write(f"usage-{since}.csv", HEADER, usage_rows(people, since, days))
    morning = datetime.combine(since + timedelta(days=days), time(5, 30), UTC)
    return str(usage), morning.isoformat()
