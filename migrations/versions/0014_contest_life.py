"""Pauses, waivers, disqualifications, second persons and the steps of an award."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "contest_pause",
        sa.Column("contest_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_days", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "closed_at IS NULL OR closed_at >= opened_at",
            name=op.f("ck_contest_pause_closes_after_opening"),
        ),
        sa.CheckConstraint("moved_days >= 0", name=op.f("ck_contest_pause_moved_days_range")),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_contest_pause_contest_id")
        ),
        sa.PrimaryKeyConstraint("contest_id", "number", name=op.f("pk_contest_pause")),
    )
    op.create_table(
        "disqualification",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("contest_id", BIG, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", BIG, nullable=True),
        sa.Column("team_id", BIG, nullable=True),
        sa.Column("decided_by_id", BIG, nullable=True),
        sa.Column("second_id", BIG, nullable=True),
        sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restored_by_id", BIG, nullable=True),
        sa.Column("restored_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(team_id IS NULL) <> (person_id IS NULL)", name=op.f("ck_disqualification_one_subject")
        ),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_disqualification_contest_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_disqualification_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_disqualification_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["restored_by_id"], ["person.id"], name=op.f("fk_disqualification_restored_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["person.id"], name=op.f("fk_disqualification_second_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_disqualification_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disqualification")),
    )
    with op.batch_alter_table("disqualification") as batch_op:
        batch_op.create_index("ix_disqualification_contest_id", ["contest_id"], unique=False)

    op.create_table(
        "source_waiver",
        sa.Column("contest_id", BIG, nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waived_by_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_source_waiver_contest_id")
        ),
        sa.ForeignKeyConstraint(
            ["waived_by_id"], ["person.id"], name=op.f("fk_source_waiver_waived_by_id")
        ),
        sa.PrimaryKeyConstraint("contest_id", "source", name=op.f("pk_source_waiver")),
    )
    op.create_table(
        "award_event",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("award_id", BIG, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", BIG, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_award_event_actor_id")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_award_event_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_event")),
        sa.UniqueConstraint("key", name=op.f("uq_award_event_key")),
    )
    with op.batch_alter_table("award_event") as batch_op:
        batch_op.create_index("ix_award_event_award_id", ["award_id", "id"], unique=False)

    op.create_table(
        "second_yes",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("contest_id", BIG, nullable=True),
        sa.Column("award_id", BIG, nullable=True),
        sa.Column("verb", sa.String(length=20), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_key", sa.String(length=120), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by_id", BIG, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'given', 'refused', 'withdrawn')",
            name=op.f("ck_second_yes_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["person.id"], name=op.f("fk_second_yes_asked_by_id")
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_second_yes_award_id")),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_second_yes_contest_id")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_second_yes_decided_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_yes")),
        sa.UniqueConstraint("open_key", name=op.f("uq_second_yes_open_key")),
    )
    with op.batch_alter_table("second_yes") as batch_op:
        batch_op.create_index("ix_second_yes_contest_id", ["contest_id", "state"], unique=False)

    with op.batch_alter_table("award") as batch_op:
        batch_op.add_column(sa.Column("proposed_by_id", BIG, nullable=True))
        batch_op.add_column(sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("held_because", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("holds", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_foreign_key(
            batch_op.f("fk_award_proposed_by_id"), "person", ["proposed_by_id"], ["id"]
        )

    with op.batch_alter_table("board") as batch_op:
        batch_op.add_column(
            sa.Column("excluded_people", sa.JSON(), nullable=False, server_default="[]")
        )
        batch_op.add_column(
            sa.Column("excluded_teams", sa.JSON(), nullable=False, server_default="[]")
        )

    with op.batch_alter_table("contest") as batch_op:
        batch_op.add_column(sa.Column("high_water_id", BIG, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("contest") as batch_op:
        batch_op.drop_column("high_water_id")

    with op.batch_alter_table("board") as batch_op:
        batch_op.drop_column("excluded_teams")
        batch_op.drop_column("excluded_people")

    with op.batch_alter_table("award") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_award_proposed_by_id"), type_="foreignkey")
        batch_op.drop_column("holds")
        batch_op.drop_column("held_because")
        batch_op.drop_column("held_at")
        batch_op.drop_column("proposed_by_id")

    with op.batch_alter_table("second_yes") as batch_op:
        batch_op.drop_index("ix_second_yes_contest_id")

    op.drop_table("second_yes")
    with op.batch_alter_table("award_event") as batch_op:
        batch_op.drop_index("ix_award_event_award_id")

    op.drop_table("award_event")
    op.drop_table("source_waiver")
    with op.batch_alter_table("disqualification") as batch_op:
        batch_op.drop_index("ix_disqualification_contest_id")

    op.drop_table("disqualification")
    op.drop_table("contest_pause")
