"""Real processes over the whole life: 200 contests closed at once by 64, and every transition of a
contest killed before each of its statements (TRUST I3, I7).
"""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.exc import OperationalError

from core import ledger
from core.audit import AuditEntry
from core.db import Base, db, table_of, transaction
from core.ledger import Hold, LedgerAccount, LedgerEntry, Posting
from core.outbox import OutboxLetter
from core.policy import SYSTEM
from incentives import jobs
from incentives.models import (
    Award,
    AwardEvent,
    Contest,
    ContestEvent,
    ContestPause,
    Disqualification,
    Prize,
    Recognition,
)
from incentives.queries import checks
from incentives.rules.contests import EDGES, State
from incentives.rules.exclusion import Subject
from incentives.services import (
    adjusting,
    award_steps,
    clock,
    contests,
    doubts,
    exclusion,
    steering,
    steps,
)
from incentives.services.contests import PrizePlan
from leaderboard.models import Board, BoardMark, FrozenStanding, MemberRow, Standing
from tests.factories.adoption import make_usage
from tests.factories.incentives import BEFORE, MONDAY, actor, make_contest, make_scheduled
from tests.factories.people import make_absence, make_change, make_person, make_team, writing
from tests.factories.programme import make_programme
from tests.processes import (
    BROKEN,
    NOTHING,
    TAKEN,
    killed_after_commit,
    killed_at,
    killed_at_any,
    race,
    statements_of,
)

pytestmark = pytest.mark.processes
DAY = timedelta(days=1)
WINDOW = timedelta(hours=72)
# SQLite has one writer: the same race over fewer contests shows the same and takes seconds.
PROCESSES = {"postgresql": 64, "sqlite": 8}
CONTESTS = {"postgresql": 200, "sqlite": 40}
PRIZES = (
    PrizePlan(title="Dinner", place=1, cost_minor=500),
    PrizePlan(title="Thanks", place=2),
)


@dataclass(frozen=True)
class World:
    programme: Any
    teams: Any


@pytest.fixture
def world(app) -> World:
    """Two teams of three; all of the first and one of the second did what was asked."""
    programme = make_programme(prize_allowance_minor=10**9)
    teams = [make_team(3, name="Harbour"), make_team(3, name="Ridge")]
    for rep in (*teams[0].members, teams[1].members[0]):
        make_usage(programme, rep, [MONDAY + n * DAY for n in (0, 1, 7, 8)])
    return World(programme, teams)


def tick(as_of: Any) -> None:
    jobs.open_close_contests(as_of)
    db.session.expire_all()


def provisional(contest_id: int) -> Any:
    """Bring it there; the instant at which its decision is due."""
    row = db.session.get(Contest, contest_id)
    for instant in (row.starts_at, row.ends_at, row.grace_ends_at):
        tick(instant)
    row = db.session.get(Contest, contest_id)
    assert row.state == "provisional"
    return row.provisional_at + WINDOW


def copies(contest_id: int, count: int) -> list[int]:
    """So many further contests in the same state, row by row the same but for names and keys."""
    found = [contest_id]
    with transaction():
        one = db.session.get(Contest, contest_id)
        board_id, hold = one.board_id, contests.hold_key(one)
        purse = contests.purse_account(one)
        amount = one.liability_minor
        db.session.flush()
        for number in range(count - 1):
            board = copied(Board, Board.id == board_id, slug=f"copy-{number}")
            for kept in (BoardMark, MemberRow, Standing, FrozenStanding):
                copied(kept, table_of(kept).c.board_id == board_id, board_id=board)
            ident = copied(Contest, Contest.id == contest_id, slug=f"copy-{number}", board_id=board)
            copied(Prize, Prize.contest_id == contest_id, contest_id=ident)
            own = purse.replace(str(contest_id), str(ident))
            ledger.open_account(own, "USD" if own.endswith("USD") else one.currency)
            budget = contests.budget_account(one)
            key = hold.replace(f"contest:{contest_id}:", f"contest:{ident}:")
            ledger.hold(key, budget, own, amount, now=BEFORE)
            found.append(ident)
    return found


