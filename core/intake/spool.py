"""Streams kept as temporary files: a file is read twice, so a pipe or an upload must be kept."""

import sys
import tempfile
from pathlib import Path
from typing import IO

from core.intake.blocks import LARGEST_TEXT, FileRefused


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
