"""What a review finds: the first chance after the talk whose verdict stands."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.rules.occasions import Episode, FiredSignal, Occasion, OccasionStatus
from coaching.rules.outcome import Outcome, evidence_of, is_decided, next_chance, outcome_of

DAY = timedelta(days=1)
TALK = datetime(2026, 3, 16, 10, tzinfo=UTC)
TODAY = date(2026, 3, 23)


def occasion(status: str, fired: datetime, due: date | None, key="S1", acted_on=None) -> Occasion:
    opener = FiredSignal(key, f"D-{key}", 7, fired, fired.date(), None)
    episode = Episode(opener, 1, acted_on, None, None)
    return Occasion(episode, "Harbour", due, OccasionStatus(status), 3, Decimal(10))


occasions = st.builds(
    occasion,
    st.sampled_from([status.value for status in OccasionStatus]),
    st.integers(-10 * 24, 12 * 24).map(lambda hours: TALK + timedelta(hours=hours)),
    st.one_of(st.none(), st.integers(-5, 5).map(lambda number: TODAY + number * DAY)),
    st.integers(0, 10**6).map(str),
)


@pytest.mark.parametrize(
    ("status", "due", "stands"),
    [
        ("on_time", TODAY, True),
        ("on_time", TODAY + DAY, True),
        ("late", TODAY - DAY, True),
        ("ignored", TODAY - DAY, True),
        ("ignored", TODAY, False),
        ("dismissed", TODAY - DAY, True),
        ("dismissed", TODAY, False),
        ("pending", TODAY + DAY, False),
        ("closed_before_due", TODAY - DAY, False),
        ("owner_left", None, False),
    ],
)
def test_a_verdict_stands_once_the_due_day_is_over(status, due, stands):
    assert is_decided(occasion(status, TALK + DAY, due), TODAY) is stands


@given(st.lists(occasions, max_size=12, unique_by=lambda one: one.opener.key))
def test_the_first_that_stands_is_the_chance(found):
    chance = next_chance(found, TALK, TODAY)
    able = [one for one in found if one.opener.fired_at > TALK and is_decided(one, TODAY)]
    if chance is None:
        assert able == []
        assert outcome_of(chance) is Outcome.NO_CHANCE
        assert evidence_of(chance) == []
        return
    assert chance in able
    assert all(one.opener.fired_at >= chance.opener.fired_at for one in able)
    wanted = Outcome.DONE if chance.status == "on_time" else Outcome.NOT_DONE
    assert outcome_of(chance) is wanted
    assert next_chance(reversed(found), TALK, TODAY) == chance


@given(st.lists(occasions, max_size=8, unique_by=lambda one: one.opener.key), occasions)
def test_what_fired_before_the_talk_or_was_no_chance_changes_nothing(found, other):
    before = occasion(other.status, TALK, other.due, "before")
    closed = occasion("closed_before_due", TALK + DAY, TODAY - DAY, "closed")
    with_more = [*found, before, closed]
    assert next_chance(with_more, TALK, TODAY) == next_chance(found, TALK, TODAY)


def test_the_evidence_can_be_read_again():
    one = occasion("on_time", TALK + DAY, TODAY, acted_on=date(2026, 3, 18))
    assert evidence_of(one) == [
        {
            "signal_key": "S1",
            "deal_key": "D-S1",
            "status": "on_time",
            "fired_on": "2026-03-17",
            "due_on": "2026-03-23",
            "acted_on": "2026-03-18",
        }
    ]
