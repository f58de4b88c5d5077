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
    page can be tagged. `liability_minor` is what was reserved at approval, `high_water_id` the
    last usage event that was stored when the counting of the result began.
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
    eligible_at_start: Mapped[int | None] = mapped_column(default=None)
    reached_at_start: Mapped[int | None] = mapped_column(default=None)
    high_water_id: Mapped[int | None] = mapped_column(BigKey, default=None)


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
    """What a place wins; `place` null is the goal prize, or with `is_improvement` the one for the
    most improved. `cost_minor` is for one winning unit, or for each manager of it (`for_manager`).
    A manager's may ask for a share of weekly loops kept inside the contest (`min_loops_kept`).
    `stock` says how many there are (null: as many as are won), `taken` how many are given.
    """

    __tablename__ = "prize"
    __table_args__ = (
        CheckConstraint("place IS NULL OR place BETWEEN 1 AND 1000", name="place_range"),
        CheckConstraint("cost_minor >= 0", name="cost_range"),
        CheckConstraint("taken >= 0 AND (stock IS NULL OR taken <= stock)", name="stock_covers"),
        Index("ix_prize_contest_id", "contest_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"))
    title: Mapped[str] = mapped_column(String(120))
    place: Mapped[int | None] = mapped_column(default=None)
    cost_minor: Mapped[int] = mapped_column(BigKey, default=0)
    reserve_score: Mapped[str | None] = mapped_column(String(20), default=None)
    is_improvement: Mapped[bool] = mapped_column(default=False)
    for_manager: Mapped[bool] = mapped_column(default=False)
    min_loops_kept: Mapped[str | None] = mapped_column(String(40), default=None)
    stock: Mapped[int | None] = mapped_column(default=None)
    taken: Mapped[int] = mapped_column(default=0, server_default="0")


class BracketPrize(Base):
    """What the winner (`place` 1) or the runner-up (2) of a bracket gets."""

    __tablename__ = "bracket_prize"
    __table_args__ = (
        CheckConstraint("place IN (1, 2)", name="place_range"),
        CheckConstraint("cost_minor >= 0", name="cost_range"),
        Index("ix_bracket_prize_bracket_id", "bracket_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    bracket_id: Mapped[int] = mapped_column(BigKey, ForeignKey("bracket.id"))
    title: Mapped[str] = mapped_column(String(120))
    place: Mapped[int]
    cost_minor: Mapped[int] = mapped_column(BigKey, default=0)


class Award(Base):
    """A prize given to a team, a side or a person, with the one ledger entry that pays it; the reps
    on the roster are thanked by a `Recognition` each. One per source, rule, recipient and revision,
    for ever.
    `granted_at` says when it was proposed until it is granted; `holds` counts how often it waited.
    `is_sealed`: nobody hears of it before its reveal in the ceremony.
    """

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint("source", "rule", "recipient", "rev", name="uq_award_fact"),
        CheckConstraint("amount_minor >= 0", name="amount_range"),
        CheckConstraint(
            "CASE WHEN team_id IS NULL THEN 0 ELSE 1 END + CASE WHEN person_id IS NULL THEN 0 "
            "ELSE 1 END + CASE WHEN side_id IS NULL THEN 0 ELSE 1 END = 1",
            name="one_recipient",
        ),
        CheckConstraint(
            "state IN ('proposed', 'pending_approval', 'approved', 'granted', 'announced', "
            "'held', 'rejected', 'expired', 'reversed')",
            name="state_known",
        ),
        Index("ix_award_state", "state"),
        Index("ix_award_contest_id", "contest_id"),
        Index("ix_award_bracket_id", "bracket_id"),
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
    side_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("board_side.id"), default=None)
    place: Mapped[int | None] = mapped_column(default=None)
    amount_minor: Mapped[int] = mapped_column(BigKey, default=0)
    announced_at: Mapped[datetime | None] = mapped_column(default=None)
    proposed_by_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("person.id"), default=None
    )
    held_at: Mapped[datetime | None] = mapped_column(default=None)
    held_because: Mapped[str | None] = mapped_column(String(20), default=None)
    holds: Mapped[int] = mapped_column(default=0)
    is_sealed: Mapped[bool] = mapped_column(default=False)
    bracket_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("bracket.id"), default=None)


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


class ContestPause(Base):
    """An interval in which a contest rested, and by how many days its end moved for it."""

    __tablename__ = "contest_pause"
    __table_args__ = (
        CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="closes_after_opening"),
        CheckConstraint("moved_days >= 0", name="moved_days_range"),
    )

    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    moved_days: Mapped[int] = mapped_column(default=0)


class SourceWaiver(Base):
    """A declared source that need not report past the end, by whose word and why (case 7)."""

    __tablename__ = "source_waiver"

    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"), primary_key=True)
    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    waived_at: Mapped[datetime]
    waived_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"))


class Disqualification(Base):
    """A person or a team left out of a contest, why, by whom; kept after it was undone too."""

    __tablename__ = "disqualification"
    __table_args__ = (
        CheckConstraint("(team_id IS NULL) <> (person_id IS NULL)", name="one_subject"),
        Index("ix_disqualification_contest_id", "contest_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"))
    code: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    team_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("team.id"), default=None)
    decided_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    second_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    restored_at: Mapped[datetime | None] = mapped_column(default=None)
    restored_by_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("person.id"), default=None
    )
    restored_because: Mapped[str | None] = mapped_column(Text, default=None)


class SecondYes(Base):
    """A step somebody asked for and a second person has to confirm (two-person rule).

    `open_key` is set while it waits, so that one step of one contest waits once only.
    """

    __tablename__ = "second_yes"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'given', 'refused', 'withdrawn')", name="state_known"),
        Index("ix_second_yes_contest_id", "contest_id", "state"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    contest_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("contest.id"))
    award_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("award.id"))
    verb: Mapped[str] = mapped_column(String(20))
    terms: Mapped[dict[str, object]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    open_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="open")
    decided_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)


