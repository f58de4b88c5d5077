"""An event posted is on the Board within moments: a web server and two schedulers, for real.

Nothing here reads a stop watch: the slots of the boards' job lie a quarter of an hour apart, so
what is seen before the waiting ends was brought by the pulse.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from core.db import db, transaction
from core.policy import SYSTEM
from core.scheduler import JobSlot
from leaderboard.models import Board
from leaderboard.queries import due
from people import services
from tests.factories.adoption import make_usage
from tests.factories.incentives import make_contest, make_scheduled
from tests.factories.people import PASSWORD, make_account, make_change, make_team
from tests.factories.programme import make_programme
from tests.servers import ROOT, served

DAY = timedelta(days=1)
WAIT_SECONDS = 90
PAGE = "/contests/race"


class Browser:
    """A signed-in visitor who keeps the cookie and the page's tag."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""

    def ask(self, path: str, method: str = "GET", body: str = "", **headers: str):
        """The answer's status, headers and text."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {"Cookie": self.cookie, **{k.replace("_", "-"): v for k, v in headers.items()}}
        line.request(method, path, body or None, given)
        answer = line.getresponse()
        text = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookie = value.partition(";")[0]
        line.close()
        return answer.status, dict(answer.getheaders()), text

    def sign_in(self, email: str) -> None:
        """Through the form, as anybody."""
        page = self.ask("/sign-in")[2]
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None
        body = f"csrf_token={token[1]}&email={email}&password={PASSWORD.replace(' ', '+')}"
        form = "application/x-www-form-urlencoded"
        assert self.ask("/sign-in", "POST", body, Content_Type=form)[0] == 302


@pytest.fixture
def env(app: Flask, tmp_path) -> dict[str, str]:
    """The environment of processes on the test's database."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return keep | {
        "PENNANT_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "PENNANT_SECRET_KEY": "a-key-for-tests-only-" + "k" * 32,
        "PENNANT_INSTANCE_DIR": str(tmp_path / "instance"),
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def schedulers(env: dict[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two of them, as somebody might start by mistake or on purpose."""
    command = [sys.executable, "-m", "flask", "jobs", "run", "--no-mail"]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL) for _ in range(2)
    ]
    yield running
    for process in running:
        process.terminate()
    for process in running:
        process.wait(60)


def until(done) -> None:
    """Ask again and again until it holds; fails after the waiting is over."""
    ends = time.monotonic() + WAIT_SECONDS
    while not done():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.2)


def version(board_id: int) -> int:
    db.session.rollback()
    return db.session.get_one(Board, board_id, populate_existing=True).version


def is_counted(board_id: int) -> bool:
    db.session.rollback()
    return db.session.get_one(Board, board_id, populate_existing=True).counted_at is not None


def poll_in(page: str) -> str:
    """The address at which the Board of this page asks for news."""
    found = re.search(r'hx-get="([^"]+)"', page)
    assert found is not None
    return found[1].replace("&amp;", "&")


@pytest.mark.processes
def test_an_event_posted_is_on_the_board_without_waiting_for_a_slot(app, env, schedulers):
    now = datetime.now(UTC)
    programme = make_programme(time_zone="UTC", launch_on=now.date() - 30 * DAY)
    teams = [make_team(3, name="Harbour"), make_team(3, name="Ridge")]
    reader = teams[1].members[0]
    make_account(reader)
    contest = make_scheduled(
        programme,
        now=now - 2 * DAY,
        slug="race",
        title="Spring race",
        starts_on=now.date() - DAY,
        last_on=now.date() + 12 * DAY,
    )
    with transaction():
        key = services.create_token("feed", ("usage:write",), days=9, actor=SYSTEM, now=now)
    board_id = contest.board_id
    with served(env) as (port, _server):
        browser = Browser(port)
        browser.sign_in(reader.email)
        until(lambda: "hx-trigger" in browser.ask(PAGE)[2])
        # The contest is started and counted meanwhile: wait until all is quiet.
        until(lambda: is_counted(board_id))
        until(lambda: browser.ask(poll_in(browser.ask(PAGE)[2]))[0] == 204)
        _, headers, before = browser.ask(PAGE)
        known = poll_in(before)
        assert "0 of 3 reps" in before
        counted = version(board_id)
        events = [
            {
                "event_id": f"fresh-{number}",
                "person_id": teams[0].members[0].key,
                "kind": "guided_use",
                "occurred_at": (now - number * DAY).isoformat(),
                "object_id": f"D{number}",
            }
            for number in (0, 1)
        ]
        status, _, said = browser.ask(
            "/api/v1/usage",
            "POST",
            json.dumps({"events": events}),
            Content_Type="application/json",
            Authorization=f"Bearer {key}",
        )
        assert (status, json.loads(said)["added"]) == (200, 2), said
        until(lambda: browser.ask(known)[0] == 200)
        assert "guided use" in browser.ask(PAGE + "/explain?unit=Harbour")[2]
        status, _, _ = browser.ask(PAGE, If_None_Match=headers["ETag"])
        assert status == 200
    assert version(board_id) == counted + 1
    slots = db.session.query(JobSlot).filter_by(job="refresh-boards").count()
    assert slots <= 2


def test_the_look_changes_with_whatever_a_board_may_not_know(app):
    looks = [due.newest_facts()]

    def looked() -> bool:
        db.session.rollback()
        looks.append(due.newest_facts())
        return looks[-1] != looks[-2]

    programme = make_programme()
    team = make_team(2)
    looked()
    assert not looked()
    make_usage(programme, team.members[0], [datetime(2026, 3, 2, tzinfo=UTC).date()])
    assert looked()
    make_change(team.members[0])
    assert looked()
    make_contest(programme)
    assert looked()
    assert not looked()
