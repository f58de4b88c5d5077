"""What an import did, in the shape CONTRACT 3 promises."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.intake.kinds import BatchResult
from core.intake.problems import Problem

MOST_PROBLEMS_HELD = 50_000


@dataclass
class FileResult:
    """The counts of one file; `rows` is always the sum of the five others."""

    file: str
    kind: str
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    set_aside: int = 0
    problems: list[Problem] = field(default_factory=list)
    problems_left_out: int = 0
    unknown_columns: list[str] = field(default_factory=list)
    not_counted: Counter[str] = field(default_factory=Counter)
    encoding: str = ""
    is_refused: bool = False
    run_id: int | None = None

    def add(self, rows: int, result: BatchResult) -> None:
        """Count a batch in and keep its problems. Raises like `count`."""
        self.count(rows, result)
        self.hold(result.problems)

    def count(self, rows: int, result: BatchResult) -> None:
        """Count a batch in. Raises ArithmeticError when a row is unaccounted for."""
        refused = len({problem.row for problem in result.problems if problem.refuses})
        counted = result.added + result.changed + result.unchanged
        if counted + len(result.set_aside) + refused != rows:
            raise ArithmeticError(
                f"{self.kind}: {rows} rows came, {counted} were stored, "
                f"{len(result.set_aside)} set aside and {refused} refused"
            )
        self.rows += rows
        self.added += result.added
        self.changed += result.changed
        self.unchanged += result.unchanged
        self.refused += refused
        self.set_aside += len(result.set_aside)

    def state(self) -> tuple[dict[str, int], Counter[str], int, int]:
        """Where the counts stand, for taking a batch back."""
        return (
            self.counts(),
            self.not_counted.copy(),
            len(self.problems),
            self.problems_left_out,
        )

    def restore(self, state: tuple[dict[str, int], Counter[str], int, int]) -> None:
        """Put the counts back to where they stood."""
        counts, self.not_counted, held, self.problems_left_out = state
        vars(self).update(counts)
        del self.problems[held:]

    def hold(self, problems: Iterable[Problem]) -> None:
        """Keep problems for the summary, up to a bound; all of them are in the database."""
        for problem in problems:
            if len(self.problems) < MOST_PROBLEMS_HELD:
                self.problems.append(problem)
            else:
                self.problems_left_out += 1

    def refuse(self, problem: Problem, rows: int = 0) -> None:
        """Refuse the file as a whole, with all rows it had."""
        self.is_refused = True
        self.rows += rows
        self.refused += rows
        self.hold([problem])

    @property
    def accepted(self) -> int:
        """Rows that are stored or kept, or were there already."""
        return self.added + self.changed + self.unchanged + self.set_aside

    def counts(self) -> dict[str, int]:
        """The six figures."""
        return {
            "rows": self.rows,
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "set_aside": self.set_aside,
        }

    def to_json(self) -> dict[str, object]:
        """The file's part of the summary."""
        extra: dict[str, object] = {}
        if self.problems_left_out:
            extra["problems_left_out"] = self.problems_left_out
        if self.not_counted:
            extra["not_counted"] = dict(self.not_counted)
        return {
            "file": self.file,
            "kind": self.kind,
            **self.counts(),
            "problems": [problem.to_json() for problem in self.problems],
            "unknown_columns": self.unknown_columns,
            "encoding": self.encoding,
            **extra,
        }


@dataclass(frozen=True)
class Retried:
    """Rows of a kind that had been set aside and were tried again."""

    kind: str
    taken: int
    refused: int
    waiting: int


@dataclass
class Summary:
    """What became of all files of one import."""

    files: list[FileResult] = field(default_factory=list)
    retried: list[Retried] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    dry_run: bool = False

    def join(self, other: "Summary") -> None:
        """Take in what another import of the same command did."""
        self.files += other.files
        self.retried += other.retried
        self.skipped += other.skipped

    @property
    def ok(self) -> bool:
        """No row and no file was refused."""
        return all(not file.is_refused and not file.refused for file in self.files)

    @property
    def exit_code(self) -> int:
        """0 all done, 1 partly, 2 nothing done (CONTRACT 2)."""
        if self.ok and self.files:
            return 0
        return 1 if any(file.accepted for file in self.files) else 2

    def to_json(self) -> dict[str, object]:
        """CONTRACT 3's summary, with what was retried beside it."""
        return {
            "files": [file.to_json() for file in self.files],
            "ok": self.ok,
            "dry_run": self.dry_run,
            "retried": [vars(retried) for retried in self.retried],
            "skipped": self.skipped,
        }
