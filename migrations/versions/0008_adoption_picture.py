"""What the adoption page shows, counted at night, and the versions of the adoption rule."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "'left', 'not_measurable', 'sustained', 'lapsed', 'trying', 'not_started'"
PHASES = ("new", "returning", "resurrecting", "dormant", "departed")
NO_ROWID = {"sqlite_with_rowid": False}


def _int(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False)


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean(), nullable=False)


def _owner(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["programme_id"], ["programme.id"], name=op.f(f"fk_{table}_programme_id_programme")
    )


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("programme_id", *columns, name=op.f(f"pk_{table}"))


def upgrade() -> None:
    op.create_table(
        "rule_version",
        sa.Column("programme_id", BIG, nullable=False),
        _int("version"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_rule_version_version_range")),
        _owner("rule_version"),
        _key("rule_version", "version"),
    )
    op.create_table(
        "touched_rep",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        _key("touched_rep", "person_id"),
        **NO_ROWID,
    )
    op.create_table(
        "picture_mark",
        sa.Column("programme_id", BIG, nullable=False),
        _int("rule_version"),
        sa.Column("origin", sa.Date(), nullable=True),
        sa.Column("drawn_week", sa.Date(), nullable=True),
        _flag("is_stale"),
        _int("opened"),
        _int("ever_used"),
        _int("active"),
        _int("near"),
        _int("finished"),
        _int("finished_sustained"),
        _int("under_way"),
        sa.Column("outlook_low", sa.Double(), nullable=True),
        sa.Column("outlook_middle", sa.Double(), nullable=True),
        sa.Column("outlook_high", sa.Double(), nullable=True),
        _owner("picture_mark"),
        _key("picture_mark"),
    )
    op.create_table(
        "rep_picture",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("team_id", BIG, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        _flag("is_near"),
        _flag("has_opened"),
        _flag("is_active"),
        _int("weeks_counted"),
        _int("weeks_met"),
        _int("streak"),
        _int("active_days"),
        sa.Column("start_day", sa.Date(), nullable=False),
        sa.Column("day60", sa.String(length=16), nullable=False),
        sa.Column("active_weeks", sa.Text(), nullable=False),
        sa.Column("first_day_weeks", sa.Text(), nullable=False),
        sa.Column("there_weeks", sa.Text(), nullable=False),
        sa.Column("path", sa.String(length=60), nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_rep_picture_state_known")),
        _key("rep_picture", "person_id"),
        **NO_ROWID,
    )
    op.create_index("ix_rep_picture_state", "rep_picture", ["programme_id", "state"])
    op.create_table(
        "lifecycle_week",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("week_start", sa.Date(), nullable=False),
        *(_int(f"{phase}_reps") for phase in PHASES),
        _owner("lifecycle_week"),
        _key("lifecycle_week", "week_start"),
    )
    op.create_table(
        "cohort_point",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("basis", sa.String(length=10), nullable=False),
        sa.Column("cohort", sa.Date(), nullable=False),
        *map(_int, ("period", "at_risk", "back")),
        sa.CheckConstraint(
            "basis IN ('first_use', 'start')", name=op.f("ck_cohort_point_basis_known")
        ),
        _owner("cohort_point"),
        _key("cohort_point", "basis", "cohort", "period"),
    )
    op.create_table(
        "adoption_group",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("basis", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("team_id", BIG, nullable=True),
        *map(_int, ("here", "measurable", "sustained", "near")),
        sa.CheckConstraint(
            "basis IN ('team', 'channel')", name=op.f("ck_adoption_group_basis_known")
        ),
        _owner("adoption_group"),
        _key("adoption_group", "basis", "name"),
    )
    op.create_table(
        "active_days_bucket",
        sa.Column("programme_id", BIG, nullable=False),
        *map(_int, ("active_days", "reps")),
        _owner("active_days_bucket"),
        _key("active_days_bucket", "active_days"),
    )
    op.create_table(
        "own_day_share",
        sa.Column("programme_id", BIG, nullable=False),
        *map(_int, ("own_day", "sustained", "measurable")),
        _owner("own_day_share"),
        _key("own_day_share", "own_day"),
    )
    op.create_table(
        "series_point",
        sa.Column("programme_id", BIG, nullable=False),
        _int("rule_version"),
        sa.Column("week_start", sa.Date(), nullable=False),
        *map(_int, ("sustained", "measurable")),
        _owner("series_point"),
        _key("series_point", "rule_version", "week_start"),
    )


def downgrade() -> None:
    for table in (
        "series_point",
        "own_day_share",
        "active_days_bucket",
        "adoption_group",
        "cohort_point",
        "lifecycle_week",
        "rep_picture",
        "picture_mark",
        "touched_rep",
        "rule_version",
    ):
        op.drop_table(table)
