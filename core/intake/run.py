"""One file's run through an import: its row in the database, its batches and its counts.

A batch is stored whole or not at all, so a broken file or a killed process leaves whole good rows.
"""

import gc
import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Protocol

from sqlalchemy import select, update

from core.db import bulk_insert, db, dialect, in_transaction, insert_missing
from core.intake.ahead import read_ahead
from core.intake.kinds import BatchResult, ImportKind, LoadContext, RawBatch, SetAside
from core.intake.layout import Layout, fit
from core.intake.models import ImportProblem, ImportRun, IntakeSetAside
from core.intake.parts import SCALE, PartFeed, relined
from core.intake.problems import Problem, shown
from core.intake.reader import RowReader
from core.intake.seen import SeenKeys
from core.intake.summary import FileResult
from core.intake.waiting import Storing

Progress = Callable[[str, int, int], None]
SWEEP_EVERY = 50
LONGEST_IMPORT = timedelta(hours=6)
Rows = tuple[list[int], list[Sequence[str]]]


class Importing(Storing, Protocol):
    """The import whose file this run takes in."""

    @property
    def progress(self) -> Progress:
        """Called with a file's name, the bytes read and its size."""
        ...

    def store(
        self,
        kind: ImportKind,
        batch: RawBatch,
        layout: Layout,
        seen: SeenKeys | None,
        context: LoadContext,
    ) -> BatchResult:
        """Parse and load one batch inside the open transaction."""
        ...


