"""Usage and signals as machines post them: JSON, turned into the cells of an import's rows."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from math import isfinite
from operator import itemgetter
from typing import cast

from adoption.forms.usage import ARRIVED, FAULT, USAGE_COLUMNS
from core.errors import Invalid
from core.intake.kinds import Block, Problem

MOST_EVENTS, MOST_LINES = 1_000, 50_000
NAMES = frozenset(USAGE_COLUMNS)
NEEDED, WHO = frozenset({"event_id", "kind", "occurred_at"}), frozenset({"person_id", "email"})
SIGNAL_NAMES = frozenset({"signal_id", "deal_id", "person_id", "fired_at", "dismissed_at"})
Numbered = list[tuple[int, object]]


def events_of_body(body: bytes, *, is_lines: bool) -> Numbered:
    """The events of a request with their numbers; raises Invalid when the body is none of ours.

    JSON is {"events": [...]} with up to 1,000; NDJSON is one event a line, bad lines are events of
    their own that will be refused.
    """
    if is_lines:
        lines = [line for line in enumerate(body.split(b"\n"), start=1) if line[1].strip()]
        _refuse_many(len(lines), MOST_LINES, "events")
        return [(number, _line(line)) for number, line in lines]
    return _listed(body, "events")


def signals_of_body(body: bytes) -> Numbered:
    """The signals of {"signals": [...]}, up to 1,000, with their numbers. Raises Invalid."""
    return _listed(body, "signals")


def _listed(body: bytes, name: str) -> Numbered:
    """What {name: [...]} lists, numbered from 1."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.", code="not_json") from None
    listed = found.get(name) if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise Invalid(f'The body must be {{"{name}": [...]}}.', field=name, code="missing")
    _refuse_many(len(listed), MOST_EVENTS, name)
    return list(enumerate(listed, start=1))


def _refuse_many(count: int, most: int, name: str) -> None:
    if count > most:
        raise Invalid(
            f"There are {count:,} {name}; {most:,} are taken at a time.",
            code=f"too_many_{name}",
            fix="Send them in several requests.",
        )


def _line(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def block_of_events(events: Sequence[tuple[int, object]], arrived_at: datetime) -> Block | None:
    """Events as cells with their arrival, where all say nothing but texts, as they mostly do.

    None where one has to be looked at by itself.
    """
    shown = [event for _number, event in events]
    if {*map(type, shown)} != {dict}:
        return None
    found = cast("list[dict[str, str]]", shown)
    names = tuple({name: None for event in found for name in event})
    if not (NEEDED <= {*names} <= NAMES and WHO & {*names}):
        return None
    cells = _cells(found, names)
    if {*map(type, chain.from_iterable(cells))} != {str}:
        return None
    if "\0" in "".join(chain.from_iterable(cells)):
        return None
    arrived = (arrived_at.isoformat(),)
    numbers = [number for number, _event in events]
    return Block((*names, ARRIVED), numbers, [row + arrived for row in cells])


def _cells(events: Sequence[dict[str, str]], names: Sequence[str]) -> list[tuple[str, ...]]:
    """What each event says under these names; "" where one says nothing."""
    if {*map(len, events)} == {len(names)}:
        return [*map(itemgetter(*names), events)]
    blanks = [""] * len(names)
    return [tuple(map(event.get, names, blanks)) for event in events]


def rows_of_events(
    events: Sequence[tuple[int, object]], arrived_at: datetime
) -> Iterator[tuple[int, dict[str, str]]]:
    """Events as rows of an import, each with its arrival and what is wrong with it, if anything."""
    empty = {**dict.fromkeys(USAGE_COLUMNS, ""), ARRIVED: arrived_at.isoformat(), FAULT: ""}
    for number, event in events:
        row = empty.copy()
        fault = _fill(row, event, NAMES)
        yield number, {**empty, FAULT: fault} if fault else row


def rows_of_signals(signals: Numbered) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    """Signals as rows of an import, and what cannot be one, named by its number."""
    rows: list[tuple[int, dict[str, str]]] = []
    problems: list[Problem] = []
    for number, signal in signals:
        row = dict.fromkeys(sorted(SIGNAL_NAMES), "")
        fault = _fill(row, signal, SIGNAL_NAMES)
        if fault:
            message = f"This is not a signal: {fault}."
            problems.append(Problem(number, None, "not_a_signal", None, message))
        else:
            rows.append((number, row))
    return rows, problems


def _fill(row: dict[str, str], event: object, names: Collection[str]) -> str:
    """Put a JSON object's values into the cells of a row; say what is wrong with it, or nothing."""
    if not isinstance(event, dict):
        return "it is no object with keys"
    for name, value in event.items():
        if name not in names or value is None:
            continue
        if isinstance(value, str):
            if "\0" in value:
                return f"{name} holds a NUL character"
            row[name] = value
        elif isinstance(value, bool):
            row[name] = "true" if value else "false"
        elif isinstance(value, int | float) and isfinite(value):
            row[name] = str(value) if isinstance(value, int) else format(value, "f")
        else:
            return f"{name} must be a text, number or true/false"
    return ""


def unknown_keys(events: Iterable[tuple[int, object]], names: frozenset[str] = NAMES) -> list[str]:
    """Keys of events that mean nothing to us; reported and ignored."""
    found: set[str] = set()
    found.update(*(event for _number, event in events if isinstance(event, dict)))
    return sorted({str(key)[:80] for key in found - names})[:50]
