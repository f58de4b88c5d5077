"""Signals as they come in, by file and by machine, and how a rep sets one aside."""

import csv
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from adoption import services
from adoption.cli import IMPORTS
from adoption.models import Signal
from adoption.queries.records import signals_of
from core.db import db, transaction
from core.errors import NotFound
from core.intake.models import IntakeSetAside
from core.intake.runner import run_import
from core.policy import SYSTEM, Actor, Role
from tests.factories.adoption import make_deal, make_signal
from tests.factories.people import make_person
from tests.factories.programme import make_programme

KINDS = {kind.name: kind for kind in IMPORTS}
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = {"Authorization": "Bearer token-for-tests"}


def row(number=1, **more):
    told = {"signal_id": f"S{number}", "deal_id": "D1", "person_id": "P1"}
    return {**told, "fired_at": "2026-03-09T08:00:00Z", "dismissed_at": "", **more}


def bring(tmp_path, owner, rows, now=NOW):
    path = tmp_path / "signals.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    [result] = run_import([path], kinds=KINDS, actor=SYSTEM, now=now, programme_id=owner.id).files
    return result


def counts(result):
    return (result.added, result.changed, result.unchanged, result.refused, result.set_aside)


def stored():
    found = dict(db.session.execute(select(Signal.signal_key, Signal.dismissed_at)).all())
    db.session.rollback()
    return found


def as_rep(person):
    return Actor(person.id, Role.REP, "rep")


@pytest.fixture
def world(app):
    owner = make_programme(slug="csp")
    person = make_person(key="P1")
    make_deal(person, deal_key="D1")
    return owner, person


def test_what_is_odd_about_a_signal_is_said_line_by_line(world, tmp_path):
    owner, _person = world
    result = bring(
        tmp_path,
        owner,
        [
            row(1),
            row(2, fired_at="2026-03-10T12:04:00Z"),
            row(3, fired_at="2026-03-10T12:06:00Z"),
            row(4, deal_id="nobody-knows"),
            row(5, dismissed_at="2026-03-09T07:59:59Z"),
            row(6, dismissed_at="2026-03-09T08:00:00Z"),
            row(7, fired_at="2026-03-09T08:00:00"),
            row(8, fired_at=""),
            row(9, person_id="stranger", deal_id="nobody-knows"),
        ],
    )
    assert counts(result) == (5, 0, 0, 3, 1)
    told = [(each.row, each.field, each.code, each.refuses) for each in result.problems]
    assert sorted(told) == [
        (4, "fired_at", "out_of_range", False),
        (5, "deal_id", "unknown_deal", False),
        (6, "dismissed_at", "end_before_start", True),
        (8, "fired_at", "naive_instant", True),
        (9, "fired_at", "missing", True),
    ]
    assert sorted(stored()) == ["S1", "S2", "S3", "S4", "S6"]


def test_a_dismissal_here_stays_whatever_a_file_says_later(world, tmp_path):
    owner, person = world
    bring(tmp_path, owner, [row(1), row(2)])
    with transaction():
        assert services.dismiss_signal("S1", as_rep(person), NOW)
        assert not services.dismiss_signal("S1", as_rep(person), NOW + HOUR)
    assert stored() == {"S1": NOW, "S2": None}
    assert counts(bring(tmp_path, owner, [row(1)])) == (0, 0, 1, 0, 0)
    later = "2026-03-11T08:00:00Z"
    assert counts(bring(tmp_path, owner, [row(1, dismissed_at=later)])) == (0, 0, 1, 0, 0)
    earlier = "2026-03-09T09:00:00Z"
    assert counts(bring(tmp_path, owner, [row(1, dismissed_at=earlier)])) == (0, 1, 0, 0, 0)
    assert stored()["S1"] == datetime(2026, 3, 9, 9, tzinfo=UTC)
    # What only a file ever said, a file may take back.
    bring(tmp_path, owner, [row(2, dismissed_at=later)])
    bring(tmp_path, owner, [row(2)])
    assert stored()["S2"] is None


def test_a_dismissal_is_known_from_when_it_was_made(world, tmp_path):
    owner, person = world
    bring(tmp_path, owner, [row(1)], now=NOW - 24 * HOUR)
    with transaction():
        services.dismiss_signal("S1", as_rep(person), NOW)
    told = [
        [each.dismissed_at for each in signals_of(owner.id, instant)]
        for instant in (NOW - HOUR, NOW, NOW + HOUR)
    ]
    assert told == [[None], [NOW], [NOW]]


