"""The figures at the command line and the machine door, and who may read whose."""

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from coaching.cli import FIGURES
from coaching.queries import figures as queries
from core.db import transaction
from core.policy import SYSTEM
from people.services import create_token
from tests.factories.adoption import make_deal, make_event, make_signal
from tests.factories.people import make_membership, make_person, make_team
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NOW = datetime(2026, 3, 30, 15, tzinfo=UTC)
KEYS = {
    "due_behaviour_coverage": {"on_time", "denominator", "rate", "counts"},
    "missed_moments": {"rows"},
    "coaching_pick": {"picks"},
    "leak": {"recovered", "still_leaking", "net", "roi", "break_even", "payback_months"},
    "team_gap": {"value"},
}
ASKED = {
    "due_behaviour_coverage": {"start": "2026-03-02", "end": "2026-03-30", "through": "2026-03-29"},
    "missed_moments": {"through": "2026-03-29", "week_end": "2026-03-22"},
    "coaching_pick": {"week_end": "2026-03-29"},
    "leak": {"adoption": "0.25"},
    "team_gap": {"a": "0.25", "b": "0.8"},
}


@pytest.fixture
def world(app, at):
    """Marcus leads five reps who ran it on 5 of 20 stalled deals, Priya five on 16 of 20."""
    at(NOW)
    owner = make_programme(slug="csp", leak_per_year=300000, build_cost=60000, weekly_decay=0.2)
    teams = {}
    for name, done in (("Marcus", 5), ("Priya", 16)):
        team = teams[name] = make_team(members=5, name=f"Team {name}")
        for number in range(20):
            rep = team.members[number % 5]
            deal = make_deal(rep, deal_key=f"{name}-{number:02d}", amount=30000)
            fired = datetime(2026, 3, 4 + number % 4, 13, tzinfo=UTC)
            make_signal(rep, deal, fired, signal_key=f"S-{name}-{number:02d}")
            if number < done:
                make_event(
                    owner,
                    rep,
                    fired + timedelta(hours=3),
                    kind="sequence_run",
                    object_id=deal.deal_key,
                )
    return teams


