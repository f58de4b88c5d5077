"""Judged weeks as sets of people; judging fills them at its next run."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "week_set",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("week_start", sa.Date(), nullable=False),
        sa.Column("eligible", sa.LargeBinary(), nullable=False),
        sa.Column("met", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.LargeBinary(), nullable=False),
        sa.Column("current", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_week_set_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("programme_id", "week_start", name=op.f("pk_week_set")),
    )
