"""Boards rank teams, persons and named lists of people: a row's key is read by its board's unit."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "board_side",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("board_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_board_side_name_given")),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_board_side_board_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_side")),
        sa.UniqueConstraint("board_id", "name", name=op.f("uq_board_side_board_id_name")),
    )
    op.create_table(
        "board_side_person",
        sa.Column("board_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("side_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["board.id"], name=op.f("fk_board_side_person_board_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_board_side_person_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["side_id"], ["board_side.id"], name=op.f("fk_board_side_person_side_id")
        ),
        sa.PrimaryKeyConstraint("board_id", "person_id", name=op.f("pk_board_side_person")),
    )
    op.create_index("ix_board_side_person_side_id", "board_side_person", ["side_id"])
    with op.batch_alter_table("board") as batch:
        batch.add_column(sa.Column("division_by", sa.String(length=8), nullable=True))
        batch.add_column(sa.Column("division_of", sa.Integer(), nullable=False, server_default="8"))
        batch.add_column(sa.Column("divisions", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("tie_break", sa.JSON(), nullable=False, server_default="[]"))
        batch.create_check_constraint(
            op.f("ck_board_unit_known"), "unit IN ('team', 'person', 'adhoc', 'division')"
        )
    with op.batch_alter_table("board") as batch:
        batch.alter_column("division_of", server_default=None)
        batch.alter_column("tie_break", server_default=None)
    _rows()


def _rows() -> None:
    """A unit's key points at no one table any more; the rows stay as they are."""
    op.drop_index("ix_board_member_team_id", table_name="board_member")
    with op.batch_alter_table("board_member") as batch:
        batch.drop_constraint(op.f("fk_board_member_team_id"), type_="foreignkey")
        batch.alter_column("team_id", new_column_name="unit_id")
        batch.add_column(sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_board_member_unit_id", "board_member", ["board_id", "unit_id"])
    with op.batch_alter_table("score_entry") as batch:
        batch.drop_constraint(op.f("fk_score_entry_team_id"), type_="foreignkey")
        batch.alter_column("team_id", new_column_name="unit_id")
        batch.add_column(sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True))
    for table in ("standing", "frozen_standing"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"fk_{table}_unit_id"), type_="foreignkey")
            batch.add_column(sa.Column("division", sa.String(length=40), nullable=True))
            batch.add_column(sa.Column("tie", sa.Text(), nullable=True))
    with op.batch_alter_table("standing_day") as batch:
        batch.drop_constraint(op.f("fk_standing_day_unit_id"), type_="foreignkey")
