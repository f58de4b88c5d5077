"""The days of the loop: weeks by name, set days, skipped and doubled hours, working days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching.rules.days import (
    first_common_working_day,
    iso_week,
    last_day_to_mark,
    next_set_day,
    review_instant,
    set_day_in,
    week_starts,
)
from core.calendars import ProgrammeCalendar

DAY = timedelta(days=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Sao_Paulo",
)
days = st.dates(date(2009, 1, 1), date(2040, 12, 31))
weekdays = st.integers(0, 6)
zones = st.sampled_from(ZONES).map(ZoneInfo)
times = st.times().map(lambda at: at.replace(microsecond=0))
calendars = st.builds(
    ProgrammeCalendar,
    st.sampled_from(ZONES),
    weekdays,
    st.frozensets(weekdays, min_size=1),
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 3, 31)), max_size=30),
)


@pytest.mark.parametrize(
    ("week", "name"),
    [
        (date(2026, 3, 16), "2026-W12"),
        (date(2026, 12, 28), "2026-W53"),
        (date(2020, 12, 28), "2020-W53"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2027, 1, 4), "2027-W01"),
        # From Sunday, as in the United States, and from Saturday.
        (date(2026, 12, 27), "2026-W53"),
        (date(2026, 3, 15), "2026-W12"),
        (date(2026, 3, 14), "2026-W12"),
    ],
)
def test_a_week_is_called_by_iso_8601(week, name):
    assert iso_week(week) == name


@given(days, st.integers(1, 300))
def test_no_two_weeks_have_one_name(start, count):
    names = [iso_week(start + 7 * number * DAY) for number in range(count)]
    assert len(set(names)) == count
    assert names == sorted(names)


@given(days.map(lambda day: day - day.weekday() * DAY))
def test_a_week_from_monday_has_the_name_of_its_days(monday):
    year, number, _ = monday.isocalendar()
    assert iso_week(monday) == f"{year}-W{number:02d}"


@given(days, weekdays)
def test_the_next_set_day_is_the_first_one_after_today(today, weekday):
    found = next_set_day(today, weekday)
    assert found.weekday() == weekday
    assert DAY <= found - today <= 7 * DAY


@given(days, weekdays)
def test_every_week_holds_each_weekday_once(week, weekday):
    found = set_day_in(week, weekday)
    assert found.weekday() == weekday
    assert week <= found <= week + 6 * DAY


@pytest.mark.parametrize(
    ("zone", "day", "at", "instant"),
    [
        ("Europe/Berlin", date(2026, 3, 30), time(9, 30), utc(2026, 3, 30, 7, 30)),
        ("Europe/Berlin", date(2026, 3, 23), time(9, 30), utc(2026, 3, 23, 8, 30)),
        # 02:30 is skipped: 03:30. In October it comes twice: the first.
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), utc(2026, 3, 29, 1, 30)),
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), utc(2026, 10, 25, 0, 30)),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), utc(2026, 10, 3, 15, 45)),
        # A date Samoa left out: the next one's first instant.
        ("Pacific/Apia", date(2011, 12, 30), time(9), utc(2011, 12, 30, 10)),
    ],
)
def test_a_local_time_is_one_instant(zone, day, at, instant):
    assert review_instant(day, at, ZoneInfo(zone)) == instant


@given(days, times, zones)
def test_a_review_lies_on_its_date_at_or_after_its_time(day, at, zone):
    local = review_instant(day, at, zone).astimezone(zone)
    if str(zone) == "Pacific/Apia" and day == date(2011, 12, 30):
        assert local.date() == date(2011, 12, 31)
        return
    assert local.date() == day
    assert local.time() >= at
    assert local.fold == 0


def works(absent):
    return lambda day: day not in absent


absences = st.frozensets(st.dates(date(2026, 1, 1), date(2026, 2, 28)), max_size=40)


@given(calendars, absences, absences, st.dates(date(2026, 1, 1), date(2026, 2, 28)))
def test_the_first_day_both_work_and_no_earlier_one(calendar, first, second, after):
    found = first_common_working_day(after, calendar, [works(first), works(second)])
    assert found is not None
    fits = [
        day
        for day in (after + number * DAY for number in range(1, (found - after).days + 1))
        if calendar.is_working_day(day) and day not in first | second
    ]
    assert fits == [found]


def test_who_never_works_has_no_day():
    calendar = ProgrammeCalendar("UTC")
    assert first_common_working_day(date(2026, 1, 1), calendar, [lambda _day: False]) is None


@given(calendars, st.dates(date(2026, 1, 1), date(2026, 4, 30)))
def test_two_working_days_are_left_to_mark(calendar, review_on):
    last = last_day_to_mark(review_on, calendar)
    assert calendar.working_days(review_on + DAY, last + DAY) == 2
    assert calendar.is_working_day(last)


def test_a_calendar_without_working_days_gives_two_days():
    idle = ProgrammeCalendar("UTC", workweek=frozenset())
    assert last_day_to_mark(date(2026, 3, 2), idle) == date(2026, 3, 4)


@given(calendars, st.integers(0, 17_000), st.integers(0, 500))
def test_every_week_begins_once_however_time_is_cut(calendar, start, hours):
    after = utc(2026, 1, 1) + timedelta(hours=start)
    until, middle = after + timedelta(hours=hours), after + timedelta(hours=hours // 3)
    found = week_starts(calendar, after, until)
    assert found == week_starts(calendar, after, middle) + week_starts(calendar, middle, until)
    assert all(after < instant <= until for instant in found)
    assert len(found) in {hours // 168 - 1, hours // 168, hours // 168 + 1}
    for instant in found:
        day = calendar.local_day(instant)
        assert day.weekday() == calendar.week_start
        assert calendar.local_day(instant - timedelta(seconds=1)) < day
