"""Real processes: many closing one contest at once, and one killed at every statement of it."""

import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from core import ledger
from core.audit import AuditEntry
from core.db import db, transaction
from core.ledger import Hold, LedgerEntry, Posting
from core.outbox import OutboxLetter
from incentives import jobs, queries
from incentives.models import Award, AwardEvent, Contest, ContestEvent, Recognition
from incentives.services import award_steps, clock, steps
from incentives.services.contests import PrizePlan
from leaderboard.models import FrozenStanding
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, make_scheduled
from tests.factories.people import make_team
from tests.factories.programme import make_programme
from tests.processes import (
    BROKEN,
    NOTHING,
    TAKEN,
    killed_after_commit,
    killed_at,
    race,
    statements_of,
)

pytestmark = pytest.mark.processes
DAY = timedelta(days=1)
BY_CLOCK_ENDS = {"computed": "provisional", "finalise": "final"}
MANY = {"postgresql": 64, "sqlite": 16}


@pytest.fixture
def contest(app) -> Contest:
    """A provisional contest of two teams with money and a goal at stake."""
    programme = make_programme(prize_allowance_minor=10**6)
    teams = [make_team(3, name="Harbour"), make_team(3, name="Ridge")]
    for rep in (*teams[0].members, teams[1].members[0]):
        make_usage(programme, rep, [MONDAY + n * DAY for n in (0, 1, 7, 8)])
    prizes = (
        PrizePlan(title="Dinner", place=1, cost_minor=500),
        PrizePlan(title="Thanks", place=2),
    )
    return make_scheduled(programme, prizes=prizes)


def bring_to_provisional(contest: Contest) -> Any:
    """Everything but the decision; returns the instant at which it is due."""
    for instant in (contest.starts_at, contest.ends_at, contest.grace_ends_at):
        jobs.open_close_contests(instant)
    db.session.refresh(contest)
    assert contest.state == "provisional"
    return contest.grace_ends_at + timedelta(hours=72)


def close(contest_id: int, as_of: Any) -> Callable[[], int]:
    def work() -> int:
        with transaction():
            taken = clock.step_due(contest_id, as_of)
        return TAKEN if taken is not None and taken.is_taken else NOTHING

    return work


def traces(contest_id: int) -> dict[str, list[Any]]:
    """Everything a close leaves behind, so that two ends can be compared."""
    db.session.rollback()
    db.session.expire_all()
    columns = {
        "award": select(Award.source, Award.rule, Award.recipient, Award.rev, Award.amount_minor),
        "entry": select(LedgerEntry.entry_key),
        "posting": select(Posting.account_id, Posting.amount),
        "hold": select(Hold.hold_key, Hold.state),
        "letter": select(OutboxLetter.dedupe_key, OutboxLetter.text),
        "thanks": select(Recognition.person_id, Recognition.text),
        "event": select(ContestEvent.key, ContestEvent.at),
        "award event": select(AwardEvent.key, AwardEvent.to_state),
        "result": select(FrozenStanding.rev, FrozenStanding.unit_id, FrozenStanding.rank),
        "audit": select(AuditEntry.action, AuditEntry.subject),
        "state": select(Contest.state, Contest.rev, Contest.result_hash).where(
            Contest.id == contest_id
        ),
    }
    return {
        name: sorted(map(tuple, db.session.execute(query)), key=repr)
        for name, query in columns.items()
    }


def check_one_set(contest_id: int) -> None:
    """One set of awards, each with its one entry; nothing held; the sums add up."""
    db.session.expire_all()
    awards = queries.awards(contest_id)
    assert sorted((award.place, award.title) for award in awards) == [(1, "Dinner"), (2, "Thanks")]
    keys = db.session.scalars(select(LedgerEntry.entry_key)).all()
    assert sorted(key for key in keys if key.startswith("award:")) == sorted(
        award.entry_key for award in awards
    )
    assert [hold.state for hold in db.session.scalars(select(Hold))] == ["posted"]
    assert ledger.verify() == []
    letters = db.session.scalars(
        select(OutboxLetter.person_id).where(OutboxLetter.kind == "incentives.won")
    ).all()
    assert len(letters) == len(set(letters)) == 6


def test_many_processes_close_one_contest_and_there_is_one_set_of_awards(contest):
    """TRUST I3."""
    at = bring_to_provisional(contest)
    ident = contest.id
    codes = race(MANY[db.engine.dialect.name], close(ident, at))
    assert codes.count(TAKEN) == 1
    assert codes.count(BROKEN) == 0, codes
    check_one_set(ident)


def naive_locked(contest_id: int) -> Contest:
    """Look, think, then write: what a close without lock and key does."""
    found = db.session.get_one(Contest, contest_id, populate_existing=True)
    time.sleep(0.3)
    return found


@pytest.mark.postgres_only
def test_canary_without_lock_and_key_awards_are_given_twice(contest, monkeypatch):
    """The same race with a naive close goes wrong, so the test above can see it.

    SQLite's single writer hides the fault; PostgreSQL shows it.
    """
    at = bring_to_provisional(contest)
    ident = contest.id
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE award DROP CONSTRAINT uq_award_fact"))
        connection.execute(text("ALTER TABLE award DROP CONSTRAINT uq_award_entry_key"))
    monkeypatch.setattr(clock, "locked", naive_locked)
    monkeypatch.setattr(steps, "insert_missing", lambda *_args: 1)
    monkeypatch.setattr(award_steps, "insert_missing", lambda *_args: 1)
    monkeypatch.setattr(ledger, "book", lambda *_args, **_more: True)
    race(8, close(ident, at))
    monkeypatch.undo()
    assert len(queries.awards(ident)) > 2
    with pytest.raises(AssertionError):
        check_one_set(ident)


@pytest.mark.parametrize("step", ["computed", "finalise"])
def test_killed_at_every_statement_a_close_leaves_nothing_and_the_retry_ends_the_same(
    contest, step
):
    """TRUST I7: before each statement, at COMMIT, and after COMMIT before the answer."""
    ident = contest.id
    at = contest.ends_at
    for instant in (contest.starts_at, contest.ends_at):
        jobs.open_close_contests(instant)
    if step == "finalise":
        at = bring_to_provisional(contest)
    else:
        with transaction():
            clock.step_due(ident, contest.grace_ends_at)
        at = contest.grace_ends_at
    work = close(ident, at)
    before = traces(ident)
    count = statements_of(work)
    assert count > 20
    assert traces(ident) == before
    # Every statement on SQLite; PostgreSQL, slower to let go of the dead, every third and COMMIT.
    stride = 1 if db.engine.dialect.name == "sqlite" else 3
    for number in (*range(1, count + 1, stride), count + 1):
        assert race(1, killed_at(number, work)) == [-signal.SIGKILL]
        assert traces(ident) == before, f"killed before statement {number}"
    assert race(1, killed_after_commit(work)) == [-signal.SIGKILL]
    after = traces(ident)
    assert after != before
    assert race(1, work) == [NOTHING]
    assert traces(ident) == after
    if step == "finalise":
        check_one_set(ident)
    assert db.session.get(Contest, ident).state == BY_CLOCK_ENDS[step]
