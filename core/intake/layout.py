"""How a file's header fits a kind: which column stands where, and rows parsed by it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.intake.kinds import Column, ImportKind, Row
from core.intake.parsers import BadCell, Context
from core.intake.problems import Problem

OTHER_SEPARATORS = "|:^~"


def column_name(written: str) -> str:
    """A header cell as a column's name: trimmed, lower case, blanks as underscores."""
    return "_".join(written.strip().lower().split())


@dataclass(frozen=True)
class Layout:
    """Where each known column of a kind stands in the rows of a file."""

    kind: ImportKind
    header: tuple[str, ...]
    at: dict[str, int]
    unknown: tuple[str, ...]

    @property
    def columns(self) -> frozenset[str]:
        """Known columns the file has."""
        return frozenset(self.at)

    def parse(
        self, lines: Sequence[int], cells: Sequence[Sequence[str]], context: Context
    ) -> tuple[list[tuple[int, Row]], list[Problem]]:
        """Rows whose every cell could be read, and the problems of the others."""
        plan = [(column, self.at.get(column.name)) for column in self.kind.columns]
        defaults: Row = {column.name: column.default for column in self.kind.columns}
        present = [(column, place) for column, place in plan if place is not None]
        rows: list[tuple[int, Row]] = []
        problems: list[Problem] = []
        for line, row in zip(lines, cells, strict=True):
            values = dict(defaults)
            faults = _parse_row(present, row, values, context, line)
            if faults:
                problems.extend(faults)
            else:
                rows.append((line, values))
        return rows, problems


def _parse_row(
    present: Sequence[tuple[Column, int]],
    row: Sequence[str],
    values: Row,
    context: Context,
    line: int,
) -> list[Problem]:
    """Fill `values` from a row's cells; return every cell's problem, not only the first."""
    faults: list[Problem] = []
    for column, place in present:
        cell = row[place]
        if not cell or cell.isspace():
            if column.required:
                faults.append(Problem(line, column.name, "missing"))
            continue
        try:
            values[column.name] = column.parse(cell, context)
        except BadCell as fault:
            faults.append(Problem(line, column.name, fault.code, cell, fault.message))
    return faults


def fit(kind: ImportKind, header: Sequence[str]) -> tuple[Layout, Problem | None]:
    """The layout, and the problem that refuses the file if its header does not do."""
    names = tuple(column_name(name) for name in header)
    known = {column.name for column in kind.columns}
    at: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in known:
            at.setdefault(name, place)
    unknown = tuple(
        name.strip()
        for name, normal in zip(header, names, strict=True)
        if normal not in known and name.strip()
    )
    layout = Layout(kind=kind, header=names, at=at, unknown=unknown)
    return layout, _header_problem(kind, names, known)


def _header_problem(kind: ImportKind, names: Sequence[str], known: set[str]) -> Problem | None:
    counts = Counter(names)
    twice = [column.name for column in kind.columns if counts[column.name] > 1]
    if twice:
        return Problem(
            1,
            twice[0],
            "duplicate_column",
            twice[0],
            f"The column {twice[0]} occurs {counts[twice[0]]} times in the header. "
            "Keep one of them: which one is meant cannot be guessed.",
        )
    missing = [
        column.name for column in kind.columns if column.required and not counts[column.name]
    ]
    missing += [" or ".join(group) for group in kind.one_of if not any(counts[n] for n in group)]
    if missing:
        return Problem(
            1,
            missing[0],
            "missing_column",
            ", ".join(missing),
            f"The header lacks {', '.join(missing)}. "
            f"A {kind.name} file has: {', '.join(sorted(known))}.{_other_separator(names)}",
        )
    return None


def _other_separator(names: Sequence[str]) -> str:
    """What to say of a header that is a single cell with signs of another separator in it."""
    sign = next((sign for sign in OTHER_SEPARATORS if len(names) == 1 and sign in names[0]), "")
    return (
        f" The whole header is one cell: the file seems to be separated by {sign}. "
        "Save it with a comma, a semicolon or a tab between the cells."
        if sign
        else ""
    )
