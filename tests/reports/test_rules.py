"""What may be said of a difference: sentences to the letter, verdicts, and their limits."""

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.rules.gaps import Seller
from core.charts import PERCENT, difference_interval
from core.stats import Change, adjusted
from reports.rules import (
    Compared,
    Stretch,
    Verdict,
    adjusted_gap,
    adjusted_sentence,
    chance,
    days_a_week,
    days_range,
    experiment_sentence,
    growth_gap,
    growth_sentence,
    lift_of_reps,
    lift_of_teams,
    relative_changes,
    signed,
    stretches_before,
    too_few_sentence,
)

ARMS = ("early", "late")
EARLY_START = "Teams drawn for the early start"


def test_the_sentence_of_an_experiment():
    """METRICS section 9."""
    assert experiment_sentence(EARLY_START, 0.36, 0.28, 0.43, 0.0001) == (
        "Teams drawn for the early start used it 0.36 days a week more (0.28 to 0.43). Chance "
        "alone would produce this less than once in 1,000 times."
    )
    assert experiment_sentence(EARLY_START, 0.23, -0.08, 0.54, 0.135) == (
        "Teams drawn for the early start used it 0.23 days a week more (between 0.08 "
        "less and 0.54 more). Chance "
        "alone would produce this about 14 times in 100, so we cannot tell yet."
    )


@pytest.mark.parametrize(
    ("sides", "middle"),
    [
        (
            (2, 2),
            "Two teams against two: even a perfect result happens by chance one time in three.",
        ),
        (
            (3, 3),
            "Three teams against three: even a perfect result happens by chance one time in ten.",
        ),
        ((1, 9), "One team against nine: even a perfect result happens by chance one time in ten."),
        ((1, 1), "One team against one: even a perfect result happens by chance every time."),
        (
            (3, 20),
            "Three teams against 20: with fewer than four on a side, one team's luck decides.",
        ),
        ((0, 5), "Five teams with nobody to compare with."),
        ((1, 0), "One team with nobody to compare with."),
    ],
)
def test_too_few_to_tell(sides, middle):
    assert too_few_sentence(*sides) == f"{middle} We show the numbers but draw no conclusion."


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.00099, "less than once in 1,000 times"),
        (0.001, "about once in 1,000 times"),
        (2 / 70, "about once in 35 times"),
        (0.05, "about once in 20 times"),
        (0.0501, "about 5 times in 100"),
        (0.125, "about 13 times in 100"),
        (1, "about 100 times in 100"),
    ],
)
def test_chance_in_words(p, words):
    assert chance(p) == words


def test_less_is_told_in_its_own_direction():
    assert days_range(-0.5, -0.8, -0.2) == "0.50 days a week less (between 0.80 and 0.20 less)"
    told = "0.50 days a week less (between 1.20 less and 0.20 more)"
    assert days_range(-0.5, -1.2, 0.2) == told
    told = "0.50 days a week more (between 0.20 less and 1.20 more)"
    assert days_range(0.5, -0.2, 1.2) == told
    assert (signed(0.125), signed(-0.125), signed(0.001), signed(-0.001)) == (
        "+0.13",
        "−0.13",
        "0.00",
        "0.00",
    )


def test_days_a_week_are_of_the_window_alone():
    assert days_a_week(0b1011_1111, 0b0011_1111_1111_1100) == 5 * 7 / 12
    assert days_a_week(0b111, 0) == 0


def teams_of(*changes):
    """A team of two reps for every change, one of them unchanged by as much more."""
    return [[Change(1, 1 + change - 1), Change(2, 2 + change + 1)] for change in changes]


def test_teams_of_the_vectors():
    """METRICS section 8: changes 5, 7, 9, 4 against 1, 2, 3, 0."""
    found = lift_of_teams(teams_of(5, 7, 9, 4), teams_of(1, 2, 3, 0), ARMS, 1)
    value = found.keys()
    assert value["effect"] == pytest.approx(4.75)
    assert (value["lo"], value["hi"]) == (
        pytest.approx(1.6109, abs=5e-5),
        pytest.approx(7.8891, abs=5e-5),
    )
    assert value["p"] == pytest.approx(2 / 70)
    assert value["arms"] == [
        {"arm": "early", "n": 4, "mean": pytest.approx(7.75)},
        {"arm": "late", "n": 4, "mean": pytest.approx(3.0)},
    ]
    assert found.verdict is Verdict.MORE
    mirrored = lift_of_teams(teams_of(1, 2, 3, 0), teams_of(5, 7, 9, 4), ARMS, 1)
    assert mirrored.verdict is Verdict.LESS
    assert mirrored.estimate.effect == pytest.approx(-4.75)


