"""What a quick fold asks: whose place never changes inside a window, and which batches are new."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("board_member") as batch:
        batch.add_column(
            sa.Column("is_whole", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("board_member") as batch:
        batch.alter_column("is_whole", server_default=None)
    with op.batch_alter_table("board_mark") as batch:
        batch.drop_column("rows_hash")
    op.create_index(
        "ix_ingest_batch_received", "ingest_batch", ["programme_id", "latest_received_at"]
    )


def downgrade() -> None:
    op.drop_index("ix_ingest_batch_received", "ingest_batch")
    with op.batch_alter_table("board_mark") as batch:
        batch.add_column(
            sa.Column("rows_hash", sa.String(length=64), nullable=False, server_default="")
        )
    with op.batch_alter_table("board_member") as batch:
        batch.drop_column("is_whole")
