"""Real data: 8,800 deals of a CRM come in as they are; six teams race over a quarter of them."""

import json
import os
from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from adoption.models import Deal, UsageEvent
from core import audit, ledger
from core.db import db
from core.outbox import OutboxLetter
from incentives.models import Award, Contest
from people.models import Person, Team
from tests.factories.people import make_person

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("PENNANT_TEST_MAVEN", ROOT.parent / "shared" / "data" / "maven-crm"))
PLAYBOOK = str(ROOT / "playbooks" / "maven-crm.yaml")

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not (FOLDER / "sales_pipeline.csv").is_file(),
        reason="the public CRM set is not here: point PENNANT_TEST_MAVEN at its folder",
    ),
]


def flask(app: Flask, *arguments: str) -> Result:
    result = app.test_cli_runner().invoke(args=list(arguments))
    db.session.rollback()
    return result


def import_folder(app: Flask) -> dict[str, dict[str, int]]:
    result = flask(
        app, "import", str(FOLDER), "--preset", "maven-crm", "--programme", "maven-crm", "--json"
    )
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    return {file["kind"]: file for file in summary["files"]}


def counted(file: dict[str, int]) -> int:
    return sum(file[part] for part in ("added", "changed", "unchanged", "refused", "set_aside"))


def test_every_row_is_accounted_for_and_a_second_time_changes_nothing(app: Flask) -> None:
    assert flask(app, "programme", "apply", PLAYBOOK).exit_code == 0
    files = import_folder(app)
    assert {kind: file["rows"] for kind, file in files.items()} == {
        "people": 41,
        "memberships": 41,
        "deals": 8800,
        "usage": 8300 + 6711,
    }
    assert all(file["rows"] == counted(file) == file["added"] for file in files.values())
    assert db.session.scalar(select(func.count()).select_from(Deal)) == 8800
    assert db.session.scalar(select(func.count()).select_from(Team)) == 6
    stages = Counter(db.session.scalars(select(Deal.stage)))
    assert stages == {"won": 4238, "lost": 2473, "open": 2089}
    kinds = Counter(db.session.scalars(select(UsageEvent.kind)))
    assert kinds == {"deal_engaged": 8300, "deal_won": 4238, "deal_lost": 2473}
    won = db.session.scalar(select(func.sum(Deal.amount)).where(Deal.stage == "won"))
    assert won == 10005534
    again = import_folder(app)
    assert all(file["rows"] == file["unchanged"] for file in again.values())


def test_oddities_are_named_row_by_row_and_come_in_as_they_stand(app: Flask) -> None:
    flask(app, "programme", "apply", PLAYBOOK)
    problems = import_folder(app)["deals"]["problems"]
    found = Counter((problem["field"], problem["code"]) for problem in problems)
    assert found[("product", "unknown_product")] == 1480
    assert found[("account", "missing")] == 1425
    assert {problem["value"] for problem in problems if problem["field"] == "product"} == {"GTXPro"}
    first = next(problem for problem in problems if problem["field"] == "product")
    assert first["row"] == 3
    deal = db.session.scalars(select(Deal).where(Deal.deal_key == "Z063OYW0")).one()
    assert (deal.product, deal.account, deal.amount) == ("GTXPro", "Isdom", 4514)


def test_six_teams_race_from_launch_to_awards(app: Flask) -> None:
    ops = make_person(role="sales_ops", key="OPS1")
    flask(app, "programme", "apply", PLAYBOOK)
    import_folder(app)
    applied = flask(app, "programme", "apply", PLAYBOOK, "--approve-as", ops.key)
    assert applied.exit_code == 0, applied.output
    span = ("--from", "2017-03-20T00:00:00Z", "--until", "2017-07-10T00:00:00Z")
    ran = flask(app, "jobs", "catch-up", *span)
    assert ran.exit_code == 0, ran.output
    contest = db.session.scalars(select(Contest)).one()
    assert contest.state == "final"
    shown = flask(app, "contests", "standings", "q2-2017", "--json")
    rows = json.loads(shown.stdout)["rows"]
    assert len(rows) == 6
    assert {row["roster"] for row in rows if row["ranked"]} <= {5, 6}
    for row in rows:
        assert Fraction(row["score"]).limit_denominator(10) == Fraction(
            row["participants"], row["roster"]
        )
    awards = db.session.scalars(select(Award)).all()
    assert awards
    letters = Counter(db.session.scalars(select(OutboxLetter.dedupe_key)))
    assert set(letters.values()) == {1}
    assert ledger.verify() == []
    assert audit.verify() is None
    before = (len(awards), len(letters))
    flask(app, "jobs", "catch-up", *span)
    after = (
        db.session.scalar(select(func.count()).select_from(Award)),
        db.session.scalar(select(func.count()).select_from(OutboxLetter)),
    )
    assert after == before


def test_the_reps_are_the_sets_agents_under_their_managers(app: Flask) -> None:
    flask(app, "programme", "apply", PLAYBOOK)
    import_folder(app)
    people = {person.key: person for person in db.session.scalars(select(Person))}
    agent, manager = people["mei-mei-johns"], people["melvin-marxen"]
    assert (agent.role, agent.channel, agent.manager_id) == ("rep", "Central", manager.id)
    assert manager.role == "manager"
    roles = Counter(person.role for person in people.values())
    assert roles == {"rep": 35, "manager": 6}
    first = datetime(2016, 10, 20, tzinfo=UTC).date()
    assert {person.enabled_on for person in people.values() if person.role == "rep"} == {first}
