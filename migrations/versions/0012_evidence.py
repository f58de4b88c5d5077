"""What is known of the difference a programme makes, counted at night for its page."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "evidence",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_evidence_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("programme_id", name=op.f("pk_evidence")),
    )


def downgrade() -> None:
    op.drop_table("evidence")
