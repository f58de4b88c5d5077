"""Several boards as one season, and teams that meet in pairs round by round."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("board") as batch:
        batch.add_column(
            sa.Column("is_void", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("board") as batch:
        batch.alter_column("is_void", server_default=None)
    _seasons()
    _brackets()


def _seasons() -> None:
    op.create_table(
        "season",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("place_points", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("most_wins", sa.Integer(), nullable=True),
        sa.CheckConstraint("slug <> '' AND title <> ''", name=op.f("ck_season_texts_given")),
        sa.CheckConstraint(
            "most_wins IS NULL OR most_wins > 0", name=op.f("ck_season_most_wins_range")
        ),
        sa.CheckConstraint("unit IN ('team', 'person')", name=op.f("ck_season_unit_known")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_season_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_season")),
        sa.UniqueConstraint("slug", name=op.f("uq_season_slug")),
    )
    op.create_table(
        "season_board",
        sa.Column("board_id", BIG, nullable=False),
        sa.Column("season_id", BIG, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_season_board_board_id")),
        sa.ForeignKeyConstraint(
            ["season_id"], ["season.id"], name=op.f("fk_season_board_season_id")
        ),
        sa.PrimaryKeyConstraint("board_id", name=op.f("pk_season_board")),
        sa.UniqueConstraint(
            "season_id", "position", name=op.f("uq_season_board_season_id_position")
        ),
    )


def _brackets() -> None:
    op.create_table(
        "bracket",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("terms_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("winner_id", BIG, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("slug <> '' AND title <> ''", name=op.f("ck_bracket_texts_given")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_bracket_programme_id")
        ),
        sa.ForeignKeyConstraint(["winner_id"], ["team.id"], name=op.f("fk_bracket_winner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bracket")),
        sa.UniqueConstraint("slug", name=op.f("uq_bracket_slug")),
    )
    op.create_index("ix_bracket_programme_id", "bracket", ["programme_id"])
    op.create_table(
        "bracket_entry",
        sa.Column("bracket_id", BIG, nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("team_id", BIG, nullable=False),
        sa.CheckConstraint("seed > 0", name=op.f("ck_bracket_entry_seed_range")),
        sa.ForeignKeyConstraint(
            ["bracket_id"], ["bracket.id"], name=op.f("fk_bracket_entry_bracket_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_bracket_entry_team_id")),
        sa.PrimaryKeyConstraint("bracket_id", "seed", name=op.f("pk_bracket_entry")),
        sa.UniqueConstraint(
            "bracket_id", "team_id", name=op.f("uq_bracket_entry_bracket_id_team_id")
        ),
    )
    op.create_table(
        "bracket_round",
        sa.Column("bracket_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("board_id", BIG, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_bracket_round_ends_after_start")),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_bracket_round_board_id")),
        sa.ForeignKeyConstraint(
            ["bracket_id"], ["bracket.id"], name=op.f("fk_bracket_round_bracket_id")
        ),
        sa.PrimaryKeyConstraint("bracket_id", "number", name=op.f("pk_bracket_round")),
        sa.UniqueConstraint("board_id", name=op.f("uq_bracket_round_board_id")),
    )
    op.create_table(
        "bracket_match",
        sa.Column("bracket_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("upper_id", BIG, nullable=False),
        sa.Column("lower_id", BIG, nullable=True),
        sa.Column("winner_id", BIG, nullable=True),
        sa.Column("decided_by", sa.String(length=10), nullable=True),
        sa.CheckConstraint(
            "winner_id IS NULL OR winner_id = upper_id OR winner_id = lower_id",
            name=op.f("ck_bracket_match_winner_played"),
        ),
        sa.ForeignKeyConstraint(
            ["bracket_id", "number"],
            ["bracket_round.bracket_id", "bracket_round.number"],
            name=op.f("fk_bracket_match_bracket_id"),
        ),
        sa.ForeignKeyConstraint(["lower_id"], ["team.id"], name=op.f("fk_bracket_match_lower_id")),
        sa.ForeignKeyConstraint(["upper_id"], ["team.id"], name=op.f("fk_bracket_match_upper_id")),
        sa.ForeignKeyConstraint(
            ["winner_id"], ["team.id"], name=op.f("fk_bracket_match_winner_id")
        ),
        sa.PrimaryKeyConstraint("bracket_id", "number", "position", name=op.f("pk_bracket_match")),
    )
