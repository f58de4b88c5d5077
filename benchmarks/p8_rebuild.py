"""P8: the day rows of everybody from the raw events, against one GROUP BY by the same database."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from benchmarks.ground import Ground, Line, fresh
from benchmarks.p7_nightly import HEADER, usage_rows
from benchmarks.world import PLAYBOOK, add_people

PEOPLE, QUICK_PEOPLE = 3_000, 300
HISTORY, QUICK_HISTORY = 60, 28
LONGER = 4
SHARE_GOAL, GROWTH_GOAL = 1.5, 4.4

# In turns and the best of three, for the machine is never quiet; each with its commit. Before each
# rebuild one row in a hundred is taken away, so that there is something to mend.
TIMED = """
import time
from datetime import UTC, datetime
import click
from app import create_app
with click.Context(click.Command("rebuild")):
    app = create_app()
with app.app_context():
    from sqlalchemy import text
    from adoption import services
    from adoption.services.rollups import rebuild_days
    from core.db import db, dialect, gather_statistics, transaction
    from programme.queries import default

    def run(statement):
        with transaction() as session:
            session.execute(text(statement))

    def took(work, *given):
        began = time.perf_counter()
        work(*given)
        return time.perf_counter() - began

    def rebuild():
        with transaction():
            rebuild_days(programme_id, now)

    now, programme_id = datetime.now(UTC), default().id
    db.session.rollback()
    with transaction():
        services.roll_up_days(programme_id, now)
    with transaction():
        gather_statistics()
    key = "programme_id, person_id, local_day, kind"
    grouped = f"CREATE TABLE grouped AS SELECT {key}, count(*) AS n FROM usage_event GROUP BY {key}"
    empty = "DELETE FROM" if dialect() == "sqlite" else "TRUNCATE"
    bare, ours, first = [], [], []
    for _ in range(3):
        bare.append(took(run, grouped))
        run("DROP TABLE grouped")
        run("DELETE FROM daily_usage WHERE person_id % 100 = 0")
        ours.append(took(rebuild))
        run(f"{empty} daily_usage")
        first.append(took(rebuild))
    print("bare", min(bare))
    print("rebuild", min(ours))
    print("first", min(first))
    counted = "SELECT sum(count), (SELECT count(*) FROM usage_event) FROM daily_usage"
    stored, events = db.session.execute(text(counted)).one()
    print("missing", events - stored)
"""


def measure(ground: Ground) -> list[Line]:
    """The same company with a history of one length, then with four times that."""
    people, days = (QUICK_PEOPLE, QUICK_HISTORY) if ground.quick else (PEOPLE, HISTORY)
    short = timed(ground, people, days)
    with fresh(ground.engine, quick=ground.quick) as longer:
        long = timed(longer, people, LONGER * days)
    lines = [
        *share_lines(ground.engine, f"{people:,} people, {days} days", short),
        *share_lines(ground.engine, f"{people:,} people, {LONGER * days} days", long),
    ]
    growth = long["rebuild"] / short["rebuild"]
    bare = long["bare"] / short["bare"]
    what = f"a rebuild at {LONGER} times the history / at once (the GROUP BY: {bare:.2f} x)"
    goal = f"<= {GROWTH_GOAL} x"
    return [
        *lines,
        Line("P8", ground.engine, what, f"{growth:.2f} x", goal, growth <= GROWTH_GOAL),
    ]


def share_lines(engine: str, size: str, found: Mapping[str, float]) -> list[Line]:
    """A rebuild over what is there, and one from nothing, against the bare grouping."""
    lines = []
    for name, what in (("rebuild", "rebuild"), ("first", "from nothing")):
        share = found[name] / found["bare"]
        text = f"{what} {found[name]:.2f} s / GROUP BY {found['bare']:.2f} s ({size})"
        reached = share <= SHARE_GOAL
        lines.append(Line("P8", engine, text, f"{share:.2f} x", f"<= {SHARE_GOAL} x", reached))
    return lines


def timed(ground: Ground, people: int, days: int) -> dict[str, float]:
    """Bring a history in and time both ways; raises RuntimeError when a count is missing."""
    add_people(ground, people, teams=people // 10, playbook=PLAYBOOK)
    first = datetime.now(UTC).date() - timedelta(days=days)
    usage = ground.write("usage.csv", HEADER, usage_rows(people, first, days))
    ground.flask("import", str(usage))
    told = (line.split() for line in ground.script(TIMED).out.splitlines())
    found = {name: float(value) for name, value in told}
    if found.pop("missing"):
        raise RuntimeError("the rebuilt rows do not hold every event")
    return found
