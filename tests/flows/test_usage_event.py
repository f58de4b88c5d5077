"""Journey 1: a usage event, from the machine door to the headline figure and the board."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from adoption.models import AdoptionStatus, DailyUsage, UsageEvent
from core import scheduler
from core.db import db
from core.doors.jobs import declared
from people.models import Person
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme

# The factory's programme counts two days in a week as met, three weeks of four as sustained.
MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)
WEEK = timedelta(days=7)
NOW = MONDAY + 5 * WEEK


def token(app: Flask, *scopes: str) -> str:
    made = app.test_cli_runner().invoke(
        args=["people", "token", "feed", "--scope", ",".join(scopes)]
    )
    assert made.exit_code == 0, made.output
    return made.stdout.split()[-1]


def row(person: Person, number: str, at: datetime, **more: object) -> dict[str, object]:
    return {
        "event_id": number,
        "person_id": person.key,
        "kind": "guided_use",
        "occurred_at": at.isoformat(),
        "received_at": at.isoformat(),
        **more,
    }


def send(client: FlaskClient, key: str, rows: list[dict[str, object]], **headers: str) -> dict:
    answer = client.post(
        "/api/v1/usage",
        json={"events": rows},
        headers={"Authorization": f"Bearer {key}", **headers},
    )
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def figure(client: FlaskClient, key: str, name: str, **given: str) -> dict:
    answer = client.get(
        f"/api/v1/programmes/csp/figures/{name}",
        query_string=given,
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def run_jobs(until: datetime) -> None:
    holder = scheduler.take_lease("flow", until)
    assert holder is not None
    ran = scheduler.catch_up(declared(), MONDAY - timedelta(days=1), until, holder)
    assert [run.error for run in ran if run.error] == []
    scheduler.give_up_lease(holder)


def habit(person: Person, weeks: int) -> list[dict[str, object]]:
    """Two days a week of use, at 10:00 and on Wednesday."""
    return [
        row(person, f"{person.key}-{week}-{day}", MONDAY + week * WEEK + timedelta(days=day))
        for week in range(weeks)
        for day in (0, 2)
    ]


def test_from_the_door_to_the_figure_and_back_to_the_rows(
    app: Flask, client: FlaskClient, at: Callable[[datetime], None]
) -> None:
    at(NOW)
    make_programme(slug="csp")
    team = make_team(3)
    steady, trying, silent = team.members
    key = token(app, "usage:write", "figures:read")
    summary = send(client, key, habit(steady, 4) + habit(trying, 1))
    assert (summary["rows"], summary["added"], summary["refused"]) == (10, 10, 0)

    through = (NOW - timedelta(days=2)).date().isoformat()
    before_any_job = figure(client, key, "adoption", through=through)["value"]
    run_jobs(NOW)
    after = figure(client, key, "adoption", through=through)["value"]
    assert after == before_any_job
    assert (after["measurable"], after["sustained"], after["rate"]) == (3, 1, 1 / 3)
    assert after["states"]["sustained"] == 1
    assert after["states"]["trying"] == 1
    assert after["states"]["not_started"] == 1
    states = dict(
        db.session.execute(
            select(AdoptionStatus.person_id, AdoptionStatus.state).where(
                AdoptionStatus.week_start == (MONDAY + 3 * WEEK).date()
            )
        ).all()
    )
    assert states == {steady.id: "sustained", trying.id: "trying", silent.id: "not_started"}


def test_a_repeat_changes_nothing_and_a_correction_reopens_its_days(
    app: Flask, client: FlaskClient, at: Callable[[datetime], None]
) -> None:
    at(NOW)
    make_programme(slug="csp")
    rep = make_team(1).members[0]
    key = token(app, "usage:write", "figures:read")
    rows = habit(rep, 4)
    send(client, key, rows)
    run_jobs(NOW)
    again = send(client, key, rows)
    assert (again["unchanged"], again["added"]) == (len(rows), 0)

    through = (NOW - timedelta(days=2)).date().isoformat()
    assert figure(client, key, "adoption", through=through)["value"]["sustained"] == 1
    known = (NOW + timedelta(hours=1)).isoformat()
    voids = [
        {**event, "voided": True, "received_at": (NOW + timedelta(hours=2)).isoformat()}
        for event in rows[-4:]
    ]
    at(NOW + timedelta(hours=3))
    assert send(client, key, voids)["changed"] == 4
    run_jobs(NOW + timedelta(hours=3))
    now_said = figure(client, key, "adoption", through=through)["value"]
    as_reported = figure(client, key, "adoption", through=through, as_of=known)["value"]
    assert (now_said["sustained"], as_reported["sustained"]) == (0, 1)
    days = db.session.scalar(select(func.count()).select_from(DailyUsage))
    versions = db.session.scalar(select(func.count()).select_from(UsageEvent))
    assert (days, versions) == (len(rows) - 4, len(rows) + 4)


def test_one_bad_event_never_refuses_its_batch_and_strangers_wait(
    app: Flask, client: FlaskClient, at: Callable[[datetime], None]
) -> None:
    at(NOW)
    make_programme(slug="csp")
    rep = make_team(1).members[0]
    key = token(app, "usage:write")
    stranger = {**row(rep, "s1", MONDAY), "person_id": "P-later"}
    summary = send(
        client,
        key,
        [
            row(rep, "ok", MONDAY),
            {**row(rep, "naive", MONDAY), "occurred_at": "2026-03-02T10:00:00"},
            {**row(rep, "far", MONDAY), "occurred_at": "99999-03-02T10:00:00Z"},
            {**row(rep, "nul\0", MONDAY)},
            stranger,
        ],
    )
    counts = ("rows", "added", "refused", "set_aside")
    assert [summary[name] for name in counts] == [5, 1, 3, 1]
    assert [problem["code"] for problem in summary["problems"]][:1] == ["naive_instant"]
    assert client.post("/api/v1/usage", json={"events": []}).status_code == 401


def test_a_stranger_set_aside_counts_once_the_person_is_known(
    app: Flask, client: FlaskClient, at: Callable[[datetime], None], tmp_path
) -> None:
    at(NOW)
    make_programme(slug="csp")
    rep = make_person()
    key = token(app, "usage:write", "figures:read")
    late = {**row(rep, "s1", MONDAY), "person_id": "P-later"}
    assert send(client, key, [late])["set_aside"] == 1
    people = tmp_path / "people.csv"
    people.write_text(
        "person_id,email,name,enabled_on\nP-later,later@example.org,Late Comer,2026-03-01\n"
    )
    done = app.test_cli_runner().invoke(args=["import", str(people), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["files"][0]["added"] == 1
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(UsageEvent)) == 1
