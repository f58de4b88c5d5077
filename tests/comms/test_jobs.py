"""The comms jobs: declared, thin, twice is once, late is caught up."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from comms.jobs import JOBS
from comms.models import IssueRecipient
from core.db import db
from core.outbox import OutboxLetter
from core.scheduler import catch_up, take_lease
from tests.factories.comms import make_campaign, make_tip
from tests.factories.people import make_person
from tests.factories.programme import make_programme

pytestmark = pytest.mark.usefixtures("app")

START = datetime(2026, 3, 2, tzinfo=UTC)


def subjects() -> list[str]:
    return list(db.session.scalars(select(OutboxLetter.subject).order_by(OutboxLetter.id)))


def run(start: datetime, until: datetime) -> None:
    holder = take_lease("test", until)
    assert holder is not None
    catch_up(JOBS, start, until, holder)


def test_a_month_is_caught_up_issue_by_issue_and_only_once() -> None:
    owner = make_programme()
    for subject in ("One", "Two", "Three"):
        make_tip(owner, subject=subject)
    make_campaign(owner)
    make_person()
    run(START, START + timedelta(days=28))
    assert subjects() == ["One", "Two", "Three"]
    outcomes = [row.outcome for row in db.session.scalars(select(IssueRecipient))]
    assert outcomes == ["queued", "queued", "queued", "no_tip"]
    run(START, START + timedelta(days=28))
    assert subjects() == ["One", "Two", "Three"]


def test_letters_of_weeks_gone_by_cannot_leave_any_more() -> None:
    owner = make_programme()
    for subject in ("One", "Two", "Three"):
        make_tip(owner, subject=subject)
    make_campaign(owner)
    make_person()
    until = START + timedelta(days=16)  # Wednesday of the third week
    run(START, until)
    alive = select(OutboxLetter.subject).where(OutboxLetter.use_by > until)
    assert list(db.session.scalars(alive)) == ["Three"]
