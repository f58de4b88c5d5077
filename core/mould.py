"""A text rendered once with holes in it, to be filled for each reader.

What is put into a hole is escaped like anything a template shows, and never looked at again: holes
are found by a mark nobody can know, once, when the mould is made.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from markupsafe import Markup, escape

_MARK = secrets.token_hex(12)
_HOLE = re.compile(rf"~{_MARK}:([a-z_]+)~")


_casting: ContextVar[bool] = ContextVar("casting", default=False)


@contextmanager
def casting() -> Iterator[None]:
    """Let the page's frame leave holes for its reader instead of naming them."""
    token = _casting.set(True)
    try:
        yield
    finally:
        _casting.reset(token)


def is_casting() -> bool:
    """Say whether a mould is being made."""
    return _casting.get()


@cache
def hole(name: str) -> Markup:
    """Return what a template shows where a value of each reader's own will stand."""
    return Markup(f"~{_MARK}:{name}~")  # noqa: S704 - a mark of our own


class Mould:
    """A text with its holes. `pieces` are what stands between them."""

    def __init__(self, text: str) -> None:
        found = _HOLE.split(text)
        self.pieces = tuple(Markup(piece) for piece in found[0::2])  # noqa: S704 - rendered text
        self._names = tuple(found[1::2])

    def fill(self, **values: str) -> Markup:
        """Put a value into each hole. Raises KeyError when one is not given."""
        ready = {
            name: value if type(value) is Markup else escape(value)
            for name, value in values.items()
        }
        parts = [self.pieces[0]]
        for name, piece in zip(self._names, self.pieces[1:], strict=True):
            parts.append(ready[name])
            parts.append(piece)
        return Markup("".join(parts))  # noqa: S704 - pieces were rendered, values are escaped

    def cut(self, name: str) -> list["Mould"]:
        """Return the moulds between the holes of a name, which end them; what follows is left."""
        found: list[Mould] = []
        begun: list[Markup] = [self.pieces[0]]
        held: list[str] = []
        for each, piece in zip(self._names, self.pieces[1:], strict=True):
            if each != name:
                held.append(each)
                begun.append(piece)
                continue
            found.append(Mould._of(tuple(begun), tuple(held)))
            begun, held = [piece], []
        return found

    @classmethod
    def _of(cls, pieces: tuple[Markup, ...], names: tuple[str, ...]) -> "Mould":
        made = cls("")
        made.pieces, made._names = pieces, names
        return made
