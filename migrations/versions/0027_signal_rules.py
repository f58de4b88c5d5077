"""Rules of our own detector of quiet deals, who dismissed a signal here, and usage by deal."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ON_OBJECT = sa.text("object_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "signal_rule",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("quiet_days", sa.Integer(), nullable=False),
        sa.Column("since", sa.String(length=8), nullable=False),
        sa.Column("changed_by", BIG, nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("least_amount", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("fires_from", sa.Date(), nullable=True),
        sa.Column("seen_through", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "fires_from IS NULL OR (fires_from >= '1970-01-01' AND fires_from < '2200-01-01')",
            name=op.f("ck_signal_rule_fires_from_sane"),
        ),
        sa.CheckConstraint(
            "seen_through IS NULL OR "
            "(seen_through >= '1970-01-01' AND seen_through < '2200-01-01')",
            name=op.f("ck_signal_rule_seen_through_sane"),
        ),
        sa.CheckConstraint("slug <> '' AND title <> ''", name=op.f("ck_signal_rule_texts_given")),
        sa.CheckConstraint(
            "since IN ('proposal', 'created', 'last_use')", name=op.f("ck_signal_rule_since_known")
        ),
        sa.CheckConstraint(
            "quiet_days BETWEEN 1 AND 365", name=op.f("ck_signal_rule_quiet_days_range")
        ),
        sa.CheckConstraint(
            "least_amount IS NULL OR least_amount >= 0",
            name=op.f("ck_signal_rule_least_amount_range"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_signal_rule_version_range")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_signal_rule_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["person.id"], name=op.f("fk_signal_rule_changed_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_rule")),
        sa.UniqueConstraint("slug", name=op.f("uq_signal_rule_slug")),
    )
    op.create_index("ix_signal_rule_programme_id", "signal_rule", ["programme_id"])
    with op.batch_alter_table("signal") as batch:
        batch.add_column(sa.Column("dismissed_by", BIG, nullable=True))
        batch.create_foreign_key(op.f("fk_signal_dismissed_by"), "person", ["dismissed_by"], ["id"])
    op.create_index(
        "ix_usage_event_object",
        "usage_event",
        ["object_id", "local_day"],
        sqlite_where=ON_OBJECT,
        postgresql_where=ON_OBJECT,
    )


def downgrade() -> None:
    op.drop_index("ix_usage_event_object", "usage_event")
    with op.batch_alter_table("signal") as batch:
        batch.drop_constraint(op.f("fk_signal_dismissed_by"), type_="foreignkey")
        batch.drop_column("dismissed_by")
    op.drop_index("ix_signal_rule_programme_id", "signal_rule")
    op.drop_table("signal_rule")
