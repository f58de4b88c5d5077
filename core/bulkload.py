"""The fastest safe way of many rows into a table: COPY, or one prepared INSERT on SQLite.

Values travel as text, as both databases take them, moments as bare UTC; an empty text is NULL. Rows
whose key is known are left alone and, where they differ from the row that is current, named to the
caller. Like core.db this file may talk dialect; statements are built from our own tables only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CompoundSelect, Select, insert, update
from sqlalchemy import text as sql_text
from sqlalchemy.exc import DataError, IntegrityError

from core.db import Base, db, dialect, table_of

TextRow = tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """A table to load into, and how a row that is already there is recognised.

    `columns` are the rows' own, `constants` the same for every row. `key` is the unique key of the
    table; `match` finds the stored rows a row speaks of, of which the one without a value in
    `current_without` is current; `same` are the columns compared with it.
    """

    model: type[Base]
    columns: tuple[str, ...]
    key: tuple[str, ...]
    match: tuple[str, ...]
    same: tuple[str, ...]
    current_without: str
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_columns(self) -> tuple[str, ...]:
        """The rows' columns, then the constant ones."""
        return (*self.columns, *self.constants)


@dataclass(frozen=True)
class Loaded:
    """`added` rows are new; `differing` are the places of known rows that say something else.

    New rows have ids within first_id..last_id; rows of other writers may have some in between.
    """

    added: int
    differing: tuple[int, ...]
    first_id: int
    last_id: int


def load_missing(target: Target, rows: Sequence[TextRow], *, hopeful: bool = True) -> Loaded:
    """Insert the rows whose key is new, in the caller's transaction. Keys in `rows` are distinct.

    `hopeful` expects all of them to be new, which is the quick road on PostgreSQL. Raises
    SQLAlchemy's IntegrityError or DataError when a row breaks a rule of the table.
    """
    if not rows:
        return Loaded(0, (), 0, 0)
    db.session.flush()
    driver = db.session.connection().dialect.loaded_dbapi
    try:
        if dialect() == "sqlite":
            return _sqlite(target, rows)
        return _postgresql(target, rows, hopeful=hopeful)
    except driver.IntegrityError as error:
        raise IntegrityError("bulk load", None, error) from error
    except driver.DataError as error:
        raise DataError("bulk load", None, error) from error


def _driver() -> Any:  # noqa: ANN401 - the driver's own connection class
    return db.session.connection().connection.driver_connection


def _names(columns: Sequence[str], prefix: str = "") -> str:
    return ", ".join(f'{prefix}"{name}"' for name in columns)


def _sqlite(target: Target, rows: Sequence[TextRow]) -> Loaded:
    """One prepared INSERT ... ON CONFLICT DO NOTHING, many times."""
    connection = _driver()
    table = table_of(target.model)
    columns = table.c
    values = ["nullif(?, '')" if columns[name].nullable else "?" for name in target.columns] + [
        _literal(value) for value in target.constants.values()
    ]
    newest = f'SELECT coalesce(max(id), 0) FROM "{table.name}"'  # noqa: S608 - our own name
    before = connection.execute(newest).fetchone()[0]
    changes = connection.total_changes
    connection.executemany(
        f'INSERT INTO "{table.name}" ({_names(target.all_columns)}) '  # noqa: S608 - our own names
        f"VALUES ({', '.join(values)}) ON CONFLICT ({_names(target.key)}) DO NOTHING",
        rows,
    )
    added = connection.total_changes - changes
    differing: tuple[int, ...] = ()
    if added < len(rows):
        differing = _sqlite_differing(connection, target, rows)
    return Loaded(added, differing, before + 1, connection.execute(newest).fetchone()[0])


def _literal(value: str) -> str:
    return "NULL" if value == "" else "'" + value.replace("'", "''") + "'"


def _sqlite_differing(connection: Any, target: Target, rows: Sequence[TextRow]) -> tuple[int, ...]:  # noqa: ANN401 - as _driver
    """Lay the rows beside the table and ask which differ from the current one of their match."""
    table = table_of(target.model)
    connection.execute("DROP TABLE IF EXISTS temp.staged")
    connection.execute(
        f'CREATE TEMP TABLE staged AS SELECT {_names(target.all_columns)} FROM "{table.name}" '  # noqa: S608 - our own names
        "WHERE 0"
    )
    marks = ", ".join(
        ["nullif(?, '')"] * len(target.columns)
        + [_literal(value) for value in target.constants.values()]
    )
    connection.executemany(f"INSERT INTO temp.staged VALUES ({marks})", rows)  # noqa: S608 - marks and our own constants
    found = connection.execute(
        f"SELECT staged.rowid - 1 FROM temp.staged AS staged {_join(target, 'IS')}"  # noqa: S608 - our own names
    ).fetchall()
    connection.execute("DROP TABLE temp.staged")
    return tuple(sorted(place for (place,) in found))


def _join(target: Target, equals: str) -> str:
    """JOIN the current row of each match WHERE some compared column is not the same."""
    table = table_of(target.model).name
    on = " AND ".join(f'stored."{name}" = staged."{name}"' for name in target.match)
    same = " AND ".join(f'stored."{name}" {equals} staged."{name}"' for name in target.same)
    return (
        f'JOIN "{table}" AS stored ON {on} '
        f'WHERE stored."{target.current_without}" IS NULL AND NOT ({same})'
    )


