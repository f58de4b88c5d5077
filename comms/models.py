"""Tables of what we say: tips, the campaigns that send them, and who got which or why not."""

from datetime import date, datetime, time

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey, Key


class Tip(Base):
    """One useful hint; `about` names the kind of use it teaches, `position` its turn."""

    __tablename__ = "tip"
    __table_args__ = (
        UniqueConstraint("programme_id", "slug", name="uq_tip_key"),
        CheckConstraint("slug <> ''", name="slug_given"),
        CheckConstraint("subject <> ''", name="subject_given"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    slug: Mapped[str] = mapped_column(String(120))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    about: Mapped[str | None] = mapped_column(String(80), default=None)
    position: Mapped[int] = mapped_column(default=0)
    written_by: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    retired_at: Mapped[datetime | None] = mapped_column(default=None)


class Campaign(Base):
    """A series of tips to an audience; `day` counts Monday as 0, `at` is a wall clock."""

    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("programme_id", "slug", name="uq_campaign_key"),
        CheckConstraint("slug <> ''", name="slug_given"),
        CheckConstraint("day BETWEEN 0 AND 6", name="day"),
        CheckConstraint("holdout_percent BETWEEN 0 AND 90", name="holdout"),
        CheckConstraint("cadence IN ('weekly', 'fortnightly')", name="cadence_known"),
        CheckConstraint("state IN ('active', 'stopped')", name="state_known"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    slug: Mapped[str] = mapped_column(String(120))
    day: Mapped[int]
    at: Mapped[time]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(default=None)
    cadence: Mapped[str] = mapped_column(String(12), default="weekly")
    states: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    tips: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    holdout_percent: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(8), default="active")
    scheduled_by: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    stopped_at: Mapped[datetime | None] = mapped_column(default=None)


class Issue(Base):
    """One sending of a campaign; `day` is its date in the programme's zone and its identity."""

    __tablename__ = "issue"
    __table_args__ = (
        UniqueConstraint("campaign_id", "day", name="uq_issue_key"),
        Index("ix_issue_due_at", "due_at"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    campaign_id: Mapped[int] = mapped_column(BigKey, ForeignKey("campaign.id"))
    day: Mapped[date]
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime]
    use_by: Mapped[datetime]


class IssueRecipient(Base):
    """What an issue did for one person: a letter with a tip, or the reason why not."""

    __tablename__ = "issue_recipient"
    __table_args__ = (
        UniqueConstraint("issue_id", "person_id", name="uq_issue_recipient_key"),
        CheckConstraint(
            "outcome IN ('queued', 'left', 'opted_out', 'away', 'capped', 'no_tip', 'held_back')",
            name="outcome_known",
        ),
        CheckConstraint("(outcome IN ('queued', 'held_back')) = (tip_id IS NOT NULL)", name="tip"),
        Index("ix_issue_recipient_person_id", "person_id", "outcome"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    issue_id: Mapped[int] = mapped_column(BigKey, ForeignKey("issue.id"))
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(String(12))
    tip_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("tip.id"), default=None)
    send_at: Mapped[datetime | None] = mapped_column(default=None)