def copied(model: type[Base], condition: Any, **other: Any) -> int:
    """Copy rows with some columns changed; the last new id, where there is one."""
    table = table_of(model)
    last = 0
    for row in db.session.execute(select(table).where(condition)).mappings().all():
        values = {name: value for name, value in row.items() if name != "id"} | other
        done = db.session.execute(insert(table).values(values))
        last = done.inserted_primary_key[0]
    return last


def closing_all(ids: list[int], as_of: Any) -> Callable[[], int]:
    """Close each of them, in an order of one's own, as any number of schedulers might."""

    def work() -> int:
        random.Random(os.getpid()).shuffle(order := list(ids))
        while order:
            try:
                with transaction():
                    clock.step_due(order[-1], as_of)
            except OperationalError as busy:
                # A crowded SQLite refuses a writer after its 15 s; a scheduler comes again.
                if "locked" not in str(busy):
                    raise
            else:
                order.pop()
        return NOTHING

    return work


def count_sets(ids: list[int]) -> tuple[int, int]:
    """How many contests have an award twice, and how many lack one."""
    db.session.rollback()
    db.session.expire_all()
    double = missing = 0
    for ident in ids:
        rows = db.session.execute(
            select(Award.rule, Award.recipient).where(Award.contest_id == ident)
        ).all()
        double += len(rows) > len(set(rows))
        missing += len(set(rows)) < len(PRIZES)
    return double, missing


@pytest.mark.timeout(900)
def test_two_hundred_contests_closed_at_once_give_every_award_exactly_once(world):
    """TRUST I3: 64 processes x 200 contests on PostgreSQL, 8 x 40 on SQLite."""
    first = make_scheduled(world.programme, prizes=PRIZES)
    at = provisional(first.id)
    engine = db.engine.dialect.name
    ids = copies(first.id, CONTESTS[engine])
    codes = race(PROCESSES[engine], closing_all(ids, at), patience=800)
    assert codes == [NOTHING] * PROCESSES[engine]
    assert count_sets(ids) == (0, 0)
    assert ledger.verify() == []
    assert [line for line in checks.verify() if "award" in line or "held" in line] == []
    states = db.session.scalars(select(Contest.state).where(Contest.id.in_(ids))).all()
    assert set(states) == {"final"}
    keys = db.session.scalars(select(ContestEvent.key).where(ContestEvent.step == "finalise")).all()
    assert len(keys) == len(set(keys)) == len(ids)
    won = db.session.scalars(
        select(OutboxLetter.dedupe_key).where(OutboxLetter.kind == "incentives.won")
    ).all()
    assert len(won) == len(set(won)) == 6 * len(ids)


@pytest.mark.postgres_only
def test_canary_many_contests_closed_by_looking_first_give_awards_twice(world, monkeypatch):
    """Without lock and keys the same count goes red, so the test above can see it."""
    first = make_scheduled(world.programme, prizes=PRIZES)
    at = provisional(first.id)
    ids = copies(first.id, 6)
    with db.engine.begin() as connection:
        for name in ("uq_award_fact", "uq_award_entry_key"):
            connection.execute(text(f"ALTER TABLE award DROP CONSTRAINT {name}"))

    def naive(contest_id: int) -> Contest:
        found = db.session.get_one(Contest, contest_id, populate_existing=True)
        time.sleep(0.2)
        return found

    monkeypatch.setattr(clock, "locked", naive)
    monkeypatch.setattr(steps, "insert_missing", lambda *_args: 1)
    monkeypatch.setattr(award_steps, "insert_missing", lambda *_args: 1)
    monkeypatch.setattr(ledger, "book", lambda *_args, **_more: True)

    def in_one_order() -> int:
        for ident in ids:
            with transaction():
                clock.step_due(ident, at)
        return NOTHING

    race(8, in_one_order)
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        assert count_sets(ids) == (0, 0)


