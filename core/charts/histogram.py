"""How many people had so many of something: one bar a number, the none included."""

from collections.abc import Sequence

from core.charts.marks import Box, Chart, Drawing, Line, Mark, Sheet, Text, nice_top, plain

TICK_EVERY = 4


def histogram(
    counts: Sequence[int],
    finding: str,
    *,
    columns: tuple[str, str],
    many_from: int | None = None,
    many_words: str = "",
) -> Chart:
    """A bar for 0, 1, 2, ...; those from `many_from` on stand out and are named."""
    rows = tuple((str(number), plain(count)) for number, count in enumerate(counts))
    drawn = [
        _drawing(counts, many_from, many_words, is_narrow=is_narrow) for is_narrow in (False, True)
    ]
    return Chart(finding, drawn[0], drawn[1], columns, rows)


def _drawing(
    counts: Sequence[int], many_from: int | None, many_words: str, *, is_narrow: bool
) -> Drawing:
    top, ticks = nice_top(max(counts, default=0) * 1.06, 3)
    width, height = (342, 220) if is_narrow else (440, 260)
    size = max(len(counts), 1)
    sheet = Sheet(width, height, 38, 10, 30, 28, (0, size), (0, top), is_narrow)
    marks: list[Mark] = []
    for value in ticks:
        y = sheet.y(value)
        marks.append(Line(sheet.left, y, sheet.end, y, "grid base" if value == 0 else "grid"))
        marks.append(Text(sheet.left - 6, y + 4, plain(value), "tick", "end"))
    for number, count in enumerate(counts):
        marks += _bar(number, count, sheet, is_many=many_from is not None and number >= many_from)
    if many_from is not None and many_from < size:
        x = sheet.x(many_from)
        marks.append(Line(x, sheet.top - 10, x, sheet.height - sheet.bottom, "mark"))
        marks.append(Text(x + 5, sheet.top - 14, many_words, "lab"))
    return sheet.draw(marks)


def _bar(number: int, count: int, sheet: Sheet, *, is_many: bool) -> list[Mark]:
    left, right = sheet.x(number), sheet.x(number + 1)
    width = round((right - left) * 0.76, 2)
    x = round(left + (right - left) * 0.12, 2)
    marks: list[Mark] = []
    if count:
        top = sheet.y(count)
        look = "s-kept" if is_many else "s-back" if number else "s-lapsed"
        marks.append(Box(x, top, width, max(round(sheet.y(0) - top, 2), 0.5), look))
    if number % TICK_EVERY == 0:
        middle = round(x + width / 2, 2)
        marks.append(Text(middle, sheet.height - 9, str(number), "tick", "middle"))
    return marks
