"""P11: a cold start to the first page against the bare imports, and the size of a worker."""

import http.client
import re
from pathlib import Path

from benchmarks.ground import Ground, Line, best_of
from tests.servers import served

LIBRARIES = "import flask, sqlalchemy.orm, flask_login"
FIRST_PAGE = """
from app import create_app
answer = create_app().test_client().get("/sign-in")
assert answer.status_code == 200, answer.status
"""
RATIO_GOAL = 2.0
MEMORY_GOAL_MB = 110
PAGES = 200


def measure(ground: Ground) -> list[Line]:
    """Start cold several times each, then serve a while and look at the worker."""
    times = 3 if ground.quick else 7
    libraries = best_of(times, lambda: ground.script(LIBRARIES).seconds)
    first_page = best_of(times, lambda: ground.script(FIRST_PAGE).seconds)
    ratio = first_page / libraries
    worker = worker_mb(ground)
    return [
        Line(
            "P11",
            ground.engine,
            f"first page {first_page:.2f} s / importing the libraries {libraries:.2f} s",
            f"{ratio:.2f} x",
            f"<= {RATIO_GOAL:.0f} x",
            ratio <= RATIO_GOAL,
        ),
        Line(
            "P11",
            ground.engine,
            f"resident size of a web worker after {PAGES} pages",
            f"{worker:.0f} MB",
            f"<= {MEMORY_GOAL_MB} MB",
            worker <= MEMORY_GOAL_MB,
        ),
    ]


def worker_mb(ground: Ground) -> float:
    """The resident size of the worker (not the master) after serving pages."""
    with served(ground.env) as (port, master):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(PAGES):
            connection.request("GET", "/sign-in")
            connection.getresponse().read()
        connection.close()
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        status = Path(f"/proc/{children[0]}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0
