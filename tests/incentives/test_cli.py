"""The playbook's contests and the terminal (CONTRACT 2, 4, 6)."""

import json
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from core.db import db, transaction
from core.errors import Conflict, Invalid, NotAllowed
from core.playbook import Apply, Node, PlaybookError
from core.policy import SYSTEM
from incentives import cli, queries
from incentives.forms import contests_part
from leaderboard.rules.scoring import Unique
from leaderboard.rules.standing import Mode
from tests.factories.adoption import make_usage
from tests.factories.incentives import BEFORE, MONDAY, make_scheduled
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme

RULE = {"kind": "guided_use", "points": 10, "daily_cap": 3, "decay": 0.9, "unique": "object_day"}
ENTRY = {
    "slug": "spring",
    "title": "Spring race",
    "unit": "team",
    "teams": "all",
    "start": date(2026, 3, 2),
    "end": date(2026, 3, 15),
    "mode": "participation",
    "rules": [RULE],
    "target_days": 2,
    "min_team_size": 3,
    "baseline_days": 28,
    "freeze_hours": 24,
    "goal": 0.6,
    "prizes": [
        {"place": 1, "title": "Team dinner", "cost": 50000, "reserve_score": 0.4},
        {"place": "goal", "title": "Cake"},
    ],
}


def node(value, line=1, path="contests"):
    if isinstance(value, list):
        value = [node(item, line + n, f"{path}[{n}]") for n, item in enumerate(value)]
    elif isinstance(value, dict):
        value = {key: node(item, line, f"{path}.{key}") for key, item in value.items()}
    return Node(value, line, path, Path())


def entries(*changes):
    return contests_part(node([{**ENTRY, **change} for change in changes or ({},)]))


def test_a_contest_of_the_playbook_is_read_exactly():
    [entry] = entries()
    assert entry.rules[0].decay == Fraction(9, 10)
    assert entry.rules[0].unique is Unique.OBJECT_DAY
    assert entry.goal == Fraction(3, 5)
    assert entry.mode is Mode.PARTICIPATION
    assert entry.teams is None
    assert [(p.place, p.cost_minor, p.reserve_score) for p in entry.prizes] == [
        (1, 50000, Fraction(2, 5)),
        (None, 0, None),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "region"},
        {"mode": "luck"},
        {"end": date(2026, 3, 1)},
        {"rules": []},
        {"rules": [RULE, RULE]},
        {"rules": [{**RULE, "unique": "deal"}]},
        {"rules": [{**RULE, "points": -1}]},
        {"rules": [{**RULE, "colour": "red"}]},
        {"prizes": [{"place": 0, "title": "x"}]},
        {"prizes": [{"place": "last", "title": "x"}]},
        {"goal": None},
        {"goal": 1.5},
        {"goal": float("nan")},
        {"slug": "Spring Race"},
        {"surprise": 1},
        {"teams": []},
        {"title": ""},
    ],
)
def test_what_a_playbook_may_not_say(change):
    with pytest.raises(PlaybookError):
        entries(change)


def test_two_contests_cannot_share_a_slug():
    with pytest.raises(PlaybookError):
        entries({}, {})


@pytest.fixture
def world(app):
    programme = make_programme()
    teams = [make_team(4, name="Harbour"), make_team(4, name="Ridge")]
    for rep in teams[0].members:
        make_usage(programme, rep, [MONDAY + timedelta(days=n) for n in (0, 1, 7, 8)])
    return programme, teams


def apply(programme, *changes, approve_as=None, now=BEFORE):
    part = next(each for each in cli.PLAYBOOK_PARTS if each.key == "contests")
    with transaction():
        return part.apply(Apply(programme.id, SYSTEM, now, approve_as), entries(*changes))


def test_without_approval_contests_stay_drafts_and_count_all_the_same(world):
    programme, _ = world
    assert apply(programme) == ["contest spring: created"]
    assert apply(programme) == []
    assert apply(programme, {"title": "Spring!"}) == ["contest spring: changed"]
    assert queries.contest_by_slug("spring").state == "draft"


def test_approved_as_a_sales_ops_person(world):
    programme, _ = world
    ops = make_person(role="sales_ops", enabled_on=None)
    said = apply(programme, approve_as=ops.id)
    assert said == ["contest spring: created", "contest spring: approved"]
    assert apply(programme, approve_as=ops.id) == []
    contest = queries.contest_by_slug("spring")
    assert (contest.state, contest.approver_id, contest.author_id) == ("scheduled", ops.id, None)
    with pytest.raises(Conflict):
        apply(programme, {"title": "Too late"})


