"""Time honesty (METRICS E4): a figure `as_of` an instant is what was said then, for ever.

A world is imported in steps. After each step every figure is asked; when all later rows, late
events, corrections and changed records are in, the same question must bring the same answer.
"""

import csv
import json
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from core.db import count_rows, transaction
from core.history import PastVersion, keep, past

DAY = timedelta(days=1)
LAUNCH = date(2026, 1, 5)
THROUGH = date(2026, 3, 22)
BEGUN = datetime(2026, 4, 1, 8, tzinfo=UTC)
STEPS = 4
PEOPLE = 14
PLAYBOOK = """
programme: {slug: csp, name: Rollout, time_zone: America/New_York, launch_on: 2026-01-05,
  adoption_rule: {target_days: 1, k: 2, n: 3, lookback: 4, min_available_days: 2, horizon_days: 28},
  holidays: [2026-01-19], min_group: 1, respond_days: 2}
courses: [{slug: intro, title: Introduction, kind: elearning}]
"""
MONTHS = {"month": "2026-02"}
SPAN = {"start": "2026-02-02", "end": "2026-03-16"}
QUESTIONS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("adoption", {"through": str(THROUGH)}),
    ("adoption", {"through": str(THROUGH), "team": "East"}),
    ("adoption_by_team", {"through": str(THROUGH)}),
    ("weekly_adoption", {"week": "2026-03-09"}),
    ("day60", {"through": str(THROUGH)}),
    ("training", {"course": "intro", "through": str(THROUGH)}),
    ("dau_wau_mau", {"on": "2026-03-18"}),
    ("stickiness", {**SPAN, "short": "week"}),
    ("l28", {"on": str(THROUGH)}),
    ("logins_growth", {"base": "2026-01-05/2026-02-02", "current": "2026-02-02/2026-03-02"}),
    ("new_user_growth", MONTHS),
    ("returning_established", MONTHS),
    ("proposals_growth", {"month_a": "2026-01", "month_b": "2026-02"}),
    ("revenue_gap", {**SPAN, "user_rule": "any"}),
    ("proposal_value_gap", SPAN),
)


def day(dice: random.Random, first: date = LAUNCH, last: date = THROUGH) -> date:
    return first + dice.randrange((last - first).days + 1) * DAY


def moment(on: date, hour: int) -> str:
    return f"{on}T{hour:02d}:00:00Z"


def people(dice: random.Random, step: int) -> Iterable[dict[str, object]]:
    """The founding step brings most; later steps add some and change others."""
    numbers = (
        range(PEOPLE - STEPS) if step == 0 else [PEOPLE - STEPS + step, dice.randrange(PEOPLE)]
    )
    for number in sorted(set(numbers)):
        leaves = dice.random() < 0.25
        yield {
            "person_id": f"R{number}",
            "email": f"r{number}@example.test",
            "name": f"Rep {number}",
            "role": "manager" if dice.random() < 0.1 else "rep",
            "hire_date": day(dice, LAUNCH - 60 * DAY, LAUNCH + 20 * DAY),
            "leave_date": day(dice, LAUNCH + 30 * DAY) if leaves else "",
            "enabled_on": LAUNCH,
            "is_test": "true" if dice.random() < 0.1 else "false",
        }


def memberships(dice: random.Random, step: int) -> Iterable[dict[str, object]]:
    for number in range(PEOPLE - STEPS) if step == 0 else [dice.randrange(PEOPLE - STEPS)]:
        yield {
            "person_id": f"R{number}",
            "team": "East" if number % 2 else "West",
            "start_date": LAUNCH,
            "end_date": day(dice, LAUNCH + DAY) if dice.random() < 0.4 else "",
        }


def absences(dice: random.Random, _step: int) -> Iterable[dict[str, object]]:
    for _ in range(3):
        first = day(dice)
        yield {
            "person_id": f"R{dice.randrange(PEOPLE - STEPS)}",
            "start_date": first,
            "end_date": first + dice.randrange(12) * DAY,
        }


def usage(dice: random.Random, step: int, now: datetime) -> Iterable[dict[str, object]]:
    """Events and corrections of events; what a later step brings was received then."""
    for number in range(120):
        kind = dice.choice(["guided_use", "sequence_run", "login", "proposal_created"])
        yield {
            "event_id": f"e{step}-{number}" if dice.random() < 0.8 else f"e0-{dice.randrange(120)}",
            "person_id": f"R{dice.randrange(PEOPLE - STEPS)}",
            "kind": kind,
            "occurred_at": moment(day(dice), dice.randrange(24)),
            "received_at": now.isoformat() if step else "",
            "object_id": f"D{dice.randrange(20)}" if kind == "sequence_run" else "",
            "voided": "true" if dice.random() < 0.1 else "false",
        }


def completions(dice: random.Random, step: int, now: datetime) -> Iterable[dict[str, object]]:
    for number in dice.sample(range(PEOPLE - STEPS), 3):
        at = moment(day(dice), 15) if step == 0 else now.isoformat()
        yield {
            "person_id": f"R{number}",
            "course": "intro",
            "completed_at": at,
            "passed": dice.choice(["true", "false"]),
        }


