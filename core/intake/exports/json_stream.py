"""One long JSON text read activity by activity, in bounded memory.

Admin SDK scripts write what they fetched as a list, as the service's answer with its `items`, or
as objects printed over several lines. All are values one after the other between a beginning and
an end, so each is decoded by itself and forgotten.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

LONGEST_ITEM = 1 << 20
CHUNK = 1 << 16
# What may stand before the first value: a list's bracket, or the service's answer up to its items.
OPENING = re.compile(
    r'\s*(?:\[|\{\s*(?:"(?:kind|etag|nextPageToken)"\s*:\s*"(?:[^"\\]|\\.)*"\s*,\s*)*"items"\s*:\s*\[)?'
)
BETWEEN = re.compile(r"[\s,]*")
NOT_JSON, TOO_LONG, NO_END = "not_an_event", "too_long", "no_end"


class Bytes(Protocol):
    """A file of bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most so many; none at the end."""
        ...


def is_opened(start: str) -> bool:
    """Whether a text begins as a list of values, or as an answer that has one."""
    found = OPENING.match(start)
    return found is not None and found[0].endswith("[")


@dataclass(frozen=True)
class Item:
    """A decoded value, or why reading ends here; `line` is that of its first character.

    Where several values stand in one line it is their place in the text instead.
    """

    line: int
    value: object = None
    fault: str | None = None


class _Text:
    """The part of a text that is still to be decoded."""

    def __init__(self, file: Bytes) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.waiting = ""
        self.line = 1
        self.is_over = False

    def more(self) -> None:
        """Read some more, if there is any. Raises UnicodeDecodeError."""
        chunk = self._file.read(CHUNK)
        self.is_over = not chunk
        self.waiting += self._decoder.decode(chunk, final=self.is_over)

    def drop(self, length: int) -> None:
        """Forget so many characters."""
        self.line += self.waiting.count("\n", 0, length)
        self.waiting = self.waiting[length:]


def items(file: Bytes) -> Iterator[Item]:
    """Every value of the text in order; a last item with a fault where it cannot be read on."""
    text = _Text(file)
    number = 0
    try:
        while not text.is_over and len(text.waiting) < CHUNK:
            text.more()
        opening = OPENING.match(text.waiting)
        is_list = is_opened(text.waiting)
        text.drop(opening.end() if opening is not None else 0)
        while True:
            _skip(text)
            number += 1
            if not text.waiting or text.waiting[0] == "]":
                if is_list and not text.waiting:
                    yield Item(max(text.line, number), fault=NO_END)
                return
            item = _next(text, number)
            yield item
            if item.fault is not None:
                return
    except UnicodeDecodeError:
        yield Item(max(text.line, number), fault=NOT_JSON)


def _skip(text: _Text) -> None:
    """Go to the next value or to the end."""
    while True:
        found = BETWEEN.match(text.waiting)
        text.drop(found.end() if found is not None else 0)
        if text.waiting or text.is_over:
            return
        text.more()


def _next(text: _Text, number: int) -> Item:
    """The value that stands next."""
    line = max(text.line, number)
    while True:
        try:
            value, end = json.JSONDecoder().raw_decode(text.waiting)
        except (ValueError, RecursionError):
            if text.is_over:
                return Item(line, fault=NOT_JSON)
            if len(text.waiting) > LONGEST_ITEM:
                return Item(line, fault=TOO_LONG)
        else:
            # A number at the end of what was read may go on.
            if end < len(text.waiting) or text.is_over:
                text.drop(end)
                return Item(line, value)
        text.more()
