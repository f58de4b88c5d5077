"""`flask import`: files at a terminal, with a bar for people and JSON for machines."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import click

from core.clock import now
from core.intake import mapping as mappings
from core.intake.blocks import FileRefused
from core.intake.exports.mapped import Mapped
from core.intake.exports.written import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from core.intake.kinds import Preset, words_of
from core.intake.look import head_of
from core.intake.plan import kind_of_name
from core.intake.registry import Registry, registry
from core.intake.runner import run_import
from core.intake.spool import spool_standard_input
from core.intake.summary import FileResult, Summary
from core.policy import SYSTEM

BAR_WIDTH = 28
QUIET_SECONDS = 2.0
SHOWN_PROBLEMS = 20


class Bar:
    """A progress bar on standard error, on a terminal only, once two seconds have passed."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._drawn = 0.0
        self._is_on = sys.stderr.isatty()

    def __call__(self, label: str, done: int, total: int) -> None:
        """Draw at most ten times a second."""
        moment = time.monotonic()
        if not self._is_on or moment - self._started < QUIET_SECONDS or moment - self._drawn < 0.1:
            return
        self._drawn = moment
        share = min(1.0, done / total) if total else 1.0
        filled = round(share * BAR_WIDTH)
        bar = "#" * filled + "-" * (BAR_WIDTH - filled)
        click.echo(f"\r{label[:30]:30} [{bar}] {share:4.0%}", err=True, nl=False)

    def close(self) -> None:
        """Leave a clean line behind."""
        if self._drawn:
            click.echo("\r" + " " * (BAR_WIDTH + 42) + "\r", err=True, nl=False)


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    if name not in available_timezones():
        raise click.BadParameter(
            f"{name!r} is not a time zone; use a name like Europe/Berlin.", param_hint="--time-zone"
        )
    return ZoneInfo(name)


def _preset(found: Registry, name: str | None) -> Preset | None:
    if name is None:
        return None
    if name not in found.presets:
        known = ", ".join(sorted(found.presets)) or "none"
        raise click.BadParameter(f"{name!r} is unknown. Known: {known}.", param_hint="--preset")
    return found.presets[name]


def _words(pairs: Sequence[str]) -> dict[str, str]:
    try:
        return words_of(pairs)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--word") from error


