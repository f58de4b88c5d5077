"""METRICS section 8's vectors of sections X2 to X15, and what must hold of any numbers."""

from fractions import Fraction
from itertools import combinations
from math import comb, pi, sqrt, tan
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.stats import (
    Change,
    adjusted,
    benjamini_hochberg,
    beta_cdf,
    beta_quantile,
    contest_mde,
    empirical_bayes,
    hash_arm,
    holm,
    is_held_out,
    jeffreys,
    mean_change,
    permute,
    rate_mde,
    smallest_p,
    t_cdf,
    t_quantile,
    two_sample,
    two_sided_p,
)

TREATED, CONTROL = [5, 7, 9, 4], [1, 2, 3, 0]
EXACT = 1e-9
small_teams = st.lists(st.integers(-6, 6), min_size=1, max_size=5)
numbers = st.floats(-1e6, 1e6, allow_nan=False)
changes = st.lists(st.builds(Change, numbers, numbers), min_size=3, max_size=12)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("df", "p", "value"),
    [
        (3, 0.975, 3.1824463052837078),
        (5, 0.975, 2.5705818356363146),
        (6, 0.975, 2.4469118511449786),
        (6, 0.80, 0.9057032851805317),
        (8, 0.9995, 5.041305433373456),
        (30, 0.975, 2.0422724563012378),
        (226, 0.975, 1.97051624268316),
        (2996, 0.9995, 3.2937772185502388),
    ],
)
def test_quantiles_of_t(df, p, value):
    assert t_quantile(p, df) == pytest.approx(value, abs=EXACT)
    assert t_quantile(1 - p, df) == pytest.approx(-value, abs=EXACT)
    assert t_cdf(value, df) == pytest.approx(p, abs=EXACT)
    assert two_sided_p(-value, df) == pytest.approx(2 * (1 - p), abs=EXACT)


@given(st.floats(0.5001, 0.9999))
def test_quantiles_of_t_that_have_a_formula(p):
    room = 4 * p * (1 - p)
    assert t_quantile(p, 1) == pytest.approx(tan(pi * (p - 0.5)), rel=EXACT)
    assert t_quantile(p, 2) == pytest.approx(2 * (p - 0.5) * sqrt(2 / room), rel=EXACT)


@pytest.mark.parametrize(
    ("a", "b", "p", "value"),
    [
        (0.5, 0.5, 0.1, 0.024471741852423214),
        (4.5, 1.5, 0.025, 0.3713735993680057),
        (16.5, 4.5, 0.5, 0.79489453269152),
        (1650.5, 1350.5, 0.975, 0.567746903862802),
        (0.5, 200.5, 0.975, 0.012465661135916696),
    ],
)
def test_quantiles_of_beta(a, b, p, value):
    assert beta_quantile(p, a, b) == pytest.approx(value, abs=EXACT)
    assert beta_cdf(value, a, b) == pytest.approx(p, abs=EXACT)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 99))
def test_beta_is_the_tail_of_the_binomial(a, b, percent):
    x, trials = Fraction(percent, 100), a + b - 1
    tail = sum(
        comb(trials, hits) * x**hits * (1 - x) ** (trials - hits) for hits in range(a, a + b)
    )
    assert beta_cdf(percent / 100, a, b) == pytest.approx(float(tail), abs=1e-12)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.001, 0.999))
def test_quantile_and_share_undo_each_other(a, b, p):
    assert beta_cdf(beta_quantile(p, a / 2, b / 2), a / 2, b / 2) == pytest.approx(p, abs=EXACT)
    assert t_cdf(t_quantile(p, a), a) == pytest.approx(p, abs=EXACT)


def test_what_has_no_quantile_is_refused():
    assert (beta_cdf(0, 2, 3), beta_cdf(1, 2, 3)) == (0, 1)
    with pytest.raises(ValueError, match=r"1\.5 is not a share"):
        t_quantile(1.5, 3)
    with pytest.raises(ValueError, match="no quantile 0"):
        t_quantile(0, 3)
    with pytest.raises(ValueError, match="positive shapes"):
        beta_cdf(0.5, 0, 1)


@pytest.mark.parametrize(("hits", "low", "high"), [(4, 0.3714, 0.9775), (5, 0.6206, 1)])
def test_jeffreys(hits, low, high):
    assert jeffreys(hits, 5) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_jeffreys_at_the_ends():
    assert jeffreys(0, 7) == (0, pytest.approx(1 - beta_quantile(0.025, 7.5, 0.5)))
    assert jeffreys(0, 0) is None
    with pytest.raises(ValueError, match="-1 of 5"):
        jeffreys(-1, 5)


@pytest.mark.parametrize(
    ("shares", "strength", "rates"),
    [
        ([(3, 10), (7, 10)], 3.0909, [0.3472, 0.6528]),
        (
            [(5, 5), (60, 100), (10, 40), (20, 100), (0, 5)],
            2.5911,
            [0.7884, 0.5944, 0.2579, 0.2045, 0.1297],
        ),
    ],
)
def test_empirical_bayes(shares, strength, rates):
    learnt, drawn = empirical_bayes(shares)
    assert learnt == pytest.approx(strength, abs=5e-5)
    assert drawn == [pytest.approx(rate, abs=5e-5) for rate in rates]


