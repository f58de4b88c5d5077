"""What separates a unit from the next place, against the engine that makes the places."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.rules import chasing
from leaderboard.rules.standing import Line, MemberScore, Mode, Terms, lines

F = Fraction
DAYS = 10


def rep(person: int, unit: int, *, met: bool, points: int = 0) -> MemberScore:
    return MemberScore(person, unit, F(points), 4 if met else 0, DAYS, 4, on_roster=True)


def table(terms: Terms, teams: dict[int, tuple[int, int, int]]) -> tuple[Line, ...]:
    """Rows of teams given as key -> (roster, on target, points)."""
    scores = [
        rep(1000 * unit + n, unit, met=n < met, points=points if n == 0 else 0)
        for unit, (roster, met, points) in teams.items()
        for n in range(roster)
    ]
    return lines(terms, scores, teams)


SHARE = Terms(mode=Mode.PARTICIPATION, working_days=DAYS)


def test_the_next_place_is_so_many_reps_away_and_names_who_is_passed():
    rows = table(SHARE, {1: (5, 5, 0), 2: (5, 3, 0), 3: (5, 1, 0)})
    gap = chasing.next_place(SHARE, rows, 3)
    assert (gap.amount, gap.rank, gap.past, gap.is_shared) == (2, 2, (2,), True)
    assert chasing.next_place(SHARE, rows, 1) is None


def test_who_has_every_rep_on_target_has_nothing_more_to_add():
    rows = table(SHARE, {1: (12, 12, 0), 2: (3, 3, 0), 3: (5, 0, 0)})
    assert chasing.next_place(SHARE, rows, 2) is None
    assert chasing.chase(SHARE, rows, 2) == chasing.Chase(None, None)


@pytest.mark.parametrize("mode", [Mode.IMPROVEMENT, Mode.HANDICAP])
def test_modes_that_look_at_the_past_name_no_amount(mode):
    terms = replace(SHARE, mode=mode)
    rows = [row._replace(rank=1) for row in table(SHARE, {1: (5, 5, 0), 2: (5, 3, 0)})]
    assert chasing.chase(terms, rows, 2) == chasing.Chase()


def test_in_points_the_difference_counts_to_the_point():
    terms = Terms(mode=Mode.TOTAL, working_days=DAYS)
    rows = table(terms, {1: (3, 0, 120), 2: (3, 0, 77), 3: (3, 0, 0)})
    gap = chasing.next_place(terms, rows, 2)
    assert (gap.amount, gap.rank, gap.is_shared) == (43, 1, True)


def test_who_may_not_be_ranked_is_told_nothing():
    rows = table(SHARE, {1: (5, 5, 0), 2: (2, 1, 0)})
    assert chasing.chase(SHARE, rows, 2) == chasing.Chase()


TEAMS = st.dictionaries(
    st.integers(1, 9),
    st.tuples(st.integers(3, 12), st.integers(0, 12), st.integers(0, 200)),
    min_size=2,
    max_size=7,
)


@given(TEAMS, st.sampled_from([Mode.PARTICIPATION, Mode.PER_CAPITA, Mode.TOTAL]))
def test_the_engine_agrees_and_one_less_is_not_enough(teams, mode):
    terms = replace(SHARE, mode=mode)
    given_teams = {key: (roster, min(met, roster), p) for key, (roster, met, p) in teams.items()}
    before = {row.unit_id: row for row in table(terms, given_teams)}
    own = min(given_teams)
    gap = chasing.next_place(terms, tuple(before.values()), own)

    def rank_with(more: int) -> int | None:
        roster, met, points = given_teams[own]
        if mode is Mode.PARTICIPATION:
            changed = (roster, met + more, points)
        else:
            changed = (roster, met, points + more)
        rows = table(terms, given_teams | {own: changed})
        return next(row.rank for row in rows if row.unit_id == own)

    if gap is None:
        roster, met, _ = given_teams[own]
        best = rank_with(roster - met) if mode is Mode.PARTICIPATION else 1
        assert before[own].rank == best
    else:
        assert rank_with(gap.amount) == gap.rank < before[own].rank
        assert rank_with(gap.amount - 1) == before[own].rank
