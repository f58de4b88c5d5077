from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.rules import (
    AdoptionRule,
    AdoptionState,
    Day60,
    Established,
    Months,
    RepDays,
    Weeks,
    available_bits,
    available_days,
    current_bits,
    day60_of,
    established,
    first_use,
    is_available,
    mark_week,
    rep_days,
    share_of,
    span_of,
    state_at,
    state_of,
    sustained_in,
    team_table,
)
from core.calendars import ProgrammeCalendar, bits_of, days_between, month_bounds
from core.stats import Share
from people.rules import PersonCalendar

MONDAY = date(2026, 3, 2)
RULE = AdoptionRule()
CALENDAR = ProgrammeCalendar("America/New_York", holidays=frozenset({date(2026, 5, 25)}))
DAY = timedelta(days=1)


def person(**given_):
    dates = {"hired_on": None, "left_on": None, "enabled_on": MONDAY, "disabled_on": None}
    return PersonCalendar(**{**dates, **given_})


def weeks(text):
    """One letter a week, oldest first: m met, o eligible and not met, . exempt."""
    eligible = sum(1 << i for i, letter in enumerate(text) if letter != ".")
    met = sum(1 << i for i, letter in enumerate(text) if letter == "m")
    return Weeks(eligible, met, len(text))


@pytest.mark.parametrize(
    ("letters", "sustained"),
    [
        ("mmmm", True),
        ("mmmo", True),
        ("ommm", True),
        ("mmoo", False),
        ("oooo", False),
        ("mmm", None),
        ("", None),
        ("mm..mm", True),
        ("mm...mm", None),
        ("mmmmoo", False),
        ("mmmm..", True),
        ("mmmm...", None),
        ("ommmmo", True),
        ("mmm.o.o", False),
        ("mm.m.m", True),
        ("m.moom", False),
    ],
)
def test_sustained_looks_at_the_latest_four_eligible_of_six_weeks(letters, sustained):
    found = weeks(letters)
    assert found.sustained_at(len(letters) - 1, RULE) is sustained


@given(st.text("mo.", min_size=1, max_size=20), st.data())
def test_sustained_equals_its_definition_word_for_word(letters, data):
    rule = data.draw(
        st.sampled_from(
            [RULE, AdoptionRule(k=2), AdoptionRule(k=4), AdoptionRule(k=6, n=8, lookback=10)]
        )
    )
    latest = [letter for letter in letters[-rule.lookback :] if letter != "."][-rule.n :]
    expected = None if len(latest) < rule.n else latest.count("m") >= rule.k
    assert weeks(letters).sustained_at(len(letters) - 1, rule) is expected


@pytest.mark.parametrize(
    ("letters", "streak"),
    [("mmm", 3), ("mm.m", 3), ("mom.", 1), ("mmo", 0), ("...", 0), ("", 0), ("m..m..", 2)],
)
def test_streaks_step_over_exempt_weeks(letters, streak):
    assert weeks(letters).streak(len(letters) - 1) == streak


@pytest.mark.parametrize(
    ("mask", "available", "eligible", "met"),
    [
        (0b0000011, 0b0011111, True, True),
        (0b0000001, 0b0011111, True, False),
        (0b1100000, 0b0011111, True, True),
        (0b0000011, 0b0000011, False, False),
        (0b0000011, 0b0000111, True, True),
        (0, 0, False, False),
    ],
)
def test_a_week_is_met_by_distinct_days_and_only_if_eligible(mask, available, eligible, met):
    mark = mark_week(mask, available, RULE)
    assert (mark.eligible, mark.met) == (eligible, met)
    assert mark.active_days == mask.bit_count()


STATES = {
    (False, None): AdoptionState.LEFT,
    (False, True): AdoptionState.LEFT,
    (True, None): AdoptionState.NOT_MEASURABLE,
    (True, True): AdoptionState.SUSTAINED,
}


@given(st.booleans(), st.sampled_from([None, True, False]), st.booleans(), st.booleans())
def test_states_partition_every_combination(is_current, sustained, ever_sustained, ever_used):
    state = state_of(
        is_current=is_current,
        sustained=sustained,
        ever_sustained=ever_sustained,
        ever_used=ever_used,
    )
    expected = STATES.get((is_current, sustained))
    if not is_current:
        expected = AdoptionState.LEFT
    if expected is None:
        expected = (
            AdoptionState.LAPSED
            if ever_sustained
            else AdoptionState.TRYING
            if ever_used
            else AdoptionState.NOT_STARTED
        )
    assert state is expected


