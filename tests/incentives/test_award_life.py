"""The life of an award: granted, waiting, dropped, taken back, proposed, unclaimed."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import ledger
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotAllowed
from core.ledger import LedgerEntry
from core.policy import SYSTEM
from incentives import jobs, queries
from incentives.models import Award, AwardEvent
from incentives.queries import checks, life
from incentives.rules.awards import AwardStep
from incentives.rules.exclusion import Subject
from incentives.services import adjusting, award_steps, contests, exclusion, steering
from incentives.services.award_steps import Proposal
from incentives.services.contests import PrizePlan
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import UnitKind
from people.models import Person
from tests.contest_lives import (
    DAY,
    MONEY,
    WINDOW,
    announce,
    fresh,
    held_award,
    make_world,
    ops,
    standings,
    tick,
    to_final,
    to_provisional,
)
from tests.factories.adoption import make_event, make_usage
from tests.factories.incentives import (
    BEFORE,
    MONDAY,
    actor,
    make_scheduled,
)
from tests.factories.people import writing


@pytest.fixture
def world(app):
    return make_world()


def test_case_23_what_nobody_claims_within_60_days_goes_back_and_the_award_waits_on(world):
    programme, _ = world
    award, contest, was_given = held_award(programme, left_on=MONDAY)
    assert not was_given
    assert (award.state, award.held_because) == ("held", "left")
    budget = contests.budget_account(contest)
    before = ledger.balance(budget)
    assert jobs.put_contests_away(contest.final_at + 59 * DAY)["unclaimed"] == 0
    assert jobs.put_contests_away(contest.final_at + 60 * DAY)["unclaimed"] == 1
    assert jobs.put_contests_away(contest.final_at + 61 * DAY)["unclaimed"] == 0
    assert ledger.balance(budget) == before + 700
    db.session.expire_all()
    assert db.session.get(Award, award.id).state == "held"
    with transaction():
        award_steps.release(award.id, actor=SYSTEM, now=contest.final_at + 70 * DAY)
    assert db.session.get(Award, award.id).state == "granted"
    assert ledger.balance(contests.purse_account(contest)) == 0
    assert ledger.verify() == []
    assert checks.verify() == []


def test_an_award_on_hold_is_released_once_or_dropped_by_two(world):
    programme, _ = world
    award, contest, _ = held_award(programme, status="suspended")
    assert award.held_because == "suspended"
    with transaction():
        award_steps.drop(award.id, "Dismissed for cause.", actor=SYSTEM, now=contest.final_at)
        award_steps.drop(award.id, "Dismissed for cause.", actor=SYSTEM, now=contest.final_at)
    assert db.session.get(Award, award.id).state == "rejected"
    assert ledger.balance(contests.purse_account(contest)) == 0
    with pytest.raises(Conflict), transaction():
        award_steps.release(award.id, actor=SYSTEM, now=contest.final_at)
    assert checks.verify() == []


def test_an_award_taken_back_leaves_what_was_spent_as_owed(world):
    programme, _ = world
    contest = to_final(make_scheduled(programme, prizes=(PrizePlan(title="Cup", place=1),)))
    [award] = queries.awards(contest.id)
    sink = f"awards:{award.recipient}"
    ledger_keys = len(db.session.scalars(select(LedgerEntry)).all())
    with transaction():
        ledger.book(
            "spent", [(sink, -1), ("awards:given", 1)], memo="spent", now=BEFORE, actor=SYSTEM
        )
    for _ in range(2):
        with transaction():
            award_steps.reverse(award.id, "Wrong team.", actor=SYSTEM, now=contest.final_at)
    assert ledger.balance(sink) == 0
    assert ledger.balance(f"receivable:{award.recipient}:award") == -1
    assert len(db.session.scalars(select(LedgerEntry)).all()) == ledger_keys + 2
    assert ledger.verify() == []
    assert checks.verify() == []


def test_a_proposed_award_is_answered_by_somebody_else_within_the_budget(world):
    _, teams = world
    boss, rep, who = actor(teams[0].lead), teams[0].members[0], ops()
    asked = Proposal(
        person_id=rep.id,
        title="Voucher",
        reason="Helped the new ones.",
        amount_minor=500,
        currency="USD",
        request_key="a",
    )
    with pytest.raises(NotAllowed), transaction():
        award_steps.propose(asked, actor=actor(rep), now=BEFORE)
    for _ in range(2):
        with transaction():
            ident = award_steps.propose(asked, actor=boss, now=BEFORE).id
    assert len(db.session.scalars(select(Award)).all()) == 1
    with pytest.raises(NotAllowed), transaction():
        award_steps.approve(ident, actor=boss, now=BEFORE)
    with pytest.raises(Conflict) as no_funds, transaction():
        award_steps.approve(ident, actor=who, now=BEFORE)
    assert no_funds.value.code == "not_covered"
    with transaction():
        ledger.open_account("bank", "USD", may_go_negative=True)
        ledger.open_account("award-budget:USD", "USD")
        ledger.book(
            "fund", [("bank", -600), ("award-budget:USD", 600)], memo="", now=BEFORE, actor=SYSTEM
        )
        award_steps.approve(ident, actor=who, now=BEFORE)
    assert db.session.get(Award, ident).state == "granted"
    assert ledger.spendable("award-budget:USD") == 100
    assert [event.step for event in life.award_history(ident)] == [
        "needs_approval",
        "approve",
        "grant",
    ]
    assert ledger.verify() == []
    assert checks.verify() == []


def test_a_proposal_nobody_answers_expires_and_one_refused_says_why(world):
    _, teams = world
    boss, rep = actor(teams[0].lead), teams[0].members[0]
    base = {"person_id": rep.id, "title": "T", "reason": "R", "amount_minor": 0, "currency": "USD"}
    with transaction():
        first = award_steps.propose(Proposal(**base, request_key="a"), actor=boss, now=BEFORE).id
        second = award_steps.propose(Proposal(**base, request_key="b"), actor=boss, now=BEFORE).id
    with pytest.raises(Invalid), transaction():
        award_steps.reject(second, " ", actor=ops(), now=BEFORE)
    with transaction():
        award_steps.reject(second, "Not this month.", actor=ops(), now=BEFORE)
    assert jobs.put_contests_away(BEFORE + 13 * DAY)["expired"] == 0
    assert jobs.put_contests_away(BEFORE + 14 * DAY)["expired"] == 1
    db.session.expire_all()
    assert db.session.get(Award, first).state == "expired"
    assert db.session.get(Award, second).state == "rejected"


def test_a_contest_is_put_away_by_the_retention_clock_unless_an_award_waits(world):
    programme, _ = world
    award, contest, _ = held_award(programme, left_on=MONDAY)
    keep = timedelta(days=730)
    assert jobs.put_contests_away(contest.final_at + keep)["archived"] == 0
    with transaction():
        award_steps.release(award.id, actor=SYSTEM, now=contest.final_at + keep)
    assert jobs.put_contests_away(contest.final_at + keep - DAY)["archived"] == 0
    assert jobs.put_contests_away(contest.final_at + keep)["archived"] == 1
    assert jobs.put_contests_away(contest.final_at + keep + DAY)["archived"] == 0
    assert fresh(contest).state == "archived"
    assert queries.history(contest.id)[-1].key == f"contest:{contest.id}:archive"
    with pytest.raises(Conflict), transaction():
        steering.cancel(contest.id, "No.", actor=SYSTEM, now=contest.final_at)


def test_an_award_walks_its_graph_under_its_keys(world):
    programme, _ = world
    contest = to_final(make_scheduled(programme, prizes=MONEY))
    announce(contest, contest.final_at + DAY)
    for award in queries.awards(contest.id):
        steps = [(event.step, event.key) for event in life.award_history(award.id)]
        assert steps == [
            (AwardStep.AUTO_APPROVE, f"award:{award.id}:approve"),
            (AwardStep.GRANT, award.entry_key),
            (AwardStep.ANNOUNCE, f"award:{award.id}:announce"),
        ]
    assert len(db.session.scalars(select(AwardEvent)).all()) == 6


def personal(programme, teams):
    """The two best reps of Harbour, by points, win money; a person races as one."""
    for rep, times in ((teams[0].members[0], 3), (teams[0].members[1], 2)):
        make_usage(programme, rep, [MONDAY + DAY], times=times, kind="guided_use")
    prizes = (
        PrizePlan(title="Voucher", place=1, cost_minor=900),
        PrizePlan(title="Book", place=2, cost_minor=100),
    )
    return make_scheduled(programme, kind=UnitKind.PERSON, mode=Mode.TOTAL, prizes=prizes)


def test_a_suspended_winners_award_waits_and_who_left_wins_nothing(world):
    programme, teams = world
    contest = personal(programme, teams)
    first, second = teams[0].members[:2]
    row = to_provisional(contest)
    with writing():
        db.session.get(Person, first.id).status = "suspended"
        db.session.get(Person, second.id).left_on = row.last_on
    tick(row.provisional_at + WINDOW)
    row = fresh(contest)
    assert row.state == "final"
    [award] = queries.awards(contest.id)
    assert (award.person_id, award.state, award.held_because) == (first.id, "held", "suspended")
    assert ledger.balance(contests.purse_account(row)) == 900
    assert ledger.spendable(contests.purse_account(row)) == 0
    with transaction():
        award_steps.release(award.id, actor=SYSTEM, now=row.final_at + DAY)
        award_steps.release(award.id, actor=SYSTEM, now=row.final_at + DAY)
    assert db.session.get(Award, award.id).state == "granted"
    assert ledger.balance(contests.purse_account(row)) == 0
    assert [given.person_id for given in queries.thanks(person_id=first.id)] == [first.id]
    assert ledger.verify() == []
    assert checks.verify() == []


def test_in_a_contest_of_persons_one_is_left_out_and_no_team_can_be(world):
    programme, teams = world
    contest = personal(programme, teams)
    tick(fresh(contest).starts_at)
    now = fresh(contest).ends_at - DAY
    given = {"code": "own_wish", "reason": "Asked.", "actor": SYSTEM, "now": now}
    with pytest.raises(Invalid), transaction():
        exclusion.disqualify(contest.id, Subject(team_id=teams[0].id), **given)
    with transaction():
        exclusion.disqualify(contest.id, Subject(person_id=teams[0].members[0].id), **given)
    first = next(line for line in standings(contest) if line.rank == 1)
    assert first.unit_id == teams[0].members[1].id


def test_who_left_after_the_decision_loses_nothing_by_an_amendment(world):
    programme, teams = world
    contest = personal(programme, teams)
    row = to_final(contest)
    rep = teams[0].members[0]
    with writing():
        db.session.get(Person, rep.id).left_on = row.final_at.date()
    moment = row.starts_at + timedelta(hours=30)
    make_event(
        programme, teams[2].members[0], moment, received_at=row.final_at + timedelta(hours=1)
    )
    with transaction():
        adjusting.adjust(
            contest.id, cause="late", reason="Late.", actor=SYSTEM, now=row.final_at + 9 * DAY
        )
    assert {award.state for award in queries.awards(contest.id)} == {"granted"}
    assert fresh(contest).rev == 2
