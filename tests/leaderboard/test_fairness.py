"""With equal behaviour no size of team wins much more than its share (METRICS 5.2, CONTESTS 10)."""

from fractions import Fraction

from benchmarks.fairness import GOAL, SIZES, won_by_size
from leaderboard.rules.standing import Mode, Terms

CONTESTS = 2_000


def test_no_size_of_team_is_favoured_by_the_default():
    shares = won_by_size(Terms(), CONTESTS)
    assert set(shares) == set(SIZES)
    assert max(shares.values()) <= GOAL
    parts = [shares[size] * SIZES.count(size) for size in shares]
    assert abs(sum(parts) / len(SIZES) - 1) < 1e-9


def test_what_the_default_was_chosen_over_favours_one_end():
    raw = won_by_size(Terms(shrink_k=Fraction(0)), CONTESTS)
    total = won_by_size(Terms(mode=Mode.TOTAL), CONTESTS)
    assert raw[3] > GOAL
    assert total[15] > 5
    assert total[3] == 0
