"""The training jobs: declared, thin, twice is once, three days late is every day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from core.db import db
from core.outbox import OutboxLetter
from core.scheduler import catch_up, take_lease
from tests.factories.adoption import make_event
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme
from tests.factories.training_tracker import make_completion, make_course, make_milestone
from training_tracker.jobs import JOBS
from training_tracker.models import Assignment, HandsOnCheck

pytestmark = pytest.mark.usefixtures("app")

START = datetime(2026, 3, 2, tzinfo=UTC)


def run(start: datetime, until: datetime) -> None:
    holder = take_lease("test", until)
    assert holder is not None
    catch_up(JOBS, start, until, holder)


def seen() -> list[tuple[str, str, str]]:
    rows = db.session.scalars(select(OutboxLetter).order_by(OutboxLetter.id))
    return [(row.kind, row.dedupe_key, row.state) for row in rows]


def world():
    """A rep enabled on 2 March whose introduction is due on the 9th, with manager and director."""
    owner = make_programme()
    course = make_course(owner, title="Introduction")
    make_milestone(course, due_days=7, hands_on=("guided_use", 1, 48))
    director = make_person(role="director", enabled_on=None)
    lead = make_person(role="manager", enabled_on=None, manager=director)
    team = make_team(1, lead=lead)
    rep = team.members[0]
    rep.enabled_on = date(2026, 3, 2)
    db.session.commit()
    return owner, course, rep


def test_each_day_missed_is_caught_up_and_twice_is_once() -> None:
    world()
    run(START, START + timedelta(days=20))
    once = seen()
    assert [kind for kind, _, _ in once] == [
        "training.overdue_rep",
        "training.overdue_manager",
        "training.overdue_director",
    ]
    assert [key[-10:] for _, key, _ in once] == ["2026-03-10", "2026-03-12", "2026-03-16"]
    run(START, START + timedelta(days=20))
    assert seen() == once
    assert len(list(db.session.scalars(select(Assignment)))) == 1


def test_three_days_late_equals_every_day() -> None:
    owner, course, rep = world()
    make_completion(rep, course, datetime(2026, 3, 5, 15, tzinfo=UTC))
    make_event(owner, rep, datetime(2026, 3, 6, 15, tzinfo=UTC))
    for day in (3, 6, 9):
        run(START, START + timedelta(days=day))
    (check,) = db.session.scalars(select(HandsOnCheck))
    assert check.state == "passed"
    assert [kind for kind, _, _ in seen()] == ["training.now_try_it"]


def test_every_job_says_what_it_does() -> None:
    assert [spec.id for spec in JOBS] == ["assign-milestones", "check-hands-on", "chase-overdue"]
    assert all(spec.doc.endswith(".") for spec in JOBS)
