"""A share reached day after day, as a staircase (hands-on within seven days of a class)."""

from collections.abc import Callable, Sequence

from core.charts.marks import Chart, Dot, Drawing, Line, Mark, Path, Sheet, Text, percent, polyline


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
