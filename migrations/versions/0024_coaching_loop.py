"""The weekly coaching loop, deputies and dotted lines."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "deputy",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("deputy_id", BIG, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "ends_on IS NULL OR (ends_on >= '1900-01-01' AND ends_on < '2200-01-01')",
            name=op.f("ck_deputy_ends_on_sane"),
        ),
        sa.CheckConstraint(
            "starts_on IS NULL OR (starts_on >= '1900-01-01' AND starts_on < '2200-01-01')",
            name=op.f("ck_deputy_starts_on_sane"),
        ),
        sa.CheckConstraint("deputy_id <> person_id", name=op.f("ck_deputy_somebody_else")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_deputy_ends_not_before_start")),
        sa.ForeignKeyConstraint(["deputy_id"], ["person.id"], name=op.f("fk_deputy_deputy_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_deputy_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputy")),
        sa.UniqueConstraint("person_id", "deputy_id", "starts_on", name="uq_deputy_key"),
    )
    op.create_index("ix_deputy_deputy_id", "deputy", ["deputy_id"])

    op.create_table(
        "second_lead",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("lead_id", BIG, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "ends_on IS NULL OR (ends_on >= '1900-01-01' AND ends_on < '2200-01-01')",
            name=op.f("ck_second_lead_ends_on_sane"),
        ),
        sa.CheckConstraint(
            "starts_on IS NULL OR (starts_on >= '1900-01-01' AND starts_on < '2200-01-01')",
            name=op.f("ck_second_lead_starts_on_sane"),
        ),
        sa.CheckConstraint(
            "ends_on IS NULL OR ends_on > starts_on", name=op.f("ck_second_lead_ends_after_start")
        ),
        sa.CheckConstraint("lead_id <> person_id", name=op.f("ck_second_lead_somebody_else")),
        sa.ForeignKeyConstraint(["lead_id"], ["person.id"], name=op.f("fk_second_lead_lead_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_second_lead_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_lead")),
        sa.UniqueConstraint("person_id", "lead_id", "starts_on", name="uq_second_lead_key"),
    )
    op.create_index("ix_second_lead_lead_id", "second_lead", ["lead_id"])

    op.create_table(
        "set_day",
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_set_day_weekday_range")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_set_day_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_set_day")),
    )
    op.create_table(
        "coverage_week",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("team_id", BIG, nullable=True),
        sa.Column("on_time", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "on_time BETWEEN 0 AND due", name=op.f("ck_coverage_week_on_time_range")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_coverage_week_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_coverage_week_programme_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_coverage_week_team_id")),
        sa.PrimaryKeyConstraint("programme_id", "week", "person_id", name=op.f("pk_coverage_week")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_coverage_week_team", "coverage_week", ["programme_id", "team_id", "week"])

    op.create_table(
        "fix_idea",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("about", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", BIG, nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "about IN ('any', 'late', 'dismissed', 'ignored')", name=op.f("ck_fix_idea_about_known")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_fix_idea_author_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_fix_idea_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fix_idea")),
        sa.UniqueConstraint("programme_id", "slug", name="uq_fix_idea_slug"),
    )
    op.create_table(
        "loop",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("team_id", BIG, nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manager_id", BIG, nullable=True),
        sa.Column("on_time", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('open', 'kept', 'skipped', 'nothing_missed', 'excused', 'system')",
            name=op.f("ck_loop_outcome_known"),
        ),
        sa.CheckConstraint("on_time BETWEEN 0 AND due", name=op.f("ck_loop_on_time_range")),
        sa.ForeignKeyConstraint(["manager_id"], ["person.id"], name=op.f("fk_loop_manager_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_loop_programme_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_loop_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loop")),
        sa.UniqueConstraint("programme_id", "team_id", "week", name="uq_loop_week"),
    )
    op.create_index("ix_loop_manager_id", "loop", ["manager_id", "week"])
    op.create_index("ix_loop_week", "loop", ["programme_id", "week"])

    op.create_table(
        "loop_week",
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("team_id", BIG, nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("manager_id", BIG, nullable=True),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["manager_id"], ["person.id"], name=op.f("fk_loop_week_manager_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_loop_week_programme_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_loop_week_team_id")),
        sa.PrimaryKeyConstraint("programme_id", "team_id", "week", name=op.f("pk_loop_week")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "coaching_item",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("programme_id", BIG, nullable=False),
        sa.Column("loop_id", BIG, nullable=False),
        sa.Column("rep_id", BIG, nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("on_time", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("moment_id", BIG, nullable=True),
        sa.Column("author_id", BIG, nullable=True),
        sa.Column("manager_id", BIG, nullable=True),
        sa.Column("coached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("first_review_on", sa.Date(), nullable=True),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("proof", sa.String(length=12), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("missed_by", sa.String(length=12), nullable=True),
        sa.Column("next_item_id", BIG, nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_shared_up", sa.Boolean(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("words_forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "missed_by IS NULL OR missed_by IN ('manager', 'not_picked', 'system')",
            name=op.f("ck_coaching_item_missed_by_known"),
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('done', 'not_done', 'no_chance')",
            name=op.f("ck_coaching_item_outcome_known"),
        ),
        sa.CheckConstraint(
            "proof IS NULL OR proof IN ('event', 'statement')",
            name=op.f("ck_coaching_item_proof_known"),
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'number_shown', 'deal_chosen', 'coached', 'due', 'done', 'not_done', 'missed', 'excused', 'closed')",
            name=op.f("ck_coaching_item_state_known"),
        ),
        sa.CheckConstraint(
            "on_time BETWEEN 0 AND due", name=op.f("ck_coaching_item_on_time_range")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["person.id"], name=op.f("fk_coaching_item_author_id")
        ),
        sa.ForeignKeyConstraint(["loop_id"], ["loop.id"], name=op.f("fk_coaching_item_loop_id")),
        sa.ForeignKeyConstraint(
            ["manager_id"], ["person.id"], name=op.f("fk_coaching_item_manager_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_coaching_item_programme_id")
        ),
        sa.ForeignKeyConstraint(["rep_id"], ["person.id"], name=op.f("fk_coaching_item_rep_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_item")),
        sa.UniqueConstraint("programme_id", "rep_id", "week", name="uq_coaching_item_week"),
        sa.UniqueConstraint("uid", name=op.f("uq_coaching_item_uid")),
    )
    op.create_index("ix_coaching_item_author_id", "coaching_item", ["author_id", "week"])
    op.create_index("ix_coaching_item_loop_id", "coaching_item", ["loop_id"])
    op.create_index("ix_coaching_item_rep_id", "coaching_item", ["rep_id", "week"])
    op.create_index("ix_coaching_item_state", "coaching_item", ["state", "review_at"])
    op.create_index(
        "uq_coaching_item_open_fix",
        "coaching_item",
        ["rep_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('coached', 'due', 'excused')"),
        postgresql_where=sa.text("state IN ('coached', 'due', 'excused')"),
    )

    op.create_table(
        "coaching_moment",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("item_id", BIG, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("signal_key", sa.String(length=120), nullable=False),
        sa.Column("deal_key", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("fired_on", sa.Date(), nullable=False),
        sa.Column("delay_days", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=200), nullable=True),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("proposal_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("dismissed_on", sa.Date(), nullable=True),
        sa.Column("acted_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("decay", sa.Double(), nullable=True),
        sa.Column("cost", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"], ["coaching_item.id"], name=op.f("fk_coaching_moment_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_moment")),
        sa.UniqueConstraint("item_id", "signal_key", name="uq_coaching_moment_signal"),
    )
    op.create_index("ix_coaching_moment_signal_key", "coaching_moment", ["signal_key"])

    op.create_table(
        "coaching_note",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("item_id", BIG, nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('comment', 'dispute', 'answer', 'review', 'addendum')",
            name=op.f("ck_coaching_note_kind_known"),
        ),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict IN ('right', 'stands')",
            name=op.f("ck_coaching_note_verdict_known"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["person.id"], name=op.f("fk_coaching_note_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["coaching_item.id"], name=op.f("fk_coaching_note_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_note")),
    )
    op.create_index("ix_coaching_note_item_id", "coaching_note", ["item_id"])

    op.create_table(
        "coaching_step",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("item_id", BIG, nullable=False),
        sa.Column("frm", sa.String(length=12), nullable=False),
        sa.Column("to", sa.String(length=12), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_coaching_step_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["coaching_item.id"], name=op.f("fk_coaching_step_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_step")),
        sa.UniqueConstraint("key", name=op.f("uq_coaching_step_key")),
    )
    op.create_index("ix_coaching_step_item_id", "coaching_step", ["item_id"])

    op.create_table(
        "fix",
        sa.Column("item_id", BIG, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idea", sa.String(length=60), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["coaching_item.id"], name=op.f("fk_fix_item_id")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_fix")),
    )
    op.create_index("ix_fix_idea", "fix", ["idea"])


def downgrade() -> None:
    op.drop_index("ix_fix_idea", "fix")

    op.drop_table("fix")
    op.drop_index("ix_coaching_step_item_id", "coaching_step")

    op.drop_table("coaching_step")
    op.drop_index("ix_coaching_note_item_id", "coaching_note")

    op.drop_table("coaching_note")
    op.drop_index("ix_coaching_moment_signal_key", "coaching_moment")

    op.drop_table("coaching_moment")
    op.drop_index("uq_coaching_item_open_fix", "coaching_item")
    op.drop_index("ix_coaching_item_state", "coaching_item")
    op.drop_index("ix_coaching_item_rep_id", "coaching_item")
    op.drop_index("ix_coaching_item_loop_id", "coaching_item")
    op.drop_index("ix_coaching_item_author_id", "coaching_item")

    op.drop_table("coaching_item")
    op.drop_table("loop_week")
    op.drop_index("ix_loop_week", "loop")
    op.drop_index("ix_loop_manager_id", "loop")

    op.drop_table("loop")
    op.drop_table("fix_idea")
    op.drop_index("ix_coverage_week_team", "coverage_week")

    op.drop_table("coverage_week")
    op.drop_table("set_day")
    op.drop_index("ix_second_lead_lead_id", "second_lead")

    op.drop_table("second_lead")
    op.drop_index("ix_deputy_deputy_id", "deputy")

    op.drop_table("deputy")
