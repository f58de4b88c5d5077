"""One table of an export: where its fields stand, what its dates and amounts mean, row by row.

The file is read twice: once whole, to settle how it writes dates and amounts, then row by row.
Every line becomes rows, a refusal with the line and what to do, or a row that is never counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from core.intake.blocks import FileFacts, FileRefused
from core.intake.exports.written import (
    DAY_FIRST,
    MONTH_FIRST,
    Evidence,
    Written,
    is_utc,
    read_amount,
    read_date,
)
from core.intake.kinds import Asked, Part, Refused, Translated
from core.intake.parsers import BadCell
from core.intake.problems import Problem
from core.intake.reader import RowReader

SEPARATORS = ",;\t|"
TEXT, DATE, MOMENT, AMOUNT = "text", "date", "moment", "amount"


@dataclass(frozen=True)
class Field:
    """A field of an export and the headers it may stand under, the likeliest first."""

    name: str
    headers: tuple[str, ...]
    shape: str = TEXT
    required: bool = False


def folded_header(name: str) -> str:
    """A header as it is compared: blanks at the ends, doubled blanks and case do not matter."""
    return " ".join(name.replace("\N{ZERO WIDTH NO-BREAK SPACE}", "").casefold().split())


def labels_of(header: Sequence[str]) -> tuple[str, ...]:
    """A name for each column that no other has: repeats are numbered, empty ones counted."""
    seen: Counter[str] = Counter()
    labels = []
    for place, written in enumerate(header, start=1):
        name = " ".join(written.split()) or f"column {place}"
        seen[folded_header(name)] += 1
        times = seen[folded_header(name)]
        labels.append(name if times == 1 else f"{name} ({times})")
    return tuple(labels)


class Table:
    """A file's rows by field. Raises FileRefused when the header or the dates do not do.

    `is_day_first` is the system's own order where the file does not show one. With `is_picked`
    each field names one column for certain, so that a repeated header is no reason to refuse.
    """

    def __init__(
        self,
        path: Path,
        fields: Iterable[Field],
        asked: Asked,
        *,
        system: str,
        is_day_first: bool | None = None,
        is_picked: bool = False,
    ) -> None:
        self.path, self.asked, self.system = path, asked, system
        self._is_picked = is_picked
        self.name = asked.named(path)
        self.fields = {item.name: item for item in fields}
        self.at: dict[str, int] = {}
        self.read = self.rows_met = 0
        with self._reader() as reader:
            self.header = reader.header
            self.labels = labels_of(reader.header)
            self.separator = reader.separator
            self.facts: FileFacts = reader.facts
            self._place()
            evidence, self.rows_met = self._survey(reader)
        self.is_day_first = self._order(evidence, usual=is_day_first)
        self.is_comma_decimal = self._decimal(evidence)
        self.currencies = evidence.currencies

    def _reader(self) -> RowReader:
        return RowReader(self.path, name=self.name, separators=SEPARATORS)

    def _place(self) -> None:
        """Find each field's column; refuse a file that lacks one or has it twice."""
        folded = [folded_header(label) for label in self.labels]
        bare = [folded_header(name) for name in self.header]
        missing = []
        for item in self.fields.values():
            wanted = next((name for name in map(folded_header, item.headers) if name in folded), "")
            if wanted:
                self.at[item.name] = folded.index(wanted)
                if bare.count(wanted) > 1 and not self._is_picked:
                    raise FileRefused(
                        "duplicate_column",
                        f"The column {item.headers[0]} occurs {bare.count(wanted)} times in the "
                        "header. Keep one of them: which one is meant cannot be guessed.",
                        item.headers[0],
                    )
            elif item.required:
                missing.append(item.headers[0])
        if missing:
            self.lacks(", ".join(missing))

    def lacks(self, what: str) -> None:
        """Refuse the file for columns it does not have."""
        known = ", ".join(item.headers[0] for item in self.fields.values())
        raise FileRefused(
            "missing_column",
            f"The header lacks {what}. A {self.system} export has: {known[:200]}. "
            "Add the column to the export, or check that this is the right file.",
            what,
            rows=self.rows_met,
        )

    def need_one_of(self, *names: str) -> None:
        """Refuse a file that has none of these fields."""
        if not any(name in self.at for name in names):
            self.lacks(" or ".join(self.fields[name].headers[0] for name in names))

    def has(self, name: str) -> bool:
        """Whether the file has the field's column."""
        return name in self.at

    def written(self, name: str) -> str:
        """The column's name as the file writes it."""
        return self.labels[self.at[name]] if name in self.at else self.fields[name].headers[0]

    def _survey(self, reader: RowReader) -> tuple[Evidence, int]:
        """What all rows together show about dates and amounts, and how many rows there are."""
        evidence = Evidence()
        dates = self._shaped(DATE, MOMENT)
        amounts = self._shaped(AMOUNT)
        for block in reader.blocks():
            for line, cells in zip(block.lines, block.cells, strict=True):
                for place in dates:
                    if cells[place]:
                        evidence.see_date(line, self.labels[place], cells[place])
                for place in amounts:
                    if cells[place]:
                        evidence.see_amount(line, self.labels[place], cells[place])
        return evidence, reader.rows

    def _shaped(self, *shapes: str) -> list[int]:
        return [place for name, place in self.at.items() if self.fields[name].shape in shapes]

    def _order(self, evidence: Evidence, *, usual: bool | None) -> bool | None:
        """Whether days come first, as whoever imports says, else as the whole file shows."""
        if self.asked.is_day_first is not None:
            return self.asked.is_day_first
        day, month = evidence.orders.get(DAY_FIRST), evidence.orders.get(MONTH_FIRST)
        if day and month:
            raise self._ambiguous(
                month if day[0] < month[0] else day,
                f"Line {day[0]} has the date {day[2]}, day first, and line {month[0]} has "
                f"{month[2]}, month first. Correct one of them, or say with --dates day-first or "
                "--dates month-first which is meant: rows of the other order are then refused.",
            )
        if day or month:
            return day is not None
        either = evidence.orders.get("?")
        if either and usual is None:
            raise self._ambiguous(
                either,
                f"No date of the file shows whether the day or the month comes first ({either[2]}"
                " could be either). Say so with --dates day-first or --dates month-first, or "
                "export the dates as YYYY-MM-DD.",
            )
        return usual

    def _ambiguous(self, where: tuple[int, str, str], message: str) -> FileRefused:
        line, column, cell = where
        return FileRefused(
            "ambiguous_date", message, cell, row=line, field=column, rows=self.rows_met
        )

    def _decimal(self, evidence: Evidence) -> bool | None:
        """Whether a comma stands before the decimals, as said, else as the whole file shows."""
        if self.asked.is_comma_decimal is not None:
            return self.asked.is_comma_decimal
        comma, point = "comma" in evidence.decimals, "point" in evidence.decimals
        if comma != point:
            return comma
        # Where commas separate the cells, programs do not write them before decimals.
        is_grouped = "?," in evidence.decimals and "?." not in evidence.decimals
        return False if is_grouped and not comma and self.separator == "," else None

    def lines(self) -> Iterator["Line | Refused"]:
        """Every row of the file in order; rows the reader cannot use as refusals."""
        with self._reader() as reader:
            for block in reader.blocks():
                for problem in reader.take_problems():
                    yield Refused((problem,))
                for number, cells in zip(block.lines, block.cells, strict=True):
                    yield Line(number, cells, self)
                self.read = reader.bytes_read()
            for problem in reader.take_problems():
                yield Refused((problem,))

    def translated(self, make: Callable[["Line"], Iterable[Translated]]) -> Iterator[Translated]:
        """What `make` makes of each line; a line with a faulty cell is refused whole."""
        for line in self.lines():
            if isinstance(line, Refused):
                yield line
                continue
            made = list(make(line))
            if line.faults:
                yield Refused(tuple(line.faults))
            else:
                yield from made

    def part(
        self,
        kind: str,
        header: Sequence[str],
        make: Callable[["Line"], Iterable[Translated]],
        problems: Sequence[Problem] = (),
    ) -> Part:
        """The rows that `make` makes, as a part of the import."""
        return Part(
            kind,
            self.name,
            self.translated(make),
            problems,
            header=tuple(header),
            facts=self.facts,
            progress=lambda: self.read,
        )


