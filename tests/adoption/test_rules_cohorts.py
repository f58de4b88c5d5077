"""Periods, lifecycle, retention, feature adoption and time to first value (METRICS U4-U8)."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.rules import (
    AdoptionRule,
    FeatureUse,
    Interval,
    Mode,
    Phase,
    Wait,
    checkpoints,
    complete_periods,
    feature_adoption,
    in_cohort,
    kaplan_meier,
    period_of,
    phase_counts,
    phases,
    rep_days,
    retained,
    span_of,
    wait_of,
    whole_weeks,
)
from core.calendars import ProgrammeCalendar, bits_of
from people.rules import PersonCalendar

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
RULE = AdoptionRule()
CALENDAR = ProgrammeCalendar("America/New_York")
SUNDAYS = ProgrammeCalendar("America/New_York", week_start=6)
SPAN = span_of(CALENDAR, MONDAY - 28 * DAY, MONDAY + 139 * DAY)


def rep(*offsets, **given_):
    """A rep enabled on the Monday who used it so many days after it."""
    dates = {"hired_on": None, "left_on": None, "enabled_on": MONDAY, "disabled_on": None}
    used = bits_of([MONDAY + offset * DAY for offset in offsets], SPAN.origin)
    return rep_days(PersonCalendar(**{**dates, **given_}), used, SPAN)


@pytest.mark.parametrize(
    ("calendar", "interval", "day", "start", "end", "name"),
    [
        (CALENDAR, "day", "2026-03-08", "2026-03-08", "2026-03-09", "2026-03-08"),
        (CALENDAR, "week", "2026-03-08", "2026-03-02", "2026-03-09", "2026-03-02"),
        (SUNDAYS, "week", "2026-03-08", "2026-03-08", "2026-03-15", "2026-03-08"),
        (SUNDAYS, "week", "2026-03-07", "2026-03-01", "2026-03-08", "2026-03-01"),
        (CALENDAR, "month", "2028-02-29", "2028-02-01", "2028-03-01", "2028-02"),
        (CALENDAR, "month", "2026-12-31", "2026-12-01", "2027-01-01", "2026-12"),
    ],
)
def test_a_period_holds_its_dates_and_has_a_name(calendar, interval, day, start, end, name):
    found = period_of(calendar, Interval(interval), date.fromisoformat(day))
    assert (str(found.start), str(found.end), found.name) == (start, end, name)


@pytest.mark.parametrize(
    ("interval", "first", "through", "names"),
    [
        ("week", "2026-03-04", "2026-03-15", ["2026-03-02", "2026-03-09"]),
        ("week", "2026-03-04", "2026-03-14", ["2026-03-02"]),
        ("week", "2026-03-04", "2026-03-07", []),
        ("month", "2026-03-31", "2026-05-30", ["2026-03", "2026-04"]),
        ("month", "2026-03-31", "2026-05-31", ["2026-03", "2026-04", "2026-05"]),
        ("day", "2026-03-04", "2026-03-05", ["2026-03-04", "2026-03-05"]),
        ("day", "2026-03-04", "2026-03-03", []),
    ],
)
def test_only_complete_periods_are_given(interval, first, through, names):
    found = complete_periods(
        CALENDAR, Interval(interval), date.fromisoformat(first), date.fromisoformat(through)
    )
    assert [period.name for period in found] == names


def windows(first, last, interval="week"):
    """The windows of the periods that hold the offsets first..last, and the one before them."""
    calendar_periods = complete_periods(
        CALENDAR, Interval(interval), MONDAY + first * DAY, MONDAY + last * DAY
    )
    found = list(calendar_periods)
    before = period_of(CALENDAR, Interval(interval), found[0].start - DAY)
    return [SPAN.window(period.start, period.end) for period in (before, *found)]


def names_by_week(someone, weeks=6):
    found = phases(someone, windows(0, 7 * weeks - 1))
    return [
        next((phase.value for phase, bits in found.items() if bits >> week & 1), None)
        for week in range(1, weeks + 1)
    ]


@pytest.mark.parametrize(
    ("someone", "expected"),
    [
        (rep(0), ["new", "dormant", None, None, None, None]),
        (rep(0, 6), ["new", "dormant", None, None, None, None]),
        (rep(0, 7, 13), ["new", "returning", "dormant", None, None, None]),
        (rep(6, 21, 28), ["new", "dormant", None, "resurrecting", "returning", "dormant"]),
        (rep(0, left_on=MONDAY + 6 * DAY), ["new", "departed", None, None, None, None]),
        (rep(0, left_on=MONDAY + 7 * DAY), ["new", "dormant", None, None, None, None]),
        (rep(0, disabled_on=MONDAY + 7 * DAY), ["new", "departed", None, None, None, None]),
        (rep(0, 8, disabled_on=MONDAY + 8 * DAY), ["new", "dormant", None, None, None, None]),
        (rep(-1, 8), [None, "new", "dormant", None, None, None]),
        (rep(), [None] * 6),
    ],
)
def test_each_week_is_one_thing_to_a_rep(someone, expected):
    assert names_by_week(someone) == expected


def test_new_is_the_first_ever_and_the_period_before_the_first_is_known():
    before = rep(-10, -3, enabled_on=MONDAY - 28 * DAY)
    back = rep(-10, 3, enabled_on=MONDAY - 28 * DAY)
    steady = rep(-3, 3, enabled_on=MONDAY - 28 * DAY)
    assert names_by_week(before, 1) == ["dormant"]
    assert names_by_week(back, 1) == ["resurrecting"]
    assert names_by_week(steady, 1) == ["returning"]


REPS = st.builds(
    lambda offsets, enabled, left, disabled: rep(
        *offsets,
        enabled_on=MONDAY + enabled * DAY,
        left_on=None if left is None else MONDAY + left * DAY,
        disabled_on=None if disabled is None else MONDAY + disabled * DAY,
    ),
    st.lists(st.integers(-28, 139), max_size=25),
    st.integers(-28, 60),
    st.none() | st.integers(0, 130),
    st.none() | st.integers(0, 130),
)
INTERVALS = st.sampled_from(["day", "week", "month"])


@given(st.lists(REPS, max_size=8), INTERVALS)
def test_the_identities_of_the_lifecycle(people, interval):
    found = windows(0, 125, interval)
    counts = phase_counts(people, found)
    active = [sum(1 for someone in people if someone.used & window) for window in found]
    assert len(counts) == len(found) - 1
    for place, phase in enumerate(counts, start=1):
        assert active[place] == phase["new"] + phase["returning"] + phase["resurrecting"]
        assert active[place - 1] == phase["returning"] + phase["dormant"] + phase["departed"]
    ever = sum(1 for someone in people if in_cohort(someone, SPAN.window(SPAN.origin, SPAN.end)))
    assert sum(phase["new"] for phase in counts) <= ever


@given(st.lists(REPS, max_size=8), st.randoms(), INTERVALS)
def test_the_order_of_people_never_matters(people, random, interval):
    mixed = random.sample(people, len(people))
    found = windows(0, 125, interval)
    assert phase_counts(people, found) == phase_counts(mixed, found)
    points = checkpoints(SPAN, weeks_from(0, 100), Mode.ON_AFTER)
    assert [hits for _p, *hits in retained(people, SPAN, points, leavers_stay=False)] == [
        hits for _p, *hits in retained(mixed, SPAN, points, leavers_stay=False)
    ]


def weeks_from(first, last):
    return list(
        complete_periods(CALENDAR, Interval.WEEK, MONDAY + first * DAY, MONDAY + last * DAY)
    )


COHORT = (
    rep(0, 7, 14, 21),
    rep(1, 15),
    rep(4, 30),
    rep(2, 8, left_on=MONDAY + 13 * DAY),
    rep(5, enabled_on=MONDAY + 3 * DAY),
    rep(0, 14, left_on=MONDAY + 14 * DAY),
)


def curve(mode, *, stay=False, last=27, brackets=()):
    points = checkpoints(SPAN, weeks_from(0, last), mode, brackets)
    found = retained(COHORT, SPAN, points, leavers_stay=stay)
    return [(point.name, at_risk, hits) for point, at_risk, hits in found]


def test_back_in_the_very_week():
    assert curve(Mode.ON) == [(0, 6, 6), (1, 6, 2), (2, 5, 3), (3, 4, 1)]
    assert curve(Mode.ON, stay=True) == [(0, 6, 6), (1, 6, 2), (2, 6, 3), (3, 6, 1)]


def test_back_in_the_week_or_later():
    assert curve(Mode.ON_AFTER) == [(0, 6, 6), (1, 6, 5), (2, 5, 4), (3, 4, 2)]
    assert curve(Mode.ON_AFTER, stay=True) == [(0, 6, 6), (1, 6, 5), (2, 6, 4), (3, 6, 2)]


def test_a_return_on_a_day_of_the_running_week_is_a_return():
    assert curve(Mode.ON_AFTER, last=33)[-1] == (3, 4, 2)
    assert curve(Mode.ON_AFTER, last=34)[-1] == (4, 4, 1)


def test_back_in_a_range_of_weeks():
    brackets = ((0, 0), (1, 2), (3, 4), (2, 3))
    assert curve(Mode.BRACKET, brackets=brackets) == [("0-0", 6, 6), ("1-2", 6, 4), ("2-3", 5, 3)]
    assert curve(Mode.BRACKET, brackets=brackets, last=34)[2] == ("3-4", 4, 2)


def test_a_cohort_is_made_by_first_use():
    first_week = SPAN.window(MONDAY, MONDAY + 7 * DAY)
    assert in_cohort(rep(6, 8), first_week)
    assert not in_cohort(rep(7), first_week)
    assert not in_cohort(rep(-2, 3, enabled_on=MONDAY - 7 * DAY), first_week)
    assert in_cohort(rep(-2, 3), first_week), "use before enablement is none"
    assert not in_cohort(rep(), first_week)


@given(st.lists(REPS, max_size=8), INTERVALS)
def test_on_after_never_rises_while_everybody_stays(people, interval):
    periods = list(complete_periods(CALENDAR, Interval(interval), MONDAY, MONDAY + 125 * DAY))
    first = SPAN.window(periods[0].start, periods[0].end)
    people = [someone for someone in people if in_cohort(someone, first)]
    for mode in (Mode.ON, Mode.ON_AFTER):
        points = checkpoints(SPAN, periods, mode)
        kept = [hits for _p, _at_risk, hits in retained(people, SPAN, points, leavers_stay=True)]
        left = retained(people, SPAN, points, leavers_stay=False)
        assert all(hits <= at_risk <= len(people) for _p, at_risk, hits in left)
        if mode is Mode.ON_AFTER:
            assert kept == sorted(kept, reverse=True)
            assert kept == [hits for _p, _at_risk, hits in left], "leavers never come back"


@pytest.mark.parametrize(
    ("start", "end", "weeks"),
    [
        (0, 14, [4, 5]),
        (1, 14, [5]),
        (0, 13, [4]),
        (2, 8, []),
        (3, 3, []),
        (-7, 7, [3, 4]),
    ],
)
def test_a_week_is_weighed_when_all_its_dates_lie_in_the_window(start, end, weeks):
    window = SPAN.window(MONDAY + start * DAY, MONDAY + end * DAY)
    assert list(whole_weeks(SPAN, window)) == weeks


def test_features_by_breadth_depth_and_frequency():
    away = ((MONDAY, MONDAY + 2 * DAY),)
    uses = [
        FeatureUse(rep(0, 1, 7), {"guided_use": 3, "sequence_run": 2}),
        FeatureUse(rep(0, 1, absences=away), {"guided_use": 1}),
        FeatureUse(rep(), {}),
        FeatureUse(rep(5, 8), {"sequence_run": 2}),
    ]
    found = feature_adoption(uses, ["guided_use", "sequence_run", "email"], range(4, 6), RULE)
    assert found.population == 4
    assert found.rate == {"guided_use": 0.5, "sequence_run": 0.5, "email": 0.0}
    assert found.breadth == pytest.approx(4 / 3)
    assert found.depth == pytest.approx(8 / 3)
    assert found.frequency == pytest.approx(5 / 7), "the week of leave is in neither number"


def test_features_without_a_base():
    nobody = feature_adoption([], ["guided_use"], range(1), RULE)
    assert nobody.population == 0
    assert (nobody.rate, nobody.breadth) == ({"guided_use": None}, None)
    assert (nobody.depth, nobody.frequency) == (None, None)
    idle = feature_adoption([FeatureUse(rep(), {})], ["guided_use"], range(4, 5), RULE)
    assert (idle.rate, idle.breadth, idle.frequency) == ({"guided_use": 0.0}, None, 0.0)


@pytest.mark.parametrize(
    ("someone", "through", "days", "reached"),
    [
        (rep(0), 20, 0, True),
        (rep(4, 9), 20, 4, True),
        (rep(4), 3, 3, False),
        (rep(4), 4, 4, True),
        (rep(left_on=MONDAY + 9 * DAY), 20, 9, False),
        (rep(12, left_on=MONDAY + 9 * DAY), 20, 9, False),
        (rep(disabled_on=MONDAY + 9 * DAY), 20, 8, False),
        (rep(9, disabled_on=MONDAY + 9 * DAY), 20, 8, False),
        (rep(9, hired_on=MONDAY + 5 * DAY), 20, 4, True),
        (rep(), 0, 0, False),
    ],
)
def test_a_wait_ends_with_first_use_or_with_the_last_day_looked_at(someone, through, days, reached):
    assert wait_of(someone, SPAN, MONDAY + through * DAY) == Wait(days, reached)


@pytest.mark.parametrize(
    "someone",
    [
        rep(enabled_on=None),
        rep(enabled_on=MONDAY + 21 * DAY),
        rep(left_on=MONDAY - DAY),
        rep(disabled_on=MONDAY),
    ],
)
def test_who_was_never_there_waits_for_nothing(someone):
    assert wait_of(someone, SPAN, MONDAY + 20 * DAY) is None


def waits(text):
    """As METRICS section 8 writes them: `3e` an event on day 3, `4c` censored on day 4."""
    return [Wait(int(word[:-1]), word.endswith("e")) for word in text.split()]


@pytest.mark.parametrize(
    ("text", "events", "curve_", "median"),
    [
        ("3e 10e 4c 20c", 2, [(3, 0.75), (10, 0.375)], 10),
        ("", 0, [], None),
        ("5c 9c", 0, [], None),
        ("0e", 1, [(0, 0.0)], 0),
        ("2e 2e 5c 5c", 2, [(2, 0.5)], 2),
        ("2e 5c 5c", 1, [(2, 2 / 3)], None),
        ("4e 4c 4c", 1, [(4, 2 / 3)], None),
        ("1e 1e 2e 3c", 3, [(1, 0.5), (2, 0.25)], 1),
    ],
)
def test_kaplan_meier_on_paper(text, events, curve_, median):
    found = kaplan_meier(waits(text))
    assert (found.n, found.events, found.median) == (len(text.split()), events, median)
    assert [day for day, _share in found.curve] == [day for day, _share in curve_]
    assert [share for _day, share in found.curve] == [share for _day, share in curve_]


WAITS = st.lists(st.builds(Wait, st.integers(0, 30), st.booleans()), max_size=40)


@given(WAITS, st.randoms())
def test_a_survival_curve_only_falls_and_the_order_does_not_matter(found, random):
    survival = kaplan_meier(found)
    shares = [share for _day, share in survival.curve]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)
    assert [day for day, _share in survival.curve] == sorted(
        {wait.days for wait in found if wait.reached}
    )
    below = [day for day, share in survival.curve if share <= 0.5]
    assert survival.median == (below[0] if below else None)
    assert kaplan_meier(random.sample(found, len(found))) == survival


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_without_censoring_survival_is_the_share_still_waiting(days):
    for day, share in kaplan_meier([Wait(day, reached=True) for day in days]).curve:
        assert share == float(Fraction(sum(1 for other in days if other > day), len(days)))


def test_phases_are_the_keys_of_the_contract():
    assert [phase.value for phase in Phase] == [
        "new",
        "returning",
        "resurrecting",
        "dormant",
        "departed",
    ]
