"""Every table of the first version."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adoption_status",
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("week_start", sa.Date(), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ever_sustained", sa.Boolean(), nullable=False),
        sa.Column("ever_used", sa.Boolean(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('left', 'not_measurable', 'sustained', 'lapsed', 'trying', 'not_started')",
            name=op.f("ck_adoption_status_state_known"),
        ),
        sa.CheckConstraint("streak >= 0", name=op.f("ck_adoption_status_streak_range")),
        sa.PrimaryKeyConstraint(
            "programme_id", "week_start", "person_id", name=op.f("pk_adoption_status")
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("adoption_status", schema=None) as batch_op:
        batch_op.create_index(
            "ix_adoption_status_person", ["person_id", "programme_id", "week_start"], unique=False
        )

    op.create_table(
        "api_token",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_token_prefix")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_table(
        "audit_entry",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("length(row_hash) = 64", name=op.f("ck_audit_entry_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_entry_previous_hash")),
        sa.UniqueConstraint("row_hash", name=op.f("uq_audit_entry_row_hash")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_action"), ["action"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_subject"), ["subject"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "daily_usage",
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count >= 1", name=op.f("ck_daily_usage_count_range")),
        sa.PrimaryKeyConstraint(
            "programme_id", "person_id", "local_day", "kind", name=op.f("pk_daily_usage")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_run",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("encoding", sa.String(length=16), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("set_aside", sa.Integer(), nullable=False),
        sa.Column("unknown_columns", sa.JSON(), nullable=False),
        sa.Column("watermark", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'refused', 'failed')",
            name=op.f("ck_import_run_state_known"),
        ),
        sa.CheckConstraint(
            "rows = added + changed + unchanged + refused + set_aside",
            name=op.f("ck_import_run_rows_accounted"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    with op.batch_alter_table("import_run", schema=None) as batch_op:
        batch_op.create_index("ix_import_run_started_at", ["started_at"], unique=False)

    op.create_table(
        "job_slot",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("covers_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_job_slot_attempt")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_slot")),
        sa.UniqueConstraint("job", "slot", name=op.f("uq_job_slot_job_slot")),
    )
    with op.batch_alter_table("job_slot", schema=None) as batch_op:
        batch_op.create_index("ix_job_slot_state", ["state"], unique=False)

    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "ledger_account",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("code", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("may_go_negative", sa.Boolean(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("held >= 0", name=op.f("ck_ledger_account_held")),
        sa.CheckConstraint(
            "may_go_negative OR balance >= held", name=op.f("ck_ledger_account_covered")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("code", name=op.f("uq_ledger_account_code")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("entry_key", sa.String(length=200), nullable=False),
        sa.Column("memo", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("reverses", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("entry_key", name=op.f("uq_ledger_entry_entry_key")),
        sa.UniqueConstraint("reverses", name=op.f("uq_ledger_entry_reverses")),
    )
    op.create_table(
        "mail_switch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("armed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_switch")),
    )
    op.create_table(
        "outbox_letter",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("dedupe_key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("list_name", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=250), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("use_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("is_safe_to_repeat", sa.Boolean(), nullable=False),
        sa.Column("is_important", sa.Boolean(), nullable=False),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_letter_attempts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_letter")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_letter_dedupe_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_letter_message_id")),
    )
    with op.batch_alter_table("outbox_letter", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_letter_due_at", ["due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_letter_kind"), ["kind"], unique=False)
        batch_op.create_index("ix_outbox_letter_lease_until", ["lease_until"], unique=False)
        batch_op.create_index(
            "ix_outbox_letter_person_id_at", ["person_id", "finished_at"], unique=False
        )

    op.create_table(
        "person",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=80), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("hired_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("enabled_on", sa.Date(), nullable=True),
        sa.Column("disabled_on", sa.Date(), nullable=True),
        sa.Column(
            "manager_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("alias", sa.String(length=40), nullable=True),
        sa.Column("ranking_opt_out", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.CheckConstraint(
            "disabled_on IS NULL OR (disabled_on >= '1900-01-01' AND disabled_on < '2200-01-01')",
            name=op.f("ck_person_disabled_on_sane"),
        ),
        sa.CheckConstraint(
            "enabled_on IS NULL OR (enabled_on >= '1900-01-01' AND enabled_on < '2200-01-01')",
            name=op.f("ck_person_enabled_on_sane"),
        ),
        sa.CheckConstraint(
            "hired_on IS NULL OR (hired_on >= '1900-01-01' AND hired_on < '2200-01-01')",
            name=op.f("ck_person_hired_on_sane"),
        ),
        sa.CheckConstraint("key <> ''", name=op.f("ck_person_key_given")),
        sa.CheckConstraint(
            "left_on IS NULL OR (left_on >= '1900-01-01' AND left_on < '2200-01-01')",
            name=op.f("ck_person_left_on_sane"),
        ),
        sa.CheckConstraint(
            "role IN ('rep', 'manager', 'director', 'sales_ops', 'executive', 'admin')",
            name=op.f("ck_person_role_known"),
        ),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'erased')", name=op.f("ck_person_status_known")
        ),
        sa.CheckConstraint(
            "disabled_on IS NULL OR enabled_on IS NULL OR disabled_on >= enabled_on",
            name=op.f("ck_person_disabled_after_enabled"),
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_person_email_lower")),
        sa.CheckConstraint(
            "left_on IS NULL OR hired_on IS NULL OR left_on >= hired_on",
            name=op.f("ck_person_left_after_hired"),
        ),
        sa.ForeignKeyConstraint(["manager_id"], ["person.id"], name=op.f("fk_person_manager_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("alias", name=op.f("uq_person_alias")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
        sa.UniqueConstraint("key", name=op.f("uq_person_key")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index("ix_person_manager_id", ["manager_id"], unique=False)
        batch_op.create_index("ix_person_name", ["name"], unique=False)

    op.create_table(
        "rate_window",
        sa.Column("bucket", sa.String(length=120), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "window_start", name=op.f("pk_rate_window")),
    )
    op.create_table(
        "rep_week",
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("week_start", sa.Date(), nullable=False),
        sa.Column("day_mask", sa.Integer(), nullable=False),
        sa.Column("active_days", sa.Integer(), nullable=False),
        sa.Column("available_days", sa.Integer(), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "active_days BETWEEN 0 AND 7", name=op.f("ck_rep_week_active_days_range")
        ),
        sa.CheckConstraint(
            "available_days BETWEEN 0 AND 7", name=op.f("ck_rep_week_available_days_range")
        ),
        sa.CheckConstraint("day_mask BETWEEN 0 AND 127", name=op.f("ck_rep_week_day_mask_range")),
        sa.PrimaryKeyConstraint(
            "programme_id", "person_id", "week_start", name=op.f("pk_rep_week")
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("rep_week", schema=None) as batch_op:
        batch_op.create_index("ix_rep_week_week", ["programme_id", "week_start"], unique=False)

    op.create_table(
        "suppression",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("list_name", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
        sa.UniqueConstraint(
            "person_id", "list_name", name=op.f("uq_suppression_person_id_list_name")
        ),
    )
    op.create_table(
        "team",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
        sa.UniqueConstraint("slug", name=op.f("uq_team_slug")),
    )
    op.create_table(
        "touched_day",
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint(
            "programme_id", "local_day", "person_id", name=op.f("pk_touched_day")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "touched_week",
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("week_start", sa.Date(), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.PrimaryKeyConstraint(
            "programme_id", "week_start", "person_id", name=op.f("pk_touched_week")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("object_id", sa.String(length=200), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.Column("fingerprint", sa.String(length=200), nullable=True),
        sa.Column("quarantine", sa.String(length=8), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "event_id <> '' AND source <> '' AND kind <> ''",
            name=op.f("ck_usage_event_texts_given"),
        ),
        sa.CheckConstraint(
            "local_day IS NULL OR (local_day >= '1970-01-01' AND local_day < '2200-01-01')",
            name=op.f("ck_usage_event_local_day_sane"),
        ),
        sa.CheckConstraint(
            "quarantine IS NULL OR quarantine = 'future'",
            name=op.f("ck_usage_event_quarantine_known"),
        ),
        sa.CheckConstraint(
            "value IS NULL OR (value > -1e15 AND value < 1e15)",
            name=op.f("ck_usage_event_value_finite"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_usage_event_version_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_event")),
        sa.UniqueConstraint(
            "programme_id", "source", "event_id", "version", name="uq_usage_event_key"
        ),
    )
    with op.batch_alter_table("usage_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_usage_event_day", ["programme_id", "local_day", "person_id"], unique=False
        )

    op.create_table(
        "usage_request",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("caller", sa.String(length=120), nullable=False),
        sa.Column("request_key", sa.String(length=255), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_request")),
        sa.UniqueConstraint("caller", "request_key", name="uq_usage_request_key"),
    )
    op.create_table(
        "absence",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "ends_on IS NULL OR (ends_on >= '1900-01-01' AND ends_on < '2200-01-01')",
            name=op.f("ck_absence_ends_on_sane"),
        ),
        sa.CheckConstraint(
            "starts_on IS NULL OR (starts_on >= '1900-01-01' AND starts_on < '2200-01-01')",
            name=op.f("ck_absence_starts_on_sane"),
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_absence_ends_not_before_start")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_absence_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
        sa.UniqueConstraint("person_id", "starts_on", "ends_on", name="uq_absence_key"),
    )
    op.create_table(
        "account",
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_account")),
    )
    op.create_table(
        "auth_session",
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("account_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_auth_session_person_id")
        ),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_auth_session")),
    )
    with op.batch_alter_table("auth_session", schema=None) as batch_op:
        batch_op.create_index("ix_auth_session_person_id", ["person_id"], unique=False)

    op.create_table(
        "import_problem",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("field", sa.String(length=120), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=True),
        sa.Column("message", sa.String(length=400), nullable=False),
        sa.Column("refuses", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name=op.f("fk_import_problem_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_problem")),
    )
    with op.batch_alter_table("import_problem", schema=None) as batch_op:
        batch_op.create_index("ix_import_problem_run_id", ["run_id", "row"], unique=False)

    op.create_table(
        "intake_set_aside",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("raw", sa.JSON(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name=op.f("fk_intake_set_aside_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_set_aside")),
        sa.UniqueConstraint("digest", name=op.f("uq_intake_set_aside_digest")),
    )
    with op.batch_alter_table("intake_set_aside", schema=None) as batch_op:
        batch_op.create_index("ix_intake_set_aside_kind", ["kind", "id"], unique=False)

    op.create_table(
        "ledger_hold",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("hold_key", sa.String(length=200), nullable=False),
        sa.Column(
            "from_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "to_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_hold_positive")),
        sa.ForeignKeyConstraint(
            ["from_account_id"], ["ledger_account.id"], name=op.f("fk_ledger_hold_from_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_account_id"], ["ledger_account.id"], name=op.f("fk_ledger_hold_to_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_hold")),
        sa.UniqueConstraint("hold_key", name=op.f("uq_ledger_hold_hold_key")),
    )
    op.create_table(
        "person_change",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_change_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_change")),
    )
    op.create_table(
        "posting",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_posting_moves")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_account.id"], name=op.f("fk_posting_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entry.id"], name=op.f("fk_posting_entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint("entry_id", "account_id", name=op.f("uq_posting_entry_id_account_id")),
    )
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_posting_account_id"), ["account_id"], unique=False)

    op.create_table(
        "preference",
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("theme", sa.String(length=8), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.CheckConstraint(
            "theme IN ('system', 'light', 'dark')", name=op.f("ck_preference_theme_known")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_preference_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_preference")),
    )
    op.create_table(
        "programme",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("launch_on", sa.Date(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column(
            "sponsor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("tz_mode", sa.String(length=8), nullable=False),
        sa.Column("week_start", sa.Integer(), nullable=False),
        sa.Column("workweek", sa.Integer(), nullable=False),
        sa.Column("holidays", sa.JSON(), nullable=False),
        sa.Column("login_kind", sa.String(length=80), nullable=False),
        sa.Column("key_actions", sa.JSON(), nullable=False),
        sa.Column("due_action", sa.String(length=80), nullable=False),
        sa.Column("target_days", sa.Integer(), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("lookback", sa.Integer(), nullable=False),
        sa.Column("min_available_days", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("goal_low", sa.Double(), nullable=False),
        sa.Column("goal_high", sa.Double(), nullable=False),
        sa.Column("respond_days", sa.Integer(), nullable=False),
        sa.Column("weekly_decay", sa.Double(), nullable=True),
        sa.Column("late_grace_hours", sa.Integer(), nullable=False),
        sa.Column("clock_skew_min", sa.Integer(), nullable=False),
        sa.Column("prior_learning_days", sa.Integer(), nullable=False),
        sa.Column("min_group", sa.Integer(), nullable=False),
        sa.Column("min_team", sa.Integer(), nullable=False),
        sa.Column("shrink_k", sa.Double(), nullable=False),
        sa.Column("effectiveness", sa.Double(), nullable=False),
        sa.Column(
            "prize_allowance_minor",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("leak_per_year", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("build_cost", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("playbook_hash", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "launch_on >= '1970-01-02' AND launch_on < '2200-01-01'",
            name=op.f("ck_programme_launch_sane"),
        ),
        sa.CheckConstraint("slug <> ''", name=op.f("ck_programme_slug_given")),
        sa.CheckConstraint(
            "tz_mode IN ('program', 'user')", name=op.f("ck_programme_tz_mode_known")
        ),
        sa.CheckConstraint(
            "build_cost IS NULL OR build_cost >= 0", name=op.f("ck_programme_build_cost_range")
        ),
        sa.CheckConstraint(
            "clock_skew_min BETWEEN 0 AND 1440", name=op.f("ck_programme_clock_skew_min_range")
        ),
        sa.CheckConstraint(
            "effectiveness > 0 AND effectiveness <= 1",
            name=op.f("ck_programme_effectiveness_range"),
        ),
        sa.CheckConstraint(
            "goal_low >= 0 AND goal_low <= goal_high AND goal_high <= 1",
            name=op.f("ck_programme_goal_range"),
        ),
        sa.CheckConstraint(
            "horizon_days BETWEEN 7 AND 366", name=op.f("ck_programme_horizon_days_range")
        ),
        sa.CheckConstraint(
            "k BETWEEN 1 AND n AND n <= lookback", name=op.f("ck_programme_k_of_n_of_lookback")
        ),
        sa.CheckConstraint(
            "late_grace_hours BETWEEN 0 AND 720", name=op.f("ck_programme_late_grace_hours_range")
        ),
        sa.CheckConstraint(
            "leak_per_year IS NULL OR leak_per_year >= 0", name=op.f("ck_programme_leak_range")
        ),
        sa.CheckConstraint("lookback BETWEEN 1 AND 52", name=op.f("ck_programme_lookback_range")),
        sa.CheckConstraint(
            "min_available_days BETWEEN 1 AND 7", name=op.f("ck_programme_min_available_days_range")
        ),
        sa.CheckConstraint(
            "min_group BETWEEN 1 AND 100", name=op.f("ck_programme_min_group_range")
        ),
        sa.CheckConstraint("min_team BETWEEN 1 AND 100", name=op.f("ck_programme_min_team_range")),
        sa.CheckConstraint(
            "prior_learning_days BETWEEN 0 AND 3660",
            name=op.f("ck_programme_prior_learning_days_range"),
        ),
        sa.CheckConstraint(
            "prize_allowance_minor >= 0", name=op.f("ck_programme_prize_allowance_range")
        ),
        sa.CheckConstraint(
            "respond_days BETWEEN 1 AND 60", name=op.f("ck_programme_respond_days_range")
        ),
        sa.CheckConstraint("rule_version >= 1", name=op.f("ck_programme_rule_version_range")),
        sa.CheckConstraint(
            "shrink_k >= 0 AND shrink_k <= 1000", name=op.f("ck_programme_shrink_k_range")
        ),
        sa.CheckConstraint(
            "target_days BETWEEN 1 AND 7", name=op.f("ck_programme_target_days_range")
        ),
        sa.CheckConstraint(
            "week_start BETWEEN 0 AND 6", name=op.f("ck_programme_week_start_range")
        ),
        sa.CheckConstraint(
            "weekly_decay IS NULL OR (weekly_decay >= 0 AND weekly_decay < 1)",
            name=op.f("ck_programme_weekly_decay_range"),
        ),
        sa.CheckConstraint("workweek BETWEEN 1 AND 127", name=op.f("ck_programme_workweek_range")),
        sa.ForeignKeyConstraint(
            ["sponsor_id"], ["person.id"], name=op.f("fk_programme_sponsor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme")),
        sa.UniqueConstraint("slug", name=op.f("uq_programme_slug")),
    )
    op.create_table(
        "team_membership",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("is_lead", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "ends_on IS NULL OR (ends_on >= '1900-01-01' AND ends_on < '2200-01-01')",
            name=op.f("ck_team_membership_ends_on_sane"),
        ),
        sa.CheckConstraint(
            "starts_on IS NULL OR (starts_on >= '1900-01-01' AND starts_on < '2200-01-01')",
            name=op.f("ck_team_membership_starts_on_sane"),
        ),
        sa.CheckConstraint(
            "ends_on IS NULL OR ends_on > starts_on",
            name=op.f("ck_team_membership_ends_after_start"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_team_membership_person_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_membership_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_membership")),
        sa.UniqueConstraint("person_id", "team_id", "starts_on", name="uq_team_membership_key"),
    )
    with op.batch_alter_table("team_membership", schema=None) as batch_op:
        batch_op.create_index("ix_team_membership_team_id", ["team_id", "starts_on"], unique=False)

    op.create_table(
        "adoption_week",
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("week_start", sa.Date(), nullable=False),
        sa.Column("eligible", sa.Integer(), nullable=False),
        sa.Column("met", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("not_measurable", sa.Integer(), nullable=False),
        sa.Column("sustained", sa.Integer(), nullable=False),
        sa.Column("lapsed", sa.Integer(), nullable=False),
        sa.Column("trying", sa.Integer(), nullable=False),
        sa.Column("not_started", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_adoption_week_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", "week_start", name=op.f("pk_adoption_week")),
    )
    op.create_table(
        "ask",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("is_anonymous", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_ask_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ask")),
    )
    with op.batch_alter_table("ask", schema=None) as batch_op:
        batch_op.create_index("uq_ask_slug", ["programme_id", "slug"], unique=True)

    op.create_table(
        "board",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("link", sa.String(length=200), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("team_ids", sa.JSON(), nullable=True),
        sa.Column("target_days", sa.String(length=20), nullable=False),
        sa.Column("min_team_size", sa.String(length=20), nullable=False),
        sa.Column("shrink_k", sa.String(length=20), nullable=False),
        sa.Column("baseline_days", sa.Integer(), nullable=False),
        sa.Column("hides_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_rev", sa.Integer(), nullable=True),
        sa.Column("has_snapshot", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "mode IN ('participation', 'per_capita', 'total', 'improvement', 'handicap')",
            name=op.f("ck_board_mode_known"),
        ),
        sa.CheckConstraint("slug <> ''", name=op.f("ck_board_slug_given")),
        sa.CheckConstraint(
            "starts_on >= '1970-01-02' AND ends_on < '2200-01-01'", name=op.f("ck_board_dates_sane")
        ),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_board_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_board_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board")),
        sa.UniqueConstraint("slug", name=op.f("uq_board_slug")),
    )
    with op.batch_alter_table("board", schema=None) as batch_op:
        batch_op.create_index("ix_board_programme_id", ["programme_id", "starts_on"], unique=False)

    op.create_table(
        "campaign",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("cadence", sa.String(length=12), nullable=False),
        sa.Column("states", sa.JSON(), nullable=False),
        sa.Column("tips", sa.JSON(), nullable=False),
        sa.Column("holdout_percent", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column(
            "scheduled_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "cadence IN ('weekly', 'fortnightly')", name=op.f("ck_campaign_cadence_known")
        ),
        sa.CheckConstraint("slug <> ''", name=op.f("ck_campaign_slug_given")),
        sa.CheckConstraint("state IN ('active', 'stopped')", name=op.f("ck_campaign_state_known")),
        sa.CheckConstraint("day BETWEEN 0 AND 6", name=op.f("ck_campaign_day")),
        sa.CheckConstraint(
            "ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_campaign_ends_after_start")
        ),
        sa.CheckConstraint("holdout_percent BETWEEN 0 AND 90", name=op.f("ck_campaign_holdout")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_campaign_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["scheduled_by"], ["person.id"], name=op.f("fk_campaign_scheduled_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("programme_id", "slug", name="uq_campaign_key"),
    )
    op.create_table(
        "course",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("valid_days", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('elearning', 'live', 'lunch_and_learn', 'hands_on', 'certification')",
            name=op.f("ck_course_kind_known"),
        ),
        sa.CheckConstraint("slug <> ''", name=op.f("ck_course_slug_given")),
        sa.CheckConstraint(
            "minutes IS NULL OR minutes > 0", name=op.f("ck_course_minutes_positive")
        ),
        sa.CheckConstraint(
            "valid_days IS NULL OR valid_days > 0", name=op.f("ck_course_valid_days_positive")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_course_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint("programme_id", "slug", name="uq_course_key"),
    )
    op.create_table(
        "deal",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("deal_key", sa.String(length=120), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("account", sa.String(length=200), nullable=True),
        sa.Column("product", sa.String(length=200), nullable=True),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("created_on", sa.Date(), nullable=True),
        sa.Column("proposal_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "closed_on IS NULL OR (closed_on >= '1970-01-01' AND closed_on < '2200-01-01')",
            name=op.f("ck_deal_closed_on_sane"),
        ),
        sa.CheckConstraint(
            "created_on IS NULL OR (created_on >= '1970-01-01' AND created_on < '2200-01-01')",
            name=op.f("ck_deal_created_on_sane"),
        ),
        sa.CheckConstraint(
            "proposal_on IS NULL OR (proposal_on >= '1970-01-01' AND proposal_on < '2200-01-01')",
            name=op.f("ck_deal_proposal_on_sane"),
        ),
        sa.CheckConstraint("stage IN ('open', 'won', 'lost')", name=op.f("ck_deal_stage_known")),
        sa.CheckConstraint(
            "amount IS NULL OR (amount > -1000000000000 AND amount < 1000000000000)",
            name=op.f("ck_deal_amount_range"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_deal_person_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_deal_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal")),
        sa.UniqueConstraint("deal_key", name=op.f("uq_deal_deal_key")),
    )
    with op.batch_alter_table("deal", schema=None) as batch_op:
        batch_op.create_index("ix_deal_person", ["person_id", "closed_on"], unique=False)

    op.create_table(
        "enrolment",
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_enrolment_person_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_enrolment_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", "person_id", name=op.f("pk_enrolment")),
    )
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.create_index("ix_enrolment_person_id", ["person_id"], unique=False)

    op.create_table(
        "ingest_batch",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "min_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "max_event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("latest_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_ingest_batch_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_batch")),
    )
    with op.batch_alter_table("ingest_batch", schema=None) as batch_op:
        batch_op.create_index("ix_ingest_batch_open", ["programme_id", "rolled_at"], unique=False)

    op.create_table(
        "outcome",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("baseline", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.CheckConstraint("direction IN ('up', 'down')", name=op.f("ck_outcome_direction_known")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_outcome_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome")),
    )
    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.create_index("uq_outcome_slug", ["programme_id", "slug"], unique=True)

    op.create_table(
        "proposal",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("proposal_key", sa.String(length=120), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("with_tool", sa.Boolean(), nullable=False),
        sa.Column("value", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("deal_key", sa.String(length=120), nullable=True),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "created_on IS NULL OR (created_on >= '1970-01-01' AND created_on < '2200-01-01')",
            name=op.f("ck_proposal_created_on_sane"),
        ),
        sa.CheckConstraint(
            "value IS NULL OR (value > -1000000000000 AND value < 1000000000000)",
            name=op.f("ck_proposal_value_range"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_proposal_person_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_proposal_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
        sa.UniqueConstraint("proposal_key", name=op.f("uq_proposal_proposal_key")),
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index("ix_proposal_created", ["created_on"], unique=False)

    op.create_table(
        "signal",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("signal_key", sa.String(length=120), nullable=False),
        sa.Column("deal_key", sa.String(length=120), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_signal_person_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_signal_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal")),
        sa.UniqueConstraint("signal_key", name=op.f("uq_signal_signal_key")),
    )
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signal_deal_key"), ["deal_key"], unique=False)
        batch_op.create_index("ix_signal_person", ["person_id", "fired_at"], unique=False)

    op.create_table(
        "tip",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("about", sa.String(length=80), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "written_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("slug <> ''", name=op.f("ck_tip_slug_given")),
        sa.CheckConstraint("subject <> ''", name=op.f("ck_tip_subject_given")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_tip_programme_id")
        ),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"], name=op.f("fk_tip_written_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tip")),
        sa.UniqueConstraint("programme_id", "slug", name="uq_tip_key"),
    )
    op.create_table(
        "usage_digest",
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("first_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_usage_digest_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", "digest", name=op.f("pk_usage_digest")),
    )
    op.create_table(
        "usage_mark",
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("latest_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "person_change_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("judged_week", sa.Date(), nullable=True),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_usage_mark_programme_id")
        ),
        sa.PrimaryKeyConstraint("programme_id", name=op.f("pk_usage_mark")),
    )
    op.create_table(
        "adoption_metric_link",
        sa.Column(
            "outcome_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("metric", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["outcome_id"], ["outcome.id"], name=op.f("fk_adoption_metric_link_outcome_id")
        ),
        sa.PrimaryKeyConstraint("outcome_id", "metric", name=op.f("pk_adoption_metric_link")),
    )
    op.create_table(
        "assignment",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("assigned_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("is_waived", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.CheckConstraint(
            "assigned_on IS NULL OR (assigned_on >= '1900-01-01' AND assigned_on < '2200-01-01')",
            name=op.f("ck_assignment_assigned_on_sane"),
        ),
        sa.CheckConstraint(
            "due_on IS NULL OR (due_on >= '1900-01-01' AND due_on < '2200-01-01')",
            name=op.f("ck_assignment_due_on_sane"),
        ),
        sa.CheckConstraint(
            "source IN ('file', 'milestone', 'page')", name=op.f("ck_assignment_source_known")
        ),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_assignment_course_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_assignment_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("person_id", "course_id", "assigned_on", name="uq_assignment_key"),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index("ix_assignment_course_id", ["course_id", "assigned_on"], unique=False)

    op.create_table(
        "board_mark",
        sa.Column("board_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "batch_floor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("batches_seen", sa.JSON(), nullable=False),
        sa.Column(
            "person_change_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("terms_hash", sa.String(length=64), nullable=False),
        sa.Column("rows_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_board_mark_board_id")),
        sa.PrimaryKeyConstraint("board_id", name=op.f("pk_board_mark")),
    )
    op.create_table(
        "board_member",
        sa.Column("board_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("active_days", sa.Integer(), nullable=False),
        sa.Column("available_days", sa.Integer(), nullable=False),
        sa.Column("asked_days", sa.Integer(), nullable=False),
        sa.Column("on_roster", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_board_member_board_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_board_member_person_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_board_member_team_id")),
        sa.PrimaryKeyConstraint("board_id", "person_id", "team_id", name=op.f("pk_board_member")),
    )
    op.create_table(
        "completion",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("is_passed", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column(
            "recorded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint(
            "local_day IS NULL OR (local_day >= '1900-01-01' AND local_day < '2200-01-01')",
            name=op.f("ck_completion_local_day_sane"),
        ),
        sa.CheckConstraint(
            "score IS NULL OR (score >= -1e15 AND score <= 1e15)",
            name=op.f("ck_completion_score_finite"),
        ),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_completion_course_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_completion_person_id")),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["person.id"], name=op.f("fk_completion_recorded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion")),
        sa.UniqueConstraint("person_id", "course_id", "completed_at", name="uq_completion_key"),
    )
    with op.batch_alter_table("completion", schema=None) as batch_op:
        batch_op.create_index("ix_completion_completed_at", ["completed_at"], unique=False)
        batch_op.create_index("ix_completion_course_id", ["course_id", "local_day"], unique=False)

    op.create_table(
        "contest",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("board_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grace_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "approver_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("goal", sa.String(length=20), nullable=True),
        sa.Column("freeze_hours", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("rules_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "liability_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("provisional_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("final_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_hash", sa.String(length=64), nullable=True),
        sa.Column("alarm", sa.String(length=200), nullable=True),
        sa.CheckConstraint("slug <> '' AND title <> ''", name=op.f("ck_contest_texts_given")),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'scheduled', 'running', 'paused', 'grace', 'computing', 'provisional', 'final', 'cancelled', 'archived')",
            name=op.f("ck_contest_state_known"),
        ),
        sa.CheckConstraint("last_on >= starts_on", name=op.f("ck_contest_last_after_start")),
        sa.CheckConstraint("liability_minor >= 0", name=op.f("ck_contest_liability_range")),
        sa.ForeignKeyConstraint(
            ["approver_id"], ["person.id"], name=op.f("fk_contest_approver_id")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_contest_author_id")),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_contest_board_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_contest_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest")),
        sa.UniqueConstraint("board_id", name=op.f("uq_contest_board_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_contest_slug")),
    )
    with op.batch_alter_table("contest", schema=None) as batch_op:
        batch_op.create_index(
            "ix_contest_programme_id", ["programme_id", "starts_on"], unique=False
        )
        batch_op.create_index("ix_contest_state", ["state"], unique=False)

    op.create_table(
        "frozen_standing",
        sa.Column("board_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_name", sa.String(length=120), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("score", sa.Text(), nullable=True),
        sa.Column("rank_score", sa.Text(), nullable=True),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("headcount", sa.Text(), nullable=False),
        sa.Column("roster", sa.Integer(), nullable=False),
        sa.Column("participants", sa.Integer(), nullable=False),
        sa.Column("member_days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(
            ["board_id"], ["board.id"], name=op.f("fk_frozen_standing_board_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["team.id"], name=op.f("fk_frozen_standing_unit_id")),
        sa.PrimaryKeyConstraint("board_id", "rev", "unit_id", name=op.f("pk_frozen_standing")),
    )
    with op.batch_alter_table("frozen_standing", schema=None) as batch_op:
        batch_op.create_index("ix_frozen_standing_rank", ["board_id", "rev", "rank"], unique=False)

    op.create_table(
        "issue",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("use_by", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_issue_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue")),
        sa.UniqueConstraint("campaign_id", "day", name="uq_issue_key"),
    )
    with op.batch_alter_table("issue", schema=None) as batch_op:
        batch_op.create_index("ix_issue_due_at", ["due_at"], unique=False)

    op.create_table(
        "milestone",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "programme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "course_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("due_days", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_mandatory", sa.Boolean(), nullable=False),
        sa.Column("hands_on_kind", sa.String(length=80), nullable=True),
        sa.Column("hands_on_count", sa.Integer(), nullable=True),
        sa.Column("hands_on_hours", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(hands_on_kind IS NULL) = (hands_on_hours IS NULL) AND (hands_on_kind IS NULL) = (hands_on_count IS NULL)",
            name=op.f("ck_milestone_hands_on_whole"),
        ),
        sa.CheckConstraint("due_days >= 0", name=op.f("ck_milestone_due_days_not_negative")),
        sa.CheckConstraint(
            "hands_on_count IS NULL OR hands_on_count > 0", name=op.f("ck_milestone_hands_on_count")
        ),
        sa.CheckConstraint(
            "hands_on_hours IS NULL OR hands_on_hours > 0", name=op.f("ck_milestone_hands_on_hours")
        ),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_milestone_course_id")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_milestone_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone")),
        sa.UniqueConstraint("course_id", name=op.f("uq_milestone_course_id")),
    )
    with op.batch_alter_table("milestone", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_milestone_programme_id"), ["programme_id"], unique=False
        )

    op.create_table(
        "score_entry",
        sa.Column("board_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("uncounted", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_score_entry_board_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_score_entry_person_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_score_entry_team_id")),
        sa.PrimaryKeyConstraint("board_id", "person_id", "local_day", name=op.f("pk_score_entry")),
    )
    op.create_table(
        "standing",
        sa.Column("board_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_name", sa.String(length=120), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("score", sa.Text(), nullable=True),
        sa.Column("rank_score", sa.Text(), nullable=True),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("headcount", sa.Text(), nullable=False),
        sa.Column("roster", sa.Integer(), nullable=False),
        sa.Column("participants", sa.Integer(), nullable=False),
        sa.Column("member_days", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("previous_rank", sa.Integer(), nullable=True),
        sa.Column("previous_score", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_standing_board_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["team.id"], name=op.f("fk_standing_unit_id")),
        sa.PrimaryKeyConstraint("board_id", "unit_id", name=op.f("pk_standing")),
    )
    with op.batch_alter_table("standing", schema=None) as batch_op:
        batch_op.create_index("ix_standing_rank", ["board_id", "rank"], unique=False)

    op.create_table(
        "standing_day",
        sa.Column("board_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("score", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"], name=op.f("fk_standing_day_board_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["team.id"], name=op.f("fk_standing_day_unit_id")),
        sa.PrimaryKeyConstraint("board_id", "unit_id", "local_day", name=op.f("pk_standing_day")),
    )
    op.create_table(
        "target",
        sa.Column(
            "outcome_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("quarter", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.CheckConstraint("quarter BETWEEN 1 AND 4", name=op.f("ck_target_quarter_range")),
        sa.ForeignKeyConstraint(["outcome_id"], ["outcome.id"], name=op.f("fk_target_outcome_id")),
        sa.PrimaryKeyConstraint("outcome_id", "quarter", name=op.f("pk_target")),
    )
    op.create_table(
        "contest_event",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "contest_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("from_state", sa.String(length=12), nullable=False),
        sa.Column("to_state", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name=op.f("fk_contest_event_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_contest_event_contest_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_event")),
        sa.UniqueConstraint("key", name=op.f("uq_contest_event_key")),
    )
    with op.batch_alter_table("contest_event", schema=None) as batch_op:
        batch_op.create_index("ix_contest_event_contest_id", ["contest_id", "id"], unique=False)

    op.create_table(
        "dispute",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "contest_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "opened_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column(
            "decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'rejected', 'upheld')", name=op.f("ck_dispute_state_known")
        ),
        sa.ForeignKeyConstraint(["contest_id"], ["contest.id"], name=op.f("fk_dispute_contest_id")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["person.id"], name=op.f("fk_dispute_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by_id"], ["person.id"], name=op.f("fk_dispute_opened_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
    )
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.create_index("ix_dispute_contest_id", ["contest_id", "state"], unique=False)

    op.create_table(
        "escalation",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "assignment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("step", sa.String(length=8), nullable=False),
        sa.Column(
            "to_person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "step IN ('rep', 'manager', 'director')", name=op.f("ck_escalation_step_known")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_escalation_assignment_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_person_id"], ["person.id"], name=op.f("fk_escalation_to_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation")),
        sa.UniqueConstraint("assignment_id", "step", name="uq_escalation_key"),
    )
    op.create_table(
        "hands_on_check",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "milestone_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "completion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("passed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'passed') = (passed_at IS NOT NULL)",
            name=op.f("ck_hands_on_check_passed_when"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'passed', 'missed')", name=op.f("ck_hands_on_check_state_known")
        ),
        sa.CheckConstraint("due_at > opens_at", name=op.f("ck_hands_on_check_window")),
        sa.CheckConstraint("needed > 0 AND seen >= 0", name=op.f("ck_hands_on_check_counts")),
        sa.ForeignKeyConstraint(
            ["completion_id"], ["completion.id"], name=op.f("fk_hands_on_check_completion_id")
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestone.id"], name=op.f("fk_hands_on_check_milestone_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_hands_on_check_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hands_on_check")),
        sa.UniqueConstraint("milestone_id", "person_id", name="uq_hands_on_check_key"),
    )
    with op.batch_alter_table("hands_on_check", schema=None) as batch_op:
        batch_op.create_index("ix_hands_on_check_open", ["state", "due_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_hands_on_check_person_id"), ["person_id"], unique=False
        )

    op.create_table(
        "issue_recipient",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("issue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("tip_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(outcome IN ('queued', 'held_back')) = (tip_id IS NOT NULL)",
            name=op.f("ck_issue_recipient_tip"),
        ),
        sa.CheckConstraint(
            "outcome IN ('queued', 'left', 'opted_out', 'away', 'capped', 'no_tip', 'held_back')",
            name=op.f("ck_issue_recipient_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issue.id"], name=op.f("fk_issue_recipient_issue_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_issue_recipient_person_id")
        ),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_issue_recipient_tip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_recipient")),
        sa.UniqueConstraint("issue_id", "person_id", name="uq_issue_recipient_key"),
    )
    with op.batch_alter_table("issue_recipient", schema=None) as batch_op:
        batch_op.create_index(
            "ix_issue_recipient_person_id", ["person_id", "outcome"], unique=False
        )

    op.create_table(
        "prize",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "contest_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column(
            "cost_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("reserve_score", sa.String(length=20), nullable=True),
        sa.CheckConstraint("cost_minor >= 0", name=op.f("ck_prize_cost_range")),
        sa.CheckConstraint(
            "place IS NULL OR place BETWEEN 1 AND 1000", name=op.f("ck_prize_place_range")
        ),
        sa.ForeignKeyConstraint(["contest_id"], ["contest.id"], name=op.f("fk_prize_contest_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prize")),
    )
    with op.batch_alter_table("prize", schema=None) as batch_op:
        batch_op.create_index("ix_prize_contest_id", ["contest_id"], unique=False)

    op.create_table(
        "award",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=60), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_key", sa.String(length=200), nullable=False),
        sa.Column(
            "contest_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("prize_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column(
            "amount_minor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('proposed', 'pending_approval', 'approved', 'granted', 'announced', 'held', 'rejected', 'expired', 'reversed')",
            name=op.f("ck_award_state_known"),
        ),
        sa.CheckConstraint(
            "(team_id IS NULL) <> (person_id IS NULL)", name=op.f("ck_award_one_recipient")
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_award_amount_range")),
        sa.ForeignKeyConstraint(["contest_id"], ["contest.id"], name=op.f("fk_award_contest_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_award_person_id")),
        sa.ForeignKeyConstraint(["prize_id"], ["prize.id"], name=op.f("fk_award_prize_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_award_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("entry_key", name=op.f("uq_award_entry_key")),
        sa.UniqueConstraint("source", "rule", "recipient", "rev", name="uq_award_fact"),
    )
    with op.batch_alter_table("award", schema=None) as batch_op:
        batch_op.create_index("ix_award_contest_id", ["contest_id"], unique=False)
        batch_op.create_index("ix_award_person_id", ["person_id"], unique=False)
        batch_op.create_index("ix_award_state", ["state"], unique=False)

    op.create_table(
        "recognition",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("award_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "given_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_recognition_award_id")),
        sa.ForeignKeyConstraint(
            ["given_by_id"], ["person.id"], name=op.f("fk_recognition_given_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_recognition_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition")),
        sa.UniqueConstraint("award_id", "person_id", name="uq_recognition_award"),
    )
    with op.batch_alter_table("recognition", schema=None) as batch_op:
        batch_op.create_index("ix_recognition_person_id", ["person_id", "given_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("recognition", schema=None) as batch_op:
        batch_op.drop_index("ix_recognition_person_id")

    op.drop_table("recognition")
    with op.batch_alter_table("award", schema=None) as batch_op:
        batch_op.drop_index("ix_award_state")
        batch_op.drop_index("ix_award_person_id")
        batch_op.drop_index("ix_award_contest_id")

    op.drop_table("award")
    with op.batch_alter_table("prize", schema=None) as batch_op:
        batch_op.drop_index("ix_prize_contest_id")

    op.drop_table("prize")
    with op.batch_alter_table("issue_recipient", schema=None) as batch_op:
        batch_op.drop_index("ix_issue_recipient_person_id")

    op.drop_table("issue_recipient")
    with op.batch_alter_table("hands_on_check", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hands_on_check_person_id"))
        batch_op.drop_index("ix_hands_on_check_open")

    op.drop_table("hands_on_check")
    op.drop_table("escalation")
    with op.batch_alter_table("dispute", schema=None) as batch_op:
        batch_op.drop_index("ix_dispute_contest_id")

    op.drop_table("dispute")
    with op.batch_alter_table("contest_event", schema=None) as batch_op:
        batch_op.drop_index("ix_contest_event_contest_id")

    op.drop_table("contest_event")
    op.drop_table("target")
    op.drop_table("standing_day")
    with op.batch_alter_table("standing", schema=None) as batch_op:
        batch_op.drop_index("ix_standing_rank")

    op.drop_table("standing")
    op.drop_table("score_entry")
    with op.batch_alter_table("milestone", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_milestone_programme_id"))

    op.drop_table("milestone")
    with op.batch_alter_table("issue", schema=None) as batch_op:
        batch_op.drop_index("ix_issue_due_at")

    op.drop_table("issue")
    with op.batch_alter_table("frozen_standing", schema=None) as batch_op:
        batch_op.drop_index("ix_frozen_standing_rank")

    op.drop_table("frozen_standing")
    with op.batch_alter_table("contest", schema=None) as batch_op:
        batch_op.drop_index("ix_contest_state")
        batch_op.drop_index("ix_contest_programme_id")

    op.drop_table("contest")
    with op.batch_alter_table("completion", schema=None) as batch_op:
        batch_op.drop_index("ix_completion_course_id")
        batch_op.drop_index("ix_completion_completed_at")

    op.drop_table("completion")
    op.drop_table("board_member")
    op.drop_table("board_mark")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index("ix_assignment_course_id")

    op.drop_table("assignment")
    op.drop_table("adoption_metric_link")
    op.drop_table("usage_mark")
    op.drop_table("usage_digest")
    op.drop_table("tip")
    with op.batch_alter_table("signal", schema=None) as batch_op:
        batch_op.drop_index("ix_signal_person")
        batch_op.drop_index(batch_op.f("ix_signal_deal_key"))

    op.drop_table("signal")
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.drop_index("ix_proposal_created")

    op.drop_table("proposal")
    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.drop_index("uq_outcome_slug")

    op.drop_table("outcome")
    with op.batch_alter_table("ingest_batch", schema=None) as batch_op:
        batch_op.drop_index("ix_ingest_batch_open")

    op.drop_table("ingest_batch")
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.drop_index("ix_enrolment_person_id")

    op.drop_table("enrolment")
    with op.batch_alter_table("deal", schema=None) as batch_op:
        batch_op.drop_index("ix_deal_person")

    op.drop_table("deal")
    op.drop_table("course")
    op.drop_table("campaign")
    with op.batch_alter_table("board", schema=None) as batch_op:
        batch_op.drop_index("ix_board_programme_id")

    op.drop_table("board")
    with op.batch_alter_table("ask", schema=None) as batch_op:
        batch_op.drop_index("uq_ask_slug")

    op.drop_table("ask")
    op.drop_table("adoption_week")
    with op.batch_alter_table("team_membership", schema=None) as batch_op:
        batch_op.drop_index("ix_team_membership_team_id")

    op.drop_table("team_membership")
    op.drop_table("programme")
    op.drop_table("preference")
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_posting_account_id"))

    op.drop_table("posting")
    op.drop_table("person_change")
    op.drop_table("ledger_hold")
    with op.batch_alter_table("intake_set_aside", schema=None) as batch_op:
        batch_op.drop_index("ix_intake_set_aside_kind")

    op.drop_table("intake_set_aside")
    with op.batch_alter_table("import_problem", schema=None) as batch_op:
        batch_op.drop_index("ix_import_problem_run_id")

    op.drop_table("import_problem")
    with op.batch_alter_table("auth_session", schema=None) as batch_op:
        batch_op.drop_index("ix_auth_session_person_id")

    op.drop_table("auth_session")
    op.drop_table("account")
    op.drop_table("absence")
    op.drop_table("usage_request")
    with op.batch_alter_table("usage_event", schema=None) as batch_op:
        batch_op.drop_index("ix_usage_event_day")

    op.drop_table("usage_event")
    op.drop_table("touched_week")
    op.drop_table("touched_day")
    op.drop_table("team")
    op.drop_table("suppression")
    with op.batch_alter_table("rep_week", schema=None) as batch_op:
        batch_op.drop_index("ix_rep_week_week")

    op.drop_table("rep_week")
    op.drop_table("rate_window")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index("ix_person_name")
        batch_op.drop_index("ix_person_manager_id")

    op.drop_table("person")
    with op.batch_alter_table("outbox_letter", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_letter_person_id_at")
        batch_op.drop_index("ix_outbox_letter_lease_until")
        batch_op.drop_index(batch_op.f("ix_outbox_letter_kind"))
        batch_op.drop_index("ix_outbox_letter_due_at")

    op.drop_table("outbox_letter")
    op.drop_table("mail_switch")
    op.drop_table("ledger_entry")
    op.drop_table("ledger_account")
    op.drop_table("lease")
    with op.batch_alter_table("job_slot", schema=None) as batch_op:
        batch_op.drop_index("ix_job_slot_state")

    op.drop_table("job_slot")
    with op.batch_alter_table("import_run", schema=None) as batch_op:
        batch_op.drop_index("ix_import_run_started_at")

    op.drop_table("import_run")
    op.drop_table("daily_usage")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_subject"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_action"))

    op.drop_table("audit_entry")
    op.drop_table("api_token")
    with op.batch_alter_table("adoption_status", schema=None) as batch_op:
        batch_op.drop_index("ix_adoption_status_person")

    op.drop_table("adoption_status")
