"""What reps scored is asked by the date at every fold."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_score_entry_day", "score_entry", ["board_id", "local_day", "person_id"])


def downgrade() -> None:
    op.drop_index("ix_score_entry_day", "score_entry")
