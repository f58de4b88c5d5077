"""A prize for managers may ask for a share of weekly coaching loops kept."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("prize") as batch:
        batch.add_column(sa.Column("min_loops_kept", sa.String(length=40), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("prize") as batch:
        batch.drop_column("min_loops_kept")