def test_empirical_bayes_where_nothing_can_be_learnt():
    assert empirical_bayes([(0, 0)]) is None
    assert empirical_bayes([(3, 5)]) == (100, [0.6])
    assert empirical_bayes([(5, 5), (5, 5)]) == (100, [1, 1])
    assert empirical_bayes([(5, 10), (5, 10), (0, 0)]) == (100, [0.5, 0.5, None])
    assert empirical_bayes([(0, 100), (100, 100)])[0] == 2


@given(st.lists(st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))))
def test_empirical_bayes_draws_to_the_middle(shares):
    assume(shares)
    centre = sum(hits for hits, _ in shares) / sum(base for _, base in shares)
    strength, drawn = empirical_bayes(shares)
    assert 2 <= strength <= 100
    for (hits, base), rate in zip(shares, drawn, strict=True):
        low, high = sorted((hits / base, centre))
        assert low - EXACT <= rate <= high + EXACT


def test_adjusting_for_the_past():
    treated = [Change(x, 2 * x + 5) for x in (11, 12, 13)]
    found = adjusted(treated, [Change(x, 2 * x) for x in (1, 2, 3)])
    assert found.effect == pytest.approx(5)
    raw = two_sample([one.after for one in treated], [2, 4, 6])
    assert raw.effect == pytest.approx(25)
    assert (found.lo, found.hi) == (pytest.approx(5), pytest.approx(5))  # rho is 1


def test_the_adjusted_interval_is_that_of_the_regression():
    # Worked on paper: means 2 and 2 before, 4 and 2 after; slope (1 + 2) / (2 + 2) = .75; what is
    # left over: 3 - .75 * 3 + ... = .75, df 3, so the error is sqrt(.25 * (1/3 + 1/3)).
    treated = [Change(1, 3.5), Change(2, 4), Change(3, 4.5)]
    control = [Change(1, 1), Change(2, 2), Change(3, 3)]
    found = adjusted(treated, control)
    left = (0.25**2) * 4
    reach = t_quantile(0.975, 3) * sqrt(left / 3 * (2 / 3))
    assert found.effect == pytest.approx(2)
    assert (found.lo, found.hi) == (pytest.approx(2 - reach), pytest.approx(2 + reach))


@given(changes, changes, numbers)
def test_adjusting_does_not_care_for_order_or_level(treated, control, level):
    found = adjusted(treated, control)
    shuffled = adjusted(treated[::-1], control[::-1])
    assert shuffled == found
    scale = max(abs(one.after) for one in (*treated, *control)) + 1
    mirrored = adjusted(control, treated)
    assert mirrored.effect == pytest.approx(-found.effect, abs=EXACT * scale)
    raised = adjusted(
        [Change(one.before, one.after + level) for one in treated],
        [Change(one.before, one.after + level) for one in control],
    )
    assert raised.effect == pytest.approx(found.effect, abs=1e-6 * (scale + abs(level)))
    assert found.lo <= found.effect <= found.hi


def test_difference_in_differences():
    found = two_sample(TREATED, CONTROL)
    assert found.effect == 4.75
    assert (found.lo, found.hi) == (
        pytest.approx(1.6109, abs=5e-5),
        pytest.approx(7.8891, abs=5e-5),
    )
    assert mean_change([Change(1, 3), Change(2, 2), Change(0, 4)]) == 2


def test_too_few_have_no_interval():
    assert two_sample([], [1]) is None
    assert adjusted([], [Change(1, 1)]) is None
    for lonely in (two_sample([3], [1]), adjusted([Change(0, 3)], [Change(0, 1)])):
        assert (lonely.effect, lonely.lo, lonely.hi, lonely.p) == (2, None, None, None)
    same = two_sample([1, 1], [1, 1])
    assert (same.effect, same.lo, same.hi, same.p) == (0, 0, 0, 1)


def test_permuting_labels():
    found = permute(TREATED, CONTROL)
    assert (found.assignments, found.is_exact) == (70, True)
    assert found.p == pytest.approx(2 / 70)
    assert (found.lo, found.hi) == (1.0, 9.0)


def brute_p(treated, control, effect):
    """X8 by the letter, in fractions: every assignment, for one constant effect taken away."""
    values = [Fraction(value) - Fraction(effect) for value in treated]
    values += [Fraction(value) for value in control]
    size, everything = len(treated), sum(values)

    def apart(places):
        own = sum(values[place] for place in places)
        return abs(own / size - (everything - own) / (len(values) - size))

    real = apart(range(size))
    ways = list(combinations(range(len(values)), size))
    return Fraction(sum(apart(way) >= real for way in ways), len(ways))


