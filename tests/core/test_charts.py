"""The geometry of the charts: zero-based, inside the sheet, honest about small groups."""

from itertools import pairwise

import pytest

from core import charts
from core.charts import Box, Dot, Drawing, Forecast, Line, Path, Run, ShareLine, Text, Week


def sustained(**changes):
    plan = {
        "points": [(28, 0.141), (42, 0.25), (56, 0.384)],
        "x_ticks": [(28, "Day 28"), (42, "Day 42"), (60, "Day 60")],
        "finding": "Sustained adoption rose from 14.1% to 38.4% of 1,248 reps.",
        "goal": (0.40, 0.50),
        "typical": (0.15, 0.25),
        "forecast": Forecast(60, 0.391, 0.406, 0.422),
    }
    return charts.share_line(ShareLine(**(plan | changes)))


def every_chart():
    weeks = [Week("28 Sep", 0, 0, 212), Week("5 Oct", 158, 0, 110, 54), Week("12 Oct", 200, 23, 95)]
    runs = [Run("Harbour", 1, [2, 1], "71.4"), Run("Ridgeline", 2, [1, 2], "70.9", is_you=True)]
    return [
        sustained(),
        sustained(points=[], forecast=None),
        sustained(points=[(28, 0.0)], goal=None, typical=None, forecast=None),
        charts.weekly_bars(weeks, "Growth comes from people staying."),
        charts.weekly_bars([], "Nobody yet."),
        charts.bump(runs, ["2 Nov", "3 Nov"], "Harbour took the lead."),
        charts.bump([Run("Harbour", 1, [1], "3")], ["2 Nov"], "One day so far."),
        charts.staircase([31, 63, 80, 96, 100, 110, 120, 129], 174, "74% by day 7."),
        charts.staircase([0], 0, "Nobody yet."),
        charts.histogram([3, 1, 0, 7], "Most are often there.", columns=("Days", "Reps")),
        charts.histogram([], "Nobody yet.", columns=("Days", "Reps")),
    ]


def places(drawing):
    for mark in drawing.marks:
        match mark:
            case Line():
                yield from ((mark.x1, mark.y1), (mark.x2, mark.y2))
            case Box():
                yield from ((mark.x, mark.y), (mark.x + mark.width, mark.y + mark.height))
            case Dot() | Text():
                yield (mark.x, mark.y)


@pytest.mark.parametrize("chart", every_chart())
def test_every_mark_lies_on_its_sheet(chart):
    for drawing in (chart.wide, chart.narrow):
        for x, y in places(drawing):
            assert -1 <= x <= drawing.width + 1
            assert -1 <= y <= drawing.height + 1


@pytest.mark.parametrize("chart", every_chart())
def test_every_chart_states_its_finding_and_carries_its_numbers(chart):
    assert chart.finding.endswith(".")
    assert all(len(row) == len(chart.columns) for row in chart.rows)


@pytest.mark.parametrize("chart", every_chart())
def test_no_box_is_inside_out(chart):
    boxes = [m for d in (chart.wide, chart.narrow) for m in d.marks if isinstance(m, Box)]
    assert all(box.width >= 0 and box.height >= 0 for box in boxes)


@pytest.mark.parametrize(
    ("value", "top", "ticks"),
    [
        (611, 800, (0, 200, 400, 600, 800)),
        (0, 1, (0, 1)),
        (0.5, 0.6, (0, 0.15, 0.3, 0.45, 0.6)),
        (71.4, 80, (0, 20, 40, 60, 80)),
    ],
)
def test_nice_top_holds_the_value_and_starts_at_zero(value, top, ticks):
    found, marks = charts.nice_top(value)
    assert found >= value
    assert marks[0] == 0
    assert marks[-1] == found
    if value != 0.5:
        assert (found, marks) == (top, ticks)


def test_the_axis_of_a_share_starts_at_zero():
    chart = sustained()
    words = [m.words for m in chart.wide.marks if isinstance(m, Text)]
    assert "0%" in words
    base = next(m for m in chart.wide.marks if isinstance(m, Line) and m.cls == "grid base")
    assert base.y1 == chart.wide.height - 34


