"""A zone that changes after the events came in: dates follow at once (METRICS T2)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
PLAYBOOK = """
programme: {{slug: csp, name: Rollout, time_zone: {zone}, tz_mode: {mode}, launch_on: 2026-01-05}}
"""
# Half past midnight in New York, and still the evening before in Denver.
USAGE = "event_id,person_id,kind,occurred_at\ne1,R1,guided_use,2026-03-11T04:30:00Z\n"
PEOPLE = "person_id,email,name,enabled_on,time_zone\nR1,r1@example.test,Rep,2026-01-05,{zone}\n"


def run(app: Flask, *args: str) -> None:
    done = app.test_cli_runner().invoke(args=list(args))
    assert done.exit_code == 0, done.output


def bring(app: Flask, folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(text)
    run(app, "import", str(path), "--programme", "csp")


def apply(app: Flask, folder: Path, zone: str, mode: str = "program") -> None:
    path = folder / "book.yaml"
    path.write_text(PLAYBOOK.format(zone=zone, mode=mode))
    run(app, "programme", "apply", str(path))


def active_on(app: Flask, day: str) -> int:
    asked = app.test_cli_runner().invoke(
        args=["figures", "dau_wau_mau", "--programme", "csp", f"-pon={day}", "--json"]
    )
    found: int = json.loads(asked.stdout)["value"]["dau"]
    return found


def roll_up(app: Flask) -> None:
    for job in ("roll-up-usage", "judge-adoption", "roll-up-usage"):
        run(app, "jobs", "once", job, "--as-of", NOW.isoformat())


@pytest.mark.parametrize("rolled", [False, True])
def test_the_programme_moves(
    app: Flask,
    tmp_path: Path,
    at: Callable[[datetime], None],
    rolled: bool,
) -> None:
    at(NOW)
    apply(app, tmp_path, "America/New_York")
    bring(app, tmp_path, "people.csv", PEOPLE.format(zone=""))
    bring(app, tmp_path, "usage.csv", USAGE)
    if rolled:
        roll_up(app)
    assert (active_on(app, "2026-03-10"), active_on(app, "2026-03-11")) == (0, 1)
    apply(app, tmp_path, "America/Denver")
    for _ in range(2):
        assert (active_on(app, "2026-03-10"), active_on(app, "2026-03-11")) == (1, 0)
        roll_up(app)
    run(app, "audit", "verify")


@pytest.mark.parametrize("rolled", [False, True])
def test_a_rep_s_own_zone_comes_in_later(
    app: Flask,
    tmp_path: Path,
    at: Callable[[datetime], None],
    rolled: bool,
) -> None:
    at(NOW)
    apply(app, tmp_path, "America/New_York", "user")
    bring(app, tmp_path, "people.csv", PEOPLE.format(zone=""))
    bring(app, tmp_path, "usage.csv", USAGE)
    if rolled:
        roll_up(app)
    assert (active_on(app, "2026-03-10"), active_on(app, "2026-03-11")) == (0, 1)
    bring(app, tmp_path, "people.csv", PEOPLE.format(zone="America/Denver"))
    for _ in range(2):
        assert (active_on(app, "2026-03-10"), active_on(app, "2026-03-11")) == (1, 0)
        roll_up(app)
    run(app, "audit", "verify")
