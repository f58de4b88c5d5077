"""Boards of no contest: standing ones and those of all time, which have no end."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KNOWN = "kind IN ('contest', 'standing', 'all_time')"


def upgrade() -> None:
    with op.batch_alter_table("board") as batch:
        batch.add_column(
            sa.Column("kind", sa.String(length=8), nullable=False, server_default="contest")
        )
    with op.batch_alter_table("board") as batch:
        batch.alter_column("kind", server_default=None)
        batch.create_check_constraint(op.f("ck_board_kind_known"), KNOWN)
