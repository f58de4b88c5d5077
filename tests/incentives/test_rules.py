"""The life of a contest and the sharing out of prizes, on paper (CONTESTS)."""

import itertools
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.rules.contests import (
    BY_CLOCK,
    GRAPH,
    OVER,
    Dates,
    State,
    Step,
    doubts_at_submit,
    idempotency_key,
    may_approve,
    needs_approval,
    next_state,
)
from incentives.rules.prizes import PrizeTerms, Side, allocate, is_void, reaches_goal, worst_case
from leaderboard.rules.standing import competition_ranks

F = Fraction
GOOD = {
    "starts_on": date(2026, 3, 2),
    "last_on": date(2026, 3, 13),
    "working_days": 10,
    "team_sizes": [5, 5],
    "kinds": ["guided_use"],
}


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (State.FINAL, Step.CANCEL),
        (State.CANCELLED, Step.START),
        (State.ARCHIVED, Step.FINALISE),
        (State.PROVISIONAL, Step.START),
        (State.RUNNING, Step.GRACE_OVER),
        (State.RUNNING, Step.START),
        (State.COMPUTING, Step.CANCEL),
        (State.DRAFT, Step.APPROVE),
    ],
)
def test_forbidden_steps_have_no_edge(state, step):
    assert next_state(state, step) is None


def test_every_state_but_the_rests_can_be_left_and_all_are_reached():
    assert {state for state, _ in GRAPH} == set(State) - {State.CANCELLED, State.ARCHIVED}
    assert set(GRAPH.values()) | {State.DRAFT} == set(State)


def test_the_clock_alone_takes_an_approved_contest_to_its_end():
    state, path = State.SCHEDULED, []
    while state not in OVER:
        path.append(BY_CLOCK[state])
        state = next_state(state, path[-1])
    assert path == [Step.START, Step.END, Step.GRACE_OVER, Step.COMPUTED, Step.FINALISE]


def test_keys_are_those_of_the_state_machine():
    key = lambda step: idempotency_key(7, step, version=2, rev=1, count=3)  # noqa: E731
    assert [key(step) for step in (Step.SUBMIT, Step.PAUSE, Step.COMPUTED, Step.FINALISE)] == [
        "contest:7:submit:2",
        "contest:7:pause:3",
        "contest:7:result:1",
        "contest:7:final:1",
    ]
    assert key(Step.START) == "contest:7:start"
    assert key(Step.DISPUTE_UPHELD) == "contest:7:compute:2"


def test_the_dispute_window_runs_from_the_notice():
    start = datetime(2026, 3, 2, tzinfo=UTC)
    dates = Dates(start, start + timedelta(days=14), start + timedelta(days=16))
    told = dates.grace_ends_at + timedelta(days=7)
    assert dates.due(State.PROVISIONAL, told) == told + timedelta(hours=72)
    assert dates.due(State.GRACE, None) == dates.grace_ends_at
    assert dates.due(State.FINAL, told) is None
    assert dates.due(State.PAUSED, None) == dates.ends_at


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"last_on": date(2026, 3, 1)}, "dates"),
        ({"last_on": date(2028, 3, 1)}, "dates"),
        ({"working_days": 0}, "dates"),
        ({"team_sizes": [5, 0]}, "teams"),
        ({"team_sizes": []}, "teams"),
        ({"kinds": []}, "rules"),
    ],
)
def test_what_stops_a_submission(change, code):
    doubts = doubts_at_submit(**(GOOD | change))
    assert [doubt.code for doubt in doubts] == ([code] if code else [])


def test_who_may_approve_what():
    assert not needs_approval(500, 500)
    assert needs_approval(501, 500)
    assert not may_approve(3, 3)
    assert may_approve(3, 4)
    assert may_approve(None, 4)


# --- prizes


def side(team, rank, score, roster=10, rank_score=None):
    return Side(team, rank, F(score), F(rank_score if rank_score is not None else score), roster)


PODIUM = (PrizeTerms(1, 1, 500), PrizeTerms(2, 2, 500), PrizeTerms(3, 3, 500))


def won(prizes, sides, goal=None):
    return [(win.prize_id, win.unit_id) for win in allocate(prizes, sides, goal)]


