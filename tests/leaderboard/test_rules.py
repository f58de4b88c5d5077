"""Scoring and standing worked on paper (METRICS section 5, CONTESTS edge cases)."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.rules.members import members
from leaderboard.rules.recount import Facts, recount
from leaderboard.rules.scoring import (
    Event,
    PointRule,
    Reason,
    Unique,
    day_points,
    day_reached,
    exact,
    fold,
)
from leaderboard.rules.standing import (
    Baseline,
    Member,
    MemberScore,
    Mode,
    Terms,
    Unranked,
    asked_days,
    competition_ranks,
    is_on_roster,
    lines,
    member_scores,
    result_hash,
    shrunk,
)
from leaderboard.rules.units import UnitKind, Units
from people.rules import MembershipSpan, PersonCalendar

F = Fraction
MON = date(2026, 3, 2)
DAYS = tuple(MON + timedelta(days=n) for n in range(14))
WORKING = frozenset(day for day in DAYS if day.weekday() < 5)


def event(name="e", *, day=MON, hour=9, kind="guided_use", **more):
    at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return Event(name, kind, more.pop("at", at), day, **more)


def rule(**more):
    return PointRule("guided_use", more.pop("points", F(10)), **more)


def reasons(entries):
    return [entry.reason for entry in entries]


def judged(the_rule, *events, days=DAYS):
    return fold({the_rule.kind: the_rule}, events, frozenset(days))


# --- C2: caps, decay, unique, value


def test_a_cap_leaves_later_events_visible_and_worth_nothing():
    entries = judged(rule(daily_cap=2), event("a", hour=8), event("b", hour=9), event("c", hour=10))
    assert reasons(entries) == [Reason.COUNTED, Reason.COUNTED, Reason.CAP]
    assert day_points(entries) == {MON: F(20)}


def test_case_24_a_late_earlier_event_displaces_a_later_one():
    late_but_earlier = event("late", hour=7)
    entries = judged(rule(daily_cap=1), event("first", hour=9), late_but_earlier)
    assert [(e.event.event_id, e.reason) for e in entries] == [
        ("late", Reason.COUNTED),
        ("first", Reason.CAP),
    ]


def test_decay_is_exact():
    entries = judged(rule(decay=exact(0.9)), *(event(str(n), hour=n) for n in range(3)))
    assert [entry.points for entry in entries] == [F(10), F(9), F(81, 10)]


@pytest.mark.parametrize(
    ("unique", "objects", "expected"),
    [
        (Unique.OBJECT_DAY, ["d1", "d1", "d2"], [Reason.COUNTED, Reason.REPEAT, Reason.COUNTED]),
        (Unique.OBJECT_DAY, [None, "d1", ""], [Reason.NO_OBJECT, Reason.COUNTED, Reason.NO_OBJECT]),
        (None, ["d1", "d1", None], [Reason.COUNTED] * 3),
    ],
)
def test_unique_by_object_and_day(unique, objects, expected):
    events = [event(str(n), hour=n, object_id=name) for n, name in enumerate(objects)]
    assert reasons(judged(rule(unique=unique), *events)) == expected


def test_case_25_an_object_scores_once_per_contest_and_stays_on_the_list():
    events = [event("a", object_id="d"), event("b", day=MON + timedelta(days=1), object_id="d")]
    once = judged(rule(unique=Unique.OBJECT), *events)
    daily = judged(rule(unique=Unique.OBJECT_DAY), *events)
    assert reasons(once) == [Reason.COUNTED, Reason.REPEAT]
    assert reasons(daily) == [Reason.COUNTED, Reason.COUNTED]


def test_an_object_the_cap_refused_may_score_another_day():
    tuesday = MON + timedelta(days=1)
    entries = judged(
        rule(unique=Unique.OBJECT, daily_cap=1),
        event("a", hour=8, object_id="d1"),
        event("b", hour=9, object_id="d2"),
        event("c", day=tuesday, object_id="d2"),
    )
    assert reasons(entries) == [Reason.COUNTED, Reason.CAP, Reason.COUNTED]


def test_min_value_held_and_foreign_kinds():
    entries = judged(
        rule(min_value=F(100)),
        event("low", hour=1, value=F(99)),
        event("none", hour=2),
        event("ok", hour=3, value=F(100)),
        event("held", hour=4, value=F(500), held=True),
        event("login", hour=5, kind="login"),
    )
    assert reasons(entries) == [
        Reason.BELOW_VALUE,
        Reason.BELOW_VALUE,
        Reason.COUNTED,
        Reason.HELD,
    ]


def test_use_on_a_day_not_enabled_is_shown_and_not_counted():
    entries = judged(rule(), event("a"), days=DAYS[1:])
    assert reasons(entries) == [Reason.NOT_ENABLED]
    assert day_points(entries) == {}


# --- C4-C6: headcount, roster, participation


@pytest.mark.parametrize(
    ("target", "available", "asked"),
    [(2, 10, 4), (2, 9, 4), (2, 5, 2), (2, 6, 3), (3, 10, 6), (2, 0, 0), (1, 1, 1)],
)
def test_what_is_asked_follows_the_days_available(target, available, asked):
    assert asked_days(F(target), available) == asked


def test_case_15_a_joiner_of_the_last_week_adds_headcount_and_is_not_on_the_roster():
    assert is_on_roster(5, 10)
    assert not is_on_roster(4, 10)
    assert not is_on_roster(0, 0)


def member(person_id=1, team=1, available=WORKING, team_of=None):
    return Member(person_id, team_of or dict.fromkeys(DAYS, team), frozenset(DAYS), available)


def test_case_13_a_mover_at_half_time_is_split():
    half = MON + timedelta(days=7)
    mover = member(team_of={day: 1 if day < half else 2 for day in DAYS})
    terms = Terms(working_days=10)
    first, second = member_scores(terms, mover, {MON: F(10), half: F(20)})
    assert (first.points, second.points) == (F(10), F(20))
    rows = {row.unit_id: row for row in lines(terms, [first, second], [1, 2])}
    assert rows[1].headcount == rows[2].headcount == F(1, 2)
    assert first.on_roster
    assert second.on_roster


def test_case_8_a_leave_week_adds_nothing_to_headcount_or_to_what_is_asked():
    away = member(available=frozenset(sorted(WORKING)[:5]))
    [score] = member_scores(Terms(), away, {})
    assert (score.available_days, score.asked_days) == (5, 2)
    assert lines(Terms(), [score], [1])[0].headcount == F(1, 2)


def test_an_active_day_needs_a_point_and_a_weekend_counts():
    saturday = MON + timedelta(days=5)
    [score] = member_scores(Terms(), member(), {MON: F(1, 2), saturday: F(1)})
    assert score.active_days == 1


def side(team, met, roster, *, headcount=None, points=0):
    """A team with `met` of `roster` reps, everybody there all ten days."""
    return [
        MemberScore(team * 1000 + n, team, F(points) / roster, 4 if n < met else 0, 10, 4, True)
        for n in range(roster)
    ]


def table(terms, *sides):
    scores = [score for group in sides for score in group]
    return lines(terms, scores, {score.unit_id for score in scores})


def test_case_9_a_rep_without_data_lowers_the_rate():
    rows = {row.unit_id: row for row in table(Terms(), side(1, 4, 5), side(2, 7, 12))}
    assert rows[1].score == F(4, 5)
    assert rows[2].score == F(7, 12)


@pytest.mark.parametrize(
    ("met", "roster", "expected"), [(3, 3, 0.577), (4, 5, 0.567), (9, 12, 0.614), (14, 20, 0.617)]
)
def test_case_10_rates_are_drawn_to_the_pooled_one(met, roster, expected):
    assert float(shrunk(F(met, roster), F(roster), F(45, 100), F(10))) == pytest.approx(
        expected, abs=5e-4
    )


def test_case_10_the_order_flips_as_computed():
    # 30 of 40 met in these four; the fifth brings the pooled rate to 45 %.
    sides = [side(1, 3, 3), side(2, 4, 5), side(3, 9, 12), side(4, 14, 20), side(5, 0, 26)]
    rest = side(6, 3, 7)
    rows = table(Terms(), *sides, rest)
    pooled = F(33, 73)
    by_team = {row.unit_id: row for row in rows}
    assert by_team[1].rank_score == (3 + 10 * pooled) / 13
    assert [row.unit_id for row in rows][:4] == [4, 3, 1, 2]


def test_metrics_8_shrink_vectors():
    """4/5 9/10 12/15 3/3: p .8485 -> .8323 .8742 .8194 .8834 (METRICS section 8)."""
    rows = table(Terms(), side(1, 4, 5), side(2, 9, 10), side(3, 12, 15), side(4, 3, 3))
    found = {row.unit_id: float(row.rank_score) for row in rows}
    assert [round(found[team], 4) for team in (1, 2, 3, 4)] == [0.8323, 0.8742, 0.8194, 0.8834]
    assert [row.unit_id for row in rows] == [4, 2, 1, 3]


def test_per_head_points_are_shrunk_by_headcount():
    rows = table(Terms(mode=Mode.PER_CAPITA), side(1, 0, 3, points=30), side(2, 0, 7, points=35))
    league = F(65, 10)
    assert rows[0].score == F(10)
    assert rows[0].rank_score == (3 * 10 + 10 * league) / 13


def test_totals_are_not_shrunk():
    rows = table(Terms(mode=Mode.TOTAL), side(1, 0, 3, points=30), side(2, 0, 7, points=35))
    assert [(row.unit_id, row.score, row.rank_score) for row in rows] == [
        (2, F(35), F(35)),
        (1, F(30), F(30)),
    ]


def test_improvement_and_handicap_stand_on_a_steadied_baseline():
    bases = {1: Baseline(F(50), 100), 2: Baseline(F(150), 100)}
    scores = [*side(1, 0, 5, points=50), *side(2, 0, 5, points=75)]
    better = {
        row.unit_id: row.score for row in lines(Terms(mode=Mode.IMPROVEMENT), scores, [1, 2], bases)
    }
    steady = (50 + 50 * F(1)) / F(150)
    assert better[1] == 100 * (F(50, 50) - steady) / steady
    helped = {
        row.unit_id: row.score for row in lines(Terms(mode=Mode.HANDICAP), scores, [1, 2], bases)
    }
    assert helped[1] == F(10) * F(3, 2)
    assert helped[2] == F(15) * F(3, 4)


def test_modes_that_compare_need_a_past():
    rows = lines(Terms(mode=Mode.IMPROVEMENT), side(1, 0, 5, points=5), [1], {})
    assert rows[0].reason is Unranked.NO_BASELINE


# --- C9: places


@pytest.mark.parametrize(
    ("scores", "ranks"),
    [
        ([], []),
        ([F(3)], [1]),
        ([F(3), F(2), F(2), F(1)], [1, 2, 2, 4]),
        ([F(1), F(1), F(0)], [1, 1, 3]),
        ([F(1, 3), F(2, 6)], [1, 1]),
    ],
)
def test_case_19_competition_ranking_on_exact_numbers(scores, ranks):
    assert competition_ranks(scores) == ranks


def test_case_40_a_hair_apart_is_not_a_tie():
    assert competition_ranks([F("0.6251"), F("0.6249")]) == [1, 2]


def test_case_11_two_reps_are_shown_without_a_place():
    rows = table(Terms(), side(1, 2, 2), side(2, 2, 4), side(3, 1, 4))
    assert [(row.unit_id, row.rank) for row in rows] == [(2, 1), (3, 2), (1, None)]
    assert rows[-1].reason is Unranked.TOO_SMALL
    assert rows[-1].score == F(1)


def test_a_team_of_late_joiners_has_heads_and_no_roster():
    scores = [MemberScore(n, 1, F(0), 0, 4, 2, False) for n in range(10)]
    [row] = lines(Terms(), scores, [1])
    assert (row.headcount, row.reason, row.score) == (F(4), Unranked.NO_ROSTER, None)


def test_a_team_nobody_is_on_still_has_a_row():
    rows = lines(Terms(), [], [1])
    assert rows[0].reason is Unranked.TOO_SMALL


# --- properties

team_sizes = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 12)).map(lambda p: (min(p[1], p[0]), p[0])),
    min_size=1,
    max_size=8,
)


@given(team_sizes, st.randoms())
def test_places_do_not_depend_on_the_order_of_anything(sizes, shuffler):
    scores = [s for n, (met, roster) in enumerate(sizes, 1) for s in side(n, met, roster)]
    straight = lines(Terms(), scores, range(1, len(sizes) + 1))
    shuffler.shuffle(scores)
    assert result_hash(lines(Terms(), scores, range(1, len(sizes) + 1))) == result_hash(straight)


@given(team_sizes)
def test_shares_stay_in_bounds_and_places_follow_the_score(sizes):
    rows = table(Terms(), *(side(n, met, roster) for n, (met, roster) in enumerate(sizes, 1)))
    placed = [row for row in rows if row.ranked]
    assert all(0 <= row.score <= 1 and 0 <= row.rank_score <= 1 for row in placed)
    for row in placed:
        assert row.rank == 1 + sum(other.rank_score > row.rank_score for other in placed)


@given(st.lists(st.sampled_from([F(0), F(1, 3), F(2, 6), F(1, 2), F(1)]), max_size=12))
def test_a_place_is_one_more_than_the_number_ahead(scores):
    best_first = sorted(scores, reverse=True)
    assert competition_ranks(best_first) == [
        1 + sum(s > score for s in scores) for score in best_first
    ]


# --- the second opinion agrees with the fold


def parts(scores):
    """What each rep brought to each unit, where it is anything."""
    return sorted(
        (
            each.person_id,
            each.unit_id,
            each.points,
            each.active_days,
            each.available_days,
            each.on_roster,
            each.reached_at and each.reached_at.isoformat(),
        )
        for each in scores
        if each.points or each.available_days
    )


rules_strategy = st.builds(
    PointRule,
    kind=st.just("guided_use"),
    points=st.sampled_from([F(1), F(10), F(1, 2)]),
    daily_cap=st.sampled_from([None, 1, 2, 3]),
    decay=st.sampled_from([F(1), F(1, 2), F(9, 10), F(0)]),
    unique=st.sampled_from([None, Unique.OBJECT, Unique.OBJECT_DAY]),
    min_value=st.sampled_from([None, F(5)]),
)
events_strategy = st.lists(
    st.builds(
        lambda n, d, h, o, v, held: (n, d, h, o, v, held),
        st.integers(0, 10_000),
        st.integers(0, 13),
        st.integers(0, 23),
        st.sampled_from([None, "", "d1", "d2", "d3"]),
        st.sampled_from([None, F(4), F(5)]),
        st.booleans(),
    ),
    max_size=25,
    unique_by=lambda row: row[0],
)
days_strategy = st.integers(-3, 16).map(lambda n: MON + timedelta(days=n))


@given(
    rules_strategy,
    events_strategy,
    days_strategy,
    days_strategy,
    st.one_of(st.none(), days_strategy),
    st.sampled_from(list(Mode)),
    st.sampled_from(
        [
            Units(),
            Units(UnitKind.PERSON),
            Units(UnitKind.PERSON, teams=frozenset({2})),
            Units(UnitKind.ADHOC, sides={1: 1, 3: 2}),
        ]
    ),
)
def test_fold_and_recount_agree(the_rule, rows, enabled_on, moved_on, left_on, mode, units):
    events = tuple(
        event(str(n), day=DAYS[d], hour=h, object_id=o, value=v, held=held)
        for n, d, h, o, v, held in rows
    )
    calendars = {
        1: PersonCalendar(None, left_on, enabled_on, None, ((DAYS[2], DAYS[3]),)),
        2: PersonCalendar(MON - timedelta(days=9), None, MON, DAYS[12]),
        3: PersonCalendar(None, None, None, None),
    }
    spans = (
        MembershipSpan(1, 1, MON - timedelta(days=30), None, id=1),
        MembershipSpan(1, 2, moved_on, moved_on + timedelta(days=4), id=2),
        MembershipSpan(2, 2, MON - timedelta(days=30), None, id=3),
        MembershipSpan(3, 2, MON - timedelta(days=30), None, id=4),
    )
    terms = Terms(mode=mode, working_days=len(WORKING), min_team_size=F(0))
    rules = {the_rule.kind: the_rule}
    bases = {1: Baseline(F(3), 20), 2: Baseline(F(9), 20)}
    scores = []
    for person, one in members(DAYS, WORKING, spans, calendars, units).items():
        entries = fold(rules, events if person == 1 else (), one.current)
        scores += member_scores(terms, one, day_points(entries), day_reached(entries))
    facts = Facts(DAYS, WORKING, spans, calendars, {1: events}, units)
    again = recount(terms, rules, facts)
    assert parts(again) == parts(scores)
    assert result_hash(lines(terms, again, [1, 2], bases)) == result_hash(
        lines(terms, scores, [1, 2], bases)
    )
