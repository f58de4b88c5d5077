"""Quiet deals by rule: tables worked out by hand, then what holds in every world."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.rules.quiet import (
    LATE_DAYS,
    QuietRule,
    Since,
    Watch,
    WatchedDeal,
    due_firings,
    signal_key,
    stretches,
    watch_of,
    without_open,
)

DAY = timedelta(days=1)
ZERO = date(2026, 3, 2)


def on(number):
    return ZERO + number * DAY


def start_of(day):
    return datetime.combine(day, time(5), tzinfo=UTC)


def rule(days=3, since=Since.PROPOSAL, **given):
    return QuietRule("r", "A rule", days, since, **given)


def deal(**given):
    known = {"created_on": on(-4), "proposal_on": on(0), "closed_on": None, "amount": None}
    return WatchedDeal("D1", 1, **{**known, **given})


def all_of(first=-20, last=40):
    return Watch(on(first), on(last), on(first) - DAY)


def fired(one, the_deal, steps, watch=None):
    steps = [on(number) for number in steps]
    found = due_firings(one, the_deal, steps, watch or all_of())
    return [((each.since - ZERO).days, (each.on - ZERO).days) for each in found]


@pytest.mark.parametrize(
    ("since", "steps", "expected"),
    [
        # A proposal on day 0 and nothing after: the signal of day 3, as in METRICS section 4.
        (Since.PROPOSAL, [], [(0, 3)]),
        # A step on the proposal's own date says nothing of what came after it.
        (Since.PROPOSAL, [0], [(0, 3)]),
        # A step before the proposal begins nothing.
        (Since.PROPOSAL, [-3], [(0, 3)]),
        # A step in time breaks the stretch and begins another.
        (Since.PROPOSAL, [2], [(2, 5)]),
        # On the due date itself it comes after the first instant: it answers, it does not prevent.
        (Since.PROPOSAL, [3], [(0, 3), (3, 6)]),
        (Since.PROPOSAL, [2, 4, 6, 8], [(8, 11)]),
        (Since.CREATED, [], [(-4, -1)]),
        (Since.CREATED, [-2, 0], [(0, 3)]),
        # Without a step nothing was ever used last.
        (Since.LAST_USE, [], []),
        (Since.LAST_USE, [-6, 1], [(-6, -3), (1, 4)]),
    ],
)
def test_stretches_by_table(since, steps, expected):
    assert fired(rule(since=since), deal(), steps) == expected


def test_a_deal_without_the_date_is_not_watched():
    assert fired(rule(), deal(proposal_on=None), [1, 2]) == []
    assert fired(rule(since=Since.CREATED), deal(created_on=None), [1, 2]) == []


@pytest.mark.parametrize(("closed", "expected"), [(2, []), (3, [(0, 3)]), (9, [(0, 3)])])
def test_a_deal_closed_before_the_date_gets_none(closed, expected):
    assert fired(rule(), deal(closed_on=on(closed)), []) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(None, []), (Decimal(999), []), (Decimal(1000), [(0, 3)])],
)
def test_small_deals_are_left_alone(amount, expected):
    assert fired(rule(least_amount=Decimal(1000)), deal(amount=amount), []) == expected


def test_kinds_break_the_quiet_as_named_and_what_answers_always_does():
    some = rule(kinds=frozenset({"guided_use"}))
    assert [some.is_step(kind, "sequence_run") for kind in ("guided_use", "login")] == [True, False]
    assert some.is_step("sequence_run", "sequence_run")
    assert rule().is_step("anything", "sequence_run")


def test_what_comes_in_late_is_dated_today_and_only_a_week_back():
    watch = watch_of(on(-100), on(9), on(10))
    assert watch == Watch(on(10 - LATE_DAYS + 1), on(10), on(9))
    assert fired(rule(), deal(proposal_on=on(1)), [], watch) == [(1, 10)]
    assert fired(rule(), deal(proposal_on=on(0)), [], watch) == []
    # Known only now, and over already: a step since then, or the deal is closed.
    assert fired(rule(), deal(proposal_on=on(2)), [8], watch) == []
    assert fired(rule(), deal(proposal_on=on(2), closed_on=on(9)), [], watch) == []


def test_an_outage_is_made_up_for_on_the_dates_it_missed():
    watch = watch_of(on(-100), on(-21), on(0))
    assert watch == Watch(on(-20), on(0), on(-21))
    assert fired(rule(), deal(proposal_on=on(-22)), [], watch) == [(-22, -19)]


def test_a_rule_fires_from_its_first_date_on_and_never_looks_back_past_its_mark():
    assert watch_of(on(5), on(4), on(4)) is None
    assert watch_of(on(5), on(4), on(5)) == Watch(on(5), on(5), on(4))
    assert watch_of(on(0), on(9), on(8)) is None
    assert watch_of(on(0), on(9), on(9)) is not None


def test_an_open_signal_of_the_rule_is_not_fired_again_until_it_was_answered():
    two = due_firings(rule(), deal(), [on(4)], all_of())
    assert [each.on for each in two] == [on(3), on(7)]
    assert without_open(two, [], [], start_of) == two[:1]
    assert without_open(two, [], [start_of(on(3)) + timedelta(hours=2)], start_of) == two
    # An answer before the signal, or at the very moment of the next, is none to it.
    assert without_open(two, [], [start_of(on(2)), start_of(on(7))], start_of) == two[:1]
    assert without_open(two, [start_of(on(-5))], [], start_of) == []


def test_a_key_names_rule_deal_and_date_and_always_fits():
    assert signal_key("after-offer", "D-7", on(0)) == "quiet:after-offer:D-7:2026-03-02"
    long = ["x" * 119 + end for end in "ab"]
    keys = {signal_key("s" * 40, each, on(0)) for each in long}
    assert len(keys) == 2
    assert max(map(len, keys)) <= 120


DAYS = st.integers(0, 30)
RULES = st.builds(rule, st.integers(1, 9), st.sampled_from(Since))
DEALS = st.builds(
    lambda created, after, closed: deal(
        created_on=on(created),
        proposal_on=None if after is None else on(created + after),
        closed_on=None if closed is None else on(closed),
    ),
    DAYS,
    st.none() | st.integers(0, 9),
    st.none() | DAYS,
)
STEPS = st.lists(DAYS, unique=True, max_size=12).map(sorted)


@given(RULES, DEALS, STEPS)
def test_never_two_signals_for_one_stretch_and_none_without_its_days_of_quiet(one, the_deal, steps):
    dates = [on(number) for number in steps]
    found = due_firings(one, the_deal, dates, all_of())
    assert len({each.since for each in found}) == len(found)
    for each in found:
        assert each.on - each.since == one.quiet_days * DAY
        assert not [day for day in dates if each.since < day < each.on]
        assert the_deal.closed_on is None or the_deal.closed_on >= each.on
    assert all(a.until == b.since for a, b in zip(
        list(stretches(one, the_deal, dates))[:-1],
        list(stretches(one, the_deal, dates))[1:],
        strict=True,
    ))  # fmt: skip


@given(RULES, DEALS, STEPS, STEPS, st.sets(st.integers(0, 45)))
def test_whatever_runs_there_were_the_signals_are_those_of_every_night(
    one, the_deal, steps, answers, nights
):
    """Skipped, repeated and disordered runs leave the same signals as one run a night."""
    dates = [on(number) for number in sorted({*steps, *answers})]
    moments = [start_of(on(number)) + timedelta(hours=7) for number in answers]
    every = _run(one, the_deal, dates, moments, [*range(46)])
    some = _run(one, the_deal, dates, moments, [*nights, 45])
    twice = _run(one, the_deal, dates, moments, [*sorted(nights), *sorted(nights), 45])
    assert every == some == twice


def _run(one, the_deal, dates, moments, nights):
    """The signals after these runs, each with its mark, by key."""
    signals, seen = {}, on(-1)
    for night in nights:
        watch = watch_of(on(0), seen, on(night))
        if watch is None:
            continue
        known = [day for day in dates if day <= on(night)]
        due = due_firings(one, the_deal, known, watch)
        new = [each for each in due if signal_key("r", "D1", each.since) not in signals]
        answered = [moment for moment in moments if moment < start_of(on(night)) + DAY]
        for each in without_open(new, list(signals.values()), answered, start_of):
            signals[signal_key("r", "D1", each.since)] = start_of(each.on)
        seen = max(seen, on(night))
    return signals
