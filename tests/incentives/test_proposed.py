"""Awards people propose: who may, for whom, who answers, what it costs, who hears of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core import ledger
from core.audit import AuditEntry
from core.db import db, transaction
from core.outbox import OutboxLetter
from core.policy import SYSTEM
from incentives import jobs
from incentives.models import Award
from incentives.queries import checks
from incentives.services import budgets
from people.models import Person
from tests.factories.people import make_membership, make_person, make_team, writing
from tests.factories.programme import make_programme

NOON = datetime(2026, 3, 11, 15, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def world(app, at):
    """Two teams, each with its lead; a director over the first; one of sales operations."""
    at(NOON)
    programme = make_programme(slug="rollout")
    teams = [make_team(3, name="Harbour"), make_team(3, name="Ridge")]
    boss = make_person(role="director", name="Dora Ortega")
    ops = make_person(role="sales_ops", name="Sam Okafor")
    with writing():
        for person in (teams[0].lead, *teams[0].members):
            db.session.get(Person, person.id).manager_id = boss.id
    return programme, teams, boss, ops


def ask(visitor, rep, **given):
    values = {"who": rep.email, "title": "Voucher", "reason": "Closed the Ferro deal in a day."}
    key = re.search(r'name="request_key" value="(\w+)"', visitor.get("/awards/proposed").text)[1]
    return visitor.post("/awards/proposed", data=values | {"request_key": key} | given)


def only():
    db.session.expire_all()
    [award] = db.session.scalars(select(Award)).all()
    return award


def letters(kind):
    rows = select(OutboxLetter.person_id).where(OutboxLetter.kind == f"incentives.{kind}")
    return set(db.session.scalars(rows))


def test_a_lead_proposes_and_sales_operations_gives(world, sign_in_as):
    _, teams, boss, ops = world
    rep, lead = teams[0].members[0], sign_in_as(teams[0].lead)
    assert "Propose an award" in lead.get("/awards").text
    assert ask(lead, rep).status_code == 302
    award = only()
    assert (award.state, award.person_id) == ("pending_approval", rep.id)
    assert letters("award_asked") == {boss.id, ops.id}
    visitor = sign_in_as(ops)
    assert "1 proposed award waits for your answer" in visitor.get("/awards").text
    page = visitor.get("/awards/proposed").text
    for said in (rep.name, "Closed the Ferro deal in a day.", "Voucher", teams[0].lead.name):
        assert said in page
    assert visitor.post(f"/awards/proposed/{award.id}", data={"do": "confirm"}).status_code == 302
    assert only().state == "granted"
    assert letters("award_granted") == {rep.id}
    assert "Voucher" in sign_in_as(rep).get("/awards").text
    again = visitor.post(f"/awards/proposed/{award.id}", data={"do": "confirm"})
    assert again.status_code == 302
    assert ledger.verify() == []
    assert checks.verify() == []


def test_it_is_announced_once_its_letter_is_through(world, sign_in_as):
    _, teams, _, ops = world
    ask(sign_in_as(teams[0].lead), teams[0].members[0])
    sign_in_as(ops).post(f"/awards/proposed/{only().id}", data={"do": "confirm"})
    assert jobs.announce_awards(NOON)["announced"] == 0
    with writing():
        for row in db.session.scalars(select(OutboxLetter)):
            row.state = "sent"
    assert jobs.announce_awards(NOON)["announced"] == 1


def test_two_people_are_needed_while_there_are_two(world, sign_in_as):
    _, teams, boss, ops = world
    visitor = sign_in_as(ops)
    ask(visitor, teams[1].members[0])
    page = visitor.get("/awards/proposed").text
    # The director does not reach Ridge, so nobody else could answer: their own word is recorded.
    assert "your own yes is taken and recorded" in page
    other = make_person(role="executive", name="Victor Hale")
    assert "Somebody else has to say yes" in visitor.get("/awards/proposed").text
    visitor.post(f"/awards/proposed/{only().id}", data={"do": "confirm"})
    assert only().state == "pending_approval"
    sign_in_as(other).post(f"/awards/proposed/{only().id}", data={"do": "confirm"})
    assert only().state == "granted"
    assert boss.id not in letters("award_asked")


def test_where_nobody_else_could_say_yes_the_own_word_is_recorded(world, sign_in_as):
    _, teams, _, ops = world
    visitor = sign_in_as(ops)
    ask(visitor, teams[1].members[0])
    visitor.post(f"/awards/proposed/{only().id}", data={"do": "confirm"})
    assert only().state == "granted"
    actions = db.session.scalars(select(AuditEntry.action)).all()
    assert "award.second_missing" in actions


def test_a_no_needs_a_reason_and_its_proposer_reads_it(world, sign_in_as):
    _, teams, boss, _ = world
    ask(sign_in_as(teams[0].lead), teams[0].members[0])
    award = only()
    visitor = sign_in_as(boss)
    address = f"/awards/proposed/{award.id}"
    visitor.post(address, data={"do": "drop", f"reason_{award.id}": " "})
    assert only().state == "pending_approval"
    visitor.post(address, data={"do": "drop", f"reason_{award.id}": "The deal is not signed."})
    assert only().state == "rejected"
    assert letters("award_rejected") == {teams[0].lead.id}
    assert "The deal is not signed." in sign_in_as(teams[0].lead).get("/awards/proposed").text
    assert letters("award_granted") == set()


def test_a_proposal_nobody_answers_falls_and_its_proposer_hears_it(world, sign_in_as):
    _, teams, _, _ = world
    ask(sign_in_as(teams[0].lead), teams[0].members[0])
    jobs.put_contests_away(NOON + 14 * DAY)
    assert only().state == "expired"
    assert letters("award_expired") == {teams[0].lead.id}


def test_who_may_propose_for_whom_and_who_may_answer(world, sign_in_as):
    _, teams, boss, ops = world
    lead = sign_in_as(teams[0].lead)
    assert ask(lead, teams[1].members[0]).status_code == 422
    assert ask(lead, teams[0].lead).status_code in {403, 422}
    assert ask(sign_in_as(boss), teams[1].members[0]).status_code == 422
    assert db.session.scalars(select(Award)).all() == []
    assert ask(sign_in_as(boss), teams[0].members[0]).status_code == 302
    award = only()
    address = f"/awards/proposed/{award.id}"
    for who in (teams[0].lead, teams[0].members[0], teams[1].members[0]):
        assert sign_in_as(who).post(address, data={"do": "confirm"}).status_code in {403, 404}
    other_boss = sign_in_as("director")
    assert other_boss.post(address, data={"do": "x"}).status_code == 404
    rep = sign_in_as(teams[0].members[1])
    assert rep.get("/awards/proposed").status_code == 403
    assert "/awards/proposed" not in rep.get("/awards").text
    assert only().state == "pending_approval"
    assert ops.id is not None


def test_nobody_thanks_who_has_just_said_yes_to_them(world, sign_in_as):
    _, teams, boss, ops = world
    ask(sign_in_as(boss), teams[0].lead)
    sign_in_as(ops).post(f"/awards/proposed/{only().id}", data={"do": "confirm"})
    # The lead has a right over the team only: make who said yes one of it.
    with writing():
        make_membership(ops, teams[0].team)
    lead = sign_in_as(teams[0].lead)
    answer = ask(lead, ops)
    assert answer.status_code in {403, 422}
    assert "within the last seven days" in answer.text


def test_the_money_comes_out_of_the_prize_budget_and_never_more_than_is_there(world, sign_in_as):
    programme, teams, _, ops = world
    ask(sign_in_as(teams[0].lead), teams[0].members[0], amount="50")
    visitor = sign_in_as(ops)
    visitor.post(f"/awards/proposed/{only().id}", data={"do": "confirm"})
    assert only().state == "pending_approval"
    with transaction():
        budgets.set_budget(programme, 4_000, actor=SYSTEM, second=None, now=NOON)
    visitor.post(f"/awards/proposed/{only().id}", data={"do": "confirm"})
    assert only().state == "pending_approval"
    with transaction():
        budgets.set_budget(programme, 6_000, actor=SYSTEM, second=None, now=NOON)
    visitor.post(f"/awards/proposed/{only().id}", data={"do": "confirm"})
    assert (only().state, only().amount_minor) == ("granted", 5_000)
    assert ledger.spendable(budgets.budget_code(programme)) == 1_000
    assert ledger.balance(f"award-budget:{programme.currency}") == 0
    assert ledger.verify() == []
    assert checks.verify() == []


def test_what_is_typed_wrong_is_said_beside_it_and_asking_twice_asks_once(world, sign_in_as):
    _, teams, _, _ = world
    lead, rep = sign_in_as(teams[0].lead), teams[0].members[0]
    for field, value in (("title", " "), ("reason", " "), ("amount", "much"), ("who", "nobody")):
        answer = ask(lead, rep, **{field: value})
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
    assert db.session.scalars(select(Award)).all() == []
    for _ in range(2):
        assert ask(lead, rep, request_key="ab12").status_code == 302
    assert only().state == "pending_approval"
