"""Journey 3: a contest, launched by a manager in one form, ended and paid out by jobs."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from flask import Flask
from sqlalchemy import select

from core import audit, ledger, scheduler
from core.db import db
from core.doors.jobs import declared
from incentives.models import Award, Contest
from tests.conftest import Outbox
from tests.factories.adoption import make_usage
from tests.factories.people import make_team
from tests.factories.programme import make_programme

SUNDAY = datetime(2026, 3, 8, 15, tzinfo=UTC)
START = date(2026, 3, 9)
LAST = date(2026, 3, 20)
DAY = timedelta(days=1)


def run_jobs(since: datetime, until: datetime) -> None:
    holder = scheduler.take_lease("flow", until)
    assert holder is not None
    ran = scheduler.catch_up(declared(), since, until, holder)
    assert [run.error for run in ran if run.error] == []
    scheduler.give_up_lease(holder)


def state() -> str:
    db.session.rollback()
    return str(db.session.scalars(select(Contest.state)).one())


def test_from_the_launch_page_to_awards_and_letters(
    app: Flask, at: Callable[[datetime], None], outbox: Outbox, sign_in_as: Callable
) -> None:
    at(SUNDAY)
    programme = make_programme(slug="csp", prize_allowance_minor=100_000)
    harbour = make_team(4, name="Harbour")
    ridge = make_team(5, name="Ridge")
    manager = sign_in_as(harbour.lead)
    page = manager.get("/contests/new")
    assert page.status_code == 200
    sent = manager.post(
        "/contests/new",
        data={
            "title": "March race",
            "kinds": "guided_use",
            "teams": [str(harbour.team.id), str(ridge.team.id)],
            "starts_on": START.isoformat(),
            "last_on": LAST.isoformat(),
            "target_days": "2",
            "mode": "participation",
            "goal_percent": "60",
            "prize_1": "Team dinner",
            "cost_1": "250",
            "prize_goal": "Cake for every team that reaches it",
            "do": "launch",
        },
    )
    assert sent.status_code == 302, sent.text
    address = sent.headers["Location"]
    assert state() == "scheduled"

    days = [START + n * DAY for n in (0, 1, 7, 8)]
    for rep in harbour.members[:3]:
        make_usage(programme, rep, days)
    make_usage(programme, ridge.members[0], days)
    during = datetime(2026, 3, 18, 15, tzinfo=UTC)
    run_jobs(SUNDAY, during)
    at(during)
    assert state() == "running"
    rep = sign_in_as(harbour.members[0])
    live = rep.get(address)
    assert "3 of 4" in live.text
    tag = live.headers["ETag"]
    assert rep.get(address, headers={"If-None-Match": tag}).status_code == 304

    run_jobs(during, datetime(2026, 3, 21, 12, tzinfo=UTC))
    assert state() == "grace"
    make_usage(programme, ridge.members[1], days)  # received in time: file rows come as they happen
    make_usage(programme, ridge.members[2], days, received_at=datetime(2026, 3, 24, tzinfo=UTC))
    run_jobs(datetime(2026, 3, 21, 12, tzinfo=UTC), datetime(2026, 3, 23, 12, tzinfo=UTC))
    assert state() == "provisional"
    end = datetime(2026, 3, 30, tzinfo=UTC)
    run_jobs(datetime(2026, 3, 23, 12, tzinfo=UTC), end)
    assert state() == "final"

    at(end)
    slug = address.rstrip("/").split("/")[-1]
    rep = sign_in_as(harbour.members[0])
    rows = rep.get(f"/api/v1/contests/{slug}/standings").get_json()["rows"]
    assert [(row["unit"], row["rank"], row["participants"], row["roster"]) for row in rows] == [
        ("Harbour", 1, 3, 4),
        ("Ridge", 2, 2, 5),
    ]
    awards = db.session.scalars(select(Award)).all()
    assert awards
    letters = Counter(letter.dedupe_key for letter in outbox.letters(list_name="awards"))
    winners = {member.id for member in harbour.members}
    assert winners <= {letter.person_id for letter in outbox.letters(list_name="awards")}
    assert set(letters.values()) == {1}

    pictured = (len(awards), len(letters), rows)
    run_jobs(SUNDAY, end)
    again = rep.get(f"/api/v1/contests/{slug}/standings").get_json()["rows"]
    counted = len(db.session.scalars(select(Award)).all())
    assert (counted, len(outbox.letters(list_name="awards")), again) == pictured
    assert ledger.verify() == []
    assert audit.verify() is None
