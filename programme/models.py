"""Tables of the programme room: the roll-out with its rules, who is in it, what it shall bring."""

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
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey, Key


class Programme(Base):
    """One tool going to one population with a calendar, an adoption rule and goals (METRICS 2.0).

    `week_start` counts Monday as 0, `workweek` is a mask with Monday as bit 0. `rule_version`
    rises with every change of what "sustained" means: old and new series never mix.
    """

    __tablename__ = "programme"
    __table_args__ = (
        CheckConstraint("slug <> ''", name="slug_given"),
        CheckConstraint(
            "launch_on >= '1970-01-02' AND launch_on < '2200-01-01'", name="launch_sane"
        ),
        CheckConstraint("tz_mode IN ('program', 'user')", name="tz_mode_known"),
        CheckConstraint("week_start BETWEEN 0 AND 6", name="week_start_range"),
        CheckConstraint("workweek BETWEEN 1 AND 127", name="workweek_range"),
        CheckConstraint("target_days BETWEEN 1 AND 7", name="target_days_range"),
        CheckConstraint("k BETWEEN 1 AND n AND n <= lookback", name="k_of_n_of_lookback"),
        CheckConstraint("lookback BETWEEN 1 AND 52", name="lookback_range"),
        CheckConstraint("min_available_days BETWEEN 1 AND 7", name="min_available_days_range"),
        CheckConstraint("horizon_days BETWEEN 7 AND 366", name="horizon_days_range"),
        CheckConstraint(
            "goal_low >= 0 AND goal_low <= goal_high AND goal_high <= 1", name="goal_range"
        ),
        CheckConstraint("respond_days BETWEEN 1 AND 60", name="respond_days_range"),
        CheckConstraint(
            "weekly_decay IS NULL OR (weekly_decay >= 0 AND weekly_decay < 1)",
            name="weekly_decay_range",
        ),
        CheckConstraint("late_grace_hours BETWEEN 0 AND 720", name="late_grace_hours_range"),
        CheckConstraint("clock_skew_min BETWEEN 0 AND 1440", name="clock_skew_min_range"),
        CheckConstraint("prior_learning_days BETWEEN 0 AND 3660", name="prior_learning_days_range"),
        CheckConstraint("min_group BETWEEN 1 AND 100", name="min_group_range"),
        CheckConstraint("min_team BETWEEN 1 AND 100", name="min_team_range"),
        CheckConstraint("shrink_k >= 0 AND shrink_k <= 1000", name="shrink_k_range"),
        CheckConstraint("prize_allowance_minor >= 0", name="prize_allowance_range"),
        CheckConstraint("effectiveness > 0 AND effectiveness <= 1", name="effectiveness_range"),
        CheckConstraint("leak_per_year IS NULL OR leak_per_year >= 0", name="leak_range"),
        CheckConstraint("build_cost IS NULL OR build_cost >= 0", name="build_cost_range"),
        CheckConstraint("rule_version >= 1", name="rule_version_range"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    launch_on: Mapped[date]
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    sponsor_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)
    tz_mode: Mapped[str] = mapped_column(String(8), default="program")
    week_start: Mapped[int] = mapped_column(default=0)
    workweek: Mapped[int] = mapped_column(default=0b001_1111)
    holidays: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    login_kind: Mapped[str] = mapped_column(String(80), default="login")
    key_actions: Mapped[list[str]] = mapped_column(
        JSON, default_factory=lambda: ["guided_use", "proposal_created", "sequence_run"]
    )
    due_action: Mapped[str] = mapped_column(String(80), default="sequence_run")
    target_days: Mapped[int] = mapped_column(default=2)
    k: Mapped[int] = mapped_column(default=3)
    n: Mapped[int] = mapped_column(default=4)
    lookback: Mapped[int] = mapped_column(default=6)
    min_available_days: Mapped[int] = mapped_column(default=3)
    horizon_days: Mapped[int] = mapped_column(default=60)
    rule_version: Mapped[int] = mapped_column(default=1)
    goal_low: Mapped[float] = mapped_column(default=0.40)
    goal_high: Mapped[float] = mapped_column(default=0.50)
    respond_days: Mapped[int] = mapped_column(default=2)
    weekly_decay: Mapped[float | None] = mapped_column(default=None)
    late_grace_hours: Mapped[int] = mapped_column(default=48)
    clock_skew_min: Mapped[int] = mapped_column(default=5)
    prior_learning_days: Mapped[int] = mapped_column(default=365)
    min_group: Mapped[int] = mapped_column(default=5)
    min_team: Mapped[int] = mapped_column(default=3)
    shrink_k: Mapped[float] = mapped_column(default=10.0)
    effectiveness: Mapped[float] = mapped_column(default=1.0)
    prize_allowance_minor: Mapped[int] = mapped_column(BigKey, default=0)
    leak_per_year: Mapped[Decimal | None] = mapped_column(Numeric(16, 2), default=None)
    build_cost: Mapped[Decimal | None] = mapped_column(Numeric(16, 2), default=None)
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    playbook_hash: Mapped[str | None] = mapped_column(String(64), default=None)


class RuleVersion(Base):
    """What "sustained" meant under one version of a programme's rule, and since when.

    `since` is None when the version is older than these notes. `rule` holds the fields whose
    change starts a new series (METRICS 2.4).
    """

    __tablename__ = "rule_version"
    __table_args__ = (CheckConstraint("version >= 1", name="version_range"),)

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[dict[str, object]] = mapped_column(JSON)
    since: Mapped[datetime | None] = mapped_column(default=None)


class Enrolment(Base):
    """A person in a programme. Who has no enrolment anywhere belongs to every programme."""

    __tablename__ = "enrolment"
    __table_args__ = (Index("ix_enrolment_person_id", "person_id"),)

    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), primary_key=True)
    enrolled_at: Mapped[datetime]


