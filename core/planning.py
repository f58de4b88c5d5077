"""How the database goes about a large piece of work: room to sort in, sets of ids by one value.

Like core.db this file may talk dialect: PostgreSQL plans by settings and by what it knows of its
tables, SQLite needs nothing here but its own way of taking a list.
"""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Dialect,
    String,
    Text,
    TypeDecorator,
    any_,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute

from core.db import db, dialect

T = TypeVar("T", int, str)

# A night's work sorts and hashes whole tables by itself; a page's share of memory is too little.
_LARGE_WORK = text(
    "SELECT set_config('work_mem', '128MB', true), set_config('random_page_cost', '1.1', true),"
    " set_config('jit', 'off', true)"
)
_HASHING = text("SELECT set_config('enable_hashagg', :state, true)")


def is_among(column: InstrumentedAttribute[T], values: Collection[T]) -> ColumnElement[bool]:
    """The condition that a column of numbers or texts holds one of many, bound as a single value.

    An IN with thousands of parameters costs more to write and to read than to answer.
    """
    ordered = sorted(values)
    if dialect() == "sqlite":
        each = func.json_each(json.dumps(ordered)).table_valued("value")
        return column.in_(select(each.c.value))
    is_text = isinstance(column.type, String)
    written = ",".join(map(_quoted if is_text else str, ordered))
    kind = _Written(Text() if is_text else BigInteger())
    return column == any_(bindparam(None, f"{{{written}}}", type_=kind))


class _Written(TypeDecorator[Any]):
    """An array bound as PostgreSQL writes it: the driver would look at every value by itself."""

    impl = ARRAY
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        """Leave the text as it is."""


def _quoted(value: object) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def prepare_for_large_work() -> None:
    """Let the statements of this transaction have memory, and expect its pages at hand."""
    if dialect() == "postgresql":
        db.session.execute(_LARGE_WORK)


@contextmanager
def by_sorting() -> Iterator[None]:
    """Let PostgreSQL find what is distinct by sorting, not by hashing.

    Where it guesses too few groups, its hash table outgrows its memory while it is filled, and from
    then on every further pass over the rest takes in a single group: minutes in place of a second.
    """
    is_needed = dialect() == "postgresql"
    if is_needed:
        db.session.execute(_HASHING, {"state": "off"})
    yield
    if is_needed:
        db.session.execute(_HASHING, {"state": "on"})
