"""What the imports page shows: runs, their problems, rows set aside."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from core.db import db
from core.errors import NotFound
from core.intake.models import ImportProblem, ImportRun, IntakeSetAside

PAGE_SIZE = 50
LARGEST_ID = 2**53


@dataclass(frozen=True)
class WaitingCount:
    """How many rows of a kind wait, and for how many different people."""

    kind: str
    rows: int
    people: int


def runs(page: int) -> tuple[list[ImportRun], int]:
    """A page of runs, newest first, and how many there are."""
    total = db.session.scalar(select(func.count()).select_from(ImportRun)) or 0
    found = db.session.scalars(
        select(ImportRun)
        .order_by(ImportRun.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return list(found), total


def run_of(run_id: int) -> ImportRun:
    """One run; raises NotFound."""
    found = db.session.get(ImportRun, run_id) if run_id < LARGEST_ID else None
    if found is None:
        raise NotFound("There is no such import.")
    return found


def told_most(started_at: datetime) -> int | None:
    """Of the runs that began at one moment, which are those of one import, the most refused."""
    return db.session.scalar(
        select(ImportRun.id)
        .where(ImportRun.started_at == started_at)
        .order_by(ImportRun.refused.desc(), ImportRun.id)
        .limit(1)
    )


def problems_of(run_id: int, page: int) -> tuple[list[ImportProblem], int]:
    """A page of a run's problems by line, and how many there are."""
    mine = ImportProblem.run_id == run_id
    total = db.session.scalar(select(func.count()).select_from(ImportProblem).where(mine)) or 0
    found = db.session.scalars(
        select(ImportProblem)
        .where(mine)
        .order_by(ImportProblem.row, ImportProblem.id)
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return list(found), total


def all_problems_of(run_id: int) -> Iterator[ImportProblem]:
    """Every problem of a run by line, a few thousand at a time."""
    mine = select(ImportProblem).where(ImportProblem.run_id == run_id)
    ordered = mine.order_by(ImportProblem.row, ImportProblem.id)
    yield from db.session.scalars(ordered.execution_options(yield_per=2_000))


def problem_counts(run_id: int) -> list[tuple[str, bool, int]]:
    """How often each code occurs in a run, and whether it refused rows; the most frequent first."""
    times = func.count()
    rows = db.session.execute(
        select(ImportProblem.code, ImportProblem.refuses, times)
        .where(ImportProblem.run_id == run_id)
        .group_by(ImportProblem.code, ImportProblem.refuses)
        .order_by(times.desc(), ImportProblem.code)
    )
    return [(code, refuses, count) for code, refuses, count in rows]


def all_waiting() -> Iterator[IntakeSetAside]:
    """Every row set aside, oldest first."""
    ordered = select(IntakeSetAside).order_by(IntakeSetAside.id)
    yield from db.session.scalars(ordered.execution_options(yield_per=2_000))


def waiting_counts() -> list[WaitingCount]:
    """Rows set aside by kind."""
    rows = db.session.execute(
        select(IntakeSetAside.kind, func.count(), func.count(func.distinct(IntakeSetAside.ref)))
        .group_by(IntakeSetAside.kind)
        .order_by(IntakeSetAside.kind)
    )
    return [WaitingCount(kind, count, people) for kind, count, people in rows]


def waiting(page: int) -> tuple[list[IntakeSetAside], int]:
    """A page of rows set aside, oldest first, and how many there are."""
    total = db.session.scalar(select(func.count()).select_from(IntakeSetAside)) or 0
    found = db.session.scalars(
        select(IntakeSetAside)
        .order_by(IntakeSetAside.id)
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return list(found), total
