"""How many of a prize there are: asked at submission, kept under any number of hands at once."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit import AuditEntry
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotAllowed
from core.policy import SYSTEM
from incentives import queries
from incentives.models import Award, Prize
from incentives.queries import checks
from incentives.rules.prizes import PrizeTerms, Side, allocate, most_given, short_of
from incentives.services import award_steps, contests, stock
from incentives.services.contests import PrizePlan
from tests.contest_lives import fresh, make_world, ops, to_final
from tests.factories.incentives import BEFORE, make_contest, make_scheduled
from tests.processes import BROKEN, NOTHING, TAKEN, race

LEFT = 3


@pytest.fixture
def world(app):
    return make_world()


def cup(**given):
    return PrizePlan(title="Mug", **{"place": 1, **given})


ranks = st.lists(st.integers(1, 6), min_size=2, max_size=8)


@given(ranks=ranks, place=st.integers(1, 4), for_manager=st.booleans())
def test_no_result_gives_a_prize_more_often_than_was_asked_for(ranks, place, for_manager):
    """Places as competition ranks have them: 1, 1, 3, ..."""
    ordered = sorted(ranks)
    placed = [1 + sum(other < each for other in ordered) for each in ordered]
    sides = [Side(n, rank, 1, 1, 3) for n, rank in enumerate(placed)]
    prize = PrizeTerms(1, place, for_manager=for_manager)
    won = len(allocate([prize], sides, None)) * (2 if for_manager else 1)
    assert won <= most_given(prize, [len(sides)])


def test_how_often_a_prize_can_be_won():
    assert most_given(PrizeTerms(1, 1), [3]) == 3
    assert most_given(PrizeTerms(1, 3), [3]) == 1
    assert most_given(PrizeTerms(1, 4), [3]) == 0
    assert most_given(PrizeTerms(1, None), [3, 4]) == 7
    assert most_given(PrizeTerms(1, 2, for_manager=True), [3, 4]) == 2 * (2 + 3)
    assert short_of([PrizeTerms(1, 1, stock=3), PrizeTerms(2, 2, stock=1)], [3]) == (
        PrizeTerms(2, 2, stock=1),
        2,
    )
    assert short_of([PrizeTerms(1, 1, stock=3), PrizeTerms(2, 2)], [3]) is None


def test_a_contest_whose_prize_may_run_out_is_not_taken(world):
    programme, _ = world
    contest = make_contest(programme, prizes=(cup(stock=2),))
    with pytest.raises(Invalid) as refused, transaction():
        contests.submit(contest.id, actor=SYSTEM, now=BEFORE)
    assert refused.value.code == "no_stock"
    assert "There are 2 of Mug, but 3 could be won" in refused.value.message
    assert fresh(contest).state == "draft"
    enough = make_contest(programme, prizes=(cup(stock=3),))
    with transaction():
        contests.submit(enough.id, actor=SYSTEM, now=BEFORE)
    assert fresh(enough).terms["prizes"][0]["stock"] == 3
    plain = make_contest(programme, prizes=(cup(),))
    assert "stock" not in plain.terms["prizes"][0]


def test_what_is_given_is_counted_and_what_is_taken_back_is_there_again(world, sign_in_as):
    programme, teams = world
    contest = make_scheduled(programme, prizes=(cup(stock=3),))
    assert "3 of them" in sign_in_as(teams[0].members[0]).get(f"/contests/{contest.slug}").text
    contest = to_final(contest)
    [prize] = queries.prizes(contest.id)
    assert (prize.stock, prize.taken) == (3, 1)
    [award] = queries.awards(contest.id)
    for _ in range(2):
        with transaction():
            award_steps.reverse(award.id, "Wrong.", actor=SYSTEM, now=contest.final_at)
    db.session.expire_all()
    assert queries.prizes(contest.id)[0].taken == 0
    assert checks.verify() == []


def test_how_many_there_are_is_said_by_two_and_never_below_what_is_given(world):
    programme, _ = world
    contest = to_final(make_scheduled(programme, prizes=(cup(stock=3),)))
    who, second = ops(), ops()
    said = {"actor": who, "now": contest.final_at}
    with pytest.raises(NotAllowed), transaction():
        stock.adjust(contest, "Mug", 5, second=None, **said)
    with pytest.raises(NotAllowed), transaction():
        stock.adjust(contest, "Mug", 5, second=who, **said)
    with transaction():
        assert stock.adjust(contest, "Mug", 1, second=second, **said).stock == 1
    with pytest.raises(Invalid), transaction():
        stock.adjust(contest, "Mug", 0, second=second, **said)
    with transaction():
        db.session.query(Prize).update({"stock": 3, "taken": 2})
    with pytest.raises(Conflict), transaction():
        stock.adjust(contest, "Mug", 1, second=second, **said)
    assert db.session.query(AuditEntry).filter_by(action="prize.stock_adjust").count() == 1


def a_few_left(programme):
    """A prize with three left of three, and an award of it that nobody was given yet."""
    contest = make_scheduled(programme, prizes=(cup(stock=LEFT),))
    [prize] = queries.prizes(contest.id)
    return prize.id, Award(
        source="test",
        rule="test",
        recipient="test",
        rev=1,
        title="Mug",
        reason="Test",
        state="proposed",
        currency="USD",
        granted_at=BEFORE,
        entry_key="test",
        prize_id=prize.id,
    )


def giving(award):
    def work():
        try:
            with transaction():
                stock.take(award)
        except Conflict:
            return NOTHING
        return TAKEN

    return work


@pytest.mark.processes
def test_eight_at_once_get_the_three_that_are_left_and_five_are_refused(world):
    programme, _ = world
    prize_id, award = a_few_left(programme)
    codes = race(8, giving(award))
    assert codes.count(TAKEN) == LEFT
    assert codes.count(NOTHING) == 8 - LEFT
    db.session.expire_all()
    assert db.session.get(Prize, prize_id).taken == LEFT


@pytest.mark.processes
@pytest.mark.postgres_only
def test_canary_looking_without_the_lock_gives_more_than_there_are(world, monkeypatch):
    """Without the row lock the same race miscounts, so the test above can see it."""
    programme, _ = world
    prize_id, award = a_few_left(programme)

    def naive(model, ident):
        found = db.session.get(model, ident)
        time.sleep(0.3)
        return found

    monkeypatch.setattr(stock, "lock_row", naive)
    codes = race(8, giving(award))
    assert BROKEN not in codes
    db.session.expire_all()
    assert codes.count(TAKEN) > db.session.get(Prize, prize_id).taken