class Outcome(Base):
    """A business result wanted, with its unit, direction and value before (METRICS O1)."""

    __tablename__ = "outcome"
    __table_args__ = (
        CheckConstraint("direction IN ('up', 'down')", name="direction_known"),
        Index("uq_outcome_slug", "programme_id", "slug", unique=True),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    slug: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(40))
    direction: Mapped[str] = mapped_column(String(4))
    baseline: Mapped[Decimal] = mapped_column(Numeric(18, 4))


class Target(Base):
    """The value of an outcome wanted by the end of one quarter, Q1 to Q4 from the launch month."""

    __tablename__ = "target"
    __table_args__ = (CheckConstraint("quarter BETWEEN 1 AND 4", name="quarter_range"),)

    outcome_id: Mapped[int] = mapped_column(BigKey, ForeignKey("outcome.id"), primary_key=True)
    quarter: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[Decimal] = mapped_column(Numeric(18, 4))


class OutcomeReading(Base):
    """What an outcome was observed to be on a day, for the whole company or one team (METRICS O1).

    `team_ref` is the team's id or 0: a key that also holds where no team is named.
    """

    __tablename__ = "outcome_reading"
    __table_args__ = (
        UniqueConstraint("outcome_id", "read_on", "team_ref", name="uq_outcome_reading_key"),
        CheckConstraint("team_ref = COALESCE(team_id, 0)", name="team_ref_same"),
        CheckConstraint("read_on >= '1900-01-01' AND read_on < '2200-01-01'", name="read_on_sane"),
        CheckConstraint("value BETWEEN -1e14 AND 1e14", name="value_sane"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    outcome_id: Mapped[int] = mapped_column(BigKey, ForeignKey("outcome.id"))
    read_on: Mapped[date]
    value: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    team_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("team.id"), default=None)
    team_ref: Mapped[int] = mapped_column(BigKey, default=0)


class AdoptionMetricLink(Base):
    """A behaviour figure said to lead to an outcome; two or three stand behind each."""

    __tablename__ = "adoption_metric_link"

    outcome_id: Mapped[int] = mapped_column(BigKey, ForeignKey("outcome.id"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(80), primary_key=True)


class Ask(Base):
    """A question of the playbook to people of some roles, anonymous or not."""

    __tablename__ = "ask"
    __table_args__ = (Index("uq_ask_slug", "programme_id", "slug", unique=True),)

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    slug: Mapped[str] = mapped_column(String(80))
    question: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    is_anonymous: Mapped[bool] = mapped_column(default=False)


class Experiment(Base):
    """A comparison drawn by lot before it began (METRICS 3.3): who gets something, and who later.

    With `unit` rep the arms follow from the name by hash (METRICS X15) and nothing else is stored;
    with team they are the `ArmAssignment` rows. `ends_on` is the last day the arms differ.
    """

    __tablename__ = "experiment"
    __table_args__ = (
        UniqueConstraint("programme_id", "slug", name="uq_experiment_key"),
        CheckConstraint("slug <> ''", name="slug_given"),
        CheckConstraint("unit IN ('rep', 'team')", name="unit_known"),
        CheckConstraint("(unit = 'rep') = (holdout_percent IS NOT NULL)", name="arms_by_hash"),
        CheckConstraint("holdout_percent BETWEEN 1 AND 90", name="holdout_percent_range"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="ends_after_start"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    slug: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(4))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None] = mapped_column(default=None)
    holdout_percent: Mapped[int | None] = mapped_column(default=None)


class ArmAssignment(Base):
    """The arm a team drew in an experiment."""

    __tablename__ = "arm_assignment"
    __table_args__ = (CheckConstraint("arm IN ('early', 'late')", name="arm_known"),)

    experiment_id: Mapped[int] = mapped_column(
        BigKey, ForeignKey("experiment.id"), primary_key=True
    )
    team_id: Mapped[int] = mapped_column(BigKey, ForeignKey("team.id"), primary_key=True)
    arm: Mapped[str] = mapped_column(String(5))