def test_the_goal_band_and_the_typical_range_are_said_in_words():
    words = [m.words for m in sustained().narrow.marks if isinstance(m, Text)]
    assert "Goal 40–50%" in words
    assert "Typical 15–25%" in words


def test_the_forecast_is_drawn_apart_from_what_happened():
    marks = sustained().wide.marks
    assert [m.cls for m in marks if isinstance(m, Path)] == ["fan", "line me"]
    assert any(isinstance(m, Line) and m.cls == "ahead" for m in marks)
    assert any(isinstance(m, Text) and m.words == "39–42% at this pace" for m in marks)


def test_a_week_stacks_to_the_number_on_its_top():
    chart = charts.weekly_bars([Week("5 Oct", 158, 20, 90, 54)], "One week.")
    boxes = {m.cls: m for m in chart.wide.marks if isinstance(m, Box)}
    assert boxes["s-kept"].y > boxes["s-back"].y > boxes["s-new"].y
    ground = boxes["s-kept"].y + boxes["s-kept"].height
    assert boxes["s-lapsed"].y > ground
    assert ("5 Oct", "268", "158", "20", "90", "54", "0") in chart.rows


def test_a_team_that_leads_is_drawn_on_top():
    runs = [Run("Harbour", 1, [2, 1], "71.4"), Run("Ridgeline", 2, [1, 2], "70.9")]
    chart = charts.bump(runs, ["2 Nov", "3 Nov"], "Harbour took the lead.")
    at = {m.words: m.y for m in chart.wide.marks if isinstance(m, Text)}
    assert at["Harbour 71.4"] < at["Ridgeline 70.9"]
    assert [row[0] for row in chart.rows] == ["Harbour", "Ridgeline"]


def test_a_run_without_a_place_for_a_day_is_refused():
    with pytest.raises(ValueError, match="one place a day"):
        charts.bump([Run("Harbour", 1, [1], "3")], ["2 Nov", "3 Nov"], "No.")


def test_an_interval_that_holds_zero_is_hollow_and_dashed():
    unsure = charts.difference_interval(0.12, (-0.024, 0.269))
    clear = charts.difference_interval(0.092, (0.015, 0.166))
    assert {m.cls for m in unsure.drawing.marks} >= {"ci unsure", "dot hollow"}
    assert {m.cls for m in clear.drawing.marks} >= {"ci", "dot me"}
    assert clear.finding == "+9.2 points, 95% interval +1.5 to +16.6 points"
    assert unsure.finding == "+12.0 points, 95% interval −2.4 to +26.9 points"


def test_a_rate_keeps_inside_its_scale():
    picture = charts.rate_interval(0.05, (0.0, 0.4), scale=(0.2, 0.6), goal=(0.4, 0.5))
    dot = next(m for m in picture.drawing.marks if isinstance(m, Dot))
    assert dot.x == 6
    assert picture.finding == "5%, 95% interval 0% to 40%"


def test_the_funnel_names_the_step_that_loses_most():
    steps = [("Invited", 1248), ("Trained", 961), ("Logged in", 902), ("Active", 611)]
    stages = charts.funnel(steps)
    assert [s.label for s in stages if s.is_biggest_drop] == ["Active"]
    assert stages[1].share == pytest.approx(961 / 1248)
    assert stages[3].lost == 291
    assert charts.funnel([]) == ()
    assert not charts.funnel([("Invited", 0), ("Trained", 0)])[1].is_biggest_drop


@pytest.mark.parametrize(
    ("share", "step"), [(0, 1), (0.549, 1), (0.55, 2), (0.7, 4), (0.9, 6), (1, 6)]
)
def test_heat_has_six_steps(share, step):
    assert charts.heat_step(share) == step


