"""Every piece and its states on one page, for people who build; hung only in development."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from core import charts
from core.charts import Forecast, Run, ShareLine, Week
from core.guards import public

blueprint = Blueprint("styleguide", __name__)
ACCENTS = ("fern", "cobalt", "plum", "teal", "rust", "berry")
THEMES = ("light", "dark")
# name, score, last Monday, places, reps, manager
TEAMS = (
    ("Harbour", "71.4", 47, 1, "Tomás Rivera, 10 reps"),
    ("Ridgeline", "70.9", 48, -1, "Amara Okafor, 9 reps"),
    ("Switchyard", "66.2", 42, 2, "Dana Whitfield, 9 reps"),
    ("Foundry", "65.8", 45, -1, "Samir Haddad, 10 reps"),
    ("Lantern", "61.0", 43, -1, "Ruth Adeyemi, 9 reps"),
    ("Tidewater", "57.3", 38, 0, "Mei-Ling Zhao, 9 reps"),
    ("Longshot", "52.8", 34, 1, "Hugo Marchetti, 10 reps"),
    ("Copperfield", "49.5", 35, -1, "Lena Brandt, 8 reps"),
)


@blueprint.get("/styleguide")
@public
def sheet() -> ResponseReturnValue:
    """Show the pieces in the asked theme and accent; unknown ones fall back to the defaults."""
    accent, theme = request.args.get("accent", ""), request.args.get("theme", "")
    accent = accent if accent in ACCENTS else ACCENTS[0]
    theme = theme if theme in THEMES else ""
    return render_template(
        "shared/styleguide.html",
        theme=theme or None,
        accent=accent,
        accents=ACCENTS,
        themes=("", *THEMES),
        teams=TEAMS,
        scale=charts.lane_scale([float(team[1]) for team in TEAMS]),
        pictures=_pictures(),
    )


def _pictures() -> dict[str, object]:
    weeks = [
        Week("28 Sep", 0, 0, 212),
        Week("5 Oct", 158, 0, 110, 54),
        Week("12 Oct", 205, 18, 95, 63),
        Week("19 Oct", 251, 31, 88, 67),
    ]
    return {
        "line": charts.share_line(_sustained()),
        "weeks": charts.weekly_bars(
            weeks, "Active reps grow from 212 to 370 in four weeks.", width=760
        ),
        "last_week": weeks[-1],
        "race": charts.bump(
            _runs(), ["2 Nov", "3 Nov", "4 Nov", "5 Nov"], "Harbour takes the lead on day four."
        ),
        "stairs": charts.staircase(
            [31, 63, 80, 96, 106, 115, 122, 129],
            174,
            "Of 174 reps, 18% tried it the same day and 74% by day 7.",
        ),
        "rate": charts.rate_interval(0.67, (0.35, 0.88), goal=(0.4, 0.5)),
        "sure": charts.difference_interval(0.092, (0.015, 0.166)),
        "unsure": charts.difference_interval(0.121, (-0.024, 0.269)),
        "funnel": charts.funnel(
            [("Invited", 1248), ("Trained", 961), ("Logged in", 902), ("Active last week", 611)]
        ),
        "heat": charts.heat_table(
            [
                ("28 Sep", [212, 159, 142, 108]),
                ("5 Oct", [110, 83, 101]),
                ("12 Oct", [95, 90]),
                ("19 Oct", [4]),
            ]
        ),
    }


def _sustained() -> ShareLine:
    return ShareLine(
        points=[(28, 0.141), (35, 0.19), (42, 0.25), (49, 0.31), (56, 0.384)],
        x_ticks=[(28, "Day 28"), (42, "Day 42"), (60, "Day 60")],
        finding="Sustained adoption rose from 14.1% on day 28 to 38.4% on day 56, of 1,248 reps.",
        goal=(0.40, 0.50),
        typical=(0.15, 0.25),
        forecast=Forecast(60, 0.391, 0.406, 0.422),
        columns=("Day", "Sustained"),
    )


def _runs() -> list[Run]:
    places = ((2, 2, 2, 1), (1, 1, 1, 2), (4, 4, 3, 3), (3, 3, 4, 4))
    return [
        Run(team[0], i + 1, places[i], team[1], is_you=i == 2) for i, team in enumerate(TEAMS[:4])
    ]
