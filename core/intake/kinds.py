"""What a room declares to take in a kind of file, and what travels between it and the runner.

A kind either names parsed columns and a `load` that stores a batch of parsed rows set-wise, or,
where half a million rows must be quick, a `load_raw` that gets the cells as they were read.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.intake.blocks import FileFacts
from core.intake.directory import Directory
from core.intake.parsers import (
    BadCell,
    Context,
    Parser,
    boolean,
    choice,
    day,
    decimal,
    email,
    instant,
    integer,
    parse_instant,
    text,
    zone,
)
from core.intake.problems import CODES, Problem
from core.policy import Actor

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a kind. An empty cell gives `default`, or the problem `missing` if required."""

    name: str
    parse: Parser[object]
    required: bool = False
    default: object = None


@dataclass(frozen=True)
class LoadContext:
    """What a load may need besides its rows. `memo` lives for one file: keep look-ups in it.

    `is_known_file`: exactly this file was taken in to its end before, so nothing in it is news.
    `is_posted`: the rows came through a machine door, in a transaction that wrote nothing else.
    """

    programme_id: int | None
    actor: Actor
    now: datetime
    programme_given: bool = False
    source: str = "file"
    time_zone: ZoneInfo | None = None
    dry_run: bool = False
    is_known_file: bool = False
    is_posted: bool = False
    memo: dict[str, Any] = field(default_factory=dict)

    @property
    def parsing(self) -> Context:
        """The part parsers see."""
        return Context(self.time_zone)


@dataclass(frozen=True)
class Batch:
    """Parsed rows with their line numbers; `columns` are those the file really has.

    A column the file lacks is in every row with its default: do not overwrite stored values with
    it, look in `columns` first.
    """

    kind: str
    file: str
    rows: Sequence[tuple[int, Row]]
    columns: frozenset[str]
    header: tuple[str, ...] = ()
    cells: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def raw(self, line: int) -> dict[str, str]:
        """The cells of a line by column, as they stood in the file (for setting it aside)."""
        return dict(zip(self.header, self.cells.get(line, ()), strict=False))


@dataclass(frozen=True)
class RawBatch:
    """Cells as read, for a kind with its own tight loop.

    `lines[i]` is the line number of `cells[i]`, every row has len(header) cells, none holds NUL.
    `at` maps a known column to its place in the row. Where a line can make several rows, each has
    a number of its own: the line is the number over `scale`. `ready` is what the kind's `work_out`
    made of the batch, where it was asked beforehand.
    """

    kind: str
    file: str
    header: tuple[str, ...]
    at: Mapping[str, int]
    lines: Sequence[int]
    cells: Sequence[Sequence[str]]
    scale: int = 1
    ready: Any = None

    def raw(self, index: int) -> dict[str, str]:
        """The i-th row by column, as it stood in the file."""
        return dict(zip(self.header, self.cells[index], strict=False))


@dataclass(frozen=True)
class SetAside:
    """A well-formed row that nobody can be found for yet. `ref` is whom it waits for."""

    row: int
    raw: Mapping[str, str]
    code: str = "unknown_person"
    ref: str = ""


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch: every row is in exactly one count, set aside, or refused.

    A row is refused when some problem with `refuses` names it. `touched` are ids for followers,
    `watermark` the latest moment the rows speak of.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    set_aside: Sequence[SetAside] = ()
    problems: Sequence[Problem] = ()
    touched: Collection[int] = ()
    watermark: datetime | None = None


@dataclass(frozen=True)
class ImportKind:
    """A kind of file. `order` places it after the kinds it refers to.

    `key` names the columns a row is known by. With `unique_in_file` a second row of the same key
    and other content is refused as duplicate_key_conflict, and one of the same content counts as
    unchanged, before `load` sees them. Of each group in `one_of` the header must have at least
    one column. After rows of a kind with `frees_set_aside`, rows set aside are tried again.
    `work_out` does beforehand what of `load_raw` needs no database, maybe in another thread.
    """

    name: str
    order: int
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    load: Callable[[Batch, LoadContext], BatchResult] | None = None
    load_raw: Callable[[RawBatch, LoadContext], BatchResult] | None = None
    work_out: Callable[[RawBatch, LoadContext], object] | None = None
    batch_rows: int = 10_000
    unique_in_file: bool = True
    needs_programme: bool = False
    one_of: tuple[tuple[str, ...], ...] = ()
    frees_set_aside: bool = False
    doc: str = ""

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Follower:
    """Something an upper room does after rows of a lower room's kind were stored."""

    kind: str
    run: Callable[[Collection[int], LoadContext], None]