def _programme(found: Registry, slug: str | None) -> int | None:
    programme_id = found.find_programme(slug)
    if slug is not None and programme_id is None:
        raise click.BadParameter(f"There is no programme {slug!r}.", param_hint="--programme")
    return programme_id


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--programme", metavar="SLUG", help="The programme the rows belong to.")
@click.option("--as", "as_kind", metavar="KIND", help="The kind, whatever the file is called.")
@click.option("--preset", metavar="NAME", help="Read another system's export as it comes.")
@click.option("--mapping", metavar="NAME", help="Read the columns as saved under this name.")
@click.option("--time-zone", metavar="ZONE", help="The zone of moments written without an offset.")
@click.option("--dates", type=click.Choice([DAY_FIRST, MONTH_FIRST]), help="What 3/4/2026 means.")
@click.option("--decimal", type=click.Choice([POINT, COMMA]), help="What stands before decimals.")
@click.option(
    "--word",
    "words",
    multiple=True,
    metavar="THEIRS=OURS",
    help="What a name inside an export means here: 'Ganada=won', 'Course complete=intro'.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def import_files(  # noqa: PLR0913 - the options of a command, each by name
    paths: tuple[str, ...],
    *,
    programme: str | None,
    as_kind: str | None,
    preset: str | None,
    mapping: str | None,
    time_zone: str | None,
    dates: str | None,
    decimal: str | None,
    words: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import files or folders. A file's kind is its name (people.csv, usage.csv.gz); - is stdin.

    Good rows are kept, every refused row is named with its line. Exit 0: all done, 1: some rows
    refused, 2: nothing done.
    """
    found = registry()
    if as_kind is not None and as_kind not in found.kinds:
        known = ", ".join(found.kinds)
        raise click.BadParameter(f"{as_kind!r} is unknown. Known: {known}.", param_hint="--as")
    if "-" in paths and not (as_kind or preset or mapping):
        raise click.BadParameter("standard input needs --as KIND, --preset NAME or --mapping NAME.")
    if (preset, mapping, as_kind).count(None) < 2:
        raise click.BadParameter("--as, --preset and --mapping exclude each other.")
    files, labels = _files(paths)
    bar = Bar()
    try:
        summary = _Import(
            found=found,
            programme_id=_programme(found, programme),
            programme_given=programme is not None,
            as_kind=as_kind,
            said={"time_zone": time_zone, "dates": dates, "decimal": decimal},
            words=_words(words),
            dry_run=dry_run,
            labels=labels,
            bar=bar,
        ).run(files, _preset(found, preset), mapping)
    finally:
        bar.close()
        for path in labels:
            path.unlink(missing_ok=True)
    _tell(summary)
    if as_json:
        click.echo(json.dumps(summary.to_json(), ensure_ascii=False))
    sys.exit(summary.exit_code)


@dataclass(frozen=True)
class _Import:
    """One command's import: files as they are named, and those whose header was matched before."""

    found: Registry
    programme_id: int | None
    programme_given: bool
    as_kind: str | None
    said: Mapping[str, str | None]
    words: Mapping[str, str]
    dry_run: bool
    labels: Mapping[Path, str]
    bar: Bar

    def run(self, files: Sequence[Path], preset: Preset | None, mapping: str | None) -> Summary:
        """Take the files in: mapped ones of a kind others refer to before those others."""
        if preset is not None or self.as_kind is not None:
            return self._take(files, preset, {})
        plain, matched = self._sorted_out(files, mapping)
        order = {name: place for place, name in enumerate(self.found.kinds)}
        first = min((order.get(self._kind_of(path), 99) for path in plain), default=0)
        matched.sort(key=lambda pair: order[pair[1].kind.name])
        before = [pair for pair in matched if order[pair[1].kind.name] <= first]
        whole = Summary(dry_run=self.dry_run)
        for path, found in before:
            whole.join(self._take([path], found.preset(), found.asked))
        if plain:
            whole.join(self._take(plain, None, {}))
        for path, found in matched[len(before) :]:
            whole.join(self._take([path], found.preset(), found.asked))
        return whole

    def _kind_of(self, path: Path) -> str:
        return kind_of_name(path, self.found.kinds) or ""

    def _sorted_out(
        self, files: Sequence[Path], mapping: str | None
    ) -> tuple[list[Path], list[tuple[Path, Mapped]]]:
        """Plain files apart from those a mapping reads, by its name or by their header."""
        saved = mappings.saved()
        if mapping is not None:
            row = next((row for row in saved if row.name == mapping), None)
            if row is None:
                known = ", ".join(row.name for row in saved) or "none"
                raise click.BadParameter(
                    f"{mapping!r} is unknown. Known: {known}.", param_hint="--mapping"
                )
            return [], [(path, mappings.mapped(row, self.found.kinds)) for path in files]
        if not saved:
            return list(files), []
        plain: list[Path] = []
        matched: list[tuple[Path, Mapped]] = []
        for path in files:
            header = () if path.is_dir() else head_of(path, path.name).header
            row = mappings.recognised(header) if header else None
            if row is None:
                plain.append(path)
            else:
                matched.append((path, mappings.mapped(row, self.found.kinds)))
        return plain, matched

    def _take(
        self, files: Sequence[Path], preset: Preset | None, before: Mapping[str, str]
    ) -> Summary:
        """Run the import; what a mapping says holds where the command says nothing."""
        told = {name: self.said.get(name) or before.get(name) or None for name in self.said}
        dates, decimal, zone = told["dates"], told["decimal"], _zone(told["time_zone"])
        asked = self.found.asked(
            self.programme_id,
            time_zone=zone,
            is_day_first=None if dates is None else dates == DAY_FIRST,
            is_comma_decimal=None if decimal is None else decimal == COMMA,
            words={**words_of(before.get("words", "").splitlines()), **self.words},
        )
        return run_import(
            files,
            kinds=self.found.kinds,
            followers=self.found.followers,
            programme_id=self.programme_id,
            programme_given=self.programme_given,
            as_kind=self.as_kind,
            preset=preset,
            time_zone=zone,
            dry_run=self.dry_run,
            actor=SYSTEM,
            now=now(),
            progress=self.bar,
            labels=self.labels,
            asked=asked,
        )


def _files(paths: Sequence[str]) -> tuple[list[Path], dict[Path, str]]:
    """Paths, with standard input kept in a temporary file that is labelled as what it was."""
    files: list[Path] = []
    labels: dict[Path, str] = {}
    for path in paths:
        if path != "-":
            files.append(Path(path))
            continue
        try:
            kept = spool_standard_input()
        except FileRefused as refusal:
            raise click.ClickException(refusal.problem.message) from refusal
        labels[kept] = "standard input"
        files.append(kept)
    return files, labels


def _tell(summary: Summary) -> None:
    """The outcome in words, on standard error."""
    for file in summary.files:
        _tell_file(file)
    for retried in summary.retried:
        click.echo(
            f"set aside earlier: {retried.taken} {retried.kind} rows found their place, "
            f"{retried.waiting} still wait, {retried.refused} were refused",
            err=True,
        )
    if summary.skipped:
        click.echo(f"not imported (no known kind): {', '.join(summary.skipped)}", err=True)
    if not summary.files:
        click.echo("nothing to import was found", err=True)
    if summary.dry_run:
        click.echo("dry run: nothing was stored", err=True)


def _tell_file(file: FileResult) -> None:
    counts = ", ".join(
        f"{number} {name.replace('_', ' ')}" for name, number in file.counts().items() if number
    )
    click.echo(f"{file.file}: {counts or 'no rows'}", err=True)
    if file.not_counted:
        passed = ", ".join(f"{number} {sort}" for sort, number in file.not_counted.items())
        click.echo(f"  not counted: {passed}", err=True)
    if file.encoding == "cp1252":
        click.echo("  read as Windows-1252, since it is not UTF-8", err=True)
    if file.unknown_columns:
        click.echo(f"  columns ignored: {', '.join(file.unknown_columns)}", err=True)
    for problem in file.problems[:SHOWN_PROBLEMS]:
        where = f"line {problem.row}" + (f", {problem.field}" if problem.field else "")
        value = f" {problem.value!r}" if problem.value else ""
        click.echo(f"  {where}: {problem.code}{value}. {problem.message}", err=True)
    left = len(file.problems) - SHOWN_PROBLEMS + file.problems_left_out
    if left > 0:
        click.echo(f"  and {left} more; see --json or the imports page", err=True)


COMMANDS = (import_files,)