TRACES: dict[str, Any] = {
    "contest": select(Contest.id, Contest.state, Contest.rev, Contest.version, Contest.pauses),
    "dates": select(Contest.id, Contest.ends_at, Contest.result_hash, Contest.high_water_id),
    "event": select(ContestEvent.key, ContestEvent.to_state),
    "award": select(Award.entry_key, Award.state),
    "award event": select(AwardEvent.key),
    "entry": select(LedgerEntry.entry_key),
    "posting": select(Posting.account_id, Posting.amount),
    "account": select(LedgerAccount.code, LedgerAccount.balance, LedgerAccount.held),
    "hold": select(Hold.hold_key, Hold.state),
    "letter": select(OutboxLetter.dedupe_key),
    "thanks": select(Recognition.award_id, Recognition.person_id),
    "result": select(FrozenStanding.rev, FrozenStanding.unit_id, FrozenStanding.rank),
    "pause": select(ContestPause.number, ContestPause.opened_at, ContestPause.closed_at),
    "out": select(Disqualification.id, Disqualification.restored_at),
    "audit": select(AuditEntry.action, AuditEntry.subject),
    "board": select(Board.id, Board.ends_on, Board.closes_at, Board.frozen_rev, Board.is_listed),
}


def traces() -> dict[str, list[Any]]:
    """Everything a transition may leave behind."""
    db.session.rollback()
    db.session.expire_all()
    return {
        name: sorted(map(tuple, db.session.execute(query)), key=repr)
        for name, query in TRACES.items()
    }


Verb = Callable[[int], object]


def by_hand(verb: Callable[..., object], **given: Any) -> Callable[[World], tuple[int, Verb]]:
    """Nothing before it: a verb on a fresh draft."""

    def prepare(world: World) -> tuple[int, Verb]:
        contest = make_contest(world.programme, prizes=PRIZES)
        return contest.id, lambda ident: verb(ident, actor=SYSTEM, now=BEFORE, **given)

    return prepare


def submitted(verb: Callable[..., object], *args: Any) -> Callable[[World], tuple[int, Verb]]:
    def prepare(world: World) -> tuple[int, Verb]:
        contest = make_contest(world.programme, prizes=PRIZES)
        with transaction():
            contests.submit(contest.id, actor=SYSTEM, now=BEFORE)
        return contest.id, lambda ident: verb(ident, *args, actor=SYSTEM, now=BEFORE)

    return prepare


def clock_step(to: str, offset: str, *before: str) -> Callable[[World], tuple[int, Verb]]:
    """A step of the clock, taken as the terminal takes it: twice is once."""

    def prepare(world: World) -> tuple[int, Verb]:
        contest = make_scheduled(world.programme, prizes=PRIZES)
        for name in before:
            one_step(contest.id, getattr(db.session.get(Contest, contest.id), name))
        at = getattr(db.session.get(Contest, contest.id), offset)
        return contest.id, lambda ident: clock.advance(ident, State(to), actor=SYSTEM, now=at)

    return prepare


def one_step(contest_id: int, at: Any) -> None:
    with transaction():
        assert clock.step_due(contest_id, at).is_taken
    db.session.expire_all()


def prepare_pause(world: World) -> tuple[int, Verb]:
    contest = make_scheduled(world.programme, prizes=PRIZES, pause_moves_end=True)
    at = contest.starts_at
    one_step(contest.id, at)
    return contest.id, lambda ident: steering.pause(ident, "Down.", actor=SYSTEM, now=at + DAY)


def prepare_resume(world: World) -> tuple[int, Verb]:
    ident, pause = prepare_pause(world)
    with transaction():
        pause(ident)
    at = db.session.get(Contest, ident).starts_at + 3 * DAY
    return ident, lambda which: steering.resume(which, actor=SYSTEM, now=at)


