"""Journey 4: a tip, from the weekly plan to one captured letter and one click to stop."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask
from flask.testing import FlaskClient

from core import scheduler
from core.doors.jobs import declared
from tests.conftest import Outbox
from tests.factories.comms import make_campaign, make_tip
from tests.factories.people import make_team
from tests.factories.programme import make_programme

SUNDAY = datetime(2026, 3, 29, tzinfo=UTC)
DAY = timedelta(days=1)


def run_jobs(since: datetime, until: datetime) -> None:
    holder = scheduler.take_lease("flow", until)
    assert holder is not None
    ran = scheduler.catch_up(declared(), since, until, holder)
    assert [run.error for run in ran if run.error] == []
    scheduler.give_up_lease(holder)


def world(app: Flask) -> list:
    owner = make_programme(slug="csp")
    make_tip(owner, slug="first", about="guided_use")
    make_tip(owner, slug="second", about="sequence_run")
    make_campaign(owner)
    return list(make_team(3).members)


def tips_of(post: Outbox, person_id: int) -> list:
    return [letter for letter in post.letters(list_name="tips") if letter.person_id == person_id]


def test_each_week_one_tip_not_had_before_and_never_twice(
    app: Flask, client: FlaskClient, at: Callable[[datetime], None], outbox: Outbox
) -> None:
    at(SUNDAY)
    reps = world(app)
    run_jobs(SUNDAY, SUNDAY + 5 * DAY)
    first_week = [tips_of(outbox, rep.id) for rep in reps]
    assert [len(letters) for letters in first_week] == [1, 1, 1]
    assert {letter.state for letters in first_week for letter in letters} == {"captured"}
    run_jobs(SUNDAY, SUNDAY + 5 * DAY)
    assert [len(tips_of(outbox, rep.id)) for rep in reps] == [1, 1, 1]

    letter = first_week[0][0]
    assert "/unsubscribe/" in letter.text
    path = "/unsubscribe/" + letter.text.split("/unsubscribe/")[1].split()[0]
    assert client.get(path).status_code == 200
    run_jobs(SUNDAY + 5 * DAY, SUNDAY + 6 * DAY)
    stopped = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert stopped.status_code == 200
    assert client.post(path).status_code == 200

    run_jobs(SUNDAY + 6 * DAY, SUNDAY + 12 * DAY)
    had = [tips_of(outbox, rep.id) for rep in reps]
    assert [len(letters) for letters in had] == [1, 2, 2]
    for letters in had[1:]:
        assert len({letter.subject for letter in letters}) == 2


def test_three_days_down_is_one_tip_not_two(
    app: Flask, at: Callable[[datetime], None], outbox: Outbox
) -> None:
    at(SUNDAY)
    reps = world(app)
    run_jobs(SUNDAY, SUNDAY + DAY)
    run_jobs(SUNDAY + DAY, SUNDAY + 5 * DAY)
    assert [len(tips_of(outbox, rep.id)) for rep in reps] == [1, 1, 1]
    assert len({letter.dedupe_key for letter in outbox.letters()}) == len(outbox.letters())
