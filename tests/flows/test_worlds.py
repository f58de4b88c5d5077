"""The same world gives the same figures: on both databases, in any order, brought in twice."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import ENGINES, Templates, opened, settings_for
from tests.csv_worlds import BEGUN, DAY, Rows, answers, bring, files_of, roll_up, start

Files = Mapping[str, list[Rows]]


@contextmanager
def world(templates: Templates, engine: str, place: Path) -> Iterator[Flask]:
    """An app on an empty database of its own, with the worlds' playbook."""
    place.mkdir()
    for url in templates.copy(engine, "empty", place):
        for app in opened(settings_for(url, place)):
            start(app, place)
            yield app


def said_of(app: Flask, place: Path, brought: list[Files], *, rolled: bool) -> list[object]:
    """Every figure after these files came in, one folder after the other."""
    for number, files in enumerate(brought):
        bring(app, place / f"files{number}", files)
    if rolled:
        roll_up(app, BEGUN)
    return answers(app, BEGUN)


def shuffled(files: Files, dice: random.Random) -> Files:
    """The rows of every file in another order."""
    return {name: dice.sample(rows, len(rows)) for name, rows in files.items()}


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_same_on_both_databases(
    templates: Templates, tmp_path: Path, at: Callable[[datetime], None], seed: int
) -> None:
    said = {}
    for engine in ENGINES:
        place = tmp_path / engine
        at(BEGUN)
        with world(templates, engine, place) as app:
            dice = random.Random(seed)
            brought = [files_of(dice, step, BEGUN) for step in range(3)]
            said[engine] = said_of(app, place, brought, rolled=True)
    assert said["sqlite"] == said["postgres"]


@pytest.mark.parametrize("seed", [21, 22])
def test_the_same_in_any_order_and_twice(
    templates: Templates, tmp_path: Path, at: Callable[[datetime], None], seed: int
) -> None:
    at(BEGUN + DAY)
    dice = random.Random(seed)
    files = files_of(dice, 0, BEGUN)
    ways = {
        "as written": [files],
        "in another order": [shuffled(files, dice)],
        "twice": [files, shuffled(files, dice)],
    }
    said = {}
    for way, brought in ways.items():
        for rolled in (False, True):
            place = tmp_path / f"{way} {rolled}".replace(" ", "-")
            with world(templates, "sqlite", place) as app:
                said[way, rolled] = said_of(app, place, brought, rolled=rolled)
    first = said["as written", False]
    assert [way for way, answered in said.items() if answered != first] == []
