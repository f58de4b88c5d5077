"""The database as the demo finds it and leaves it: empty, somebody's, or the demo's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import MetaData, Row, column, delete, select, table, text

from core import audit
from core.audit import AuditEntry
from core.db import db, dialect, transaction
from core.policy import SYSTEM
from demo.names import MAIL_DOMAIN
from demo.world import REMARKS, SignIn

STARTED, LOADED = "demo.start", "demo.loaded"
SUBJECT = "demo:csp"
KEPT_TABLES = frozenset({"alembic_version"})


class Holds(StrEnum):
    """What a database holds."""

    NOTHING = "nothing"
    DEMO = "demo"
    HALF_A_DEMO = "half a demo"
    OTHERS = "others"


@dataclass(frozen=True)
class State:
    """What the database holds; the detail says which demo (size, seed, today)."""

    holds: Holds
    detail: dict[str, object]


def state() -> State:
    """Look, change nothing. Any person with another mail domain makes the database somebody's."""
    people = text("SELECT count(*), count(CASE WHEN email LIKE :ours THEN 1 END) FROM person")
    total, ours = db.session.execute(people, {"ours": f"%@{MAIL_DOMAIN}"}).one()
    newest = db.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.action.in_([STARTED, LOADED]))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    programmes = db.session.execute(text("SELECT count(*) FROM programme")).scalar_one()
    if total > ours or (newest is None and (total or programmes)):
        return State(Holds.OTHERS, {})
    if newest is None:
        return State(Holds.NOTHING, {})
    holds = Holds.DEMO if newest.action == LOADED else Holds.HALF_A_DEMO
    return State(holds, dict(newest.detail))


def note(action: str, now: datetime, detail: dict[str, object]) -> None:
    """Write into the audit trail that a load began or is complete."""
    with transaction():
        audit.record(action, actor=SYSTEM, now=now, subject=SUBJECT, detail=detail)


def empty() -> None:
    """Take every row of every table away; the schema and its revision stay."""
    with transaction():
        connection = db.session.connection()
        tables = MetaData()
        tables.reflect(connection)
        names = [name for name in tables.tables if name not in KEPT_TABLES]
        if dialect() == "postgresql":
            listed = ", ".join(f'"{name}"' for name in names)
            connection.exec_driver_sql(f"TRUNCATE {listed} RESTART IDENTITY CASCADE")
            return
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for name in names:
            connection.execute(delete(tables.tables[name]))


def people_by_key(keys: list[str]) -> dict[str, int]:
    """Key of the directory -> row id."""
    return {row.key: row.id for row in _people(keys)}


def accounts(found: State) -> tuple[SignIn, ...]:
    """Who may sign in to the loaded demo, in the order of its story."""
    keys = found.detail.get("sign_ins")
    rows = {row.name: row for row in _people(keys if isinstance(keys, list) else [])}
    return tuple(
        SignIn(
            role=str(rows[name].role),
            person_id=rows[name].key,
            name=name,
            email=rows[name].email,
            remark=remark,
        )
        for name, remark in REMARKS.items()
        if name in rows
    )


def _people(keys: list[str]) -> Sequence[Row[Any]]:
    person = table("person", *map(column, ("id", "key", "name", "email", "role")))
    return db.session.execute(select(person).where(person.c.key.in_(keys))).all()
