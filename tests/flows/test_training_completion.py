"""Journey 2: a class, the use that must follow it, the letters when it does not."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from flask import Flask
from sqlalchemy import select

from core import scheduler
from core.db import db
from core.doors.jobs import declared
from tests.conftest import Outbox
from tests.factories.adoption import make_event
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme
from tests.factories.training_tracker import make_course, make_milestone
from training_tracker.models import HandsOnCheck

LAUNCH = datetime(2026, 3, 2, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def run_jobs(since: datetime, until: datetime) -> None:
    holder = scheduler.take_lease("flow", until)
    assert holder is not None
    ran = scheduler.catch_up(declared(), since, until, holder)
    assert [run.error for run in ran if run.error] == []
    scheduler.give_up_lease(holder)


def test_marked_by_the_manager_proved_by_use_chased_when_silent(
    app: Flask,
    at: Callable[[datetime], None],
    outbox: Outbox,
    sign_in_as: Callable,
) -> None:
    at(LAUNCH)
    owner = make_programme(slug="csp")
    course = make_course(owner, slug="intro", title="Introduction")
    make_milestone(course, due_days=14, hands_on=("guided_use", 1, 48))
    director = make_person(role="director", enabled_on=None)
    lead = make_person(role="manager", enabled_on=None, manager=director)
    doer, listener, absent = make_team(3, lead=lead, starts_on=date(2026, 3, 2)).members
    for rep in (doer, listener, absent):
        rep.enabled_on = date(2026, 3, 2)
    db.session.commit()
    run_jobs(LAUNCH, LAUNCH + 2 * DAY)

    class_day = LAUNCH + 3 * DAY + timedelta(hours=10)
    at(class_day)
    manager = sign_in_as(lead)
    for rep in (doer, listener):
        page = manager.post(
            "/training/intro/completions",
            data={
                "person_id": rep.key,
                "completed_on": class_day.date().isoformat(),
                "passed": "yes",
            },
        )
        assert page.status_code in {302, 303}
    make_event(owner, doer, class_day + timedelta(hours=20))
    run_jobs(LAUNCH + 2 * DAY, LAUNCH + 10 * DAY)
    checks = dict(db.session.execute(select(HandsOnCheck.person_id, HandsOnCheck.state)).all())
    assert {str(checks[doer.id]), str(checks[listener.id])} == {"passed", "missed"}
    assert str(checks[doer.id]) == "passed"

    run_jobs(LAUNCH + 10 * DAY, LAUNCH + 25 * DAY)
    run_jobs(LAUNCH + 10 * DAY, LAUNCH + 25 * DAY)
    to_absent = outbox.letters(kind="training.overdue_rep", person_id=absent.id)
    to_lead = outbox.letters(kind="training.overdue_manager", person_id=lead.id)
    assert (len(to_absent), len(to_lead)) == (1, 1)
    assert absent.name in to_lead[0].text
    assert listener.name not in to_lead[0].text
    assert outbox.letters(kind="training.overdue_rep", person_id=doer.id) == []

    value = app.test_cli_runner().invoke(
        args=[
            *("figures", "training", "--programme", "csp"),
            *("-p", "course=intro", "-p", "through=2026-03-20"),
        ]
    )
    assert "completed: 2" in value.stdout
    assert "overdue: 1" in value.stdout
