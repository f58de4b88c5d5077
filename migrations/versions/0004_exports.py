"""Reading other systems' exports: outside ids, saved mappings, kept uploads; outcome readings."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "external_id",
        sa.Column("system", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=120), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.CheckConstraint("system <> '' AND ref <> ''", name=op.f("ck_external_id_named")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_external_id_person_id_person")
        ),
        sa.PrimaryKeyConstraint("system", "ref", name=op.f("pk_external_id")),
    )
    op.create_index("ix_external_id_person_id", "external_id", ["person_id"])
    op.create_table(
        "outcome_reading",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("outcome_id", BIG, nullable=False),
        sa.Column("read_on", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("team_id", BIG, nullable=True),
        sa.Column("team_ref", BIG, nullable=False),
        sa.CheckConstraint(
            "team_ref = COALESCE(team_id, 0)", name=op.f("ck_outcome_reading_team_ref_same")
        ),
        sa.CheckConstraint(
            "read_on >= '1900-01-01' AND read_on < '2200-01-01'",
            name=op.f("ck_outcome_reading_read_on_sane"),
        ),
        sa.CheckConstraint(
            "value BETWEEN -1e14 AND 1e14", name=op.f("ck_outcome_reading_value_sane")
        ),
        sa.ForeignKeyConstraint(
            ["outcome_id"], ["outcome.id"], name=op.f("fk_outcome_reading_outcome_id_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_outcome_reading_team_id_team")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome_reading")),
        sa.UniqueConstraint("outcome_id", "read_on", "team_ref", name="uq_outcome_reading_key"),
    )
    op.create_table(
        "import_mapping",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", BIG, nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_import_mapping_named")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint("name", name=op.f("uq_import_mapping_name")),
    )
    op.create_index("ix_import_mapping_fingerprint", "import_mapping", ["fingerprint"])
    op.create_table(
        "import_upload",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", BIG, nullable=True),
        sa.Column("size", BIG, nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("done", BIG, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_upload")),
    )
    op.create_index("ix_import_upload_sent_at", "import_upload", ["sent_at"])
    op.create_table(
        "import_upload_piece",
        sa.Column("upload_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["import_upload.id"],
            name=op.f("fk_import_upload_piece_upload_id_import_upload"),
        ),
        sa.PrimaryKeyConstraint("upload_id", "place", name=op.f("pk_import_upload_piece")),
    )


def downgrade() -> None:
    for table in (
        "import_upload_piece",
        "import_upload",
        "import_mapping",
        "outcome_reading",
        "external_id",
    ):
        op.drop_table(table)