def test_three_places_three_prizes():
    sides = [side(n, n, F(1, n)) for n in (1, 2, 3, 4)]
    assert won(PODIUM, sides) == [(1, 1), (2, 2), (3, 3)]


def test_tied_firsts_share_the_prize_and_nobody_is_second():
    sides = [side(1, 1, 1), side(2, 1, 1), side(3, 3, 0)]
    assert won(PODIUM, sides) == [(1, 1), (1, 2), (3, 3)]


def test_case_22_a_reserve_not_reached_returns_the_prize_and_it_does_not_slide():
    reserve = (PrizeTerms(1, 1, 500, F(1, 2)), PrizeTerms(2, 2, 100))
    assert won(reserve, [side(1, 1, F(2, 5)), side(2, 2, F(1, 5))]) == [(2, 2)]


def test_every_team_at_the_goal_wins_the_goal_prize():
    goal = (PrizeTerms(9, None),)
    sides = [side(1, 1, F(7, 10)), side(2, 2, F(6, 10)), side(3, 3, F(59, 100))]
    assert won(goal, sides, F(6, 10)) == [(9, 1), (9, 2)]


def test_a_small_team_meets_the_goal_on_its_adjusted_score_ranked_or_not():
    assert not reaches_goal(side(1, 1, 1, roster=3, rank_score=F(55, 100)), F(6, 10))
    assert reaches_goal(side(1, None, 1, roster=2, rank_score=F(65, 100)), F(6, 10))
    assert reaches_goal(side(1, 1, F(6, 10), roster=8, rank_score=F(1, 2)), F(6, 10))
    assert not reaches_goal(Side(1, None, None, None, 0), F(0))


def test_case_12_one_ranked_team_is_no_contest():
    sides = [side(1, 1, 1), side(2, None, 1)]
    assert is_void(sides)
    assert won((*PODIUM, PrizeTerms(9, None)), sides, F(1, 10)) == []


@pytest.mark.parametrize(
    ("prizes", "teams", "most"),
    [
        ((), 10, 0),
        ((PrizeTerms(1, 1, 500),), 4, 2000),
        (PODIUM, 4, 2000),
        ((PrizeTerms(1, 1, 900), PrizeTerms(2, 2, 100)), 2, 1800),
        ((PrizeTerms(1, 1, 100), PrizeTerms(2, 2, 900)), 3, 1900),
        ((PrizeTerms(9, None, 50),), 6, 300),
        ((PrizeTerms(1, 3, 50),), 2, 0),
    ],
)
def test_case_23_the_most_the_prizes_can_cost(prizes, teams, most):
    assert worst_case(prizes, teams) == most


@given(
    st.lists(st.integers(0, 900), min_size=1, max_size=4),
    st.integers(0, 100),
    st.lists(st.integers(0, 4), min_size=2, max_size=7),
)
def test_no_result_costs_more_than_what_was_reserved(costs, goal_cost, raw):
    prizes = [PrizeTerms(n, n, cost) for n, cost in enumerate(costs, 1)]
    prizes.append(PrizeTerms(99, None, goal_cost))
    scores = sorted((F(score, 4) for score in raw), reverse=True)
    ranks = competition_ranks(scores)
    sides = [
        side(n, rank, score) for n, (rank, score) in enumerate(zip(ranks, scores, strict=True))
    ]
    spent = sum(win.cost_minor for win in allocate(prizes, sides, F(1, 2)))
    assert spent <= worst_case(prizes, len(sides))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=3), st.integers(2, 5))
def test_the_reserve_is_the_worst_tie_and_no_more(costs, teams):
    prizes = [PrizeTerms(n, n, cost) for n, cost in enumerate(costs, 1)]
    every_tie = itertools.product([0, 1, 2, 3, 4], repeat=teams)
    worst = 0
    for raw in every_tie:
        scores = sorted((F(score) for score in raw), reverse=True)
        ranks = competition_ranks(scores)
        sides = [side(n, r, s) for n, (r, s) in enumerate(zip(ranks, scores, strict=True))]
        worst = max(worst, sum(win.cost_minor for win in allocate(prizes, sides, None)))
    assert worst == worst_case(prizes, teams)
