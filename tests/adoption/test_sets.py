"""Weeks as sets of people say what judging one rep after the other says."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.rules import AdoptionRule, AdoptionState, Weeks, state_of
from adoption.rules.sets import WeekSets, judged, members_of, set_of, sustained_sets

STRICT = AdoptionRule(target_days=2, k=4, n=4, lookback=6)
EASY = AdoptionRule(target_days=1, k=1, n=1, lookback=1)
LONG = AdoptionRule(target_days=2, k=6, n=8, lookback=12)


@given(st.sets(st.integers(0, 300)))
def test_people_go_into_a_set_and_come_out(people):
    assert members_of(set_of(people)) == sorted(people)
    assert set_of(people) == sum(1 << place for place in people)


def one_rep(rnd, weeks):
    """Eligible, met, active and current of one rep as week integers."""
    eligible = rnd.getrandbits(weeks) | rnd.getrandbits(weeks)
    active = rnd.getrandbits(weeks)
    begun = rnd.randrange(weeks)
    current = ((1 << weeks) - 1) >> begun << begun
    return eligible & current, eligible & active & current, active & current, current


def as_sets(reps, weeks):
    """The same reps week by week."""
    return [
        WeekSets(
            *(
                set_of(ident for ident, rep in reps.items() if rep[part] >> week & 1)
                for part in range(4)
            )
        )
        for week in range(weeks)
    ]


def one_by_one(reps, week, rule, weeks):
    """METRICS A4 for each rep alone."""
    states = Counter()
    for eligible, met, active, current in reps.values():
        history = Weeks(eligible, met, weeks)
        states[
            state_of(
                is_current=bool(current >> week & 1),
                sustained=history.sustained_at(week, rule),
                ever_sustained=history.ever_sustained_before(week, rule),
                ever_used=bool(active & ((2 << week) - 1)),
            )
        ] += 1
    return states


@pytest.mark.parametrize("rule", [AdoptionRule(), STRICT, EASY, LONG])
def test_everybody_at_once_is_everybody_one_by_one(rule):
    rnd = Random(8)
    weeks = 20
    reps = {ident: one_rep(rnd, weeks) for ident in rnd.sample(range(1, 500), 60)}
    counted = judged(as_sets(reps, weeks), rule)
    for week, counts in enumerate(counted):
        expected = one_by_one(reps, week, rule, weeks)
        assert {state: counts.of(state, len(reps)) for state in AdoptionState} == {
            state: expected[state] for state in AdoptionState
        }
        assert counts.measurable == sum(
            expected[state]
            for state in AdoptionState
            if state not in {AdoptionState.LEFT, AdoptionState.NOT_MEASURABLE}
        )
        assert (counts.eligible, counts.met, counts.active) == tuple(
            sum(rep[part] >> week & 1 for rep in reps.values()) for part in range(3)
        )


def test_fewer_than_n_eligible_weeks_are_not_measurable():
    rule = AdoptionRule()
    met = WeekSets(eligible=0b11, met=0b11, active=0b11, current=0b11)
    away = WeekSets(eligible=0b01, met=0b01, active=0b11, current=0b11)
    assert sustained_sets([met, met, met], 2, rule) == (0, 0)
    assert sustained_sets([met, met, away, met], 3, rule) == (0b01, 0b01)
    assert sustained_sets([met, met, away, met, met], 4, rule) == (0b11, 0b11)


def test_people_are_taken_out_and_put_back():
    week = WeekSets(eligible=0b110, met=0b100, active=0b111, current=0b111)
    alone = WeekSets(eligible=0b100, met=0b100, active=0b100, current=0b100)
    assert week.without(0b100) == WeekSets(0b010, 0, 0b011, 0b011)
    assert week.without(0b100).joined(alone) == week
