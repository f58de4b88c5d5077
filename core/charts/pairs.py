"""Two lines beside each other over the same stretches of time: do they move alike?"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.charts.marks import (
    Chart,
    Dot,
    Drawing,
    Line,
    Mark,
    Path,
    Sheet,
    Text,
    nice_top,
    percent,
    polyline,
)

ROOM = 15


@dataclass(frozen=True)
class PairOfLines:
    """Two named series of shares over the same stretches, each of which has a name."""

    names: tuple[str, str]
    stretches: Sequence[str]
    first: Sequence[float]
    second: Sequence[float]
    finding: str
    columns: tuple[str, ...] = ()


def pair_of_lines(plan: PairOfLines) -> Chart:
    """Both series on one zero-based axis: the first with filled dots, the second with hollow."""
    rows = tuple(
        (name, percent(one), percent(other))
        for name, one, other in zip(plan.stretches, plan.first, plan.second, strict=True)
    )
    return Chart(
        plan.finding,
        _drawing(plan, is_narrow=False),
        _drawing(plan, is_narrow=True),
        plan.columns or ("", *plan.names),
        rows,
    )


def _drawing(plan: PairOfLines, *, is_narrow: bool) -> Drawing:
    top, ticks = nice_top(max([*plan.first, *plan.second, 0.1]), 3)
    width, height = (342, 210) if is_narrow else (520, 210)
    last = max(len(plan.stretches) - 1, 1)
    sheet = Sheet(width, height, 44, 84, 14, 30, (0, last), (0, top), is_narrow)
    marks: list[Mark] = []
    for value in ticks:
        y = sheet.y(value)
        marks.append(Line(sheet.left, y, sheet.end, y, "grid base" if value == 0 else "grid"))
        marks.append(Text(sheet.left - 8, y + 4, percent(value), "tick", "end"))
    for series, line, dot in (
        (plan.second, "line", "dot hollow"),
        (plan.first, "line me", "dot me"),
    ):
        points = [(sheet.x(place), sheet.y(share)) for place, share in enumerate(series)]
        marks.append(Path(polyline(points), line))
        marks += [Dot(x, y, 4.5, dot) for x, y in points]
    return sheet.draw([*marks, *_names(plan, sheet), *_stretches(plan, sheet)])


def _names(plan: PairOfLines, sheet: Sheet) -> list[Mark]:
    """Each line's name at its end, apart where the lines end close together."""
    upper, lower = sheet.y(plan.first[-1]), sheet.y(plan.second[-1])
    close = max(0.0, ROOM - abs(upper - lower)) / 2
    away = -close if upper <= lower else close
    return [
        Text(sheet.end + 10, round(upper + away + 4, 2), plan.names[0], "lab me"),
        Text(sheet.end + 10, round(lower - away + 4, 2), plan.names[1], "lab"),
    ]


def _stretches(plan: PairOfLines, sheet: Sheet) -> list[Mark]:
    """The names of the stretches below the axis: all when wide, the ends when narrow."""
    last = len(plan.stretches) - 1
    shown = {0, last} if sheet.is_narrow else range(last + 1)
    return [
        Text(sheet.x(place), sheet.height - 8, plan.stretches[place], "tick", "middle")
        for place in shown
    ]
