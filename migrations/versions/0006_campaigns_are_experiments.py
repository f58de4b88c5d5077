"""Note the campaigns that hold somebody back as experiments, as new ones are from now on."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    campaign = sa.table(
        "campaign",
        sa.column("programme_id", sa.BigInteger),
        sa.column("slug", sa.String),
        sa.column("starts_on", sa.Date),
        sa.column("ends_on", sa.Date),
        sa.column("stopped_at", sa.DateTime(timezone=True)),
        sa.column("holdout_percent", sa.Integer),
    )
    experiment = sa.table(
        "experiment",
        sa.column("programme_id", sa.BigInteger),
        sa.column("slug", sa.String),
        sa.column("unit", sa.String),
        sa.column("starts_on", sa.Date),
        sa.column("ends_on", sa.Date),
        sa.column("holdout_percent", sa.Integer),
    )
    held_back = sa.select(campaign).where(campaign.c.holdout_percent > 0)
    for row in connection.execute(held_back).all():
        ends = [row.ends_on] if row.ends_on else []
        ends += [row.stopped_at.date()] if row.stopped_at else []
        if min([*ends, row.starts_on]) < row.starts_on:
            continue  # stopped before it began
        connection.execute(
            sa.insert(experiment).values(
                programme_id=row.programme_id,
                slug=row.slug,
                unit="rep",
                starts_on=row.starts_on,
                ends_on=min(ends) if ends else None,
                holdout_percent=row.holdout_percent,
            )
        )


def downgrade() -> None:
    op.execute("DELETE FROM experiment WHERE unit = 'rep'")
