"""Tables of the leaderboard: boards, what each rep brought, standings as rows, results kept."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey, Key


class Board(Base):
    """A metric over a window, with sides. It carries a title and a link and knows no contest.

    `version` rises whenever a row of its standings changes; pages are tagged with it.
    `ends_on` is the first date after the window. `team_ids` None means every team.
    """

    __tablename__ = "board"
    __table_args__ = (
        CheckConstraint("slug <> ''", name="slug_given"),
        CheckConstraint("ends_on > starts_on", name="ends_after_start"),
        CheckConstraint("starts_on >= '1970-01-02' AND ends_on < '2200-01-01'", name="dates_sane"),
        CheckConstraint(
            "mode IN ('participation', 'per_capita', 'total', 'improvement', 'handicap')",
            name="mode_known",
        ),
        Index("ix_board_programme_id", "programme_id", "starts_on"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    link: Mapped[str] = mapped_column(String(200))
    mode: Mapped[str] = mapped_column(String(16))
    rules: Mapped[list[dict[str, object]]] = mapped_column(JSON)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    closes_at: Mapped[datetime]
    unit: Mapped[str] = mapped_column(String(8), default="team")
    team_ids: Mapped[list[int] | None] = mapped_column(JSON, default=None)
    target_days: Mapped[str] = mapped_column(String(20), default="2")
    min_team_size: Mapped[str] = mapped_column(String(20), default="3")
    shrink_k: Mapped[str] = mapped_column(String(20), default="10")
    baseline_days: Mapped[int] = mapped_column(default=28)
    hides_at: Mapped[datetime | None] = mapped_column(default=None)
    is_listed: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=0)
    counted_at: Mapped[datetime | None] = mapped_column(default=None)
    changed_at: Mapped[datetime | None] = mapped_column(default=None)
    frozen_at: Mapped[datetime | None] = mapped_column(default=None)
    frozen_rev: Mapped[int | None] = mapped_column(default=None)
    has_snapshot: Mapped[bool] = mapped_column(default=False)


class BoardMark(Base):
    """How far a board's fold has come: which facts it has seen and under which terms."""

    __tablename__ = "board_mark"

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    batch_floor: Mapped[int] = mapped_column(BigKey, default=0)
    batches_seen: Mapped[list[int]] = mapped_column(JSON, default_factory=list)
    person_change_id: Mapped[int] = mapped_column(BigKey, default=0)
    terms_hash: Mapped[str] = mapped_column(String(64), default="")
    rows_hash: Mapped[str] = mapped_column(String(64), default="")


class MemberRow(Base):
    """What one rep brought to one team so far. Exact numbers are kept as text: "7/2"."""

    __tablename__ = "board_member"
    __table_args__ = (Index("ix_board_member_team_id", "board_id", "team_id"),)

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(BigKey, ForeignKey("team.id"), primary_key=True)
    points: Mapped[str] = mapped_column(Text)
    active_days: Mapped[int]
    available_days: Mapped[int]
    asked_days: Mapped[int]
    on_roster: Mapped[bool]


class ScoreEntry(Base):
    """One rep's points of one date, with the team they belong to; only dates with events."""

    __tablename__ = "score_entry"

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    local_day: Mapped[date] = mapped_column(primary_key=True)
    team_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("team.id"))
    points: Mapped[str] = mapped_column(Text)
    counted: Mapped[int]
    uncounted: Mapped[int]


class Standing(Base):
    """One team's row of a board as it is now, read by index."""

    __tablename__ = "standing"
    __table_args__ = (Index("ix_standing_rank", "board_id", "rank"),)

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(BigKey, ForeignKey("team.id"), primary_key=True)
    unit_name: Mapped[str] = mapped_column(String(120))
    rank: Mapped[int | None]
    score: Mapped[str | None] = mapped_column(Text)
    rank_score: Mapped[str | None] = mapped_column(Text)
    points: Mapped[str] = mapped_column(Text)
    headcount: Mapped[str] = mapped_column(Text)
    roster: Mapped[int]
    participants: Mapped[int]
    member_days: Mapped[int]
    reason: Mapped[str | None] = mapped_column(String(20))
    previous_rank: Mapped[int | None] = mapped_column(default=None)
    previous_score: Mapped[str | None] = mapped_column(Text, default=None)


class StandingDay(Base):
    """A team's place and score at the close of one date, for the race so far."""

    __tablename__ = "standing_day"

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(BigKey, ForeignKey("team.id"), primary_key=True)
    local_day: Mapped[date] = mapped_column(primary_key=True)
    rank: Mapped[int | None]
    score: Mapped[str | None] = mapped_column(Text)


class FrozenStanding(Base):
    """A row of a result that never changes again. `rev` 0 is the snapshot shown near the end."""

    __tablename__ = "frozen_standing"
    __table_args__ = (Index("ix_frozen_standing_rank", "board_id", "rev", "rank"),)

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    rev: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(BigKey, ForeignKey("team.id"), primary_key=True)
    unit_name: Mapped[str] = mapped_column(String(120))
    rank: Mapped[int | None]
    score: Mapped[str | None] = mapped_column(Text)
    rank_score: Mapped[str | None] = mapped_column(Text)
    points: Mapped[str] = mapped_column(Text)
    headcount: Mapped[str] = mapped_column(Text)
    roster: Mapped[int]
    participants: Mapped[int]
    member_days: Mapped[int]
    reason: Mapped[str | None] = mapped_column(String(20))
