"""How schema steps are applied: one transaction for all, references checked before it commits.

SQLite keeps its foreign keys off meanwhile: a table rebuilt with them on would take every child row
of a cascade with it. The engine is disposed at the end, so that no connection outlives the command.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic import context
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from flask import current_app
from sqlalchemy import Connection

from core.db import UtcDateTime

database = current_app.extensions["migrate"].db


def number_steps(
    _context: MigrationContext, _revision: object, directives: list[MigrationScript]
) -> None:
    """Give a new step the next number."""
    taken = (Path(__file__).parent / "versions").glob("[0-9]*.py")
    last = max((int(path.name[:4]) for path in taken), default=0)
    directives[0].rev_id = f"{last + 1:04d}"


def render(kind: str, item: Any, _autogen: object) -> str | bool:  # noqa: ANN401 - Alembic's hook
    """Write an instant as the plain type it is stored in: a step never imports the app."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def broken_references(connection: Connection) -> Iterable[object]:
    """The rows whose parent is gone (SQLite; PostgreSQL never lets them come about)."""
    return connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()


def set_foreign_keys(connection: Connection, switch: str) -> None:
    """Turn SQLite's foreign keys on or off; it listens only outside a transaction."""
    driver = connection.connection.dbapi_connection
    if driver is not None:
        driver.execute(f"PRAGMA foreign_keys={switch}")


def migrate(connection: Connection) -> None:
    """Run the asked steps, all or none."""
    is_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        process_revision_directives=number_steps,
        render_item=render,
        render_as_batch=is_sqlite,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if is_sqlite and (broken := broken_references(connection)):
            raise RuntimeError(f"rows without their parent after the migration: {broken}")


if context.is_offline_mode():
    raise SystemExit("Steps are applied to a database, not printed: run without --sql.")

with database.engine.connect() as open_connection:
    on_sqlite = open_connection.dialect.name == "sqlite"
    if on_sqlite:
        set_foreign_keys(open_connection, "OFF")
    try:
        migrate(open_connection)
    finally:
        if on_sqlite:
            open_connection.rollback()
            set_foreign_keys(open_connection, "ON")
database.engine.dispose()
