"""Usage as it comes from outside, cell by cell, turned into records or named problems.

Half a million rows pass here, so rows of plain ASCII with ordinary moments are checked and turned
a column at a time; every other row takes the careful way. Both give the same records.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from adoption.forms.moments import FIRST_MOMENT, LAST_MOMENT, is_moment, stamp_of, stamps_of
from adoption.rules import Cells, UsageRecords
from core.intake.kinds import BadCell, Context, Problem, RawBatch, parse_instant, text

LONGEST_PERSON = 254
LONGEST = {
    "event_id": 200,
    "person_id": LONGEST_PERSON,
    "email": LONGEST_PERSON,
    "kind": 80,
    "object_id": 200,
    "fingerprint": 200,
    "source": 80,
}
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
YES = frozenset({"true", "yes", "y", "t", "1"})
NO = frozenset({"", "false", "no", "n", "f", "0"})
QUICK_VALUE = re.compile(r"-?\d{1,14}(?:\.\d{1,12})?", re.ASCII)
VALUE = re.compile(r"[+-]?(?:\d{1,14}(?:\.\d{0,60})?|\.\d{1,60})", re.ASCII)
QUICK_VOIDED = {"": "0", "false": "0", "0": "0", "true": "1", "1": "1"}
PLAIN = Context()
NEEDED, MOMENTS = ("event_id", "kind", "occurred_at"), ("occurred_at", "received_at")
QUICK_LENGTH = 80
# One record by the careful way: its place and the other columns of UsageRecords in their order.
Record = tuple[int, str, str, str, str, str, str, str, str, str, str, str]
NO_RECORDS = UsageRecords((), *[""] * len(USAGE_COLUMNS))


@dataclass(frozen=True)
class Parsed:
    """What a batch of cells held: records, each with its place in the batch, and problems."""

    records: UsageRecords
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Shape:
    """Where each column stands in a row, and what holds where nothing is said."""

    at: Mapping[str, int]
    source: str
    zone: ZoneInfo | None = None


def parse_batch(batch: RawBatch, source: str, zone: ZoneInfo | None) -> Parsed:
    """The records of a batch of rows; those the machine door could not read are problems."""
    shape = Shape(batch.at, source, zone)
    if FAULT not in batch.header:
        return parse_cells(batch.cells, range(len(batch.cells)), batch.lines, shape)
    at = batch.header.index(FAULT)
    faulty = [place for place, row in enumerate(batch.cells) if row[at]]
    if not faulty:
        return parse_cells(batch.cells, range(len(batch.cells)), batch.lines, shape)
    sound = [place for place, row in enumerate(batch.cells) if not row[at]]
    parsed = parse_cells([batch.cells[place] for place in sound], sound, batch.lines, shape)
    for place in faulty:
        message = f"This is not an event: {batch.cells[place][at]}."
        parsed.problems.append(Problem(batch.lines[place], None, "not_an_event", None, message))
    parsed.problems.sort(key=lambda problem: problem.row)
    return parsed


def parse_cells(
    cells: Sequence[Sequence[str]], places: Sequence[int], lines: Sequence[int], shape: Shape
) -> Parsed:
    """The records of rows of cells; lines[places[i]] names row i in problems."""
    together = _together(cells, places, shape)
    if together is not None:
        return Parsed(together)
    quick, odd = _told_apart(cells, shape)
    records = _together([cells[i] for i in quick], [places[i] for i in quick], shape)
    if records is None:
        records, odd = NO_RECORDS, range(len(cells))
    problems: list[Problem] = []
    careful: list[Record] = []
    for index in odd:
        record, faults = _carefully(places[index], cells[index], lines[places[index]], shape)
        problems.extend(faults)
        careful.extend(record)
    return Parsed(_joined(records, careful), problems)


def _told_apart(
    cells: Sequence[Sequence[str]], shape: Shape
) -> tuple[Sequence[int], Sequence[int]]:
    """Which rows can be turned together, and which need a careful look."""
    wanted = [shape.at[name] for name in USAGE_COLUMNS if name in shape.at]
    moments = [shape.at[name] for name in MOMENTS if name in shape.at]
    value_at, voided_at = shape.at.get("value"), shape.at.get("voided")
    person_at = [shape.at[name] for name in ("person_id", "email") if name in shape.at]
    needed = [shape.at[name] for name in NEEDED]
    quick: list[int] = []
    odd: list[int] = []
    for index, row in enumerate(cells):
        said = [row[at] for at in wanted]
        is_quick = (
            _is_plain("".join(said))
            and max(map(len, said)) <= QUICK_LENGTH
            and all(row[at] for at in needed)
            and any(row[at] for at in person_at)
            and all(not row[at] or is_moment(row[at]) for at in moments)
            and (value_at is None or not row[value_at] or QUICK_VALUE.fullmatch(row[value_at]))
            and (voided_at is None or row[voided_at] in QUICK_VOIDED)
        )
        (quick if is_quick else odd).append(index)
    return quick, odd


def _together(
    cells: Sequence[Sequence[str]], places: Sequence[int], shape: Shape
) -> UsageRecords | None:
    """The records of rows in which nothing needs a careful look, else None."""
    columns = {name: _column(cells, shape.at.get(name)) for name in USAGE_COLUMNS}
    person, mail, kind = columns["person_id"], columns["email"], columns["kind"]
    if not (
        all(map(_is_plain, columns.values()))
        and all(_fits(columns[name], longest) for name, longest in LONGEST.items())
        and _is_said(columns["event_id"])
        and _is_said(kind)
        and _is_somebody_named(person, mail)
    ):
        return None
    occurred, received = _moments(columns["occurred_at"]), _moments(columns["received_at"])
    voided, value = _voids(columns["voided"]), columns["value"]
    if not occurred or received is None or voided is None or not _are_values(value):
        return None
    return UsageRecords(
        places,
        _or(columns["source"], shape.source),
        columns["event_id"],
        person,
        [cell.lower() for cell in mail] if isinstance(mail, list) else "",
        kind,
        occurred,
        received,
        columns["object_id"],
        value,
        voided,
        columns["fingerprint"],
    )


def _column(cells: Sequence[Sequence[str]], at: int | None) -> Cells:
    """A column of the rows; "" where the file has none or says nothing in it."""
    if at is None:
        return ""
    column = [row[at] for row in cells]
    return column if any(column) else ""


def _is_plain(column: Cells) -> bool:
    """ASCII that prints, without a blank: nothing in it needs cleaning."""
    said = column if isinstance(column, str) else "".join(column)
    return said.isascii() and said.isprintable() and " " not in said


def _fits(column: Cells, longest: int) -> bool:
    return isinstance(column, str) or max(map(len, column)) <= longest


def _is_said(column: Cells) -> bool:
    """Whether every row says something."""
    return isinstance(column, list) and all(column)


def _is_somebody_named(person: Cells, mail: Cells) -> bool:
    if isinstance(person, list) and isinstance(mail, list):
        return all(map(str.__add__, person, mail))
    return _is_said(person) or _is_said(mail)


def _moments(column: Cells) -> Cells | None:
    """Stamps of a column, "" where a cell says nothing; None when one needs a careful look."""
    if isinstance(column, str) or all(column):
        return column if isinstance(column, str) else stamps_of(column)
    said = stamps_of([cell for cell in column if cell])
    if said is None:
        return None
    following = iter(said)
    return [cell and next(following) for cell in column]


def _voids(column: Cells) -> Cells | None:
    if isinstance(column, str):
        return "0"
    if not QUICK_VOIDED.keys() >= {*column}:
        return None
    return [QUICK_VOIDED[cell] for cell in column]


def _are_values(column: Cells) -> bool:
    return isinstance(column, str) or all(map(QUICK_VALUE.fullmatch, filter(None, column)))


def _or(column: Cells, default: str) -> Cells:
    if isinstance(column, str):
        return default
    return column if all(column) else [cell or default for cell in column]


def _joined(records: UsageRecords, careful: Sequence[Record]) -> UsageRecords:
    """Both sorts of records in the order of their places."""
    if not careful:
        return records
    names = [name for name in vars(records) if name != "places"]
    quick = zip(records.places, *(records.cells(name) for name in names), strict=True)
    places, *columns = zip(*sorted([*quick, *careful]), strict=True)
    return UsageRecords(places, *map(list, columns))


def _carefully(
    place: int, row: Sequence[str], line: int, shape: Shape
) -> tuple[list[Record], list[Problem]]:
    """One row by the long way: every faulty cell is a problem, a sound row a record."""
    problems: list[Problem] = []

    def read(name: str, parse: Callable[[str], str], *, need: bool = False) -> str:
        cell = row[shape.at[name]].strip() if name in shape.at else ""
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

    person = read("person_id", _word("person_id"))
    record = (
        place,
        read("source", _word("source")) or shape.source,
        read("event_id", _word("event_id"), need=True),
        person,
        read("email", _mail, need=not person and not problems),
        read("kind", _word("kind"), need=True),
        read("occurred_at", moment, need=True),
        read("received_at", moment),
        read("object_id", _word("object_id")),
        read("value", _value),
        "1" if read("voided", _voided) == "1" else "0",
        read("fingerprint", _word("fingerprint")),
    )
    return ([], problems) if problems else ([record], [])


def _word(name: str) -> Callable[[str], str]:
    parse = text(LONGEST[name])
    return lambda cell: parse(cell, PLAIN)


def _mail(cell: str) -> str:
    return _word("email")(cell).lower()


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
    batch: RawBatch, records: UsageRecords
) -> Iterator[tuple[datetime | None, UsageRecords]]:
    """Records by when they arrived at the machine door; files do not say, and come as they are."""
    if ARRIVED not in batch.header or not records.count:
        yield None, records
        return
    at = batch.header.index(ARRIVED)
    stamps = [batch.cells[place][at] for place in records.places]
    moments = dict.fromkeys(stamps)
    if len(moments) == 1:
        yield datetime.fromisoformat(stamps[0]), records
        return
    for stamp in moments:
        some = records.only([other == stamp for other in stamps])
        yield datetime.fromisoformat(stamp), some
