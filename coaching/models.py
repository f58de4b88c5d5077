"""Tables of the weekly loop: a team's week, each rep's item, its moments, the fix, what was said.

What was shown on the set day is kept as it was shown; late data changes later weeks, never a talk
that was held.
"""

from datetime import date, datetime, time
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

_OPEN_FIX = "state IN ('coached', 'due', 'excused')"


class Loop(Base):
    """A team's week: the number shown on the set day, and whether the loop was kept.

    `manager_id` led the team on the first day of the week. `on_time` of `due` occasions fired in
    the week before (METRICS S3), `pending` were not due yet by `through`. `missed` counts the
    moments that waited for a talk, `cost` what they cost where the company has set its decay.
    """

    __tablename__ = "loop"
    __table_args__ = (
        UniqueConstraint("programme_id", "team_id", "week", name="uq_loop_week"),
        CheckConstraint(
            "outcome IN ('open', 'kept', 'skipped', 'nothing_missed', 'excused', 'system')",
            name="outcome_known",
        ),
        CheckConstraint("on_time BETWEEN 0 AND due", name="on_time_range"),
        Index("ix_loop_manager_id", "manager_id", "week"),
        Index("ix_loop_week", "programme_id", "week"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    team_id: Mapped[int] = mapped_column(BigKey, ForeignKey("team.id"))
    week: Mapped[date]
    through: Mapped[date]
    prepared_at: Mapped[datetime]
    manager_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    on_time: Mapped[int] = mapped_column(default=0)
    due: Mapped[int] = mapped_column(default=0)
    pending: Mapped[int] = mapped_column(default=0)
    missed: Mapped[int] = mapped_column(default=0)
    cost: Mapped[float | None] = mapped_column(default=None)
    is_complete: Mapped[bool] = mapped_column(default=True)
    outcome: Mapped[str] = mapped_column(String(16), default="open")
    decided_at: Mapped[datetime | None] = mapped_column(default=None)


class CoachingItem(Base):
    """One rep's week (TRUST, coaching_review): at most one per rep and week, and one open fix.

    `author_id` coached, for `manager_id` when a deputy did. The review is at `review_at`, on the
    author's date `review_on`; leave moves it and `first_review_on` stays. `outcome` is what the
    next due moment showed, `proof` whether events or somebody's word say so. `missed_by` tells why
    a week went without: skipped by the manager, another rep picked, or our own outage. `change`
    rises with all that happens to it, so calendars know the newer; `called_off_at` says that no
    review will be held.
    """

    __tablename__ = "coaching_item"
    __table_args__ = (
        UniqueConstraint("programme_id", "rep_id", "week", name="uq_coaching_item_week"),
        CheckConstraint(
            "state IN ('planned', 'number_shown', 'deal_chosen', 'coached', 'due', 'done', "
            "'not_done', 'missed', 'excused', 'closed')",
            name="state_known",
        ),
        CheckConstraint(
            "outcome IS NULL OR outcome IN ('done', 'not_done', 'no_chance')", name="outcome_known"
        ),
        CheckConstraint("proof IS NULL OR proof IN ('event', 'statement')", name="proof_known"),
        CheckConstraint(
            "missed_by IS NULL OR missed_by IN ('manager', 'not_picked', 'system')",
            name="missed_by_known",
        ),
        CheckConstraint("on_time BETWEEN 0 AND due", name="on_time_range"),
        Index("ix_coaching_item_loop_id", "loop_id"),
        Index("ix_coaching_item_state", "state", "review_at"),
        Index("ix_coaching_item_author_id", "author_id", "week"),
        Index("ix_coaching_item_rep_id", "rep_id", "week"),
        Index(
            "uq_coaching_item_open_fix",
            "rep_id",
            unique=True,
            sqlite_where=text(_OPEN_FIX),
            postgresql_where=text(_OPEN_FIX),
        ),
    )

    id: Mapped[Key] = mapped_column(init=False)
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    loop_id: Mapped[int] = mapped_column(BigKey, ForeignKey("loop.id"))
    rep_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    week: Mapped[date]
    state: Mapped[str] = mapped_column(String(12), default="planned")
    on_time: Mapped[int] = mapped_column(default=0)
    due: Mapped[int] = mapped_column(default=0)
    pending: Mapped[int] = mapped_column(default=0)
    moment_id: Mapped[int | None] = mapped_column(BigKey, default=None)
    author_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    manager_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    coached_at: Mapped[datetime | None] = mapped_column(default=None)
    review_at: Mapped[datetime | None] = mapped_column(default=None)
    review_on: Mapped[date | None] = mapped_column(default=None)
    first_review_on: Mapped[date | None] = mapped_column(default=None)
    moves: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    marked_at: Mapped[datetime | None] = mapped_column(default=None)
    outcome: Mapped[str | None] = mapped_column(String(12), default=None)
    proof: Mapped[str | None] = mapped_column(String(12), default=None)
    evidence: Mapped[list[dict[str, object]]] = mapped_column(JSON, default_factory=list)
    missed_by: Mapped[str | None] = mapped_column(String(12), default=None)
    next_item_id: Mapped[int | None] = mapped_column(BigKey, default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    is_shared_up: Mapped[bool] = mapped_column(default=False)
    change: Mapped[int] = mapped_column(default=0)
    called_off_at: Mapped[datetime | None] = mapped_column(default=None)
    words_forgotten_at: Mapped[datetime | None] = mapped_column(default=None)


class CoachingStep(Base):
    """One transition of an item, under its key once for ever (TRUST, one key per fact)."""

    __tablename__ = "coaching_step"
    __table_args__ = (Index("ix_coaching_step_item_id", "item_id"),)

    id: Mapped[Key] = mapped_column(init=False)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    item_id: Mapped[int] = mapped_column(BigKey, ForeignKey("coaching_item.id"))
    frm: Mapped[str] = mapped_column(String(12))
    to: Mapped[str] = mapped_column(String(12))
    event: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)


class CoachingMoment(Base):
    """A missed moment as the manager saw it that Monday (METRICS S4-S6), dearest first.

    `rate` and `decay` are what the price was worked out with, so that it can be read again.
    """

    __tablename__ = "coaching_moment"
    __table_args__ = (UniqueConstraint("item_id", "signal_key", name="uq_coaching_moment_signal"),)

    id: Mapped[Key] = mapped_column(init=False)
    item_id: Mapped[int] = mapped_column(BigKey, ForeignKey("coaching_item.id"))
    position: Mapped[int]
    signal_key: Mapped[str] = mapped_column(String(120), index=True)
    deal_key: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(20))
    fired_on: Mapped[date]
    delay_days: Mapped[int]
    account: Mapped[str | None] = mapped_column(String(200), default=None)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2), default=None)
    currency: Mapped[str | None] = mapped_column(String(3), default=None)
    proposal_on: Mapped[date | None] = mapped_column(default=None)
    due_on: Mapped[date | None] = mapped_column(default=None)
    dismissed_on: Mapped[date | None] = mapped_column(default=None)
    acted_on: Mapped[date | None] = mapped_column(default=None)
    closed_on: Mapped[date | None] = mapped_column(default=None)
    rate: Mapped[float | None] = mapped_column(default=None)
    decay: Mapped[float | None] = mapped_column(default=None)
    cost: Mapped[float | None] = mapped_column(default=None)


