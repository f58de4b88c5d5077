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
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey, Key

SOURCE_LENGTH, EVENT_ID_LENGTH, KIND_LENGTH, OBJECT_LENGTH = 80, 200, 80, 200
RULE_SLUG_LENGTH = 40
STATES = "'left', 'not_measurable', 'sustained', 'lapsed', 'trying', 'not_started'"
DATE_LOW, DATE_HIGH = "1970-01-01", "2200-01-01"


def _sane(column: str) -> CheckConstraint:
    """Keep poison dates out of the database itself (TRUST section 4, rule 13)."""
    return CheckConstraint(
        f"{column} IS NULL OR ({column} >= '{DATE_LOW}' AND {column} < '{DATE_HIGH}')",
        name=f"{column}_sane",
    )


_ODD = text("quarantine IS NOT NULL OR voided OR version > 1")
_ON_OBJECT = text("object_id IS NOT NULL")


class UsageEvent(Base):
    """One version of one thing a person did in the tool (METRICS E1): inserted, never edited.

    Among the versions of an event the latest received wins, a tie goes to the higher `version`.
    Only two columns are set later. `superseded_at`: the moment from which another version wins. So
    the winner is the row without it, and what was known at t is received_at <= t < superseded_at.
    `held_at`: since when the event is held for review, as long as it is; `EventHold` keeps when.
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
        # Few events are odd; the page of data quality finds them without reading the rest.
        Index("ix_usage_event_odd", "programme_id", sqlite_where=_ODD, postgresql_where=_ODD),
        # What was done on a deal is asked by deal; events without an object cost nothing here.
        Index(
            "ix_usage_event_object",
            "object_id",
            "local_day",
            sqlite_where=_ON_OBJECT,
            postgresql_where=_ON_OBJECT,
        ),
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


class EventHold(Base):
    """An interval [held_at, released_at) in which an event waited for a review (METRICS C3).

    It is about the event, whatever version of it wins: a correction does not slip out of a hold.
    """

    __tablename__ = "event_hold"
    __table_args__ = (
        UniqueConstraint(
            "programme_id", "source", "event_id", "held_at", name="uq_event_hold_start"
        ),
        CheckConstraint("released_at IS NULL OR released_at >= held_at", name="ends_after_start"),
        Index("ix_event_hold_held_at", "programme_id", "held_at"),
        Index("ix_event_hold_released_at", "programme_id", "released_at"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    source: Mapped[str] = mapped_column(String(SOURCE_LENGTH))
    event_id: Mapped[str] = mapped_column(String(EVENT_ID_LENGTH))
    person_id: Mapped[int] = mapped_column(BigKey)
    held_at: Mapped[datetime]
    released_at: Mapped[datetime | None] = mapped_column(default=None)


class IngestBatch(Base):
    """A run of event ids written by one transaction; what roll-up has still to look at.

    Ids of other writers may lie in between: they have a batch of their own, so nothing is missed.
    """

    __tablename__ = "ingest_batch"
    __table_args__ = (
        Index("ix_ingest_batch_open", "programme_id", "rolled_at"),
        Index("ix_ingest_batch_received", "programme_id", "latest_received_at"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    min_event_id: Mapped[int] = mapped_column(BigKey)
    max_event_id: Mapped[int] = mapped_column(BigKey)
    latest_received_at: Mapped[datetime]
    rolled_at: Mapped[datetime | None] = mapped_column(default=None)


class UsageSource(Base):
    """How far the data of one source reaches: its watermark."""

    __tablename__ = "usage_source"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(SOURCE_LENGTH), primary_key=True)
    latest_occurred_at: Mapped[datetime]
    latest_received_at: Mapped[datetime]


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


class WeekSet(Base):
    """One judged week of everybody as sets of people (rules.sets): bit p of each is person p.

    All weeks of a company are a few kilobytes each here, so the whole series is judged without
    reading a row per rep. Built from rep_week and adoption_status, and checked against them.
    """

    __tablename__ = "week_set"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    week_start: Mapped[date] = mapped_column(primary_key=True)
    eligible: Mapped[bytes]
    met: Mapped[bytes]
    active: Mapped[bytes]
    current: Mapped[bytes]


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
    """A warning that a deal is stalled (METRICS S1), as the tool, the CRM or our detector fired it.

    `dismissed_by` says who dismissed it here; files leave such a dismissal as it is.
    """

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
    dismissed_by: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)


class SignalRule(Base):
    """When our detector calls a deal quiet and fires a signal (decision note 0023).

    Every change raises `version` and stands in the audit trail. `kinds` are those that break the
    quiet, none of them meaning any. The rule fires for what falls due from `fires_from` on, and
    has come to the end of `seen_through`.
    """

    __tablename__ = "signal_rule"
    __table_args__ = (
        CheckConstraint("slug <> '' AND title <> ''", name="texts_given"),
        CheckConstraint("since IN ('proposal', 'created', 'last_use')", name="since_known"),
        CheckConstraint("quiet_days BETWEEN 1 AND 365", name="quiet_days_range"),
        CheckConstraint("least_amount IS NULL OR least_amount >= 0", name="least_amount_range"),
        CheckConstraint("version >= 1", name="version_range"),
        _sane("fires_from"),
        _sane("seen_through"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), index=True)
    slug: Mapped[str] = mapped_column(String(RULE_SLUG_LENGTH), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    quiet_days: Mapped[int]
    since: Mapped[str] = mapped_column(String(8))
    changed_by: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"))
    changed_at: Mapped[datetime]
    kinds: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    least_amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2), default=None)
    is_on: Mapped[bool] = mapped_column(default=False)
    fires_from: Mapped[date | None] = mapped_column(default=None)
    seen_through: Mapped[date | None] = mapped_column(default=None)
    version: Mapped[int] = mapped_column(default=1)


class TouchedRep(Base):
    """A rep who was judged again, and whose place in the picture waits to be drawn anew."""

    __tablename__ = "touched_rep"
    __table_args__ = ({"sqlite_with_rowid": False},)

    programme_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, primary_key=True)


class PictureMark(Base):
    """How far the adoption page's picture is drawn, and the counts it has only once.

    The picture is the rows below: what the page needs, counted at night from the judged weeks.
    `is_stale` asks for all of it anew. Bit 0 of every week integer is the week of `origin`.
    """

    __tablename__ = "picture_mark"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    rule_version: Mapped[int]
    origin: Mapped[date | None] = mapped_column(default=None)
    drawn_week: Mapped[date | None] = mapped_column(default=None)
    is_stale: Mapped[bool] = mapped_column(default=True)
    opened: Mapped[int] = mapped_column(default=0)
    ever_used: Mapped[int] = mapped_column(default=0)
    active: Mapped[int] = mapped_column(default=0)
    near: Mapped[int] = mapped_column(default=0)
    finished: Mapped[int] = mapped_column(default=0)
    finished_sustained: Mapped[int] = mapped_column(default=0)
    under_way: Mapped[int] = mapped_column(default=0)
    logins_base: Mapped[int] = mapped_column(default=0)
    logins_now: Mapped[int] = mapped_column(default=0)
    rep_days_base: Mapped[int] = mapped_column(default=0)
    rep_days_now: Mapped[int] = mapped_column(default=0)
    outlook_low: Mapped[float | None] = mapped_column(default=None)
    outlook_middle: Mapped[float | None] = mapped_column(default=None)
    outlook_high: Mapped[float | None] = mapped_column(default=None)


class RepPicture(Base):
    """One rep at the end of the drawn week: state, what counted for it, and the way there.

    The three week integers (rules.picture) are kept as hexadecimal text, for they outgrow a
    number column; `path` has one letter for each own day reached (rules.forecast).
    """

    __tablename__ = "rep_picture"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state_known"),
        Index("ix_rep_picture_state", "programme_id", "state"),
        {"sqlite_with_rowid": False},
    )

    programme_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    is_near: Mapped[bool]
    has_opened: Mapped[bool]
    is_active: Mapped[bool]
    weeks_counted: Mapped[int]
    weeks_met: Mapped[int]
    streak: Mapped[int]
    active_days: Mapped[int]
    day60: Mapped[str] = mapped_column(String(16))
    active_weeks: Mapped[str] = mapped_column(Text)
    first_day_weeks: Mapped[str] = mapped_column(Text)
    there_weeks: Mapped[str] = mapped_column(Text)
    start_day: Mapped[date]
    team_id: Mapped[int | None] = mapped_column(BigKey, default=None)
    path: Mapped[str | None] = mapped_column(String(60), default=None)


class LifecycleWeek(Base):
    """Who was active in a week or in the one before, by what the week was to them (METRICS U4)."""

    __tablename__ = "lifecycle_week"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    week_start: Mapped[date] = mapped_column(primary_key=True)
    new_reps: Mapped[int]
    returning_reps: Mapped[int]
    resurrecting_reps: Mapped[int]
    dormant_reps: Mapped[int]
    departed_reps: Mapped[int]


class CohortPoint(Base):
    """How many of a cohort were back so many weeks after it began (METRICS U5, mode `on`).

    A cohort began with its first use in a week (`first_use`), or could begin in a month (`start`).
    """

    __tablename__ = "cohort_point"
    __table_args__ = (CheckConstraint("basis IN ('first_use', 'start')", name="basis_known"),)

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    basis: Mapped[str] = mapped_column(String(10), primary_key=True)
    cohort: Mapped[date] = mapped_column(primary_key=True)
    period: Mapped[int] = mapped_column(primary_key=True)
    at_risk: Mapped[int]
    back: Mapped[int]


class AdoptionGroup(Base):
    """The reps of a team or a channel at the end of the drawn week; an empty name is nobody's."""

    __tablename__ = "adoption_group"
    __table_args__ = (CheckConstraint("basis IN ('team', 'channel')", name="basis_known"),)

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    basis: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    here: Mapped[int]
    measurable: Mapped[int]
    sustained: Mapped[int]
    near: Mapped[int]
    team_id: Mapped[int | None] = mapped_column(BigKey, default=None)


class ActiveDaysBucket(Base):
    """How many current reps were active on so many of the last 28 dates (METRICS U6)."""

    __tablename__ = "active_days_bucket"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    active_days: Mapped[int] = mapped_column(primary_key=True)
    reps: Mapped[int]


class OwnDayShare(Base):
    """How many of the reps who got to one of their own days had the habit on it."""

    __tablename__ = "own_day_share"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    own_day: Mapped[int] = mapped_column(primary_key=True)
    sustained: Mapped[int]
    measurable: Mapped[int]


class SeriesPoint(Base):
    """The sustained share at a week's end under one version of the adoption rule (METRICS 2.4).

    A new version starts a new series; what an older one said stays as it was last drawn.
    """

    __tablename__ = "series_point"

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    rule_version: Mapped[int] = mapped_column(primary_key=True)
    week_start: Mapped[date] = mapped_column(primary_key=True)
    sustained: Mapped[int]
    measurable: Mapped[int]
