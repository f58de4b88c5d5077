"""The figures of this room at their doors: the contract's keys, refusals by name, rows and CSV."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

import people.queries
from adoption import jobs
from adoption.cli import FIGURES
from core.db import transaction
from core.policy import Actor
from people.models import Team, TeamMembership
from tests.factories.adoption import make_deal, make_proposal, make_usage
from tests.factories.people import make_absence, make_membership, make_person, make_team
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
TOKEN = {"Authorization": "Bearer reader"}
WINDOW = {"start": "2026-03-02", "end": "2026-03-30"}

# CONTRACT section 5, word by word: parameters of an example, and the value's keys.
CONTRACT = {
    "adoption": (
        {"through": "2026-04-26", "team": "North"},
        {"measurable", "sustained", "rate", "lo", "hi", "states"},
    ),
    "adoption_by_team": ({"through": "2026-04-26"}, {"teams"}),
    "weekly_adoption": ({"week": "2026-03-09", "team": "North"}, {"eligible", "met", "rate"}),
    "day60": (
        {"through": "2026-05-31", "team": "North"},
        {"measurable", "sustained", "rate", "counts"},
    ),
    "dau_wau_mau": ({"on": "2026-03-11", "kinds": "guided_use,login"}, {"dau", "wau", "mau"}),
    "stickiness": ({**WINDOW, "short": "week"}, {"value"}),
    "lifecycle": ({**WINDOW, "interval": "week"}, {"periods"}),
    "retention": (
        {
            "cohort_start": "2026-03-02",
            "through": "2026-04-05",
            "interval": "week",
            "mode": "bracket",
            "brackets": "1-2,3-4",
            "leavers": "keep",
        },
        {"points"},
    ),
    "l28": ({"on": "2026-03-29"}, {"histogram"}),
    "feature_adoption": (WINDOW, {"population", "rate", "breadth", "depth", "frequency"}),
    "time_to_first_value": ({"through": "2026-04-30"}, {"n", "events", "median", "curve"}),
    "logins_growth": (
        {"base": "2026-03-02/2026-03-16", "current": "2026-03-16/2026-03-30"},
        {
            "base",
            "current",
            "growth",
            "base_rep_days",
            "current_rep_days",
            "growth_per_rep_day",
        },
    ),
    "new_user_growth": (
        {"month": "2026-04"},
        {"previous", "current", "growth", "cumulative_growth"},
    ),
    "returning_established": (
        {"month": "2026-04", "established": "ever_before"},
        {"established", "returned", "rate"},
    ),
    "proposals_growth": (
        {"month_a": "2026-03", "month_b": "2026-04"},
        {"base", "current", "growth", "monthly_factor"},
    ),
    "revenue_gap": (
        {**WINDOW, "user_rule": "any"},
        {"users", "non_users", "mean_users", "mean_non_users", "gap", "median_gap"},
    ),
    "proposal_value_gap": (
        WINDOW,
        {"with_tool", "without", "mean_with", "mean_without", "gap", "median_gap"},
    ),
    "streak": ({"person_id": "P1", "through": "2026-03-29"}, {"weeks"}),
}


@pytest.fixture
def world(app, at):
    """Two reps who began in week 0, one of them in the team North, and one who never did."""
    owner = make_programme(slug="csp")
    north = make_team(name="North", members=0)
    one, two = (make_person(key=key, enabled_on=MONDAY) for key in ("P1", "P2"))
    make_person(key="P3", name="=cmd()", enabled_on=MONDAY)
    make_membership(one, north.team)
    make_absence(two, starts_on=MONDAY + 7 * DAY, ends_on=MONDAY + 13 * DAY)
    days = [7 * week + day for week in range(8) for day in (1, 3)]
    make_usage(owner, one, [MONDAY + day * DAY for day in days])
    make_usage(owner, two, [MONDAY + day * DAY for day in (0, 1, 15)], kind="sequence_run")
    make_usage(owner, two, [MONDAY, MONDAY + 20 * DAY], kind="login")
    make_deal(one, stage="won", amount=100, closed_on=MONDAY + 3 * DAY)
    make_proposal(two, created_on=MONDAY, value=50)
    at(NOW)
    jobs.roll_up_usage(NOW)

    def lookup(raw, _now):
        return Actor(None, None, "reader", frozenset({"figures:read"})) if raw == "reader" else None

    app.extensions["pennant"]["token_lookup"] = lookup
    return owner


def get(client, path, **given):
    address = f"/api/v1/programmes/csp/figures/{path}"
    return client.get(address, query_string=given, headers=TOKEN)


def test_the_room_answers_what_the_contract_names():
    assert set(CONTRACT) <= {figure.name for figure in FIGURES}


def test_every_figure_has_the_contracts_keys_and_opens_to_its_rows(world, client):
    for name, (given, keys) in CONTRACT.items():
        answer = get(client, name, **given)
        assert answer.status_code == 200, answer.text
        assert set(answer.json["value"]) == keys, name
        assert answer.json["params"] == given, name
        rows = client.get(answer.json["rows_url"], headers=TOKEN).json["rows"]
        assert rows, name
        assert all({"person_id", "name", "team"} < set(row) for row in rows)
        assert [row["person_id"] for row in rows] == sorted(row["person_id"] for row in rows)
        file = get(client, f"{name}/rows.csv", **given)
        assert file.mimetype == "text/csv"
        lines = list(csv.reader(io.StringIO(file.text.lstrip("\ufeff"))))
        assert lines[0][:3] == ["person_id", "name", "team"]
        assert (set(lines[0]), len(lines)) == (set(rows[0]), len(rows) + 1)


@pytest.fixture
def line(world):
    """A director over a manager who leads P1; somebody else leads P2b."""
    team_id = people.queries.team_on(MONDAY)[people.queries.by_key(["P1"])["P1"]]
    south = make_team(name="South", members=0)
    make_membership(make_person(key="P2b", enabled_on=MONDAY), south.team)
    boss = make_person(role="director", key="BOSS")
    lead = make_person(role="manager", key="LEAD", manager_id=boss.id)
    with transaction() as session:
        make_membership(lead, session.get(Team, team_id), is_lead=True)
    return {"director": boss, "manager": lead, "other": south.lead}


# TRUST, people.metrics_individual: rep own, manager team, director tree, sales ops all, others no.
SEEN = {
    "manager": {"P1": 200, "P2b": 404},
    "other": {"P1": 404, "P2b": 200},
    "director": {"P1": 200, "P2b": 404, "LEAD": 200},
    "sales_ops": {"P1": 200, "P2b": 200, "LEAD": 200},
    "executive": {"P1": 404, "P2b": 404},
    "rep": {"P1": 403, "P2b": 403},
    "admin": {"P1": 403, "P2b": 403},
}


@pytest.mark.parametrize("role", SEEN)
def test_a_streak_is_told_to_those_who_see_the_persons_page(world, line, sign_in_as, role):
    visitor = sign_in_as(line.get(role, role))
    for key, status in SEEN[role].items():
        given = {"person_id": key, "through": "2026-03-29"}
        answer = visitor.get("/api/v1/programmes/csp/figures/streak", query_string=given)
        assert answer.status_code == status, (key, answer.text)
        page = visitor.get("/figures/streak", query_string=given)
        is_there = page.status_code == 200 and f"There is no person {key}" not in page.text
        assert is_there is (status == 200), key
        if status == 404:
            unknown = visitor.get(
                "/api/v1/programmes/csp/figures/streak", query_string={**given, "person_id": "X"}
            )
            assert unknown.text.replace("X", key) == answer.text


def test_an_earlier_line_opens_nobody(world, line, sign_in_as):
    """Who led somebody once does not read them by asking as of then."""
    with transaction() as session:
        row = session.scalars(
            select(TeamMembership).where(TeamMembership.person_id == line["manager"].id)
        ).one()
        row.ends_on = MONDAY + 30 * DAY
    given = {"person_id": "P1", "through": "2026-03-29", "as_of": "2026-03-30T00:00:00Z"}
    answer = sign_in_as(line["manager"]).get(
        "/api/v1/programmes/csp/figures/streak", query_string=given
    )
    assert answer.status_code == 404


def test_the_nested_keys_are_the_contracts(world, client):
    def value(name):
        return get(client, name, **CONTRACT[name][0]).json["value"]

    assert set(value("adoption")["states"]) == {
        "left",
        "not_measurable",
        "sustained",
        "lapsed",
        "trying",
        "not_started",
    }
    teams = value("adoption_by_team")["teams"]
    keys = {"team", "measurable", "sustained", "rate", "lo", "hi", "shrunk"}
    assert [set(team) for team in teams] == [keys, keys]
    assert value("lifecycle")["periods"][:3] == [
        week("2026-03-02", active=2, new=2),
        week("2026-03-09", active=1, returning=1, dormant=1),
        week("2026-03-16", active=2, returning=1, resurrecting=1),
    ]
    assert value("retention")["points"] == [
        {"period": "1-2", "at_risk": 2, "retained": 2, "rate": 1.0},
        {"period": "3-4", "at_risk": 2, "retained": 1, "rate": 0.5},
    ]
    assert value("l28")["histogram"] == {"0": 1, "3": 1, "8": 1}
    features = value("feature_adoption")
    assert features["rate"] == {
        "guided_use": 1 / 3,
        "proposal_created": 0.0,
        "sequence_run": 1 / 3,
    }
    assert (features["population"], features["breadth"], features["depth"]) == (3, 1.0, 5.5)
    assert features["frequency"] == 1.0, "eleven active days in eleven rep-weeks"
    assert value("time_to_first_value") == {
        "n": 3,
        "events": 2,
        "median": 1,
        "curve": [[0, pytest.approx(2 / 3)], [1, pytest.approx(1 / 3)]],
    }


def week(period, **counts):
    phases = ("active", "new", "returning", "resurrecting", "dormant", "departed")
    return {"period": period, **dict.fromkeys(phases, 0), **counts}


def test_months_and_numbers_name_the_periods(world, client):
    asked = {"start": "2026-03-01", "end": "2026-06-01", "interval": "month"}
    periods = get(client, "lifecycle", **asked).json["value"]["periods"]
    assert [period["period"] for period in periods] == ["2026-03", "2026-04", "2026-05"]
    asked = {"cohort_start": "2026-03-20", "through": "2026-04-30", "interval": "month"}
    assert get(client, "retention", **asked).json["value"]["points"] == [
        {"period": 0, "at_risk": 2, "retained": 2, "rate": 1.0},
        {"period": 1, "at_risk": 2, "retained": 1, "rate": 0.5},
    ]


def test_without_a_base_a_rate_is_null(world, client):
    asked = {"cohort_start": "2026-02-02", "through": "2026-02-15", "interval": "week"}
    assert get(client, "retention", **asked).json["value"]["points"] == [
        {"period": number, "at_risk": 0, "retained": 0, "rate": None} for number in (0, 1)
    ]
    before = {"start": "2026-02-02", "end": "2026-02-09"}
    assert get(client, "feature_adoption", **before).json["value"] == {
        "population": 0,
        "rate": {"guided_use": None, "proposal_created": None, "sequence_run": None},
        "breadth": None,
        "depth": None,
        "frequency": None,
    }
    assert get(client, "stickiness", **before).json["value"] == {"value": None}
    assert get(client, "time_to_first_value", through="2026-03-01").json["value"] == {
        "n": 0,
        "events": 0,
        "median": None,
        "curve": [],
    }


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("lifecycle", {"start": "2026-03-30", "end": "2026-03-02"}, "end"),
        ("stickiness", {"start": "2026-03-02", "end": "2026-03-02"}, "end"),
        ("feature_adoption", {"start": "2026-03-02", "end": "2026-03-02"}, "end"),
        ("lifecycle", {**WINDOW, "interval": "year"}, "interval"),
        ("retention", {"through": "2026-03-30"}, "cohort_start"),
        ("retention", {"mode": "sometimes"}, "mode"),
        ("retention", {"mode": "bracket"}, "brackets"),
        ("retention", {"brackets": "1-2"}, "brackets"),
        ("retention", {"mode": "bracket", "brackets": "2-1"}, "brackets"),
        ("retention", {"mode": "bracket", "brackets": "1-2,x"}, "brackets"),
        ("retention", {"leavers": "some"}, "leavers"),
        ("l28", {}, "on"),
    ],
)
def test_a_wrong_question_is_refused_by_name(world, client, name, given, field):
    if name == "retention" and field != "cohort_start":
        given = {"cohort_start": "2026-03-02", "through": "2026-03-30", **given}
    answer = get(client, name, **given)
    assert answer.status_code == 422, answer.text
    assert field in answer.text


@pytest.mark.sqlite_only
def test_other_kinds_may_be_counted(world, client):
    logins = {"kinds": "login"}
    assert get(client, "l28", on="2026-03-29", **logins).json["value"]["histogram"] == {
        "0": 2,
        "2": 1,
    }
    asked = {"cohort_start": "2026-03-02", "through": "2026-03-22", "mode": "on", **logins}
    points = get(client, "retention", **asked).json["value"]["points"]
    assert [point["retained"] for point in points] == [1, 0, 1]
    weeks = get(client, "lifecycle", interval="week", **WINDOW, **logins).json["value"]["periods"]
    assert [week["active"] for week in weeks] == [1, 0, 1, 0]
    assert get(client, "stickiness", **WINDOW, **logins).json["value"]["value"] == 1 / 20


@pytest.mark.sqlite_only
def test_rows_are_for_those_who_see_everybody(world, client, sign_in_as):
    path = "/api/v1/programmes/csp/figures/l28/rows"
    for road in (path, f"{path}.csv"):
        asked = {"on": "2026-03-29"}
        assert client.get(road, query_string=asked).status_code == 401
        for role, status in (("sales_ops", 200), ("manager", 404), ("rep", 404)):
            answer = sign_in_as(role).get(road, query_string=asked)
            assert answer.status_code == status, (role, answer.status_code)


@pytest.mark.sqlite_only
def test_a_name_that_looks_like_a_formula_stays_a_text(world, client):
    file = get(client, "l28/rows.csv", on="2026-03-29")
    assert "'=cmd()" in file.text


@pytest.mark.sqlite_only
def test_the_command_line_answers_the_same(world, app, client):
    for name, (given, _keys) in CONTRACT.items():
        pairs = [part for key, value in given.items() for part in ("-p", f"{key}={value}")]
        done = app.test_cli_runner().invoke(
            args=["figures", name, "--programme", "csp", "--json", *pairs]
        )
        assert done.exit_code == 0, done.output
        said = json.loads(done.stdout)
        assert said["value"] == get(client, name, **given).json["value"]