class AwardEvent(Base):
    """One transition of an award, under a key that is used once for ever."""

    __tablename__ = "award_event"
    __table_args__ = (Index("ix_award_event_award_id", "award_id", "id"),)

    id: Mapped[Key] = mapped_column(init=False)
    award_id: Mapped[int] = mapped_column(BigKey, ForeignKey("award.id"))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    step: Mapped[str] = mapped_column(String(20))
    from_state: Mapped[str] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    reason: Mapped[str | None] = mapped_column(Text, default=None)


class ReviewFlag(Base):
    """A pattern a detector saw in somebody's contest events, and what people decided on it.

    `evidence` and `held_keys` list (source, event id). Two decisions may follow: `looked_` is the
    first (hold some events, or clear the flag), `ruled_` the second (release them, or let the hold
    stand). `superseded`: the pattern changed or went before anybody looked.
    """

    __tablename__ = "review_flag"
    __table_args__ = (
        UniqueConstraint(
            "contest_id", "person_id", "detector", "evidence_hash", name="uq_review_flag_evidence"
        ),
        CheckConstraint("detector IN ('D1', 'D2', 'D3', 'D4', 'D5')", name="detector_known"),
        CheckConstraint(
            "state IN ('open', 'held', 'released', 'upheld', 'cleared', 'superseded')",
            name="state_known",
        ),
        Index("ix_review_flag_state", "contest_id", "state"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"))
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    detector: Mapped[str] = mapped_column(String(2))
    evidence_hash: Mapped[str] = mapped_column(String(64))
    evidence: Mapped[list[list[str]]] = mapped_column(JSON)
    numbers: Mapped[dict[str, int]] = mapped_column(JSON)
    found_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="open")
    held_keys: Mapped[list[list[str]]] = mapped_column(JSON, default_factory=list)
    looked_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    looked_at: Mapped[datetime | None] = mapped_column(default=None)
    looked_because: Mapped[str | None] = mapped_column(Text, default=None)
    ruled_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    ruled_at: Mapped[datetime | None] = mapped_column(default=None)
    ruled_because: Mapped[str | None] = mapped_column(Text, default=None)


class ReviewMark(Base):
    """The newest usage event the detectors have looked past in a contest."""

    __tablename__ = "review_mark"

    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"), primary_key=True)
    newest_event_id: Mapped[int] = mapped_column(BigKey, default=0)


class UsageClaim(Base):
    """A rep's word that a use of theirs is missing, and the answer. Accepted, it is an event."""

    __tablename__ = "usage_claim"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'accepted', 'rejected')", name="state_known"),
        Index("ix_usage_claim_contest_id", "contest_id", "state"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"))
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(80))
    occurred_at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime]
    object_id: Mapped[str | None] = mapped_column(String(200), default=None)
    state: Mapped[str] = mapped_column(String(10), default="open")
    decided_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)
    answer: Mapped[str | None] = mapped_column(Text, default=None)


class BoardLink(Base):
    """A way to a wall, an embedded board or feeds without signing in; the key is kept as a hash.

    A wall's link names a programme, an embedded board's a contest, that of feeds neither: it shows
    what `owner_id` may see.
    """

    __tablename__ = "board_link"
    __table_args__ = (
        CheckConstraint("kind IN ('wall', 'embed', 'feed')", name="kind_known"),
        CheckConstraint("expires_at > created_at", name="ends_after_start"),
        CheckConstraint(
            "(kind = 'wall') = (programme_id IS NOT NULL) "
            "AND (kind = 'embed') = (contest_id IS NOT NULL)",
            name="one_subject",
        ),
        Index("ix_board_link_owner_id", "owner_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    kind: Mapped[str] = mapped_column(String(5))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    owner_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    programme_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("programme.id"), default=None
    )
    contest_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("contest.id"), default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_by_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)


class Ceremony(Base):
    """The event that shows who won. While it is planned or open, the results are sealed.

    `position` is the screen shown: 0 the opening one, then one winner each, then the thanks.
    Nobody having held it, it opens the results by itself `release_days` after `planned_at`.
    """

    __tablename__ = "ceremony"
    __table_args__ = (
        CheckConstraint("state IN ('planned', 'open', 'revealed', 'released')", name="state_known"),
        CheckConstraint("release_days BETWEEN 1 AND 60", name="release_range"),
        CheckConstraint("position >= 0", name="position_range"),
        Index("ix_ceremony_state", "state"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    contest_id: Mapped[int] = mapped_column(BigKey, ForeignKey("contest.id"), unique=True)
    planned_at: Mapped[datetime]
    host_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"))
    release_days: Mapped[int] = mapped_column(default=7)
    state: Mapped[str] = mapped_column(String(10), default="planned")
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
    rehearsed_at: Mapped[datetime | None] = mapped_column(default=None)
    opened_at: Mapped[datetime | None] = mapped_column(default=None)
    over_at: Mapped[datetime | None] = mapped_column(default=None)


class CeremonyReveal(Base):
    """A winner shown, once for ever; `screen` names the place or award and whose it is."""

    __tablename__ = "ceremony_reveal"
    __table_args__ = (Index("ix_ceremony_reveal_ceremony_id", "ceremony_id"),)

    id: Mapped[Key] = mapped_column(init=False)
    ceremony_id: Mapped[int] = mapped_column(BigKey, ForeignKey("ceremony.id"))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    screen: Mapped[str] = mapped_column(String(80))
    revealed_at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
