"""Places day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from core.charts.marks import Chart, Dot, Drawing, Line, Mark, Path, Sheet, Text


@dataclass(frozen=True)
class Run:
    """One team's places at the close of each day (1 = first), and its score now as words."""

    name: str
    team: int
    places: Sequence[int]
    score: str
    is_you: bool = False


def bump(runs: Sequence[Run], days: Sequence[str], finding: str) -> Chart:
    """Places by day, one line a team, your own thick; every run has a place for every day."""
    if any(len(run.places) != len(days) for run in runs):
        raise ValueError("every run needs one place a day")
    ordered = sorted(runs, key=lambda run: (run.places[-1] if run.places else 0, run.name))
    rows = tuple((run.name, *(str(p) for p in run.places), run.score) for run in ordered)
    return Chart(
        finding,
        _bump_drawing(ordered, days, is_narrow=False),
        _bump_drawing(ordered, days, is_narrow=True),
        ("Team", *days, "Score"),
        rows,
    )


def _bump_drawing(runs: Sequence[Run], days: Sequence[str], *, is_narrow: bool) -> Drawing:
    worst = max((p for run in runs for p in run.places), default=1)
    height = 60 + 34 * max(worst - 1, 2)
    left, width = (30, 342) if is_narrow else (40, 760)
    right = _label_room(runs, is_narrow=is_narrow)
    sheet = Sheet(
        width, height, left, right, 16, 32, (0, max(len(days) - 1, 1)), (worst, 1), is_narrow
    )
    marks: list[Mark] = [
        Text(20 if is_narrow else 22, sheet.y(p) + 4, str(p), "tick", "end")
        for p in range(1, worst + 1)
    ]
    marks += _bump_days(days, sheet)
    for run in sorted(runs, key=lambda run: run.is_you):
        marks += _bump_run(run, sheet)
    return sheet.draw(marks)


def _label_room(runs: Sequence[Run], *, is_narrow: bool) -> float:
    """The margin that holds the longest name at the end of a line, at some six units a letter."""
    longest = max((len(_run_words(run, is_narrow=is_narrow)) for run in runs), default=0)
    return min(max(18 + 6.4 * longest, 70), 160 if is_narrow else 260)


def _run_words(run: Run, *, is_narrow: bool) -> str:
    """The team with its score; on a phone the name alone, which leaves the lines their room."""
    return run.name if is_narrow else f"{run.name} {run.score}".strip()


def _bump_days(days: Sequence[str], sheet: Sheet) -> list[Mark]:
    """Up to four dates under the chart, the first and the last always; two on a phone."""
    if not days:
        return []
    last = len(days) - 1
    step = max(1, ceil(last / (1 if sheet.is_narrow else 3)))
    marks: list[Mark] = []
    for i in sorted({*range(0, last, step), last}):
        x = sheet.x(i)
        marks.append(Line(x, sheet.top - 6, x, sheet.height - sheet.bottom + 6, "grid"))
        anchor = "start" if i == 0 else "end" if i == last else "middle"
        marks.append(Text(x, sheet.height - 6, days[i], "tick", anchor))
    return marks


def _bump_run(run: Run, sheet: Sheet) -> list[Mark]:
    points = [(sheet.x(i), sheet.y(place)) for i, place in enumerate(run.places)]
    if not points:
        return []
    team = (run.team - 1) % 8 + 1
    size = 6 if run.is_you else 4
    look = "line team you" if run.is_you else "line team"
    marks: list[Mark] = [Path(smooth(points), look, team)] if len(points) > 1 else []
    marks += [Dot(x, y, size, "dot team", team) for x, y in {points[0], points[-1]}]
    x, y = points[-1]
    words = _run_words(run, is_narrow=sheet.is_narrow)
    marks.append(Text(x + 12, y + 4, words, "lab big" if run.is_you else "lab"))
    return marks


def smooth(points: Sequence[tuple[float, float]]) -> str:
    """Path data that leaves and reaches every point level, so that crossings can be followed."""
    data = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        data += f" C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return data
