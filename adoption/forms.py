"""Usage as it comes from outside, cell by cell, turned into records or named problems.

Half a million rows pass here, so a row of plain ASCII with UTC instants takes a short way without
a function call per cell; every other row takes the careful way. Both give the same records.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from zoneinfo import ZoneInfo

from adoption.rules import UsageRecord
from core.calendars import FIRST_DAY, LAST_DAY
from core.errors import Invalid
from core.intake.kinds import BadCell, Context, Problem, RawBatch, parse_instant, text

LONGEST = {"event_id": 200, "kind": 80, "object_id": 200, "fingerprint": 200, "source": 80}
LONGEST_PERSON = 254
USAGE_COLUMNS = (
    "event_id",
    "person_id",
    "email",
    "kind",
    "occurred_at",
    "received_at",
    "object_id",
    "value",
    "voided",
    "fingerprint",
    "source",
)
# Columns only the machine door adds: when an event arrived, and what is wrong with its JSON.
ARRIVED, FAULT = "arrived_at", "fault"
MOST_EVENTS, MOST_LINES = 1_000, 50_000
YES = frozenset({"true", "yes", "y", "t", "1"})
NO = frozenset({"", "false", "no", "n", "f", "0"})
QUICK_LENGTH, QUICK_WORD = 200, 80
# A day's slack on both sides keeps every local date within the calendar's bounds.
FIRST_MOMENT = FIRST_DAY.replace(day=FIRST_DAY.day + 1).isoformat()
LAST_MOMENT = LAST_DAY.replace(day=LAST_DAY.day - 1).isoformat()

QUICK_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}|\.\d{6})?(?:Z|[+-](\d\d:\d\d))", re.ASCII
)
LONGEST_OFFSET, UTC_OFFSETS = "18:00", {None, "00:00"}
QUICK_VALUE = re.compile(r"-?\d{1,14}(?:\.\d{1,12})?", re.ASCII)
VALUE = re.compile(r"[+-]?(?:\d{1,14}(?:\.\d{0,60})?|\.\d{1,60})", re.ASCII)
QUICK_VOIDED = {"": "0", "false": "0", "0": "0", "true": "1", "1": "1"}
PLAIN = Context()


def stamp_of(moment: datetime) -> str:
    """An instant as both databases take it: UTC, a blank, microseconds, no offset."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@dataclass(frozen=True)
class Parsed:
    """What a batch of cells held: records, each with its place in the batch, and problems."""

    records: list[UsageRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass
class Learnt:
    """Dates, times of day and kinds found sound before, so that the next row asks a dictionary."""

    days: set[str] = field(default_factory=set)
    times: dict[str, str] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)

    def stamp(self, written: str) -> str:
        """The stamp of a moment in ISO 8601 with an offset; "" for what needs a careful look.

        Of moments in UTC the date and the time of day are learnt apart.
        """
        match = QUICK_MOMENT.fullmatch(written)
        if match is None:
            return ""
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            return ""
        stamp = stamp_of(moment)
        if (match[1] or "") > LONGEST_OFFSET or not FIRST_MOMENT <= stamp <= LAST_MOMENT:
            return ""
        if match[1] in UTC_OFFSETS:
            self.days.add(written[:10])
            self.times[written[10:]] = stamp[10:]
        return stamp

    def kind(self, word: str) -> bool:
        """Whether this may be the name of a kind; if so, it is learnt."""
        if not 0 < len(word) <= LONGEST["kind"]:
            return False
        self.kinds.add(word)
        return True


@dataclass(frozen=True)
class Shape:
    """Where each column stands in a row of `width` cells, and what holds where nothing is said."""

    at: Mapping[str, int]
    width: int
    source: str
    zone: ZoneInfo | None = None
    learnt: Learnt = field(default_factory=Learnt)

    def place(self, name: str) -> int:
        """The column's place; one past the row's end, where an empty cell is put, without it."""
        return self.at.get(name, self.width)

    @property
    def lacks_columns(self) -> bool:
        """Whether rows need that empty cell."""
        return any(name not in self.at for name in USAGE_COLUMNS)


