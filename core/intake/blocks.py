"""What every part of reading shares: blocks of rows, facts of a file, refusing one as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from core.intake.problems import Problem

LONGEST_CELL = 100_000
LARGEST_TEXT = 8 << 30
LARGEST_SHEET = 160 << 20
SUFFIXES = (".csv", ".csv.gz", ".xlsx", ".tsv", ".txt")


class FileRefused(Exception):
    """The file as a whole cannot be used; holds the problem to show and how many rows it had."""

    def __init__(
        self,
        code: str,
        message: str = "",
        value: str | None = None,
        *,
        row: int = 1,
        field: str | None = None,
        rows: int = 0,
    ) -> None:
        super().__init__(code)
        self.problem = Problem(row, field, code, value, message)
        self.rows = rows


class Readable(Protocol):
    """Anything bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; nothing at the end."""
        ...


class Block(NamedTuple):
    """Rows in file order: `lines[i]` is the line number at which `cells[i]` begins."""

    lines: Sequence[int]
    cells: list[list[str]]


@dataclass
class FileFacts:
    """What the first pass over a file found: enough to decide how to read it."""

    size: int = 0
    text_size: int = 0
    sha256: str = ""
    encoding: str = "utf-8"
    is_damaged: bool = False
    kind: str = "csv"
