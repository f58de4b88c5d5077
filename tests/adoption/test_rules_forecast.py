"""The way to day 60 and where it will end, worked on paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.rules import AdoptionRule, Day60
from adoption.rules.forecast import (
    FEWEST_FINISHED,
    OwnDay,
    day60_by,
    outlook,
    own_days,
    way,
)

RULE = AdoptionRule()
FULL = len(own_days(RULE))


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({}, (28, 35, 42, 49, 56, 60)),
        ({"n": 6, "lookback": 8}, (42, 49, 56, 60)),
        ({"horizon_days": 56}, (28, 35, 42, 49, 56)),
        ({"horizon_days": 20}, (20,)),
    ],
)
def test_own_days_begin_when_something_can_be_measured(changes, days):
    assert own_days(AdoptionRule(**changes)) == days


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("", Day60.NOT_REACHED),
        ("ttsss", Day60.NOT_REACHED),
        ("ttssss", Day60.SUSTAINED),
        ("mmttss", Day60.SUSTAINED),
        ("sssssl", Day60.NOT_SUSTAINED),
        ("oooooo", Day60.NOT_SUSTAINED),
        ("mmmmmm", Day60.NOT_MEASURABLE),
        ("ttsxxx", Day60.LEFT),
    ],
)
def test_day_60_is_the_last_letter(path, state):
    assert day60_by(path, RULE) is state


def test_the_way_counts_who_got_there_and_could_be_measured():
    found = way(RULE, ["ts", "ss", "m", "xx", "ol"])
    assert found[:2] == [OwnDay(28, 1, 3), OwnDay(35, 2, 3)]
    assert found[2] == OwnDay(42, 0, 0)


def test_too_few_finished_reps_say_nothing():
    ahead = outlook(RULE, ["ssssss"] * (FEWEST_FINISHED - 1) + ["t"])
    assert not ahead.is_told
    assert (ahead.finished, ahead.sustained, ahead.under_way) == (FEWEST_FINISHED - 1, 29, 1)


def test_those_who_are_no_evidence_are_not_counted_as_finished():
    ahead = outlook(RULE, ["mmmmmm"] * 40 + ["tttxxx"] * 40 + ["x"])
    assert (ahead.finished, ahead.under_way) == (0, 0)
    assert not ahead.is_told


def test_with_everybody_finished_the_outlook_is_what_was_observed():
    ahead = outlook(RULE, ["ssssss"] * 30 + ["tttttt"] * 30)
    assert ahead.low == ahead.middle == ahead.high == 0.5


def test_reps_end_as_those_did_who_stood_where_they_stand():
    """20 trying on day 28, of whom 5 made it; 20 sustained, of whom 18 stayed; ten still try."""
    done = ["tttttt"] * 15 + ["ttssss"] * 5 + ["ssssss"] * 18 + ["sssslt"] * 2
    ahead = outlook(RULE, [*done, *["t"] * 10])
    share = 5.5 / 21
    assert ahead.middle == pytest.approx((23 + 10 * share) / 50)
    spread = (share * (1 - share) * (10 + 100 / 22)) ** 0.5 * 1.959963985 / 50
    assert ahead.high - ahead.middle == pytest.approx(spread)
    assert ahead.middle - ahead.low == pytest.approx(min(spread, ahead.middle - 23 / 50))


def test_a_place_few_have_passed_is_judged_by_all_who_finished():
    done = ["ssssss"] * 31 + ["oooooo"] * 9
    ahead = outlook(RULE, [*done, "o"])
    assert ahead.middle == pytest.approx((31 + 31.5 / 41) / 41)


def test_who_is_too_young_to_stand_anywhere_is_judged_by_all_who_finished():
    done = ["ssssss"] * 20 + ["oooooo"] * 20
    assert outlook(RULE, [*done, ""]).middle == pytest.approx((20 + 20.5 / 41) / 41)


letters = st.sampled_from("slto")
finished = st.text(letters, min_size=FULL, max_size=FULL)
under_way = st.text(letters, max_size=FULL - 1)


@given(st.lists(finished, min_size=FEWEST_FINISHED, max_size=80), st.lists(under_way, max_size=60))
def test_the_outlook_stays_within_what_is_still_possible(done, coming):
    ahead = outlook(RULE, [*done, *coming])
    total = len(done) + len(coming)
    assert ahead.sustained / total <= ahead.low <= ahead.middle + 1e-12
    assert ahead.middle <= ahead.high + 1e-12
    assert ahead.high <= (ahead.sustained + len(coming)) / total + 1e-12
    assert ahead.finished + ahead.under_way == total


@given(st.permutations(["ssssss"] * 20 + ["tttsss"] * 8 + ["oooott"] * 9 + ["t", "tt", "s", ""]))
def test_the_order_of_reps_does_not_matter(paths):
    told = outlook(RULE, paths)
    again = outlook(RULE, sorted(paths))
    assert told.middle == pytest.approx(again.middle)
    assert told.high == pytest.approx(again.high)


def test_more_finished_reps_make_the_outlook_surer():
    done = ["ssssss"] * 30 + ["tttttt"] * 30
    once, often = outlook(RULE, [*done, *["s"] * 10]), outlook(RULE, [*done * 20, *["s"] * 200])
    assert often.high - often.low < once.high - once.low
