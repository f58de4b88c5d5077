"""A team's reps on a board by index: a page shows them to their own team."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_board_member_team_id", "board_member", ["board_id", "team_id"])


def downgrade() -> None:
    op.drop_index("ix_board_member_team_id", table_name="board_member")
