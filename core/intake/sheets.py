"""The first sheet of a workbook as text cells; the dimension it states is not trusted (W12)."""

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

from core.intake.blocks import Block, FileRefused
from core.intake.problems import Problem

_ERROR_CELL = re.compile(rb'<c r="[A-Z]{1,3}(\d{1,7})"[^>]*\bt="e"')
_FIRST_SHEET = re.compile(rb'<sheet\b[^>]*\br:id="([^"]+)"')
_LONGEST_TAG = 200


def error_rows(path: Path) -> frozenset[int]:
    """Rows of the first sheet in which a formula gave an error; the reader shows those as empty."""
    with zipfile.ZipFile(path) as archive:
        target = _first_sheet(archive)
        rows: set[int] = set()
        if target not in archive.namelist():
            return frozenset()
        with archive.open(target) as sheet:
            rest = b""
            while piece := sheet.read(1 << 20):
                text = rest + piece
                rows.update(int(row) for row in _ERROR_CELL.findall(text))
                rest = text[-_LONGEST_TAG:]
    return frozenset(rows)


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """Where the first sheet lies in the archive, as the workbook says."""
    usual = "xl/worksheets/sheet1.xml"
    try:
        first = _FIRST_SHEET.search(archive.read("xl/workbook.xml")[: 1 << 20])
        said = archive.read("xl/_rels/workbook.xml.rels")[: 1 << 20]
    except KeyError:
        return usual
    if first is None:
        return usual
    for tag in re.findall(rb"<Relationship\b[^>]*>", said):
        if b'Id="' + first[1] + b'"' in tag and (found := re.search(rb'Target="([^"]+)"', tag)):
            target = found[1].decode("utf-8", "replace").lstrip("/")
            return target if target.startswith("xl/") else f"xl/{target}"
    return usual


class Sheet:
    """The first sheet of a workbook, as text cells; the dimension it states is not trusted."""

    def __init__(self, path: Path) -> None:
        from python_calamine import CalamineError, CalamineWorkbook

        try:
            book = CalamineWorkbook.from_path(str(path))
            sheet = book.get_sheet_by_index(0)
            rows = iter(sheet.to_python(skip_empty_area=False))
            self._errors = error_rows(path)
        except (CalamineError, OSError, IndexError, ValueError, zipfile.BadZipFile) as error:
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
            if any(map(str.strip, header)):
                break
        if not any(map(str.strip, header)):
            raise FileRefused("empty_file", value=path.name)
        while header and not header[-1]:
            header.pop()
        self.header = tuple(header)

    def close(self) -> None:
        """Let go of the file."""
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
        """Refuse rows with NUL or a failed formula in a cell."""
        kept_lines: list[int] = []
        kept: list[list[str]] = []
        for line, row in zip(lines, cells, strict=True):
            if any("\0" in cell for cell in row):
                self.problems.append(Problem(line, None, "bad_character"))
            elif line in self._errors:
                self.problems.append(Problem(line, None, "formula_error"))
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
