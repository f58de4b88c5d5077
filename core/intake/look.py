"""Looking before leaping: what a file seems to be, and its first rows as they would be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from core.errors import Invalid
from core.intake import mapping
from core.intake.blocks import FileRefused
from core.intake.directory import is_reference, shown_reference
from core.intake.exports.mapped import Mapped
from core.intake.exports.table import folded_header, labels_of
from core.intake.kinds import Asked, ImportKind, Part, Passed, Preset, Refused, words_of
from core.intake.layout import fit
from core.intake.parsers import Context
from core.intake.plan import kind_of_name
from core.intake.problems import Problem, shown
from core.intake.reader import RowReader
from core.intake.registry import Registry
from core.intake.uploads import ready

FIRST_ROWS = 20
SAMPLES = 3
ASKED = ("time_zone", "dates", "decimal", "words")
KIND, PRESET, SAVED, MATCH = "kind", "preset", "mapping", "match"
SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class Choice:
    """How a file is to be read: as a kind, by a preset, by a saved mapping or by one being made."""

    way: str = ""
    name: str = ""

    @classmethod
    def of(cls, written: str) -> "Choice":
        """The choice a form or an address writes as way:name."""
        way, _colon, name = written.partition(":")
        return cls(way, name) if way in {KIND, PRESET, SAVED, MATCH} else cls()

    def __str__(self) -> str:
        return f"{self.way}:{self.name}" if self.way else ""


@dataclass(frozen=True)
class Head:
    """A file's beginning: its columns with what their first cells hold."""

    header: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    samples: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    separator: str = ""
    problem: Problem | None = None


@dataclass(frozen=True)
class ShownRow:
    """A row of the preview: the line, its cells as they would be read, what is said about it."""

    line: int
    cells: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    outcome: str = "read"


@dataclass(frozen=True)
class Preview:
    """The first rows as they would be read; `problem` says why the file as a whole cannot be."""

    kind: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[ShownRow, ...] = ()
    ignored: tuple[str, ...] = ()
    problem: Problem | None = None


def head_of(path: Path, name: str) -> Head:
    """The header and some sample cells; a file that cannot be read has a problem instead."""
    try:
        with RowReader(path, name=name, separators=SEPARATORS) as reader:
            labels = labels_of(reader.header)
            block = next(reader.blocks(), None)
            rows = block.cells[:FIRST_ROWS] if block else []
            samples = {
                label: ", ".join(
                    list(dict.fromkeys(shown(row[at]) for row in rows if row[at].strip()))[:SAMPLES]
                )
                for at, label in enumerate(labels)
            }
            return Head(reader.header, labels, samples, reader.facts.encoding, reader.separator)
    except FileRefused as refusal:
        return Head(problem=refusal.problem)


def recognise(head: Head, name: str, found: Registry) -> Choice:
    """What the file seems to be: a header matched before, a kind, a preset, else one to match."""
    for preset in found.presets.values():
        if preset.suffixes and name.lower().removesuffix(".gz").endswith(preset.suffixes):
            return Choice(PRESET, preset.name)
    if not head.header:
        return Choice()
    row = mapping.recognised(head.header)
    if row is not None:
        return Choice(SAVED, row.name)
    named = found.kinds.get(kind_of_name(Path(name), found.kinds) or "")
    fitting = [kind for kind in found.kinds.values() if fit(kind, head.header)[1] is None]
    if named is not None and named in fitting:
        return Choice(KIND, named.name)
    folded = {folded_header(label) for label in head.labels}
    for preset in found.presets.values():
        if preset.known_by and folded.issuperset(map(folded_header, preset.known_by)):
            return Choice(PRESET, preset.name)
    if fitting:
        most = max(fitting, key=lambda kind: len(fit(kind, head.header)[0].columns))
        return Choice(KIND, most.name)
    return Choice(MATCH, mapping.likeliest_kind(found.kinds, head.header))


def preset_of(choice: Choice, given: Mapping[str, str], found: Registry) -> Preset | None:
    """What translates the file; None for a plain file of a kind. Raises Invalid."""
    if choice.way == PRESET:
        preset = found.presets.get(choice.name)
        if preset is None:
            raise Invalid(f"There is no preset {choice.name}.", field="what")
        return preset
    if choice.way == SAVED:
        row = mapping.named(choice.name)
        if row is None:
            raise Invalid(f"There is no mapping {choice.name}.", field="what")
        return mapping.mapped(row, found.kinds).preset()
    if choice.way == MATCH:
        kind = kind_of(choice, found)
        matched = Mapped(kind, mapping.sources_of(kind, given))
        lacking = matched.lacking()
        if lacking:
            raise Invalid(
                f"Nothing says yet where {', '.join(lacking)} comes from.",
                field=f"from:{lacking[0]}",
                fix="Choose a column of the file for each of them, or write a text for every row.",
            )
        return matched.preset()
    return None


