"""Any table read as one of our kinds by a mapping: which of its columns is which of ours.

A mapping is what sales ops said once about a header. Dates, amounts and people are read with the
same care as in the exports known by name.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.intake.directory import BY_EMAIL, BY_KEY, BY_NAME, folded
from core.intake.exports.deals import PLACED
from core.intake.exports.table import AMOUNT, DATE, MOMENT, TEXT, Field, Line, Table
from core.intake.kinds import Asked, Column, ImportKind, Part, Passed, Preset, Refused, Translated
from core.intake.parsers import shape_of

PEOPLE_COLUMNS = frozenset({"person_id", "manager_id"})
FROM_ROW = "event_id"
SHAPES = {"day": DATE, "instant": MOMENT, "decimal": AMOUNT, "integer": AMOUNT}
DONE = {"passed": "true", "completed": "true", "complete": "true", "achieved": "true"}
NOT_DONE = {"failed": "false", "not passed": "false", "did not pass": "false"}


@dataclass(frozen=True)
class Source:
    """Where one of our columns comes from: a column of theirs, or the same text for every row.

    `by` says what a column that names a person holds. With neither column nor text, and `is_row`,
    the value is made from the row itself.
    """

    label: str = ""
    always: str = ""
    by: str = BY_KEY
    is_row: bool = False

    @property
    def is_given(self) -> bool:
        """Whether it gives anything."""
        return bool(self.label or self.always or self.is_row)


@dataclass(frozen=True)
class Mapped:
    """How a table is read as a kind: a source for each of the kind's columns that has one."""

    kind: ImportKind
    sources: Mapping[str, Source]
    name: str = ""
    asked: Mapping[str, str] = field(default_factory=dict)

    def lacking(self) -> list[str]:
        """Required columns of the kind that nothing is said about."""
        given = {name for name, source in self.sources.items() if source.is_given}
        lacking = [
            column.name
            for column in self.kind.columns
            if column.required and column.name not in given
        ]
        if not any(column.required for column in self.kind.columns if column.name == "person_id"):
            people = {"person_id", "email"} & {column.name for column in self.kind.columns}
            if people and not people & given:
                lacking.append("person_id")
        return lacking

    def preset(self) -> Preset:
        """The mapping as something a file can be imported with."""
        return Preset(self.name, self.translate, self.kind.doc, self.kind.name)

    def translate(self, path: Path, asked: Asked) -> Iterator[Part]:
        """The rows of a file as rows of the kind."""
        table = Table(
            path, list(self._fields()), asked, system=self.name or "mapped", is_picked=True
        )
        header = tuple(
            column.name
            for column in self.kind.columns
            if column.name in self.sources and self.sources[column.name].is_given
        )
        known = _Known(table, self) if self.kind.name == "people" else None
        used = {table.labels[place] for place in table.at.values()}
        ignored = tuple(label for label in table.labels if label not in used)
        part = table.part(self.kind.name, header, lambda line: self._row(line, known))
        yield Part(**{**vars(part), "ignored": ignored})

    def _fields(self) -> Iterator[Field]:
        for column in self.kind.columns:
            source = self.sources.get(column.name, Source())
            if source.label:
                shape = SHAPES.get(shape_of(column.parse), TEXT)
                yield Field(column.name, (source.label,), shape, required=True)

    def _row(self, line: Line, known: "_Known | None") -> Iterator[Translated]:
        if self._is_to_come(line):
            column = line.table.written("completed_at")
            yield Passed(line.number, column, "", "rows not completed yet")
            return
        row = {
            column.name: self._cell(line, column, self.sources[column.name], known)
            for column in self.kind.columns
            if column.name in self.sources and self.sources[column.name].is_given
        }
        if FROM_ROW in row and self.sources[FROM_ROW].is_row:
            row[FROM_ROW] = _digest(row)
        yield line.number, row

    def _is_to_come(self, line: Line) -> bool:
        """Learning systems list enrolments and completions together; the date tells them apart."""
        return (
            self.kind.name == "completions"
            and bool(self.sources.get("completed_at", Source()).label)
            and not line["completed_at"]
        )

    def _cell(self, line: Line, column: Column, source: Source, known: "_Known | None") -> str:
        if not source.label:
            return source.always
        shape = SHAPES.get(shape_of(column.parse), TEXT)
        if shape == DATE:
            return line.day(column.name)
        if shape == MOMENT:
            return line.moment(column.name, at_noon=True)
        if shape == AMOUNT:
            return line.amount(column.name)
        word = line.word(column.name)
        if column.name in PEOPLE_COLUMNS and word:
            return known.person(word, source.by) if known else _person(word, source.by)
        if column.name == "stage":
            return PLACED.get(" ".join(word.casefold().split()), word)
        if shape_of(column.parse) == "boolean":
            return (DONE | NOT_DONE).get(word.casefold(), word)
        return word


def _person(word: str, by: str) -> str:
    """A person as the mapping says they are named; a bare person_id goes as it is."""
    return word if by == BY_KEY else f"{by}:{word}"


class _Known:
    """People of the file itself, so that a manager may be named by an address found in it."""

    def __init__(self, table: Table, mapped: Mapped) -> None:
        self._directory = table.asked.directory
        self._keys: dict[str, str] = {}
        ways = {BY_EMAIL: "email", BY_NAME: "name"}
        own = mapped.sources.get("person_id", Source())
        for line in table.lines():
            if isinstance(line, Refused):
                continue
            key = self._own(line, own)
            for by, name in ways.items():
                if line[name]:
                    said = f"{by}:{folded(line[name])}"
                    # A name that two people bear names neither.
                    self._keys[said] = "" if self._keys.get(said, key) != key else key

    @staticmethod
    def _own(line: Line, source: Source) -> str:
        return line["person_id"].casefold() if source.by == BY_EMAIL else line["person_id"]

    def person(self, word: str, by: str) -> str:
        """The person_id of somebody named by address or name, as far as that is known."""
        if by == BY_KEY:
            return word
        found = self._keys.get(f"{by}:{folded(word)}")
        if found is not None:
            return found or word
        known = self._directory.person(f"{by}:{word}")
        return known.key if known else word


def _digest(row: Mapping[str, str]) -> str:
    """An id for a row that has none: the same row always has the same."""
    told: Sequence[tuple[str, str]] = sorted((k, v) for k, v in row.items() if k != FROM_ROW)
    return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:32]