def test_three_teams_show_numbers_and_no_judgement():
    found = lift_of_teams(teams_of(5, 7, 9), teams_of(1, 2, 3, 0), ARMS, 1)
    assert found.verdict is Verdict.TOO_FEW
    value = found.keys()
    assert [value[name] for name in ("effect", "lo", "hi", "p")] == [None] * 4
    assert [arm["n"] for arm in value["arms"]] == [3, 4]
    assert value["arms"][0]["mean"] == pytest.approx(8.5)
    assert value["sentence"].startswith("Three teams against four: ")


def test_a_small_arm_has_no_mean():
    given_it, held = [Change(1, 2 + n % 3) for n in range(9)], [Change(1, 1)] * 4
    found = lift_of_reps(given_it, held, ("treated", "holdout"), 5)
    assert found.keys()["arms"][1] == {"arm": "holdout", "n": 4, "mean": None}
    assert found.estimate is None
    assert found.sentence == (
        "9 reps against 4: under 5 on a side we show no average and draw no conclusion."
    )


def test_reps_are_adjusted_for_their_past():
    random = Random(5)
    sides = []
    for lift in (0.5, 0.0):
        before = [random.uniform(0, 4) for _ in range(60)]
        sides.append([Change(x, x + lift + random.gauss(0, 0.5)) for x in before])
    found = lift_of_reps(*sides, ("treated", "holdout"), 5)
    assert found.estimate == adjusted(*sides)
    assert found.verdict is Verdict.MORE
    assert found.sentence.startswith("Reps drawn to get it used it 0.")


def test_the_interval_covers_the_truth_and_p_keeps_its_word():
    """A simulated company with a known effect: about 95 of 100 intervals hold it (METRICS 3.2)."""
    covered = alarms = 0
    for world in range(100):
        random = Random(world)

        def side(effect, draw):
            teams = []
            for _ in range(6):
                shock = draw.gauss(0, 0.25)
                teams.append(
                    [
                        Change(level, level + effect + shock + draw.gauss(0, 0.6))
                        for level in [draw.uniform(0, 4) for _ in range(5)]
                    ]
                )
            return teams

        found = lift_of_teams(side(0.3, random), side(0, random), ARMS, world).estimate
        covered += found.lo <= 0.3 <= found.hi
        alarms += lift_of_teams(side(0, random), side(0, random), ARMS, world).estimate.p <= 0.05
    assert 88 <= covered <= 100
    assert alarms <= 11


def seller(number, used_it, before, now, *, was_here=True):
    return Seller(number, used_it, float(now), float(before), was_here)


def test_the_time_before_is_shown_from_three_stretches_on():
    sellers = [Seller(n, n < 2, 0.0, 0.0, True) for n in range(5)]
    starts = [date(2026, 1, 5) + timedelta(days=28 * n) for n in range(3)]
    won = [{0: 10.0, 1: 30.0, 4: 9.0, 99: 500.0}, {0: 20.0, 2: 3.0}, {1: 30.0, 2: 6.0}]
    found = stretches_before(sellers, starts, won)
    assert found == (
        Stretch(starts[0], 20.0, 3.0),
        Stretch(starts[1], 10.0, 1.0),
        Stretch(starts[2], 15.0, 2.0),
    )
    whole = Compared(*starts, starts[0], {}, None, None, found)
    users, others = whole.of_own_average
    assert users == pytest.approx([20 / 15, 10 / 15, 1.0])
    assert others == pytest.approx([1.5, 0.5, 1.0])
    assert stretches_before(sellers, starts[:2], won[:2]) == ()
    assert stretches_before(sellers[:2], starts, won) == ()
    assert stretches_before(sellers, starts, [{0: 1.0}] * 3) == ()


