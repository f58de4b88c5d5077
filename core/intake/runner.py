"""Running an import: files in dependency order, each batch in one transaction, every row accounted.

A batch is stored whole or not at all, so a broken file or a killed process leaves whole good rows.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from core.db import db, in_transaction, transaction
from core.intake.blocks import FileFacts, FileRefused
from core.intake.directory import Directory
from core.intake.kinds import (
    Asked,
    BatchResult,
    Block,
    Follower,
    ImportKind,
    LoadContext,
    Part,
    Preset,
    RawBatch,
)
from core.intake.layout import Layout
from core.intake.loading import load_apart, load_parsed
from core.intake.parts import Attribution, PartFeed
from core.intake.plan import Task, plan
from core.intake.problems import Problem, shown
from core.intake.reader import RowReader
from core.intake.run import Progress, Rows, Run
from core.intake.seen import SeenKeys
from core.intake.summary import FileResult, Summary
from core.intake.waiting import Retry
from core.policy import Actor


def run_import(  # noqa: PLR0913 - the options of a command, each by name
    paths: Sequence[Path],
    *,
    kinds: Mapping[str, ImportKind],
    actor: Actor,
    now: datetime,
    programme_id: int | None = None,
    programme_given: bool = False,
    as_kind: str | None = None,
    preset: Preset | None = None,
    followers: Sequence[Follower] = (),
    time_zone: ZoneInfo | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    labels: Mapping[Path, str] | None = None,
    asked: Asked | None = None,
) -> Summary:
    """Take in files and folders; opens its own transactions, one a batch.

    Called in a transaction, everything happens in that one. A dry run does everything in a single
    transaction and takes it back. Raises only for faults of
    the installation (database gone, disk full); what is wrong with the data is in the summary.
    """
    importer = _Importer(
        kinds=kinds,
        followers=tuple(followers),
        context=LoadContext(
            programme_id=programme_id,
            programme_given=programme_given,
            actor=actor,
            now=now,
            time_zone=time_zone,
            dry_run=dry_run,
        ),
        progress=progress or (lambda _label, _done, _total: None),
        summary=Summary(dry_run=dry_run),
        asked=asked or Asked(time_zone=time_zone),
    )
    with _without_cycle_search():
        if not dry_run:
            importer.take_all(paths, as_kind, preset, labels or {})
            return importer.summary
        with transaction():
            importer.take_all(paths, as_kind, preset, labels or {})
            db.session.rollback()
    return importer.summary


@contextmanager
def _without_cycle_search() -> Iterator[None]:
    """Keep Python from looking for cycles among millions of cells that have none.

    Half of the time of reading goes there otherwise. Now and then a batch sweeps up the few
    that other work leaves.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass
