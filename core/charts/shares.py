"""Lines of a share over time, with goal, typical range and what comes at this pace."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.charts.marks import (
    EN_DASH,
    Box,
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
    plain,
    polyline,
)


@dataclass(frozen=True)
class Forecast:
    """Where the line goes at this pace: the x it reaches and the low, middle and high share."""

    x: float
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Milestone:
    """A place on the axis with words above it: a day that matters, or a rule that changed."""

    x: float
    words: str


@dataclass(frozen=True)
class ShareLine:
    """What `share_line` draws: points (x, share), ticks (x, words), bands as (low, high) shares.

    `before` are earlier lines that must not be read as one with this one; they are drawn in grey.
    """

    points: Sequence[tuple[float, float]]
    x_ticks: Sequence[tuple[float, str]]
    finding: str
    goal: tuple[float, float] | None = None
    typical: tuple[float, float] | None = None
    forecast: Forecast | None = None
    columns: tuple[str, ...] = ("Day", "Share")
    row_names: Sequence[str] | None = None
    before: Sequence[Sequence[tuple[float, float]]] = ()
    milestones: Sequence[Milestone] = ()
    width: int = 760
    ahead_words: str = "at this pace"
    rows: Sequence[tuple[str, ...]] | None = None


def share_line(plan: ShareLine) -> Chart:
    """A line of one share over time on a zero-based axis, against the goal and the usual range."""
    names = plan.row_names or [plain(x) for x, _ in plan.points]
    rows = tuple(plan.rows or ()) or tuple(
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
    drawn = [point for line in (plan.points, *plan.before) for point in line]
    xs = [x for x, _ in drawn] + [x for x, _ in plan.x_ticks]
    xs += [milestone.x for milestone in plan.milestones]
    shares = [share for _, share in drawn]
    if plan.forecast:
        xs.append(plan.forecast.x)
        shares.append(plan.forecast.high)
    for band in (plan.goal, plan.typical):
        shares.extend(band or ())
    top, _ = nice_top(min(max([*shares, 0.1]) * 1.08, 1.0), 3)
    width, height = (342, 250) if is_narrow else (plan.width, 300)
    right = 14 if is_narrow else 128
    x_range = (min(xs, default=0), max(xs, default=1))
    left = 36 if is_narrow else 40
    above = 30 if plan.milestones else 16
    return Sheet(
        width, height, left, right, above, 34, x_range, (0, min(max(top, 0.1), 1.0)), is_narrow
    )


def _share_drawing(plan: ShareLine, sheet: Sheet) -> Drawing:
    marks: list[Mark] = [*_bands(plan, sheet), *_share_axes(plan, sheet)]
    marks += _milestones(plan, sheet)
    for line in plan.before:
        placed = [(sheet.x(x), sheet.y(share)) for x, share in line]
        if len(placed) > 1:
            marks.append(Path(polyline(placed), "line was"))
    points = [(sheet.x(x), sheet.y(share)) for x, share in plan.points]
    if plan.forecast and plan.points:
        marks += _fan(plan, plan.forecast, sheet)
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


def _milestones(plan: ShareLine, sheet: Sheet) -> list[Mark]:
    """An upright line at each, its words above the plot on the side that has room."""
    marks: list[Mark] = []
    for milestone in plan.milestones:
        x = sheet.x(milestone.x)
        is_late = x > (sheet.left + sheet.end) / 2
        marks.append(Line(x, sheet.top - 8, x, sheet.height - sheet.bottom, "mark"))
        marks.append(
            Text(
                x + (-5 if is_late else 5),
                sheet.top - 12,
                milestone.words,
                "tick",
                "end" if is_late else "start",
            )
        )
    return marks


def _fan(plan: ShareLine, ahead: Forecast, sheet: Sheet) -> list[Mark]:
    last = plan.points[-1]
    start = (sheet.x(last[0]), sheet.y(last[1]))
    end = sheet.x(ahead.x)
    fan = [start, (end, sheet.y(ahead.high)), (end, sheet.y(ahead.low))]
    marks: list[Mark] = [
        Path(polyline(fan, closed=True), "fan"),
        Line(*start, end, sheet.y(ahead.middle), "ahead"),
    ]
    if not sheet.is_narrow:
        words = f"{ahead.low * 100:.0f}{EN_DASH}{ahead.high * 100:.0f}% {plan.ahead_words}"
        marks.append(
            Text(end + 10, _beside_bands(plan, sheet, sheet.y(ahead.low) + 18), words, "lab me")
        )
    return marks


def _beside_bands(plan: ShareLine, sheet: Sheet, y: float) -> float:
    """A place for words beside the plot that overprints no band's name."""
    taken = [
        (sheet.y(band[0]) + sheet.y(band[1])) / 2 + 4
        for band in (plan.goal, plan.typical)
        if band is not None
    ]
    while any(abs(y - other) < 16 for other in taken):
        y += 4
    return min(y, sheet.height - sheet.bottom)
