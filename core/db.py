"""The database: our typed base, instants, one transaction at the edge, set-wise writes.

SQLite and PostgreSQL are equal citizens. Everything that differs between them stands in this file.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    TypeDecorator,
    case,
    delete,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    Session,
    mapped_column,
)

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Refuses naive values, stores UTC, gives aware UTC back (METRICS T1)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware instant into UTC; SQLite keeps it without the zone, in sortable text."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"naive datetime {value!r}: an instant needs its zone"
            raise ValueError(msg)
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give an aware UTC instant back."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return value.replace(tzinfo=UTC)
        return value.astimezone(UTC)


BigKey = BigInteger().with_variant(Integer, "sqlite")
Key = Annotated[int, mapped_column(BigKey, primary_key=True, autoincrement=True)]


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, repr=False, eq=False):
    """The base of every table: a typed, keyword-only dataclass with named constraints.

    A row is equal to itself only, and shows none of its values where it is printed: what people are
    called belongs in no log. Generating methods for that would be a tenth of every start, too.
    """

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime}


db = SQLAlchemy(metadata=Base.metadata)

Model = TypeVar("Model", bound=Base)

_writing: ContextVar[bool] = ContextVar("writing", default=False)
_fence: ContextVar[Callable[[Session], None] | None] = ContextVar("fence", default=None)


def set_up_engine(engine: Engine) -> None:
    """Give a SQLite engine WAL, foreign keys and explicit BEGIN; PostgreSQL needs nothing.

    Without BEGIN IMMEDIATE for writes, sqlite3 loses updates; with it for reads too, pages wait
    for the write lock. So reads begin deferred and writes begin immediate.
    """
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own class
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "busy_timeout=15000",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


class Question:
    """A SELECT that every request asks, by its text alone, on connections kept for such questions.

    It stands outside any transaction and sees what is committed: no BEGIN and ROLLBACK around one
    row, nothing compiled anew, no question beforehand whether the connection is alive. One that
    broke is put away and the question asked once more.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self.statement = statement
        self._prepared: WeakKeyDictionary[Engine, _Prepared] = WeakKeyDictionary()

    def ask(self, engine: Engine, **given: object) -> list[tuple[Any, ...]]:
        """Return the rows as plain tuples, typed as the statement's columns say."""
        prepared = self._prepared.get(engine)
        if prepared is None:
            prepared = self._prepared[engine] = _Prepared(self.statement, engine)
        rows = _fetch(engine, prepared.text, prepared.values(given))
        turns = prepared.turns
        if not turns or not rows:
            return rows
        found = []
        for row in rows:
            typed = list(row)
            for place, turn in turns:
                typed[place] = turn(typed[place])
            found.append(tuple(typed))
        return found


class _Prepared:
    """A question in one database's words."""

    def __init__(self, statement: Select[*tuple[Any, ...]], engine: Engine) -> None:
        compiled = statement.compile(dialect=engine.dialect)
        fixed = compiled.params
        self.text = str(compiled)
        self.is_positional = bool(getattr(compiled, "positional", False))
        names = list(getattr(compiled, "positiontup", None) or compiled.binds)
        self.binds = [
            (
                name,
                fixed.get(name),
                compiled.binds[name]
                .type.dialect_impl(engine.dialect)
                .bind_processor(engine.dialect),
            )
            for name in names
        ]
        self.turns = [
            (place, turn)
            for place, column in enumerate(statement.selected_columns)
            if (
                turn := column.type.dialect_impl(engine.dialect).result_processor(
                    engine.dialect, None
                )
            )
            is not None
        ]

    def values(self, given: Mapping[str, object]) -> Any:  # noqa: ANN401 - a tuple or a dict, as the driver wants
        """Return the values of one asking in the driver's own form."""
        turned = []
        for name, fixed, turn in self.binds:
            value = given.get(name, fixed)
            turned.append((name, turn(value) if turn else value))
        return tuple(value for _, value in turned) if self.is_positional else dict(turned)


