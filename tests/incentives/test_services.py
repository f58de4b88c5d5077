"""The verbs of contests over a real database: what changed, who was told, what was refused."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from core import audit, ledger
from core.audit import AuditEntry
from core.db import db, delete_where, transaction
from core.errors import Conflict, Invalid, NotAllowed
from core.ledger import Hold, LedgerEntry
from core.outbox import LetterState, OutboxLetter
from core.policy import SYSTEM
from incentives import jobs, queries
from incentives.models import Award, AwardEvent, Contest, ContestEvent, Recognition
from incentives.queries import checks
from incentives.rules.contests import State
from incentives.services import awards, clock, contests, doubts, steering
from incentives.services.contests import PrizePlan
from leaderboard import services as boards
from leaderboard.models import Board, FrozenStanding, MemberRow
from leaderboard.queries import reads
from tests.factories.adoption import make_event, make_usage
from tests.factories.incentives import (
    BEFORE,
    MONDAY,
    actor,
    make_contest,
    make_plan,
    make_scheduled,
)
from tests.factories.people import make_person, make_team, writing
from tests.factories.programme import make_programme

F = Fraction
DAY = timedelta(days=1)
FOUR = [MONDAY + n * DAY for n in (0, 1, 7, 8)]
PODIUM = (
    PrizePlan(title="Team dinner", place=1, cost_minor=50_000),
    PrizePlan(title="Breakfast", place=2, cost_minor=10_000),
    PrizePlan(title="Cake", place=None, cost_minor=2_000),
)


@pytest.fixture
def world(app):
    """Three teams: all five met, two of four met, nobody of three."""
    programme = make_programme(prize_allowance_minor=1_000_000)
    teams = [make_team(5, name="Harbour"), make_team(4, name="Ridge"), make_team(3, name="Quay")]
    for rep in (*teams[0].members, *teams[1].members[:2]):
        make_usage(programme, rep, FOUR)
    return programme, teams


def run(contest, as_of):
    counts = jobs.open_close_contests(as_of)
    db.session.expire_all()
    return counts


def fresh(contest) -> Contest:
    db.session.expire_all()
    return db.session.get(Contest, contest.id)


def letters(kind):
    return db.session.scalars(select(OutboxLetter).where(OutboxLetter.kind == kind)).all()


def to_the_end(contest):
    """Every step at its official instant."""
    row = fresh(contest)
    for instant in (row.starts_at, row.ends_at, row.grace_ends_at):
        run(contest, instant)
    run(contest, row.grace_ends_at + timedelta(hours=72))


def test_launch_within_the_allowance_is_approved_by_the_rule(world):
    programme, teams = world
    lead = actor(teams[0].lead)
    contest = make_contest(programme, by=lead, prizes=PODIUM, goal=F(1, 2))
    with transaction():
        contests.launch(contest.id, actor=lead, now=BEFORE)
    row = fresh(contest)
    assert (row.state, row.author_id, row.approver_id) == ("scheduled", lead.person_id, None)
    # The worst tie of three teams: three dinners; and three cakes for the goal.
    assert row.liability_minor == 150_000 + 6_000
    hold = db.session.scalars(select(Hold)).one()
    assert (hold.amount, hold.state) == (156_000, "pending")
    assert db.session.get(Board, row.board_id).is_listed
    told = letters("incentives.announced")
    assert len(told) == 12 + 3
    assert all(letter.use_by == row.ends_at for letter in told)
    assert "Harbour" in next(x.text for x in told if x.person_id == teams[0].members[0].id)
    assert [e.action for e in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))] == [
        "contest.create_draft",
        "contest.submit",
        "contest.approve",
    ]
    assert audit.verify() is None


def test_above_the_allowance_somebody_else_has_to_say_yes(app):
    programme = make_programme()
    teams = [make_team(3), make_team(3)]
    ops = make_person(role="sales_ops", enabled_on=None)
    lead = actor(teams[0].lead)
    contest = make_contest(programme, by=lead, prizes=PODIUM)
    with transaction():
        contests.launch(contest.id, actor=lead, now=BEFORE)
    assert fresh(contest).state == "submitted"
    [asked] = letters("incentives.approval_asked")
    assert asked.person_id == ops.id
    assert "$1,040" in asked.text
    with pytest.raises(NotAllowed), transaction():
        contests.approve(contest.id, actor=lead, now=BEFORE)
    with transaction():
        contests.approve(contest.id, actor=actor(ops), now=BEFORE)
    assert fresh(contest).approver_id == ops.id


def test_where_nobody_else_may_approve_the_author_confirms_and_it_is_recorded(app):
    programme = make_programme()
    make_team(3), make_team(3)
    ops = make_person(role="sales_ops", enabled_on=None)
    contest = make_contest(programme, by=actor(ops), prizes=PODIUM)
    with transaction():
        contests.submit(contest.id, actor=actor(ops), now=BEFORE)
        contests.approve(contest.id, actor=actor(ops), now=BEFORE)
    last = queries.history(contest.id)[-1]
    assert (last.step, last.actor_id) == ("approve", ops.id)
    assert "author" in last.reason


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"team_ids": ()}, "teams"),
        ({"starts_on": MONDAY - 2 * DAY, "last_on": MONDAY - DAY}, "dates"),
    ],
)
def test_what_cannot_be_submitted(world, change, code):
    programme, _ = world
    contest = make_contest(programme, **change)
    with pytest.raises(Invalid) as refused, transaction():
        contests.submit(contest.id, actor=SYSTEM, now=BEFORE)
    assert refused.value.code == code
    assert fresh(contest).state == "draft"


def test_sent_back_changed_and_handed_in_again(world):
    programme, teams = world
    contest = make_contest(programme, by=actor(teams[0].lead))
    with transaction():
        contests.submit(contest.id, actor=actor(teams[0].lead), now=BEFORE)
    with pytest.raises(Invalid), transaction():
        contests.send_back(contest.id, " ", actor=SYSTEM, now=BEFORE)
    with transaction():
        contests.send_back(contest.id, "Shorter, please.", actor=SYSTEM, now=BEFORE)
    before = fresh(contest).rules_hash
    shorter = make_plan(programme, slug=contest.slug, last_on=MONDAY + 6 * DAY)
    with transaction():
        assert contests.change_draft(contest.id, shorter, actor=SYSTEM, now=BEFORE)
        assert not contests.change_draft(contest.id, shorter, actor=SYSTEM, now=BEFORE)
        contests.submit(contest.id, actor=actor(teams[0].lead), now=BEFORE)
    row = fresh(contest)
    assert row.rules_hash != before
    assert [event.key.split(":", 2)[2] for event in queries.history(row.id)] == [
        "submit:1",
        "sendback:1",
        "submit:2",
    ]
    with pytest.raises(Conflict), transaction():
        contests.change_draft(
            contest.id, make_plan(programme, slug=contest.slug), actor=SYSTEM, now=BEFORE
        )


def test_a_repeated_verb_changes_nothing(world):
    programme, _ = world
    contest = make_contest(programme, prizes=PODIUM)
    for _ in range(2):
        with transaction():
            contests.submit(contest.id, actor=SYSTEM, now=BEFORE)
    for _ in range(2):
        with transaction():
            contests.approve(contest.id, actor=SYSTEM, now=BEFORE)
    assert len(queries.history(contest.id)) == 2
    assert len(db.session.scalars(select(Hold)).all()) == 1


def test_from_start_to_awards(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=PODIUM, goal=F(1, 2))
    to_the_end(contest)
    row = fresh(contest)
    assert row.state == "final"
    assert [event.to_state for event in queries.history(row.id)] == [
        "submitted",
        "scheduled",
        "running",
        "grace",
        "computing",
        "provisional",
        "final",
    ]
    # Harbour 5 of 5; Ridge 2 of 4, whose adjusted score (2 + 10 * 7/12) / 14 reaches the goal.
    given = [(award.title, award.team_id, award.amount_minor) for award in queries.awards(row.id)]
    assert given == [
        ("Team dinner", teams[0].id, 50_000),
        ("Breakfast", teams[1].id, 10_000),
        ("Cake", teams[0].id, 2_000),
        ("Cake", teams[1].id, 2_000),
    ]
    check_books(row, 64_000)
    assert len(db.session.scalars(select(Recognition)).all()) == 5 * 2 + 4 * 2
    won = letters("incentives.won")
    assert {letter.person_id for letter in won} == {
        rep.id for team in teams[:2] for rep in team.members
    }
    mine = next(x for x in won if x.person_id == teams[0].members[0].id)
    assert "Harbour won" in mine.text
    assert "On 4 days" in mine.text
    assert "None" not in mine.text + mine.html
    assert "\u2063" not in mine.text + mine.html + mine.subject
    assert len(letters("incentives.led")) == 2
    # Everybody else: Quay's three reps and their lead.
    assert {letter.person_id for letter in letters("incentives.result")} == {
        *(rep.id for rep in teams[2].members),
        teams[2].lead.id,
    }
    board = db.session.get(Board, row.board_id)
    assert board.frozen_at == row.final_at
    table = reads.current_table(board, row.final_at)
    assert [(p.unit, p.rank, p.score) for p in table.places] == [
        ("Harbour", 1, F(1)),
        ("Ridge", 2, F(1, 2)),
        ("Quay", 3, F(0)),
    ]


def check_books(contest, spent):
    """Awards and entries are one to one, nothing is held, and the sums add up."""
    given = queries.awards(contest.id)
    entries = set(db.session.scalars(select(LedgerEntry.entry_key)))
    assert {award.entry_key for award in given} <= entries
    assert len([key for key in entries if key.startswith("award:")]) == len(given)
    assert sum(award.amount_minor for award in given) == spent
    assert ledger.balance(contests.purse_account(contest)) == 0
    assert ledger.balance(contests.budget_account(contest)) == -spent
    assert all(hold.state != "pending" for hold in db.session.scalars(select(Hold)))
    assert ledger.verify() == []


def test_case_39_running_the_job_again_changes_nothing(world):
    programme, _ = world
    contest = make_scheduled(programme, prizes=PODIUM)
    to_the_end(contest)
    before = counts()
    row = fresh(contest)
    assert run(contest, row.grace_ends_at + timedelta(hours=72)) == {}
    assert run(contest, row.grace_ends_at + timedelta(days=90)) == {}
    assert counts() == before


def counts():
    db.session.rollback()
    return [
        len(db.session.scalars(select(model)).all())
        for model in (Award, LedgerEntry, OutboxLetter, ContestEvent, AuditEntry, FrozenStanding)
    ]


def test_a_run_days_late_gives_the_result_of_an_on_time_run(world):
    programme, teams = world
    on_time = make_scheduled(programme, prizes=PODIUM)
    late = make_scheduled(programme, prizes=PODIUM)
    row = fresh(on_time)
    for instant in (row.starts_at, row.ends_at, row.grace_ends_at):
        clock_only(on_time, instant)
    # Came after the grace: neither run may count it.
    last_day = row.ends_at - timedelta(hours=3)
    for day in range(4):
        make_event(
            programme,
            teams[2].members[0],
            last_day - day * DAY,
            received_at=row.grace_ends_at + timedelta(hours=1),
        )
    clock_only(late, row.grace_ends_at + timedelta(days=5))
    first, second = fresh(on_time), fresh(late)
    assert first.state == second.state == "provisional"
    assert first.result_hash == second.result_hash
    assert [e.at for e in queries.history(first.id)][2:] == [
        e.at for e in queries.history(second.id)
    ][2:]
    # The window to doubt runs from the notice, not from the end.
    assert second.provisional_at == row.grace_ends_at + timedelta(days=5)
    assert clock_only(late, second.provisional_at + timedelta(hours=71)) == 0
    assert clock_only(late, second.provisional_at + timedelta(hours=72)) == 1


def clock_only(contest, as_of) -> int:
    taken = 0
    while True:
        with transaction():
            step = clock.step_due(contest.id, as_of)
        if step is None or not step.is_taken:
            return taken
        taken += 1


def test_case_12_a_contest_with_one_ranked_team_gives_nothing_and_prizes_return(app):
    programme = make_programme(prize_allowance_minor=10**6)
    make_team(5, name="Large"), make_team(2, name="Small")
    contest = make_scheduled(programme, prizes=PODIUM, goal=F(1, 100))
    to_the_end(contest)
    row = fresh(contest)
    assert row.state == "final"
    assert queries.awards(row.id) == ()
    check_books(row, 0)
    assert letters("incentives.won") == []


def test_case_22_a_reserve_not_reached_goes_back_to_the_budget(world):
    programme, _ = world
    dear = (PrizePlan(title="Trip", place=2, cost_minor=900, reserve_score=F(3, 4)),)
    contest = make_scheduled(programme, prizes=dear)
    to_the_end(contest)
    assert queries.awards(contest.id) == ()
    check_books(fresh(contest), 0)


def test_case_19_23_a_tie_for_first_pays_both_out_of_what_was_reserved(app):
    programme = make_programme(prize_allowance_minor=10**6)
    teams = [make_team(3, name="A"), make_team(3, name="B"), make_team(3, name="C")]
    for team in teams[:2]:
        make_usage(programme, team.members[0], FOUR)
    contest = make_scheduled(programme, prizes=PODIUM[:2])
    to_the_end(contest)
    assert [(a.place, a.team_id) for a in queries.awards(contest.id)] == [
        (1, teams[0].id),
        (1, teams[1].id),
    ]
    check_books(fresh(contest), 100_000)


def test_case_16_who_left_before_the_decision_is_not_thanked_and_points_stay(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=PODIUM[:1])
    row = fresh(contest)
    for instant in (row.starts_at, row.ends_at, row.grace_ends_at):
        run(contest, instant)
    leaver = teams[0].members[0]
    with writing():
        db.session.get(type(leaver), leaver.id).left_on = row.last_on
    run(contest, row.grace_ends_at + timedelta(hours=72))
    assert leaver.id not in {x.person_id for x in letters("incentives.won")}
    assert reads.current_table(db.session.get(Board, row.board_id), BEFORE).places[0].points == 200


def test_a_doubt_stops_the_clock_and_upheld_it_is_worked_out_anew(world):
    programme, teams = world
    contest = make_scheduled(programme, prizes=PODIUM)
    row = fresh(contest)
    for instant in (row.starts_at, row.ends_at, row.grace_ends_at):
        run(contest, instant)
    rep = actor(teams[1].members[3])
    with transaction():
        doubt = doubts.open_dispute(
            contest.id, "I was ill all of it.", actor=rep, now=row.grace_ends_at
        )
    later = row.grace_ends_at + timedelta(hours=80)
    assert run(contest, later)["waiting"] == 1
    assert fresh(contest).state == "provisional"
    assert queries.instants(later, later + 9 * DAY) == ()
    from tests.factories.people import make_absence, make_change

    with writing():
        make_absence(teams[1].members[3], MONDAY, MONDAY + 13 * DAY)
        make_change(teams[1].members[3])
    ops = actor(make_person(role="sales_ops"))
    with pytest.raises(NotAllowed), transaction():
        doubts.decide_dispute(doubt.id, is_upheld=True, answer="Me.", actor=rep, now=later)
    with transaction():
        doubts.decide_dispute(doubt.id, is_upheld=True, answer="True.", actor=ops, now=later)
    run(contest, later)
    row = fresh(contest)
    assert (row.state, row.rev) == ("provisional", 2)
    run(contest, row.provisional_at + timedelta(hours=72))
    row = fresh(contest)
    assert row.state == "final"
    kept = db.session.execute(
        select(FrozenStanding.rev, FrozenStanding.roster).where(
            FrozenStanding.board_id == row.board_id, FrozenStanding.unit_id == teams[1].id
        )
    ).all()
    assert sorted(tuple(pair) for pair in kept) == [(1, 4), (2, 3)]
    assert {award.rev for award in queries.awards(row.id)} == {2}
    check_books(row, 60_000)


def test_a_recount_that_differs_stops_the_contest_and_says_so(world, monkeypatch):
    programme, _ = world
    contest = make_scheduled(programme)
    row = fresh(contest)
    monkeypatch.setattr(boards, "second_opinion", lambda _board_id: "something else")
    for instant in (row.starts_at, row.ends_at, row.grace_ends_at):
        run(contest, instant)
    row = fresh(contest)
    assert row.state == "computing"
    assert "differ" in row.alarm
    assert queries.instants(row.grace_ends_at, row.grace_ends_at + 99 * DAY) == ()
    monkeypatch.undo()
    with transaction():
        clock.advance(contest.id, State.PROVISIONAL, actor=SYSTEM, now=row.grace_ends_at)
    assert fresh(contest).alarm is None


def test_called_off_money_returns_and_everybody_hears_why(world):
    programme, _ = world
    contest = make_scheduled(programme, prizes=PODIUM)
    run(contest, fresh(contest).starts_at)
    with pytest.raises(Invalid), transaction():
        steering.cancel(contest.id, "", actor=SYSTEM, now=BEFORE)
    for _ in range(2):
        with transaction():
            steering.cancel(contest.id, "The tool was down.", actor=SYSTEM, now=BEFORE + 9 * DAY)
    row = fresh(contest)
    assert row.state == "cancelled"
    assert len(letters("incentives.called_off")) == 15
    check_books(row, 0)
    assert run(contest, row.grace_ends_at + 30 * DAY) == {}


def test_paused_resumed_and_ended_while_paused(world):
    programme, _ = world
    contest = make_scheduled(programme)
    row = fresh(contest)
    run(contest, row.starts_at)
    for n in range(2):
        with transaction():
            steering.pause(contest.id, "Quarter end.", actor=SYSTEM, now=row.starts_at + n * DAY)
            steering.pause(contest.id, "Quarter end.", actor=SYSTEM, now=row.starts_at + n * DAY)
        if n == 0:
            with transaction():
                steering.resume(contest.id, actor=SYSTEM, now=row.starts_at + DAY)
    assert fresh(contest).state == "paused"
    run(contest, row.ends_at)
    assert fresh(contest).state == "grace"
    assert [e.step for e in queries.history(contest.id)][2:] == [
        "start",
        "pause",
        "resume",
        "pause",
        "end",
    ]


def test_steps_by_hand_keep_the_guards_of_the_clock(world):
    programme, _ = world
    contest = make_scheduled(programme)
    row = fresh(contest)
    with pytest.raises(Conflict) as early, transaction():
        clock.advance(contest.id, State.RUNNING, actor=SYSTEM, now=BEFORE)
    assert early.value.code == "too_early"
    with pytest.raises(Conflict) as skipping, transaction():
        clock.advance(contest.id, State.GRACE, actor=SYSTEM, now=row.ends_at)
    assert skipping.value.code == "wrong_state"
    with transaction():
        clock.advance(contest.id, State.RUNNING, actor=SYSTEM, now=row.starts_at)
        clock.advance(contest.id, State.RUNNING, actor=SYSTEM, now=row.starts_at)
    assert fresh(contest).state == "running"


def test_an_award_is_announced_once_its_letters_are_through(world):
    programme, _ = world
    contest = make_scheduled(programme, prizes=PODIUM[:1])
    to_the_end(contest)
    later = fresh(contest).final_at + DAY
    assert jobs.announce_awards(later) == {"announced": 0}
    with transaction():
        for letter in letters("incentives.won"):
            letter.state = LetterState.CAPTURED
        letter.state = LetterState.SUPPRESSED
    assert jobs.announce_awards(later) == {"announced": 1}
    assert jobs.announce_awards(later) == {"announced": 0}
    [award] = queries.awards(contest.id)
    assert (award.state, award.announced_at) == ("announced", later)


def test_one_contest_that_cannot_be_moved_does_not_stop_the_others(world, monkeypatch):
    programme, _ = world
    broken, sound = make_scheduled(programme), make_scheduled(programme)
    inner = clock.step_due

    def half_broken(contest_id, as_of):
        if contest_id == broken.id:
            raise RuntimeError("out of order")
        return inner(contest_id, as_of)

    monkeypatch.setattr(clock, "step_due", half_broken)
    counted = run(sound, fresh(sound).starts_at)
    assert (counted["failed"], counted["start"]) == (1, 1)
    assert (fresh(broken).state, fresh(sound).state) == ("scheduled", "running")


def test_the_clock_names_what_is_due(world):
    programme, _ = world
    contest = make_scheduled(programme)
    row = fresh(contest)
    everything = queries.instants(BEFORE, BEFORE + 60 * DAY)
    assert everything == (
        row.starts_at,
        row.ends_at,
        row.grace_ends_at,
        row.grace_ends_at + timedelta(hours=72),
    )
    overdue = queries.instants(row.ends_at, row.ends_at + timedelta(minutes=20))
    assert overdue == (row.ends_at + timedelta(microseconds=1),)


def test_case_37_the_next_occurrence_starts_while_the_last_is_in_review(world):
    programme, _ = world
    first = make_scheduled(programme)
    second = make_scheduled(programme, starts_on=MONDAY + 14 * DAY, last_on=MONDAY + 27 * DAY)
    run(first, fresh(first).ends_at)
    assert fresh(first).state == "grace"
    assert fresh(second).state == "running"


def test_announce_letters_render_without_holes(world):
    programme, _ = world
    make_scheduled(programme, prizes=PODIUM, goal=F(3, 5))
    for letter in letters("incentives.announced"):
        assert "None" not in letter.text
        assert "\n\n\n" not in letter.text
        assert "Every team that reaches 60% taking part: Cake" in letter.text


def test_granting_needs_nothing_from_awards_of_another_contest(world):
    programme, _ = world
    first, second = make_scheduled(programme, prizes=PODIUM), make_scheduled(programme)
    to_the_end(first)
    to_the_end(second)
    assert len({award.entry_key for award in db.session.scalars(select(Award))}) == 2 + 1
    assert awards.goal_of(fresh(first)) is None
    assert isinstance(fresh(first).final_at, datetime)
    assert fresh(first).final_at.tzinfo is UTC


def test_what_a_contest_rests_on_can_be_verified(world):
    """CONTESTS, invariants: standings, kept results, awards and entries, holds."""
    programme, teams = world
    done, live = make_scheduled(programme, prizes=PODIUM), make_contest(programme)
    to_the_end(done)
    with transaction():
        boards.refresh(live.board_id, BEFORE + 9 * DAY)
    assert checks.verify() == []
    with transaction():
        row = db.session.scalars(select(MemberRow).where(MemberRow.board_id == live.board_id)).all()
        row[0].active_days += 4
        kept = db.session.scalars(select(FrozenStanding)).first()
        kept.participants += 1
        lost = db.session.scalars(select(Award)).first()
        delete_where(Recognition, Recognition.award_id == lost.id)
        delete_where(AwardEvent, AwardEvent.award_id == lost.id)
        delete_where(Award, Award.id == lost.id)
    found = checks.verify()
    assert any("kept result was changed" in line for line in found)
    assert any("entry without an award" in line for line in found)
    assert any("not what the events say" in line for line in found)
    assert teams
