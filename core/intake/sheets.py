"""The first sheet of a workbook as text cells; the dimension it states is not trusted (W12)."""

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

from core.intake.blocks import Block, FileRefused
from core.intake.problems import Problem


class Sheet:
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
