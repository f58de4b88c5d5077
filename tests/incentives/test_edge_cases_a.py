"""Edge cases 8 to 22, 37, 38 and 40 of CONTESTS where money and thanks hang on them."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core import ledger
from core.db import db, delete_where, transaction
from core.outbox import LetterState, OutboxLetter
from core.policy import SYSTEM
from incentives import jobs, queries
from incentives.models import Award, Contest, Recognition
from incentives.queries import checks
from incentives.rules.contests import State
from incentives.rules.prizes import (
    PrizeTerms,
    Side,
    allocate,
    is_reached,
    managers_of_record,
    reaches_goal,
    worst_case,
    worst_case_apart,
)
from incentives.services.contests import PrizePlan
from leaderboard import services as boards
from leaderboard.models import Board, LoopWeek, MemberRow
from leaderboard.queries import reads, series
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import DivisionPlan, TieBreak, UnitKind, division_sizes
from leaderboard.services import SeasonPlan, SidePlan
from people.models import TeamMembership
from tests.factories.adoption import make_usage
from tests.factories.incentives import BEFORE, MONDAY, make_scheduled
from tests.factories.people import _save, make_membership, make_person, make_team, writing
from tests.factories.programme import make_programme

F = Fraction
DAY = timedelta(days=1)
WEEKDAYS = [MONDAY + n * DAY for n in range(14) if n % 7 < 5]
DONE = datetime(2026, 4, 10, 12, tzinfo=UTC)
ONE = PointRule("guided_use", F(1))


def side(unit, rank, score=1, **given):
    return Side(unit, rank, F(score), F(score), 10, **given)


def won(prizes, sides, goal=None, capped=()):
    return [(win.prize_id, win.unit_id) for win in allocate(prizes, sides, goal, capped)]


def fresh(contest):
    db.session.expire_all()
    return db.session.get(Contest, contest.id)


def decide(contest):
    """Let the clock take it to the end; nobody doubts it."""
    for _ in range(8):
        jobs.open_close_contests(DONE)
    jobs.open_close_contests(DONE + 4 * DAY)
    found = fresh(contest)
    assert found.state == State.FINAL
    assert checks.verify() == []
    return found


def given_awards(contest):
    return [
        (award.title, award.recipient.partition(":")[0], award.amount_minor)
        for award in queries.awards(contest.id)
    ]


# --- on paper


def test_case_12_half_of_those_who_may_take_part_had_heard_of_it():
    assert is_reached(5, 10)
    assert not is_reached(4, 9)
    assert not is_reached(0, 0)


def test_case_16_a_lone_person_meets_the_goal_by_their_own_score():
    alone = Side(1, 1, F(1), F(2, 5), 1, is_person=True)
    assert reaches_goal(alone, F(3, 5))
    assert not reaches_goal(Side(1, 1, F(1), F(2, 5), 1), F(3, 5))


TEN = [date(2026, 3, 2) + n * DAY for n in range(10)]


@pytest.mark.parametrize(
    ("days", "people", "is_vacant"),
    [
        ([(1,)] * 6 + [(2,)] * 4, (1,), False),
        ([(1, 2)] * 10, (1, 2), False),
        ([(1, 2)] * 6 + [(1,)] * 4, (1,), False),
        ([()] * 6 + [(1,)] * 4, (99,), True),
        ([()] * 5 + [(1,)] * 5, (1,), False),
        ([()] * 10, (99,), True),
        ([(1,)] * 4 + [(2,)] * 3 + [(3,)] * 3, (1,), False),
    ],
)
def test_case_17_the_manager_of_record_for_most_of_the_days(days, people, is_vacant):
    leads = dict(zip(TEN, days, strict=True))
    seat = managers_of_record(TEN, {day: who for day, who in leads.items() if who}, above=99)
    assert (seat.person_ids, seat.is_vacant) == (people, is_vacant)


def test_case_17_a_vacant_seat_with_nobody_above_thanks_nobody():
    assert managers_of_record(TEN, {}, None).person_ids == ()


def test_the_most_improved_wins_whatever_place_it_has_and_only_by_getting_better():
    prize = (PrizeTerms(5, None, 100, is_improvement=True),)
    sides = [side(1, 1, improvement=F(2)), side(2, 2, improvement=F(40)), side(3, 3)]
    assert won(prize, sides) == [(5, 2)]
    assert won(prize, [side(1, 1, improvement=F(-3)), side(2, 2, improvement=F(0))]) == []
    tied = [side(n, n, improvement=F(1, 3)) for n in (1, 2)]
    assert won(prize, tied) == [(5, 1), (5, 2)]
    unranked = [*tied, side(9, None, improvement=F(90))]
    assert won(prize, unranked) == [(5, 1), (5, 2)]


def test_case_22_a_reserve_of_an_improvement_prize_is_held_against_the_improvement():
    prize = (PrizeTerms(5, None, 100, F(10), is_improvement=True),)
    assert won(prize, [side(1, 1, improvement=F(9)), side(2, 2, improvement=F(8))]) == []
    assert won(prize, [side(1, 1, improvement=F(10)), side(2, 2)]) == [(5, 1)]


def test_case_22_first_with_400_of_500_gets_none_and_nothing_slides():
    prizes = (PrizeTerms(1, 1, 100, F(500)), PrizeTerms(2, 2, 50))
    assert won(prizes, [side(1, 1, 400), side(2, 2, 300)]) == [(2, 2)]


def test_each_division_is_prized_on_its_own():
    prizes = (PrizeTerms(1, 1, 100),)
    sides = [
        side(1, 1, division="Division 1"),
        side(2, 2, division="Division 1"),
        side(3, 1, division="Division 2"),
        side(4, 2, division="Division 2"),
        side(5, 1, division="Division 3"),
    ]
    # The third has one ranked unit: no race, no prize (case 12).
    assert won(prizes, sides) == [(1, 1), (1, 3)]


def test_case_37_who_is_at_the_cap_takes_no_prize_of_a_place_but_the_goal_s():
    prizes = (PrizeTerms(1, 1, 100), PrizeTerms(2, 2, 50), PrizeTerms(9, None, 10))
    sides = [side(1, 1), side(2, 2)]
    assert won(prizes, sides, F(1), capped={1}) == [(2, 2), (9, 1), (9, 2)]


def test_case_23_manager_prizes_reserve_two_seats_and_divisions_each_their_own():
    prize = PrizeTerms(1, 1, 100, for_manager=True)
    assert worst_case([prize], 3) == 600
    podium = (PrizeTerms(1, 1, 100), PrizeTerms(2, 2, 50))
    assert worst_case_apart(podium, (3, 2)) == 300 + 200


prizes_strategy = st.lists(
    st.builds(
        PrizeTerms,
        st.integers(1, 99),
        st.one_of(st.none(), st.integers(1, 4)),
        st.integers(0, 50),
        is_improvement=st.just(False),
    ),
    max_size=4,
    unique_by=lambda prize: prize.prize_id,
)


@given(prizes_strategy, st.lists(st.integers(0, 3), min_size=2, max_size=9), st.integers(2, 4))
def test_case_23_divisions_never_pay_more_than_was_reserved(prizes, scores, of):
    sizes, sides, start = division_sizes(len(scores), of), [], 0
    for number, size in enumerate(sizes):
        group = scores[start : start + size]
        sides += [
            side(
                start + n,
                1 + sum(other > score for other in group),
                score,
                division=f"Division {number}",
                improvement=F(score),
            )
            for n, score in enumerate(group)
        ]
        start += size
    improved = PrizeTerms(100, None, 7, is_improvement=True)
    spent = sum(win.cost_minor for win in allocate([*prizes, improved], sides, F(1)))
    assert spent <= worst_case_apart([*prizes, improved], sizes)
    assert sum(sizes) == len(scores)
    assert max(sizes) - min(sizes) <= 1


# --- over a database


def _stop_leading(person, ends_on):
    own = select(TeamMembership).where(TeamMembership.person_id == person.id)
    db.session.scalars(own).one().ends_on = ends_on


@pytest.fixture
def world(app):
    """Three teams of three: all met, two met, nobody."""
    programme = make_programme(prize_allowance_minor=10_000_000)
    teams = [make_team(3, name=name) for name in ("Harbour", "Ridge", "Quay")]
    for rep in (*teams[0].members, *teams[1].members[:2]):
        make_usage(programme, rep, [*WEEKDAYS[:2], *WEEKDAYS[5:7]])
    return programme, teams


def test_case_16_a_personal_prize_needs_to_be_active_when_it_is_decided(world):
    programme, teams = world
    best, second = teams[0].members[0], teams[1].members[0]
    make_usage(programme, best, WEEKDAYS[3:5])
    make_usage(programme, second, WEEKDAYS[3:4])
    contest = make_scheduled(
        programme,
        kind=UnitKind.PERSON,
        mode=Mode.TOTAL,
        rules=(ONE,),
        prizes=(
            PrizePlan(title="Headset", place=1, cost_minor=9_000),
            PrizePlan(title="Mug", place=2, cost_minor=500),
        ),
    )
    with writing():
        db.session.get(type(best), best.id).left_on = date(2026, 3, 17)
    decide(contest)
    [award] = queries.awards(contest.id)
    assert (award.title, award.person_id, award.team_id) == ("Mug", second.id, None)
    thanked = db.session.scalars(select(Recognition.person_id)).all()
    assert thanked == [second.id]
    row = reads.frozen_places(contest.board_id, 1)
    assert next(place for place in row if place.unit_id == best.id).rank == 1
    assert ledger.balance(f"prize-purse:{contest.id}") == 0
    assert ledger.balance(f"prizes-won:{programme.currency}") == 500


def test_case_17_managers_win_by_the_days_they_led(world):
    programme, teams = world
    successor = make_person(role="manager", enabled_on=None)
    deputy = make_person(role="manager", enabled_on=None)
    with writing():
        make_membership(deputy, teams[1], is_lead=True)
        _stop_leading(teams[0].lead, MONDAY + 9 * DAY)
        make_membership(successor, teams[0], starts_on=MONDAY + 9 * DAY, is_lead=True)
    contest = make_scheduled(
        programme,
        prizes=(
            PrizePlan(title="Dinner", place=1, cost_minor=1_000, for_manager=True),
            PrizePlan(title="Book", place=2, cost_minor=300, for_manager=True),
        ),
    )
    decide(contest)
    found = {(a.title, a.person_id, a.amount_minor) for a in queries.awards(contest.id)}
    assert found == {
        ("Dinner", teams[0].lead.id, 1_000),
        ("Book", teams[1].lead.id, 300),
        ("Book", deputy.id, 300),
    }
    texts = {r.person_id: r.text for r in db.session.scalars(select(Recognition))}
    assert texts.keys() == {teams[0].lead.id, teams[1].lead.id, deputy.id}
    assert texts[deputy.id].startswith("You led Ridge: ")


def test_case_17_an_empty_seat_thanks_the_next_level_up_without_a_prize(world):
    programme, teams = world
    director = make_person(role="director", enabled_on=None)
    with writing():
        lead = teams[0].lead
        db.session.get(type(lead), lead.id).manager_id = director.id
        _stop_leading(lead, MONDAY - DAY)
    contest = make_scheduled(
        programme, prizes=(PrizePlan(title="Dinner", place=1, cost_minor=1_000, for_manager=True),)
    )
    decide(contest)
    [award] = queries.awards(contest.id)
    assert (award.person_id, award.amount_minor) == (director.id, 0)


def test_case_12_fewer_than_two_rankable_at_the_end_is_void_and_the_money_returns(world):
    programme, teams = world
    contest = make_scheduled(
        programme,
        team_ids=(teams[0].id, teams[1].id),
        prizes=(
            PrizePlan(title="Dinner", place=1, cost_minor=1_000),
            PrizePlan(title="Cake", place=None, cost_minor=100),
        ),
        goal=F(1, 2),
    )
    with writing():
        for rep in teams[1].members:
            db.session.get(type(rep), rep.id).left_on = MONDAY
    found = decide(contest)
    assert given_awards(contest) == []
    assert db.session.get(Board, found.board_id).is_void
    assert ledger.balance(f"prize-budget:{programme.id}:{programme.currency}") == 0
    last = queries.history(contest.id)[-1]
    assert last.reason.startswith("void: fewer than two")


def test_case_12_a_contest_half_of_them_never_heard_of_is_void(world):
    programme, _ = world
    contest = make_scheduled(
        programme, prizes=(PrizePlan(title="Dinner", place=1, cost_minor=1_000),)
    )
    with writing():
        letters = db.session.scalars(
            select(OutboxLetter).where(OutboxLetter.dedupe_key.like("contest:%:announced:%"))
        ).all()
        for letter in letters[: len(letters) // 2 + 2]:
            letter.state = LetterState.FAILED
    found = decide(contest)
    assert found.eligible_at_start == 9
    assert found.reached_at_start < 5
    assert given_awards(contest) == []
    assert "had heard of it" in queries.history(contest.id)[-1].reason


def test_lists_of_people_win_together(world):
    programme, teams = world
    contest = make_scheduled(
        programme,
        kind=UnitKind.ADHOC,
        min_team_size=F(1),
        sides=(
            SidePlan("Red", (teams[0].members[0].id, teams[1].members[0].id)),
            SidePlan("Blue", (teams[0].members[1].id, teams[2].members[0].id)),
        ),
        prizes=(PrizePlan(title="Lunch", place=1, cost_minor=800),),
    )
    decide(contest)
    assert given_awards(contest) == [("Lunch", "side", 800)]
    thanked = set(db.session.scalars(select(Recognition.person_id)))
    assert thanked == {teams[0].members[0].id, teams[1].members[0].id}


def test_divisions_are_cut_at_publish_and_each_gives_its_prizes(world):
    programme, teams = world
    extra = [make_team(6, name=name) for name in ("Long", "Wide")]
    for rep in extra[1].members[:4]:
        make_usage(programme, rep, [*WEEKDAYS[:2], *WEEKDAYS[5:7]])
    contest = make_scheduled(
        programme,
        kind=UnitKind.DIVISION,
        team_ids=(teams[0].id, teams[1].id, extra[0].id, extra[1].id),
        divisions=DivisionPlan(of=2),
        prizes=(PrizePlan(title="Dinner", place=1, cost_minor=1_000),),
    )
    assert fresh(contest).liability_minor == 4_000
    cut = db.session.get(Board, contest.board_id).divisions
    assert [each["units"] for each in cut] == [
        [extra[0].id, extra[1].id],
        [teams[0].id, teams[1].id],
    ]
    decide(contest)
    assert {a.team_id for a in queries.awards(contest.id)} == {extra[1].id, teams[0].id}


def test_the_most_improved_is_rewarded_beside_the_podium(world):
    programme, teams = world
    before = [MONDAY - n * DAY for n in range(1, 29)]
    for rep in teams[0].members:
        make_usage(programme, rep, [day for day in before if day.weekday() < 5])
    contest = make_scheduled(
        programme,
        prizes=(
            PrizePlan(title="Dinner", place=1, cost_minor=1_000),
            PrizePlan(title="Cake", place=None, cost_minor=200, is_improvement=True),
        ),
    )
    decide(contest)
    found = {(a.title, a.team_id): a for a in queries.awards(contest.id)}
    assert found.keys() == {("Dinner", teams[0].id), ("Cake", teams[1].id)}
    assert "better than in the days before" in found["Cake", teams[1].id].reason


def test_case_20_a_declared_tie_breaker_decides_who_gets_the_prize(world):
    programme, teams = world
    make_usage(programme, teams[1].members[2], [*WEEKDAYS[1:3], *WEEKDAYS[6:8]])
    given = {"prizes": (PrizePlan(title="Dinner", place=1, cost_minor=1_000),)}
    shared = make_scheduled(programme, **given)
    parted = make_scheduled(programme, tie_break=(TieBreak.TIME,), **given)
    decide(shared)
    decide(parted)
    assert {a.team_id for a in queries.awards(shared.id)} == {teams[0].id, teams[1].id}
    assert {a.team_id for a in queries.awards(parted.id)} == {teams[0].id}


def test_case_20_the_kept_loop_decides_and_a_managers_prize_may_ask_for_it(world):
    programme, teams = world
    make_usage(programme, teams[1].members[2], [*WEEKDAYS[1:3], *WEEKDAYS[6:8]])
    for team, weeks in ((teams[0], (True, False)), (teams[1], (True, True))):
        for number, is_kept in enumerate(weeks):
            _save(
                LoopWeek(
                    programme_id=programme.id,
                    team_id=team.id,
                    week=MONDAY + number * 7 * DAY,
                    manager_id=team.lead.id,
                    is_kept=is_kept,
                )
            )
    dinner = PrizePlan(title="Dinner", place=1, cost_minor=1_000)
    lunches = tuple(
        PrizePlan(
            title=title,
            place=2,
            cost_minor=300,
            for_manager=True,
            min_loops_kept=least,
        )
        for title, least in (("Lunch", F(1, 2)), ("Feast", F(3, 4)))
    )
    parted = make_scheduled(programme, tie_break=(TieBreak.LOOP,), prizes=(dinner, *lunches))
    assert parted.terms["tie_break"] == ["loop_discipline"]
    assert {each.get("min_loops_kept") for each in parted.terms["prizes"]} == {None, "1/2", "3/4"}
    decide(parted)
    found = {(a.title, a.team_id, a.person_id) for a in queries.awards(parted.id)}
    assert found == {("Dinner", teams[1].id, None), ("Lunch", None, teams[0].lead.id)}
    assert ledger.balance(f"prize-purse:{parted.id}") == 0


def test_case_37_a_season_caps_the_wins_and_an_open_review_blocks_nothing(world):
    programme, teams = world
    given = {"prizes": (PrizePlan(title="Dinner", place=1, cost_minor=1_000),)}
    first, second = make_scheduled(programme, **given), make_scheduled(programme, **given)
    plan = SeasonPlan(
        programme_id=programme.id,
        slug="spring-season",
        title="Spring season",
        board_ids=(first.board_id, second.board_id),
        place_points=(F(10), F(6)),
        most_wins=1,
    )
    with transaction():
        boards.declare_season(plan, actor=SYSTEM, now=BEFORE)
    decide(first)
    decide(second)
    won_first = [a.team_id for a in queries.awards(first.id)]
    assert won_first == [teams[0].id]
    assert queries.awards(second.id) == ()
    table = series.season_table(series.season_by_slug("spring-season"))
    assert [(row.unit, row.points) for row in table.rows][:2] == [("Harbour", 20), ("Ridge", 12)]


def test_case_38_a_void_contest_gives_its_season_nothing(world):
    programme, teams = world
    contest = make_scheduled(programme, team_ids=(teams[0].id, teams[1].id))
    plan = SeasonPlan(
        programme_id=programme.id,
        slug="void-season",
        title="Season",
        board_ids=(contest.board_id,),
        place_points=(F(10),),
    )
    with transaction():
        boards.declare_season(plan, actor=SYSTEM, now=BEFORE)
    with writing():
        for rep in teams[1].members:
            db.session.get(type(rep), rep.id).left_on = MONDAY
    decide(contest)
    table = series.season_table(series.season_by_slug("void-season"))
    assert {row.points for row in table.rows} == {0}
    assert table.children[0].is_void


def test_case_40_money_is_whole_and_nothing_falls_below_zero(world):
    programme, _ = world
    half = PointRule("guided_use", F(1, 3), decay=F(1, 2))
    contest = make_scheduled(
        programme,
        mode=Mode.TOTAL,
        rules=(half,),
        prizes=(PrizePlan(title="Dinner", place=1, cost_minor=333),),
    )
    decide(contest)
    rows = reads.frozen_places(contest.board_id, 1)
    assert rows[0].score == 4
    assert all(place.score >= 0 for place in rows)
    assert [award.amount_minor for award in db.session.scalars(select(Award))] == [333]


def test_case_13_and_14_are_seen_as_a_difference_when_a_row_goes_missing(world):
    programme, teams = world
    contest = make_scheduled(programme)
    with transaction():
        boards.refresh(contest.board_id, DONE)
    assert checks.verify() == []
    with writing():
        delete_where(
            MemberRow,
            MemberRow.board_id == contest.board_id,
            MemberRow.person_id == teams[0].members[0].id,
        )
    assert "its standings are not what the events say" in checks.verify()[0]