def _postgresql(target: Target, rows: Sequence[TextRow], *, hopeful: bool) -> Loaded:
    """COPY straight into the table where all is new; else by way of a staging table."""
    from psycopg.errors import UniqueViolation

    cursor = _driver().cursor()
    # Moments travel as bare UTC text, as SQLite keeps them.
    cursor.execute("SET LOCAL TIME ZONE 'UTC'")
    first = _last_value(cursor, target)
    block = _block(target, rows)
    if hopeful:
        cursor.execute("SAVEPOINT bulkload")
        try:
            _copy(cursor, table_of(target.model).name, target, block)
        except UniqueViolation:
            cursor.execute("ROLLBACK TO SAVEPOINT bulkload")
        else:
            cursor.execute("RELEASE SAVEPOINT bulkload")
            return Loaded(len(rows), (), first, _last_value(cursor, target))
    added, differing = _by_staging(cursor, target, block, len(rows))
    return Loaded(added, differing, first, _last_value(cursor, target))


def _by_staging(cursor: Any, target: Target, block: str, count: int) -> tuple[int, tuple[int, ...]]:  # noqa: ANN401 - as _driver
    """COPY beside the table, insert what is new, ask which of the rest differ."""
    table = table_of(target.model).name
    names = _names(target.all_columns)
    cursor.execute("DROP TABLE IF EXISTS pg_temp.staged")
    cursor.execute(
        f'CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {names} FROM "{table}" LIMIT 0'  # noqa: S608 - our own names
    )
    cursor.execute("ALTER TABLE pg_temp.staged ADD COLUMN place serial")
    _copy(cursor, "staged", target, block)
    cursor.execute("ANALYZE pg_temp.staged")
    cursor.execute(
        f'INSERT INTO "{table}" ({names}) SELECT {names} FROM pg_temp.staged ORDER BY place '  # noqa: S608 - our own names
        f"ON CONFLICT ({_names(target.key)}) DO NOTHING"
    )
    added = cursor.rowcount
    if added == count:
        return added, ()
    cursor.execute(
        "SELECT staged.place - 1 FROM pg_temp.staged AS staged "  # noqa: S608 - our own names
        f"{_join(target, 'IS NOT DISTINCT FROM')} ORDER BY 1"
    )
    return added, tuple(place for (place,) in cursor.fetchall())


def _block(target: Target, rows: Sequence[TextRow]) -> str:
    """The rows as COPY's text, with the empty text for NULL."""
    tail = "".join(f"\t{value}" for value in target.constants.values()) + "\n"
    block = tail.join(map("\t".join, rows)) + tail
    return block.replace("\\", "\\\\") if "\\" in block else block


def _copy(cursor: Any, table: str, target: Target, block: str) -> None:  # noqa: ANN401 - as _driver
    names = _names(target.all_columns)
    with cursor.copy(f"COPY \"{table}\" ({names}) FROM STDIN (FORMAT text, NULL '')") as copy:
        copy.write(block)


def _last_value(cursor: Any, target: Target) -> int:  # noqa: ANN401 - as _driver
    """The newest id given out; at or below the first id of rows inserted after asking."""
    table = table_of(target.model).name
    cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", (f'"{table}"',))
    (sequence,) = cursor.fetchone()
    cursor.execute(f"SELECT last_value FROM {sequence}")  # noqa: S608 - the database's own name
    (value,) = cursor.fetchone()
    return int(value)


def replace_rows(model: type[Base], columns: Sequence[str], rows: Sequence[TextRow]) -> None:
    """Insert rows, or put them in the place of those with the same primary key.

    Values are texts as in `load_missing`; `columns` are all columns of the table.
    """
    if not rows:
        return
    db.session.flush()
    table = table_of(model)
    names = _names(columns)
    key = [column.name for column in table.primary_key]
    if dialect() == "sqlite":
        marks = ", ".join("nullif(?, '')" if table.c[name].nullable else "?" for name in columns)
        _driver().executemany(
            f'INSERT OR REPLACE INTO "{table.name}" ({names}) VALUES ({marks})',  # noqa: S608 - our own names
            rows,
        )
        return
    cursor = _driver().cursor()
    cursor.execute("DROP TABLE IF EXISTS pg_temp.staged")
    cursor.execute(
        f'CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {names} FROM "{table.name}" LIMIT 0'  # noqa: S608 - our own names
    )
    target = Target(model, tuple(columns), (), (), (), "")
    _copy(cursor, "staged", target, _block(target, rows))
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in key)
    cursor.execute(
        f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM pg_temp.staged '  # noqa: S608 - our own names
        f"ON CONFLICT ({_names(key)}) DO UPDATE SET {changed}"
    )


def insert_select(
    model: type[Base],
    columns: Sequence[str],
    statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]],
    *,
    skip_known: bool = False,
) -> None:
    """Insert what a query finds, in the database itself; rows whose key is known may be skipped."""
    table = table_of(model)
    if not skip_known:
        db.session.execute(insert(table).from_select(list(columns), statement))
    elif dialect() == "sqlite":
        from sqlalchemy.dialects import sqlite

        filled = sqlite.insert(table).from_select(list(columns), statement)
        db.session.execute(filled.on_conflict_do_nothing())
    else:
        from sqlalchemy.dialects import postgresql

        added = postgresql.insert(table).from_select(list(columns), statement)
        db.session.execute(added.on_conflict_do_nothing())


def update_rows(model: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Set columns of rows named by their primary key; every row has the same columns."""
    if rows:
        db.session.execute(update(model), [dict(row) for row in rows])


def refresh_statistics(model: type[Base]) -> None:
    """Tell PostgreSQL's planner how much there is in a table that was just filled."""
    if dialect() == "postgresql":
        db.session.execute(sql_text(f'ANALYZE "{table_of(model).name}"'))
