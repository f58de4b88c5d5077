"""Holds with their dates, flags of the detectors with what was decided, claims of missing use."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "event_hold",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "released_at IS NULL OR released_at >= held_at",
            name=op.f("ck_event_hold_ends_after_start"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_event_hold_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_hold")),
        sa.UniqueConstraint(
            "programme_id", "source", "event_id", "held_at", name="uq_event_hold_start"
        ),
    )
    op.create_index("ix_event_hold_held_at", "event_hold", ["programme_id", "held_at"])
    op.create_index("ix_event_hold_released_at", "event_hold", ["programme_id", "released_at"])
    op.create_table(
        "review_flag",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("contest_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("detector", sa.String(length=2), nullable=False),
        sa.Column("evidence_hash", sa.String(length=64), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("held_keys", sa.JSON(), nullable=False),
        sa.Column("looked_by_id", BIG, nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_because", sa.Text(), nullable=True),
        sa.Column("ruled_by_id", BIG, nullable=True),
        sa.Column("ruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ruled_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "detector IN ('D1', 'D2', 'D3', 'D4', 'D5')",
            name=op.f("ck_review_flag_detector_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'held', 'released', 'upheld', 'cleared', 'superseded')",
            name=op.f("ck_review_flag_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_review_flag_contest_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_review_flag_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["looked_by_id"], ["person.id"], name=op.f("fk_review_flag_looked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["ruled_by_id"], ["person.id"], name=op.f("fk_review_flag_ruled_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_flag")),
        sa.UniqueConstraint(
            "contest_id", "person_id", "detector", "evidence_hash", name="uq_review_flag_evidence"
        ),
    )
    op.create_index("ix_review_flag_state", "review_flag", ["contest_id", "state"])
    op.create_table(
        "review_mark",
        sa.Column("contest_id", BIG, nullable=False),
        sa.Column("newest_event_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_review_mark_contest_id")
        ),
        sa.PrimaryKeyConstraint("contest_id", name=op.f("pk_review_mark")),
    )
    op.create_table(
        "usage_claim",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("contest_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("object_id", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by_id", BIG, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'rejected')", name=op.f("ck_usage_claim_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_usage_claim_contest_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_usage_claim_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_usage_claim_decided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_claim")),
    )
    op.create_index("ix_usage_claim_contest_id", "usage_claim", ["contest_id", "state"])


def downgrade() -> None:
    for table in ("usage_claim", "review_mark", "review_flag", "event_hold"):
        op.drop_table(table)