# Connections at hand for questions, by engine: as many as were ever asked at the same moment.
_at_hand: WeakKeyDictionary[Engine, list[Any]] = WeakKeyDictionary()
_opening = Lock()


def _fetch(engine: Engine, text_: str, values: object) -> list[tuple[Any, ...]]:
    """Ask on a connection at hand; if it broke, forget all and ask once more on a new one."""
    free = _at_hand.get(engine)
    if free is None:
        free = _begin_keeping(engine)
    is_new = False
    while True:
        try:
            connection = free.pop()
        except IndexError:
            connection, is_new = _open_for_questions(engine), True
        try:
            rows: list[tuple[Any, ...]] = connection.execute(text_, values).fetchall()
        except BaseException as error:
            is_broken = isinstance(error, engine.dialect.dbapi.Error) and (  # type: ignore[union-attr]
                engine.dialect.is_disconnect(error, connection, None)
            )
            connection.close()
            if is_new or not is_broken:
                raise
            put_away(engine)
        else:
            free.append(connection)
            return rows


def _begin_keeping(engine: Engine) -> list[Any]:
    with _opening:
        if engine not in _at_hand:
            event.listen(engine, "engine_disposed", put_away)
            _at_hand[engine] = []
        return _at_hand[engine]


def _open_for_questions(engine: Engine) -> Any:  # noqa: ANN401 - the driver's own class
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    pooled.detach()
    if engine.dialect.name != "sqlite":
        connection.autocommit = True
        # One row by its key each time: planned once, not anew at every asking.
        connection.execute("SET plan_cache_mode = force_generic_plan")
    return connection


def put_away(engine: Engine) -> None:
    """Close the connections kept for questions; the next question opens a new one."""
    free = _at_hand.get(engine, [])
    while free:
        free.pop().close()


@contextmanager
def transaction() -> Iterator[Session]:
    """Open the one transaction of a door: commit on success, roll everything back on error.

    A read begun earlier on the same session is ended first, so that SQLite can take its write lock
    at once. Raises RuntimeError when nested: services never commit.
    """
    if _writing.get():
        msg = "transaction() inside transaction(): commit belongs to the edge"
        raise RuntimeError(msg)
    token = _writing.set(True)
    session = db.session
    try:
        session.rollback()
        yield session()
        check = _fence.get()
        if check is not None:
            session.flush()
            check(session())
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        _writing.reset(token)


@contextmanager
def fenced(check: Callable[[Session], None]) -> Iterator[None]:
    """Let every transaction inside run `check` before it commits; an error refuses the commit."""
    token = _fence.set(check)
    try:
        yield
    finally:
        _fence.reset(token)


def in_transaction() -> bool:
    """Say whether a transaction() is open in this context."""
    return _writing.get()


@contextmanager
def savepoint() -> Iterator[None]:
    """Fence one unit of a larger work: its failure undoes only itself."""
    with db.session.begin_nested():
        yield


def dialect() -> str:
    """Return `sqlite` or `postgresql`."""
    return db.session.get_bind().dialect.name


def table_of(model: type[Base]) -> Table:
    """Return the table behind a model."""
    table = model.__table__
    if not isinstance(table, Table):
        msg = f"{model.__name__} is not mapped to a table"
        raise TypeError(msg)
    return table


def _insert(model: type[Base]) -> "PostgresqlInsert | SqliteInsert":
    """Return the dialect's INSERT, which on both knows ON CONFLICT."""
    table = table_of(model)
    if dialect() == "sqlite":
        return sqlite_insert(table)
    # Loaded where it is used: an installation on SQLite need not wait for it at every start.
    from sqlalchemy.dialects.postgresql import insert as postgresql_insert

    return postgresql_insert(table)


