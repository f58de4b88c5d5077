"""Let the history of tables that already hold rows begin now: what they say counts as founding."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SUBJECTS = {
    "person": "person",
    "membership": "team_membership",
    "absence": "absence",
    "enrolment": "enrolment",
    "deal": "deal",
    "proposal": "proposal",
    "signal": "signal",
}


def upgrade() -> None:
    connection = op.get_bind()
    now = datetime.now(UTC)
    if connection.dialect.name == "sqlite":
        now = now.replace(tzinfo=None)
    starts = sa.table(
        "history_start",
        sa.column("subject", sa.String),
        sa.column("began_at", sa.DateTime(timezone=True)),
    )
    for subject, name in SUBJECTS.items():
        first = sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)
        if connection.execute(first).first() is not None:
            connection.execute(sa.insert(starts).values(subject=subject, began_at=now))


def downgrade() -> None:
    op.execute("DELETE FROM history_start")
