"""What dated facts said before they changed, so that a report `as_of` an instant stays the same.

A room that changes or adds a fact (a leaving date, a membership, a deal's stage) hands over what
was known until then. METRICS E4 and section 10, point 11: the same `through` and `as_of` give the
same numbers for ever. Only what was replaced is kept; the present stands in the room's own table.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import JSON, Index, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Key, bulk_insert, db, insert_missing

Facts = Mapping[str, object]
ROW_KEY_LENGTH = 200


class PastVersion(Base):
    """What one row of a subject said until an instant; no facts: it was not there yet."""

    __tablename__ = "past_version"
    __table_args__ = (Index("ix_past_version_until", "subject", "known_until"),)

    id: Mapped[Key] = mapped_column(init=False)
    subject: Mapped[str] = mapped_column(String(40))
    row_key: Mapped[str] = mapped_column(String(ROW_KEY_LENGTH))
    known_until: Mapped[datetime]
    facts: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True), default=None)


class HistoryStart(Base):
    """When a subject's first rows came in. What came with them counts as known from ever."""

    __tablename__ = "history_start"

    subject: Mapped[str] = mapped_column(String(40), primary_key=True)
    began_at: Mapped[datetime]


def keep(subject: str, before: Mapping[str, Facts | None], now: datetime) -> None:
    """Keep what each row said until `now`; None for a row that is new.

    The first call for a subject founds its history: before that nobody could have asked, so a
    report as of an earlier instant reads what the founding brought (CONTRACT section 5: `as_of`
    limits usage, whose rows may be older than the installation).
    """
    if not before:
        return
    insert_missing(HistoryStart, [{"subject": subject, "began_at": now}], ["subject"])
    began_at = db.session.scalars(
        select(HistoryStart.began_at).where(HistoryStart.subject == subject)
    ).one()
    if now <= began_at:
        return
    bulk_insert(
        PastVersion,
        [
            {
                "subject": subject,
                "row_key": key,
                "known_until": now,
                "facts": None if facts is None else dict(facts),
            }
            for key, facts in before.items()
        ],
    )


def last_changes(subject: str, as_of: datetime) -> dict[str, datetime]:
    """When each row last changed, up to `as_of`; rows as they were founded are not named."""
    changes = (
        select(PastVersion.row_key, func.max(PastVersion.known_until))
        .where(PastVersion.subject == subject, PastVersion.known_until <= as_of)
        .group_by(PastVersion.row_key)
    )
    return {row[0]: row[1] for row in db.session.execute(changes)}


def past(subject: str, as_of: datetime | None) -> dict[str, Facts | None]:
    """What rows that changed after `as_of` said then; None: not there yet.

    Rows that are not named said what they say now. Without `as_of` that holds for all.
    """
    if as_of is None:
        return {}
    later = (
        select(PastVersion.row_key, PastVersion.facts)
        .where(PastVersion.subject == subject, PastVersion.known_until > as_of)
        .order_by(PastVersion.known_until.desc(), PastVersion.id.desc())
    )
    return {row.row_key: row.facts for row in db.session.execute(later)}
