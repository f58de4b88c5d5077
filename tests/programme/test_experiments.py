"""Experiments: what was drawn is kept once, and one name means one comparison."""

from datetime import UTC, date, datetime
from importlib.util import module_from_spec, spec_from_file_location

import pytest
from sqlalchemy import text

from core.db import db, transaction
from core.errors import Conflict
from core.policy import SYSTEM
from programme.queries import experiments
from programme.services import Draw, record_draw, record_holdout
from tests.conftest import ROOT
from tests.factories.comms import make_campaign
from tests.factories.people import make_team
from tests.factories.programme import make_programme

pytestmark = pytest.mark.usefixtures("app")
NOW = datetime(2026, 5, 1, tzinfo=UTC)
START, END = date(2026, 5, 11), date(2026, 5, 22)


def test_a_draw_of_teams_is_kept_once() -> None:
    owner, other = make_programme(), make_programme()
    early, late = make_team(members=0), make_team(members=0)
    draw = Draw("spring", START, END, {late.id: "late", early.id: "early"})
    with transaction():
        record_draw(owner.id, draw, SYSTEM, NOW)
    (row,) = experiments(owner.id)
    assert (row.slug, row.unit, row.starts_on, row.ends_on) == ("spring", "team", START, END)
    assert row.holdout_percent is None
    assert row.arms == {early.id: "early", late.id: "late"}
    with pytest.raises(Conflict), transaction():
        record_draw(owner.id, draw, SYSTEM, NOW)
    with pytest.raises(Conflict), transaction():
        record_holdout(owner.id, "spring", 10, START, None)
    assert experiments(other.id) == ()


def test_campaigns_from_before_are_noted_by_the_schema_step() -> None:
    owner = make_programme()
    make_campaign(owner, slug="open", holdout_percent=10, starts_on=START)
    make_campaign(owner, slug="all", holdout_percent=0, starts_on=START)
    make_campaign(
        owner, slug="ended", holdout_percent=20, starts_on=START, ends_on=date(2026, 6, 30)
    )
    make_campaign(
        owner,
        slug="stopped",
        holdout_percent=30,
        starts_on=START,
        stopped_at=datetime(2026, 5, 20, 15, tzinfo=UTC),
    )
    make_campaign(owner, slug="never", holdout_percent=30, starts_on=START, stopped_at=NOW)
    path = ROOT / "migrations" / "versions" / "0006_campaigns_are_experiments.py"
    spec = spec_from_file_location("step", path)
    step = module_from_spec(spec)
    spec.loader.exec_module(step)
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    db.session.execute(text("DELETE FROM experiment"))
    with Operations.context(MigrationContext.configure(db.session.connection())):
        step.upgrade()
    db.session.commit()
    assert [(row.slug, row.ends_on, row.holdout_percent) for row in experiments(owner.id)] == [
        ("ended", date(2026, 6, 30), 20),
        ("open", None, 10),
        ("stopped", date(2026, 5, 20), 30),
    ]
