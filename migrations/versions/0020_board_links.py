"""Ways to walls, embedded boards and feeds without signing in, each with an end."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SUBJECT = (
    "(kind = 'wall') = (programme_id IS NOT NULL) AND (kind = 'embed') = (contest_id IS NOT NULL)"
)


def upgrade() -> None:
    op.create_table(
        "board_link",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=5), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("owner_id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("programme_id", BIG, nullable=True),
        sa.Column("contest_id", BIG, nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by_id", BIG, nullable=True),
        sa.CheckConstraint(
            "kind IN ('wall', 'embed', 'feed')", name=op.f("ck_board_link_kind_known")
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_board_link_ends_after_start")),
        sa.CheckConstraint(SUBJECT, name=op.f("ck_board_link_one_subject")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_board_link_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_board_link_contest_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_board_link_owner_id")),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"], ["person.id"], name=op.f("fk_board_link_revoked_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_link")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_board_link_key_hash")),
    )
    op.create_index("ix_board_link_owner_id", "board_link", ["owner_id"])