def prepare_end_of_pause(world: World) -> tuple[int, Verb]:
    ident, pause = prepare_pause(world)
    with transaction():
        pause(ident)
    at = db.session.get(Contest, ident).ends_at
    return ident, lambda which: clock.step_due(which, at)


def prepare_upheld(world: World) -> tuple[int, Verb]:
    contest = make_scheduled(world.programme, prizes=PRIZES)
    at = provisional(contest.id) - DAY
    with transaction():
        who = actor(world.teams[1].members[1])
        doubt_id = doubts.open_dispute(contest.id, "I was ill.", actor=who, now=at).id
    decider = actor(make_person(role="sales_ops", enabled_on=None))
    return contest.id, lambda _ident: doubts.decide_dispute(
        doubt_id, is_upheld=True, answer="Right.", actor=decider, now=at
    )


def prepare_finalise(world: World) -> tuple[int, Verb]:
    contest = make_scheduled(world.programme, prizes=PRIZES)
    at = provisional(contest.id)
    return contest.id, lambda ident: clock.step_due(ident, at)


def final(world: World) -> tuple[int, Any]:
    ident, finalise = prepare_finalise(world)
    with transaction():
        finalise(ident)
    db.session.expire_all()
    return ident, db.session.get(Contest, ident).final_at


def prepare_adjust(world: World) -> tuple[int, Verb]:
    """Nobody of the first team was there: its prize moves, with every entry that takes."""
    ident, at = final(world)
    with writing():
        for rep in world.teams[0].members[1:]:
            make_absence(rep, MONDAY, MONDAY + 20 * DAY)
            make_change(rep)
    return ident, lambda which: adjusting.adjust(
        which, cause="roster", reason="Leave was missing.", actor=SYSTEM, now=at + DAY
    )


def prepare_archive(world: World) -> tuple[int, Verb]:
    ident, at = final(world)
    return ident, lambda which: clock.archive(which, decided_before=at + DAY, now=at + 900 * DAY)


def prepare_cancel(state: str) -> Callable[[World], tuple[int, Verb]]:
    def prepare(world: World) -> tuple[int, Verb]:
        contest = make_scheduled(world.programme, prizes=PRIZES)
        at = contest.starts_at
        if state == "provisional":
            at = provisional(contest.id)
        elif state == "running":
            one_step(contest.id, at)
        return contest.id, lambda ident: steering.cancel(ident, "No.", actor=SYSTEM, now=at)

    return prepare


def prepare_disqualify(world: World) -> tuple[int, Verb]:
    contest = make_scheduled(world.programme, prizes=PRIZES)
    at = provisional(contest.id)
    who = Subject(person_id=world.teams[0].members[0].id)
    return contest.id, lambda ident: exclusion.disqualify(
        ident, who, code="gaming", reason="A script.", actor=SYSTEM, now=at
    )


SCENES: dict[str, Callable[[World], tuple[int, Verb]]] = {
    "submit": by_hand(contests.submit),
    "send_back": submitted(contests.send_back, "Shorter."),
    "approve": submitted(contests.approve),
    "start": clock_step("running", "starts_at"),
    "pause": prepare_pause,
    "resume": prepare_resume,
    "end": clock_step("grace", "ends_at", "starts_at"),
    "end_of_pause": prepare_end_of_pause,
    "grace_over": clock_step("computing", "grace_ends_at", "starts_at", "ends_at"),
    "computed": clock_step("provisional", "grace_ends_at", "starts_at", "ends_at", "grace_ends_at"),
    "dispute_upheld": prepare_upheld,
    "finalise": prepare_finalise,
    "adjust": prepare_adjust,
    "cancel_running": prepare_cancel("running"),
    "cancel_provisional": prepare_cancel("provisional"),
    "archive": prepare_archive,
    "disqualify": prepare_disqualify,
}


