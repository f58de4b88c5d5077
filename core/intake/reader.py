"""Reading files row by row without losing one: encodings, separators, quotes, archives, sheets.

The standard csv module swallows every line after an unclosed quotation mark and forgets where a
row began; this reader gives blocks of cells with their line numbers at about csv.reader's speed,
names each line it cannot use, and reads on with the next (TRUST W11, W12).
"""

import codecs
import csv
import gzip
import hashlib
import io
import re
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Protocol, Self, cast

from core.intake.problems import Problem

BLOCK_CHARACTERS = 1 << 19
LONGEST_CELL = 100_000
LONGEST_LINE = 800_000
LONGEST_RECORD_LINES = 400
LARGEST_TEXT = 8 << 30
LARGEST_SHEET = 160 << 20
LARGEST_RATIO = 400
RATIO_COUNTS_FROM = 64 << 20
SEPARATORS = ",;\t"
SUFFIXES = (".csv", ".csv.gz", ".xlsx", ".tsv", ".txt")

_BAD_BYTE = re.compile("[\udc80-\udcff]")
_GOOD_BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")
_HALF_LETTER = re.compile("\udced[\udca0-\udcbf][\udc80-\udcbf]")
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\s*", re.IGNORECASE)

csv.field_size_limit(1 << 22)


class FileRefused(Exception):
    """The file as a whole cannot be used; holds the problem to show."""

    def __init__(self, code: str, message: str = "", value: str | None = None) -> None:
        super().__init__(code)
        self.problem = Problem(1, None, code, value, message)


class _Readable(Protocol):
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
    _problems: list[Problem] = field(default_factory=list)
    _raw: IO[bytes] | None = None
    _source: "_Lines | _Sheet | None" = None

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
            self._source = _Sheet(self.path)
        else:
            self._raw = self.path.open("rb")
            self._source = _Lines(_text(self._raw, self.facts), is_damaged=self.facts.is_damaged)
        self.header = self._source.header

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


def look_over(path: Path) -> FileFacts:
    """Read the file once, in constant memory: hash, unpacked size, encoding, wholeness.

    Knowing these before the first row is stored means that a cut-off archive or a foreign encoding
    refuses the file instead of half of it. Raises FileRefused, OSError.
    """
    if not path.is_file():
        raise FileRefused("unreadable", f"There is no file {path.name}. Check the path.", path.name)
    facts = FileFacts(size=path.stat().st_size)
    with path.open("rb") as file:
        facts.kind = _kind_of(file.read(4))
        file.seek(0)
        if facts.kind == "xlsx":
            facts.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            facts.text_size = _unpacked_size(path)
            return facts
        hashed = _HashingFile(file)
        stream: _Readable = hashed if facts.kind == "csv" else gzip.GzipFile(fileobj=hashed)
        _find_encoding(stream, facts)
        hashed.drain()
        facts.sha256 = hashed.digest.hexdigest()
    if not facts.text_size:
        raise FileRefused("empty_file", value=path.name)
    return facts


def _kind_of(start: bytes) -> str:
    if start[:2] == b"\x1f\x8b":
        return "gz"
    if start == b"\xd0\xcf\x11\xe0":
        raise FileRefused(
            "unreadable", "This is a workbook of the old format. Save it as .xlsx or CSV."
        )
    return "xlsx" if start == b"PK\x03\x04" else "csv"


class _HashingFile(io.RawIOBase):
    """Passes reads on and hashes what goes through."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data

    def drain(self) -> None:
        """Hash what nobody read."""
        while self.read(1 << 20):
            pass


def _find_encoding(stream: _Readable, facts: FileFacts) -> None:
    """Decide the encoding over the whole text: BOM, UTF-8, else Windows-1252, else refuse."""
    start = stream.read(1 << 16)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        facts.encoding = "utf-16"
    elif start.startswith(b"\xef\xbb\xbf"):
        facts.encoding = "utf-8-sig"
    elif start[:4096].count(0) > len(start[:4096]) // 4:
        raise FileRefused("bad_encoding")
    survey = _Survey(facts.encoding)
    while start:
        facts.text_size += len(start)
        _refuse_bomb(facts)
        survey.look_at(start)
        start = stream.read(1 << 20)
    survey.finish()
    if survey.has_bad and not survey.has_good and facts.encoding == "utf-8":
        if not survey.fits_cp1252:
            raise FileRefused("bad_encoding")
        facts.encoding = "cp1252"
    elif survey.has_bad and facts.encoding == "utf-16":
        raise FileRefused("bad_encoding")
    else:
        facts.is_damaged = survey.has_bad


class _Survey:
    """Looks at text passing by: bytes that do not fit, letters that do, room for Windows-1252."""

    def __init__(self, encoding: str) -> None:
        errors = "strict" if encoding == "utf-16" else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self.has_bad = self.has_good = False
        self.fits_cp1252 = True
        self._is_utf_8 = encoding == "utf-8"

    def look_at(self, data: bytes, *, final: bool = False) -> None:
        """Take in the next bytes."""
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError:
            self.has_bad = True
            return
        if text.isascii():
            return
        self.has_bad = self.has_bad or bool(_BAD_BYTE.search(text))
        self.has_good = self.has_good or bool(
            _GOOD_BEYOND_ASCII.search(text) or _HALF_LETTER.search(text)
        )
        if self._is_utf_8 and self.fits_cp1252 and not self.has_good:
            try:
                data.decode("cp1252")
            except UnicodeDecodeError:
                self.fits_cp1252 = False

    def finish(self) -> None:
        """The end of the text came."""
        self.look_at(b"", final=True)


def _refuse_bomb(facts: FileFacts) -> None:
    is_bomb = (
        facts.kind == "gz"
        and facts.text_size > RATIO_COUNTS_FROM
        and facts.text_size > LARGEST_RATIO * facts.size
    )
    if facts.text_size > LARGEST_TEXT or is_bomb:
        raise FileRefused("too_big")


def _unpacked_size(path: Path) -> int:
    """The size a workbook unpacks to, by its own directory; refused when it is out of measure."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [entry.file_size for entry in archive.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise FileRefused("damaged_archive", value=path.name) from error
    if len(sizes) > 2_000 or sum(sizes) > LARGEST_SHEET:
        raise FileRefused(
            "too_big",
            f"The workbook unpacks to {sum(sizes) >> 20} MB; {LARGEST_SHEET >> 20} are read. "
            "Save the sheet as CSV, which may be of any size.",
        )
    return sum(sizes)


