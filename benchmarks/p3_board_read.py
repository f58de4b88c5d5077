"""P3: reading a board (50 rows and one's own place) against Redis's sorted set."""

import json
import time
from statistics import median

from benchmarks.ground import Ground, Line
from benchmarks.p1_contest_page import PEOPLE, QUICK_PEOPLE, QUICK_TEAMS, TEAMS, furnish
from benchmarks.redis_wire import NoRedis, Redis

ROUNDS, QUICK_ROUNDS = 4_000, 400
TOP = 50
KEY = "pennant:bench:board"
GOAL = 1.0

# The statement as the page's own query sends it, over the driver's own connection.
READ = """
import json, sys, time
from statistics import median
from sqlalchemy import event
from app import create_app
app = create_app()
rounds, top = int(sys.argv[1]), int(sys.argv[2])
with app.app_context():
    from core.db import db
    from leaderboard.queries import reads
    board = reads.board_by_slug("race")
    # In this company most teams are equal; a read of 50 rows wants places of their own.
    from core.db import transaction
    from leaderboard.models import Standing
    with transaction():
        for rank, place in enumerate(reads.live_places(board.id), 1):
            row = db.session.get(Standing, (board.id, place.unit_id))
            row.rank = rank
    places = reads.live_places(board.id)
    own = places[len(places) // 2].unit_id
    sent = []
    listener = lambda c, k, statement, values, *_: sent.append((statement, values))
    event.listen(db.engine, "before_cursor_execute", listener)
    found = reads.near(board.id, own, top=top)
    event.remove(db.engine, "before_cursor_execute", listener)
    statement, values = sent[0]
    db.session.rollback()
    raw = db.engine.raw_connection()
    driver = raw.driver_connection
    if hasattr(driver, "autocommit"):
        driver.autocommit = True
    trips, whole = [], []
    cursor = driver.cursor()
    for _ in range(rounds):
        began = time.perf_counter()
        rows = cursor.execute(statement, values).fetchall()
        trips.append(time.perf_counter() - began)
    raw.close()
    for _ in range(rounds // 4):
        began = time.perf_counter()
        reads.near(board.id, own, top=top)
        whole.append(time.perf_counter() - began)
print(json.dumps({"statements": len(sent), "rows": len(rows), "trip": median(trips),
                  "whole": median(whole), "units": len(places)}))
"""


def measure(ground: Ground) -> list[Line]:
    """The same number of places in both; one round trip each, the middle of thousands."""
    people, teams = (QUICK_PEOPLE, QUICK_TEAMS) if ground.quick else (PEOPLE, TEAMS)
    rounds = QUICK_ROUNDS if ground.quick else ROUNDS
    furnish(ground, people, teams)
    found = json.loads(ground.script(READ, str(rounds), str(TOP)).out.splitlines()[-1])
    try:
        other = redis_seconds(found["units"], rounds)
    except NoRedis as missing:
        return [Line("P3", ground.engine, f"not measured: {missing}", "", "")]
    ratio, whole = found["trip"] / other, found["whole"] / other
    return [
        Line(
            "P3",
            ground.engine,
            f"{found['rows']} rows {found['trip'] * 1e6:.0f} us / Redis {other * 1e6:.0f} us",
            f"{ratio:.2f} x",
            f"<= {GOAL} x",
            ratio <= GOAL,
        ),
        Line(
            "P3",
            ground.engine,
            f"the same as typed places with exact numbers {found['whole'] * 1e6:.0f} us",
            f"{whole:.2f} x",
            "",
        ),
    ]


def redis_seconds(units: int, rounds: int) -> float:
    """The middle of so many ZREVRANGE and ZREVRANK, asked in one round trip."""
    with Redis() as redis:
        redis.ask(("DEL", KEY))
        redis.ask(*[("ZADD", KEY, score, f"unit:{score}") for score in range(units)])
        asked = (
            ("ZREVRANGE", KEY, 0, TOP - 1, "WITHSCORES"),
            ("ZREVRANK", KEY, f"unit:{units // 2}"),
        )
        trips = []
        for _ in range(rounds):
            began = time.perf_counter()
            redis.ask(*asked)
            trips.append(time.perf_counter() - began)
        redis.ask(("DEL", KEY))
    return median(trips)