def parse_batch(
    batch: RawBatch, source: str, zone: ZoneInfo | None, learnt: Learnt | None = None
) -> Parsed:
    """The records of a batch of file rows; `learnt` carries what earlier batches taught."""
    shape = Shape(batch.at, len(batch.header), source, zone, learnt or Learnt())
    cells = [row if isinstance(row, list) else [*row] for row in batch.cells]
    return parse_cells(cells, batch.lines, shape)


def parse_cells(cells: Sequence[list[str]], lines: Sequence[int], shape: Shape) -> Parsed:
    """The records of rows of cells; `lines[i]` names row i in problems.

    Rows that lack columns get an empty cell at their end.
    """
    parsed = Parsed()
    if shape.lacks_columns:
        for row in cells:
            row.append("")
    whole = [*map("".join, cells)]
    is_clean = _is_plain("".join(whole)) and max(map(len, whole), default=0) <= QUICK_LENGTH
    event_at, person_at, mail_at, kind_at, occurred_at, received_at, object_at, value_at = (
        shape.place(name) for name in USAGE_COLUMNS[:8]
    )
    voided_at, print_at, source_at = (shape.place(name) for name in USAGE_COLUMNS[8:])
    learnt, default, keep = shape.learnt, shape.source, parsed.records.append
    days, times, kinds = learnt.days, learnt.times, learnt.kinds
    number, voids = QUICK_VALUE.fullmatch, QUICK_VOIDED
    for place, row in enumerate(cells):
        occurred, received, kind, value = (
            row[occurred_at],
            row[received_at],
            row[kind_at],
            row[value_at],
        )
        event_id, person, source = row[event_at], row[person_at], row[source_at]
        arrival = ""
        if (
            (is_clean or (_is_plain(whole[place]) and len(whole[place]) <= QUICK_LENGTH))
            and event_id
            and person
            and (kind in kinds or learnt.kind(kind))
            and (
                stamp := occurred[:10] + times[occurred[10:]]
                if occurred[10:] in times and occurred[:10] in days
                else learnt.stamp(occurred)
            )
            and (
                not received
                or (
                    arrival := received[:10] + times[received[10:]]
                    if received[10:] in times and received[:10] in days
                    else learnt.stamp(received)
                )
            )
            and (not value or number(value))
            and row[voided_at] in voids
            and len(source) <= QUICK_WORD
        ):
            keep(
                (
                    place,
                    source or default,
                    event_id,
                    person,
                    row[mail_at],
                    kind,
                    stamp,
                    arrival,
                    row[object_at],
                    value,
                    voids[row[voided_at]],
                    row[print_at],
                )
            )
        else:
            _carefully(parsed, place, lines[place], row, shape)
    return parsed


def _is_plain(text_: str) -> bool:
    """ASCII that prints, without a blank: nothing in it needs cleaning."""
    return text_.isascii() and text_.isprintable() and " " not in text_


def _carefully(parsed: Parsed, place: int, line: int, row: Sequence[str], shape: Shape) -> None:
    """One row by the long way: every faulty cell is a problem, a sound row a record."""
    problems: list[Problem] = []

    def read(name: str, parse: Callable[[str], str], *, need: bool = False) -> str:
        cell = row[shape.place(name)].strip()
        try:
            if cell:
                return parse(cell)
        except BadCell as bad:
            problems.append(Problem(line, name, bad.code, cell, bad.message))
            return ""
        if need:
            problems.append(Problem(line, name, "missing", ""))
        return ""

    def moment(cell: str) -> str:
        found = parse_instant(cell, shape.zone)
        stamp = stamp_of(found)
        if not FIRST_MOMENT <= stamp <= LAST_MOMENT:
            raise BadCell("out_of_range")
        return stamp

    person = read("person_id", _word(LONGEST_PERSON))
    record = (
        place,
        read("source", _word(LONGEST["source"])) or shape.source,
        read("event_id", _word(LONGEST["event_id"]), need=True),
        person,
        read("email", _mail, need=not person and not problems),
        read("kind", _word(LONGEST["kind"]), need=True),
        read("occurred_at", moment, need=True),
        read("received_at", moment),
        read("object_id", _word(LONGEST["object_id"])),
        read("value", _value),
        "1" if read("voided", _voided) == "1" else "0",
        read("fingerprint", _word(LONGEST["fingerprint"])),
    )
    if problems:
        parsed.problems.extend(problems)
    else:
        parsed.records.append(record)


