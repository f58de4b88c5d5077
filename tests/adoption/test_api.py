import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from adoption.jobs import forget
from adoption.models import IngestBatch, UsageEvent, UsageRequest
from core.db import db
from core.intake.models import ImportRun, IntakeSetAside
from core.policy import Actor
from tests.factories.people import make_person
from tests.factories.programme import make_programme

TOKEN = {"Authorization": "Bearer token-for-tests"}
START = datetime(2026, 3, 2, 16, tzinfo=UTC)


@pytest.fixture
def door(app, client, at):
    """Post events as a machine with a token; the world has one programme and one rep."""
    make_programme(slug="csp")
    person = make_person(key="P1")

    def lookup(raw, _now):
        scopes = frozenset({"usage:write"}) if raw == "token-for-tests" else frozenset()
        return Actor(None, None, "crm feed", scopes) if scopes else None

    app.extensions["pennant"]["token_lookup"] = lookup

    def post(events, *, when=START, headers=TOKEN, **more):
        at(when)
        if isinstance(events, list):
            return client.post("/api/v1/usage", json={"events": events}, headers=headers)
        return client.post("/api/v1/usage", data=events, headers={**headers, **more})

    post.person = person
    return post


def event(**more):
    row = {"event_id": "e1", "person_id": "P1", "kind": "guided_use"}
    return {**row, "occurred_at": "2026-03-02T15:00:00Z", **more}


def stored():
    return db.session.scalar(select(func.count()).select_from(UsageEvent))


def test_good_events_are_stored_and_bad_ones_named(door):
    answer = door(
        [
            event(value=2.5, voided=False),
            event(event_id="e2", kind=7, colour="red"),
            event(event_id="e3", occurred_at="2026-03-02T15:00:00"),
            event(event_id="e4", object_id={"a": 1}),
            "nonsense",
            event(event_id="e5", person_id="stranger"),
            event(event_id="e6", occurred_at="2026-03-02T16:06:00Z"),
        ]
    )
    assert answer.status_code == 200
    found = answer.get_json()
    assert {name: found[name] for name in ("rows", "added", "refused", "set_aside")} == {
        "rows": 7,
        "added": 3,
        "refused": 3,
        "set_aside": 1,
    }
    assert [(problem["row"], problem["code"]) for problem in found["problems"]] == [
        (3, "naive_instant"),
        (4, "not_an_event"),
        (5, "not_an_event"),
    ]
    assert found["unknown_columns"] == ["colour"]
    row = db.session.scalars(select(UsageEvent).where(UsageEvent.event_id == "e1")).one()
    assert (row.received_at, row.value, row.source) == (START, 2.5, "file")
    future = db.session.scalars(select(UsageEvent).where(UsageEvent.event_id == "e6")).one()
    assert future.quarantine == "future"
    assert db.session.scalars(select(IntakeSetAside.ref)).all() == ["stranger"]


def test_a_redelivery_changes_nothing_and_a_correction_is_a_version(door):
    door([event()])
    later = START + timedelta(hours=1)
    assert door([event()], when=later).get_json()["unchanged"] == 1
    assert stored() == 1
    assert door([event(voided=True)], when=later).get_json()["changed"] == 1
    assert stored() == 2
    assert db.session.scalar(select(func.count()).select_from(IngestBatch)) == 2


def test_an_idempotency_key_is_answered_once_for_a_day(door):
    key = {**TOKEN, "Idempotency-Key": "k1"}
    first = door([event()], headers=key)
    again = door([event()], headers=key, when=START + timedelta(hours=23))
    assert again.get_json() == first.get_json()
    assert again.get_json()["added"] == 1
    assert again.headers["Idempotent-Replayed"] == "true"
    other = door([event(event_id="e2")], headers=key)
    assert other.status_code == 409
    assert other.get_json()["code"] == "idempotency_key_reused"
    next_day = door([event()], headers=key, when=START + timedelta(hours=25))
    assert next_day.get_json()["unchanged"] == 1


def test_answers_older_than_a_day_are_forgotten_at_night(door):
    for key, hours in (("k1", 0), ("k2", 3)):
        given = {**TOKEN, "Idempotency-Key": key}
        door([event(event_id=key)], headers=given, when=START + timedelta(hours=hours))
    assert forget(START + timedelta(hours=25)) == {"answers": 1}
    assert db.session.scalars(select(UsageRequest.request_key)).all() == ["k2"]


def test_a_posted_run_tells_its_counts_once_it_is_there(door):
    door([event(), event(event_id="e2", person_id="stranger"), event(event_id="e3", kind="")])
    run = db.session.scalars(select(ImportRun)).one()
    assert (run.state, run.rows, run.added, run.set_aside, run.refused) == ("done", 3, 1, 1, 1)
    assert run.finished_at == START


def test_lines_of_json(door):
    body = "\n".join([json.dumps(event()), "{broken", "", json.dumps(event(event_id="e2"))])
    answer = door(body.encode(), **{"Content-Type": "application/x-ndjson"})
    found = answer.get_json()
    assert (found["rows"], found["added"], found["refused"]) == (3, 2, 1)
    assert found["problems"][0]["row"] == 2


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"[]", "missing"),
        (b'{"events": 1}', "missing"),
        (b"[" * 100_000, "not_json"),
        (json.dumps({"events": [{}] * 1001}).encode(), "too_many_events"),
    ],
)
def test_bodies_that_cannot_be_used(door, body, code):
    answer = door(body, **{"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.get_json()["code"] == code
    assert stored() == 0


@pytest.mark.sqlite_only
def test_the_door_wants_a_token(door):
    assert door([event()], headers={}).status_code == 401
    assert door([event()], headers={"Authorization": "Bearer other"}).status_code == 401
