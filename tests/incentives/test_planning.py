"""What is worked out before a contest starts: the lot, the days of the second half, its reach."""

from datetime import date, timedelta
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.rules.planning import (
    TYPICAL,
    Spread,
    draw_halves,
    reach_of,
    second_half,
    spread_of,
)
from incentives.services.words import reach_check

sizes = st.dictionaries(st.integers(1, 10_000), st.integers(1, 40), min_size=2, max_size=60)


@given(sizes, st.integers(0, 2**53))
def test_every_team_draws_one_half_and_the_same_lot_draws_the_same(teams, seed):
    halves = draw_halves(teams, seed)
    assert sorted([*halves.early, *halves.late]) == sorted(teams)
    assert abs(len(halves.early) - len(halves.late)) <= 1
    assert draw_halves(dict(reversed(teams.items())), seed) == halves
    assert halves.arms == dict.fromkeys(halves.early, "early") | dict.fromkeys(halves.late, "late")


def test_neighbours_in_size_are_parted():
    teams = {1: 20, 2: 19, 3: 5, 4: 4, 5: 12, 6: 11}
    for seed in range(50):
        early = set(draw_halves(teams, seed).early)
        assert [len(early & pair) for pair in ({1, 2}, {3, 4}, {5, 6})] == [1, 1, 1]


def test_the_lot_is_even():
    teams = {1: 9, 2: 8, 3: 7}
    draws = [draw_halves(teams, seed) for seed in range(4000)]
    for team in teams:
        assert 0.46 < mean(team in drawn.early for drawn in draws) < 0.54


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(1, 120))
def test_the_second_half_races_as_long_from_the_same_weekday(start, days):
    last = start + timedelta(days=days - 1)
    first, end = second_half(start, last)
    assert first > last
    assert (first - start).days % 7 == 0
    assert (first - last).days <= 7
    assert end - first == last - start


def test_reach_is_the_vector_of_metrics_section_8():
    reach = reach_of([5] * 10, 10, TYPICAL)
    assert reach.change == pytest.approx(1.308, abs=5e-4)
    assert reach_of([10] * 300, 50, TYPICAL).change < reach_of([10] * 20, 50, TYPICAL).change


def test_too_few_teams_are_told_how_often_chance_gives_as_much():
    reach = reach_of([5, 5, 5, 5], 10, TYPICAL)
    assert reach.change is None
    told = reach_check(reach, staggered=True)
    assert told.is_warning
    assert "Two teams against two: even a perfect result happens by chance one time in three" in (
        told.text
    )


def test_the_sentence_of_metrics_section_9():
    told = reach_check(reach_of([5] * 10, 10, TYPICAL), staggered=True).text
    assert told == (
        "With 10 teams of about 5 and 2 weeks you can only detect a change of about 1.3 active "
        "days a week. More teams help more than more weeks."
    )


@pytest.mark.parametrize("teams", [[], [5]])
def test_nothing_to_compare(teams):
    assert reach_of(teams, 10, TYPICAL) is None
    assert reach_of([5, 5], 0, TYPICAL) is None


def test_spread_of_teams_counted_by_hand():
    # Every rep swings by one day around their mean; teams share nothing but sampling.
    swing = {team: {1: [2, 4, 2, 4], 2: [4, 2, 4, 2]} for team in range(4)}
    found = spread_of(swing)
    # Squares: 4 of 1 for each of 8 reps = 32; freedom 3 for each = 24.
    assert found == Spread(pytest.approx((32 / 24) ** 0.5), 0.0)


def test_what_a_whole_team_has_in_common_is_told_from_the_rest():
    # Nobody swings inside a fortnight; teams go up or down by two days from one to the next.
    shift = {team: {1: [2, 2, 4, 4] if team % 2 else [4, 4, 2, 2]} for team in range(8)}
    alone = spread_of(shift)
    together = spread_of({team: dict.fromkeys(range(40), reps[1]) for team, reps in shift.items()})
    assert together.team > alone.team > 0


def test_with_too_little_to_look_at_there_is_no_spread():
    assert spread_of({}) is None
    assert spread_of({1: {1: [1, 2, 3]}, 2: {2: [1]}}) is None
    assert spread_of({team: {1: [1, 2, 3, 4]} for team in range(3)}) is None