def _word(longest: int) -> Callable[[str], str]:
    parse = text(longest)
    return lambda cell: parse(cell, PLAIN)


def _mail(cell: str) -> str:
    return _word(LONGEST_PERSON)(cell).lower()


def _value(cell: str) -> str:
    """A finite decimal number of at most 14 digits before the point."""
    if not VALUE.fullmatch(cell):
        digits = cell.lstrip("+-").replace(".", "", 1)
        raise BadCell("out_of_range" if digits.isascii() and digits.isdigit() else "not_a_number")
    return repr(float(cell))


def _voided(cell: str) -> str:
    word = cell.lower()
    if word in YES:
        return "1"
    if word not in NO:
        raise BadCell("not_a_boolean")
    return "0"


def by_arrival(
    batch: RawBatch, parsed: Parsed
) -> Iterator[tuple[datetime | None, list[UsageRecord]]]:
    """Records by when they arrived at the machine door; files do not say, and come as they are.

    Rows the door could not read bear a fault: they are problems by now, and no records.
    """
    if ARRIVED not in batch.header:
        yield None, parsed.records
        return
    arrived, fault = batch.header.index(ARRIVED), batch.header.index(FAULT)
    faults = {place: row[fault] for place, row in enumerate(batch.cells) if row[fault]}
    lines = {batch.lines[place] for place in faults}
    kept = [problem for problem in parsed.problems if problem.row not in lines]
    said = [
        Problem(batch.lines[place], None, "not_an_event", None, f"This is not an event: {message}.")
        for place, message in faults.items()
    ]
    parsed.problems[:] = sorted([*kept, *said], key=lambda problem: problem.row)
    groups: dict[str, list[UsageRecord]] = {}
    for record in parsed.records:
        if record[0] not in faults:
            groups.setdefault(batch.cells[record[0]][arrived], []).append(record)
    for stamp, records in groups.items():
        yield datetime.fromisoformat(stamp), records


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
    events: Iterable[tuple[int, object]], arrived_at: datetime
) -> Iterator[tuple[int, dict[str, str]]]:
    """Events as rows of an import, each with its arrival and what is wrong with it, if anything."""
    arrived = arrived_at.isoformat()
    for number, event in events:
        cells, fault = cells_of_event(event)
        yield number, {**cells, ARRIVED: arrived, FAULT: fault}


def cells_of_event(event: object) -> tuple[dict[str, str], str]:
    """A JSON event as cells by column; and what is wrong with it, or nothing."""
    cells = dict.fromkeys(USAGE_COLUMNS, "")
    if not isinstance(event, dict):
        return cells, "it is no object with keys"
    for name in USAGE_COLUMNS:
        value = event.get(name)
        if isinstance(value, bool):
            cells[name] = "true" if value else "false"
        elif isinstance(value, str):
            cells[name] = value
            if "\0" in value:
                return dict.fromkeys(USAGE_COLUMNS, ""), f"{name} holds a NUL character"
        elif isinstance(value, int | float) and isfinite(value):
            cells[name] = str(value) if isinstance(value, int) else format(value, "f")
        elif value is not None:
            return dict.fromkeys(USAGE_COLUMNS, ""), f"{name} must be a text, number or true/false"
    return cells, ""


def unknown_keys(events: Iterable[tuple[int, object]]) -> list[str]:
    """Keys of events that mean nothing to us; reported and ignored."""
    found: set[str] = set()
    for _number, event in events:
        if isinstance(event, dict):
            found.update(str(key)[:80] for key in event if key not in USAGE_COLUMNS)
    return sorted(found)[:50]


def currency(cell: str, _context: Context) -> str:
    """A currency code of three letters."""
    code = cell.strip().upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise BadCell("not_a_choice", "Write a currency as three letters, like USD.")
    return code
