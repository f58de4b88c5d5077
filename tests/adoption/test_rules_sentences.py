"""The sentences of METRICS section 9, with its own numbers."""

from adoption.rules import sentences
from core.stats import Share


def test_rate():
    assert sentences.rate(Share(1511, 2749), 43, 221) == (
        "1,511 of 2,749 reps (55%) use it in their normal week. 43 people are too new or were away "
        "and are not counted; 221 have left."
    )
    assert sentences.rate(Share(1, 2), 1, 1).endswith(
        "1 person is too new or was away and not counted; 1 has left."
    )
    assert sentences.rate(Share(1, 2), 0, 0).endswith(
        "Everybody who is here is counted; 0 have left."
    )
    assert sentences.rate(Share(0, 0), 3, 0).startswith("Nobody can be measured yet.")


def test_small_team():
    assert sentences.small_team(Share(4, 5)) == (
        "4 of 5 reps (80%). With five people the true rate could be anywhere from 38% to 96%."
    )
    assert sentences.small_team(Share(1, 2)) == (
        "1 of 2; two people are too few to speak of a rate."
    )
    assert sentences.small_team(Share(0, 0)) == "Nobody can be measured yet."


def test_ranking():
    assert sentences.ranking(10.0, Share(3, 3)) == (
        "Ranks are adjusted for team size (we add ten average colleagues to every team). "
        "Raw rate of the first: 3 of 3."
    )
    assert "we add 12 average" in sentences.ranking(12.0, None)


def test_logins():
    assert sentences.logins(2.17, 3.3, -0.04) == (
        "Logins are up 217%, but 3.3 times as many rep-days were enabled: per rep-day they are "
        "down 4%."
    )
    assert sentences.logins(0.0, 1.0, 0.001).startswith("Logins are unchanged")


def test_rounding_is_half_up():
    assert sentences.percent(0.125) == "13%"


def test_what_of_the_rule_changed():
    before = {"target_days": 2, "k": 3, "week_start": 0, "key_actions": ["a"]}
    after = {"target_days": 3, "k": 3, "week_start": 6, "key_actions": ["a", "b"]}
    assert sentences.rule_changes(before, after) == [
        "active days a good week needs: 2 before, 3 now",
        "key actions: a before, a, b now",
        "first day of the week: Monday before, Sunday now",
    ]
