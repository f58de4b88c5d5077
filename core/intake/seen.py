"""Which keys a file had already, in constant memory: a temporary database that spills to disk."""

import sqlite3
from hashlib import blake2b
from types import TracebackType
from typing import Self


class SeenKeys:
    """Remembers key, content and line of every row of one file."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute(
            "CREATE TABLE seen (key BLOB PRIMARY KEY, content BLOB, line INTEGER) WITHOUT ROWID"
        )
        self._db.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def meet(self, key: object, content: object, line: int) -> tuple[int, bool] | None:
        """None for a new key, which is kept; else its line and whether the content is equal."""
        key_hash, content_hash = _digest(key), _digest(content)
        found = self._db.execute(
            "SELECT line, content FROM seen WHERE key = ?", (key_hash,)
        ).fetchone()
        if found is not None:
            return int(found[0]), bytes(found[1]) == content_hash
        self._db.execute("INSERT INTO seen VALUES (?, ?, ?)", (key_hash, content_hash, line))
        return None


def _digest(value: object) -> bytes:
    return blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=16).digest()