class _Importer:
    """One import on its way."""

    kinds: Mapping[str, ImportKind]
    followers: tuple[Follower, ...]
    context: LoadContext
    progress: Progress
    summary: Summary
    asked: Asked

    @property
    def directory(self) -> Directory:
        """Everybody, for finding whom a preset's rows mean."""
        return self.asked.directory

    def unit(self) -> AbstractContextManager[object]:
        """The transaction of one batch; nothing where the caller has opened the only one."""
        return nullcontext() if in_transaction() else transaction()

    def take_all(
        self,
        paths: Sequence[Path],
        as_kind: str | None,
        preset: Preset | None,
        labels: Mapping[Path, str],
    ) -> None:
        """Every file or part in order; rows set aside are tried again after new people."""
        if preset is not None:
            for path in paths:
                label = labels.get(path, self.asked.label)
                self._take_preset(preset, path, replace(self.asked, label=label))
            return
        tasks, skipped = plan(paths, self.kinds, as_kind)
        self.summary.skipped.extend(skipped)
        for task in tasks:
            self._take_file(replace(task, label=labels.get(task.path, task.label)))

    def _take_preset(self, preset: Preset, path: Path, asked: Asked) -> None:
        try:
            for part in preset.translate(path, asked):
                self._take_part(part)
        except FileRefused as refusal:
            kind = self.kinds.get(preset.kind) or ImportKind(preset.name, 0, (), ())
            result = FileResult(file=shown(asked.named(path)), kind=kind.name)
            self.summary.files.append(result)
            run = Run(self, kind, result)
            run.refuse(refusal.problem, refusal.rows)
            run.finish()

    def _refuse(self, result: FileResult, problem: Problem, rows: int = 0) -> None:
        result.refuse(problem, rows)
        self.summary.files.append(result)

    def _take_file(self, task: Task) -> None:
        result = FileResult(file=shown(task.label), kind=task.kind or "")
        kind = self.kinds.get(task.kind or "")
        if kind is None:
            names = ", ".join(self.kinds)
            message = f"{task.label} is of no known kind. Name it {names} or give --as KIND."
            self._refuse(result, Problem(1, None, "unknown_kind", task.kind, message))
            return
        self.summary.files.append(result)
        run = Run(self, kind, result)
        try:
            with RowReader(task.path, name=task.label) as reader:
                run.start(reader.facts.sha256, reader.facts.size, reader.facts.encoding)
                run.take(reader.header, _batches(reader, kind.batch_rows, self.progress), reader)
        except FileRefused as refusal:
            run.refuse(refusal.problem)
        except BaseException:
            run.fail()
            raise
        run.finish()
        self._after(kind, result)

    def _take_part(self, part: Part) -> None:
        kind = self.kinds[part.kind]
        result = FileResult(file=shown(part.file), kind=part.kind)
        self.summary.files.append(result)
        run = Run(self, kind, result)
        facts = part.facts or FileFacts(encoding="")
        run.start(facts.sha256, facts.size, facts.encoding)
        try:
            if part.header:
                run.take_feed(PartFeed(part, part.header))
            else:
                self._take_plain(part, run)
            run.note(part.problems)
        except FileRefused as refusal:
            run.refuse(refusal.problem)
        except BaseException:
            run.fail()
            raise
        run.finish()
        self._after(kind, result)

    def _take_plain(self, part: Part, run: "Run") -> None:
        """Rows that are nothing but rows: those of the machine doors."""
        run.context = replace(run.context, is_posted=True)
        if part.block is not None:
            run.take(part.block.columns, _slices(part.block, run.kind.batch_rows), None)
            return
        rows = cast("Iterator[tuple[int, Mapping[str, str]]]", iter(part.rows))
        first = next(rows, None)
        columns = run.kind.columns
        header = tuple(first[1]) if first else tuple(c.name for c in columns if c.required)
        run.take(header, _part_batches(first, rows, header, run.kind.batch_rows), None)

    def _after(self, kind: ImportKind, result: FileResult) -> None:
        if kind.frees_set_aside and (result.added or result.changed):
            self.directory.forget()
            for waiting in self.kinds.values():
                retried = Retry(self, waiting).run()
                if retried.taken or retried.refused:
                    self.summary.retried.append(retried)

    def store_attributed(
        self,
        kind: ImportKind,
        batch: RawBatch,
        layout: Layout,
        seen: SeenKeys | None,
        context: LoadContext,
    ) -> BatchResult:
        """The same for rows that may say whom they mean by a reference."""
        attribution = Attribution(batch)
        known = attribution.look_up(self.directory)
        return attribution.put_back(self.store(kind, known, layout, seen, context))

    def store(
        self,
        kind: ImportKind,
        batch: RawBatch,
        layout: Layout,
        seen: SeenKeys | None,
        context: LoadContext,
    ) -> BatchResult:
        """Parse and load one batch inside the open transaction, then let followers act."""
        if kind.load_raw is not None:
            result = load_apart(kind.load_raw, batch, context)
        else:
            result = load_parsed(kind, batch, layout, seen, context)
        if result.touched:
            for follower in self.followers:
                if follower.kind == kind.name:
                    follower.run(result.touched, context)
        return result


def _batches(reader: RowReader, size: int, progress: Progress) -> Iterator[Rows]:
    """The reader's blocks gathered into batches."""
    lines: list[int] = []
    cells: list[Sequence[str]] = []
    for block in reader.blocks():
        lines.extend(block.lines)
        cells.extend(block.cells)
        if len(lines) >= size:
            yield lines, cells
            lines, cells = [], []
        progress(reader.name, reader.bytes_read(), reader.facts.size)
    if lines:
        yield lines, cells


def _slices(block: Block, size: int) -> Iterator[Rows]:
    """A block's rows, so many at a time."""
    for start in range(0, len(block.cells), size):
        yield block.numbers[start : start + size], block.cells[start : start + size]


def _part_batches(
    first: tuple[int, Mapping[str, str]] | None,
    rows: Iterator[tuple[int, Mapping[str, str]]],
    header: Sequence[str],
    size: int,
) -> Iterator[Rows]:
    """A preset's rows as batches of cells."""
    head = [first] if first else []
    names = [*header]
    while chunk := head + list(islice(rows, size)):
        head = []
        yield [line for line, _row in chunk], [_cells(row, names) for _line, row in chunk]


def _cells(row: Mapping[str, str], header: list[str]) -> list[str]:
    if [*row] == header:
        return [*row.values()]
    return [row.get(name, "") for name in header]