dates = st.integers(0, 120).map(lambda n: MONDAY - 20 * DAY + n * DAY)
maybe = st.none() | dates


@given(maybe, maybe, maybe, maybe, st.lists(st.tuples(dates, st.integers(0, 12)), max_size=3))
def test_bits_say_what_the_calendar_says_day_by_day(hired, left, enabled, disabled, away):
    absences = tuple((start, start + length * DAY) for start, length in away)
    someone = PersonCalendar(hired, left, enabled, disabled, absences)
    span = span_of(CALENDAR, MONDAY - 14 * DAY, MONDAY + 98 * DAY)
    current, available = current_bits(someone, span), available_bits(someone, span)
    for day in days_between(span.origin, span.end):
        assert span.has(current, day) == someone.is_current(day)
        assert span.has(available, day) == is_available(someone, CALENDAR, day)
    assert available.bit_count() == len(available_days(someone, CALENDAR, span.origin, span.end))


def test_leave_date_is_the_last_day_and_disabled_the_first_day_off():
    someone = person(left_on=MONDAY + 4 * DAY)
    assert is_available(someone, CALENDAR, MONDAY + 4 * DAY)
    assert not is_available(someone, CALENDAR, MONDAY + 7 * DAY)
    assert not is_available(person(disabled_on=MONDAY), CALENDAR, MONDAY)
    assert not is_available(person(enabled_on=None), CALENDAR, MONDAY)


@given(
    st.lists(st.integers(0, 83), max_size=60, unique=True),
    st.integers(0, 90),
    st.sampled_from([None, 10, 40, 70]),
)
def test_every_rep_is_in_exactly_one_state_and_the_counts_add_up(places, through, left):
    someone = person(left_on=None if left is None else MONDAY + left * DAY)
    span = span_of(CALENDAR, MONDAY, MONDAY + 83 * DAY)
    used = bits_of([MONDAY + place * DAY for place in places], MONDAY)
    state = state_at(rep_days(someone, used, span), span, MONDAY + through * DAY, RULE)
    assert state in set(AdoptionState)
    share = share_of([state])
    assert share.base == (state not in {AdoptionState.LEFT, AdoptionState.NOT_MEASURABLE})
    assert share.hits == (state is AdoptionState.SUSTAINED)


def used_on(*offsets):
    return bits_of([MONDAY + offset * DAY for offset in offsets], MONDAY)


TWICE_A_WEEK = tuple(7 * week + day for week in range(12) for day in (0, 2))


@pytest.mark.parametrize(
    ("days", "through", "given_", "state"),
    [
        (TWICE_A_WEEK, 27, {}, AdoptionState.SUSTAINED),
        (TWICE_A_WEEK, 26, {}, AdoptionState.NOT_MEASURABLE),
        (TWICE_A_WEEK[:8], 41, {}, AdoptionState.LAPSED),
        (TWICE_A_WEEK[:2], 41, {}, AdoptionState.TRYING),
        ((), 41, {}, AdoptionState.NOT_STARTED),
        (TWICE_A_WEEK, 41, {"left_on": MONDAY + 40 * DAY}, AdoptionState.LEFT),
        (TWICE_A_WEEK, 41, {"enabled_on": None}, AdoptionState.LEFT),
        ((-3, 28), 27, {}, AdoptionState.NOT_STARTED),
    ],
)
def test_states_of_one_rep(days, through, given_, state):
    someone = person(**given_)
    span = span_of(CALENDAR, MONDAY - 7 * DAY, MONDAY + 83 * DAY)
    used = bits_of([MONDAY + offset * DAY for offset in days], span.origin)
    assert state_at(rep_days(someone, used, span), span, MONDAY + through * DAY, RULE) is state


def test_use_outside_employment_never_counts():
    span = span_of(CALENDAR, MONDAY, MONDAY + 27 * DAY)
    rep = rep_days(person(disabled_on=MONDAY + 7 * DAY), used_on(1, 8, 9), span)
    assert rep.used == used_on(1)


def test_leave_exempts_a_week_and_the_habit_survives_it():
    away = ((MONDAY + 21 * DAY, MONDAY + 25 * DAY),)
    used = used_on(0, 1, 7, 8, 14, 15, 28, 29)
    span = span_of(CALENDAR, MONDAY, MONDAY + 34 * DAY)
    with_leave = rep_days(person(absences=away), used, span)
    without = rep_days(person(), used, span)
    assert with_leave.week(3, RULE).eligible is False
    assert state_at(with_leave, span, MONDAY + 34 * DAY, RULE) is AdoptionState.SUSTAINED
    assert state_at(without, span, MONDAY + 34 * DAY, RULE) is AdoptionState.SUSTAINED
    assert with_leave.marks(5, RULE).streak(4) == 4
    assert without.marks(5, RULE).streak(4) == 1


