"""P12: every page of a working company under a mixed load, and the same pages with more history."""

import http.client
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import median, quantiles

from benchmarks.ground import Ground, Line, fresh
from benchmarks.p1_contest_page import PASSWORD, playbook, sign_in
from benchmarks.p7_nightly import HEADER, usage_rows
from benchmarks.world import add_people, person_key
from tests.servers import served

PEOPLE, QUICK_PEOPLE = 3_000, 300
DAYS, QUICK_DAYS = 60, 14
TIMES = 4
RATE = 60.0
SECONDS, QUICK_SECONDS = 20.0, 3.0
ALONE = 15
WORST_GOAL_MS, GROWTH_GOAL = 300, 1.2
JOBS = (
    "roll-up-usage",
    "judge-adoption",
    "draw-adoption",
    "open-close-contests",
    "refresh-boards",
    "count-evidence",
    "gather-statistics",
)
WHO = {"rep": person_key(7), "manager": "M0007", "sales_ops": "O1", "executive": "X1"}
MAIL = {
    "rep": "r7@example.test",
    "manager": "m7@example.test",
    "sales_ops": "o1@example.test",
    "executive": "x1@example.test",
}
PAGES = (
    ("rep", "/"),
    ("rep", "/contests/race"),
    ("rep", "/boards"),
    ("rep", "/training"),
    ("rep", "/awards"),
    ("manager", "/"),
    ("manager", "/contests/race"),
    ("manager", "/contests/new"),
    ("manager", "/adoption"),
    ("manager", "/people"),
    ("sales_ops", "/adoption"),
    ("sales_ops", "/adoption/data"),
    ("sales_ops", "/imports"),
    ("sales_ops", "/admin/outbox"),
    ("executive", "/adoption"),
    ("executive", "/reports/impact"),
)


@dataclass
class Heard:
    """How long each page took, in seconds; what did not answer 200."""

    seconds: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def measure(ground: Ground) -> list[Line]:
    """The load on the longer history; growth by each page alone, longer against shorter."""
    people = QUICK_PEOPLE if ground.quick else PEOPLE
    days = QUICK_DAYS if ground.quick else DAYS
    furnish(ground, people, days)
    _, short = visit(ground, loaded=False)
    with fresh(ground.engine, quick=ground.quick) as longer:
        furnish(longer, people, TIMES * days)
        under_load, long = visit(longer, loaded=True)
    if under_load.wrong:
        raise RuntimeError(f"pages failed: {sorted(set(under_load.wrong))[:5]}")
    return [worst_line(ground.engine, under_load), growth_line(ground.engine, short, long)]


def worst_line(engine: str, heard: Heard) -> Line:
    """The slowest page's 95th percentile under the load."""
    slowest = {page: quantiles(found, n=20)[-1] for page, found in heard.seconds.items()}
    page = max(slowest, key=lambda each: slowest[each])
    worst = slowest[page] * 1e3
    every = sorted(second for found in heard.seconds.values() for second in found)
    p95 = every[int(len(every) * 0.95)] * 1e3
    return Line(
        "P12",
        engine,
        f"p95 of the slowest page ({' '.join(page)}) at {RATE:.0f}/s; all pages {p95:.0f} ms",
        f"{worst:.0f} ms",
        f"<= {WORST_GOAL_MS} ms",
        worst <= WORST_GOAL_MS,
    )


def growth_line(engine: str, short: Heard, long: Heard) -> Line:
    """The page that grew most with four times the history, the middle of some visits each."""
    grown = {page: median(long.seconds[page]) / median(short.seconds[page]) for page in PAGES}
    page = max(grown, key=lambda each: grown[each])
    return Line(
        "P12",
        engine,
        f"the page that grew most ({' '.join(page)}) at {TIMES} times the history",
        f"{grown[page]:.2f} x",
        f"<= {GROWTH_GOAL} x",
        grown[page] <= GROWTH_GOAL,
    )


def furnish(ground: Ground, people: int, days: int) -> None:
    """Company, contest, usage of so many days until today, jobs, and somebody of each role."""
    add_people(ground, people, teams=people // 10, playbook=playbook())
    first: date = datetime.now(UTC).date() - timedelta(days=days)
    usage = ground.write("usage.csv", HEADER, usage_rows(people, first, days))
    ground.flask("import", str(usage))
    for job in JOBS:
        ground.flask("jobs", "once", job, "--as-of", datetime.now(UTC).isoformat())
    for key in WHO.values():
        ground.flask("people", "set-password", key, given=f"{PASSWORD}\n{PASSWORD}\n")


def visit(ground: Ground, *, loaded: bool) -> tuple[Heard, Heard]:
    """Visit every page alone some times, then, where asked, all of them at a steady rate."""
    under_load, alone = Heard(), Heard()
    with served(ground.env) as (port, _server):
        cookies = {role: sign_in(port, mail) for role, mail in MAIL.items()}
        for _ in range(ALONE):
            for role, path in PAGES:
                get(port, (role, path), cookies[role], alone)
        if alone.wrong:
            raise RuntimeError(f"pages failed: {sorted(set(alone.wrong))[:5]}")
        if loaded:
            at_a_rate(port, cookies, QUICK_SECONDS if ground.quick else SECONDS, under_load)
    return under_load, alone


def at_a_rate(port: int, cookies: dict[str, str], seconds: float, heard: Heard) -> None:
    """Start a request every so often whether or not earlier ones were answered."""
    began = time.perf_counter()
    threads = []
    for number in range(int(seconds * RATE)):
        due = began + number / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        page = PAGES[number % len(PAGES)]
        thread = threading.Thread(target=get, args=(port, page, cookies[page[0]], heard, due))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()


def get(
    port: int, page: tuple[str, str], cookie: str, heard: Heard, due: float | None = None
) -> None:
    """Fetch a page and note how long it took since it was due."""
    began = time.perf_counter() if due is None else due
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", page[1], headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            heard.wrong.append(f"{page[0]} {page[1]}: {answer.status}")
    except OSError as error:
        heard.wrong.append(f"{page[0]} {page[1]}: {error}")
    finally:
        connection.close()
    heard.seconds.setdefault(page, []).append(time.perf_counter() - began)
