"""What "sustained" meant, and since when: noted whenever it changes."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import delete

from core.db import db, transaction
from core.policy import SYSTEM
from programme import queries
from programme.models import RuleVersion
from programme.rules import SERIES_FIELDS, ProgrammePlan
from programme.services import start_programme

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = START + timedelta(days=90)
VALUES = {"name": "Relay", "launch_on": date(2026, 3, 2), "target_days": 2}


def start(now, **changes):
    with transaction():
        plan = ProgrammePlan("relay", None, VALUES | changes)
        return start_programme(plan, SYSTEM, now).programme_id


def test_a_new_programme_notes_its_first_rule(app):
    owner = start(START)
    [first] = queries.rule_versions(owner)
    assert (first.version, first.since) == (1, START)
    assert set(first.rule) == set(SERIES_FIELDS)
    assert first.rule["target_days"] == 2


def test_a_change_of_the_rule_is_noted_with_its_moment(app):
    owner = start(START)
    start(LATER, target_days=3)
    first, second = queries.rule_versions(owner)
    assert (first.rule["target_days"], second.rule["target_days"]) == (2, 3)
    assert (second.version, second.since) == (2, LATER)


def test_other_changes_start_no_series(app):
    owner = start(START)
    start(LATER, goal_low=0.3)
    assert len(queries.rule_versions(owner)) == 1


def test_a_programme_older_than_these_notes_keeps_what_its_rule_was(app):
    owner = start(START)
    with transaction():
        db.session.execute(delete(RuleVersion))
    start(LATER, target_days=3)
    before, now = queries.rule_versions(owner)
    assert (before.version, before.since, before.rule["target_days"]) == (1, None, 2)
    assert (now.version, now.since) == (2, LATER)
