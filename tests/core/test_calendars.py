from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendars import (
    ProgrammeCalendar,
    UnknownZone,
    bits_of,
    days_between,
    month_before,
    month_bounds,
    span_bits,
    zone_of,
)


def at(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("America/New_York", date(2026, 3, 2), "2026-03-02T05:00:00+00:00"),
        ("America/New_York", date(2026, 3, 9), "2026-03-09T04:00:00+00:00"),
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00:00+00:00"),
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00+00:00"),
        ("Asia/Kolkata", date(2026, 1, 1), "2025-12-31T18:30:00+00:00"),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00+00:00"),
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00:00+00:00"),
    ],
)
def test_a_date_starts_at_its_first_instant(zone, day, start):
    assert ProgrammeCalendar(zone).day_start(day) == at(start)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("America/Havana", date(2026, 11, 1), 25),
        ("Pacific/Apia", date(2011, 12, 30), 0),
        ("UTC", date(2026, 3, 8), 24),
    ],
)
def test_days_have_the_hours_their_zone_gives_them(zone, day, hours):
    calendar = ProgrammeCalendar(zone)
    assert calendar.day_end(day) - calendar.day_start(day) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("Africa/Cairo", "2026-04-23T21:59:59+00:00", date(2026, 4, 23)),
        ("Africa/Cairo", "2026-04-23T22:00:00+00:00", date(2026, 4, 24)),
        ("America/Havana", "2026-11-01T03:59:59+00:00", date(2026, 10, 31)),
        ("America/Havana", "2026-11-01T04:30:00+00:00", date(2026, 11, 1)),
        ("America/Havana", "2026-11-01T05:30:00+00:00", date(2026, 11, 1)),
        ("America/New_York", "2026-03-03T04:30:00+00:00", date(2026, 3, 2)),
        ("Pacific/Auckland", "2026-03-03T12:30:00+00:00", date(2026, 3, 4)),
    ],
)
def test_local_days(zone, instant, day):
    assert ProgrammeCalendar(zone).local_day(at(instant)) == day


def test_a_naive_instant_is_refused():
    with pytest.raises(ValueError, match="naive"):
        ProgrammeCalendar("UTC").local_day(datetime(2026, 1, 1))  # noqa: DTZ001


def test_an_unknown_zone_is_refused_by_name():
    for name in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(UnknownZone, match="unknown time zone"):
            zone_of(name)


@given(
    zone=st.sampled_from(
        ["Africa/Cairo", "America/Havana", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]
    ),
    instant=st.integers(1262304000, 1924905600).map(lambda s: datetime.fromtimestamp(s, UTC)),
)
def test_every_instant_lies_in_the_span_of_its_local_day(zone, instant):
    calendar = ProgrammeCalendar(zone)
    day = calendar.local_day(instant)
    assert calendar.day_start(day) <= instant < calendar.day_end(day)


@pytest.mark.parametrize("week_start", range(7))
def test_weeks_start_where_the_programme_says(week_start):
    calendar = ProgrammeCalendar("UTC", week_start=week_start)
    for day in days_between(date(2026, 2, 20), date(2026, 3, 20)):
        week = calendar.week_of(day)
        assert week.weekday() == week_start
        assert week <= day < week + timedelta(days=7)
        assert day in calendar.week_days(week)


def test_a_week_is_complete_on_its_last_date():
    calendar = ProgrammeCalendar("UTC")
    assert calendar.last_complete_week(date(2026, 3, 8)) == date(2026, 3, 2)
    assert calendar.last_complete_week(date(2026, 3, 7)) == date(2026, 2, 23)
    assert calendar.complete_weeks(date(2026, 3, 8), 2) == (date(2026, 2, 23), date(2026, 3, 2))
    assert calendar.is_complete(date(2026, 3, 2), date(2026, 3, 8))
    assert not calendar.is_complete(date(2026, 3, 2), date(2026, 3, 7))


def test_working_days_leave_out_weekends_and_holidays():
    calendar = ProgrammeCalendar("UTC", holidays=frozenset({date(2026, 3, 4)}))
    assert calendar.working_days(date(2026, 3, 2), date(2026, 3, 9)) == 4
    assert not calendar.is_working_day(date(2026, 3, 7))


def test_months():
    assert month_bounds("2028-02") == (date(2028, 2, 1), date(2028, 3, 1))
    assert month_before("2026-01") == "2025-12"
    for wrong in ("2026-13", "2026", "26-01", "2026-1"):
        with pytest.raises(ValueError, match="YYYY-MM"):
            month_bounds(wrong)


def test_dates_as_bits():
    origin = date(2026, 3, 2)
    assert bits_of([date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 1)], origin) == 0b101
    assert span_bits(date(2026, 3, 3), date(2026, 3, 5), origin, 7) == 0b110
    assert span_bits(None, None, origin, 3) == 0b111
    assert span_bits(date(2026, 4, 1), None, origin, 7) == 0
    assert span_bits(None, date(2026, 1, 1), origin, 7) == 0