class Run:
    """One file's run: its row in the database and its counts."""

    def __init__(self, importer: Importing, kind: ImportKind, result: FileResult) -> None:
        self.importer = importer
        self.kind = kind
        self.result = result
        self.run_id: int | None = None
        self.row: ImportRun | None = None
        self.watermark: datetime | None = None
        self.batches = 0
        self.context = replace(importer.context, memo={})
        # In somebody else's transaction nobody sees how far it got before it is finished.
        self.is_seen = not in_transaction()

    def start(self, sha256: str, size: int, encoding: str) -> None:
        """Write the run down before its first row; in another's transaction, when it is over."""
        self.result.encoding = encoding
        with self.importer.unit():
            # A door's rows come in one transaction: it leaves no dead, and many come in a minute.
            if self.is_seen:
                _bury_the_dead(self.context.now)
            is_known = _was_taken_in(sha256, self.kind.name, self.context.programme_id)
            self.context = replace(self.context, is_known_file=is_known)
            self.row = ImportRun(
                kind=self.kind.name,
                file=self.result.file[:255],
                started_at=self.context.now,
                actor_id=self.context.actor.person_id,
                programme_id=self.context.programme_id,
                sha256=sha256,
                size=size,
                encoding=encoding,
            )
            if self.is_seen:
                self._write_run()

    def _write_run(self) -> None:
        """Write the run's row, once: where nobody sees it earlier, when something needs its id."""
        if self.run_id is None and self.row is not None:
            for name, count in self.result.counts().items():
                setattr(self.row, name, count)
            db.session.add(self.row)
            db.session.flush()
            self.run_id = self.result.run_id = self.row.id

    def take(
        self, header: Sequence[str], batches: Iterator[Rows], reader: RowReader | None
    ) -> None:
        """Store every batch; a header that does not fit refuses the file with all its rows."""
        layout, problem = fit(self.kind, header)
        self.result.unknown_columns = [shown(name) for name in layout.unknown]
        if problem is None and self.kind.needs_programme and self.context.programme_id is None:
            problem = Problem(1, None, "no_programme")
        if problem is not None:
            rows = sum(len(lines) for lines, _cells in batches) + (reader.refused if reader else 0)
            self.refuse(problem, rows)
            return
        checks = self.kind.unique_in_file and self.kind.load_raw is None
        ready = self._ready(layout, batches, reader)
        if reader is not None and self.kind.work_out is not None and dialect() == "postgresql":
            ready = read_ahead(ready)
        with SeenKeys() if checks else nullcontext() as seen, closing(ready):
            for batch, spoilt in ready:
                self._take_batch(layout, batch, spoilt, seen)

    def _ready(
        self, layout: Layout, batches: Iterator[Rows], reader: RowReader | None
    ) -> Generator[tuple[RawBatch, list[Problem]], None, None]:
        """Each batch with all that needs no database done, and the lines spoilt on the way."""
        name, file = self.kind.name, self.result.file
        for lines, cells in chain(batches, [([], [])]):
            spoilt = reader.take_problems() if reader else []
            batch = RawBatch(name, file, layout.header, layout.at, lines, cells)
            if lines and self.kind.work_out is not None:
                batch = replace(batch, ready=self.kind.work_out(batch, self.context))
            yield batch, spoilt

    def take_feed(self, feed: PartFeed) -> None:
        """Store what a preset made: each row has a number of its own until it is accounted for."""
        layout, problem = fit(self.kind, feed.header)
        self.result.unknown_columns = [shown(name) for name in feed.part.ignored]
        if problem is None and self.kind.needs_programme and self.context.programme_id is None:
            problem = Problem(1, None, "no_programme")
        if problem is not None:
            rows = sum(1 for _row in feed.part.rows)
            self.refuse(problem, rows)
            return
        checks = self.kind.unique_in_file and self.kind.load_raw is None
        with SeenKeys() if checks else nullcontext() as seen:
            for numbers, cells in feed.batches(self.kind.batch_rows):
                batch = RawBatch(
                    self.kind.name,
                    self.result.file,
                    layout.header,
                    layout.at,
                    numbers,
                    cells,
                    SCALE,
                )
                self._take_made(layout, batch, seen, feed)
                read = feed.part.progress() if feed.part.progress else 0
                size = feed.part.facts.size if feed.part.facts else 0
                self.importer.progress(self.result.file, read, size)

    def _take_made(
        self, layout: Layout, batch: RawBatch, seen: SeenKeys | None, feed: PartFeed
    ) -> None:
        """One transaction: a batch of a preset's rows, and what it refused or passed on the way."""
        spoilt, refused, passed = feed.take()
        if not batch.lines and not spoilt:
            return
        before = self.result.state()
        try:
            with self.importer.unit():
                result = BatchResult()
                if batch.lines:
                    result = self.importer.store_attributed(
                        self.kind, batch, layout, seen, self.context
                    )
                result = replace(
                    result,
                    unchanged=result.unchanged + passed.total(),
                    problems=[*spoilt, *result.problems],
                )
                self.result.count(len(batch.lines) + refused + passed.total(), result)
                self.result.not_counted.update(passed)
                result = relined(result)
                self.result.hold(result.problems)
                self._write_down(result)
        except BaseException:
            self.result.restore(before)
            raise

    def _take_batch(
        self,
        layout: Layout,
        batch: RawBatch,
        spoilt: Sequence[Problem],
        seen: SeenKeys | None,
    ) -> None:
        """One transaction: rows, their problems, those set aside, and the run's counts."""
        if not batch.lines and not spoilt:
            return
        before = self.result.state()
        try:
            with self.importer.unit():
                result = BatchResult()
                if batch.lines:
                    result = self.importer.store(self.kind, batch, layout, seen, self.context)
                result = replace(result, problems=[*spoilt, *result.problems])
                self.result.add(len(batch.lines) + len(spoilt), result)
                self._write_down(result)
            self.batches += 1
            if self.batches % SWEEP_EVERY == 0:
                gc.collect(1)
        except BaseException:
            self.result.restore(before)
            raise

    def _write_down(self, result: BatchResult) -> None:
        self._keep_problems(result.problems)
        if result.set_aside:
            self._write_run()
            insert_missing(
                IntakeSetAside,
                [
                    self._aside(row)
                    for row in {
                        _digest(self.kind.name, self.context, row): row for row in result.set_aside
                    }.values()
                ],
                ["digest"],
            )
        if result.watermark is not None:
            self.watermark = max(result.watermark, self.watermark or result.watermark)
        if self.is_seen:
            self._update_run()

    def _aside(self, row: SetAside) -> dict[str, object]:
        return {
            "digest": _digest(self.kind.name, self.context, row),
            "kind": self.kind.name,
            "file": self.result.file[:255],
            "line": row.row,
            "raw": dict(row.raw),
            "code": row.code,
            "ref": row.ref[:255],
            "created_at": self.context.now,
            "programme_id": self.context.programme_id,
            "source": self.context.source,
            "time_zone": self.context.time_zone.key if self.context.time_zone else None,
            "run_id": self.run_id,
        }

    def _keep_problems(self, problems: Sequence[Problem]) -> None:
        if not problems:
            return
        self._write_run()
        bulk_insert(
            ImportProblem,
            [
                {
                    "run_id": self.run_id,
                    "row": problem.row,
                    "field": problem.field and problem.field[:120],
                    "code": problem.code,
                    "value": problem.value,
                    "message": problem.message[:400],
                    "refuses": problem.refuses,
                }
                for problem in problems
            ],
        )

    def _update_run(self, **more: object) -> None:
        values = {
            **self.result.counts(),
            "unknown_columns": self.result.unknown_columns,
            "watermark": self.watermark,
            **more,
        }
        db.session.execute(update(ImportRun).where(ImportRun.id == self.run_id).values(**values))

    def note(self, problems: Sequence[Problem]) -> None:
        """Keep what a preset noticed about a file; nothing of it was a row of this kind."""
        if problems:
            self.result.hold(problems)
            with self.importer.unit():
                self._keep_problems(problems)

    def refuse(self, problem: Problem, rows: int = 0) -> None:
        """Refuse the file as a whole."""
        if self.row is None:
            self.start("", 0, "")
        self.result.refuse(problem, rows)
        with self.importer.unit():
            self._keep_problems([problem])
            self._update_run()

    def finish(self) -> None:
        """The end of the file came."""
        state = "refused" if self.result.is_refused else "done"
        with self.importer.unit():
            if self.run_id is None and self.row is not None:
                self.row.state, self.row.finished_at = state, self.context.now
                self.row.unknown_columns = self.result.unknown_columns
                self.row.watermark = self.watermark
                self._write_run()
            else:
                self._update_run(state=state, finished_at=self.context.now)

    def fail(self) -> None:
        """Something outside the data broke; say so on the run if the database still listens."""
        if self.run_id is None or in_transaction():
            return
        try:
            with self.importer.unit():
                self._update_run(state="failed", finished_at=self.context.now)
        except Exception:  # noqa: BLE001 - the first error is the one to show
            db.session.rollback()


def _was_taken_in(sha256: str, kind: str, programme_id: int | None) -> bool:
    """Whether this very file was taken in to its end before; a door's rows are no file."""
    if not sha256:
        return False
    earlier = select(ImportRun.id).where(
        ImportRun.sha256 == sha256,
        ImportRun.kind == kind,
        ImportRun.programme_id == programme_id,
        ImportRun.state == "done",
    )
    return db.session.execute(earlier.limit(1)).first() is not None


def _bury_the_dead(now: datetime) -> None:
    """Say of imports that were killed hours ago that they were broken off."""
    is_dead = (ImportRun.state == "running") & (ImportRun.started_at < now - LONGEST_IMPORT)
    db.session.execute(update(ImportRun).where(is_dead).values(state="failed", finished_at=now))


def _digest(kind: str, context: LoadContext, row: SetAside) -> str:
    """The same row of the same kind, programme and source is set aside once."""
    told = [kind, context.programme_id, context.source, sorted(row.raw.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
