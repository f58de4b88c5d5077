"""Prizes for the most improved and for managers, awards to sides, and how many a contest reached."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ONE_RECIPIENT = (
    "CASE WHEN team_id IS NULL THEN 0 ELSE 1 END + CASE WHEN person_id IS NULL THEN 0 ELSE 1 "
    "END + CASE WHEN side_id IS NULL THEN 0 ELSE 1 END = 1"
)


def upgrade() -> None:
    _switch("prize", "is_improvement")
    _switch("prize", "for_manager")
    _switch("board", "rewards_improvement")
    for table in ("standing", "frozen_standing"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("improvement", sa.Text(), nullable=True))
    with op.batch_alter_table("contest") as batch:
        batch.add_column(sa.Column("eligible_at_start", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("reached_at_start", sa.Integer(), nullable=True))
    with op.batch_alter_table("award") as batch:
        batch.add_column(sa.Column("side_id", BIG, nullable=True))
        batch.create_foreign_key(op.f("fk_award_side_id"), "board_side", ["side_id"], ["id"])
        batch.drop_constraint(op.f("ck_award_one_recipient"), type_="check")
        batch.create_check_constraint(op.f("ck_award_one_recipient"), ONE_RECIPIENT)


def _switch(table: str, name: str) -> None:
    """A yes-or-no column, off in the rows there are."""
    with op.batch_alter_table(table) as batch:
        batch.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table(table) as batch:
        batch.alter_column(name, server_default=None)
