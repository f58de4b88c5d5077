"""Who is to be erased or was, and what files may not bring back."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by_id", BIG, nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("confirmed_by_id <> asked_by_id", name=op.f("ck_erasure_two_people")),
        sa.CheckConstraint(
            "words IS NULL OR erased_at IS NOT NULL", name=op.f("ck_erasure_words_of_erased")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_erasure_person_id")),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["person.id"], name=op.f("fk_erasure_asked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["person.id"], name=op.f("fk_erasure_confirmed_by_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_erasure")),
    )
    op.create_table(
        "forgotten_name",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_forgotten_name_person_id")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_forgotten_name")),
    )
    op.create_index("ix_forgotten_name_person_id", "forgotten_name", ["person_id"])


def downgrade() -> None:
    op.drop_table("forgotten_name")
    op.drop_table("erasure")
