"""What every chart is made of: marks with class names on sheets, scales and words for numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TypeAlias

MINUS = "\N{MINUS SIGN}"
EN_DASH = "\N{EN DASH}"


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
