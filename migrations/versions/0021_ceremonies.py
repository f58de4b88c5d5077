"""Ceremonies: results and awards that nobody hears of before they are revealed."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for table in ("board", "award"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(
                sa.Column("is_sealed", sa.Boolean(), nullable=False, server_default=sa.false())
            )
        with op.batch_alter_table(table) as batch:
            batch.alter_column("is_sealed", server_default=None)
    op.create_table(
        "ceremony",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("contest_id", BIG, nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("host_id", BIG, nullable=True),
        sa.Column("release_days", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rehearsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'open', 'revealed', 'released')",
            name=op.f("ck_ceremony_state_known"),
        ),
        sa.CheckConstraint("release_days BETWEEN 1 AND 60", name=op.f("ck_ceremony_release_range")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_ceremony_position_range")),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_ceremony_contest_id")
        ),
        sa.ForeignKeyConstraint(["host_id"], ["person.id"], name=op.f("fk_ceremony_host_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ceremony")),
        sa.UniqueConstraint("contest_id", name=op.f("uq_ceremony_contest_id")),
    )
    op.create_index("ix_ceremony_state", "ceremony", ["state"])
    op.create_table(
        "ceremony_reveal",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("ceremony_id", BIG, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("screen", sa.String(length=80), nullable=False),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["ceremony_id"], ["ceremony.id"], name=op.f("fk_ceremony_reveal_ceremony_id")
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_ceremony_reveal_actor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ceremony_reveal")),
        sa.UniqueConstraint("key", name=op.f("uq_ceremony_reveal_key")),
    )
    op.create_index("ix_ceremony_reveal_ceremony_id", "ceremony_reveal", ["ceremony_id"])
