"""Prizes of a bracket: reserved with the draw, given once to winner and runner-up, told, shown."""

from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from core import ledger
from core.db import db, transaction
from core.errors import Conflict, NotAllowed
from core.outbox import OutboxLetter
from core.policy import SYSTEM
from incentives import jobs, queries
from incentives.models import Award
from incentives.queries import checks, life
from incentives.services import award_steps, brackets, budgets
from incentives.services.brackets import PrizeOffer
from leaderboard.jobs import advance_brackets
from leaderboard.queries import series
from leaderboard.rules.standing import Mode
from leaderboard.services import BracketPlan
from tests.factories.adoption import make_usage
from tests.factories.incentives import BEFORE, GUIDED, MONDAY, actor
from tests.factories.people import make_person, make_team
from tests.factories.programme import make_programme
from tests.processes import NOTHING, TAKEN, race

DAY = timedelta(days=1)
PRIZES = (PrizeOffer("Team dinner", 1, 50_000), PrizeOffer("Breakfast", 2, 20_000))


@pytest.fixture
def world(app):
    """Harbour does most in the one round there is; Ridge is the other team."""
    programme = make_programme(slug="rollout", prize_allowance_minor=100_000)
    teams = [make_team(3, name="Harbour"), make_team(3, name="Ridge")]
    for rep in teams[0].members:
        make_usage(programme, rep, [MONDAY], times=2)
    return programme, teams


def plan(programme, teams, **given):
    values = {
        "programme_id": programme.id,
        "slug": "cup",
        "title": "Spring cup",
        "team_ids": tuple(team.id for team in teams),
        "rounds": ((MONDAY, MONDAY + 7 * DAY),),
        "rules": (GUIDED,),
        "mode": Mode.TOTAL,
    }
    return BracketPlan(**{**values, **given})


def draw(programme, teams, prizes=PRIZES, *, approver=None, **given):
    with transaction():
        return brackets.draw(
            plan(programme, teams, **given), prizes, actor=SYSTEM, approver=approver, now=BEFORE
        )


def decide():
    found = series.bracket_by_slug("cup")
    at = series.rounds(found.id)[-1].closes_at
    assert advance_brackets(at)["failed"] == 0
    return found.id, at


def given_to():
    db.session.expire_all()
    rows = db.session.scalars(select(Award).order_by(Award.place))
    return [(row.place, row.team_id, row.title, row.amount_minor, row.state) for row in rows]


def test_the_prizes_are_reserved_with_the_draw_and_given_once_the_final_is_decided(world):
    programme, teams = world
    with transaction():
        budgets.set_budget(programme, 100_000, actor=SYSTEM, second=None, now=BEFORE)
    budget = budgets.budget_code(programme)
    assert draw(programme, teams)
    assert not draw(programme, teams)
    assert ledger.spendable(budget) == 30_000
    assert jobs.award_brackets(BEFORE) == {}
    bracket_id, at = decide()
    assert jobs.award_brackets(at) == {"given": 2}
    assert jobs.award_brackets(at + DAY) == {}
    assert given_to() == [
        (1, teams[0].id, "Team dinner", 50_000, "granted"),
        (2, teams[1].id, "Breakfast", 20_000, "granted"),
    ]
    assert ledger.balance(award_steps.bracket_purse(bracket_id)) == 0
    assert ledger.balance(budget) == 30_000
    assert ledger.spendable(budget) == 30_000
    assert ledger.verify() == []
    assert checks.verify() == []


