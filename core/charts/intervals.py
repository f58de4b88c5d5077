"""Estimates with their intervals, as small pictures for table cells."""

from dataclasses import dataclass

from core.charts.marks import Box, Dot, Drawing, Line, Mark, Sheet, Text, percent, plain


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


@dataclass(frozen=True)
class Unit:
    """What a difference is counted in: how its ends and its sentence are written."""

    name: str
    times: float = 1.0
    digits: int = 0
    short: str = ""

    def words(self, value: float, digits: int | None = None) -> str:
        """A value of the difference with its sign."""
        text = plain(value * self.times, self.digits if digits is None else digits)
        return text if value <= 0 else f"+{text}"


POINTS = Unit("points", 100, 0, " pts")
PERCENT = Unit("percent", 100, 0, "%")
DAYS = Unit("days a week", 1, 1, " days")


def difference_interval(
    difference: float,
    interval: tuple[float, float],
    *,
    scale: tuple[float, float] = (-0.1, 0.3),
    unit: Unit = POINTS,
) -> Interval:
    """A difference with its interval; hollow and dashed while the interval holds zero."""
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
        Text(sheet.x(scale[0]), 46, f"{unit.words(scale[0])}{unit.short}", "tick"),
        Text(sheet.x(scale[1]), 46, f"{unit.words(scale[1])}{unit.short}", "tick", "end"),
    ]
    fine = unit.digits + 1
    finding = (
        f"{unit.words(difference, fine)} {unit.name}, "
        f"95% interval {unit.words(low, fine)} to {unit.words(high, fine)} {unit.name}"
    )
    return Interval(finding, sheet.draw(marks))


def _whiskers(x1: float, x2: float, y: float, reach: float, cls: str) -> list[Mark]:
    return [
        Line(x1, y, x2, y, cls),
        Line(x1, y - reach, x1, y + reach, cls),
        Line(x2, y - reach, x2, y + reach, cls),
    ]
