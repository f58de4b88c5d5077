"""The oracle on paper first, then the figures against it over worlds that hypothesis makes up."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.coaching.comparing import ask, compare, questions
from tests.coaching.oracle import Oracle, leak, price
from tests.coaching.worlds import draw_with, make_teams, store
from tests.factories.adoption import make_deal, make_event, make_signal
from tests.factories.people import make_person
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
_numbers = count(1)

# METRICS section 8: amount, close rate, weekly decay, days of silence, cost.
COSTS = (
    (30_000, 0.25, 0.20, 1, 235.31),
    (30_000, 0.25, 0.20, 5, 1_105.01),
    (30_000, 0.25, 0.20, 7, 1_500.00),
    (30_000, 0.25, 0.20, 8, 1_688.25),
    (30_000, 0.25, 0.20, 14, 2_700.00),
    (30_000, 0.30, 0.10, 5, 652.46),
    (30_000, 0.30, 0.10, 7, 900.00),
)
# METRICS sections 4 and 8, 300K a year and 60K built: adoption, recovered, net, ROI, payback.
LEAKS = (
    (0.15, 45_000, -15_000, -0.25, 16.0),
    (0.25, 75_000, 15_000, 0.25, 9.6),
    (0.80, 240_000, 180_000, 3.00, 3.0),
)


@pytest.mark.parametrize(("amount", "rate", "decay", "days", "cost"), COSTS)
def test_the_oracle_prices_silence_as_the_vectors_say(amount, rate, decay, days, cost):
    assert price(amount, rate, decay, days) == pytest.approx(cost, abs=0.005)


@pytest.mark.parametrize(("adoption", "recovered", "net", "roi", "payback"), LEAKS)
def test_the_oracle_tells_the_leak_as_the_vectors_say(adoption, recovered, net, roi, payback):
    told = leak(300_000, 60_000, 1, adoption)
    assert {name: float(value) for name, value in told.items()} == {
        "recovered": pytest.approx(recovered),
        "still_leaking": pytest.approx(300_000 - recovered),
        "net": pytest.approx(net),
        "roi": pytest.approx(roi),
        "break_even": pytest.approx(0.20),
        "payback_months": pytest.approx(payback),
    }


@pytest.mark.parametrize(("amount", "rate", "decay", "days", "cost"), COSTS)
def test_the_product_prices_a_stored_moment_as_the_vectors_say(
    app, amount, rate, decay, days, cost
):
    """With 40 deals closed by the one rep there is, ten average ones change nothing."""
    fired = date(2026, 3, 2)
    owner = make_programme(weekly_decay=decay, respond_days=1)
    one = make_person()
    for number in range(40):
        stage = "won" if number < 40 * rate else "lost"
        make_deal(one, stage=stage, closed_on=fired - 9 * DAY)
    deal = make_deal(one, amount=amount)
    make_signal(one, deal, datetime(2026, 3, 2, 15, tzinfo=UTC))
    (row,) = ask(owner, "missed_moments", through=fired + days * DAY)["rows"]
    assert row["delay_days"] == days
    assert row["cost"] == pytest.approx(cost, abs=0.005)


@pytest.mark.parametrize(("adoption", "recovered", "net", "roi", "payback"), LEAKS)
def test_the_product_tells_the_leak_as_the_vectors_say(app, adoption, recovered, net, roi, payback):
    """By the coverage of the last 28 days: of twenty moments so many were taken in time."""
    owner = make_programme(leak_per_year=300_000, build_cost=60_000)
    one, at = make_person(), datetime(2026, 3, 10, 15, tzinfo=UTC)
    for number in range(20):
        make_signal(one, f"D{number}", at)
        if number < 20 * adoption:
            make_event(owner, one, at + DAY, kind="sequence_run", object_id=f"D{number}")
    told = ask(owner, "leak", as_of=datetime(2026, 4, 1, 12, tzinfo=UTC))
    assert told == {
        "recovered": pytest.approx(recovered),
        "still_leaking": pytest.approx(300_000 - recovered),
        "net": pytest.approx(net),
        "roi": pytest.approx(roi),
        "break_even": pytest.approx(0.20),
        "payback_months": pytest.approx(payback),
    }


def test_the_gap_between_the_two_managers_is_one_company_s_or_half_of_it(app):
    """METRICS section 4: 165,000, and 82,500 a team where each owns half the leak."""
    whole = make_programme(leak_per_year=300_000)
    assert ask(whole, "team_gap", a=0.25, b=0.8)["value"] == pytest.approx(165_000)
    half = make_programme(leak_per_year=150_000)
    assert ask(half, "team_gap", a=0.25, b=0.8)["value"] == pytest.approx(82_500)


def test_figures_equal_the_oracle_in_every_world(app):
    """Both databases meet the same oracle, so they equal each other as well."""
    teams = make_teams()

    @settings(
        max_examples=20,
        deadline=None,
        phases=(Phase.generate,),  # a world is quicker read than made smaller
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.randoms(use_true_random=False))
    def holds(random):
        world = draw_with(random, f"H{next(_numbers)}")
        owner = store(world, teams)
        for through, as_of in questions(random):
            compare(owner, Oracle(world, through, as_of), random)

    holds()
