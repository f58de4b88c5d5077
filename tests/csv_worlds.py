"""Worlds made up by dice and brought in as files, and every figure asked about them."""

import csv
import json
import random
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from flask import Flask

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
Rows = Mapping[str, object]
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
    ("deal_records", {"through": str(THROUGH)}),
    ("lifecycle", {"start": "2026-01-05", "end": "2026-03-23", "interval": "week"}),
    ("lifecycle", {"start": "2026-01-01", "end": "2026-03-01", "interval": "month"}),
    ("retention", {"cohort_start": "2026-01-05", "through": str(THROUGH), "interval": "week"}),
    (
        "retention",
        {
            "cohort_start": "2026-01-01",
            "through": str(THROUGH),
            "interval": "month",
            "mode": "on_after",
            "leavers": "keep",
        },
    ),
    ("feature_adoption", SPAN),
    ("time_to_first_value", {"through": str(THROUGH)}),
    ("due_behaviour_coverage", {**SPAN, "through": str(THROUGH)}),
    ("due_behaviour_coverage", {**SPAN, "through": str(THROUGH), "team": "West"}),
    ("missed_moments", {"through": str(THROUGH)}),
    ("coaching_pick", {"week_end": str(THROUGH)}),
    ("leak", {}),
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
    """Events and corrections of events, no two received at one instant."""
    for number in range(120):
        kind = dice.choice(["guided_use", "sequence_run", "login", "proposal_created"])
        yield {
            "event_id": f"e{step}-{number}" if dice.random() < 0.8 else f"e0-{dice.randrange(120)}",
            "person_id": f"R{dice.randrange(PEOPLE - STEPS)}",
            "kind": kind,
            "occurred_at": moment(day(dice), dice.randrange(24)),
            "received_at": (now - (number + 1) * timedelta(seconds=1)).isoformat(),
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


def write(folder: Path, name: str, rows: Iterable[Rows]) -> None:
    listed = list(rows)
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)


def start(app: Flask, folder: Path) -> None:
    """Apply the worlds' playbook."""
    book = folder / "book.yaml"
    book.write_text(PLAYBOOK)
    applied = app.test_cli_runner().invoke(args=["programme", "apply", str(book)])
    assert applied.exit_code == 0, applied.output


def files_of(dice: random.Random, step: int, now: datetime) -> dict[str, list[Rows]]:
    """One step's files by kind."""
    found = {
        make.__name__: list(make(dice, step))
        for make in (people, memberships, absences, deals, proposals, signals)
    }
    found |= {make.__name__: list(make(dice, step, now)) for make in (usage, completions)}
    if step == 0:
        found["assignments"] = [
            {"person_id": f"R{number}", "course": "intro", "assigned_on": str(LAUNCH)}
            for number in range(PEOPLE - STEPS)
        ]
    return found


def bring(app: Flask, folder: Path, files: Mapping[str, Iterable[Rows]]) -> None:
    """Write files and import them as a folder."""
    folder.mkdir()
    for name, rows in files.items():
        write(folder, name, rows)
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
        assert asked.exit_code == 0, (name, asked.output, asked.exception)
        found.append((name, given, json.loads(asked.stdout)["value"]))
    return found
