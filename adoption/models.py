"""Tables of the adoption room: events written once, and the day, week and state rows built on them.

Each layer is rebuilt from the one below it: usage_event -> daily_usage -> rep_week ->
adoption_status. Pages read the upper three, imports and audits the first.
"""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey, Key

SOURCE_LENGTH, EVENT_ID_LENGTH, KIND_LENGTH, OBJECT_LENGTH = 80, 200, 80, 200
STATES = "'left', 'not_measurable', 'sustained', 'lapsed', 'trying', 'not_started'"
DATE_LOW, DATE_HIGH = "1970-01-01", "2200-01-01"


def _sane(column: str) -> CheckConstraint:
    """Keep poison dates out of the database itself (TRUST section 4, rule 13)."""
    return CheckConstraint(
        f"{column} IS NULL OR ({column} >= '{DATE_LOW}' AND {column} < '{DATE_HIGH}')",
        name=f"{column}_sane",
    )


class UsageEvent(Base):
    """One version of one thing a person did in the tool (METRICS E1): inserted, never edited.

    Among the versions of an event the latest received wins, a tie goes to the higher `version`.
    Only `superseded_at` is ever set later: the moment from which another version wins. So the
    winner is the row without it, and what was known at t is received_at <= t < superseded_at.
    There are no foreign keys: checking two of them per row costs more than the whole load; people
    and programmes are never deleted, and `flask audit verify` looks for strays.
    """

    __tablename__ = "usage_event"
    __table_args__ = (
        UniqueConstraint(
            "programme_id", "source", "event_id", "version", name="uq_usage_event_key"
        ),
        CheckConstraint("event_id <> '' AND source <> '' AND kind <> ''", name="texts_given"),
        CheckConstraint("quarantine IS NULL OR quarantine = 'future'", name="quarantine_known"),
        CheckConstraint("value IS NULL OR (value > -1e15 AND value < 1e15)", name="value_finite"),
        CheckConstraint("version >= 1", name="version_range"),
        _sane("local_day"),
        Index("ix_usage_event_day", "programme_id", "local_day", "person_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey)
    source: Mapped[str] = mapped_column(String(SOURCE_LENGTH))
    event_id: Mapped[str] = mapped_column(String(EVENT_ID_LENGTH))
    person_id: Mapped[int] = mapped_column(BigKey)
    kind: Mapped[str] = mapped_column(String(KIND_LENGTH))
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    local_day: Mapped[date]
    version: Mapped[int] = mapped_column(default=1)
    object_id: Mapped[str | None] = mapped_column(String(OBJECT_LENGTH), default=None)
    value: Mapped[float | None] = mapped_column(default=None)
    voided: Mapped[bool] = mapped_column(default=False)
    fingerprint: Mapped[str | None] = mapped_column(String(OBJECT_LENGTH), default=None)
    quarantine: Mapped[str | None] = mapped_column(String(8), default=None)
    superseded_at: Mapped[datetime | None] = mapped_column(default=None)
    held_at: Mapped[datetime | None] = mapped_column(default=None)


class IngestBatch(Base):
    """A run of event ids written by one transaction; what roll-up has still to look at.

    Ids of other writers may lie in between: they have a batch of their own, so nothing is missed.
    """

    __tablename__ = "ingest_batch"
    __table_args__ = (Index("ix_ingest_batch_open", "programme_id", "rolled_at"),)

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    min_event_id: Mapped[int] = mapped_column(BigKey)
    max_event_id: Mapped[int] = mapped_column(BigKey)
    latest_received_at: Mapped[datetime]
    rolled_at: Mapped[datetime | None] = mapped_column(default=None)


class UsageDigest(Base):
    """A batch of file rows that was stored whole, so that the same rows again cost one look-up.

    It holds while none of the events it stored (first_id..last_id) has been superseded.
    """

    __tablename__ = "usage_digest"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_id: Mapped[int] = mapped_column(BigKey)
    last_id: Mapped[int] = mapped_column(BigKey)


class TouchedDay(Base):
    """A person's date whose day rows are out of step with the events and wait to be rebuilt."""

    __tablename__ = "touched_day"
    __table_args__ = ({"sqlite_with_rowid": False},)

    programme_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    local_day: Mapped[date] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, primary_key=True)


class TouchedWeek(Base):
    """A person's week whose mark and later states wait to be judged again."""

    __tablename__ = "touched_week"
    __table_args__ = ({"sqlite_with_rowid": False},)

    programme_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    week_start: Mapped[date] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, primary_key=True)


class UsageMark(Base):
    """How far the derived tables of one programme have come."""

    __tablename__ = "usage_mark"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    latest_received_at: Mapped[datetime | None] = mapped_column(default=None)
    rolled_at: Mapped[datetime | None] = mapped_column(default=None)
    person_change_id: Mapped[int] = mapped_column(BigKey, default=0)
    judged_week: Mapped[date | None] = mapped_column(default=None)
    rule_version: Mapped[int] = mapped_column(default=0)


