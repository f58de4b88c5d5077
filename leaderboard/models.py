"""Tables of the leaderboard: boards, what each rep brought, standings as rows, results kept."""

from datetime import date, datetime

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey, Key


class Board(Base):
    """A metric over a window, with sides. It carries a title and a link and knows no contest.

    `version` rises whenever a row of its standings changes; pages are tagged with it.
    A board of no contest (`kind` standing, all_time) has no end: its window grows by the date.
    `ends_on` is the first date after the window. `unit` says what its `unit_id`s are keys of (team,
    person, side; `rules.units`). `team_ids` None means every team. `divisions` are cut at publish.
    Whoever is excluded counts nowhere on it: not in points, headcount or roster.
    """

    __tablename__ = "board"
    __table_args__ = (
        CheckConstraint("slug <> ''", name="slug_given"),
        CheckConstraint("ends_on > starts_on", name="ends_after_start"),
        CheckConstraint("starts_on >= '1970-01-02' AND ends_on < '2200-01-01'", name="dates_sane"),
        CheckConstraint("kind IN ('contest', 'standing', 'all_time')", name="kind_known"),
        CheckConstraint("unit IN ('team', 'person', 'adhoc', 'division')", name="unit_known"),
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
    kind: Mapped[str] = mapped_column(String(8), default="contest")
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
    is_sealed: Mapped[bool] = mapped_column(default=False)
    division_by: Mapped[str | None] = mapped_column(String(8), default=None)
    division_of: Mapped[int] = mapped_column(default=8)
    divisions: Mapped[list[dict[str, object]] | None] = mapped_column(JSON, default=None)
    tie_break: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    rewards_improvement: Mapped[bool] = mapped_column(default=False)
    is_void: Mapped[bool] = mapped_column(default=False)
    excluded_people: Mapped[list[int]] = mapped_column(JSON, default_factory=list)
    excluded_teams: Mapped[list[int]] = mapped_column(JSON, default_factory=list)

    @property
    def is_contest(self) -> bool:
        """Whether it has an end and belongs to a race; else it goes on by itself."""
        return self.kind == "contest"


class BoardMark(Base):
    """How far a board's fold has come: which facts it has seen and under which terms."""

    __tablename__ = "board_mark"

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    batch_floor: Mapped[int] = mapped_column(BigKey, default=0)
    batches_seen: Mapped[list[int]] = mapped_column(JSON, default_factory=list)
    person_change_id: Mapped[int] = mapped_column(BigKey, default=0)
    terms_hash: Mapped[str] = mapped_column(String(64), default="")


class Side(Base):
    """A named list of people that races as one: a board's own team (unit `adhoc`)."""

    __tablename__ = "board_side"
    __table_args__ = (
        UniqueConstraint("board_id", "name"),
        CheckConstraint("name <> ''", name="name_given"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"))
    name: Mapped[str] = mapped_column(String(120))


class SidePerson(Base):
    """Somebody on a side; on one of each board at most (CONTESTS case 18)."""

    __tablename__ = "board_side_person"
    __table_args__ = (Index("ix_board_side_person_side_id", "side_id"),)

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    side_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board_side.id"))


class MemberRow(Base):
    """What one rep brought to one unit so far. Exact numbers are kept as text: "7/2".

    `is_whole`: employed, enabled and of this unit on every date of the window, so that an event of
    any of them needs nothing else to be known to be scored.
    """

    __tablename__ = "board_member"
    __table_args__ = (Index("ix_board_member_unit_id", "board_id", "unit_id"),)

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    points: Mapped[str] = mapped_column(Text)
    active_days: Mapped[int]
    available_days: Mapped[int]
    asked_days: Mapped[int]
    on_roster: Mapped[bool]
    reached_at: Mapped[datetime | None] = mapped_column(default=None)
    is_whole: Mapped[bool] = mapped_column(default=False)


class ScoreEntry(Base):
    """One rep's points of one date, with the unit they belong to; only dates with events."""

    __tablename__ = "score_entry"
    __table_args__ = (Index("ix_score_entry_day", "board_id", "local_day", "person_id"),)

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    local_day: Mapped[date] = mapped_column(primary_key=True)
    unit_id: Mapped[int | None] = mapped_column(BigKey)
    points: Mapped[str] = mapped_column(Text)
    counted: Mapped[int]
    uncounted: Mapped[int]
    reached_at: Mapped[datetime | None] = mapped_column(default=None)


class Standing(Base):
    """One unit's row of a board as it is now, read by index. A person's name is never kept here."""

    __tablename__ = "standing"
    __table_args__ = (Index("ix_standing_rank", "board_id", "rank"),)

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
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
    division: Mapped[str | None] = mapped_column(String(40), default=None)
    tie: Mapped[str | None] = mapped_column(Text, default=None)
    improvement: Mapped[str | None] = mapped_column(Text, default=None)
    previous_rank: Mapped[int | None] = mapped_column(default=None)
    previous_score: Mapped[str | None] = mapped_column(Text, default=None)


class StandingDay(Base):
    """A unit's place and score at the close of one date, for the race so far."""

    __tablename__ = "standing_day"

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    local_day: Mapped[date] = mapped_column(primary_key=True)
    rank: Mapped[int | None]
    score: Mapped[str | None] = mapped_column(Text)


class FrozenStanding(Base):
    """A row of a result that never changes again. `rev` 0 is the snapshot shown near the end."""

    __tablename__ = "frozen_standing"
    __table_args__ = (Index("ix_frozen_standing_rank", "board_id", "rev", "rank"),)

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    rev: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
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
    division: Mapped[str | None] = mapped_column(String(40), default=None)
    tie: Mapped[str | None] = mapped_column(Text, default=None)
    improvement: Mapped[str | None] = mapped_column(Text, default=None)


class Season(Base):
    """Several boards as one table, by points for places (CONTESTS cases 37, 38).

    `place_points` are exact numbers as text, for first place first. With `most_wins`, who was first
    that often takes no further prize of a place.
    """

    __tablename__ = "season"
    __table_args__ = (
        CheckConstraint("slug <> '' AND title <> ''", name="texts_given"),
        CheckConstraint("most_wins IS NULL OR most_wins > 0", name="most_wins_range"),
        CheckConstraint("unit IN ('team', 'person')", name="unit_known"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(8))
    place_points: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    most_wins: Mapped[int | None] = mapped_column(default=None)


class SeasonBoard(Base):
    """A board of a season; of one season at most."""

    __tablename__ = "season_board"
    __table_args__ = (UniqueConstraint("season_id", "position"),)

    board_id: Mapped[int] = mapped_column(BigKey, ForeignKey("board.id"), primary_key=True)
    season_id: Mapped[int] = mapped_column(BigKey, ForeignKey("season.id"))
    position: Mapped[int]


class BracketDraw(Base):
    """Teams that meet in pairs, round by round. `terms`: what each round's board is opened with."""

    __tablename__ = "bracket"
    __table_args__ = (
        CheckConstraint("slug <> '' AND title <> ''", name="texts_given"),
        Index("ix_bracket_programme_id", "programme_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    terms: Mapped[dict[str, object]] = mapped_column(JSON)
    terms_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    winner_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("team.id"), default=None)
    decided_at: Mapped[datetime | None] = mapped_column(default=None)


class BracketEntry(Base):
    """A team's place in the draw; seed 1 is the strongest."""

    __tablename__ = "bracket_entry"
    __table_args__ = (
        UniqueConstraint("bracket_id", "team_id"),
        CheckConstraint("seed > 0", name="seed_range"),
    )

    bracket_id: Mapped[int] = mapped_column(BigKey, ForeignKey("bracket.id"), primary_key=True)
    seed: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(BigKey, ForeignKey("team.id"))


class BracketRound(Base):
    """One round with its own window; its board stands from the moment the pairs are known."""

    __tablename__ = "bracket_round"
    __table_args__ = (CheckConstraint("ends_on > starts_on", name="ends_after_start"),)

    bracket_id: Mapped[int] = mapped_column(BigKey, ForeignKey("bracket.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    closes_at: Mapped[datetime]
    board_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("board.id"), unique=True, default=None
    )
    decided_at: Mapped[datetime | None] = mapped_column(default=None)


class BracketMatch(Base):
    """A pair of a round, top to bottom; `lower_id` null is a bye. `decided_by`: why who goes on."""

    __tablename__ = "bracket_match"
    __table_args__ = (
        ForeignKeyConstraint(
            ["bracket_id", "number"], ["bracket_round.bracket_id", "bracket_round.number"]
        ),
        CheckConstraint(
            "winner_id IS NULL OR winner_id = upper_id OR winner_id = lower_id",
            name="winner_played",
        ),
    )

    bracket_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    upper_id: Mapped[int] = mapped_column(BigKey, ForeignKey("team.id"))
    lower_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("team.id"), default=None)
    winner_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("team.id"), default=None)
    decided_by: Mapped[str | None] = mapped_column(String(10), default=None)


class LoopWeek(Base):
    """Whether a team's coaching loop was kept in a week; the room above writes it down here.

    Only weeks that asked something of the manager have a row: outages and excused weeks have none.
    """

    __tablename__ = "loop_week"
    __table_args__ = ({"sqlite_with_rowid": False},)

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(BigKey, ForeignKey("team.id"), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    manager_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"))
    is_kept: Mapped[bool]
