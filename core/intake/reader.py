"""Reading files row by row without losing one: encodings, separators, quotes, archives, sheets.

The standard csv module swallows every line after an unclosed quotation mark and forgets where a
row began; this reader gives blocks of cells with their line numbers at about csv.reader's speed,
names each line it cannot use, and reads on with the next (TRUST W11, W12).
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from core.intake.blocks import Block, FileFacts, FileRefused
from core.intake.lines import SEPARATORS, Lines, open_text
from core.intake.problems import Problem
from core.intake.sheets import Sheet
from core.intake.survey import look_over


@dataclass
class RowReader:
    """Rows of one file. Use as a context manager; iterate `blocks()` once.

    `header` is there after entering. `rows` counts data rows met so far, `refused` those of them
    this reader could not use; their problems are taken with `take_problems()`.
    Raises FileRefused on entering when the file as a whole cannot be used.
    """

    path: Path
    name: str = ""
    header: tuple[str, ...] = ()
    rows: int = 0
    refused: int = 0
    facts: FileFacts = field(default_factory=FileFacts)
    separators: str = SEPARATORS
    _problems: list[Problem] = field(default_factory=list)
    _raw: IO[bytes] | None = None
    _source: Lines | Sheet | None = None

    def __enter__(self) -> Self:
        self.name = self.name or self.path.name
        try:
            self.facts = look_over(self.path)
            self._open()
        except FileRefused:
            self.close()
            raise
        except (OSError, EOFError, zlib.error) as error:
            self.close()
            raise FileRefused(_code_of(error), value=self.name) from error
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; harmless twice."""
        for open_thing in (self._source, self._raw):
            if open_thing is not None:
                with suppress(OSError, ValueError):
                    open_thing.close()
        self._source = self._raw = None

    def _open(self) -> None:
        if self.facts.kind == "xlsx":
            self._source = Sheet(self.path)
        else:
            self._raw = self.path.open("rb")
            text = open_text(self._raw, self.facts)
            damaged = self.facts.is_damaged
            self._source = Lines(text, is_damaged=damaged, separators=self.separators)
        self.header = self._source.header

    @property
    def separator(self) -> str:
        """The sign between cells; a workbook has none."""
        return self._source.separator if isinstance(self._source, Lines) else ""

    def blocks(self) -> Iterator[Block]:
        """Data rows with exactly len(header) cells each; blank lines are no rows."""
        if self._source is None:
            raise ValueError("open the reader with `with` first")
        for block in self._source.blocks():
            good = self._checked(block)
            self._take_over()
            if good.cells:
                yield good
        self._take_over()

    def _checked(self, block: Block) -> Block:
        """Drop blank rows and refuse those of another width; quick when there are none."""
        width = len(self.header)
        # Both looks run in C: this is the road of every good file.
        if set(map(len, block.cells)) == {width} and all(
            map(str.strip, map(itemgetter(0), block.cells))
        ):
            self.rows += len(block.cells)
            return block
        lines: list[int] = []
        cells: list[list[str]] = []
        for line, row in zip(block.lines, block.cells, strict=True):
            if not any(cell.strip() for cell in row):
                continue
            self.rows += 1
            if len(row) > width and not any(cell.strip() for cell in row[width:]):
                row = row[:width]  # noqa: PLW2901 - spreadsheets append empty cells
            if len(row) == width:
                lines.append(line)
                cells.append(row)
            else:
                self._refuse(line, width, len(row))
        return Block(lines, cells)

    def _refuse(self, line: int, width: int, found: int) -> None:
        self.refused += 1
        self._problems.append(
            Problem(
                line,
                None,
                "wrong_cell_count",
                str(found),
                f"The line has {found} cells, the header has {width}. "
                "Look for a missing or extra separator, and quote cells that contain one.",
            )
        )

    def _take_over(self) -> None:
        """Take the problems of lines the source could not turn into rows."""
        if self._source is not None and self._source.problems:
            self.rows += len(self._source.problems)
            self.refused += len(self._source.problems)
            self._problems.extend(self._source.problems)
            self._source.problems.clear()

    def take_problems(self) -> list[Problem]:
        """Problems since the last call, each of which refused one row."""
        taken, self._problems = self._problems, []
        return taken

    def bytes_read(self) -> int:
        """How far into the file as it lies on disk; for progress."""
        if self._raw is not None and not self._raw.closed:
            return self._raw.tell()
        return self.facts.size


def _code_of(error: Exception) -> str:
    is_archive = isinstance(error, EOFError | zlib.error | gzip.BadGzipFile | zipfile.BadZipFile)
    return "damaged_archive" if is_archive else "unreadable"
