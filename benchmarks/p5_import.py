"""P5: importing usage with every check against the database's own bulk load with a unique key.

Both sides are timed twice: the work alone, and the whole process with its start.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.ground import Ground, Line, Run
from benchmarks.world import PLAYBOOK, add_people, person_key

ROWS = 500_000
QUICK_ROWS = 50_000
PEOPLE = 3_000
KINDS = ("login", "guided_use", "proposal_created", "sequence_run")
HEADER = ("event_id", "person_id", "kind", "occurred_at")
FIRST_GOAL, SECOND_GOAL, MEMORY_GOAL_MB = 3.0, 0.5, 300
PEAK = "largest resident size while importing"

SQLITE_LOAD = """
import csv, sqlite3, sys, time
target = sqlite3.connect(sys.argv[2], isolation_level=None)
target.execute("PRAGMA journal_mode=WAL")
target.execute("PRAGMA synchronous=NORMAL")
target.execute("CREATE TABLE raw_load (event_id TEXT, person_id TEXT, kind TEXT, occurred_at TEXT,"
               " source TEXT DEFAULT 'file', UNIQUE (source, event_id))")
began = time.perf_counter()
with open(sys.argv[1], newline="") as file:
    rows = csv.reader(file)
    next(rows)
    target.execute("BEGIN IMMEDIATE")
    target.executemany("INSERT INTO raw_load (event_id, person_id, kind, occurred_at)"
                       " VALUES (?, ?, ?, ?)", rows)
    target.execute("COMMIT")
print(time.perf_counter() - began)
"""
POSTGRES_LOAD = """
import psycopg, sys, time
with psycopg.connect(sys.argv[2].replace("+psycopg", ""), autocommit=True) as target:
    target.execute("CREATE TABLE raw_load (event_id text, person_id text, kind text,"
                   " occurred_at timestamptz, source text DEFAULT 'file',"
                   " UNIQUE (source, event_id))")
    began = time.perf_counter()
    with open(sys.argv[1], "rb") as file, target.cursor() as cursor:
        with cursor.copy("COPY raw_load (event_id, person_id, kind, occurred_at)"
                         " FROM STDIN WITH (FORMAT csv, HEADER true)") as copy:
            while block := file.read(1 << 16):
                copy.write(block)
    print(time.perf_counter() - began)
"""

IMPORT = """
import sys, time
import click
from app import create_app
with click.Context(click.Command("import")):
    app = create_app()
with app.app_context():
    began = time.perf_counter()
    try:
        app.cli.main(["import", sys.argv[1], "--json"], standalone_mode=False)
    except SystemExit as end:
        if end.code:
            raise
    print(time.perf_counter() - began)
"""


@dataclass(frozen=True)
class Timed:
    """Seconds of the work alone and of the whole process, and its largest resident size in MB."""

    alone: float
    whole: float
    peak_mb: float


def usage_rows(count: int) -> Iterator[tuple[str, str, str, str]]:
    """Events of the last eight months, in the order they happened."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=240)
    step = timedelta(days=239) / count
    for number in range(count):
        moment = (began + step * number).replace(microsecond=0)
        person = person_key(number * 7919 % PEOPLE)
        yield f"e{number:09d}", person, KINDS[number % len(KINDS)], moment.isoformat()


def measure(ground: Ground) -> list[Line]:
    """Load raw, import, import again."""
    count = QUICK_ROWS if ground.quick else ROWS
    add_people(ground, PEOPLE, teams=PEOPLE // 10, playbook=PLAYBOOK)
    usage = str(ground.write("usage.csv", HEADER, usage_rows(count)))
    raw = load_raw(ground, usage)
    first = timed(ground.script(IMPORT, usage))
    second = timed(ground.script(IMPORT, usage))
    share = second.alone / first.alone
    peak = max(first.peak_mb, second.peak_mb)
    again = f"the same file again {second.alone:.1f} s / first import"
    is_small = peak < MEMORY_GOAL_MB
    return [
        against_raw(ground, f"{count:,} rows: import", first.alone, raw.alone),
        against_raw(ground, "each with its start: import", first.whole, raw.whole),
        Line(
            "P5",
            ground.engine,
            again,
            f"{share:.2f} x",
            f"<= {SECOND_GOAL} x",
            share <= SECOND_GOAL,
        ),
        Line("P5", ground.engine, PEAK, f"{peak:.0f} MB", f"< {MEMORY_GOAL_MB} MB", is_small),
    ]


def against_raw(ground: Ground, what: str, ours: float, raw: float) -> Line:
    """Our seconds against those of the database by itself."""
    times = ours / raw
    said = f"{what} {ours:.1f} s / raw load {raw:.2f} s"
    is_reached = times <= FIRST_GOAL
    return Line("P5", ground.engine, said, f"{times:.2f} x", f"<= {FIRST_GOAL:.0f} x", is_reached)


def timed(run: Run) -> Timed:
    """What a script that prints its seconds last took."""
    return Timed(float(run.out.splitlines()[-1]), run.seconds, run.peak_mb)


def load_raw(ground: Ground, usage: str) -> Timed:
    """The same rows by the database's own means."""
    if ground.engine == "sqlite":
        target = str(ground.folder / "raw.db")
        return timed(ground.script(SQLITE_LOAD, usage, target))
    return timed(ground.script(POSTGRES_LOAD, usage, ground.url))
