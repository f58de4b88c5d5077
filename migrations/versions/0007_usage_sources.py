"""How far each source of usage reaches, and an index on the few odd events."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ODD = sa.text("quarantine IS NOT NULL OR voided OR version > 1")


def upgrade() -> None:
    op.create_table(
        "usage_source",
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("latest_occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latest_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_usage_source_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", "source", name=op.f("pk_usage_source")),
    )
    op.create_index(
        "ix_usage_event_odd",
        "usage_event",
        ["programme_id"],
        sqlite_where=ODD,
        postgresql_where=ODD,
    )


def downgrade() -> None:
    op.drop_index("ix_usage_event_odd", table_name="usage_event")
    op.drop_table("usage_source")