def test_a_rep_cannot_be_the_one_who_approves(world):
    programme, teams = world
    with pytest.raises(NotAllowed):
        apply(programme, approve_as=teams[0].members[0].id)


def test_teams_by_name_and_names_nobody_knows(world):
    programme, teams = world
    apply(programme, {"teams": ["Ridge", "Harbour"]})
    assert queries.contest_by_slug("spring").terms["teams"] == sorted(t.id for t in teams)
    with pytest.raises(Invalid):
        apply(programme, {"teams": ["Nowhere"]})


def test_a_contest_of_the_past_can_be_approved_and_run_from_its_start(world):
    programme, _ = world
    ops = make_person(role="sales_ops", enabled_on=None)
    apply(programme, approve_as=ops.id, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert queries.contest_by_slug("spring").state == "scheduled"


def invoke(app, *args):
    result = app.test_cli_runner().invoke(args=["contests", *args])
    db.session.rollback()
    return result


def test_standings_as_the_contract_words_them_even_before_any_job_ran(app, world):
    programme, _ = world
    apply(programme)
    asked = "2026-03-20T00:00:00Z"
    result = invoke(app, "standings", "spring", "--as-of", asked, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found) == {
        *("contest", "title", "state", "mode", "unit", "start", "end", "time_zone"),
        *("rules_hash", "frozen", "provisional", "as_of", "rows", "me"),
    }
    assert (found["start"], found["end"], found["as_of"]) == ("2026-03-02", "2026-03-15", asked)
    assert found["me"] is None
    # Every event lacks an object, so none counts: the rule asks for one.
    assert found["rows"][0] == {
        "unit": "Harbour",
        "rank": 1,
        "score": 0,
        "points": 0,
        "headcount": 4,
        "roster": 4,
        "participants": 0,
        "ranked": True,
        "reason": None,
    }
    early = invoke(app, "standings", "spring", "--as-of", "2026-03-01T00:00:00Z", "--json")
    assert {row["points"] for row in json.loads(early.stdout)["rows"]} == {0}


def test_standings_now_without_a_refresh_are_worked_out(app, world):
    programme, _ = world
    apply(programme, {"rules": [{"kind": "guided_use", "points": 10}]})
    rows = json.loads(invoke(app, "standings", "spring", "--json").stdout)["rows"]
    assert [(row["unit"], row["rank"], row["score"], row["points"]) for row in rows] == [
        ("Harbour", 1, 1, 160),
        ("Ridge", 2, 0, 0),
    ]
    assert "Harbour" in invoke(app, "standings", "spring").stdout


def test_explain_lists_every_event_with_its_reason(app, world):
    programme, _ = world
    apply(programme)
    found = json.loads(invoke(app, "explain", "spring", "Harbour", "--json").stdout)
    entries_ = [entry for person in found["people"] for entry in person["entries"]]
    assert len(entries_) == 16
    assert {entry["reason"] for entry in entries_} == {"no_object"}
    assert "no_object" in invoke(app, "explain", "spring", "Harbour").stdout
    assert invoke(app, "explain", "spring", "Nowhere").exit_code == 2


def test_steps_by_hand_need_the_right(app, world):
    programme, teams = world
    ops = make_person(role="sales_ops", enabled_on=None, key="OPS")
    contest = make_scheduled(programme, slug="race")
    at = ["--as-of", "2026-03-02T12:00:00Z"]
    rep = invoke(app, "advance", "race", "--to", "running", *at, "--by", teams[0].members[0].key)
    assert (rep.exit_code, rep.stdout) == (2, "")
    assert invoke(app, "advance", "race", "--to", "running", *at, "--by", "OPS").exit_code == 0
    assert invoke(app, "advance", "race", "--to", "running", *at, "--by", "OPS").exit_code == 0
    assert invoke(app, "advance", "race", "--to", "final", *at, "--by", "OPS").exit_code == 2
    assert invoke(app, "advance", "race", "--to", "moon", *at, "--by", "OPS").exit_code == 2
    assert invoke(app, "advance", "race", "--to", "running", *at, "--by", "X").exit_code == 2
    assert invoke(app, "standings", "nowhere").exit_code == 2
    assert "running" in invoke(app, "list").stdout
    db.session.refresh(contest)
    assert contest.state == "running"
    assert ops.role == "sales_ops"