def test_only_ones_own_signals_are_there_to_be_dismissed(world):
    _owner, person = world
    signal = make_signal(person, "D1", NOW - HOUR)
    key, other = signal.signal_key, as_rep(make_person())
    ops = Actor(None, Role.SALES_OPS, "ops")
    for actor, name in ((other, key), (ops, key), (as_rep(person), "none")):
        with pytest.raises(NotFound), transaction():
            services.dismiss_signal(name, actor, NOW)
    assert stored() == {key: None}


def test_nothing_is_dismissed_before_it_fired(world):
    _owner, person = world
    key = make_signal(person, "D1", NOW + HOUR).signal_key
    with transaction():
        services.dismiss_signal(key, as_rep(person), NOW)
    assert stored() == {key: NOW + HOUR}


@pytest.fixture
def door(world, app, client, at):
    def lookup(raw, _now):
        scopes = {"token-for-tests": {"usage:write"}, "for-reading": {"figures:read"}}.get(raw)
        return Actor(None, None, "crm feed", frozenset(scopes)) if scopes else None

    app.extensions["pennant"]["token_lookup"] = lookup
    at(NOW)

    def post(signals, **headers):
        body = signals if isinstance(signals, dict) else {"signals": signals}
        return client.post("/api/v1/signals", json=body, headers={**TOKEN, **headers})

    return post


def test_machines_bring_signals_and_hear_what_a_file_would(door):
    told = door(
        [
            row(1, colour="red"),
            row(2, dismissed_at=None),
            row(3, person_id="stranger"),
            row(4, fired_at="soon"),
            "nonsense",
            row(6, deal_id={"a": 1}),
            row(7, deal_id="nobody-knows"),
        ]
    )
    assert told.status_code == 200
    answer = told.get_json()
    assert {name: answer[name] for name in ("rows", "added", "refused", "set_aside")} == {
        "rows": 7,
        "added": 3,
        "refused": 3,
        "set_aside": 1,
    }
    assert answer["rows"] == sum(
        answer[name] for name in ("added", "changed", "unchanged", "refused", "set_aside")
    )
    assert [(each["row"], each["code"], each["refused"]) for each in answer["problems"]] == [
        (4, "not_an_instant", True),
        (5, "not_a_signal", True),
        (6, "not_a_signal", True),
        (7, "unknown_deal", False),
    ]
    assert answer["unknown_columns"] == ["colour"]
    assert sorted(stored()) == ["S1", "S2", "S7"]
    assert db.session.scalars(select(IntakeSetAside.ref)).all() == ["stranger"]


def test_a_redelivery_changes_nothing_and_a_dismissal_is_a_change(door):
    assert door([row(1)]).get_json()["added"] == 1
    assert door([row(1)]).get_json()["unchanged"] == 1
    assert door([row(1, dismissed_at="2026-03-10T09:00:00Z")]).get_json()["changed"] == 1
    assert stored() == {"S1": datetime(2026, 3, 10, 9, tzinfo=UTC)}


def test_an_idempotency_key_is_answered_once(door):
    first = door([row(1)], **{"Idempotency-Key": "k"})
    again = door([row(1)], **{"Idempotency-Key": "k"})
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert door([row(2)], **{"Idempotency-Key": "k"}).status_code == 409


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"signals": [{}] * 1001}, "too_many_signals"),
        ({"events": []}, "missing"),
        ({"signals": {}}, "missing"),
    ],
)
def test_what_is_no_list_of_signals_is_refused(door, body, code):
    answer = door(body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)


def test_an_empty_list_and_only_nonsense_are_answered(door):
    assert door([]).get_json()["rows"] == 0
    assert door([1, None]).get_json()["refused"] == 2


def test_the_door_wants_its_scope_and_a_programme_there_is(door, client):
    assert client.post("/api/v1/signals", json={"signals": []}).status_code == 401
    assert door([], Authorization="Bearer for-reading").status_code == 403
    headers = {**TOKEN}
    path = "/api/v1/signals?programme=none"
    assert client.post(path, json={"signals": []}, headers=headers).status_code == 404
    path = "/api/v1/signals?programme=csp"
    assert client.post(path, json={"signals": [row(1)]}, headers=headers).status_code == 200
    assert db.session.scalar(select(func.count(Signal.programme_id))) == 1