def flask_figures(app, name, **given):
    pairs = [part for key, value in given.items() for part in ("-p", f"{key}={value}")]
    done = app.test_cli_runner().invoke(
        args=["figures", name, "--programme", "csp", "--json", *pairs]
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_command_line_says_what_the_contract_says(app, world):
    for name, given in ASKED.items():
        answer = flask_figures(app, name, **given)
        assert set(answer["value"]) == KEYS[name]
        assert answer["params"] == {key: pytest.approx(_read(text)) for key, text in given.items()}
    for team, rate in (("Team Marcus", 0.25), ("Team Priya", 0.8)):
        value = flask_figures(
            app, "due_behaviour_coverage", team=team, **ASKED["due_behaviour_coverage"]
        )["value"]
        assert (value["denominator"], value["rate"]) == (20, rate)
    assert flask_figures(app, "leak")["value"]["recovered"] == 300000 * 21 / 40
    assert flask_figures(app, "team_gap", **ASKED["team_gap"])["value"]["value"] == 165000


def _read(text):
    try:
        return float(text)
    except ValueError:
        return text


def test_figures_are_declared_once_with_the_contract_s_names():
    assert [figure.name for figure in FIGURES] == list(KEYS)


@pytest.fixture
def token(app):
    with transaction():
        return create_token("reader", ("figures:read",), days=400, actor=SYSTEM, now=NOW)


def read(client, name, token=None, **given):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"/api/v1/programmes/csp/figures/{name}"
    return client.get(address, query_string=given, headers=headers)


def test_a_machine_reads_every_figure_and_opens_it_to_its_rows(world, client, token):
    for name, given in ASKED.items():
        answer = read(client, name, token, **given)
        assert answer.status_code == 200, answer.text
        assert set(answer.json["value"]) == KEYS[name]
        assert (answer.json["rows_url"] is None) == (name == "team_gap")
    rows = read(client, "due_behaviour_coverage/rows", token, **ASKED["due_behaviour_coverage"])
    assert len(rows.json["rows"]) == 40
    assert {key for row in rows.json["rows"] for key in row} == {
        "signal_id", "deal_id", "person_id", "team", "fired_day", "signals", "due",
        "action_day", "closed_day", "dismissed_day", "status",
    }  # fmt: skip
    moments = read(client, "missed_moments", token, through="2026-03-29").json["value"]["rows"]
    assert len(moments) == 19
    assert set(moments[0]) == {
        "signal_id", "deal_id", "person_id", "team", "fired_day", "due", "action_day",
        "status", "delay_days", "amount", "cost",
    }  # fmt: skip
    picks = read(client, "coaching_pick", token, week_end="2026-03-29").json["value"]["picks"]
    assert [set(pick) for pick in picks] == [
        {"person_id", "signal_id", "deal_id", "status", "delay_days", "cost"}
    ] * len(picks)
    assert len({pick["person_id"] for pick in picks}) == len(picks) == 9


@pytest.mark.sqlite_only
@pytest.mark.parametrize("wrong", [{"adoption": "25"}, {"adoption": "x"}, {"share": "0.2"}])
def test_a_wrong_question_is_refused_by_name(world, client, token, wrong):
    answer = read(client, "leak", token, **wrong)
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.text


@pytest.mark.sqlite_only
def test_missed_moments_are_for_those_who_see_everybody(world, sign_in_as):
    for name in ("missed_moments", "coaching_pick"):
        assert read(sign_in_as("sales_ops"), name, **ASKED[name]).status_code == 200
        for role in ("rep", "manager", "director", "executive", "admin"):
            assert read(sign_in_as(role), name, **ASKED[name]).status_code == 403, (name, role)


@pytest.mark.sqlite_only
def test_a_team_s_coverage_is_for_its_line(world, sign_in_as):
    marcus, director = world["Marcus"], make_person(role="director")
    boss = make_person(role="manager", manager=director)
    small = make_team(members=2, name="Small", lead=boss)
    make_membership(make_person(), small.team)
    span = ASKED["due_behaviour_coverage"]

    def code(who, team=None):
        given = {**span, "team": team} if team else span
        return read(sign_in_as(who), "due_behaviour_coverage", **given).status_code

    assert [code(marcus.lead, team) for team in ("Team Marcus", "Team Priya", None)] == [
        200,
        404,
        200,
    ]
    assert [code(director, team) for team in ("Small", "Team Priya")] == [200, 404]
    assert [code("executive", team) for team in ("Team Priya", "Small")] == [200, 404]
    assert [code("sales_ops", team) for team in ("Small", "Team Marcus", "None such")] == [
        200,
        200,
        404,
    ]
    page = sign_in_as(marcus.lead).get(
        "/figures/due_behaviour_coverage", query_string={**span, "team": "Team Priya"}
    )
    assert "There is no team Team Priya." in page.get_data(as_text=True)
    assert code(marcus.members[0], "Team Marcus") == 403
    assert code("admin", "Team Marcus") == 403


def panel(client):
    page = client.get("/adoption").get_data(as_text=True)
    _head, _, rest = page.partition("Of the moments when it was due")
    return rest.partition("</section>")[0]


@pytest.fixture
def judged(world):
    """The adoption page opens once a week has been judged."""
    from adoption import jobs

    jobs.judge(NOW)
    jobs.draw(NOW)
    return world


@pytest.mark.sqlite_only
def test_the_adoption_page_says_how_often_it_was_done_when_due(judged, sign_in_as):
    marcus = judged["Marcus"]
    own = panel(sign_in_as(marcus.lead))
    assert "The people you lead, signals of" in own
    assert ">5<small> of 20</small>" in own
    assert "stalled deals got a sequence run within 2 working days" in own
    assert "That is 25%." in own
    assert "anything from 11% to 47%" in own
    everybody = panel(sign_in_as("executive"))
    assert ">21<small> of 40</small>" in everybody
    assert "All reps" in everybody
    rep = panel(sign_in_as(marcus.members[0]))
    assert ">1<small> of 4</small>" in rep
    assert "Your own" in rep
    assert "%" not in rep
    assert panel(sign_in_as("manager")) == ""


@pytest.mark.sqlite_only
def test_a_large_programme_s_number_has_a_page_of_its_own(judged, sign_in_as, monkeypatch):
    monkeypatch.setattr(queries, "MOST_ON_A_PAGE", 39)
    boss = sign_in_as("executive")
    shown = panel(boss)
    assert "<b" not in shown
    address = re.search(r'href="(/figures/[^"]+)"', shown)[1].replace("&amp;", "&")
    assert address.endswith("?start=2026-03-02&end=2026-03-30&through=2026-03-29")
    assert "0.525" in boss.get(address).get_data(as_text=True)
    assert ">5<small> of 20</small>" in panel(sign_in_as(judged["Marcus"].lead))


@pytest.mark.sqlite_only
def test_without_signals_the_page_says_what_to_import(app, at, sign_in_as):
    from adoption import jobs

    at(NOW)
    owner, rep = make_programme(), make_person()
    make_event(owner, rep, NOW - timedelta(days=20))
    jobs.judge(NOW)
    jobs.draw(NOW)
    assert "Import signals on stalled deals (signal_id, deal_id" in panel(sign_in_as("sales_ops"))
    make_signal(rep, "D-1", NOW - timedelta(days=100))
    quiet = panel(sign_in_as("sales_ops"))
    assert "Nothing fell due in these four weeks" in quiet
    assert "None fired here." in quiet
    make_signal(rep, "D-2", NOW - timedelta(days=2))
    assert "1 not due yet." in panel(sign_in_as("sales_ops"))