def deals(dice: random.Random, step: int) -> Iterable[dict[str, object]]:
    for number in range(20) if step == 0 else dice.sample(range(24), 5):
        stage = dice.choice(["open", "won", "lost"])
        yield {
            "deal_id": f"D{number}",
            "person_id": f"R{dice.randrange(PEOPLE - STEPS)}",
            "amount": dice.randrange(1, 90) * 100,
            "stage": stage,
            "created_on": LAUNCH,
            "closed_on": day(dice) if stage != "open" else "",
        }


def proposals(dice: random.Random, step: int) -> Iterable[dict[str, object]]:
    for number in range(20) if step == 0 else dice.sample(range(24), 5):
        yield {
            "proposal_id": f"Q{number}",
            "person_id": f"R{dice.randrange(PEOPLE - STEPS)}",
            "created_on": day(dice),
            "value": dice.randrange(1, 90) * 10,
            "with_tool": dice.choice(["true", "false"]),
        }


def signals(dice: random.Random, step: int) -> Iterable[dict[str, object]]:
    for number in range(20) if step == 0 else dice.sample(range(24), 5):
        fired = day(dice, LAUNCH, THROUGH - 3 * DAY)
        yield {
            "signal_id": f"S{number}",
            "deal_id": f"D{dice.randrange(20)}",
            "person_id": f"R{dice.randrange(PEOPLE - STEPS)}",
            "fired_at": moment(fired, 15),
            "dismissed_at": moment(fired + DAY, 15) if dice.random() < 0.3 else "",
        }


def write(folder: Path, name: str, rows: Iterable[Mapping[str, object]]) -> Path:
    listed = list(rows)
    path = folder / f"{name}.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
    return path


def bring(app: Flask, folder: Path, dice: random.Random, step: int, now: datetime) -> None:
    """Write one step's files and import them, then bring the derived rows in step."""
    folder.mkdir()
    for make in (people, memberships, absences, deals, proposals, signals):
        write(folder, make.__name__, make(dice, step))
    for timed in (usage, completions):
        write(folder, timed.__name__, timed(dice, step, now))
    if step == 0:
        everybody = [
            {"person_id": f"R{number}", "course": "intro", "assigned_on": str(LAUNCH)}
            for number in range(PEOPLE - STEPS)
        ]
        write(folder, "assignments", everybody)
    done = app.test_cli_runner().invoke(
        args=["import", str(folder), "--programme", "csp", "--json"]
    )
    assert done.exit_code in {0, 1}, done.output
    refused = [
        problem
        for file in json.loads(done.stdout)["files"]
        for problem in file["problems"]
        if problem["code"] != "duplicate_key_conflict"
    ]
    assert refused == []


def roll_up(app: Flask, now: datetime) -> None:
    for job in ("roll-up-usage", "judge-adoption"):
        done = app.test_cli_runner().invoke(args=["jobs", "once", job, "--as-of", now.isoformat()])
        assert done.exit_code == 0, done.output


def answers(app: Flask, as_of: datetime) -> list[object]:
    found = []
    for name, given in QUESTIONS:
        params = [f"-p{key}={value}" for key, value in given.items()]
        params.append(f"-pas_of={as_of.isoformat()}")
        asked = app.test_cli_runner().invoke(
            args=["figures", name, "--programme", "csp", "--json", *params]
        )
        assert asked.exit_code == 0, (name, asked.output)
        found.append((name, given, json.loads(asked.stdout)["value"]))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_said_then_is_said_for_ever(
    app: Flask, tmp_path: Path, at: Callable[[datetime], None], seed: int
) -> None:
    dice = random.Random(seed)
    at(BEGUN)
    book = tmp_path / "book.yaml"
    book.write_text(PLAYBOOK)
    applied = app.test_cli_runner().invoke(args=["programme", "apply", str(book)])
    assert applied.exit_code == 0, applied.output
    said: dict[datetime, list[object]] = {}
    for step in range(STEPS):
        now = BEGUN + step * 5 * DAY
        at(now)
        bring(app, tmp_path / f"step{step}", dice, step, now)
        if step % 2:
            # Every other time the day rows lag behind, and the events answer instead.
            roll_up(app, now)
        said[now] = answers(app, now)
    assert count_rows(PastVersion) > STEPS
    at(BEGUN + 60 * DAY)
    roll_up(app, BEGUN + 60 * DAY)
    for as_of, before in said.items():
        assert answers(app, as_of) == before
    # Each step changed something, or the comparison above would prove nothing.
    assert len({json.dumps(before) for before in said.values()}) == STEPS


def test_before_anything_was_known_a_report_reads_the_founding(app: Flask) -> None:
    first, later = BEGUN, BEGUN + DAY
    with transaction():
        keep("thing", {"a": None, "b": None}, first)
        keep("thing", {"a": {"colour": "red"}, "c": None}, later)
        keep("thing", {"a": {"colour": "blue"}}, later + DAY)
    assert past("thing", first - 365 * DAY) == {"a": {"colour": "red"}, "c": None}
    assert past("thing", first) == {"a": {"colour": "red"}, "c": None}
    assert past("thing", later) == {"a": {"colour": "blue"}}
    assert past("thing", later + DAY) == {}
    assert past("thing", None) == {}
    assert past("other", first) == {}
