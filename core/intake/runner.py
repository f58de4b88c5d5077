"""Running an import: files in dependency order, each batch in one transaction, every row accounted.

A batch is stored whole or not at all, so a broken file or a killed process leaves whole good rows.
"""

import gc
import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, islice
from operator import eq
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import update

from core.db import bulk_insert, db, dialect, in_transaction, insert_missing, transaction
from core.intake.ahead import read_ahead
from core.intake.blocks import SUFFIXES, FileFacts, FileRefused
from core.intake.directory import Directory
from core.intake.kinds import (
    Asked,
    BatchResult,
    Follower,
    ImportKind,
    LoadContext,
    Part,
    Preset,
    RawBatch,
    SetAside,
)
from core.intake.layout import Layout, fit
from core.intake.loading import load_apart, load_parsed
from core.intake.models import ImportProblem, ImportRun, IntakeSetAside
from core.intake.parts import SCALE, Attribution, PartFeed, relined
from core.intake.problems import Problem, shown
from core.intake.reader import RowReader
from core.intake.seen import SeenKeys
from core.intake.summary import FileResult, Summary
from core.intake.waiting import Retry
from core.policy import Actor

Progress = Callable[[str, int, int], None]
SWEEP_EVERY = 50
LONGEST_IMPORT = timedelta(hours=6)
Rows = tuple[list[int], list[Sequence[str]]]


@dataclass(frozen=True)
class Task:
    """A file to take in as a kind; no kind means its name did not tell."""

    path: Path
    kind: str | None
    label: str


def kind_of_name(path: Path, kinds: Iterable[str]) -> str | None:
    """The kind a file's name states: its stem, or the stem's first word (usage-2026-03.csv)."""
    stem = path.name.lower().split(".")[0]
    names = frozenset(kinds)
    if stem in names:
        return stem
    word = stem.replace("_", "-").replace(" ", "-").split("-")[0]
    return word if word in names else None


def plan(
    paths: Sequence[Path], kinds: Mapping[str, ImportKind], as_kind: str | None = None
) -> tuple[list[Task], list[str]]:
    """Files in the order their kinds need, and the names of files in folders that are no kind's."""
    tasks: list[Task] = []
    skipped: list[str] = []
    for path in paths:
        if not path.is_dir():
            tasks.append(Task(path, as_kind or kind_of_name(path, kinds), path.name))
            continue
        for inside in sorted(path.iterdir()):
            kind = as_kind or kind_of_name(inside, kinds)
            is_ours = inside.is_file() and inside.name.lower().endswith(SUFFIXES)
            if is_ours and kind is not None:
                tasks.append(Task(inside, kind, inside.name))
            else:
                skipped.append(inside.name)
    order = {name: place for place, name in enumerate(kinds)}
    tasks.sort(key=lambda task: order.get(task.kind or "", len(order)))
    return tasks, skipped


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
            run = _Run(self, kind, result)
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
        run = _Run(self, kind, result)
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
        run = _Run(self, kind, result)
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

    def _take_plain(self, part: Part, run: "_Run") -> None:
        """Rows that are nothing but rows: those of the machine doors."""
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


class _Run:
    """One file's run: its row in the database and its counts."""

    def __init__(self, importer: _Importer, kind: ImportKind, result: FileResult) -> None:
        self.importer = importer
        self.kind = kind
        self.result = result
        self.run_id: int | None = None
        self.watermark: datetime | None = None
        self.batches = 0
        self.context = replace(importer.context, memo={})

    def start(self, sha256: str, size: int, encoding: str) -> None:
        """Write the run down before its first row."""
        self.result.encoding = encoding
        with self.importer.unit():
            _bury_the_dead(self.context.now)
            row = ImportRun(
                kind=self.kind.name,
                file=self.result.file[:255],
                started_at=self.context.now,
                actor_id=self.context.actor.person_id,
                programme_id=self.context.programme_id,
                sha256=sha256,
                size=size,
                encoding=encoding,
            )
            db.session.add(row)
            db.session.flush()
            self.run_id = self.result.run_id = row.id

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
        if self.run_id is None:
            self.start("", 0, "")
        self.result.refuse(problem, rows)
        with self.importer.unit():
            self._keep_problems([problem])
            self._update_run()

    def finish(self) -> None:
        """The end of the file came."""
        state = "refused" if self.result.is_refused else "done"
        with self.importer.unit():
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


def _bury_the_dead(now: datetime) -> None:
    """Say of imports that were killed hours ago that they were broken off."""
    is_dead = (ImportRun.state == "running") & (ImportRun.started_at < now - LONGEST_IMPORT)
    db.session.execute(update(ImportRun).where(is_dead).values(state="failed", finished_at=now))


def _digest(kind: str, context: LoadContext, row: SetAside) -> str:
    """The same row of the same kind, programme and source is set aside once."""
    told = [kind, context.programme_id, context.source, sorted(row.raw.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


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


def _part_batches(
    first: tuple[int, Mapping[str, str]] | None,
    rows: Iterator[tuple[int, Mapping[str, str]]],
    header: Sequence[str],
    size: int,
) -> Iterator[Rows]:
    """A preset's rows as batches of cells."""
    head = [first] if first else []
    while chunk := head + list(islice(rows, size)):
        head = []
        yield [line for line, _row in chunk], [_cells(row, header) for _line, row in chunk]


def _cells(row: Mapping[str, str], header: Sequence[str]) -> list[str]:
    if len(row) == len(header) and all(map(eq, row, header)):
        return [*row.values()]
    return [row.get(name, "") for name in header]