def _text(raw: IO[bytes], facts: FileFacts) -> io.TextIOWrapper:
    """The file as text with one kind of line end."""
    stream = gzip.GzipFile(fileobj=raw) if facts.kind == "gz" else raw
    errors = "surrogateescape" if facts.is_damaged else "strict"
    return io.TextIOWrapper(
        cast("IO[bytes]", stream), encoding=facts.encoding, errors=errors, newline=None
    )


class _Lines:
    """Separated text, cut into blocks of whole lines."""

    def __init__(self, text: io.TextIOWrapper, *, is_damaged: bool) -> None:
        self._text = text
        self._is_damaged = is_damaged
        self.problems: list[Problem] = []
        self._next_line = 1
        self._read_header()

    def close(self) -> None:
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
        if len(first) > LONGEST_CELL or "\0" in first:
            raise FileRefused("unreadable", "The first line is not a header row of column names.")
        self.separator = chosen.group(1) if chosen else _separator_of(first)
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
        if "\0" in text or (self._is_damaged and _BAD_BYTE.search(text)):
            return None
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
        if "\0" in line or (self._is_damaged and _BAD_BYTE.search(line)):
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


def _separator_of(header: str) -> str:
    """The separator that occurs most outside quotation marks; a comma when none does."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=lambda sign: (bare.count(sign), -SEPARATORS.index(sign)))


class _Sheet:
    """The first sheet of a workbook, as text cells; the dimension it states is not trusted."""

    def __init__(self, path: Path) -> None:
        from python_calamine import CalamineError, CalamineWorkbook

        try:
            book = CalamineWorkbook.from_path(str(path))
            sheet = book.get_sheet_by_index(0)
            rows = iter(sheet.to_python(skip_empty_area=False))
        except (CalamineError, OSError, IndexError, ValueError) as error:
            raise FileRefused(
                "unreadable", "The workbook cannot be read. Save it again."
            ) from error
        self.problems: list[Problem] = []
        self._line = 0
        self._rows = rows
        header: list[str] = []
        for row in rows:
            self._line += 1
            header = [plain_cell(cell) for cell in row]
            if any(header):
                break
        if not any(header):
            raise FileRefused("empty_file", value=path.name)
        while header and not header[-1]:
            header.pop()
        self.header = tuple(header)

    def close(self) -> None:
        self._rows = iter(())

    def blocks(self) -> Iterator[Block]:
        """Blocks of rows as text."""
        lines: list[int] = []
        cells: list[list[str]] = []
        for row in self._rows:
            self._line += 1
            lines.append(self._line)
            cells.append([plain_cell(cell) for cell in row])
            if len(cells) >= 5_000:
                yield self._clean(lines, cells)
                lines, cells = [], []
        if cells:
            yield self._clean(lines, cells)

    def _clean(self, lines: list[int], cells: list[list[str]]) -> Block:
        """Refuse rows with NUL in a cell, as the text reader does."""
        kept_lines: list[int] = []
        kept: list[list[str]] = []
        for line, row in zip(lines, cells, strict=True):
            if any("\0" in cell for cell in row):
                self.problems.append(Problem(line, None, "bad_character"))
            else:
                kept_lines.append(line)
                kept.append(row)
        return Block(kept_lines, kept)


def plain_cell(cell: object) -> str:
    """A workbook's cell as a CSV would spell it: 1.0 is 1, midnight is a date, true is true."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time(0) else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def spool(stream: IO[bytes], directory: Path | None = None, limit: int = LARGEST_TEXT) -> Path:
    """Write a stream (standard input, an upload) to a temporary file; the caller deletes it."""
    with tempfile.NamedTemporaryFile(
        prefix="pennant-import-", dir=directory, delete=False
    ) as target:
        path = Path(target.name)
        try:
            _copy(stream, target, limit)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return path


def _copy(stream: IO[bytes], target: IO[bytes], limit: int) -> None:
    written = 0
    while chunk := stream.read(1 << 20):
        written += len(chunk)
        if written > limit:
            raise FileRefused("too_big")
        target.write(chunk)


def spool_standard_input() -> Path:
    """Standard input as a temporary file; the caller deletes it."""
    return spool(sys.stdin.buffer)


def free_space(directory: Path) -> int:
    """Bytes free where uploads are kept."""
    return shutil.disk_usage(directory).free


def plain_rows(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    """Rows as dicts with their line numbers, for presets; faulty lines are skipped by the reader.

    Presets that must account for faulty lines open a RowReader themselves.
    """
    with RowReader(path) as reader:
        for lines, cells in reader.blocks():
            for line, row in zip(lines, cells, strict=True):
                yield line, dict(zip(reader.header, row, strict=True))