class Fix(Base):
    """The one next step of an item, in the manager's words; the key makes a second impossible."""

    __tablename__ = "fix"

    item_id: Mapped[int] = mapped_column(BigKey, ForeignKey("coaching_item.id"), primary_key=True)
    words: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime]
    idea: Mapped[str | None] = mapped_column(String(60), index=True, default=None)
    acknowledged_at: Mapped[datetime | None] = mapped_column(default=None)


class CoachingNote(Base):
    """What rep or manager said to an item: an answer, doubted facts, a word at the review."""

    __tablename__ = "coaching_note"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('comment', 'dispute', 'answer', 'review', 'addendum')", name="kind_known"
        ),
        CheckConstraint("verdict IS NULL OR verdict IN ('right', 'stands')", name="verdict_known"),
        Index("ix_coaching_note_item_id", "item_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    item_id: Mapped[int] = mapped_column(BigKey, ForeignKey("coaching_item.id"))
    author_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(10))
    words: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    verdict: Mapped[str | None] = mapped_column(String(8), default=None)
    answered_at: Mapped[datetime | None] = mapped_column(default=None)


class FixIdea(Base):
    """A fix somebody added to the house's own library; `about` is a missed status, or any."""

    __tablename__ = "fix_idea"
    __table_args__ = (
        UniqueConstraint("programme_id", "slug", name="uq_fix_idea_slug"),
        CheckConstraint("about IN ('any', 'late', 'dismissed', 'ignored')", name="about_known"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    slug: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(120))
    words: Mapped[str] = mapped_column(Text)
    about: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    author_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    retired_at: Mapped[datetime | None] = mapped_column(default=None)


class SetDay(Base):
    """The weekday (0 is Monday) and local time at which a manager holds reviews."""

    __tablename__ = "set_day"
    __table_args__ = (CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_range"),)

    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    weekday: Mapped[int]
    at: Mapped[time]


class CoverageWeek(Base):
    """METRICS S3 of a rep's occasions fired in a week, counted anew while late data may come."""

    __tablename__ = "coverage_week"
    __table_args__ = (
        CheckConstraint("on_time BETWEEN 0 AND due", name="on_time_range"),
        Index("ix_coverage_week_team", "programme_id", "team_id", "week"),
        {"sqlite_with_rowid": False},
    )

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    team_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("team.id"))
    on_time: Mapped[int]
    due: Mapped[int]
    pending: Mapped[int]
