"""Edge cases of CONTESTS that the life of a contest settles, each under its number."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from adoption.models import UsageEvent
from core import ledger
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotAllowed, TooLate
from core.ledger import Hold
from core.outbox import OutboxLetter
from core.policy import SYSTEM
from incentives import queries
from incentives.models import ContestEvent, SourceWaiver
from incentives.queries import checks, life
from incentives.rules.contests import State
from incentives.rules.exclusion import Subject
from incentives.services import (
    budgets,
    byhand,
    clock,
    contests,
    doubts,
    exclusion,
    steering,
    together,
)
from leaderboard.models import Board
from leaderboard.queries import reads
from leaderboard.rules.standing import Mode
from tests.contest_lives import (
    DAY,
    MONEY,
    WINDOW,
    declare,
    fix,
    fresh,
    letters,
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
    make_contest,
    make_plan,
    make_scheduled,
)
from tests.factories.people import make_person


@pytest.fixture
def world(app):
    return make_world()


def test_case_01_an_event_at_the_start_is_in_and_one_at_the_end_instant_is_out(world):
    programme, teams = world
    contest = make_scheduled(programme)
    row = fresh(contest)
    quay = teams[2].members
    make_event(programme, quay[0], row.starts_at)
    make_event(programme, quay[1], row.ends_at)
    make_event(programme, quay[2], row.starts_at - timedelta(microseconds=1))
    tick(row.starts_at)
    lines = {line.unit_id: line for line in standings(contest)}
    assert lines[teams[2].id].points == 10


def test_case_06_late_counts_until_the_grace_is_over_and_not_after(world):
    programme, teams = world
    contest = make_scheduled(programme)
    row = fresh(contest)
    last = row.ends_at - DAY
    make_event(programme, teams[2].members[0], last, received_at=last + 2 * DAY)
    make_event(programme, teams[2].members[1], last, received_at=last + 5 * DAY)
    row = to_provisional(contest)
    found = {place.unit: place.points for place in reads.frozen_places(row.board_id, 1)}
    assert found["Quay"] == 10


def test_case_07_a_declared_source_that_is_silent_blocks_the_result_until_it_reports(world):
    programme, _ = world
    contest = make_scheduled(programme, sources=("crm", "tool"))
    row = fresh(contest)
    declare(programme, "tool", row.ends_at)
    declare(programme, "crm", row.ends_at - DAY)
    tick(row.starts_at), tick(row.ends_at)
    assert tick(row.grace_ends_at)["waiting"] == 1
    assert fresh(contest).state == "grace"
    with pytest.raises(Conflict) as refused, transaction():
        clock.advance(contest.id, State.COMPUTING, actor=SYSTEM, now=row.grace_ends_at)
    assert refused.value.code == "guard"
    assert "crm" in refused.value.message
    declare(programme, "crm", row.ends_at)
    tick(row.grace_ends_at + DAY)
    done = fresh(contest)
    assert done.state == "provisional"
    assert done.high_water_id == db.session.scalar(
        select(UsageEvent.id).order_by(UsageEvent.id.desc()).limit(1)
    )


def test_case_07_or_sales_operations_waive_it_with_a_reason(world):
    programme, _ = world
    contest = make_scheduled(programme, sources=("crm",))
    row = fresh(contest)
    tick(row.starts_at), tick(row.ends_at), tick(row.grace_ends_at)
    who = ops()
    with pytest.raises(Invalid), transaction():
        steering.waive_source(contest.id, "crm", " ", actor=who, now=row.grace_ends_at)
    with pytest.raises(Invalid), transaction():
        steering.waive_source(contest.id, "erp", "Off.", actor=who, now=row.grace_ends_at)
    for _ in range(2):
        with transaction():
            steering.waive_source(contest.id, "crm", "Shut off.", actor=who, now=row.grace_ends_at)
    waiver = db.session.scalars(select(SourceWaiver)).one()
    assert (waiver.source, waiver.reason, waiver.waived_by_id) == (
        "crm",
        "Shut off.",
        who.person_id,
    )
    tick(row.grace_ends_at)
    assert fresh(contest).state == "provisional"
    with pytest.raises(TooLate), transaction():
        steering.waive_source(contest.id, "crm", "Again.", actor=who, now=row.grace_ends_at)


def test_case_12_with_one_team_left_the_contest_is_void_and_prizes_return(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=MONEY, team_ids=(teams[0].id, teams[1].id))
    row = to_provisional(contest)
    with transaction():
        exclusion.disqualify(
            contest.id,
            Subject(team_id=teams[1].id),
            code="not_eligible",
            reason="Not a sales team.",
            actor=SYSTEM,
            now=row.provisional_at,
        )
    tick(row.provisional_at)
    tick(fresh(contest).provisional_at + WINDOW)
    row = fresh(contest)
    assert row.state == "final"
    assert queries.awards(contest.id) == ()
    assert ledger.balance(contests.budget_account(row)) == 0
    assert ledger.spendable(contests.budget_account(row)) == 0
    last = queries.history(contest.id)[-1]
    assert last.reason.startswith("void")
    assert checks.verify() == []


def test_case_23_what_cancelled_and_void_contests_reserved_goes_back(world):
    programme, _ = world
    contest = make_scheduled(programme, prizes=MONEY)
    budget = contests.budget_account(fresh(contest))
    assert ledger.spendable(budget) == -150_000
    with transaction():
        steering.cancel(contest.id, "No.", actor=SYSTEM, now=BEFORE)
    assert (ledger.spendable(budget), ledger.balance(budget)) == (0, 0)


def test_case_26_one_act_feeds_several_contests(world):
    """No exclusive groups (CONTESTS, Settled): the same events score in both."""
    programme, teams = world
    first, second = make_scheduled(programme), make_scheduled(programme)
    tick(fresh(first).starts_at)
    scored = [{line.unit_id: line.points for line in standings(each)} for each in (first, second)]
    assert scored[0] == scored[1]
    assert scored[0][teams[0].id] == 160


def test_case_27_a_correction_while_open_moves_the_standings_as_a_recount_does(world):
    programme, teams = world
    contest = make_scheduled(programme)
    tick(fresh(contest).starts_at)
    before = {line.unit_id: line.points for line in standings(contest)}
    old = db.session.scalars(
        select(UsageEvent).where(UsageEvent.person_id == teams[0].members[0].id)
    ).first()
    moment = fresh(contest).ends_at - DAY
    fix(programme, teams[0].members[0], old, moment, voided=True)
    after = {line.unit_id: line.points for line in standings(contest)}
    assert after[teams[0].id] == before[teams[0].id] - 10
    assert checks.verify() == []


def test_case_29_once_scheduled_only_words_change_and_the_hash_of_the_rules_stays(world):
    programme, _ = world
    contest = make_scheduled(programme)
    before = fresh(contest).rules_hash
    with pytest.raises(Conflict) as refused, transaction():
        contests.change_draft(
            contest.id, make_plan(programme, slug=contest.slug), actor=SYSTEM, now=BEFORE
        )
    assert refused.value.code == "not_editable"
    with transaction():
        steering.change_texts(
            contest.id, title="Spring run", note="Bring cake.", actor=SYSTEM, now=BEFORE
        )
    row = fresh(contest)
    assert (row.title, row.note, row.rules_hash) == ("Spring run", "Bring cake.", before)
    assert db.session.get(Board, row.board_id).title == "Spring run"
    with pytest.raises(Invalid), transaction():
        steering.change_texts(contest.id, title=" ", actor=SYSTEM, now=BEFORE)
    to_final(contest)
    with pytest.raises(TooLate), transaction():
        steering.change_texts(contest.id, note="Too late.", actor=SYSTEM, now=BEFORE)


@pytest.mark.parametrize("days", [1, -1])
def test_case_30_nobody_extends_or_shortens_what_is_scheduled(world, days):
    programme, _ = world
    contest = make_scheduled(programme)
    row = fresh(contest)
    other = make_plan(programme, slug=contest.slug, last_on=row.last_on + days * DAY)
    with pytest.raises(Conflict), transaction():
        contests.change_draft(contest.id, other, actor=SYSTEM, now=BEFORE)
    assert fresh(contest).ends_at == row.ends_at


@pytest.mark.parametrize(("moves", "days"), [(True, 3), (False, 0)])
def test_case_30_a_pause_moves_the_end_only_where_the_rules_say_so(world, moves, days):
    programme, _ = world
    contest = make_scheduled(programme, pause_moves_end=moves, freeze_hours=24)
    row = fresh(contest)
    ends_at, last_on, start = row.ends_at, row.last_on, row.starts_at
    tick(start)
    with transaction():
        steering.pause(contest.id, "The tool is down.", actor=SYSTEM, now=start + DAY)
    with transaction():
        steering.resume(contest.id, actor=SYSTEM, now=start + 4 * DAY)
    with transaction():
        steering.resume(contest.id, actor=SYSTEM, now=start + 4 * DAY)
    row = fresh(contest)
    board = db.session.get(Board, row.board_id)
    [interval] = life.pauses(contest.id)
    assert (interval.opened_at, interval.closed_at) == (start + DAY, start + 4 * DAY)
    assert interval.moved_days == days
    assert (row.last_on, row.ends_at) == (last_on + days * DAY, ends_at + days * DAY)
    assert board.ends_on == row.last_on + DAY
    assert board.closes_at == row.grace_ends_at
    assert board.hides_at == row.ends_at - DAY
    tick(ends_at)
    assert fresh(contest).state == ("running" if moves else "grace")
    tick(ends_at + days * DAY)
    assert fresh(contest).state == "grace"
    assert {x.kind for x in letters("incentives.paused") + letters("incentives.resumed")} == {
        "incentives.paused",
        "incentives.resumed",
    }


def test_case_30_what_is_done_while_a_contest_rests_counts_like_any_other_day(world, sign_in_as):
    """One whose every event falls into the pause has the result of one that never rested."""
    programme, teams = world
    contest, other = (make_scheduled(programme, mode=Mode.TOTAL) for _ in range(2))
    start = fresh(contest).starts_at
    tick(start)
    with transaction():
        steering.pause(
            contest.id, "The tool is slow.", actor=SYSTEM, now=start + timedelta(hours=1)
        )
    rep = teams[2].members[0]
    make_usage(programme, rep, [MONDAY + 2 * DAY, MONDAY + 3 * DAY], kind="guided_use")
    said = " ".join(sign_in_as(rep).get(f"/contests/{contest.slug}").text.split())
    assert "What you do meanwhile counts; its end stays." in said
    assert "The tool is slow." in said
    with transaction():
        steering.resume(contest.id, actor=SYSTEM, now=start + 9 * DAY)
    assert standings(contest) == standings(other)
    assert next(line.points for line in standings(contest) if line.unit_id == teams[2].id) == 20
    said = " ".join(sign_in_as(rep).get(f"/contests/{contest.slug}").text.split())
    assert "What was done then counts; its end stayed." in said
    [told] = {letter.text for letter in letters("incentives.paused") if letter.person_id == rep.id}
    assert "What you do meanwhile counts." in told


def test_a_pause_needs_a_reason_and_ends_with_the_contest(world):
    programme, _ = world
    contest = make_scheduled(programme)
    row = fresh(contest)
    tick(row.starts_at)
    with pytest.raises(Invalid), transaction():
        steering.pause(contest.id, " ", actor=SYSTEM, now=row.starts_at)
    with pytest.raises(TooLate), transaction():
        steering.pause(contest.id, "Late.", actor=SYSTEM, now=row.ends_at)
    with transaction():
        steering.pause(contest.id, "Down.", actor=SYSTEM, now=row.starts_at)
    with pytest.raises(TooLate), transaction():
        steering.resume(contest.id, actor=SYSTEM, now=row.ends_at)
    tick(row.ends_at + DAY)
    [interval] = life.pauses(contest.id)
    assert interval.closed_at == row.ends_at


@pytest.mark.parametrize("state", ["draft", "submitted", "scheduled", "running", "grace"])
def test_case_31_called_off_before_final_usage_stays_and_prizes_return(world, state):
    programme, _ = world
    contest = make_contest(programme, prizes=MONEY)
    usage = len(db.session.scalars(select(UsageEvent)).all())
    if state != "draft":
        with transaction():
            contests.submit(contest.id, actor=SYSTEM, now=BEFORE)
    if state not in {"draft", "submitted"}:
        with transaction():
            contests.approve(contest.id, actor=SYSTEM, now=BEFORE)
    if state in {"running", "grace"}:
        tick(fresh(contest).starts_at)
    if state == "grace":
        tick(fresh(contest).ends_at)
    assert fresh(contest).state == state
    with transaction():
        steering.cancel(contest.id, "No.", actor=SYSTEM, now=fresh(contest).ends_at)
    assert fresh(contest).state == "cancelled"
    assert all(hold.state == "voided" for hold in db.session.scalars(select(Hold)))
    assert len(db.session.scalars(select(UsageEvent)).all()) == usage
    told = letters("incentives.called_off")
    assert len(told) == (0 if state in {"draft", "submitted"} else 11 + 3)
    assert checks.verify() == []


def test_case_31_a_final_contest_is_not_called_off_and_money_takes_two(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=MONEY)
    first, second = ops(), ops()
    with transaction():
        assert not together.do(
            "cancel", contest.slug, actor=first, now=BEFORE, reason="No."
        ).is_taken
    assert fresh(contest).state == "scheduled"
    with transaction():
        reached = byhand.advance(
            contest.slug, "cancelled", actor=second, now=BEFORE, reason="Agreed."
        )
    assert (reached.state, reached.waits_for) == ("cancelled", ())
    done = make_scheduled(programme)
    row = to_final(done)
    with pytest.raises(Conflict), transaction():
        steering.cancel(done.id, "No.", actor=SYSTEM, now=row.final_at)
    assert teams


def test_case_39_two_schedulers_one_transition_one_mail(world):
    programme, _ = world
    contest = make_scheduled(programme, prizes=MONEY)
    row = fresh(contest)
    for instant in (row.starts_at, row.ends_at, row.grace_ends_at, row.grace_ends_at + WINDOW):
        for _ in range(2):
            tick(instant)
    keys = db.session.scalars(select(ContestEvent.key)).all()
    assert len(keys) == len(set(keys))
    dedupe = db.session.scalars(select(OutboxLetter.dedupe_key)).all()
    assert len(dedupe) == len(set(dedupe))
    # After downtime everything is caught up in order, with the official instants.
    late = make_scheduled(programme, prizes=MONEY)
    tick(row.grace_ends_at + 30 * DAY)
    caught = [(event.step, event.at) for event in queries.history(late.id)]
    assert [step for step, _ in caught][2:] == ["start", "end", "grace_over", "computed"]
    assert [at for _, at in caught][2:5] == [row.starts_at, row.ends_at, row.grace_ends_at]


def test_two_revisions_are_never_worked_out_at_once(world):
    programme, teams = world
    contest = make_scheduled(programme)
    row = to_provisional(contest)
    now, who = row.provisional_at, ops()
    with transaction():
        ids = [
            doubts.open_dispute(contest.id, "Look.", actor=actor(rep), now=now).id
            for rep in teams[1].members[:2]
        ]
    with transaction():
        doubts.decide_dispute(ids[0], is_upheld=True, answer="Yes.", actor=who, now=now)
    with transaction():
        doubts.decide_dispute(ids[1], is_upheld=True, answer="Yes.", actor=who, now=now)
    row = fresh(contest)
    assert (row.state, row.rev) == ("computing", 2)
    keys = [event.key for event in queries.history(contest.id) if "compute:" in event.key]
    assert keys == [f"contest:{contest.id}:compute:{rev}" for rev in (1, 2)]


def test_case_23_reserved_and_given_never_pass_the_budget(world):
    programme, _ = world
    who, second = ops(), ops()
    with pytest.raises(NotAllowed), transaction():
        budgets.set_budget(programme, 300_000, actor=who, second=who, now=BEFORE)
    with transaction():
        left = budgets.set_budget(programme, 300_000, actor=who, second=second, now=BEFORE)
    assert left == 300_000
    first, _ = make_scheduled(programme, prizes=MONEY), make_scheduled(programme, prizes=MONEY)
    third = make_contest(programme, prizes=MONEY)
    code = budgets.budget_code(programme)
    assert ledger.spendable(code) == 0
    with transaction():
        contests.submit(third.id, actor=SYSTEM, now=BEFORE)
    with pytest.raises(Conflict) as refused, transaction():
        contests.approve(third.id, actor=SYSTEM, now=BEFORE)
    assert refused.value.code == "no_funds"
    assert "$1,500" in refused.value.message
    with pytest.raises(Conflict), transaction():
        budgets.set_budget(programme, 299_999, actor=who, second=second, now=BEFORE)
    with transaction():
        steering.cancel(first.id, "No.", actor=SYSTEM, now=BEFORE)
        contests.approve(third.id, actor=SYSTEM, now=BEFORE)
    to_final(third)
    assert ledger.balance(code) == 300_000 - 2 * 60_000
    assert ledger.spendable(code) == ledger.balance(code) >= 0
    with transaction():
        left = budgets.set_budget(programme, 500_000, actor=who, second=second, now=BEFORE)
    assert left == 500_000 - 2 * 60_000
    assert ledger.verify() == []


def test_case_23_at_the_terminal_a_budget_names_its_second(world, app):
    programme, _ = world
    who = make_person(role="sales_ops", enabled_on=None)
    other = make_person(role="executive", enabled_on=None)
    base = ["contests", "budget", programme.slug, "5000", "--by", who.key]
    alone = app.test_cli_runner().invoke(args=base)
    assert alone.exit_code == 2
    done = app.test_cli_runner().invoke(args=[*base, "--second", other.key])
    assert (done.exit_code, "5000 of it free" in done.output) == (0, True)
    unknown = [*base[:2], "nothing", *base[3:], "--second", other.key]
    assert app.test_cli_runner().invoke(args=unknown).exit_code == 2
