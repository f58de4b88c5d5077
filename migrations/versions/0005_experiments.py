"""Experiments: comparisons drawn by lot, and the arm each team drew."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "experiment",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=4), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("holdout_percent", sa.Integer(), nullable=True),
        sa.CheckConstraint("slug <> ''", name=op.f("ck_experiment_slug_given")),
        sa.CheckConstraint("unit IN ('rep', 'team')", name=op.f("ck_experiment_unit_known")),
        sa.CheckConstraint(
            "(unit = 'rep') = (holdout_percent IS NOT NULL)",
            name=op.f("ck_experiment_arms_by_hash"),
        ),
        sa.CheckConstraint(
            "holdout_percent BETWEEN 1 AND 90", name=op.f("ck_experiment_holdout_percent_range")
        ),
        sa.CheckConstraint(
            "ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_experiment_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_experiment_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment")),
        sa.UniqueConstraint("programme_id", "slug", name="uq_experiment_key"),
    )
    op.create_table(
        "arm_assignment",
        sa.Column("experiment_id", BIG, nullable=False),
        sa.Column("team_id", BIG, nullable=False),
        sa.Column("arm", sa.String(length=5), nullable=False),
        sa.CheckConstraint("arm IN ('early', 'late')", name=op.f("ck_arm_assignment_arm_known")),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiment.id"],
            name=op.f("fk_arm_assignment_experiment_id_experiment"),
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_arm_assignment_team_id_team")
        ),
        sa.PrimaryKeyConstraint("experiment_id", "team_id", name=op.f("pk_arm_assignment")),
    )


def downgrade() -> None:
    op.drop_table("arm_assignment")
    op.drop_table("experiment")
