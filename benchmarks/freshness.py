"""How long after an event was posted the Board shows it, while the server is under load."""

import http.client
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from benchmarks.ground import MARK, Ground, Line, requests_per_second
from benchmarks.p1_contest_page import (
    PEOPLE,
    QUICK_PEOPLE,
    QUICK_TEAMS,
    TEAMS,
    furnish,
    request,
    sign_in,
)
from benchmarks.world import person_key
from tests.servers import ROOT, served

EVENTS, QUICK_EVENTS = 40, 10
GOAL_SECONDS, GIVE_UP_SECONDS = 5.0, 60.0
POLL_SECONDS, LOAD_SECONDS = 0.1, 4.0
PAGE = "/contests/race"


def measure(ground: Ground) -> list[Line]:
    """Post events one after the other and poll until the Board is another; the 95th percentile.

    Meanwhile eight connections ask for the page as fast as they are answered.
    """
    people, teams = size_of(ground)
    furnish(ground, people, teams)
    made = ground.flask("people", "token", "benchmark", "--scope", "usage:write", "--json")
    token = json.loads(made.out.splitlines()[0])["token"]
    count = QUICK_EVENTS if ground.quick else EVENTS
    with served(ground.env) as (port, _server), scheduler(ground):
        cookie = sign_in(port, f"r{people // 2}@example.test")
        known = settled(port, cookie)
        sent = request(f"{PAGE}?seen={MARK}", Cookie=cookie)
        waits = []
        with loaded(port, sent):
            for number in range(count):
                waits.append(seen_after(port, cookie, known, token, number))
                known = known_state(port, cookie)
    waits.sort()
    late = waits[min(len(waits) - 1, int(0.95 * len(waits)))]
    middle = waits[len(waits) // 2]
    what = f"event posted to Board, {people:,} people, under load; half within {middle:.1f} s"
    goal = f"<= {GOAL_SECONDS:g} s"
    return [Line("live", ground.engine, what, f"{late:.1f} s", goal, late <= GOAL_SECONDS)]


def size_of(ground: Ground) -> tuple[int, int]:
    """People and teams: as many as were asked for, else the default, else the quick one."""
    if ground.people:
        return ground.people, max(2, ground.people * TEAMS // PEOPLE)
    return (QUICK_PEOPLE, QUICK_TEAMS) if ground.quick else (PEOPLE, TEAMS)


@contextmanager
def loaded(port: int, sent: bytes) -> Iterator[None]:
    """Ask without a pause meanwhile."""
    is_over = threading.Event()

    def hammer() -> None:
        while not is_over.is_set():
            requests_per_second(port, sent, LOAD_SECONDS)

    load = threading.Thread(target=hammer)
    load.start()
    try:
        yield
    finally:
        is_over.set()
        load.join()


@contextmanager
def scheduler(ground: Ground) -> Iterator[None]:
    """The scheduler as `./pennant run` starts it, without mail."""
    command = [sys.executable, "-m", "flask", "jobs", "run", "--no-mail"]
    process = subprocess.Popen(command, cwd=ROOT, env=ground.env, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def ask(port: int, path: str, cookie: str) -> tuple[int, str]:
    """An answer's status and text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def known_state(port: int, cookie: str) -> str:
    """The address at which the Board as it is now asks for news."""
    found = re.search(r'hx-get="([^"]+)"', ask(port, PAGE, cookie)[1])
    if found is None:
        raise RuntimeError("the page shows no Board")
    return found[1].replace("&amp;", "&")


def settled(port: int, cookie: str) -> str:
    """The same once the scheduler has caught up: the Board stays as it is for some seconds."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        known = known_state(port, cookie)
        time.sleep(5)
        if ask(port, known, cookie)[0] == http.HTTPStatus.NO_CONTENT:
            return known
    raise RuntimeError("the Board does not settle")


def seen_after(port: int, cookie: str, known: str, token: str, number: int) -> float:
    """Seconds from sending one event to the first poll that brings another Board."""
    event = {
        "event_id": f"live-{number}",
        "person_id": person_key(number),
        "kind": "guided_use",
        "occurred_at": datetime.now(UTC).isoformat(),
        "object_id": f"live-{number}",
    }
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    connection.request("POST", "/api/v1/usage", json.dumps({"events": [event]}), headers)
    if connection.getresponse().status != http.HTTPStatus.OK:
        raise RuntimeError("the event was not taken")
    connection.close()
    while ask(port, known, cookie)[0] == http.HTTPStatus.NO_CONTENT:
        if time.perf_counter() - began > GIVE_UP_SECONDS:
            break
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - began
