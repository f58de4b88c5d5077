"""How moments, prices and numbers are told: METRICS 9's own sentence, and what must always hold."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching.rules.pricing import cost_of_moment
from coaching.rules.telling import (
    WIDEST_GAP,
    Leg,
    Told,
    arithmetic,
    evidence,
    is_priced,
    money,
    plate,
    possessive,
    sentence,
    summary,
    timeline,
    trend,
    verdict,
    waiting,
    weight,
)
from core.stats import Share

DAY = timedelta(days=1)
SUNDAY = date(2026, 11, 22)


def told(**given):
    """METRICS 9's moment: a proposal eight days ago, a signal on day 3, no step for five days."""
    values = {
        "status": "ignored",
        "fired_on": SUNDAY - 5 * DAY,
        "delay_days": 5,
        "through": SUNDAY,
        "amount": Decimal(30000),
        "proposal_on": SUNDAY - 8 * DAY,
        "rate": 0.25,
        "decay": 0.2,
        "cost": cost_of_moment(Decimal(30000), 0.25, 0.2, 5),
    } | given
    return Told(**values)


def test_the_sentence_of_the_metrics():
    assert sentence(told(currency="CHF"), "your") == (
        "30,000 CHF deal, proposal eight days earlier, signal fired on day 3, no step for 5 days. "
        "At your 25% close rate and the 20% weekly loss your company assumes, "
        "that is about 1,105 CHF."
    )
    assert arithmetic(told()) == "$30,000 × 25% × (1 − 0.8^(5/7)) = $1,105"


def test_without_an_assumed_loss_no_money_is_lost():
    plain = told(decay=None, cost=None)
    assert sentence(plain, "your").endswith("no step for 5 days.")
    assert arithmetic(plain) is None
    assert waiting(plain) == "$30,000 waiting 5 days"
    assert waiting(told(amount=None, cost=None)) == "waiting 5 days"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "Quiet 8 days. Signal on day 3, not answered."),
        (
            {"status": "dismissed", "dismissed_on": SUNDAY - 5 * DAY},
            "Quiet 8 days. Signal on day 3, dismissed.",
        ),
        (
            {"status": "late", "acted_on": SUNDAY - DAY, "delay_days": 4},
            "Quiet 7 days. Signal on day 3, answered 4 days later.",
        ),
        (
            {"closed_on": SUNDAY - 2 * DAY, "delay_days": 3},
            "Quiet 6 days. Signal on day 3, closed unanswered.",
        ),
        ({"proposal_on": None}, "Quiet 5 days. Signal, not answered."),
        ({"proposal_on": SUNDAY}, "Quiet 5 days. Signal, not answered."),
    ],
)
def test_the_line_of_the_shortlist(given, line):
    assert summary(told(**given)) == line


def test_a_timeline_in_its_order():
    points = timeline(told(status="dismissed", dismissed_on=SUNDAY - 4 * DAY))
    assert [(point.title, point.day) for point in points] == [
        ("Proposal sent", 0),
        ("Signal", 3),
        ("Dismissed", 4),
        ("Still quiet", 8),
    ]
    assert [point.leg for point in points] == [Leg.CALM, Leg.SILENT, Leg.SILENT, Leg.END]
    assert points[2].note == "then 4 days of silence"


def test_a_signal_dismissed_on_its_day_is_one_point():
    points = timeline(told(status="dismissed", dismissed_on=SUNDAY - 5 * DAY))
    assert [point.title for point in points] == ["Proposal sent", "Signal dismissed", "Still quiet"]


_days = st.integers(0, 60)


@given(_days, _days, st.none() | _days, st.none() | _days, st.none() | _days)
def test_every_timeline_begins_and_ends_and_goes_forward(before, delay, gone, acted, closed):
    fired = SUNDAY - delay * DAY

    def later(days):
        return None if days is None else min(fired + days * DAY, SUNDAY)

    one = told(
        fired_on=fired,
        delay_days=delay,
        proposal_on=fired - before * DAY,
        dismissed_on=later(gone),
        acted_on=later(acted),
        closed_on=later(closed),
        status="dismissed" if gone is not None else "late" if acted is not None else "ignored",
    )
    points = timeline(one)
    assert sum(point.is_signal for point in points) == (len(points) > 1 or points[0].is_signal)
    assert [point.on for point in points] == sorted(point.on for point in points)
    assert points[-1].leg is Leg.END
    assert all(point.leg is not Leg.END for point in points[:-1])
    assert all(1 <= point.width <= WIDEST_GAP for point in points)
    assert points[0].on in {one.began_on, one.fired_on}
    assert sentence(one, "your").startswith("$30,000 deal, ")
    assert summary(one).startswith("Quiet ")


@given(
    st.none() | st.decimals(1, 10**7, places=2),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 0.9),
    st.integers(0, 400),
)
def test_money_is_named_only_with_all_it_rests_on(amount, rate, decay, delay):
    cost = cost_of_moment(amount, rate, decay, delay)
    one = told(amount=amount, rate=rate, decay=decay, cost=cost, delay_days=delay)
    assert is_priced(one) == (None not in {amount, rate, decay})
    assert ("that is about" in sentence(one, "your")) == is_priced(one)
    assert (arithmetic(one) is not None) == is_priced(one)
    assert weight(one) >= -1


def test_numbers_on_plates():
    assert plate(Share(0, 0)) == "–"
    assert plate(Share(3, 4)) == "3/4"
    assert plate(Share(28, 43)) == "65"
    assert plate(Share(1, 8)) == "13"
    assert plate(Share(28, 43), least=100) == "28/43"


def test_trends_in_points_and_in_counts_while_few():
    assert trend(Share(28, 43), Share(25, 43)) == "Up 7 points."
    assert trend(Share(25, 43), Share(28, 43)) == "Down 7 points."
    assert trend(Share(50, 100), Share(49, 100)) == "Up 1 point."
    assert trend(Share(5, 10), Share(5, 10)) == "As the week before."
    assert trend(Share(4, 5), Share(1, 3)) == "The week before: 1 of 3."
    assert trend(Share(4, 5), Share(0, 0)) == "Nothing fell due the week before."
    assert trend(Share(0, 0), Share(4, 5)) == ""


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_plate_is_a_share_or_its_counts(hits, more):
    text = plate(Share(hits, hits + more))
    assert text == "–" or "/" in text or 0 <= int(text) <= 100


def test_words_for_money_names_and_facts():
    assert money(Decimal("42000.40"), "USD") == "$42,000"
    assert money(Decimal("0.5"), "EUR") == "€1"
    assert money(None, "USD") == "no amount"
    assert possessive("Isaac Reyes") == "Isaac's"
    assert possessive("James") == "James'"
    fact = {
        "deal_key": "D-1",
        "fired_on": "2026-11-17",
        "due_on": None,
        "acted_on": "2026-11-18",
    }
    assert evidence(fact) == "D-1, signal Tue 17 Nov, answered Wed 18 Nov."
    assert evidence({}) == "A deal."
    assert verdict(None, "", SUNDAY).title == "No chance yet."
