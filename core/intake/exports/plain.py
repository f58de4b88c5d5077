"""Rows of an export's own file, as cells by column."""

from collections.abc import Iterator
from pathlib import Path

from core.intake.reader import RowReader


def plain_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each whole row with its line number; raises FileRefused when the file cannot be read.

    Lines the reader cannot use are left out; a translation that must account for them opens a
    RowReader itself.
    """
    with RowReader(path) as reader:
        for block in reader.blocks():
            for line, cells in zip(block.lines, block.cells, strict=True):
                yield line, dict(zip(reader.header, cells, strict=True))
