"""Separated text cut into rows: quick where nothing can be wrong, line by line where it can."""

import csv
import gzip
import io
import re
from collections.abc import Iterator
from typing import IO, cast

from core.intake.blocks import LONGEST_CELL, Block, FileFacts, FileRefused
from core.intake.problems import Problem
from core.intake.survey import BAD_BYTE, refuse_no_table

BLOCK_CHARACTERS = 1 << 19
LONGEST_LINE = 800_000
LONGEST_RECORD_LINES = 400
SEPARATORS = ",;\t"

_SEPARATOR_LINE = re.compile(r"sep=([,;\t|])\s*", re.IGNORECASE)

csv.field_size_limit(1 << 22)


def open_text(raw: IO[bytes], facts: FileFacts) -> io.TextIOWrapper:
    """The file as text with one kind of line end."""
    stream = gzip.GzipFile(fileobj=raw) if facts.kind == "gz" else raw
    errors = "surrogateescape" if facts.is_damaged else "strict"
    return io.TextIOWrapper(
        cast("IO[bytes]", stream), encoding=facts.encoding, errors=errors, newline=None
    )


class Lines:
    """Separated text, cut into blocks of whole lines."""

    def __init__(
        self, text: io.TextIOWrapper, *, is_damaged: bool, separators: str = SEPARATORS
    ) -> None:
        self._text = text
        self._separators = separators
        self._is_damaged = is_damaged
        self.problems: list[Problem] = []
        self._next_line = 1
        self._read_header()

    def close(self) -> None:
        """Let go of the file."""
        self._text.close()

    def _read_header(self) -> None:
        first = self._line()
        chosen = _SEPARATOR_LINE.fullmatch(first.rstrip("\n"))
        if chosen:
            first = self._line()
        while first and not first.strip():
            first = self._line()
        if not first:
            raise FileRefused("empty_file")
        refuse_no_table(first)
        if len(first) > LONGEST_CELL or "\0" in first:
            raise FileRefused("unreadable", "The first line is not a header row of column names.")
        self.separator = chosen.group(1) if chosen else _separator_of(first, self._separators)
        rows = list(csv.reader([first.rstrip("\n")], delimiter=self.separator))
        self.header = tuple(
            name.strip().lstrip("\N{ZERO WIDTH NO-BREAK SPACE}") for name in rows[0]
        )
        while self.header and not self.header[-1]:
            self.header = self.header[:-1]

    def _line(self) -> str:
        line = self._text.readline(LONGEST_CELL * 4)
        self._next_line += bool(line)
        return line

    def blocks(self) -> Iterator[Block]:
        """Blocks of rows; plain ones go through the C parser whole."""
        pending = ""
        chunk = "start"
        while chunk:
            chunk = self._text.read(BLOCK_CHARACTERS)
            text = pending + chunk
            cut = text.rfind("\n") + 1 if chunk else len(text)
            text, pending = text[:cut], text[cut:]
            if text:
                lines = text.split("\n")
                if not lines[-1]:
                    lines.pop()
                carried, block = self._block(text, lines, is_last=not chunk)
                if carried:
                    pending = "\n".join([*carried, pending])
                yield block
            elif len(pending) > LONGEST_LINE:
                pending = self._skip_line(pending)
                yield Block((), [])

    def _skip_line(self, start: str) -> str:
        """Pass over the rest of a line too long to be a row, and name it."""
        self.problems.append(Problem(self._next_line, None, "too_long", start[:200]))
        self._next_line += 1
        while chunk := self._text.read(BLOCK_CHARACTERS):
            _line, end, rest = chunk.partition("\n")
            if end:
                return rest
        return ""

    def _block(self, text: str, lines: list[str], *, is_last: bool) -> tuple[list[str], Block]:
        """The rows of some whole lines, and the lines of a row that goes on after them."""
        first = self._next_line
        rows = self._quick(text, lines)
        if rows is not None:
            self._next_line += len(lines)
            return [], Block(range(first, first + len(lines)), rows)
        numbers: list[int] = []
        cells: list[list[str]] = []
        at = 0
        while at < len(lines):
            row, used = self._record(lines, at, first + at, is_last=is_last)
            if used == 0:
                break
            if row is not None:
                numbers.append(first + at)
                cells.append(row)
            at += used
        self._next_line += at
        return lines[at:], Block(numbers, cells)

    def _quick(self, text: str, lines: list[str]) -> list[list[str]] | None:
        """The rows of lines in which nothing can be wrong but the width; None to look closely."""
        if "\0" in text or (self._is_damaged and BAD_BYTE.search(text)):
            return None
        if '"' not in text:
            return [line.split(self.separator) for line in lines]
        try:
            rows = list(csv.reader(lines, delimiter=self.separator, strict=True))
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) else None

    def _record(
        self, lines: list[str], at: int, number: int, *, is_last: bool
    ) -> tuple[list[str] | None, int]:
        """One row from line `at` and how many lines it took; 0 lines: more text is needed.

        A row is None when its first line was refused; the lines after it are then read anew.
        """
        line = lines[at]
        if "\0" in line or (self._is_damaged and BAD_BYTE.search(line)):
            code = "bad_character" if "\0" in line else "bad_encoding"
            self.problems.append(Problem(number, None, code, line))
            return None, 1
        if '"' not in line:
            return line.split(self.separator), 1
        row, fault = self._parsed(line)
        if row is not None:
            return row, 1
        if fault == "unclosed_quote":
            row, used = self._long_record(lines, at, is_last=is_last)
            if used == 0 or row is not None:
                return row, used
        self.problems.append(Problem(number, None, fault, line))
        return None, 1

    def _long_record(
        self, lines: list[str], at: int, *, is_last: bool
    ) -> tuple[list[str] | None, int]:
        """A row whose quoted cell holds line ends; (None, 1) when it is no such row."""
        stop = min(len(lines), at + LONGEST_RECORD_LINES)
        seen = lines[at]
        size = len(seen)
        for end in range(at + 1, stop):
            line = lines[end]
            size += len(line)
            if size > LONGEST_CELL or "\0" in line or self._looks_like_a_row(line):
                return None, 1
            seen = f"{seen}\n{line}"
            if '"' in line:
                row, fault = self._parsed(seen)
                if row is not None:
                    return row, end - at + 1
                if fault != "unclosed_quote":
                    return None, 1
        ran_out = stop < at + LONGEST_RECORD_LINES
        return None, 0 if ran_out and not is_last else 1

    def _looks_like_a_row(self, line: str) -> bool:
        """A line with a whole row's separators was not meant to lie inside a quoted cell."""
        wanted = len(self.header) - 1
        return wanted > 0 and line.count(self.separator) >= wanted

    def _parsed(self, record: str) -> tuple[list[str] | None, str]:
        """The cells of a record, or which fault its quotation marks have."""
        try:
            lines = [f"{line}\n" for line in record.split("\n")]
            rows = list(csv.reader(lines, delimiter=self.separator, strict=True))
        except csv.Error as error:
            if "unexpected end" in str(error):
                return None, "unclosed_quote"
            return None, "too_long" if "limit" in str(error) else "malformed_quote"
        return (rows[0], "") if len(rows) == 1 else (None, "malformed_quote")


def _separator_of(header: str, separators: str) -> str:
    """The separator that occurs most outside quotation marks; a comma when none does."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(separators, key=lambda sign: (bare.count(sign), -separators.index(sign)))
