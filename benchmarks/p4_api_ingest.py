"""P4: usage posted to the machine door, over HTTP, against the database's own bulk upsert."""

import http.client
import json
import time
from collections.abc import Iterator
from itertools import islice

from benchmarks.ground import Ground, Line
from benchmarks.p5_import import HEADER, PEOPLE, usage_rows
from benchmarks.world import PLAYBOOK, add_people
from tests.servers import served

BATCH, BATCHES, QUICK_BATCHES, WARM_UP = 1_000, 100, 20, 5
SHARE_GOAL = 0.3

# The same rows in the same batches, each committed, into five columns with the unique key.
SQLITE_UPSERT = """
import csv, itertools, sqlite3, sys, time
target = sqlite3.connect(sys.argv[2], isolation_level=None)
target.execute("PRAGMA journal_mode=WAL")
target.execute("PRAGMA synchronous=NORMAL")
target.execute("CREATE TABLE raw_upsert (event_id TEXT, person_id TEXT, kind TEXT,"
               " occurred_at TEXT, source TEXT DEFAULT 'file', UNIQUE (source, event_id))")
with open(sys.argv[1], newline="") as file:
    rows = list(csv.reader(file))[1:]
began = time.perf_counter()
for start in range(0, len(rows), 1000):
    target.execute("BEGIN IMMEDIATE")
    target.executemany("INSERT INTO raw_upsert (event_id, person_id, kind, occurred_at)"
        " VALUES (?, ?, ?, ?) ON CONFLICT (source, event_id) DO UPDATE SET"
        " person_id = excluded.person_id, kind = excluded.kind,"
        " occurred_at = excluded.occurred_at", rows[start:start + 1000])
    target.execute("COMMIT")
print(time.perf_counter() - began)
"""
POSTGRES_UPSERT = """
import csv, psycopg, sys, time
with psycopg.connect(sys.argv[2].replace("+psycopg", "")) as target:
    target.execute("CREATE TABLE raw_upsert (event_id text, person_id text, kind text,"
                   " occurred_at timestamptz, source text DEFAULT 'file',"
                   " UNIQUE (source, event_id))")
    target.commit()
    with open(sys.argv[1], newline="") as file:
        rows = list(csv.reader(file))[1:]
    began = time.perf_counter()
    for start in range(0, len(rows), 1000):
        columns = [list(column) for column in zip(*rows[start:start + 1000])]
        target.execute("INSERT INTO raw_upsert (event_id, person_id, kind, occurred_at)"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[])"
            " ON CONFLICT (source, event_id) DO UPDATE SET person_id = excluded.person_id,"
            " kind = excluded.kind, occurred_at = excluded.occurred_at", columns)
        target.commit()
    print(time.perf_counter() - began)
"""


def measure(ground: Ground) -> list[Line]:
    """Post batch after batch over one kept-open connection, each with a key of its own."""
    batches = QUICK_BATCHES if ground.quick else BATCHES
    count = batches * BATCH
    add_people(ground, PEOPLE, teams=PEOPLE // 10, playbook=PLAYBOOK)
    rows = islice(usage_rows(count + WARM_UP * BATCH), WARM_UP * BATCH, None)
    usage = ground.write("usage.csv", HEADER, rows)
    raw = upsert_raw(ground, str(usage))
    posted = post_all(ground, batches)
    share = raw / posted
    what = f"{count:,} rows posted {count / posted:,.0f}/s / upserted {count / raw:,.0f}/s"
    goal = f">= {SHARE_GOAL} x"
    return [Line("P4", ground.engine, what, f"{share:.2f} x", goal, share >= SHARE_GOAL)]


def upsert_raw(ground: Ground, usage: str) -> float:
    """Seconds the database takes for the same rows by its own means."""
    if ground.engine == "sqlite":
        target = str(ground.folder / "raw.db")
        return float(ground.script(SQLITE_UPSERT, usage, target).out)
    return float(ground.script(POSTGRES_UPSERT, usage, ground.url).out)


def bodies(batches: int) -> Iterator[bytes]:
    """Requests of a thousand events each; those that warm the server up come first."""
    rows = usage_rows((batches + WARM_UP) * BATCH)
    while some := [*islice(rows, BATCH)]:
        events = [dict(zip(HEADER, row, strict=True)) for row in some]
        yield json.dumps({"events": events}).encode()


def post_all(ground: Ground, batches: int) -> float:
    """Seconds from the first request to the last answer; raises unless every event was added."""
    made = ground.flask("people", "token", "benchmark", "--scope", "usage:write", "--json")
    token = json.loads(made.out.splitlines()[0])["token"]
    requests = [*bodies(batches)]
    with served(ground.env) as (port, _process):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        began = 0.0
        for number, body in enumerate(requests):
            if number == WARM_UP:
                began = time.perf_counter()
            headers = {
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"batch-{number}",
            }
            connection.request("POST", "/api/v1/usage", body, headers)
            answer = json.loads(connection.getresponse().read())
            if answer.get("added") != BATCH:
                raise RuntimeError(f"request {number} was answered {answer}")
        seconds = time.perf_counter() - began
        connection.close()
    return seconds
