"""Dates of 23 and 25 hours, midnights that do not exist or come twice, weeks of other countries."""

from datetime import UTC, date, datetime, timedelta

import pytest

from adoption import jobs
from adoption.cli import FIGURES, IMPORTS
from core.figures import FigureRequest
from core.intake.runner import run_import
from core.policy import SYSTEM
from tests.factories.people import make_person
from tests.factories.programme import make_programme

NOW = datetime(2027, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KINDS = {kind.name: kind for kind in IMPORTS}


def bring(tmp_path, owner, moments):
    """One event per moment, each by a rep of its own, through the usual door."""
    people = [make_person(enabled_on=date(2026, 1, 1), key=f"P{n}") for n in range(len(moments))]
    path = tmp_path / "usage.csv"
    lines = ["event_id,person_id,kind,occurred_at"]
    lines += [f"e{n},P{n},guided_use,{moment}" for n, moment in enumerate(moments)]
    path.write_text("\n".join(lines) + "\n")
    run_import([path], kinds=KINDS, actor=SYSTEM, now=NOW, programme_id=owner.id)
    jobs.roll_up_usage(NOW)
    return people


def ask(owner, name, **params):
    figure = next(figure for figure in FIGURES if figure.name == name)
    given = {param.name: params.get(param.name) for param in figure.params}
    return dict(
        figure.compute(
            FigureRequest(programme_id=owner.id, params=given, as_of=NOW, as_of_given=False)
        )
    )


@pytest.mark.parametrize(
    ("zone", "moments", "counts"),
    [
        (
            "Africa/Cairo",
            [
                "2026-04-23T21:59:59Z",
                "2026-04-23T22:00:00Z",
                "2026-04-24T20:59:59Z",
                "2026-04-24T21:00:00Z",
            ],
            {"2026-04-23": 1, "2026-04-24": 2, "2026-04-25": 1},
        ),
        (
            "America/Havana",
            [
                "2026-11-01T03:59:59Z",
                "2026-11-01T04:00:00Z",
                "2026-11-01T05:00:00Z",
                "2026-11-02T04:59:59Z",
                "2026-11-02T05:00:00Z",
            ],
            {"2026-10-31": 1, "2026-11-01": 3, "2026-11-02": 1},
        ),
    ],
)
def test_a_date_begins_with_its_first_instant(app, tmp_path, zone, moments, counts):
    owner = make_programme(time_zone=zone)
    bring(tmp_path, owner, moments)
    first, last = (date.fromisoformat(day) for day in (min(counts), max(counts)))
    for day, count in counts.items():
        assert ask(owner, "dau_wau_mau", on=date.fromisoformat(day))["dau"] == count
    periods = ask(owner, "lifecycle", start=first, end=last + DAY, interval="day")["periods"]
    assert {period["period"]: period["new"] for period in periods} == counts
    points = ask(owner, "retention", cohort_start=first, through=last, interval="day")["points"]
    assert [point["at_risk"] for point in points] == [1, 1, 1]
    value = ask(owner, "time_to_first_value", through=last)
    begun = (first - date(2026, 1, 1)).days
    assert [day for day, _share in value["curve"]] == [begun, begun + 1, begun + 2]


def test_a_week_begins_where_the_programme_says(app, tmp_path):
    """Sunday 1 November opens a week in Havana, in the middle of the night that comes twice."""
    owner = make_programme(time_zone="America/Havana", week_start=6)
    bring(tmp_path, owner, ["2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-11-08T04:59:59Z"])
    asked = {"start": date(2026, 10, 25), "end": date(2026, 11, 8), "interval": "week"}
    periods = ask(owner, "lifecycle", **asked)["periods"]
    assert [(period["period"], period["new"]) for period in periods] == [
        ("2026-10-25", 1),
        ("2026-11-01", 2),
    ]
    points = ask(owner, "retention", cohort_start=date(2026, 11, 4), through=date(2026, 11, 14))[
        "points"
    ]
    assert [(point["period"], point["at_risk"]) for point in points] == [(0, 2), (1, 2)]
    assert ask(owner, "weekly_adoption", week=date(2026, 11, 7))["eligible"] == 3


def test_each_rep_may_live_by_their_own_dates(app, tmp_path):
    owner = make_programme(time_zone="America/New_York", tz_mode="user")
    make_person(key="P0", enabled_on=date(2026, 1, 1), time_zone="Pacific/Auckland")
    make_person(key="P1", enabled_on=date(2026, 1, 1))
    path = tmp_path / "usage.csv"
    moment = "2026-03-02T04:30:00Z"
    path.write_text(
        f"event_id,person_id,kind,occurred_at\na,P0,guided_use,{moment}\nb,P1,guided_use,{moment}\n"
    )
    run_import([path], kinds=KINDS, actor=SYSTEM, now=NOW, programme_id=owner.id)
    assert [ask(owner, "dau_wau_mau", on=date(2026, 3, day))["dau"] for day in (1, 2)] == [1, 1]
    asked = {"start": date(2026, 2, 23), "end": date(2026, 3, 9), "interval": "week"}
    periods = ask(owner, "lifecycle", **asked)["periods"]
    assert [period["new"] for period in periods] == [1, 1]


def test_holidays_and_other_working_weeks_shape_the_sums(app, tmp_path):
    """Sunday to Thursday with a holiday: four working days; use on any date is use."""
    owner = make_programme(
        time_zone="Africa/Cairo",
        week_start=6,
        workweek=0b100_1111,
        holidays=["2026-04-20"],
    )
    bring(tmp_path, owner, ["2026-04-19T12:00:00Z", "2026-04-20T12:00:00Z", "2026-04-24T12:00:00Z"])
    window = {"start": date(2026, 4, 19), "end": date(2026, 4, 26)}
    assert ask(owner, "stickiness", **window)["value"] == 1 / 7
    features = ask(owner, "feature_adoption", **window)
    assert (features["population"], features["frequency"]) == (3, 1.0)