@dataclass
class Line:
    """One row: its cells by field, with everything found wrong on the way in `faults`."""

    number: int
    cells: Sequence[str]
    table: Table
    faults: list[Problem] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        """The cell of a field without blanks around it; nothing where the file lacks it."""
        place = self.table.at.get(name)
        return "" if place is None else self.cells[place].strip()

    def fault(self, name: str, code: str, message: str = "") -> None:
        """Refuse the row for a cell."""
        column = self.table.written(name)
        self.faults.append(Problem(self.number, column, code, self[name], message))

    def need(self, name: str, message: str = "") -> str:
        """The cell, which must not be empty."""
        cell = self[name]
        if not cell:
            self.fault(name, "missing", message)
        return cell

    def word(self, name: str) -> str:
        """The cell, or what whoever imports said it means here."""
        cell = self[name]
        return self.table.asked.words.get(" ".join(cell.casefold().split()), cell)

    def _date(self, name: str) -> Written | None:
        cell = self[name]
        if not cell:
            return None
        try:
            return read_date(cell, is_day_first=self.table.is_day_first)
        except BadCell as bad:
            self.fault(name, bad.code, bad.message)
            return None

    def day(self, name: str) -> str:
        """A date as YYYY-MM-DD. A date alone is never moved by a zone; a moment is."""
        found = self._date(name)
        if found is None:
            return ""
        if found.hour is None or not found.offset:
            return found.day.isoformat()
        zone = self.table.asked.day_zone
        at_midnight = (found.hour, found.minute, found.second) == (0, 0, 0)
        moment = self._moment(name, found, None)
        if moment is None or zone is None or at_midnight:
            return found.day.isoformat()
        return moment.astimezone(zone).date().isoformat()

    def moment(self, name: str, zone: ZoneInfo | None = None, *, at_noon: bool = False) -> str:
        """A moment in ISO 8601; one without an offset is local to `zone` or to the zone given.

        A date alone is refused, or with `at_noon` stands for noon.
        """
        if is_utc(cell := self[name]):
            return cell
        found = self._date(name)
        if found is None:
            return ""
        if found.hour is None and at_noon:
            found = replace(found, hour=12)
        if found.hour is None:
            self.fault(name, "not_an_instant", NO_TIME)
            return ""
        moment = self._moment(name, found, zone or self.table.asked.time_zone)
        return "" if moment is None else moment.isoformat().replace("+00:00", "Z")

    def _moment(self, name: str, found: Written, zone: ZoneInfo | None) -> datetime | None:
        try:
            return found.moment(zone)
        except BadCell as bad:
            self.fault(name, bad.code, bad.message)
            return None

    def amount(self, name: str) -> str:
        """An amount as digits with a decimal point."""
        cell = self[name]
        if not cell or cell == "-":
            return ""
        try:
            return read_amount(cell, is_comma_decimal=self.table.is_comma_decimal)
        except BadCell as bad:
            self.fault(name, bad.code, bad.message)
            return ""


NO_TIME = "This is a date without a time of day. Export the column as date and time."


def kept(columns: Mapping[str, bool]) -> tuple[str, ...]:
    """The columns that the file has something for: what it lacks keeps what is stored."""
    return tuple(name for name, is_there in columns.items() if is_there)
