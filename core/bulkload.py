"""The fastest safe way of many rows into a table: COPY, or one prepared INSERT on SQLite.

Values travel as text, as both databases take them, moments as bare UTC; an empty text is NULL. Rows
whose key is known are left alone and, where they differ from the row that is current, named to the
caller. Like core.db this file may talk dialect; statements are built from our own tables only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import compress, repeat
from typing import Any

from sqlalchemy import CompoundSelect, Select, bindparam, delete, insert, update
from sqlalchemy import text as sql_text
from sqlalchemy.exc import DataError, IntegrityError

from core.db import Base, db, dialect, table_of

TextRow = tuple[str, ...]
# A column of rows: one text for all of them, or a text for each.
Cells = str | list[str]


@dataclass(frozen=True)
class Rows:
    """Rows column by column, by the names of the table's columns.

    `block` may hold them as COPY takes them, written beforehand.
    """

    count: int
    columns: Mapping[str, Cells]
    block: str = ""

    def only(self, wanted: Sequence[object]) -> "Rows":
        """The rows for which `wanted` holds something true."""
        columns = {
            name: [*compress(column, wanted)] if isinstance(column, list) else column
            for name, column in self.columns.items()
        }
        return Rows(sum(map(bool, wanted)), columns)

    def row(self, place: int) -> dict[str, str]:
        """One row by column."""
        return {
            name: column[place] if isinstance(column, list) else column
            for name, column in self.columns.items()
        }

    @property
    def varied(self) -> dict[str, list[str]]:
        """The columns that hold a text for each row."""
        return {name: col for name, col in self.columns.items() if isinstance(col, list)}

    @property
    def told(self) -> dict[str, Cells]:
        """The columns in which some row says something; NULL need not be said."""
        return {name: col for name, col in self.columns.items() if col != ""}

    @property
    def alike(self) -> dict[str, str]:
        """The columns in which every row says the same."""
        return {name: col for name, col in self.columns.items() if isinstance(col, str)}


@dataclass(frozen=True)
class Target:
    """A table to load into, and how a row that is already there is recognised.

    `key` is the unique key of the table; `match` finds the stored rows a row speaks of, of which
    the one without a value in `current_without` is current; `same` are the columns compared.
    """

    model: type[Base]
    key: tuple[str, ...]
    match: tuple[str, ...]
    same: tuple[str, ...]
    current_without: str


@dataclass(frozen=True)
class Loaded:
    """`added` rows are new; `differing` are the places of known rows that say something else.

    New rows have ids within first_id..last_id; rows of other writers may have some in between.
    """

    added: int
    differing: tuple[int, ...]
    first_id: int
    last_id: int


def takes_blocks() -> bool:
    """Whether this database stores rows as one text; `written_out` may then write it beforehand."""
    return dialect() == "postgresql"


def written_out(rows: Rows) -> Rows:
    """The same rows with the text COPY takes; asks no database, so another thread may do it."""
    return replace(rows, block=_block_of(rows))


def load_missing(target: Target, rows: Rows, *, hopeful: bool = True) -> Loaded:
    """Insert the rows whose key is new, in the caller's transaction. Keys in `rows` are distinct.

    `hopeful` expects all of them to be new, which is the quick road on PostgreSQL. Raises
    SQLAlchemy's IntegrityError or DataError when a row breaks a rule of the table.
    """
    if not rows.count:
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


def _names(columns: Iterable[str], prefix: str = "") -> str:
    return ", ".join(f'{prefix}"{name}"' for name in columns)


def _sqlite(target: Target, rows: Rows) -> Loaded:
    """One prepared INSERT ... ON CONFLICT DO NOTHING, many times."""
    connection = _driver()
    table = table_of(target.model).name
    newest = f'SELECT coalesce(max(id), 0) FROM "{table}"'  # noqa: S608 - our own name
    before = connection.execute(newest).fetchone()[0]
    changes = connection.total_changes
    values, given = _bound(target, rows)
    connection.executemany(
        f'INSERT INTO "{table}" ({_names(rows.columns)}) VALUES ({values}) '  # noqa: S608 - our own names
        f"ON CONFLICT ({_names(target.key)}) DO NOTHING",
        given,
    )
    added = connection.total_changes - changes
    differing: tuple[int, ...] = ()
    if added < rows.count:
        differing = _sqlite_differing(connection, target, rows)
    return Loaded(added, differing, before + 1, connection.execute(newest).fetchone()[0])


def _bound(target: Target, rows: Rows) -> tuple[str, Iterator[TextRow]]:
    """What stands for each column in VALUES, and the rows to bind.

    A text all rows share is written into the statement, a list that serves two columns is bound
    once: binding costs as much as storing.
    """
    columns = table_of(target.model).c
    lists: dict[int, tuple[int, list[str]]] = {}
    values = []
    for name, column in rows.columns.items():
        if isinstance(column, str):
            values.append(_literal(column))
            continue
        number, _column = lists.setdefault(id(column), (len(lists) + 1, column))
        values.append(f"nullif(?{number}, '')" if columns[name].nullable else f"?{number}")
    given = zip(*(column for _number, column in lists.values()), strict=True)
    return ", ".join(values), given if lists else repeat((), rows.count)


def _literal(value: str) -> str:
    return "NULL" if value == "" else "'" + value.replace("'", "''") + "'"


def _sqlite_differing(connection: Any, target: Target, rows: Rows) -> tuple[int, ...]:  # noqa: ANN401 - as _driver
    """Lay the rows beside the table and ask which differ from the current one of their match."""
    table = table_of(target.model)
    connection.execute("DROP TABLE IF EXISTS temp.staged")
    connection.execute(
        f'CREATE TEMP TABLE staged AS SELECT {_names(rows.columns)} FROM "{table.name}" '  # noqa: S608 - our own names
        "WHERE 0"
    )
    values, given = _bound(target, rows)
    connection.executemany(f"INSERT INTO temp.staged VALUES ({values})", given)  # noqa: S608 - marks and our own constants
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


def _postgresql(target: Target, rows: Rows, *, hopeful: bool) -> Loaded:
    """COPY straight into the table where all is new; else by way of a staging table."""
    from psycopg.errors import UniqueViolation

    cursor = _driver().cursor()
    block = rows.block or _block_of(rows)
    # Moments travel as bare UTC text, as SQLite keeps them.
    cursor.execute("SET LOCAL TIME ZONE 'UTC'; SAVEPOINT bulkload")
    first = _id_by(cursor, target, "nextval") + 1
    if hopeful:
        try:
            _copy(cursor, table_of(target.model).name, rows.told, block)
        except UniqueViolation:
            cursor.execute("ROLLBACK TO SAVEPOINT bulkload")
        else:
            return Loaded(rows.count, (), first, _id_by(cursor, target, "currval"))
    added, differing = _by_staging(cursor, target, rows, block)
    return Loaded(added, differing, first, _id_by(cursor, target, "currval"))


def _by_staging(cursor: Any, target: Target, rows: Rows, block: str) -> tuple[int, tuple[int, ...]]:  # noqa: ANN401 - as _driver
    """COPY beside the table, insert what is new, ask which of the rest differ."""
    table = table_of(target.model).name
    names = _names(rows.columns)
    cursor.execute("DROP TABLE IF EXISTS pg_temp.staged")
    cursor.execute(
        f'CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {names} FROM "{table}" LIMIT 0'  # noqa: S608 - our own names
    )
    cursor.execute("ALTER TABLE pg_temp.staged ADD COLUMN place serial")
    _copy(cursor, "staged", rows.told, block)
    cursor.execute("ANALYZE pg_temp.staged")
    cursor.execute(
        f'INSERT INTO "{table}" ({names}) SELECT {names} FROM pg_temp.staged ORDER BY place '  # noqa: S608 - our own names
        f"ON CONFLICT ({_names(target.key)}) DO NOTHING"
    )
    added = cursor.rowcount
    if added == rows.count:
        return added, ()
    cursor.execute(
        "SELECT staged.place - 1 FROM pg_temp.staged AS staged "  # noqa: S608 - our own names
        f"{_join(target, 'IS NOT DISTINCT FROM')} ORDER BY 1"
    )
    return added, tuple(place for (place,) in cursor.fetchall())


def _block_of(rows: Rows) -> str:
    """The rows as COPY's text, with the empty text for NULL."""
    cells = [
        column.replace("%", "%%") if isinstance(column, str) else "%s"
        for column in rows.told.values()
    ]
    line = "\t".join(cells) + "\n"
    lists = rows.varied.values()
    given: Iterator[TextRow] = zip(*lists, strict=True) if lists else repeat((), rows.count)
    return _escaped("".join(map(line.__mod__, given)))


