"""The geometry of every chart, as plain numbers: no colours, no markup, no Flask.

A chart is a list of marks with class names; `templates/shared/charts.html` draws them and the
style sheet gives them their look. Each chart is laid out twice, wide and narrow, so that its text
keeps its size on a phone. Lengths are SVG units; shares are 0..1; y grows downwards.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import TypeAlias

MINUS = "\N{MINUS SIGN}"
EN_DASH = "\N{EN DASH}"
HEAT_STEPS = (0.55, 0.65, 0.70, 0.78, 0.90)


@dataclass(frozen=True)
class Line:
    """A straight stroke."""

    x1: float
    y1: float
    x2: float
    y2: float
    cls: str
    kind: str = "line"


@dataclass(frozen=True)
class Box:
    """A filled rectangle; never of negative size."""

    x: float
    y: float
    width: float
    height: float
    cls: str
    kind: str = "box"


@dataclass(frozen=True)
class Path:
    """A stroke or an area through many points; `team` picks a team colour (1..8), 0 none."""

    d: str
    cls: str
    team: int = 0
    kind: str = "path"


@dataclass(frozen=True)
class Dot:
    """A round mark."""

    x: float
    y: float
    r: float
    cls: str
    team: int = 0
    kind: str = "dot"


@dataclass(frozen=True)
class Text:
    """Words at a point; `anchor` is start, middle or end."""

    x: float
    y: float
    words: str
    cls: str
    anchor: str = "start"
    kind: str = "text"


Mark: TypeAlias = Line | Box | Path | Dot | Text


@dataclass(frozen=True)
class Drawing:
    """Marks on one sheet of the given size."""

    width: int
    height: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Chart:
    """A finding, drawn twice, with the numbers behind it for the table under the picture."""

    finding: str
    wide: Drawing
    narrow: Drawing
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Sheet:
    """The plot area of one drawing: outer size, margins, and how values become places."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    is_narrow: bool

    def x(self, value: float) -> float:
        """The place of a value on the horizontal axis; a range of no width lies at its start."""
        low, high = self.x_range
        share = 0.0 if high == low else (value - low) / (high - low)
        return round(self.left + share * (self.width - self.left - self.right), 2)

    def y(self, value: float) -> float:
        """The place of a value on the vertical axis, counted from the bottom."""
        low, high = self.y_range
        share = 0.0 if high == low else (value - low) / (high - low)
        return round(self.height - self.bottom - share * (self.height - self.top - self.bottom), 2)

    @property
    def end(self) -> float:
        """The right edge of the plot."""
        return self.width - self.right

    def draw(self, marks: Sequence[Mark]) -> Drawing:
        """The marks on this sheet."""
        return Drawing(self.width, self.height, tuple(marks))


def nice_top(value: float, steps: int = 4) -> tuple[float, tuple[float, ...]]:
    """A round upper end at or above the value, and the ticks from zero up to it."""
    if value <= 0:
        return 1.0, (0.0, 1.0)
    rough = value / steps
    base = 10 ** floor(log10(rough))
    size = next(m * base for m in (1, 2, 2.5, 3, 5, 10) if m * base >= rough - 1e-9)
    count = ceil(value / size - 1e-9)
    return round(size * count, 6), tuple(round(size * i, 6) for i in range(count + 1))


def plain(value: float, digits: int = 0) -> str:
    """A number as people read it: thousands parted by commas, a real minus sign."""
    return f"{value:,.{digits}f}".replace("-", MINUS)


def percent(share: float, digits: int = 0) -> str:
    """A share as a percentage."""
    return plain(share * 100, digits) + "%"


