"""What settings and draws the counted evidence rests on, so that it can be checked later."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence", sa.Column("basis", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("evidence", "basis")
