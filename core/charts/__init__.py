"""The geometry of every chart, as plain numbers: no colours, no markup, no Flask.

A chart is a list of marks with class names; `templates/shared/charts.html` draws them and the
style sheet gives them their look. Each chart is laid out twice, wide and narrow, so that its text
keeps its size on a phone. Lengths are SVG units; shares are 0..1; y grows downwards.
"""

from core.charts.histogram import histogram
from core.charts.intervals import (
    DAYS,
    PERCENT,
    POINTS,
    Interval,
    Unit,
    difference_interval,
    rate_interval,
)
from core.charts.marks import (
    EN_DASH,
    MINUS,
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
from core.charts.pairs import PairOfLines, pair_of_lines
from core.charts.places import Run, bump, smooth
from core.charts.shares import Forecast, Milestone, ShareLine, share_line
from core.charts.stairs import staircase
from core.charts.tables import (
    HEAT_STEPS,
    HeatCell,
    HeatRow,
    LaneScale,
    Stage,
    funnel,
    heat_cell,
    heat_step,
    heat_table,
    lane_scale,
)
from core.charts.weeks import Week, weekly_bars

__all__ = [
    "DAYS",
    "EN_DASH",
    "HEAT_STEPS",
    "MINUS",
    "PERCENT",
    "POINTS",
    "Box",
    "Chart",
    "Dot",
    "Drawing",
    "Forecast",
    "HeatCell",
    "HeatRow",
    "Interval",
    "LaneScale",
    "Line",
    "Mark",
    "Milestone",
    "PairOfLines",
    "Path",
    "Run",
    "ShareLine",
    "Sheet",
    "Stage",
    "Text",
    "Unit",
    "Week",
    "bump",
    "difference_interval",
    "funnel",
    "heat_cell",
    "heat_step",
    "heat_table",
    "histogram",
    "lane_scale",
    "nice_top",
    "pair_of_lines",
    "percent",
    "plain",
    "polyline",
    "rate_interval",
    "share_line",
    "smooth",
    "staircase",
    "weekly_bars",
]
