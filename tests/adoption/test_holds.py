"""Events held for review: since when, until when, across corrections, and as it was known then."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from adoption.models import EventHold, UsageEvent
from adoption.queries import checks, events_for_contest, holds
from adoption.services import Use, hold_events, record_use, release_events
from core.db import db, transaction
from core.errors import NotFound
from tests.factories.adoption import make_event
from tests.factories.people import make_person, writing
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
TEN = datetime(2026, 3, 3, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = TEN + timedelta(days=5)


@pytest.fixture
def world(app):
    programme, rep = make_programme(), make_person()
    rows = [make_event(programme, rep, TEN + n * HOUR, event_id=f"e{n}") for n in range(3)]
    return programme, rep, rows


def held_ids(programme, as_of=None):
    found = events_for_contest(
        programme.id, ["guided_use"], MONDAY, MONDAY + timedelta(days=14), LATER, None, as_of
    )
    assert len(found) == 3
    return sorted(each.event_id for each in found if each.held)


def test_a_hold_lasts_from_its_instant_to_its_release(world):
    programme, rep, _ = world
    held_at, freed_at = TEN + 5 * HOUR, TEN + 9 * HOUR
    keys = {("test", "e0"), ("test", "e2")}
    with transaction():
        assert hold_events(programme.id, keys, now=held_at) == 2
    assert held_ids(programme) == ["e0", "e2"]
    with transaction():
        assert release_events(programme.id, {("test", "e0")}, now=freed_at) == 1
    assert held_ids(programme) == ["e2"]
    assert held_ids(programme, held_at - timedelta(seconds=1)) == []
    assert held_ids(programme, held_at) == ["e0", "e2"]
    assert held_ids(programme, freed_at - timedelta(seconds=1)) == ["e0", "e2"]
    assert held_ids(programme, freed_at) == ["e2"]
    assert holds.people_held_since(programme.id, freed_at) == frozenset()
    assert holds.people_held_since(programme.id, held_at) == {rep.id}


def test_holding_twice_is_holding_once_and_again_after_a_release_is_another_hold(world):
    programme, _, _ = world
    key = {("test", "e1")}
    with transaction():
        hold_events(programme.id, key, now=TEN + 4 * HOUR)
        assert hold_events(programme.id, key, now=TEN + 5 * HOUR) == 0
        assert release_events(programme.id, key, now=TEN + 6 * HOUR) == 1
        assert release_events(programme.id, key, now=TEN + 7 * HOUR) == 0
        assert hold_events(programme.id, key, now=TEN + 8 * HOUR) == 1
    spans = db.session.execute(
        select(EventHold.held_at, EventHold.released_at).order_by(EventHold.id)
    ).all()
    assert [tuple(span) for span in spans] == [
        (TEN + 4 * HOUR, TEN + 6 * HOUR),
        (TEN + 8 * HOUR, None),
    ]


def test_an_event_that_does_not_exist_cannot_be_held(world):
    programme, _, _ = world
    with pytest.raises(NotFound), transaction():
        hold_events(programme.id, {("test", "e0"), ("test", "no-such")}, now=LATER)
    assert held_ids(programme) == []


def test_a_correction_does_not_slip_out_of_a_hold(world):
    programme, rep, _ = world
    with transaction():
        hold_events(programme.id, {("test", "e1")}, now=TEN + 4 * HOUR)
    corrected = Use(
        source="test",
        event_id="e1",
        person=rep.key,
        kind="guided_use",
        occurred_at=TEN + HOUR,
        received_at=TEN + 6 * HOUR,
        object_id="another deal",
    )
    with transaction():
        assert record_use(programme.id, corrected)
    winner = db.session.scalars(
        select(UsageEvent).where(UsageEvent.event_id == "e1", UsageEvent.superseded_at.is_(None))
    ).one()
    assert (winner.version, winner.object_id) == (2, "another deal")
    assert held_ids(programme) == ["e1"]
    assert checks.verify(programme.id) == []


def test_a_mark_without_its_hold_is_found(world):
    programme, _, rows = world
    assert holds.wrongly_marked(programme.id) is None
    with writing():
        db.session.get(UsageEvent, rows[2].id).held_at = TEN
    assert holds.wrongly_marked(programme.id) == rows[2].id
    with writing():
        db.session.get(UsageEvent, rows[2].id).held_at = None
        hold_events(programme.id, {("test", "e0")}, now=TEN)
        db.session.get(UsageEvent, rows[0].id).held_at = None
    assert holds.wrongly_marked(programme.id) == rows[0].id
