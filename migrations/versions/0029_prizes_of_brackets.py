"""Brackets carry prizes for their winner and runner-up, and prizes may say how many there are."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "bracket_prize",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("bracket_id", BIG, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("cost_minor", BIG, nullable=False),
        sa.CheckConstraint("place IN (1, 2)", name=op.f("ck_bracket_prize_place_range")),
        sa.CheckConstraint("cost_minor >= 0", name=op.f("ck_bracket_prize_cost_range")),
        sa.ForeignKeyConstraint(
            ["bracket_id"], ["bracket.id"], name=op.f("fk_bracket_prize_bracket_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bracket_prize")),
    )
    op.create_index("ix_bracket_prize_bracket_id", "bracket_prize", ["bracket_id"])
    with op.batch_alter_table("award") as batch:
        batch.add_column(sa.Column("bracket_id", BIG, nullable=True))
        batch.create_foreign_key(op.f("fk_award_bracket_id"), "bracket", ["bracket_id"], ["id"])
        batch.create_index("ix_award_bracket_id", ["bracket_id"])
    with op.batch_alter_table("prize") as batch:
        batch.add_column(sa.Column("stock", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("taken", sa.Integer(), server_default="0", nullable=False))
        batch.create_check_constraint(
            op.f("ck_prize_stock_covers"), "taken >= 0 AND (stock IS NULL OR taken <= stock)"
        )


def downgrade() -> None:
    with op.batch_alter_table("prize") as batch:
        batch.drop_constraint(op.f("ck_prize_stock_covers"), type_="check")
        batch.drop_column("taken")
        batch.drop_column("stock")
    with op.batch_alter_table("award") as batch:
        batch.drop_index("ix_award_bracket_id")
        batch.drop_constraint(op.f("fk_award_bracket_id"), type_="foreignkey")
        batch.drop_column("bracket_id")
    op.drop_index("ix_bracket_prize_bracket_id", table_name="bracket_prize")
    op.drop_table("bracket_prize")
