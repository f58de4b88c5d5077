"""Weeks as stacked bars: who kept going, came back or is new, and who stopped below the line."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from core.charts.marks import Box, Chart, Drawing, Line, Mark, Sheet, Text, nice_top, plain


@dataclass(frozen=True)
class Week:
    """Reps of one week; lapsed ones are not part of the bar, they hang below the line.

    `departed` stand in the numbers only: who has left did not stop using anything.
    """

    label: str
    kept: int
    back: int
    new: int
    lapsed: int = 0
    departed: int = 0

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
            plain(w.departed),
        )
        for w in weeks
    )
    return Chart(
        finding,
        _bars(weeks, _bar_sheet(weeks, width)),
        _bars(weeks, _bar_sheet(weeks)),
        ("Week", "Active", "Kept going", "Came back", "New", "Lapsed", "Departed"),
        rows,
    )


def _bar_sheet(weeks: Sequence[Week], wide: int = 0) -> Sheet:
    is_narrow = not wide
    top, _ = nice_top(max((w.active for w in weeks), default=0) * 1.06)
    low = max((w.lapsed for w in weeks), default=0)
    width, height = (342, 250) if is_narrow else (wide, 300)
    left, right = (34, 8) if is_narrow else (40, 120)
    # Room under the lapsed for their number.
    floor_room = max(low * 1.25, low + top * 0.08) if low else 0
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
        if not sheet.is_narrow:
            below = sheet.y(-week.lapsed) + 13
            marks.append(Text(centre, below, plain(-week.lapsed), "tick", "middle"))
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
