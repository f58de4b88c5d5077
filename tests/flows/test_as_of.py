"""Time honesty (METRICS E4): a figure `as_of` an instant is what was said then, for ever.

A world is imported in steps. After each step every figure is asked; when all later rows, late
events, corrections and changed records are in, the same question must bring the same answer.
"""

import json
import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from core.db import count_rows, transaction
from core.history import PastVersion, keep, past
from tests.csv_worlds import BEGUN, DAY, STEPS, answers, bring, files_of, roll_up, start


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_said_then_is_said_for_ever(
    app: Flask, tmp_path: Path, at: Callable[[datetime], None], seed: int
) -> None:
    dice = random.Random(seed)
    at(BEGUN)
    start(app, tmp_path)
    said: dict[datetime, list[object]] = {}
    for step in range(STEPS):
        now = BEGUN + step * 5 * DAY
        at(now)
        bring(app, tmp_path / f"step{step}", files_of(dice, step, now))
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