def insert_missing_returning(
    model: type[Base],
    rows: Iterable[Mapping[str, object]],
    key: Sequence[str],
    returning: Sequence[str],
) -> list[Row[Any]]:
    """Insert the rows whose key is new and return the named columns of those that were.

    All rows must have the same columns. RETURNING is used because the row count of ON CONFLICT DO
    NOTHING is not reliable on PostgreSQL.
    """
    given = list(rows)
    if not given:
        return []
    columns = table_of(model).c
    statement = (
        _insert(model)
        .on_conflict_do_nothing(index_elements=list(key))
        .returning(*(columns[name] for name in returning))
    )
    return list(db.session.execute(statement, given))


def insert_missing(
    model: type[Base], rows: Iterable[Mapping[str, object]], key: Sequence[str]
) -> int:
    """Insert the rows whose key is new; return how many were."""
    return len(insert_missing_returning(model, rows, key, key))


def upsert_rows(
    model: type[Base],
    rows: Iterable[Mapping[str, object]],
    key: Sequence[str],
    update: Sequence[str] | None = None,
) -> None:
    """Insert rows, or update the named columns (default: all but the key) of those that exist."""
    given = list(rows)
    if not given:
        return
    names = update if update is not None else [name for name in given[0] if name not in key]
    statement = _insert(model)
    statement = statement.on_conflict_do_update(
        index_elements=list(key), set_={name: statement.excluded[name] for name in names}
    )
    db.session.execute(statement, given)


def upsert_highest(
    model: type[Base], rows: Iterable[Mapping[str, object]], key: Sequence[str]
) -> None:
    """Insert rows, or raise the other columns of those that exist: a higher value stays."""
    given = list(rows)
    if not given:
        return
    statement, columns = _insert(model), table_of(model).c
    higher = {
        name: case(
            (statement.excluded[name] > columns[name], statement.excluded[name]),
            else_=columns[name],
        )
        for name in given[0]
        if name not in key
    }
    db.session.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=higher), given
    )


def bulk_insert(model: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert many rows by one prepared statement, without an object per row."""
    if rows:
        db.session.execute(insert(table_of(model)), rows)


def revise(row: Base, values: Mapping[str, object]) -> bool:
    """Write the columns of a row that differ; say whether any did."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)


def delete_where(model: type[Base], *conditions: ColumnElement[bool]) -> int:
    """Delete the rows that meet every condition; return how many there were."""
    result = db.session.execute(delete(table_of(model)).where(*conditions))
    return int(getattr(result, "rowcount", 0))


def detached(model: type[Model], ident: object) -> Model:
    """Fetch a copy of a row that belongs to no session: it never expires and may be kept."""
    with Session(db.engine) as own:
        found = own.get_one(model, ident)
        own.expunge(found)
    return found


def lock_row(model: type[Model], ident: object) -> Model | None:
    """Fetch one row anew and hold it until the transaction ends; None when there is none."""
    return db.session.get(model, ident, with_for_update=True, populate_existing=True)


def gather_statistics() -> None:
    """Let the database plan its queries for the rows it has; PostgreSQL does so by itself too."""
    if dialect() == "sqlite":
        db.session.execute(text("PRAGMA analysis_limit = 1000"))
    db.session.execute(text("ANALYZE"))


def count_rows(model: type[Base]) -> int:
    """Return how many rows a table has."""
    return db.session.execute(select(func.count()).select_from(table_of(model))).scalar_one()


__all__ = [
    "Base",
    "BigKey",
    "Key",
    "Mapped",
    "Question",
    "UtcDateTime",
    "bulk_insert",
    "count_rows",
    "db",
    "delete_where",
    "detached",
    "dialect",
    "fenced",
    "gather_statistics",
    "in_transaction",
    "insert_missing",
    "insert_missing_returning",
    "lock_row",
    "revise",
    "savepoint",
    "set_up_engine",
    "table_of",
    "transaction",
    "upsert_highest",
    "upsert_rows",
]