def polyline(points: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    """Path data through the points."""
    if not points:
        return ""
    data = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return data + (" Z" if closed else "")


# Lines of a share, with goal, typical range and what comes at this pace.


@dataclass(frozen=True)
class Forecast:
    """Where the line goes at this pace: the x it reaches and the low, middle and high share."""

    x: float
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class ShareLine:
    """What `share_line` draws: points (x, share), ticks (x, words), bands as (low, high) shares."""

    points: Sequence[tuple[float, float]]
    x_ticks: Sequence[tuple[float, str]]
    finding: str
    goal: tuple[float, float] | None = None
    typical: tuple[float, float] | None = None
    forecast: Forecast | None = None
    columns: tuple[str, str] = ("Day", "Share")
    row_names: Sequence[str] | None = None


def share_line(plan: ShareLine) -> Chart:
    """A line of one share over time on a zero-based axis, against the goal and the usual range."""
    names = plan.row_names or [plain(x) for x, _ in plan.points]
    rows = tuple(
        (name, percent(share, 1)) for name, (_, share) in zip(names, plan.points, strict=True)
    )
    return Chart(
        plan.finding,
        _share_drawing(plan, _share_sheet(plan, is_narrow=False)),
        _share_drawing(plan, _share_sheet(plan, is_narrow=True)),
        plan.columns,
        rows,
    )


def _share_sheet(plan: ShareLine, *, is_narrow: bool) -> Sheet:
    xs = [x for x, _ in plan.points] + [x for x, _ in plan.x_ticks]
    shares = [share for _, share in plan.points]
    if plan.forecast:
        xs.append(plan.forecast.x)
        shares.append(plan.forecast.high)
    for band in (plan.goal, plan.typical):
        shares.extend(band or ())
    top, _ = nice_top(min(max([*shares, 0.1]) * 1.08, 1.0), 3)
    width, height = (342, 250) if is_narrow else (760, 300)
    right = 14 if is_narrow else 128
    x_range = (min(xs, default=0), max(xs, default=1))
    left = 36 if is_narrow else 40
    return Sheet(
        width, height, left, right, 16, 34, x_range, (0, min(max(top, 0.1), 1.0)), is_narrow
    )


def _share_drawing(plan: ShareLine, sheet: Sheet) -> Drawing:
    marks: list[Mark] = [*_bands(plan, sheet), *_share_axes(plan, sheet)]
    points = [(sheet.x(x), sheet.y(share)) for x, share in plan.points]
    if plan.forecast and plan.points:
        marks += _fan(plan.points[-1], plan.forecast, sheet)
    if len(points) > 1:
        marks.append(Path(polyline(points), "line me"))
    if points:
        x, y = points[-1]
        marks.append(Dot(x, y, 4.5, "dot me"))
        at_edge = x < sheet.left + 44
        marks.append(
            Text(
                x + (8 if at_edge else -8),
                max(y - 12, 12),
                percent(plan.points[-1][1], 1),
                "lab big me",
                "start" if at_edge else "end",
            )
        )
    return sheet.draw(marks)


def _bands(plan: ShareLine, sheet: Sheet) -> list[Mark]:
    marks: list[Mark] = []
    for band, name, cls in ((plan.typical, "Typical", "typ"), (plan.goal, "Goal", "goal")):
        if band is None:
            continue
        low, high = band
        top, bottom = sheet.y(high), sheet.y(low)
        marks.append(
            Box(sheet.left, top, sheet.end - sheet.left, max(bottom - top, 1), f"band-{cls}")
        )
        words = f"{name} {low * 100:.0f}{EN_DASH}{high * 100:.0f}%"
        look = "lab goal" if cls == "goal" else "lab"
        middle = (top + bottom) / 2 + 4
        if sheet.is_narrow:
            marks.append(_label_inside(plan, sheet, words, look, middle))
        else:
            marks.append(Text(sheet.end + 10, middle, words, look))
    if plan.goal:
        marks.append(
            Line(sheet.left, sheet.y(plan.goal[0]), sheet.end, sheet.y(plan.goal[0]), "goal-line")
        )
    return marks


def _label_inside(plan: ShareLine, sheet: Sheet, words: str, look: str, y: float) -> Text:
    """Words inside the plot, at the end of the band from which the line stays further away."""
    reach = (sheet.end - sheet.left) * 0.36
    placed = [(sheet.x(x), sheet.y(share)) for x, share in plan.points]

    def room(start: float) -> float:
        near = [abs(py - y + 4) for px, py in placed if start <= px <= start + reach]
        return min(near, default=float(sheet.height))

    if room(sheet.end - reach) > room(sheet.left):
        return Text(sheet.end - 6, y, words, look, "end")
    return Text(sheet.left + 6, y, words, look)


def _share_axes(plan: ShareLine, sheet: Sheet) -> list[Mark]:
    marks: list[Mark] = []
    _, ticks = nice_top(sheet.y_range[1], 3)
    for value in ticks:
        y = sheet.y(value)
        marks.append(Line(sheet.left, y, sheet.end, y, "grid base" if value == 0 else "grid"))
        marks.append(Text(sheet.left - 7, y + 4, percent(value), "tick", "end"))
    return [*marks, *_x_ticks(plan.x_ticks, sheet)]


def _x_ticks(ticks: Sequence[tuple[float, str]], sheet: Sheet) -> list[Mark]:
    """Words under the axis: all of them when wide, first, middle and last when narrow."""
    last = len(ticks) - 1
    keep = set(range(len(ticks))) if not sheet.is_narrow else {0, last // 2, last}
    marks: list[Mark] = []
    for i, (value, words) in enumerate(ticks):
        if i in keep:
            anchor = "start" if i == 0 else "end" if i == last else "middle"
            marks.append(
                Text(sheet.x(value), sheet.height - sheet.bottom + 19, words, "tick", anchor)
            )
    return marks


def _fan(last: tuple[float, float], ahead: Forecast, sheet: Sheet) -> list[Mark]:
    start = (sheet.x(last[0]), sheet.y(last[1]))
    end = sheet.x(ahead.x)
    fan = [start, (end, sheet.y(ahead.high)), (end, sheet.y(ahead.low))]
    marks: list[Mark] = [
        Path(polyline(fan, closed=True), "fan"),
        Line(*start, end, sheet.y(ahead.middle), "ahead"),
    ]
    if not sheet.is_narrow:
        words = f"{ahead.low * 100:.0f}{EN_DASH}{ahead.high * 100:.0f}% at this pace"
        marks.append(Text(end + 10, sheet.y(ahead.low) + 18, words, "lab me"))
    return marks


# Weeks as stacked bars: who kept going, who came back, who is new, and who lapsed below the line.


@dataclass(frozen=True)
class Week:
    """Reps of one week; lapsed ones are not part of the bar, they hang below the line."""

    label: str
    kept: int
    back: int
    new: int
    lapsed: int = 0

    @property
    def active(self) -> int:
        """Everybody who was active that week."""
        return self.kept + self.back + self.new


def weekly_bars(weeks: Sequence[Week], finding: str, *, width: int = 1080) -> Chart:
    """Active reps a week on a zero-based axis; 760 wide for a panel that is not full width."""
    rows = tuple(
        (
            w.label,
            plain(w.active),
            plain(w.kept),
            plain(w.back),
            plain(w.new),
            plain(w.lapsed),
        )
        for w in weeks
    )
    return Chart(
        finding,
        _bars(weeks, _bar_sheet(weeks, width)),
        _bars(weeks, _bar_sheet(weeks)),
        ("Week", "Active", "Kept going", "Came back", "New", "Lapsed"),
        rows,
    )


def _bar_sheet(weeks: Sequence[Week], wide: int = 0) -> Sheet:
    is_narrow = not wide
    top, _ = nice_top(max((w.active for w in weeks), default=0) * 1.06)
    low = max((w.lapsed for w in weeks), default=0)
    width, height = (342, 250) if is_narrow else (wide, 300)
    left, right = (34, 8) if is_narrow else (40, 120)
    floor_room = low * 1.25 if low else 0
    return Sheet(
        width, height, left, right, 20, 30, (0, max(len(weeks), 1)), (-floor_room, top), is_narrow
    )


def _bars(weeks: Sequence[Week], sheet: Sheet) -> Drawing:
    marks: list[Mark] = []
    _, ticks = nice_top(sheet.y_range[1])
    for value in ticks:
        y = sheet.y(value)
        marks.append(Line(sheet.left, y, sheet.end, y, "grid base" if value == 0 else "grid"))
        marks.append(Text(sheet.left - 7, y + 4, plain(value), "tick", "end"))
    for i, week in enumerate(weeks):
        marks += _bar(i, week, len(weeks), sheet)
    if weeks and not sheet.is_narrow:
        marks += _bar_labels(weeks[-1], sheet)
    return sheet.draw(marks)


def _bar(i: int, week: Week, count: int, sheet: Sheet) -> list[Mark]:
    slot = (sheet.end - sheet.left) / count
    x, width = round(sheet.left + i * slot + slot * 0.16, 2), round(slot * 0.68, 2)
    marks: list[Mark] = []
    height = 0
    for size, cls in ((week.kept, "s-kept"), (week.back, "s-back"), (week.new, "s-new")):
        if size:
            top, bottom = sheet.y(height + size), sheet.y(height)
            marks.append(
                Box(x, round(top + 0.75, 2), width, max(round(bottom - top - 1.5, 2), 0.5), cls)
            )
        height += size
    centre = x + width / 2
    is_last, every = i == count - 1, max(1, ceil(count / 9))
    number = is_last or not sheet.is_narrow or i % every == 0
    if number:
        look = "lab num big" if is_last else "lab num"
        marks.append(Text(centre, sheet.y(height) - 6, plain(week.active), look, "middle"))
    if week.lapsed:
        top = sheet.y(0) + 1.5
        marks.append(
            Box(x, top, width, max(round(sheet.y(-week.lapsed) - top, 2), 0.5), "s-lapsed")
        )
    marks += _bar_name(i, week, count, (x, width), sheet)
    return marks


def _bar_name(
    i: int, week: Week, count: int, place: tuple[float, float], sheet: Sheet
) -> list[Mark]:
    x, width = place
    shown = {0, (count - 1) // 2, count - 1} if sheet.is_narrow else set(range(count))
    if not sheet.is_narrow and count > 14:
        shown = set(range(0, count, ceil(count / 12))) | {count - 1}
    if i not in shown:
        return []
    at = {0: (x, "start"), count - 1: (x + width, "end")} if sheet.is_narrow else {}
    where, anchor = at.get(i, (x + width / 2, "middle"))
    return [Text(where, sheet.height - 4, week.label, "tick", anchor)]


def _bar_labels(week: Week, sheet: Sheet) -> list[Mark]:
    """Names at the last bar, pushed apart so that thin layers do not overprint."""
    layers = (
        (week.new, week.kept + week.back + week.new / 2, "New"),
        (week.back, week.kept + week.back / 2, "Came back"),
        (week.kept, week.kept / 2, "Kept going"),
        (week.lapsed, -week.lapsed / 2, "Lapsed"),
    )
    marks: list[Mark] = []
    floor_y = 0.0
    for size, middle, name in layers:
        if size:
            y = max(sheet.y(middle) + 4, floor_y)
            floor_y = y + 16
            marks.append(Text(sheet.end + 8, y, f"{name} {plain(size)}", "lab"))
    return marks


# Places day by day.


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


# Intervals.


@dataclass(frozen=True)
class Interval:
    """A small picture of an estimate with its interval, and the sentence it stands for."""

    finding: str
    drawing: Drawing


def rate_interval(
    share: float,
    interval: tuple[float, float],
    *,
    scale: tuple[float, float] = (0.0, 1.0),
    goal: tuple[float, float] | None = None,
) -> Interval:
    """A share with its 95% interval on a common scale; the goal is the shaded band."""
    low, high = interval
    sheet = Sheet(190, 22, 6, 6, 0, 0, scale, (0, 1), is_narrow=False)

    def place(value: float) -> float:
        return sheet.x(min(max(value, scale[0]), scale[1]))

    marks: list[Mark] = [Line(place(scale[0]), 11, place(scale[1]), 11, "grid")]
    if goal:
        marks.append(Box(place(goal[0]), 3, place(goal[1]) - place(goal[0]), 16, "band-goal"))
    marks += _whiskers(place(low), place(high), 11, 4, "ci")
    marks.append(Dot(place(share), 11, 4.5, "dot me"))
    finding = f"{percent(share)}, 95% interval {percent(low)} to {percent(high)}"
    return Interval(finding, sheet.draw(marks))


def difference_interval(
    difference: float, interval: tuple[float, float], *, scale: tuple[float, float] = (-0.1, 0.3)
) -> Interval:
    """A difference of two shares in points; hollow and dashed while the interval holds zero."""
    low, high = interval
    scale = (min(scale[0], low), max(scale[1], high))
    is_clear = low > 0 or high < 0
    sheet = Sheet(280, 48, 10, 10, 0, 0, scale, (0, 1), is_narrow=False)
    marks: list[Mark] = [
        Line(sheet.x(scale[0]), 30, sheet.x(scale[1]), 30, "grid base"),
        Line(sheet.x(0), 4, sheet.x(0), 30, "zero"),
        Text(sheet.x(0), 46, "0", "tick", "middle"),
        *_whiskers(sheet.x(low), sheet.x(high), 16, 5, "ci" if is_clear else "ci unsure"),
        Dot(sheet.x(difference), 16, 5.5, "dot me" if is_clear else "dot hollow"),
        Text(sheet.x(scale[0]), 46, _points(scale[0]), "tick"),
        Text(sheet.x(scale[1]), 46, f"{_points(scale[1])} pts", "tick", "end"),
    ]
    finding = (
        f"{_points(difference, 1)} points, "
        f"95% interval {_points(low, 1)} to {_points(high, 1)} points"
    )
    return Interval(finding, sheet.draw(marks))


def _points(share: float, digits: int = 0) -> str:
    words = plain(share * 100, digits)
    return words if share <= 0 else f"+{words}"


def _whiskers(x1: float, x2: float, y: float, reach: float, cls: str) -> list[Mark]:
    return [
        Line(x1, y, x2, y, cls),
        Line(x1, y - reach, x1, y + reach, cls),
        Line(x2, y - reach, x2, y + reach, cls),
    ]


# Funnel, heat table, lanes: numbers for HTML and macros rather than drawings.


@dataclass(frozen=True)
class Stage:
    """One step of a funnel: its count, its share of the first step, and whether it is the drop
    to look at.
    """

    label: str
    count: int
    share: float
    lost: int
    is_biggest_drop: bool


def funnel(steps: Sequence[tuple[str, int]]) -> tuple[Stage, ...]:
    """Counts as shares of the first step; the step that loses most people is marked."""
    if not steps:
        return ()
    first = steps[0][1]
    lost = [0] + [a[1] - b[1] for a, b in pairwise(steps)]
    worst = max(range(len(steps)), key=lambda i: lost[i])
    return tuple(
        Stage(label, n, n / first if first else 0.0, lost[i], i == worst and lost[i] > 0)
        for i, (label, n) in enumerate(steps)
    )


def heat_step(share: float, bounds: Sequence[float] = HEAT_STEPS) -> int:
    """Which of the six tints a share gets, 1 (pale) to 6."""
    return 1 + sum(share >= bound for bound in bounds)


@dataclass(frozen=True)
class HeatCell:
    """One cell: the printed number, its tint and what is behind it; tint 0 prints nothing."""

    words: str
    step: int
    title: str


@dataclass(frozen=True)
class HeatRow:
    """One cohort: its name, its size and a cell for every column."""

    label: str
    size: int
    cells: tuple[HeatCell, ...]


def heat_table(
    cohorts: Sequence[tuple[str, Sequence[int]]], *, least: int = 5
) -> tuple[HeatRow, ...]:
    """Cohorts as (name, counts), the first count being its size; every row as long as the longest.

    A cohort smaller than `least` shows no shares: a share of four people says nothing.
    """
    length = max((len(counts) for _, counts in cohorts), default=0)
    rows = []
    for label, counts in cohorts:
        size = counts[0] if counts else 0
        cells = [_heat_cell(n, size, least) for n in counts]
        cells += [HeatCell("", 0, "")] * (length - len(counts))
        rows.append(HeatRow(label, size, tuple(cells)))
    return tuple(rows)


def _heat_cell(count: int, size: int, least: int) -> HeatCell:
    if size < least:
        return HeatCell(EN_DASH, 0, f"fewer than {least} people")
    share = count / size
    return HeatCell(f"{share * 100:.0f}", heat_step(share), f"{count} of {size}")


@dataclass(frozen=True)
class LaneScale:
    """The common scale of a board's lanes: its end and the words above it."""

    top: float
    ticks: tuple[str, ...]


def lane_scale(scores: Sequence[float], *, as_percent: bool = False) -> LaneScale:
    """A zero-based scale that holds every score with some room ahead of the leader."""
    top, ticks = nice_top(max([*scores, 0.0]) * 1.1, 3)
    if as_percent:
        # There is room ahead for the leader's pennant, but no share above the whole to name.
        return LaneScale(top, tuple(percent(t) if t <= 1 else "" for t in ticks))
    digits = 0 if all(float(t).is_integer() for t in ticks) else 1
    return LaneScale(top, tuple(plain(t, digits) for t in ticks))


# A share reached day after day, as a staircase (hands-on within seven days of a class).


def staircase(
    counts: Sequence[int], size: int, finding: str, *, day_name: Callable[[int], str] | None = None
) -> Chart:
    """How many of `size` people had done it by day 0, 1, 2, ...; counts only ever grow."""
    names = [day_name(d) if day_name else f"Day {d}" for d in range(len(counts))]
    shares = [n / size if size else 0.0 for n in counts]
    rows = tuple(
        (name, f"{n} of {size}", percent(share))
        for name, n, share in zip(names, counts, shares, strict=True)
    )
    return Chart(
        finding,
        _stairs(shares, names, is_narrow=False),
        _stairs(shares, names, is_narrow=True),
        ("By", "People", "Share"),
        rows,
    )


def _stairs(shares: Sequence[float], names: Sequence[str], *, is_narrow: bool) -> Drawing:
    last = max(len(shares) - 1, 1)
    width, height = (326, 200) if is_narrow else (520, 210)
    sheet = Sheet(width, height, 38, 20, 24, 30, (0, last), (0, 1), is_narrow)
    marks: list[Mark] = []
    for value in (0.0, 0.5, 1.0):
        y = sheet.y(value)
        marks.append(Line(sheet.left, y, sheet.end, y, "grid base" if value == 0 else "grid"))
        marks.append(Text(sheet.left - 6, y + 4, percent(value), "tick", "end"))
    if shares:
        points = _stair_points(shares, sheet)
        ground = [(points[-1][0], sheet.y(0)), (points[0][0], sheet.y(0))]
        marks.append(Path(polyline([*points, *ground], closed=True), "fill-soft"))
        marks.append(Path(polyline(points), "line me"))
        marks += _stair_labels(shares, names, sheet)
    return sheet.draw(marks)


def _stair_points(shares: Sequence[float], sheet: Sheet) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for day, share in enumerate(shares):
        if points:
            points.append((sheet.x(day), points[-1][1]))
        points.append((sheet.x(day), sheet.y(share)))
    return points


def _stair_labels(shares: Sequence[float], names: Sequence[str], sheet: Sheet) -> list[Mark]:
    last = len(shares) - 1
    marks: list[Mark] = []
    for day in sorted({0, min(1, last), last // 2, last}):
        x, y = sheet.x(day), sheet.y(shares[day])
        anchor = "start" if day == 0 else "end" if day == last else "middle"
        marks.append(Dot(x, y, 4, "dot me"))
        if day != 1 or not sheet.is_narrow:
            marks.append(
                Text(x + (6 if day == 0 else 0), y - 9, percent(shares[day]), "lab big", anchor)
            )
        if day != 1:
            marks.append(Text(x, sheet.height - 8, names[day], "tick", anchor))
    return marks
