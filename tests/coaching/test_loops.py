"""A team's week: kept, skipped, asked nothing, excused, or our own outage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching.rules.loops import RATED, LoopFacts, LoopOutcome, MissedBy, missed_by, outcome_of

counts = st.integers(0, 4)
facts = st.builds(LoopFacts, counts, counts, counts, counts, st.booleans(), st.booleans())


@pytest.mark.parametrize(
    ("given_facts", "outcome"),
    [
        (LoopFacts(coached=1, could_coach=4), "kept"),
        (LoopFacts(coached=1, could_coach=4, reviews=1), "kept"),
        (LoopFacts(coached=2, could_coach=4, reviews=1, reviews_missed=1), "skipped"),
        (LoopFacts(could_coach=4), "skipped"),
        (LoopFacts(could_coach=4, reviews=1), "skipped"),
        (LoopFacts(), "nothing_missed"),
        # Nothing to coach, and the one review that was owed was held.
        (LoopFacts(reviews=1), "nothing_missed"),
        (LoopFacts(reviews=1, reviews_missed=1), "skipped"),
        (LoopFacts(could_coach=2, is_away=True), "excused"),
        (LoopFacts(coached=1, could_coach=2, is_away=True), "kept"),
        (LoopFacts(could_coach=2, is_late=True), "system"),
        (LoopFacts(could_coach=2, is_late=True, is_away=True), "system"),
        (LoopFacts(coached=1, could_coach=2, is_late=True), "kept"),
    ],
)
def test_weeks_counted_by_hand(given_facts, outcome):
    assert outcome_of(given_facts) == outcome


@given(facts)
def test_only_a_manager_who_could_and_was_there_skips(found):
    outcome = outcome_of(found)
    if outcome is LoopOutcome.KEPT:
        assert found.coached
        assert not found.reviews_missed
    if outcome is LoopOutcome.SKIPPED:
        assert not found.is_late
        assert not found.is_away
        assert found.could_coach or found.coached or found.reviews_missed
    assert (outcome in RATED) == (outcome in {"kept", "skipped"})


@given(facts, st.booleans())
def test_a_rep_without_a_talk_is_the_managers_only_in_a_skipped_week(found, had_moments):
    blamed = missed_by(found, had_moments=had_moments) is MissedBy.MANAGER
    if blamed:
        assert had_moments
        assert not found.coached
        assert not found.is_late
        assert not found.is_away
    if found.coached:
        assert missed_by(found, had_moments=had_moments) is MissedBy.NOT_PICKED


@given(facts)
def test_one_more_talk_never_makes_a_week_worse(found):
    more = LoopFacts(
        found.coached + 1,
        found.could_coach,
        found.reviews,
        found.reviews_missed,
        is_away=found.is_away,
        is_late=found.is_late,
    )
    if outcome_of(found) is LoopOutcome.KEPT or not found.reviews_missed:
        assert outcome_of(more) is LoopOutcome.KEPT
