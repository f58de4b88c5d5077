"""Rows set aside, tried again once the people they wait for may have come."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update

from core.db import db
from core.intake.kinds import BatchResult, ImportKind, LoadContext, RawBatch
from core.intake.layout import Layout, fit
from core.intake.models import IntakeSetAside
from core.intake.seen import SeenKeys
from core.intake.summary import Retried


class Storing(Protocol):
    """The import in whose course rows are tried again."""

    context: LoadContext

    def unit(self) -> AbstractContextManager[object]:
        """The transaction of one batch."""
        ...

    def store_attributed(
        self,
        kind: ImportKind,
        batch: RawBatch,
        layout: Layout,
        seen: SeenKeys | None,
        context: LoadContext,
    ) -> BatchResult:
        """Find whom the rows mean, parse and load one batch."""
        ...


class Retry:
    """Tries the rows of a kind again that had been set aside."""

    def __init__(self, importer: Storing, kind: ImportKind) -> None:
        self.importer = importer
        self.kind = kind
        self.taken = self.refused = self.waiting = 0

    def run(self) -> Retried:
        """All waiting rows of the kind, a few thousand in a transaction, oldest first."""
        last = 0
        while True:
            with self.importer.unit():
                rows = db.session.scalars(
                    select(IntakeSetAside)
                    .where(IntakeSetAside.kind == self.kind.name, IntakeSetAside.id > last)
                    .order_by(IntakeSetAside.id)
                    .limit(self.kind.batch_rows)
                ).all()
                if not rows:
                    break
                last = rows[-1].id
                for group in _alike(rows):
                    self._again(group)
        return Retried(self.kind.name, self.taken, self.refused, self.waiting)

    def _again(self, rows: Sequence[IntakeSetAside]) -> None:
        first = rows[0]
        header = tuple(first.raw)
        layout, problem = fit(self.kind, header)
        if problem is not None:
            self.waiting += len(rows)
            return
        context = replace(
            self.importer.context,
            programme_id=first.programme_id,
            source=first.source,
            time_zone=ZoneInfo(first.time_zone) if first.time_zone else None,
            memo={},
        )
        lines = [row.id for row in rows]
        cells = [list(row.raw.values()) for row in rows]
        batch = RawBatch(self.kind.name, first.file, header, layout.at, lines, cells)
        result = self.importer.store_attributed(self.kind, batch, layout, None, context)
        self._settle(lines, result)

    def _settle(self, ids: Sequence[int], result: BatchResult) -> None:
        """Rows that found their place leave the list; refused ones stay with their reason."""
        refused = {problem.row: problem.code for problem in result.problems if problem.refuses}
        waiting = {row.row for row in result.set_aside}
        stored = [ident for ident in ids if ident not in refused and ident not in waiting]
        for start in range(0, len(stored), 5_000):
            some = stored[start : start + 5_000]
            db.session.execute(delete(IntakeSetAside).where(IntakeSetAside.id.in_(some)))
        for ident, code in refused.items():
            db.session.execute(
                update(IntakeSetAside).where(IntakeSetAside.id == ident).values(code=code)
            )
        self.taken += len(stored)
        self.refused += len(refused)
        self.waiting += len(waiting)


def drop_waiting(
    choose: Callable[[Mapping[int, Mapping[str, str]]], Iterable[int]],
) -> int:
    """Delete the rows that `choose` names of those it is shown, by id with their cells; how many.

    They are shown a few thousand at a time. What an import once said of them stays in its counts.
    """
    last, dropped = 0, 0
    while True:
        rows = db.session.execute(
            select(IntakeSetAside.id, IntakeSetAside.raw)
            .where(IntakeSetAside.id > last)
            .order_by(IntakeSetAside.id)
            .limit(5_000)
        ).all()
        if not rows:
            return dropped
        last = rows[-1].id
        chosen = {*choose({row.id: row.raw for row in rows})}
        if chosen:
            db.session.execute(delete(IntakeSetAside).where(IntakeSetAside.id.in_(chosen)))
        dropped += len(chosen)


def _alike(rows: Sequence[IntakeSetAside]) -> Iterator[list[IntakeSetAside]]:
    """Groups of rows with the same columns and the same circumstances, in order."""
    groups: dict[tuple[object, ...], list[IntakeSetAside]] = {}
    for row in rows:
        key = (row.programme_id, row.source, row.time_zone, *row.raw)
        groups.setdefault(key, []).append(row)
    yield from groups.values()