def _escaped(block: str) -> str:
    return block.replace("\\", "\\\\") if "\\" in block else block


def _copy(cursor: Any, table: str, columns: Iterable[str], block: str) -> None:  # noqa: ANN401 - as _driver
    names = _names(columns)
    with cursor.copy(f"COPY \"{table}\" ({names}) FROM STDIN (FORMAT text, NULL '')") as copy:
        copy.write(block)


def _id_by(cursor: Any, target: Target, function: str) -> int:  # noqa: ANN401 - as _driver
    """The next id (nextval), or the newest this session was given (currval)."""
    table = table_of(target.model).name
    cursor.execute(f"SELECT {function}(pg_get_serial_sequence(%s, 'id'))", (f'"{table}"',))
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
    cursor.execute("SET LOCAL TIME ZONE 'UTC'; DROP TABLE IF EXISTS pg_temp.staged")
    cursor.execute(
        f'CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {names} FROM "{table.name}" LIMIT 0'  # noqa: S608 - our own names
    )
    block = "".join("\t".join(row) + "\n" for row in rows)
    _copy(cursor, "staged", columns, _escaped(block))
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


def delete_rows(model: type[Base], keys: Sequence[Mapping[str, object]]) -> None:
    """Delete the rows that these columns name; all keys have the same columns."""
    if not keys:
        return
    columns = table_of(model).c
    named = [columns[name] == bindparam(f"key_{name}") for name in keys[0]]
    given = [{f"key_{name}": value for name, value in key.items()} for key in keys]
    db.session.execute(delete(table_of(model)).where(*named), given)


def stamp(moment: datetime) -> str:
    """An instant as the text rows are loaded with."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def refresh_statistics(model: type[Base]) -> None:
    """Tell PostgreSQL's planner how much there is in a table that was just filled."""
    if dialect() == "postgresql":
        db.session.execute(sql_text(f'ANALYZE "{table_of(model).name}"'))
