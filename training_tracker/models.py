"""Tables of what people learn. Facts keep their date; a correction is the same key again."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, BigKey, Key

_DATE_LOW, _DATE_HIGH = "1900-01-01", "2200-01-01"


def _sane_date(column: str) -> CheckConstraint:
    """Keep poison dates out of the database itself (TRUST section 4, rule 13)."""
    return CheckConstraint(
        f"{column} IS NULL OR ({column} >= '{_DATE_LOW}' AND {column} < '{_DATE_HIGH}')",
        name=f"{column}_sane",
    )


class Course(Base):
    """Something taught in a programme, called by its slug in files and playbooks."""

    __tablename__ = "course"
    __table_args__ = (
        UniqueConstraint("programme_id", "slug", name="uq_course_key"),
        CheckConstraint(
            "kind IN ('elearning', 'live', 'lunch_and_learn', 'hands_on', 'certification')",
            name="kind_known",
        ),
        CheckConstraint("slug <> ''", name="slug_given"),
        CheckConstraint("minutes IS NULL OR minutes > 0", name="minutes_positive"),
        CheckConstraint("valid_days IS NULL OR valid_days > 0", name="valid_days_positive"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"))
    slug: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20), default="elearning")
    minutes: Mapped[int | None] = mapped_column(default=None)
    valid_days: Mapped[int | None] = mapped_column(default=None)
    position: Mapped[int] = mapped_column(default=0)


class Milestone(Base):
    """What is required of whom by when, and the real use that must follow; one per course."""

    __tablename__ = "milestone"
    __table_args__ = (
        CheckConstraint("due_days >= 0", name="due_days_not_negative"),
        CheckConstraint(
            "(hands_on_kind IS NULL) = (hands_on_hours IS NULL)"
            " AND (hands_on_kind IS NULL) = (hands_on_count IS NULL)",
            name="hands_on_whole",
        ),
        CheckConstraint("hands_on_count IS NULL OR hands_on_count > 0", name="hands_on_count"),
        CheckConstraint("hands_on_hours IS NULL OR hands_on_hours > 0", name="hands_on_hours"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    programme_id: Mapped[int] = mapped_column(BigKey, ForeignKey("programme.id"), index=True)
    course_id: Mapped[int] = mapped_column(BigKey, ForeignKey("course.id"), unique=True)
    roles: Mapped[list[str]] = mapped_column(JSON)
    due_days: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)
    is_mandatory: Mapped[bool] = mapped_column(default=True)
    hands_on_kind: Mapped[str | None] = mapped_column(String(80), default=None)
    hands_on_count: Mapped[int | None] = mapped_column(default=None)
    hands_on_hours: Mapped[int | None] = mapped_column(default=None)


class Assignment(Base):
    """A person's duty to take a course, from a file, a milestone or a page; waived, not deleted."""

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("person_id", "course_id", "assigned_on", name="uq_assignment_key"),
        CheckConstraint("source IN ('file', 'milestone', 'page')", name="source_known"),
        _sane_date("assigned_on"),
        _sane_date("due_on"),
        Index("ix_assignment_course_id", "course_id", "assigned_on"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    course_id: Mapped[int] = mapped_column(BigKey, ForeignKey("course.id"))
    assigned_on: Mapped[date]
    due_on: Mapped[date | None] = mapped_column(default=None)
    is_waived: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(String(12), default="file")


class Completion(Base):
    """Proof that somebody finished a course, passed or not; `local_day` is the programme's date."""

    __tablename__ = "completion"
    __table_args__ = (
        UniqueConstraint("person_id", "course_id", "completed_at", name="uq_completion_key"),
        CheckConstraint("score IS NULL OR (score >= -1e15 AND score <= 1e15)", name="score_finite"),
        _sane_date("local_day"),
        Index("ix_completion_course_id", "course_id", "local_day"),
        Index("ix_completion_completed_at", "completed_at"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    course_id: Mapped[int] = mapped_column(BigKey, ForeignKey("course.id"))
    completed_at: Mapped[datetime]
    local_day: Mapped[date]
    is_passed: Mapped[bool]
    score: Mapped[float | None] = mapped_column(default=None)
    source: Mapped[str] = mapped_column(String(80), default="file")
    recorded_by: Mapped[int | None] = mapped_column(BigKey, ForeignKey("person.id"), default=None)


class HandsOnCheck(Base):
    """Real use asked for after a passed class, within a window of hours; proven by usage."""

    __tablename__ = "hands_on_check"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'passed', 'missed')", name="state_known"),
        CheckConstraint("needed > 0 AND seen >= 0", name="counts"),
        CheckConstraint("due_at > opens_at", name="window"),
        CheckConstraint("(state = 'passed') = (passed_at IS NOT NULL)", name="passed_when"),
        UniqueConstraint("milestone_id", "person_id", name="uq_hands_on_check_key"),
        Index("ix_hands_on_check_open", "state", "due_at"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    milestone_id: Mapped[int] = mapped_column(BigKey, ForeignKey("milestone.id"))
    person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"), index=True)
    completion_id: Mapped[int] = mapped_column(BigKey, ForeignKey("completion.id"))
    kind: Mapped[str] = mapped_column(String(80))
    needed: Mapped[int]
    opens_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(8), default="open")
    seen: Mapped[int] = mapped_column(default=0)
    passed_at: Mapped[datetime | None] = mapped_column(default=None)


class Escalation(Base):
    """One rung of the ladder climbed for one overdue assignment; a rung is climbed once, ever."""

    __tablename__ = "escalation"
    __table_args__ = (
        UniqueConstraint("assignment_id", "step", name="uq_escalation_key"),
        CheckConstraint("step IN ('rep', 'manager', 'director')", name="step_known"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    assignment_id: Mapped[int] = mapped_column(BigKey, ForeignKey("assignment.id"))
    step: Mapped[str] = mapped_column(String(8))
    to_person_id: Mapped[int] = mapped_column(BigKey, ForeignKey("person.id"))
    on_day: Mapped[date]
