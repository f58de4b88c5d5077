"""Real processes: many handing back to one rep, many preparing one week, one killed anywhere."""

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from coaching import jobs, services
from coaching.models import CoachingItem, CoachingMoment, CoachingStep, Fix, Loop
from coaching.queries import items as queries
from coaching.queries import prepare as preparing
from coaching.rules.life import OPEN_FIX
from coaching.services import choosing
from coaching.services import prepare as module
from core.audit import AuditEntry
from core.db import bulk_insert, db, transaction
from core.errors import PennantError
from core.outbox import OutboxLetter
from leaderboard.models import LoopWeek
from tests.coaching.talks import DAY, MONDAY, SLOT, WEEK, WORDS, Talks, make_talks
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
MANY = 16
NEXT = WEEK + 7 * DAY


@pytest.fixture
def talks(app) -> Talks:
    return make_talks()


def hand_back(talks, weeks=(WEEK,), *, own_words=True) -> list[Callable[[], int]]:
    """Handing a step back on the rep's items of these weeks, each a work of its own.

    With their own words no two processes say the same, so a repeat is a refusal.
    """
    lead = talks.lead
    asked = [(talks.item_uid(week=week), talks.moments(week=week)[0].id) for week in weeks]
    db.session.rollback()

    def work_on(uid, moment):
        def work() -> int:
            words = f"{WORDS} {os.getpid()}" if own_words else WORDS
            try:
                with transaction():
                    found = db.session.scalar(select(CoachingItem.author_id).filter_by(uid=uid))
                    services.hand_back(uid, moment, words, actor=lead, now=MONDAY)
            except PennantError:
                return NOTHING
            return TAKEN if found is None else NOTHING

        return work

    return [work_on(*each) for each in asked]


def prepare(talks, week) -> Callable[[], int]:
    owner = talks.owner.id

    def work() -> int:
        with transaction():
            made = services.prepare_week(owner, week, SLOT + (week - WEEK))
        return TAKEN if made.loops else NOTHING

    return work


def traces() -> dict[str, list[object]]:
    """All that the loop leaves behind, so that two ends can be compared."""
    db.session.rollback()
    db.session.expire_all()
    columns = {
        "loop": select(Loop.team_id, Loop.week, Loop.missed, Loop.outcome),
        "item": select(CoachingItem.rep_id, CoachingItem.week, CoachingItem.state),
        "day": select(CoachingItem.rep_id, CoachingItem.review_at, CoachingItem.author_id),
        "moment": select(CoachingMoment.item_id, CoachingMoment.signal_key),
        "step": select(CoachingStep.key, CoachingStep.at),
        "fix": select(Fix.item_id, Fix.words),
        "letter": select(OutboxLetter.dedupe_key, OutboxLetter.text),
        "audit": select(AuditEntry.action, AuditEntry.subject),
        "kept": select(LoopWeek.week, LoopWeek.is_kept),
    }
    return {
        name: sorted(map(tuple, db.session.execute(query)), key=repr)
        for name, query in columns.items()
    }


def check_one_fix() -> None:
    db.session.rollback()
    open_items = select(CoachingItem.rep_id).where(CoachingItem.state.in_(sorted(OPEN_FIX)))
    reps = db.session.scalars(open_items).all()
    assert len(reps) == len(set(reps)) == 1
    assert db.session.scalar(select(func.count()).select_from(Fix)) == 1
    told = select(OutboxLetter).where(OutboxLetter.kind == "coaching.your_next_step")
    assert len(db.session.scalars(told).all()) == 1


def test_many_hands_give_one_rep_one_next_step(talks):
    [work] = hand_back(talks)
    codes = race(MANY, work)
    assert codes.count(BROKEN) == 0, codes
    assert codes.count(TAKEN) == 1
    check_one_fix()


