"""Rows that a preset made from a file, on their way into the importer with nothing lost.

A line of an export may make several rows, and each must be refused, set aside or stored by itself.
So every row gets a number of its own, line times SCALE plus its place, until it is accounted for.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from core.intake.directory import Directory, Found, is_reference, shown_reference
from core.intake.kinds import BatchResult, Part, Passed, RawBatch, Refused, SetAside
from core.intake.problems import Problem

SCALE = 1 << 14
Rows = tuple[list[int], list[Sequence[str]]]


@dataclass
class PartFeed:
    """Batches of a part's rows; what was refused or passed on the way is taken after each."""

    part: Part
    header: tuple[str, ...] = ()
    spoilt: list[Problem] = field(default_factory=list)
    refused: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    _last: int = 0
    _place: int = 0

    def _number(self, line: int) -> int:
        """The next free number of a line."""
        self._place = self._place + 1 if line == self._last else 0
        self._last = line
        return line * SCALE + self._place

    def batches(self, size: int) -> Iterator[Rows]:
        """The rows in batches of at most `size`; a batch may be empty where all were refused."""
        numbers: list[int] = []
        cells: list[Sequence[str]] = []
        for met, item in enumerate(self.part.rows, start=1):
            if isinstance(item, Refused):
                self._refuse(item)
            elif isinstance(item, Passed):
                self._pass(item)
            else:
                line, row = item
                numbers.append(self._number(line))
                cells.append([row.get(name, "") for name in self.header])
            if met % size == 0:
                yield numbers, cells
                numbers, cells = [], []
        yield numbers, cells

    def _refuse(self, item: Refused) -> None:
        number = self._number(item.problems[0].row)
        self.refused += 1
        self.spoilt += [replace(problem, row=number) for problem in item.problems]

    def _pass(self, item: Passed) -> None:
        number = self._number(item.row)
        self.passed[item.sort] += 1
        self.spoilt.append(
            Problem(number, item.field, "not_counted", item.value, item.message, refuses=False)
        )

    def take(self) -> tuple[list[Problem], int, Counter[str]]:
        """Problems since the last call, how many rows they refused, and rows passed by sort."""
        taken = self.spoilt, self.refused, self.passed
        self.spoilt, self.refused, self.passed = [], 0, Counter()
        return taken


def relined(result: BatchResult) -> BatchResult:
    """The same result with lines of the file instead of numbers of rows."""
    return replace(
        result,
        problems=[replace(problem, row=problem.row // SCALE) for problem in result.problems],
        set_aside=[replace(row, row=row.row // SCALE) for row in result.set_aside],
    )


@dataclass
class Attribution:
    """The references of a batch, looked up: rows of people nobody knows keep theirs aside."""

    batch: RawBatch
    _waiting: dict[int, tuple[Mapping[str, str], Found, str]] = field(default_factory=dict)

    def look_up(self, directory: Directory) -> RawBatch:
        """The batch with person_ids in place of references."""
        at = self.batch.at.get("person_id")
        if at is None or not any(is_reference(row[at]) for row in self.batch.cells):
            return self.batch
        found: dict[str, Found] = {}
        cells: list[Sequence[str]] = []
        for place, row in enumerate(self.batch.cells):
            said = row[at]
            if is_reference(said):
                who = found.get(said) or found.setdefault(said, directory.find(said))
                if not who.key:
                    self._waiting[self.batch.lines[place]] = (self.batch.raw(place), who, said)
                key = who.key or f"?{blake2b(said.encode(), digest_size=12).hexdigest()}"
                row = [*row[:at], key, *row[at + 1 :]]  # noqa: PLW2901 - the row goes on changed
            cells.append(row)
        return replace(self.batch, cells=cells)

    def put_back(self, result: BatchResult) -> BatchResult:
        """The result with what rows set aside really said, each of them named."""
        if not self._waiting:
            return result
        aside: list[SetAside] = []
        notes: list[Problem] = []
        for row in result.set_aside:
            if row.row not in self._waiting:
                aside.append(row)
                continue
            raw, who, said = self._waiting[row.row]
            aside.append(SetAside(row.row, raw, who.code, shown_reference(said)))
            shown = shown_reference(said)
            notes.append(Problem(row.row, "person_id", who.code, shown, who.message, refuses=False))
        return replace(result, set_aside=aside, problems=[*result.problems, *notes])