class DailyUsage(Base):
    """How often a person did one kind of thing on one local date; only dates with any."""

    __tablename__ = "daily_usage"
    __table_args__ = (
        CheckConstraint("count >= 1", name="count_range"),
        {"sqlite_with_rowid": False},
    )

    programme_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    local_day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(KIND_LENGTH), primary_key=True)
    count: Mapped[int]


class RepWeek(Base):
    """One rep's week: days with a key action as a 7-bit mask, and its mark (METRICS P6, A1)."""

    __tablename__ = "rep_week"
    __table_args__ = (
        CheckConstraint("day_mask BETWEEN 0 AND 127", name="day_mask_range"),
        CheckConstraint("active_days BETWEEN 0 AND 7", name="active_days_range"),
        CheckConstraint("available_days BETWEEN 0 AND 7", name="available_days_range"),
        Index("ix_rep_week_week", "programme_id", "week_start"),
        {"sqlite_with_rowid": False},
    )

    programme_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    week_start: Mapped[date] = mapped_column(primary_key=True)
    day_mask: Mapped[int]
    active_days: Mapped[int]
    available_days: Mapped[int]
    eligible: Mapped[bool]
    met: Mapped[bool]


class AdoptionStatus(Base):
    """One rep's state at the end of a complete week (METRICS A4), with what lies before it.

    `streak` counts met eligible weeks up to here (C11); `ever_*` include this week.
    """

    __tablename__ = "adoption_status"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state_known"),
        CheckConstraint("streak >= 0", name="streak_range"),
        Index("ix_adoption_status_person", "person_id", "programme_id", "week_start"),
        {"sqlite_with_rowid": False},
    )

    programme_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    week_start: Mapped[date] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    ever_sustained: Mapped[bool]
    ever_used: Mapped[bool]
    streak: Mapped[int]


class AdoptionWeek(Base):
    """The counts of all reps at the end of a complete week: what the adoption page draws."""

    __tablename__ = "adoption_week"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    week_start: Mapped[date] = mapped_column(primary_key=True)
    eligible: Mapped[int]
    met: Mapped[int]
    active: Mapped[int]
    left: Mapped[int]
    not_measurable: Mapped[int]
    sustained: Mapped[int]
    lapsed: Mapped[int]
    trying: Mapped[int]
    not_started: Mapped[int]


class UsageRequest(Base):
    """An answered POST of usage, kept 24 h so that the same Idempotency-Key answers the same."""

    __tablename__ = "usage_request"
    __table_args__ = (UniqueConstraint("caller", "request_key", name="uq_usage_request_key"),)

    id: Mapped[Key] = mapped_column(init=False)
    caller: Mapped[str] = mapped_column(String(120))
    request_key: Mapped[str] = mapped_column(String(255))
    body_hash: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, object]] = mapped_column(JSON)
    answered_at: Mapped[datetime]


class Deal(Base):
    """A sales opportunity as the CRM knows it; `deal_key` is the files' deal_id."""

    __tablename__ = "deal"
    __table_args__ = (
        CheckConstraint("stage IN ('open', 'won', 'lost')", name="stage_known"),
        CheckConstraint(
            "amount IS NULL OR (amount > -1000000000000 AND amount < 1000000000000)",
            name="amount_range",
        ),
        _sane("created_on"),
        _sane("proposal_on"),
        _sane("closed_on"),
        Index("ix_deal_person", "person_id", "closed_on"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    deal_key: Mapped[str] = mapped_column(String(120), unique=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    stage: Mapped[str] = mapped_column(String(8))
    account: Mapped[str | None] = mapped_column(String(200), default=None)
    product: Mapped[str | None] = mapped_column(String(200), default=None)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2), default=None)
    currency: Mapped[str | None] = mapped_column(String(3), default=None)
    created_on: Mapped[date | None] = mapped_column(default=None)
    proposal_on: Mapped[date | None] = mapped_column(default=None)
    closed_on: Mapped[date | None] = mapped_column(default=None)
    programme_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("programme.id"), default=None
    )


class Proposal(Base):
    """A proposal sent to a customer, made with the tool or without it; key as in the files."""

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint(
            "value IS NULL OR (value > -1000000000000 AND value < 1000000000000)",
            name="value_range",
        ),
        _sane("created_on"),
        Index("ix_proposal_created", "created_on"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    proposal_key: Mapped[str] = mapped_column(String(120), unique=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    created_on: Mapped[date]
    with_tool: Mapped[bool]
    value: Mapped[Decimal | None] = mapped_column(Numeric(16, 2), default=None)
    deal_key: Mapped[str | None] = mapped_column(String(120), default=None)
    programme_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("programme.id"), default=None
    )


class Signal(Base):
    """A warning that a deal is stalled (METRICS S1), as the tool or the CRM fired it."""

    __tablename__ = "signal"
    __table_args__ = (Index("ix_signal_person", "person_id", "fired_at"),)

    id: Mapped[Key] = mapped_column(init=False)
    signal_key: Mapped[str] = mapped_column(String(120), unique=True)
    deal_key: Mapped[str] = mapped_column(String(120), index=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    fired_at: Mapped[datetime]
    dismissed_at: Mapped[datetime | None] = mapped_column(default=None)
    programme_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("programme.id"), default=None
    )
