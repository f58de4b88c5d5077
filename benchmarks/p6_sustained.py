"""P6: who sustained, of everybody and for every week, against DuckDB over the raw events."""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks.ground import Ground, Line, run
from benchmarks.world import PLAYBOOK, person_key

PEOPLE, QUICK_PEOPLE = 20_000, 1_000
WEEKS = 34
SHARE_GOAL = 0.25
# A rep has days of their own: a share of them with use (more for some, rising for others), on each
# a login and up to 35 further events. Some begin later, some leave, many are away at times.
FACTS = """
CREATE TABLE rep AS SELECT r::INTEGER AS r,
  (DATE '{first}' - 30 + (CASE WHEN r % 5 = 0 THEN (hash(r, 1) % 150)::INTEGER ELSE 0 END))
    AS start_on,
  CASE WHEN r % 11 = 0 THEN DATE '{first}' + 125 + (hash(r, 2) % 100)::INTEGER END AS left_on,
  (hash(r, 3) % 60 + 15)::INTEGER AS share
  FROM range({people}) t(r);
CREATE TABLE away AS SELECT r, DATE '{first}' + (hash(r, 4 + n) % 230)::INTEGER AS starts_on,
  DATE '{first}' + (hash(r, 4 + n) % 230)::INTEGER + (hash(r, 9 + n) % 16)::INTEGER AS ends_on
  FROM rep, range(3) t(n) WHERE hash(r, n, 14) % 3 > 0;
CREATE TABLE event AS SELECT r AS person, kind,
  (day + TIME '08:00:00')::TIMESTAMP + to_minutes(7 * turn) AS occurred_at
  FROM (SELECT r, day, turn,
      CASE WHEN turn = 0 OR hash(r, day, turn) % 4 = 0 THEN 'login'
        WHEN hash(r, day, turn) % 4 = 1 THEN 'proposal_created' ELSE 'guided_use' END AS kind
    FROM rep, (SELECT DATE '{first}' + d::INTEGER AS day FROM range({days}) t(d)) dates,
      range(36) t(turn)
    WHERE hash(r, day, 5) % 100 < share + 30 * (hash(r, 6) % 2) * (day - DATE '{first}') // {days}
      AND isodow(day) < 7 AND turn < 1 + hash(r, day, 7) % 36);
"""
EXPORT = """
COPY (SELECT r, start_on, left_on FROM rep ORDER BY r) TO '{folder}/reps.csv' (HEADER);
COPY (SELECT r, starts_on, ends_on FROM away ORDER BY ALL) TO '{folder}/away.csv' (HEADER);
COPY (SELECT person, occurred_at::DATE AS day, kind, count(*) AS n FROM event
  WHERE kind <> 'login' GROUP BY ALL ORDER BY ALL) TO '{folder}/days.csv' (HEADER);
"""
# METRICS A1 to A4 and P1 to P6 over the raw events: days with a key action while employed and
# enabled, weeks with three available days, the latest four of them in six weeks, three of them met.
RAW = """
WITH used AS (
  SELECT person AS r, date_trunc('week', occurred_at)::DATE AS week,
    count(DISTINCT occurred_at::DATE) AS days
  FROM event JOIN rep ON r = person
  WHERE kind IN ('guided_use', 'proposal_created', 'sequence_run')
    AND occurred_at::DATE >= start_on AND (left_on IS NULL OR occurred_at::DATE <= left_on)
  GROUP BY ALL),
week AS (SELECT DATE '{first}' + 7 * n::INTEGER AS week FROM range(-5, {weeks}) t(n)),
free AS (
  SELECT r, week, count(*) AS days FROM rep, week, range(5) t(d)
  WHERE week + d::INTEGER >= start_on AND (left_on IS NULL OR week + d::INTEGER <= left_on)
    AND NOT EXISTS (SELECT 1 FROM away WHERE away.r = rep.r
      AND week + d::INTEGER BETWEEN away.starts_on AND away.ends_on)
  GROUP BY ALL),
mark AS (
  SELECT rep.r, week.week, start_on, left_on,
    (coalesce(free.days, 0) >= 3)::INTEGER AS e,
    (coalesce(free.days, 0) >= 3 AND coalesce(used.days, 0) >= 2)::INTEGER AS m
  FROM rep CROSS JOIN week
  LEFT JOIN free ON free.r = rep.r AND free.week = week.week
  LEFT JOIN used ON used.r = rep.r AND used.week = week.week),
look AS (
  SELECT *, {looks} FROM mark WINDOW past AS (PARTITION BY r ORDER BY week)),
judged AS (
  SELECT week, e + {eligible} AS seen, m + {met} AS hits,
    week + 6 >= start_on AND (left_on IS NULL OR week + 6 <= left_on) AS here
  FROM look)
SELECT week, count(*) FILTER (here AND seen >= 4),
  count(*) FILTER (here AND seen >= 4 AND hits >= 3)
FROM judged WHERE week >= DATE '{first}' GROUP BY week ORDER BY week
"""
DUCKDB = """
import json, sys, time
import duckdb
facts, export, raw = json.loads(sys.argv[1])
base = duckdb.connect(config={"threads": 2})
base.execute("SET enable_progress_bar = false")
base.execute(facts)
base.execute(export)
seconds = []
for _ in range(3):
    began = time.perf_counter()
    found = base.execute(raw).fetchall()
    seconds.append(time.perf_counter() - began)
events = base.execute("SELECT count(*) FROM event").fetchone()[0]
series = {str(week): counts for week, *counts in found}
print(json.dumps({"seconds": min(seconds), "events": events, "series": series}))
"""
FILL = """
import csv, json, sys, time
from datetime import datetime
import click
from app import create_app
with click.Context(click.Command("fill")):
    app = create_app()
with app.app_context():
    import people.queries
    from adoption import services
    from adoption.models import DailyUsage
    from adoption.services.rollups import DAY_COLUMNS
    from core.bulkload import refresh_statistics, replace_rows
    from core.db import transaction
    from programme.queries import default
    path, as_of = sys.argv[1:]
    owner = str(default().id)
    ids = {int(key[1:]): str(ident) for key, ident in people.queries.by_key().items()
           if key[0] == "R"}
    with transaction(), open(path, newline="") as file:
        rows = csv.reader(file)
        next(rows)
        portion = []
        for person, day, kind, count in rows:
            portion.append((owner, ids[int(person)], day, kind, count))
            if len(portion) == 200_000:
                replace_rows(DailyUsage, DAY_COLUMNS, portion)
                portion = []
        replace_rows(DailyUsage, DAY_COLUMNS, portion)
        refresh_statistics(DailyUsage)
    began = time.perf_counter()
    with transaction():
        services.judge_adoption(default().id, datetime.fromisoformat(as_of))
    print(time.perf_counter() - began)
"""
SERIES = """
import json, time
import click
from app import create_app
with click.Context(click.Command("series")):
    app = create_app()
with app.app_context():
    from adoption.queries.days import rule_of
    from adoption.queries.weeks import series
    from programme.queries import default
    owner = default()
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        found = series(owner.id, rule_of(owner))
        seconds.append(time.perf_counter() - began)
    counts = {str(week): [row.measurable, row.sustained] for week, row in found.items()}
    print(json.dumps({"seconds": min(seconds), "series": counts}))
"""