def test_many_hands_on_two_weeks_of_one_rep_give_one_next_step(talks):
    """Both items wait: of the hands on either, one wins."""
    talks.prepare(NEXT)
    works = hand_back(talks, (WEEK, NEXT))

    def work() -> int:
        return works[time.time_ns() // 1000 % 2]()

    codes = race(MANY, work)
    assert codes.count(BROKEN) == 0, codes
    assert codes.count(TAKEN) == 1
    check_one_fix()


@pytest.mark.postgres_only
def test_canary_without_lock_and_index_a_rep_gets_two(talks, monkeypatch):
    """The same race with naive hands goes wrong, so the tests above can see it."""
    talks.prepare(NEXT)
    works = hand_back(talks, (WEEK, NEXT))
    with db.engine.begin() as connection:
        connection.execute(text("DROP INDEX uq_coaching_item_open_fix"))

    def naive(rep_id):
        rows = db.session.scalars(select(CoachingItem).where(CoachingItem.rep_id == rep_id))
        return {item.id: item for item in rows}

    def slow(rep_id):
        open_ones = select(CoachingItem).where(
            CoachingItem.rep_id == rep_id, CoachingItem.state.in_(sorted(OPEN_FIX))
        )
        found = db.session.scalar(open_ones)
        time.sleep(0.3)
        return found

    monkeypatch.setattr(queries, "held_items", naive)
    monkeypatch.setattr(queries, "open_fix_of", slow)
    # Who writes the audit line first would hold the others; that is not what is looked at.
    monkeypatch.setattr(choosing.audit, "record", lambda *_args, **_more: None)

    def work() -> int:
        return works[time.time_ns() // 1000 % 2]()

    race(8, work)
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        check_one_fix()


def test_two_schedulers_prepare_a_week_once(talks):
    reps = {rep.id for rep in talks.reps}
    codes = race(MANY if db.engine.dialect.name == "postgresql" else 8, prepare(talks, NEXT))
    assert codes.count(BROKEN) == 0, codes
    assert codes.count(TAKEN) == 1
    db.session.rollback()
    counts = db.session.execute(
        select(CoachingItem.rep_id, func.count())
        .where(CoachingItem.week == NEXT)
        .group_by(CoachingItem.rep_id)
    )
    assert dict(map(tuple, counts)) == dict.fromkeys(reps, 1)
    keys = db.session.scalars(select(CoachingStep.key).where(CoachingStep.key.like("%2026-W13")))
    assert len(keys.all()) == 2
    letters = select(OutboxLetter).where(OutboxLetter.kind == "coaching.number_ready")
    assert len(db.session.scalars(letters).all()) == 2


@pytest.mark.postgres_only
def test_canary_without_keys_two_schedulers_make_two(talks, monkeypatch):
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE coaching_item DROP CONSTRAINT uq_coaching_item_week"))
        connection.execute(text("ALTER TABLE loop DROP CONSTRAINT uq_loop_week"))
        connection.execute(text("ALTER TABLE coaching_step DROP CONSTRAINT uq_coaching_step_key"))

    def naive(model, rows, _key, returning):
        given = list(rows)
        bulk_insert(model, given)
        found = db.session.scalars(select(model).order_by(model.id.desc()).limit(len(given)))
        return [found_row for found_row in found if all(hasattr(found_row, n) for n in returning)]

    def late(*args):
        time.sleep(0.3)
        return facts(*args)

    facts = preparing.week_facts
    monkeypatch.setattr(module, "insert_missing_returning", naive)
    monkeypatch.setattr(module, "insert_missing", lambda _model, rows, _key: len(list(rows)))
    monkeypatch.setattr(module.outbox, "post_all", lambda *_args: 0)
    monkeypatch.setattr(preparing, "week_facts", late)
    race(2, prepare(talks, NEXT))
    monkeypatch.undo()
    made = db.session.scalar(
        select(func.count()).select_from(CoachingItem).where(CoachingItem.week == NEXT)
    )
    assert made > 2


def closing(_talks) -> Callable[[], int]:
    def work() -> int:
        counts = jobs.close_reviews(SLOT + 7 * DAY + timedelta(hours=1))
        return TAKEN if any(counts.values()) else NOTHING

    return work


@pytest.mark.parametrize("verb", ["hand_back", "prepare"])
def test_killed_at_every_statement_nothing_is_half_done_and_the_retry_ends_the_same(talks, verb):
    """TRUST I7: before each statement, at COMMIT, and after COMMIT before the answer."""
    work = hand_back(talks, own_words=False)[0] if verb == "hand_back" else prepare(talks, NEXT)
    before = traces()
    count = statements_of(work)
    assert count > 10
    assert traces() == before
    # Every statement on SQLite; PostgreSQL, slower to let go of the dead, every third and COMMIT.
    stride = 1 if db.engine.dialect.name == "sqlite" else 3
    for number in (*range(1, count + 1, stride), count + 1):
        assert race(1, killed_at(number, work)) == [-signal.SIGKILL]
        assert traces() == before, f"killed before statement {number}"
    assert race(1, killed_after_commit(work)) == [-signal.SIGKILL]
    after = traces()
    assert after != before
    assert race(1, work) == [NOTHING]
    assert traces() == after


def test_a_close_killed_anywhere_ends_as_one_that_was_not(talks):
    """Two transactions: whatever the first had written, the retry adds the rest and no more."""
    hand_back(talks)[0]()
    work = closing(talks)
    before = traces()
    count = statements_of(work)
    for number in (3, count // 2, count):
        race(1, killed_at(number, work))
        found = traces()
        assert found["kept"] == before["kept"]
    race(1, work)
    after = traces()
    assert [row[1] for row in after["kept"]] == [True]
    race(1, work)
    assert traces() == after
