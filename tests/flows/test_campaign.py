"""The whole campaign at once: every slot of its months in order, killed anywhere, run again.

What is compared is everything people could see or be paid by: states, standings, awards, letters,
the book. Row ids and the clock's own times are left out, for they say nothing.
"""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core import audit, ledger
from core.db import db
from tests.conftest import ROOT, Templates, assemble, settings_for

# The small world's launch is on 2 March 2026; its second race ends in August.
SINCE, UNTIL = "2026-02-27T14:00:00+00:00", "2026-09-05T00:00:00+00:00"
KILLS = 6
QUESTIONS = {
    "contests": "SELECT slug, state FROM contest ORDER BY slug",
    "states": "SELECT week_start, person_id, state, streak FROM adoption_status ORDER BY 1, 2",
    "days": "SELECT person_id, local_day, kind, count FROM daily_usage ORDER BY 1, 2, 3",
    "letters": "SELECT dedupe_key, state, subject FROM outbox_letter ORDER BY 1",
    "recipients": "SELECT count(*) FROM issue_recipient",
    "accounts": "SELECT code, balance, held FROM ledger_account ORDER BY 1",
    "entries": "SELECT entry_key FROM ledger_entry ORDER BY 1",
    "assignments": "SELECT person_id, course_id, due_on FROM assignment ORDER BY 1, 2",
    "standings": (
        "SELECT board_id, unit_id, rank, headcount, roster, participants FROM standing"
        " ORDER BY 1, 2"
    ),
    "awards": (
        "SELECT source, rule, recipient, rev, state, place, amount_minor FROM award"
        " ORDER BY 1, 2, 3, 4"
    ),
    "thanks": "SELECT person_id, title, text FROM recognition ORDER BY 1, 2, 3",
    "results": "SELECT count(*) FROM frozen_standing",
}


def picture(database: str, place: Path) -> dict[str, list[Any]]:
    """Return everything that matters of a database, and see that it adds up."""
    with assemble(settings_for(database, place)).app_context():
        seen = {
            name: [tuple(row) for row in db.session.execute(text(question))]
            for name, question in QUESTIONS.items()
        }
        assert audit.verify() is None
        assert ledger.verify() == []
        db.session.remove()
        db.engine.dispose()
    return seen


def settled(database: str, place: Path) -> int:
    """Return how many slots have their end."""
    with assemble(settings_for(database, place)).app_context():
        question = text("SELECT count(*) FROM job_slot WHERE state = 'done'")
        count: int = db.session.execute(question).scalar_one()
        db.session.remove()
        db.engine.dispose()
    return count


def start(database: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.flows.catch_up_process", database, SINCE, UNTIL]
    return subprocess.Popen(command, cwd=ROOT)


def finish(database: str) -> float:
    began = time.monotonic()
    assert start(database).wait(timeout=600) == 0
    return time.monotonic() - began


@pytest.fixture
def eves(engine: str, templates: Templates, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two equal databases on the eve of the launch: files are in, no job has run."""
    places = [tmp_path / "whole", tmp_path / "killed"]
    for place in places:
        place.mkdir()
    copies = [templates.copy(engine, "eve", place) for place in places]
    whole, killed = (next(copy) for copy in copies)
    yield whole, killed
    for copy in copies:
        next(copy, None)


@pytest.mark.timeout(900)
def test_killed_anywhere_and_run_again_it_ends_the_same(
    eves: tuple[str, str], tmp_path: Path
) -> None:
    whole, killed = eves
    took = finish(whole)
    expected = picture(whole, tmp_path)
    assert [state for _slug, state in expected["contests"]] == ["final", "final"]
    assert all(expected.values())

    dice = random.Random(7)
    every = settled(whole, tmp_path)
    seen = []
    for _ in range(KILLS):
        process = start(killed)
        time.sleep(2 + dice.random() * took / KILLS)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
        seen.append(settled(killed, tmp_path))
    assert [count for count in seen if 0 < count < every], "no kill landed in the middle"
    finish(killed)
    assert picture(killed, tmp_path) == expected

    finish(whole)
    assert picture(whole, tmp_path) == expected
