"""P13: 300 managers' Monday prepared at 3,000 reps, and the page they open then."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from statistics import quantiles

from benchmarks.ground import Ground, Line
from benchmarks.p1_contest_page import PASSWORD, sign_in
from benchmarks.p12_pages import Heard, get
from benchmarks.world import PLAYBOOK, add_people, person_key
from tests.servers import served

PEOPLE, QUICK_PEOPLE = 3_000, 300
WEEKS, QUICK_WEEKS = 26, 10
VISITS, QUICK_VISITS = 200, 40
PREPARE_GOAL_S, PAGE_GOAL_MS = 20, 300
USAGE = ("event_id", "person_id", "kind", "occurred_at", "received_at", "object_id")
DEALS = ("deal_id", "person_id", "account", "amount", "stage", "created_on", "closed_on")
SIGNALS = ("signal_id", "deal_id", "person_id", "fired_at", "dismissed_at")
READERS = ("m7@example.test", "m8@example.test", "m9@example.test", "r7@example.test")

# One process, as the scheduler is; eight Mondays, each followed by what its managers did, so that
# the last one has talks, reviews and taken moments behind it. Only the last is timed.
TIMED = """
import json, sys, time
from datetime import datetime
import click
from app import create_app
with click.Context(click.Command("mondays")):
    app = create_app()
with app.app_context():
    from coaching import jobs, services
    from coaching.queries import many as lookups
    from coaching.services.many import Handing, hand_back_many, review_many
    from core.db import gather_statistics, transaction
    from programme.queries import default

    owner = default().id
    for start in map(datetime.fromisoformat, json.loads(sys.argv[1])):
        jobs.close_reviews(start)
        with transaction():
            gather_statistics()
        began = time.perf_counter()
        made = jobs.prepare_weeks(start, now=start)
        took = time.perf_counter() - began
        marked = [item for item, _team in lookups.open_reviews(owner, start.date())]
        with transaction():
            review_many(owner, marked, start.replace(hour=10))
        last = lookups.waiting_in(owner, start.date())
        seen, talks = set(), []
        for each in last:
            if each.team_id not in seen and each.team_id % 4:
                seen.add(each.team_id)
                talks.append(Handing(each.item_id, each.moment_id, "Run it today.", each.lead_id))
        with transaction():
            hand_back_many(owner, talks, start.replace(hour=10))
    with transaction():
        services.count_coverage(owner, start.replace(hour=12))
    print("made:", json.dumps(dict(made)))
    print("seconds:", took)
"""


def measure(ground: Ground) -> list[Line]:
    """A company that missed moments for half a year, eight Mondays, then the page's visits."""
    people = QUICK_PEOPLE if ground.quick else PEOPLE
    furnish(ground, people, QUICK_WEEKS if ground.quick else WEEKS)
    today = datetime.now(UTC).date()
    monday = today - timedelta(days=today.weekday())
    starts = [
        datetime.combine(monday - timedelta(weeks=back), time(), UTC).isoformat()
        for back in reversed(range(8))
    ]
    told = ground.script(TIMED, json.dumps(starts)).out.splitlines()
    seconds = float(next(line for line in told if line.startswith("seconds:")).split()[1])
    made = json.loads(next(line for line in told if line.startswith("made:")).partition(" ")[2])
    what = f"a Monday of {made['loops']} managers, {people:,} reps, {made['moments']:,} moments"
    return [
        Line(
            "P13",
            ground.engine,
            what,
            f"{seconds:.2f} s",
            f"<= {PREPARE_GOAL_S} s",
            seconds <= PREPARE_GOAL_S,
        ),
        page_line(ground),
    ]


def page_line(ground: Ground) -> Line:
    """The page as managers and a rep open it, one after the other."""
    heard, visits = Heard(), QUICK_VISITS if ground.quick else VISITS
    with served(ground.env) as (port, _server):
        cookies = [sign_in(port, mail) for mail in READERS]
        for number in range(visits):
            place = number % len(READERS)
            get(port, (READERS[place], "/coaching"), cookies[place], heard)
    if heard.wrong:
        raise RuntimeError(f"pages failed: {sorted(set(heard.wrong))[:5]}")
    every = [second for found in heard.seconds.values() for second in found]
    p95 = quantiles(every, n=20)[-1] * 1e3
    what = f"p95 of /coaching, {visits} visits by managers and a rep"
    reached = p95 <= PAGE_GOAL_MS
    return Line("P13", ground.engine, what, f"{p95:.0f} ms", f"<= {PAGE_GOAL_MS} ms", reached)


def furnish(ground: Ground, people: int, weeks: int) -> None:
    """A company whose every rep has a signal a week: half answered in time, the rest not."""
    add_people(ground, people, teams=people // 10, playbook=PLAYBOOK)
    today = datetime.now(UTC).date()
    first = today - timedelta(days=today.weekday(), weeks=weeks)
    fired = list(signals(people, first, weeks))
    deals = (deal_row(deal, person, number) for number, (deal, person, _at) in enumerate(fired))
    paths = [
        ground.write("deals.csv", DEALS, deals),
        ground.write(
            "signals.csv",
            SIGNALS,
            ((f"S-{deal}", deal, person, at.isoformat(), "") for deal, person, at in fired),
        ),
        ground.write("usage.csv", USAGE, runs(fired)),
    ]
    for path in paths:
        ground.flask("import", str(path))
    for key in ("M0007", "M0008", "M0009", person_key(7)):
        ground.flask("people", "set-password", key, given=f"{PASSWORD}\n{PASSWORD}\n")


def signals(people: int, first: date, weeks: int) -> Iterator[tuple[str, str, datetime]]:
    """(deal, person, instant): one a week for everybody, from Monday to Friday."""
    for week in range(weeks):
        for number in range(people):
            day = first + timedelta(weeks=week, days=number % 5)
            deal = f"D{week:02d}-{number:05d}"
            yield deal, person_key(number), datetime.combine(day, time(8), UTC)


def deal_row(deal: str, person: str, number: int) -> tuple[object, ...]:
    """Closed today or not at all: there is a close rate, and every moment had its days."""
    stage = ("open", "won", "lost")[number % 3]
    closed = "" if stage == "open" else datetime.now(UTC).date().isoformat()
    return deal, person, f"Account {number}", 5_000 + 700 * (number % 40), stage, "", closed


def runs(fired: list[tuple[str, str, datetime]]) -> Iterator[tuple[str, ...]]:
    """The sequence, the day after on every other deal."""
    for number, (deal, person, at) in enumerate(fired):
        if number % 2:
            moment = (at + timedelta(days=1)).isoformat()
            yield f"run-{deal}", person, "sequence_run", moment, moment, deal
