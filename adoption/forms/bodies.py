"""Usage as machines post it: JSON events, turned into the cells of an import's rows."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from math import isfinite
from typing import cast

from adoption.forms.usage import ARRIVED, FAULT, USAGE_COLUMNS
from core.errors import Invalid

MOST_EVENTS, MOST_LINES = 1_000, 50_000
NAMES = frozenset(USAGE_COLUMNS)


def events_of_body(body: bytes, *, is_lines: bool) -> list[tuple[int, object]]:
    """The events of a request with their numbers; raises Invalid when the body is none of ours.

    JSON is {"events": [...]} with up to 1,000; NDJSON is one event a line, bad lines are events of
    their own that will be refused.
    """
    if is_lines:
        lines = [line for line in enumerate(body.split(b"\n"), start=1) if line[1].strip()]
        _refuse_many(len(lines), MOST_LINES)
        return [(number, _line(line)) for number, line in lines]
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.", code="not_json") from None
    events = found.get("events") if isinstance(found, dict) else None
    if not isinstance(events, list):
        raise Invalid('The body must be {"events": [...]}.', field="events", code="missing")
    _refuse_many(len(events), MOST_EVENTS)
    return list(enumerate(events, start=1))


def _refuse_many(count: int, most: int) -> None:
    if count > most:
        raise Invalid(
            f"There are {count:,} events; {most:,} are taken at a time.",
            code="too_many_events",
            fix="Send them in several requests.",
        )


def _line(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def rows_of_events(
    events: Sequence[tuple[int, object]], arrived_at: datetime
) -> Iterator[tuple[int, dict[str, str]]]:
    """Events as rows of an import, each with its arrival and what is wrong with it, if anything."""
    empty = {**dict.fromkeys(USAGE_COLUMNS, ""), ARRIVED: arrived_at.isoformat(), FAULT: ""}
    if _are_plain(events):
        for number, texts in cast("Sequence[tuple[int, dict[str, str]]]", events):
            yield number, empty | texts
        return
    for number, event in events:
        row = empty.copy()
        fault = _fill(row, event)
        yield number, {**empty, FAULT: fault} if fault else row


def _are_plain(events: Sequence[tuple[int, object]]) -> bool:
    """Whether all events are nothing but texts by names we know, as they mostly are."""
    found = [event for _number, event in events if isinstance(event, dict)]
    values = [*chain.from_iterable(event.values() for event in found)]
    return (
        len(found) == len(events)
        and {*chain.from_iterable(found)} <= NAMES
        and {*map(type, values)} <= {str}
        and "\0" not in "".join(values)
    )


def _fill(row: dict[str, str], event: object) -> str:
    """Put a JSON event's values into the cells of a row; say what is wrong with it, or nothing."""
    if not isinstance(event, dict):
        return "it is no object with keys"
    for name, value in event.items():
        if name not in NAMES or value is None:
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


def unknown_keys(events: Iterable[tuple[int, object]]) -> list[str]:
    """Keys of events that mean nothing to us; reported and ignored."""
    found: set[str] = set()
    found.update(*(event for _number, event in events if isinstance(event, dict)))
    return sorted({str(key)[:80] for key in found - NAMES})[:50]
