"""Logins then and now, counted at night for the adoption page."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = ("logins_base", "logins_now", "rep_days_base", "rep_days_now")


def upgrade() -> None:
    # What is drawn already says nothing about logins until it is drawn again.
    with op.batch_alter_table("picture_mark") as table:
        for name in COLUMNS:
            table.add_column(
                sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)
            )


def downgrade() -> None:
    with op.batch_alter_table("picture_mark") as table:
        for name in COLUMNS:
            table.drop_column(name)