@given(small_teams, small_teams)
def test_permutation_and_its_interval_against_every_assignment(treated, control):
    found = permute(treated, control)
    assert found.p == pytest.approx(float(brute_p(treated, control, 0)), abs=1e-15)
    if found.lo is None:
        # Not even an effect far beyond anything seen can be rejected.
        assert brute_p(treated, control, 10**9) > Fraction(1, 20)
        return
    step = Fraction(1, 10**6)
    for end, outward in ((found.lo, -step), (found.hi, step)):
        exact = Fraction(end).limit_denominator(1000)
        assert brute_p(treated, control, exact) > Fraction(1, 20)
        assert brute_p(treated, control, exact + outward) <= Fraction(1, 20)


@given(st.lists(numbers, min_size=4, max_size=6), st.lists(numbers, min_size=4, max_size=6))
def test_permutation_says_one_thing(treated, control):
    found = permute(treated, control)
    assert permute(treated[::-1], control[::-1]) == found
    assert (found.p > 0.05) == (found.lo <= 0 <= found.hi)
    other = permute(control, treated)
    assert other.p == found.p
    assert (other.lo, other.hi) == (
        pytest.approx(-found.hi, rel=1e-6, abs=1e-3),
        pytest.approx(-found.lo, rel=1e-6, abs=1e-3),
    )


def test_drawn_labels_come_near_all_of_them():
    random = Random(3)
    treated = [random.gauss(0.5, 1) for _ in range(9)]
    control = [random.gauss(0, 1) for _ in range(9)]
    found = permute(treated, control, seed=1)
    assert (found.assignments, found.is_exact) == (10_000, False)
    exact = float(brute_p(treated, control, 0))
    assert found.p == pytest.approx(exact, abs=0.02)
    assert float(brute_p(treated, control, found.lo)) == pytest.approx(0.05, abs=0.01)
    assert float(brute_p(treated, control, found.hi)) == pytest.approx(0.05, abs=0.01)
    assert permute(treated, control, seed=1) == found
    assert permute(treated, control, seed=2).p != found.p


def test_the_drawn_test_is_of_size_five_percent():
    """Under no effect at all about one test in twenty rejects; uneven sides are drawn otherwise."""
    rejected = 0
    for world in range(40):
        for treated, control in ((12, 12), (3, 60)):
            random = Random(world)
            values = [random.gauss(0, 1) for _ in range(treated + control)]
            rejected += permute(values[:treated], values[treated:], seed=world).p <= 0.05
    assert 1 <= rejected <= 10  # of 80, binomial: outside less than twice in 100


def test_no_team_no_permutation():
    with pytest.raises(ValueError, match="both sides"):
        permute([], [1])


def test_the_smallest_p_there_can_be():
    sides = [(2, 2), (3, 3), (4, 4), (5, 5), (1, 9), (2, 8)]
    assert [round(smallest_p(*side), 4) for side in sides] == [
        0.3333,
        0.1,
        0.0286,
        0.0079,
        0.1,
        0.0222,
    ]


def test_what_a_design_can_detect():
    few = rate_mde(5, 5, size=5, sd=0.5, icc=0.15)
    many = rate_mde(150, 150, size=10, sd=0.5, icc=0.15)
    assert (few, many) == (pytest.approx(0.5715, abs=5e-5), pytest.approx(0.0787, abs=5e-5))
    race = {"weeks": 2, "weeks_before": 4, "sd_week": 1.4, "sd_team": 0.25}
    assert contest_mde(5, 5, size=5, **race) == pytest.approx(1.308, abs=5e-4)
    assert contest_mde(150, 150, size=10, **race) == pytest.approx(0.1693, abs=5e-5)
    assert rate_mde(1, 1, size=5, sd=0.5, icc=0.15) is None
    assert contest_mde(0, 9, size=5, **race) is None


def test_more_teams_detect_less():
    found = [rate_mde(teams, teams, size=8, sd=0.5, icc=0.15) for teams in range(2, 40)]
    assert found == sorted(found, reverse=True)


def test_holm_and_benjamini_hochberg():
    given_p = [0.01, 0.04, 0.03, 0.005]
    assert holm(given_p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg(given_p) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert (holm([]), benjamini_hochberg([])) == ([], [])


@given(p_values)
def test_adjusted_p_keep_their_order_and_never_shrink(given_p):
    for correct in (holm, benjamini_hochberg):
        found = correct(given_p)
        assert all(p <= after + 1e-12 <= 1 + 1e-12 for p, after in zip(given_p, found, strict=True))
        pairs = sorted(zip(given_p, found, strict=True))
        assert [after for _, after in pairs] == sorted(after for _, after in pairs)
    pairwise = zip(benjamini_hochberg(given_p), holm(given_p), strict=True)
    assert all(flag <= claim + 1e-12 for flag, claim in pairwise)


def test_arms_by_hash():
    places = [hash_arm("tips-2026-q1", f"u00{number}") for number in (1, 2, 3)]
    assert places == [7972, 5658, 8438]
    assert not is_held_out("tips-2026-q1", "u002", 56)
    assert is_held_out("tips-2026-q1", "u002", 57)
    assert not any(is_held_out("x", f"u{n}", 0) for n in range(300))


def test_the_hash_draws_the_share_asked_for():
    held = sum(is_held_out("campaign", f"P{number:05d}", 10) for number in range(20_000))
    assert 1_850 <= held <= 2_150  # 3.5 standard deviations
