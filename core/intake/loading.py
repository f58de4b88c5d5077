"""Loading one batch: parse it, drop repeats, store it, and find the one row a database refuses."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.exc import DataError, IntegrityError

from core.db import savepoint
from core.intake.kinds import Batch, BatchResult, ImportKind, LoadContext, RawBatch, Row
from core.intake.layout import Layout
from core.intake.problems import Problem
from core.intake.seen import SeenKeys

AnyBatch = TypeVar("AnyBatch", Batch, RawBatch)


def load_parsed(
    kind: ImportKind,
    raw: RawBatch,
    layout: Layout,
    seen: SeenKeys | None,
    context: LoadContext,
) -> BatchResult:
    """Parse, drop repeats within the file, load what is left."""
    if kind.load is None:
        raise TypeError(f"import kind {kind.name} has neither load nor load_raw")
    rows, problems = layout.parse(raw.lines, raw.cells, context.parsing)
    repeated = 0
    if seen is not None:
        rows, conflicts, repeated = _first_of_each_key(kind, rows, seen, raw.scale)
        problems.extend(conflicts)
    batch = Batch(
        kind=kind.name,
        file=raw.file,
        rows=rows,
        columns=layout.columns,
        header=layout.header,
        cells=dict(zip(raw.lines, raw.cells, strict=True)),
    )
    result = load_apart(kind.load, batch, context) if rows else BatchResult()
    return replace(
        result,
        unchanged=result.unchanged + repeated,
        problems=[*problems, *result.problems],
    )


def _first_of_each_key(
    kind: ImportKind, rows: Sequence[tuple[int, Row]], seen: SeenKeys, scale: int
) -> tuple[list[tuple[int, Row]], list[Problem], int]:
    """Rows with a new key, conflicts, and how many said the same again."""
    kept: list[tuple[int, Row]] = []
    conflicts: list[Problem] = []
    repeated = 0
    for line, values in rows:
        key = tuple(values[name] for name in kind.key)
        earlier = seen.meet(key, tuple(values.values()), line // scale)
        if earlier is None:
            kept.append((line, values))
        elif earlier[1]:
            repeated += 1
        else:
            said = " + ".join(str(part) for part in key)
            message = (
                f"Line {earlier[0]} has the same {' + '.join(kind.key)} and says something else. "
                "Keep one of the two; the earlier one was taken."
            )
            conflicts.append(Problem(line, kind.key[0], "duplicate_key_conflict", said, message))
    return kept, conflicts, repeated


def load_apart(
    load: Callable[[AnyBatch, LoadContext], BatchResult], batch: AnyBatch, context: LoadContext
) -> BatchResult:
    """Load in a savepoint; when the database refuses, halve until the refused row stands alone."""
    try:
        with savepoint():
            return load(batch, context)
    except (IntegrityError, DataError) as error:
        context.memo.clear()
        parts = _halves(batch)
        if parts is None:
            return BatchResult(problems=[_database_problem(batch, error)])
        left, right = (load_apart(load, part, context) for part in parts)
        return _joined(left, right)


def _halves(batch: AnyBatch) -> tuple[AnyBatch, AnyBatch] | None:
    """A batch in two, or None when it is one row."""
    if isinstance(batch, Batch):
        rows, middle = batch.rows, len(batch.rows) // 2
        both = replace(batch, rows=rows[:middle]), replace(batch, rows=rows[middle:])
        return both if middle else None
    middle = len(batch.lines) // 2
    if not middle:
        return None
    return (
        replace(batch, lines=batch.lines[:middle], cells=batch.cells[:middle], ready=None),
        replace(batch, lines=batch.lines[middle:], cells=batch.cells[middle:], ready=None),
    )


def _database_problem(batch: Batch | RawBatch, error: Exception) -> Problem:
    line = batch.rows[0][0] if isinstance(batch, Batch) else batch.lines[0]
    said = str(getattr(error, "orig", error)).splitlines()[0]
    return Problem(
        line,
        None,
        "refused_by_database",
        None,
        f"The row breaks a rule of the database ({said[:150]}). Check it against the others.",
    )


def _joined(left: BatchResult, right: BatchResult) -> BatchResult:
    marks = [mark for mark in (left.watermark, right.watermark) if mark is not None]
    return BatchResult(
        added=left.added + right.added,
        changed=left.changed + right.changed,
        unchanged=left.unchanged + right.unchanged,
        set_aside=[*left.set_aside, *right.set_aside],
        problems=[*left.problems, *right.problems],
        touched={*left.touched, *right.touched},
        watermark=max(marks) if marks else None,
    )
