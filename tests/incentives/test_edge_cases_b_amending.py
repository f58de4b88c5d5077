"""Edge cases of CONTESTS about corrections: left out, taken back, amended, by two people."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from adoption.models import UsageEvent
from core import ledger
from core.audit import AuditEntry
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotAllowed
from core.ledger import LedgerEntry
from core.policy import SYSTEM
from incentives import queries
from incentives.queries import checks, life
from incentives.rules.exclusion import Subject
from incentives.services import (
    adjusting,
    award_steps,
    ceremony,
    contests,
    doubts,
    exclusion,
    steering,
    together,
)
from leaderboard.models import Board, FrozenStanding
from tests.contest_lives import (
    DAY,
    MONEY,
    WINDOW,
    announce,
    away,
    fix,
    fresh,
    late_use,
    letters,
    make_world,
    ops,
    places,
    standings,
    tick,
    to_final,
    to_provisional,
)
from tests.factories.incentives import (
    actor,
    make_scheduled,
)
from tests.factories.people import writing


@pytest.fixture
def world(app):
    return make_world()


def test_case_14_a_wrong_roster_counts_while_open_and_amends_only_after_final(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=MONEY)
    row = to_final(contest)
    assert places(contest) == {"Harbour": 1, "Ridge": 2, "Quay": 3}
    away(teams[0].members[1:])
    tick(row.final_at + DAY)
    assert places(contest) == {"Harbour": 1, "Ridge": 2, "Quay": 3}
    with transaction():
        done = adjusting.adjust(
            contest.id,
            cause="roster",
            reason="Leave was missing.",
            actor=ops(),
            now=row.final_at + DAY,
        )
    assert {move.unit_id for move in done.moves} >= {teams[0].id, teams[1].id}
    assert places(contest) == {"Harbour": None, "Ridge": 1, "Quay": 2}
    assert fresh(contest).rev == 2
    kept = db.session.scalars(
        select(FrozenStanding.rank).where(
            FrozenStanding.board_id == row.board_id,
            FrozenStanding.rev == 1,
            FrozenStanding.unit_id == teams[0].id,
        )
    ).one()
    assert kept == 1


def test_case_14_the_steps_of_an_amendment_are_compensating_entries_and_letters(world):
    """Awards not announced yet are reversed and given anew; everybody concerned hears of it."""
    programme, teams = world
    contest = make_scheduled(programme, prizes=MONEY)
    row = to_final(contest)
    before = set(db.session.scalars(select(LedgerEntry.entry_key)))
    away(teams[0].members[1:])
    with transaction():
        adjusting.adjust(
            contest.id, cause="roster", reason="Leave.", actor=ops(), now=row.final_at + DAY
        )
    given = [(a.title, a.team_id, a.rev, a.state) for a in queries.awards(contest.id)]
    assert sorted(given) == [
        ("Breakfast", teams[1].id, 1, "reversed"),
        ("Breakfast", teams[2].id, 2, "granted"),
        ("Team dinner", teams[0].id, 1, "reversed"),
        ("Team dinner", teams[1].id, 2, "granted"),
    ]
    assert before <= set(db.session.scalars(select(LedgerEntry.entry_key)))
    budget = contests.budget_account(row)
    assert ledger.balance(budget) == 0
    assert ledger.balance(f"{budget}:contingency") == -60_000
    assert ledger.balance(contests.purse_account(row)) == 0
    assert ledger.verify() == []
    assert checks.verify() == []
    told = list(letters("incentives.amended"))
    mine = {letter.person_id for letter in told}
    assert {teams[0].lead.id, teams[1].lead.id, teams[2].lead.id} <= mine
    assert {rep.id for rep in teams[1].members} <= mine
    text = next(x.text for x in told if x.person_id == teams[1].members[0].id)
    assert "had 2nd place and now has 1st place" in text
    assert [e.key for e in queries.history(contest.id)][-1] == f"contest:{contest.id}:adjust:1"


def test_case_28_after_final_an_announced_prize_stays_and_who_is_newly_entitled_gets_it_too(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=MONEY[:1])
    row = to_final(contest)
    announce(contest, row.final_at + timedelta(minutes=5))
    late_use(programme, teams, row)
    tick(row.final_at + DAY)
    assert places(contest) == {"Harbour": 1, "Ridge": 2, "Quay": 3}
    away(teams[0].members[1:])
    budget = contests.budget_account(row)
    spent = ledger.balance(budget)
    with transaction():
        done = adjusting.adjust(
            contest.id, cause="late", reason="A feed was late.", actor=ops(), now=row.final_at + DAY
        )
    assert len(done.revision.kept) == 1
    assert done.revision.taken_back == ()
    assert places(contest)["Ridge"] == 1
    in_force = {(a.team_id, a.rev, a.state) for a in life.awards_in_force(contest.id)}
    assert (teams[0].id, 1, "announced") in in_force
    assert (teams[1].id, 2, "granted") in in_force
    assert ledger.balance(budget) == spent
    assert ledger.balance(f"{budget}:contingency") == -50_000 * (len(in_force) - 1)
    first = db.session.scalars(
        select(FrozenStanding.rank).where(
            FrozenStanding.board_id == row.board_id, FrozenStanding.rev == 1
        )
    ).all()
    assert sorted(first) == [1, 2, 3]
    assert checks.verify() == []


def test_case_28_for_fraud_an_announced_prize_is_taken_back(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=MONEY[:1])
    row = to_final(contest)
    announce(contest, row.final_at + timedelta(minutes=5))
    with transaction():
        exclusion.disqualify(
            contest.id,
            Subject(team_id=teams[0].id),
            code="gaming",
            reason="A script.",
            actor=SYSTEM,
            now=row.final_at + DAY,
        )
    assert places(contest) == {"Harbour": 1, "Ridge": 2, "Quay": 3}
    with transaction():
        adjusting.adjust(
            contest.id, cause="fraud", reason="A script.", actor=ops(), now=row.final_at + DAY
        )
    assert places(contest) == {"Ridge": 1, "Quay": 2}
    states = {award.team_id: award.state for award in queries.awards(contest.id)}
    assert states == {teams[0].id: "reversed", teams[1].id: "granted"}
    assert checks.verify() == []


def test_case_28_a_sources_deletions_alone_amend_nothing(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=MONEY)
    row = to_final(contest)
    for old in db.session.scalars(
        select(UsageEvent).where(UsageEvent.person_id == teams[0].members[0].id)
    ).all():
        fix(programme, teams[0].members[0], old, row.final_at + timedelta(hours=1), voided=True)
    for cause in ("late", "corrected"):
        with pytest.raises(Conflict) as refused, transaction():
            adjusting.adjust(
                contest.id, cause=cause, reason="Gone.", actor=ops(), now=row.final_at + DAY
            )
        assert refused.value.code == "only_deletions"
    with pytest.raises(Conflict) as same, transaction():
        adjusting.adjust(
            contest.id, cause="roster", reason="Gone.", actor=ops(), now=row.final_at + DAY
        )
    assert same.value.code == "nothing_changed"
    assert fresh(contest).rev == 1


def test_an_amendment_takes_two_people_and_a_reason(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=MONEY)
    row = to_final(contest)
    away(teams[0].members[1:])
    first, second, now = ops(), ops(), row.final_at + DAY
    slug, terms = contest.slug, {"cause": "roster"}
    with pytest.raises(Invalid), transaction():
        together.do("adjust", slug, actor=first, now=now, terms=terms)
    with pytest.raises(NotAllowed), transaction():
        together.do("adjust", slug, actor=actor(teams[0].lead), now=now, reason="x", terms=terms)
    with transaction():
        asked = together.do("adjust", slug, actor=first, now=now, reason="Leave.", terms=terms)
    assert not asked.is_taken
    with transaction():
        again = together.do("adjust", slug, actor=first, now=now, reason="Leave.", terms=terms)
    assert not again.is_taken
    assert fresh(contest).rev == 1
    [asking] = list(letters("incentives.second_asked"))
    assert asking.person_id == second.person_id
    with transaction():
        done = together.do("adjust", slug, actor=second, now=now, reason="Yes.", terms=terms)
    assert done.is_taken
    assert fresh(contest).rev == 2
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "contest.amended")
    ).one()
    assert (entry.actor_id, entry.detail["second"]) == (first.person_id, second.person_id)


def test_case_32_left_out_and_taken_back_in_the_standings_are_identical(world):
    programme, teams = world
    contest = make_scheduled(programme)
    tick(fresh(contest).starts_at)
    before = standings(contest)
    rep, now = teams[0].members[0], fresh(contest).ends_at - DAY
    looked = exclusion.preview(fresh(contest), Subject(person_id=rep.id), now)
    assert [move.unit_id for move in looked.moves] == [teams[0].id] or looked.moves == ()
    with transaction():
        row = exclusion.disqualify(
            contest.id,
            Subject(person_id=rep.id),
            code="gaming",
            reason="A script.",
            actor=SYSTEM,
            now=now,
        )
        ident = row.id
    without = {line.unit_id: line for line in standings(contest)}[teams[0].id]
    assert (without.roster, without.headcount, without.points) == (3, 3, 120)
    assert checks.verify() == []
    with pytest.raises(Conflict), transaction():
        exclusion.disqualify(
            contest.id,
            Subject(person_id=rep.id),
            code="gaming",
            reason="Again.",
            actor=SYSTEM,
            now=now,
        )
    for _ in range(2):
        with transaction():
            exclusion.restore(ident, "It was a colleague.", actor=SYSTEM, now=now)
    assert standings(contest) == before
    [kept] = life.disqualifications(contest.id)
    assert (kept.code, kept.reason, kept.restored_because) == (
        "gaming",
        "A script.",
        "It was a colleague.",
    )


def test_case_32_a_team_left_out_of_a_provisional_result_is_ranked_around_anew(world):
    programme, teams = world
    contest = make_scheduled(programme)
    row = to_provisional(contest)
    now = row.provisional_at + timedelta(hours=1)
    looked = exclusion.preview(row, Subject(team_id=teams[0].id), now)
    assert {(m.unit_id, m.rank_before, m.rank_after) for m in looked.moves} == {
        (teams[0].id, 1, None),
        (teams[1].id, 2, 1),
        (teams[2].id, 3, 2),
    }
    with transaction():
        exclusion.disqualify(
            contest.id,
            Subject(team_id=teams[0].id),
            code="conduct",
            reason="Shared sign-ins.",
            actor=SYSTEM,
            now=now,
        )
    assert (fresh(contest).state, fresh(contest).rev) == ("computing", 2)
    tick(now)
    assert places(contest) == {"Ridge": 1, "Quay": 2}
    told = letters("incentives.disqualification")
    assert [x.person_id for x in told] == [teams[0].lead.id]


def test_case_32_above_the_allowance_leaving_out_takes_a_second_person(world):
    programme, teams = world
    with writing():
        programme.prize_allowance_minor = 0
    contest = make_scheduled(programme, prizes=MONEY)
    tick(fresh(contest).starts_at)
    now = fresh(contest).starts_at + DAY
    first, second = ops(), ops()
    terms = {"team_id": teams[2].id, "code": "own_wish"}
    with transaction():
        asked = together.do(
            "disqualify", contest.slug, actor=first, now=now, reason="Asked.", terms=terms
        )
    assert not asked.is_taken
    assert life.left_out(contest.id) == ()
    [request] = life.open_seconds(contest.id)
    with pytest.raises(NotAllowed), transaction():
        together.settle(request.id, is_yes=True, actor=first, now=now)
    with transaction():
        together.settle(request.id, is_yes=True, actor=second, now=now)
    [row] = life.left_out(contest.id)
    assert (row.decided_by_id, row.second_id) == (first.person_id, second.person_id)


def test_case_33_a_doubt_alone_moves_no_rank_and_the_prizes_wait(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=MONEY)
    row = to_provisional(contest)
    before = places(contest)
    with transaction():
        doubts.open_dispute(
            contest.id, "Look again.", actor=actor(teams[1].members[0]), now=row.provisional_at
        )
    tick(row.provisional_at + 9 * DAY)
    assert places(contest) == before
    assert fresh(contest).state == "provisional"
    assert queries.awards(contest.id) == ()


def test_while_a_ceremony_seals_the_result_nothing_is_amended_or_taken_back(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=MONEY, pause_moves_end=True)
    row, who = fresh(contest), ops()
    tick(row.starts_at)
    with transaction():
        ceremony.plan(
            contest.slug, row.ends_at + 30 * DAY, release_days=7, actor=who, now=row.starts_at
        )
        steering.pause(contest.id, "Down.", actor=SYSTEM, now=row.starts_at)
    with transaction():
        steering.resume(contest.id, actor=SYSTEM, now=row.starts_at + 2 * DAY)
    row = fresh(contest)
    assert db.session.get(Board, row.board_id).hides_at == row.ends_at
    tick(row.ends_at)
    tick(row.grace_ends_at)
    tick(row.grace_ends_at + WINDOW)
    row = fresh(contest)
    assert row.state == "final"
    away(teams[0].members[1:])
    given = {"reason": "Leave.", "actor": SYSTEM, "now": row.final_at + DAY}
    with pytest.raises(Conflict) as sealed, transaction():
        adjusting.adjust(contest.id, cause="roster", **given)
    assert sealed.value.code == "sealed"
    for award in queries.awards(contest.id):
        with pytest.raises(Conflict) as kept, transaction():
            award_steps.reverse(award.id, "Wrong.", actor=SYSTEM, now=row.final_at + DAY)
        assert kept.value.code == "sealed"
    assert letters("incentives.amended") == letters("incentives.award_reversed") == []