@pytest.mark.parametrize(
    ("effect", "lo", "hi", "p", "grew", "likely", "luck"),
    [
        (0.2, 0.1, 0.3, 0.01, "20% more", "+10% to +30%", None),
        (-0.58, -1.83, 0.67, 0.34, "58% less", "between 183% less and 67% more", 34),
        (-0.3, -0.4, -0.2, 0.01, "30% less", "between 40% and 20% less", None),
        (0.06, -0.04, 0.16, 0.2, "6% more", "between 4% less and 16% more", 20),
    ],
)
def test_growth_is_told_in_the_order_of_its_axis(effect, lo, hi, p, grew, likely, luck):
    sentence = growth_sentence(effect, lo, hi, p)
    told = f"reps who used it grew {grew} than the others (likely {likely})"
    if luck is not None:
        told += f"; chance alone would do as much about {luck} times in 100, so we cannot tell"
    assert sentence == (f"Compared with their own past, {told}. A comparison, not an experiment.")
    drawn = difference_interval(effect, (lo, hi), unit=PERCENT).finding
    low, high = (str(abs(round(100 * end))) for end in (lo, hi))
    for text in (sentence.partition("likely ")[2], drawn.partition("interval ")[2]):
        assert 0 <= text.find(low) < text.find(high)


def test_money_less_than_equals_is_told_from_low_to_high():
    told = adjusted_sentence((-5_000, -12_000, 3_000), None, "USD")
    assert "sold $5.0K less each (likely between $12.0K less and $3.0K more)." in told
    told = adjusted_sentence((5_000, 2_000, 8_000), 50_000, "USD")
    assert "sold $5.0K more each (likely $2.0K to $8.0K), 10% of what" in told


def test_growth_is_measured_on_each_sides_own_past():
    people = [seller(n, used_it=True, before=200 + n, now=2.2 * (200 + n)) for n in range(8)]
    people += [seller(n, used_it=False, before=50 + n, now=2 * (50 + n)) for n in range(8, 16)]
    changes = relative_changes(people)
    assert sum(changes[:8]) / 8 == pytest.approx(0.1)
    assert sum(changes[8:]) / 8 == pytest.approx(0)
    found = growth_gap(people, {n: n % 4 for n in range(16)}, 5, 1)
    assert found.estimate.effect == pytest.approx(0.1, abs=1e-3)
    assert (found.users, found.others) == (4, 4)
    assert found.permutation.p == pytest.approx(2 / 70)


def test_nothing_is_said_without_a_past_or_with_few():
    users = [seller(n, used_it=True, before=0, now=9) for n in range(8)]
    others = [seller(n, used_it=False, before=5, now=9) for n in range(8, 16)]
    teams = {n: n % 4 for n in range(16)}
    assert relative_changes(users + others) is None
    assert growth_gap(users + others, teams, 5, 1) is None
    assert relative_changes([]) is None
    sold = [seller(n, used_it=True, before=4 + n, now=9) for n in range(8)]
    assert growth_gap(sold + others, teams, 5, 1) is not None
    assert growth_gap(sold[:4] + others, teams, 5, 1) is None
    assert growth_gap(sold + others, {n: n % 3 for n in range(16)}, 5, 1) is None
    assert adjusted_gap(sold[:4] + others, 5) is None


def test_the_adjusted_gap_is_told_as_a_share():
    people = [seller(n, used_it=True, before=n, now=2 * n + 5) for n in (11, 12, 13, 14, 15)]
    people += [seller(n, used_it=False, before=n, now=2 * n) for n in (1, 2, 3, 4, 5)]
    found = adjusted_gap(people, 5)
    assert found.estimate.effect == pytest.approx(5)
    assert found.base == pytest.approx(26)  # 31 on average, 5 of it more than expected
    assert found.share(5) == pytest.approx(5 / 26)


values = st.integers(0, 1000)
people_of = st.lists(st.tuples(st.booleans(), values, values), min_size=10, max_size=30).map(
    lambda rows: [seller(n, used, before, now) for n, (used, before, now) in enumerate(rows)]
)


@given(people_of, st.integers(2, 50))
def test_growth_does_not_care_for_the_currency(people, factor):
    changes = relative_changes(people)
    richer = [
        seller(one.person_id, one.used_it, factor * one.won_before, factor * one.won)
        for one in people
    ]
    if changes is None:
        assert relative_changes(richer) is None
    else:
        assert relative_changes(richer) == pytest.approx(changes)