def test_who_was_on_the_roster_is_thanked_and_the_leads_hear_of_it(world, sign_in_as):
    programme, teams = world
    draw(programme, teams)
    _, at = decide()
    jobs.award_brackets(at)
    told = db.session.execute(
        select(OutboxLetter.person_id, OutboxLetter.subject).where(
            OutboxLetter.kind == "incentives.award_granted"
        )
    ).all()
    expected = {(rep.id, "Harbour won Spring cup") for rep in (*teams[0].members, teams[0].lead)}
    expected |= {
        (rep.id, "Ridge came second in Spring cup") for rep in (*teams[1].members, teams[1].lead)
    }
    assert {tuple(row) for row in told} == expected
    [thanks] = queries.thanks(person_id=teams[0].members[0].id)
    assert thanks.title == "Spring cup: Team dinner"
    page = " ".join(sign_in_as(teams[1].members[0]).get("/brackets/cup").text.split())
    assert "For the winner, worth $500: <b>Harbour</b>." in page
    assert "For the runner-up, worth $200: <b>Ridge</b>." in page
    awards = sign_in_as(teams[1].members[0]).get("/awards").text
    assert 'href="/brackets/cup"' in awards
    assert jobs.announce_awards(at)["announced"] == 0
    with transaction():
        for row in db.session.scalars(select(OutboxLetter)):
            row.state = "sent"
    assert jobs.announce_awards(at)["announced"] == 2


def test_an_award_of_a_bracket_is_taken_back_by_one_reversal_and_the_money_returns(world):
    programme, teams = world
    draw(programme, teams)
    _, at = decide()
    jobs.award_brackets(at)
    budget = budgets.budget_code(programme)
    before = ledger.balance(budget)
    first = db.session.scalars(select(Award).where(Award.place == 1)).one()
    for _ in range(2):
        with transaction():
            award_steps.reverse(first.id, "Wrong team.", actor=SYSTEM, now=at)
    assert ledger.balance(budget) == before + 50_000
    assert [event.step for event in life.award_history(first.id)][-1] == "reverse"
    assert jobs.award_brackets(at) == {}
    assert ledger.verify() == []
    assert checks.verify() == []


def test_prizes_above_the_allowance_need_somebodys_yes_and_money_that_is_there(world):
    programme, teams = world
    ops = actor(make_person(role="sales_ops", enabled_on=None))
    dear = (PrizeOffer("Trip", 1, 100_001),)
    with pytest.raises(NotAllowed):
        draw(programme, teams, dear)
    assert series.bracket_by_slug("cup") is None
    with transaction():
        budgets.set_budget(programme, 100_000, actor=SYSTEM, second=None, now=BEFORE)
    with pytest.raises(Conflict) as refused:
        draw(programme, teams, dear, approver=ops)
    assert refused.value.code == "no_funds"
    assert series.bracket_by_slug("cup") is None
    with transaction():
        budgets.set_budget(programme, 100_001, actor=SYSTEM, second=None, now=BEFORE)
    assert draw(programme, teams, dear, approver=ops)
    with pytest.raises(Conflict):
        draw(programme, teams, PRIZES)


def test_prizes_without_money_are_given_too_and_a_bracket_without_prizes_gives_none(world):
    programme, teams = world
    draw(programme, teams, (PrizeOffer("Cup", 1),))
    _, at = decide()
    assert jobs.award_brackets(at) == {"given": 1}
    assert given_to() == [(1, teams[0].id, "Cup", 0, "granted")]
    assert checks.verify() == []
    draw(programme, teams, (), slug="plain", rounds=((MONDAY, MONDAY + 7 * DAY),))
    assert advance_brackets(at)["failed"] == 0
    assert jobs.award_brackets(at) == {}


@pytest.mark.processes
def test_eight_processes_giving_at_once_give_once(world):
    programme, teams = world
    draw(programme, teams)
    bracket_id, at = decide()

    def work():
        with transaction():
            return TAKEN if brackets.give(bracket_id, at) else NOTHING

    codes = race(8, work)
    assert sorted(codes) == [TAKEN, *[NOTHING] * 7]
    assert len(given_to()) == 2
    assert ledger.balance(award_steps.bracket_purse(bracket_id)) == 0
    assert ledger.verify() == []
    assert checks.verify() == []


def test_where_neither_can_be_ranked_the_better_seed_wins_and_the_other_is_second(world):
    """Both teams are too small: the better seed wins, the other one is still second."""
    programme, teams = world
    draw(programme, teams, min_team_size=Fraction(9))
    _, at = decide()
    jobs.award_brackets(at)
    assert [row[:2] for row in given_to()] == [(1, teams[0].id), (2, teams[1].id)]