def test_every_event_of_the_machine_is_killed_somewhere_below():
    killed = {name.removesuffix("_of_pause") for name in SCENES}
    killed |= {"cancel"} if "cancel_running" in SCENES else set()
    assert {edge.event for edge in EDGES} <= killed


def worked(contest_id: int, verb: Verb) -> Callable[[], int]:
    def work() -> int:
        with transaction():
            verb(contest_id)
        return TAKEN

    return work


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scene", SCENES)
def test_killed_before_any_statement_a_transition_is_whole_or_not_there(world, scene):
    """TRUST I7: before each statement, at COMMIT, after COMMIT; then the retry ends the same."""
    ident, verb = SCENES[scene](world)
    work = worked(ident, verb)
    before = traces()
    count = statements_of(work)
    assert count > 3
    assert traces() == before
    for number in range(1, count + 2):
        assert race(1, killed_at(number, work)) == [-signal.SIGKILL]
        assert traces() == before, f"{scene}, killed before statement {number} of {count}"
    assert race(1, killed_after_commit(work)) == [-signal.SIGKILL]
    after = traces()
    assert after["event"] != before["event"]
    race(1, work)
    assert traces() == after, f"{scene}: the retry changed something"
    assert ledger.verify() == []
    assert checks.verify() == []


def test_canary_a_decision_in_two_transactions_is_caught_half_done(world):
    """A naive decision commits its state first; the same check sees it lost between the two."""
    ident, finalise = prepare_finalise(world)
    before = traces()

    def naive() -> int:
        with transaction():
            db.session.execute(update(Contest).where(Contest.id == ident).values(state="final"))
        with transaction():
            db.session.execute(
                update(Contest).where(Contest.id == ident).values(state="provisional")
            )
            finalise(ident)
        return TAKEN

    def check() -> None:
        for number in range(1, 9):
            assert race(1, killed_at_any(number, naive)) == [-signal.SIGKILL]
            assert traces() == before

    with pytest.raises(AssertionError):
        check()
    assert traces()["contest"] != before["contest"]
    assert traces()["award"] == []


# One of each kind of scene: a step by hand, one that reserves money, the clock's, a pause, one that
# waits for people, one that gives, one that amends, one that takes back, one that leaves out.
NAIVE = ("submit", "approve", "start", "pause", "dispute_upheld", "finalise", "adjust")
NAIVE += ("cancel_provisional", "disqualify", "archive")


def in_pieces(work: Callable[[], int]) -> Callable[[], int]:
    """The work as somebody writes it who commits as they go: nothing is one transaction."""

    def run() -> int:
        def commit(connection: Any, *_args: object) -> None:
            connection.connection.dbapi_connection.commit()

        event.listen(db.engine, "after_cursor_execute", commit)
        return work()

    return run


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scene", NAIVE)
def test_canary_a_step_that_commits_as_it_goes_is_caught_half_done(world, scene):
    """The same kill, the same look afterwards: without one transaction some kill leaves a half."""
    ident, verb = SCENES[scene](world)
    work = worked(ident, verb)
    count = statements_of(work)
    before = traces()
    assert race(1, killed_at_any(count, in_pieces(work))) == [-signal.SIGKILL]
    with pytest.raises(AssertionError):
        assert traces() == before


def test_nothing_stays_stuck_after_a_restart(world):
    """A scheduler killed in the middle of a close is followed by one that ends as if alone."""
    contest = make_scheduled(world.programme, prizes=PRIZES)
    ident = contest.id
    at = provisional(ident)
    work = closing_all([ident], at)
    assert race(1, killed_at(12, work)) == [-signal.SIGKILL]
    assert race(2, work) == [NOTHING, NOTHING]
    db.session.expire_all()
    assert db.session.get(Contest, ident).state == "final"
    assert count_sets([ident]) == (0, 0)
    assert BROKEN not in race(2, work)
