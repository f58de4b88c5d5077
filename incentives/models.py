"""Tables of contests and thanks. A contest's board, rules and result stand in the leaderboard."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey, Key

STATES = (
    "'draft', 'submitted', 'scheduled', 'running', 'paused', 'grace', 'computing', "
    "'provisional', 'final', 'cancelled', 'archived'"
)


class Contest(Base):
    """A board with sides, a start, an end, prizes and a close. `last_on` is its last day.

    `version` counts submissions, `rev` results; `change` rises with every transition, so that a
    page can be tagged. `liability_minor` is what was reserved at approval.
    """

    __tablename__ = "contest"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state_known"),
        CheckConstraint("last_on >= starts_on", name="last_after_start"),
        CheckConstraint("slug <> '' AND title <> ''", name="texts_given"),
        CheckConstraint("liability_minor >= 0", name="liability_range"),
        Index("ix_contest_state", "state"),
        Index("ix_contest_programme_id", "programme_id", "starts_on"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), unique=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    starts_on: Mapped[date]
    last_on: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    grace_ends_at: Mapped[datetime]
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), default="draft")
    author_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    approver_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    goal: Mapped[str | None] = mapped_column(String(20), default=None)
    freeze_hours: Mapped[int] = mapped_column(default=0)
    note: Mapped[str | None] = mapped_column(Text, default=None)
    terms: Mapped[dict[str, object]] = mapped_column(JSON, default_factory=dict)
    rules_hash: Mapped[str] = mapped_column(String(64), default="")
    liability_minor: Mapped[int] = mapped_column(BigKey, default=0)
    version: Mapped[int] = mapped_column(default=0)
    rev: Mapped[int] = mapped_column(default=1)
    pauses: Mapped[int] = mapped_column(default=0)
    change: Mapped[int] = mapped_column(default=0)
    provisional_at: Mapped[datetime | None] = mapped_column(default=None)
    final_at: Mapped[datetime | None] = mapped_column(default=None)
    result_hash: Mapped[str | None] = mapped_column(String(64), default=None)
    alarm: Mapped[str | None] = mapped_column(String(200), default=None)


class ContestEvent(Base):
    """One transition, under a key that is used once for ever. `at` is the official instant."""

    __tablename__ = "contest_event"
    __table_args__ = (Index("ix_contest_event_contest_id", "contest_id", "id"),)

    id: Mapped[Key] = mapped_column(init=False)
    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"))
    key: Mapped[str] = mapped_column(String(80), unique=True)
    step: Mapped[str] = mapped_column(String(20))
    from_state: Mapped[str] = mapped_column(String(12))
    to_state: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    reason: Mapped[str | None] = mapped_column(Text, default=None)


class Prize(Base):
    """What a place wins; `place` null is the goal prize. `cost_minor` is for one winning team."""

    __tablename__ = "prize"
    __table_args__ = (
        CheckConstraint("place IS NULL OR place BETWEEN 1 AND 1000", name="place_range"),
        CheckConstraint("cost_minor >= 0", name="cost_range"),
        Index("ix_prize_contest_id", "contest_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"))
    title: Mapped[str] = mapped_column(String(120))
    place: Mapped[int | None] = mapped_column(default=None)
    cost_minor: Mapped[int] = mapped_column(BigKey, default=0)
    reserve_score: Mapped[str | None] = mapped_column(String(20), default=None)


class Award(Base):
    """A prize given to a team, with the one ledger entry that pays it; the reps on its roster are
    thanked by a `Recognition` each. One per source, rule, recipient and revision, for ever.
    """

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint("source", "rule", "recipient", "rev", name="uq_award_fact"),
        CheckConstraint("amount_minor >= 0", name="amount_range"),
        CheckConstraint("(team_id IS NULL) <> (person_id IS NULL)", name="one_recipient"),
        CheckConstraint(
            "state IN ('proposed', 'pending_approval', 'approved', 'granted', 'announced', "
            "'held', 'rejected', 'expired', 'reversed')",
            name="state_known",
        ),
        Index("ix_award_state", "state"),
        Index("ix_award_contest_id", "contest_id"),
        Index("ix_award_person_id", "person_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    source: Mapped[str] = mapped_column(String(60))
    rule: Mapped[str] = mapped_column(String(60))
    recipient: Mapped[str] = mapped_column(String(60))
    rev: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    granted_at: Mapped[datetime]
    entry_key: Mapped[str] = mapped_column(String(200), unique=True)
    contest_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("contest.id"), default=None)
    prize_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("prize.id"), default=None)
    team_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("team.id"), default=None)
    person_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    place: Mapped[int | None] = mapped_column(default=None)
    amount_minor: Mapped[int] = mapped_column(BigKey, default=0)
    announced_at: Mapped[datetime | None] = mapped_column(default=None)


class Recognition(Base):
    """A named person's thanks for a named act; for an award, one per rep it thanks."""

    __tablename__ = "recognition"
    __table_args__ = (
        UniqueConstraint("award_id", "person_id", name="uq_recognition_award"),
        Index("ix_recognition_person_id", "person_id", "given_at"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime]
    award_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("award.id"), default=None)
    given_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)


class Dispute(Base):
    """A doubt about a provisional result. While one is open, nothing is finalised."""

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'rejected', 'upheld')", name="state_known"),
        Index("ix_dispute_contest_id", "contest_id", "state"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"))
    opened_by_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="open")
    decided_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    answer: Mapped[str | None] = mapped_column(Text, default=None)