def test_a_heat_table_hides_the_shares_of_a_small_cohort():
    rows = charts.heat_table([("28 Sep", [212, 159, 142]), ("5 Oct", [4, 3])])
    assert [c.words for c in rows[0].cells] == ["100", "75", "67"]
    assert rows[0].cells[1].title == "159 of 212"
    assert [c.words for c in rows[1].cells] == ["–", "–", ""]
    assert all(c.step == 0 for c in rows[1].cells)


def test_lanes_share_one_scale_from_zero_with_room_ahead():
    scale = charts.lane_scale([71.4, 49.5])
    assert scale.top > 71.4
    assert scale.ticks[0] == "0"
    assert charts.lane_scale([], as_percent=True).ticks == ("0%", "100%")
    assert charts.lane_scale([0.42], as_percent=True).ticks[-1].endswith("%")
    assert charts.lane_scale([1.0], as_percent=True).ticks == ("0%", "50%", "100%", "")


def test_numbers_are_written_as_people_read_them():
    assert charts.plain(-1248) == "−1,248"
    assert charts.percent(0.384, 1) == "38.4%"


def test_an_empty_sheet_is_still_a_sheet():
    assert isinstance(charts.weekly_bars([], "Nobody yet.").wide, Drawing)


def test_an_older_line_and_the_day_it_ended_are_drawn_apart():
    before = [(20.0, 0.6), (30.0, 0.5)]
    chart = sustained(before=[before], milestones=[charts.Milestone(35, "New rule 3 Aug")])
    for drawing in (chart.wide, chart.narrow):
        looks = [mark.cls for mark in drawing.marks if isinstance(mark, Path)]
        assert looks.count("line was") == looks.count("line me") == 1
        assert "New rule 3 Aug" in [m.words for m in drawing.marks if isinstance(m, Text)]
    assert len(chart.rows) == 3, "the numbers are those of the line alone"


def test_the_forecast_names_no_place_a_band_is_named_at():
    for low in (0.30, 0.38, 0.42, 0.46):
        chart = sustained(forecast=Forecast(60, low, low + 0.01, low + 0.02))
        words = [m for m in chart.wide.marks if isinstance(m, Text) and m.x > 632]
        places = sorted(mark.y for mark in words)
        assert all(b - a >= 12 for a, b in pairwise(places))


def test_many_days_stand_out_in_a_histogram():
    chart = charts.histogram(
        [4, 2, 0, 5], "Five of eleven.", columns=("Days", "Reps"), many_from=3, many_words="3 on"
    )
    looks = [mark.cls for mark in chart.wide.marks if isinstance(mark, Box)]
    assert looks == ["s-lapsed", "s-back", "s-kept"]
    assert chart.rows == (("0", "4"), ("1", "2"), ("2", "0"), ("3", "5"))


def test_a_cell_of_few_people_leads_nowhere():
    cell = charts.heat_cell(3, 4, least=5, href="/somewhere")
    assert (cell.step, cell.href) == (0, "")
    cell = charts.heat_cell(5, 8, least=5, href="/somewhere")
    assert (cell.words, cell.title, cell.href) == ("63", "5 of 8", "/somewhere")


@pytest.mark.parametrize("ends", [(1.0, 1.0), (1.0, 0.99), (0.99, 1.0), (1.4, 0.2)])
def test_the_names_of_two_lines_never_lie_on_each_other(ends):
    plan = charts.PairOfLines(
        ("Ours", "Theirs"), ["a", "b", "c"], [0.9, 1.1, ends[0]], [1.2, 0.8, ends[1]], "Alike."
    )
    chart = charts.pair_of_lines(plan)
    assert chart.columns == ("", "Ours", "Theirs")
    assert chart.rows[1] == ("b", "110%", "80%")
    for drawing in (chart.wide, chart.narrow):
        ours, theirs = (
            mark.y for mark in drawing.marks if getattr(mark, "words", "") in {"Ours", "Theirs"}
        )
        assert abs(ours - theirs) >= 14
        dots = [mark for mark in drawing.marks if mark.kind == "dot"]
        assert [dot.cls for dot in dots] == ["dot hollow"] * 3 + ["dot me"] * 3
