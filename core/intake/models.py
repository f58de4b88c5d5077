"""What is kept about imports: each run with its counts, its problems, and rows still waiting."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey, Key


class ImportRun(Base):
    """One file taken in, as far as its last whole batch: rows is the sum of the five counts."""

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'refused', 'failed')", name="state_known"),
        CheckConstraint(
            "rows = added + changed + unchanged + refused + set_aside", name="rows_accounted"
        ),
        Index("ix_import_run_started_at", "started_at"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    kind: Mapped[str] = mapped_column(String(40))
    file: Mapped[str] = mapped_column(String(255))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(String(10), default="running")
    actor_id: Mapped[int | None] = mapped_column(BigKey, default=None)
    programme_id: Mapped[int | None] = mapped_column(BigKey, default=None)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    size: Mapped[int] = mapped_column(BigKey, default=0)
    encoding: Mapped[str] = mapped_column(String(16), default="")
    rows: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    set_aside: Mapped[int] = mapped_column(default=0)
    unknown_columns: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    watermark: Mapped[datetime | None] = mapped_column(default=None)


class ImportProblem(Base):
    """One problem at one line of a run's file."""

    __tablename__ = "import_problem"
    __table_args__ = (Index("ix_import_problem_run_id", "run_id", "row"),)

    id: Mapped[Key] = mapped_column(init=False)
    run_id: Mapped[int] = mapped_column(BigKey, ForeignKey("import_run.id"))
    row: Mapped[int] = mapped_column(BigKey)
    field: Mapped[str | None] = mapped_column(String(120))
    code: Mapped[str] = mapped_column(String(40))
    value: Mapped[str | None] = mapped_column(String(200))
    message: Mapped[str] = mapped_column(String(400))
    refuses: Mapped[bool] = mapped_column(default=True)


class ImportMapping(Base):
    """How a file with this header is read as a kind: which of its columns is which of ours.

    `columns` says for each of our columns where it comes from, `asked` what the file does not say
    itself (zone, order of day and month, words). `fingerprint` recognises a later file's header.
    """

    __tablename__ = "import_mapping"
    __table_args__ = (
        CheckConstraint("name <> ''", name="named"),
        Index("ix_import_mapping_fingerprint", "fingerprint"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    fingerprint: Mapped[str] = mapped_column(String(64))
    header: Mapped[list[str]] = mapped_column(JSON)
    columns: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)
    asked: Mapped[dict[str, str]] = mapped_column(JSON)
    saved_at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(BigKey, default=None)


class ImportUpload(Base):
    """A file sent by the page, kept until it was looked at and taken in, or a week at most."""

    __tablename__ = "import_upload"
    __table_args__ = (Index("ix_import_upload_sent_at", "sent_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    file: Mapped[str] = mapped_column(String(255))
    sent_at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(BigKey, default=None)
    size: Mapped[int] = mapped_column(BigKey, default=0)
    asked: Mapped[dict[str, str]] = mapped_column(JSON, default_factory=dict)
    done: Mapped[int] = mapped_column(BigKey, default=0)
    state: Mapped[str] = mapped_column(String(10), default="waiting")


class ImportUploadPiece(Base):
    """A piece of an uploaded file, in order."""

    __tablename__ = "import_upload_piece"

    upload_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("import_upload.id"), primary_key=True
    )
    place: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class IntakeSetAside(Base):
    """A well-formed row nobody can be found for yet; tried again after every import of people."""

    __tablename__ = "intake_set_aside"
    __table_args__ = (Index("ix_intake_set_aside_kind", "kind", "id"),)

    id: Mapped[Key] = mapped_column(init=False)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    file: Mapped[str] = mapped_column(String(255))
    line: Mapped[int] = mapped_column(BigKey)
    raw: Mapped[dict[str, str]] = mapped_column(JSON)
    code: Mapped[str] = mapped_column(String(40))
    ref: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]
    programme_id: Mapped[int | None] = mapped_column(BigKey, default=None)
    source: Mapped[str] = mapped_column(String(80), default="file")
    time_zone: Mapped[str | None] = mapped_column(String(64), default=None)
    run_id: Mapped[int | None] = mapped_column(BigKey, ForeignKey("import_run.id"), default=None)
