"""Reviews in calendars: personal links to feeds, invitations with letters, reviews called off."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "personal_link",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "expires_at > created_at", name=op.f("ck_personal_link_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_personal_link_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_link")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_personal_link_key_hash")),
    )
    op.create_index("ix_personal_link_person_id", "personal_link", ["person_id"])
    op.add_column("outbox_letter", sa.Column("calendar", sa.Text(), nullable=True))
    op.add_column(
        "coaching_item", sa.Column("called_off_at", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("coaching_item", "called_off_at")
    op.drop_column("outbox_letter", "calendar")
    op.drop_index("ix_personal_link_person_id", "personal_link")
    op.drop_table("personal_link")
