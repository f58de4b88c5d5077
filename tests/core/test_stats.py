import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.stats import Share, growth, half_up, per, pooled, shrink, wilson


@pytest.mark.parametrize(
    ("hits", "base", "low", "high"),
    [
        (0, 5, 0, 0.4345),
        (1, 5, 0.0362, 0.6245),
        (2, 5, 0.1176, 0.7693),
        (4, 5, 0.3755, 0.9638),
        (5, 5, 0.5655, 1),
        (5, 20, 0.1119, 0.4687),
        (16, 20, 0.5840, 0.9193),
        (34, 50, 0.5419, 0.7924),
        (1650, 3000, 0.5321, 0.5677),
    ],
)
def test_wilson(hits, base, low, high):
    found = wilson(hits, base)
    assert found == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(0, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_inside_its_interval(pair):
    share = Share(*pair)
    if share.base == 0:
        assert share.rate is None
        assert share.interval is None
    else:
        low, high = share.interval
        assert 0 <= low <= share.rate <= high <= 1


def test_what_is_not_a_share_is_refused():
    with pytest.raises(ValueError, match="6 of 5"):
        wilson(6, 5)


def test_shrinking_adds_ten_average_colleagues():
    teams = [(4, 5), (9, 10), (12, 15), (3, 3)]
    centre = pooled(teams)
    assert centre == pytest.approx(0.8485, abs=5e-5)
    assert [round(shrink(hits, base, centre), 4) for hits, base in teams] == [
        0.8323,
        0.8742,
        0.8194,
        0.8834,
    ]


def test_growth_without_a_base_is_nothing():
    assert growth(1000, 3170) == pytest.approx(2.17)
    assert growth(0, 5) is None
    assert pooled([]) is None
    assert per(1, 0) is None
    assert per(1, 4) == 0.25


def test_rounding_is_half_up_on_the_decimal():
    assert str(half_up(12.5)) == "13"
    assert str(half_up(0.285, 2)) == "0.29"