def kind_of(choice: Choice, found: Registry) -> ImportKind:
    """The kind chosen; raises Invalid."""
    kind = found.kinds.get(choice.name)
    if kind is None:
        raise Invalid(
            "Say what the file holds.",
            field="what",
            code="unknown_kind",
            fix="Choose a kind, another system's export, or a saved mapping.",
        )
    return kind


def said_by(choice: Choice, found: Registry) -> dict[str, str]:
    """What a saved mapping says beside the columns: zone, order of dates, words."""
    row = mapping.named(choice.name) if choice.way == SAVED else None
    return dict(mapping.mapped(row, found.kinds).asked) if row else {}


def words_in(text: str) -> dict[str, str]:
    """The words of a form's field, one pair a line; raises Invalid."""
    try:
        return words_of(text.splitlines())
    except ValueError as error:
        raise Invalid(str(error), field="words", fix="One pair a line.") from None


def preview(
    path: Path, choice: Choice, given: Mapping[str, str], found: Registry, asked: Asked
) -> Preview:
    """The first rows as they would be read. Raises Invalid when the choice is not complete."""
    preset = preset_of(choice, given, found)
    try:
        if preset is None:
            return _plain(path, kind_of(choice, found), asked)
        with ready(path, preset) as whole:
            for part in preset.translate(whole, asked):
                return _translated(part, found.kinds[part.kind], asked)
    except FileRefused as refusal:
        return Preview(problem=refusal.problem)
    return Preview()


def _plain(path: Path, kind: ImportKind, asked: Asked) -> Preview:
    """A file whose columns are ours already."""
    with RowReader(path, name=asked.label) as reader:
        layout, problem = fit(kind, reader.header)
        if problem is not None:
            return Preview(kind.name, problem=problem, ignored=layout.unknown)
        numbered: list[tuple[int, Sequence[str]]] = []
        spoilt: list[Problem] = []
        for block in reader.blocks():
            numbered += zip(block.lines, block.cells, strict=True)
            spoilt += reader.take_problems()
            if len(numbered) + len(spoilt) >= FIRST_ROWS:
                break
        spoilt += reader.take_problems()
        columns = tuple(name for name in layout.header if name in layout.at)
        rows = [_judged(kind, layout.header, line, cells, asked) for line, cells in numbered]
        rows += [ShownRow(problem.row, (), (problem,), "refused") for problem in spoilt]
        places = [layout.header.index(name) for name in columns]
        shown_rows = [
            ShownRow(row.line, tuple(row.cells[at] for at in places), row.problems, row.outcome)
            if row.cells
            else row
            for row in sorted(rows, key=lambda row: row.line)[:FIRST_ROWS]
        ]
        return Preview(kind.name, columns, tuple(shown_rows), layout.unknown)


def _judged(
    kind: ImportKind, header: Sequence[str], line: int, cells: Sequence[str], asked: Asked
) -> ShownRow:
    """A row with what its cells would be refused for; whom it means is looked up."""
    layout, _problem = fit(kind, header)
    told, problems = [*cells], []
    at = layout.at.get("person_id")
    if at is not None and is_reference(cells[at]):
        who = asked.directory.find(cells[at])
        told[at] = who.key or shown_reference(cells[at])
        if not who.key:
            problems.append(
                Problem(line, "person_id", who.code, told[at], who.message, refuses=False)
            )
    kept = [*told]
    if problems and at is not None:
        kept[at] = "?"
    _rows, faults = layout.parse([line], [kept], Context(asked.time_zone))
    outcome = "refused" if faults else "waits" if problems else "read"
    return ShownRow(line, tuple(map(shown, told)), (*faults, *problems), outcome)


def _translated(part: Part, kind: ImportKind, asked: Asked) -> Preview:
    """The first rows of a part a preset or a mapping made."""
    rows = list(_shown_rows(part, kind, asked))
    return Preview(kind.name, part.header, tuple(rows), part.ignored)


def _shown_rows(part: Part, kind: ImportKind, asked: Asked) -> Iterator[ShownRow]:
    for item in islice(part.rows, FIRST_ROWS):
        if isinstance(item, Refused):
            yield ShownRow(item.problems[0].row, (), item.problems, "refused")
        elif isinstance(item, Passed):
            note = Problem(
                item.row, item.field, "not_counted", item.value, item.sort, refuses=False
            )
            yield ShownRow(item.row, (), (note,), "passed")
        else:
            line, row = item
            cells = [row.get(name, "") for name in part.header]
            yield _judged(kind, part.header, line, cells, asked)