def measure(ground: Ground) -> list[Line]:
    """Both answer for the same made-up company; they must say the same, week by week.

    Raises RuntimeError when they differ.
    """
    people = QUICK_PEOPLE if ground.quick else PEOPLE
    today = datetime.now(UTC).date()
    first = today - timedelta(days=today.weekday() + 7 * WEEKS)
    theirs = in_duckdb(ground, people, first)
    building = fill(ground, first)
    ours = json.loads(ground.script(SERIES).out)
    for week, counts in theirs["series"].items():
        if ours["series"].get(week) != counts:
            raise RuntimeError(f"{week}: {ours['series'].get(week)}, DuckDB says {counts}")
    share = ours["seconds"] / theirs["seconds"]
    size = f"{people:,} reps, {WEEKS} weeks, {theirs['events'] / 1e6:.1f} M events"
    what = f"series {ours['seconds'] * 1000:.1f} ms / DuckDB {theirs['seconds']:.2f} s ({size})"
    reached = share <= SHARE_GOAL
    told = f"judging all of it anew from the day rows, once: {building:.1f} s"
    return [
        Line("P6", ground.engine, what, f"{share:.4f} x", f"<= {SHARE_GOAL} x", reached),
        Line("P6", ground.engine, told, "", ""),
    ]


def in_duckdb(ground: Ground, people: int, first: date) -> dict[str, object]:
    """Make the facts in DuckDB, leave the files for us, and let it judge the raw events."""
    facts = FACTS.format(first=first, people=people, days=7 * WEEKS)
    past = range(1, 6)
    raw = RAW.format(
        first=first,
        weeks=WEEKS,
        looks=", ".join(
            f"coalesce(lag({name}, {n}) OVER past, 0) AS {name}{n}" for n in past for name in "em"
        ),
        eligible=" + ".join(f"e{n}" for n in past),
        met=" + ".join(
            f"m{n} * (e + {' + '.join(['0', *(f'e{k}' for k in range(1, n))])} < 4)::INTEGER"
            for n in past
        ),
    )
    given = json.dumps([facts, EXPORT.format(folder=ground.folder), raw])
    told: dict[str, object] = json.loads(run([sys.executable, "-c", DUCKDB, given], ground.env).out)
    return told


def fill(ground: Ground, first: date) -> float:
    """Bring the same company in, its day rows at once, and judge it; the seconds of judging."""
    reps = [line.split(",") for line in (ground.folder / "reps.csv").read_text().split()[1:]]
    away = [line.split(",") for line in (ground.folder / "away.csv").read_text().split()[1:]]
    people = [
        (person_key(int(r)), f"r{r}@example.test", f"Rep {r}", "rep", start, start, left)
        for r, start, left in reps
    ]
    people.append(("O1", "o1@example.test", "Ops", "sales_ops", str(first), "", ""))
    people.append(("X1", "x1@example.test", "Exec", "executive", str(first), "", ""))
    columns = ("person_id", "email", "name", "role", "hire_date", "enabled_on", "leave_date")
    ground.write("people.csv", columns, people)
    absences = [(person_key(int(r)), start, end) for r, start, end in away]
    ground.write("absences.csv", ("person_id", "start_date", "end_date"), absences)
    plan: Path = ground.folder / "playbook.yaml"
    plan.write_text(PLAYBOOK % {"launch": first.isoformat()})
    files = [str(ground.folder / name) for name in ("people.csv", "absences.csv")]
    ground.flask("import", *files)
    ground.flask("programme", "apply", str(plan), "--approve-as", "O1")
    morning = datetime.combine(first + timedelta(days=7 * WEEKS), datetime.min.time(), UTC)
    days = str(ground.folder / "days.csv")
    as_of = (morning + timedelta(hours=12)).isoformat()
    return float(ground.script(FILL, days, as_of).out)