@pytest.mark.parametrize(
    ("days", "through", "given_", "answer"),
    [
        (TWICE_A_WEEK, 59, {}, Day60.NOT_REACHED),
        (TWICE_A_WEEK, 60, {}, Day60.SUSTAINED),
        (TWICE_A_WEEK[:4], 80, {}, Day60.NOT_SUSTAINED),
        (TWICE_A_WEEK, 80, {"left_on": MONDAY + 59 * DAY}, Day60.LEFT),
        (TWICE_A_WEEK, 80, {"left_on": MONDAY + 61 * DAY}, Day60.SUSTAINED),
        (TWICE_A_WEEK, 80, {"enabled_on": None}, Day60.NOT_REACHED),
        (
            TWICE_A_WEEK,
            80,
            {"absences": ((MONDAY + 14 * DAY, MONDAY + 48 * DAY),)},
            Day60.NOT_MEASURABLE,
        ),
        (TWICE_A_WEEK, 62, {"hired_on": MONDAY + 3 * DAY}, Day60.NOT_REACHED),
    ],
)
def test_day_60_is_each_reps_own(days, through, given_, answer):
    span = span_of(CALENDAR, MONDAY, MONDAY + 90 * DAY)
    rep = rep_days(person(**given_), used_on(*days), span)
    assert day60_of(rep, span, MONDAY + through * DAY, RULE) is answer


def test_the_last_available_day_names_the_weeks_team():
    span = span_of(CALENDAR, MONDAY, MONDAY + 13 * DAY)
    away = ((MONDAY + 3 * DAY, MONDAY + 6 * DAY), (MONDAY + 7 * DAY, MONDAY + 13 * DAY))
    rep = rep_days(person(absences=away), 0, span)
    assert rep.last_available(0, span) == MONDAY + 2 * DAY
    assert rep.last_available(1, span) is None


def test_the_team_table_ranks_by_the_shrunk_rate_and_leaves_small_teams_unranked():
    table = team_table({"A": Share(4, 5), "B": Share(9, 10), "C": Share(12, 15), "D": Share(3, 3)})
    assert [(row.team, row.rank, round(row.shrunk or 0, 4)) for row in table] == [
        ("D", 1, 0.8834),
        ("B", 2, 0.8742),
        ("A", 3, 0.8323),
        ("C", 4, 0.8194),
    ]
    tied = team_table({"A": Share(1, 3), "B": Share(1, 3), "C": Share(0, 3), "D": Share(2, 2)})
    assert [(row.team, row.rank) for row in tied] == [("A", 1), ("B", 1), ("C", 3), ("D", None)]
    assert team_table({"A": Share(0, 0)})[0].shrunk is None


def test_the_four_readings_of_established():
    span = span_of(CALENDAR, date(2026, 3, 1), date(2026, 6, 30))

    def rep(*days):
        return RepDays(
            (1 << span.days) - 1,
            0,
            bits_of([date.fromisoformat(f"2026-{day}") for day in days], span.origin),
            MONDAY,
        )

    world = [
        rep("03-10", "05-05"),  # used long ago, back in May
        rep("03-10", "04-10"),  # used before and last month, not in May
        rep("04-10", "05-05"),  # first used last month
        rep("03-10", "04-10", "05-05"),
        rep("05-05"),
        rep(),
    ]
    bounds = {name: month_bounds(f"2026-0{name}") for name in (3, 4, 5)}
    months = Months(
        bounds[5][0],
        span.window(*bounds[5]),
        span.window(*bounds[4]),
        span.window(*bounds[3]),
        span.window(None, bounds[5][0]),
    )
    people = dict(enumerate(world))
    answers = {reading.value: established(people, span, months, reading) for reading in Established}
    assert answers == {
        "ever_before": {0: True, 1: False, 2: True, 3: True},
        "active_prev": {1: False, 2: True, 3: True},
        "not_new_prev": {1: False, 3: True},
        "active_both": {1: False, 3: True},
    }
    assert first_use(world[0], span) == date(2026, 3, 10)
    assert first_use(world[5], span) is None


def test_the_window_rule_is_cached_and_pure():
    assert sustained_in(0b111100, 0b111000, RULE) is True
    assert sustained_in(0b111000, 0b111000, RULE) is None
