"""P9: folding 1,000 new events into running standings, against Redis and against recomputing."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.ground import Ground, Line
from benchmarks.p1_contest_page import PEOPLE, QUICK_PEOPLE, QUICK_TEAMS, TEAMS, furnish
from benchmarks.redis_wire import NoRedis, Redis
from benchmarks.world import person_key

EVENTS, QUICK_EVENTS = 1_000, 200
ROUNDS = 7
KEY = "pennant:bench:fold"
FOLD_GOAL, RECOMPUTE_GOAL = 2.0, 50

FOLD = """
import contextlib, json, sys, time
from datetime import UTC, datetime
import click
from app import create_app
with click.Context(click.Command("fold")):
    app = create_app()
with app.app_context():
    from core.db import transaction
    from leaderboard import services
    from leaderboard.queries import reads
    board = reads.board_by_slug("race").id
    folds, whole, elapsed = [], [], []
    for usage in json.loads(sys.argv[1]):
        with contextlib.suppress(SystemExit):
            app.cli.main(["import", usage, "--as", "usage"], standalone_mode=False)
        now = datetime.now(UTC)
        began, clock = time.process_time(), time.perf_counter()
        with transaction():
            if not services.refresh(board, now):
                sys.exit("the standings did not move")
        folds.append(time.process_time() - began)
        elapsed.append(time.perf_counter() - clock)
    for _ in range(3):
        began = time.process_time()
        services.second_opinion(board)
        whole.append(time.process_time() - began)
print(json.dumps({"fold": min(folds), "whole": min(whole), "elapsed": min(elapsed)}))
"""


def fresh_events(people: int, count: int, turn: int) -> Iterator[tuple[str, ...]]:
    """Events of the last minutes by people all over the company."""
    now = datetime.now(UTC).replace(microsecond=0)
    for number in range(count):
        moment = (now - timedelta(seconds=number % 300)).isoformat()
        person = person_key((number * 7919 + turn) % people)
        yield f"f{turn}-{number}", person, "guided_use", moment, f"x{turn}-{number}"


def measure(ground: Ground) -> list[Line]:
    """The least of several folds; recomputing is the second opinion over all raw events.

    Of processor time, since the machine is shared. A database server's is not in it, so the elapsed
    time of a fold is what stands against Redis, whose server works apart as well.
    """
    people, teams = (QUICK_PEOPLE, QUICK_TEAMS) if ground.quick else (PEOPLE, TEAMS)
    count = QUICK_EVENTS if ground.quick else EVENTS
    furnish(ground, people, teams)
    header = ("event_id", "person_id", "kind", "occurred_at", "object_id")
    files = [
        str(ground.write(f"fresh{turn}.csv", header, fresh_events(people, count, turn)))
        for turn in range(ROUNDS)
    ]
    found = json.loads(ground.script(FOLD, json.dumps(files)).out.splitlines()[-1])
    cheaper = found["whole"] / found["fold"]
    lines = [
        Line(
            "P9",
            ground.engine,
            f"fold {found['fold'] * 1e3:.0f} ms / anew {found['whole'] * 1e3:.0f} ms of CPU",
            f"1/{cheaper:.0f}",
            f"<= 1/{RECOMPUTE_GOAL}",
            cheaper >= RECOMPUTE_GOAL,
        )
    ]
    try:
        other = redis_seconds(people, count)
    except NoRedis as missing:
        return [*lines, Line("P9", ground.engine, f"not compared: {missing}", "", "")]
    ratio = found["elapsed"] / other
    what = f"{count:,} events folded {found['elapsed'] * 1e3:.0f} ms / ZINCRBY {other * 1e3:.1f} ms"
    compared = Line(
        "P9", ground.engine, what, f"{ratio:.1f} x", f"<= {FOLD_GOAL:.0f} x", ratio <= FOLD_GOAL
    )
    return [compared, *lines]


def redis_seconds(people: int, count: int) -> float:
    """The least of several pipelines of ZINCRBY over as many members."""
    with Redis() as redis:
        redis.ask(("DEL", KEY))
        redis.ask(*[("ZADD", KEY, 0, person_key(number)) for number in range(people)])
        pipelines = []
        for turn in range(ROUNDS):
            commands = [
                ("ZINCRBY", KEY, 10, person_key((number * 7919 + turn) % people))
                for number in range(count)
            ]
            began = time.perf_counter()
            redis.ask(*commands)
            pipelines.append(time.perf_counter() - began)
        redis.ask(("DEL", KEY))
    return min(pipelines)