@dataclass(frozen=True)
class Refused:
    """A row of an export that cannot be used, with everything wrong about it."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Passed:
    """A row of an export that is understood and never counted, such as a failed login.

    It is accounted as unchanged and noted; `sort` names such rows in the plural.
    """

    row: int
    field: str | None
    value: str
    sort: str
    message: str = ""


Translated = tuple[int, Mapping[str, str]] | Refused | Passed
"""A row that a preset made with the line it stands at, or what became of the row instead."""


@dataclass(frozen=True)
class Block:
    """Rows as cells under their columns, each with its number: what a machine door has at hand."""

    columns: tuple[str, ...]
    numbers: list[int]
    cells: list[Sequence[str]]


@dataclass(frozen=True)
class Part:
    """Rows of one kind that a preset made from a file; every row has the same columns.

    `block` holds rows that are nothing but rows, in the place of `rows`.
    A line may make several rows. `header` names the columns, `facts` are the file's, `ignored` its
    columns nobody asked for, `progress` says how many of its bytes are read. A `person_id` may be
    a reference that the importer looks up (core.intake.directory).
    """

    kind: str
    file: str
    rows: Iterable[Translated] = ()
    problems: Sequence[Problem] = ()
    header: tuple[str, ...] = ()
    facts: FileFacts | None = None
    ignored: tuple[str, ...] = ()
    progress: Callable[[], int] | None = None
    block: Block | None = None


@dataclass(frozen=True)
class Asked:
    """What whoever imports an export says about it, because the export itself does not.

    `time_zone` is that of moments without an offset, `day_zone` the one whose date counts where a
    moment becomes a date. `is_day_first` and `is_comma_decimal` settle 3/4/2026 and 1.234; None
    leaves it to the file. `words` say what names inside the file mean here (stages, courses).
    """

    label: str = ""
    time_zone: ZoneInfo | None = None
    day_zone: ZoneInfo | None = None
    is_day_first: bool | None = None
    is_comma_decimal: bool | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    login_kind: str = "login"
    directory: Directory = field(default_factory=Directory)

    def named(self, path: Path) -> str:
        """What to call the file: an upload's own name, not that of its temporary copy."""
        return self.label or path.name


def words_of(pairs: Iterable[str]) -> dict[str, str]:
    """Pairs like `Ganada = won` as a dictionary in one case; raises ValueError at one that is none.

    What is theirs may itself hold an equals sign: the last one counts.
    """
    words = {}
    for pair in filter(str.strip, pairs):
        theirs, sign, ours = pair.rpartition("=")
        if not sign or not theirs.strip() or not ours.strip():
            message = f"{pair[:80]!r} must be written THEIRS=OURS, like 'Ganada=won'."
            raise ValueError(message)
        words[" ".join(theirs.casefold().split())] = ours.strip()
    return words


@dataclass(frozen=True)
class Preset:
    """How another system's export is read: a path in, parts in our kinds out.

    `kind` is what most of its rows become, `takes_folder` marks a set of several files. A header
    with all of `known_by` is surely this export, a name ending in one of `suffixes` likely.
    """

    name: str
    translate: Callable[[Path, Asked], Iterable[Part]]
    doc: str = ""
    kind: str = ""
    takes_folder: bool = False
    known_by: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()


__all__ = [
    "CODES",
    "Asked",
    "BadCell",
    "Batch",
    "BatchResult",
    "Column",
    "Context",
    "Follower",
    "ImportKind",
    "LoadContext",
    "Parser",
    "Part",
    "Passed",
    "Preset",
    "Problem",
    "RawBatch",
    "Refused",
    "Row",
    "SetAside",
    "Translated",
    "boolean",
    "choice",
    "day",
    "decimal",
    "email",
    "instant",
    "integer",
    "parse_instant",
    "text",
    "words_of",
    "zone",
]
