"""The days of the weekly loop: the week, the next set day, who works when, the last day to mark."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.calendars import DAY, WEEK_DAYS, ProgrammeCalendar, first_instant, local_date

DEFAULT_WEEKDAY, DEFAULT_TIME = 0, time(9, 30)
DAYS_TO_MARK = 2
# Nobody's leave is followed further than this; a review that finds no day stays on the last one.
FURTHEST = 366


def iso_week(week: date) -> str:
    """The name of a week by ISO 8601, `2026-W53`; a week not from Monday goes by its middle day.

    Weeks of seven days have middles seven days apart, so no two have one name.
    """
    year, number, _ = (week + 3 * DAY).isocalendar()
    return f"{year}-W{number:02d}"


def next_set_day(today: date, weekday: int) -> date:
    """The first date after today on this weekday (0 is Monday): never today itself."""
    return today + ((weekday - today.weekday() - 1) % WEEK_DAYS + 1) * DAY


def set_day_in(week: date, weekday: int) -> date:
    """The date of the week that starts on `week` which is this weekday."""
    return week + ((weekday - week.weekday()) % WEEK_DAYS) * DAY


def review_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant at which a review is held: local time on a date.

    A time that the clocks skip moves forward by what was skipped, one that comes twice is the
    first. On a date the zone leaves out it is the first instant there is.
    """
    local = datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    instant = local.astimezone(UTC)
    return instant if local_date(instant, zone) == day else first_instant(zone, day)


def first_common_working_day(
    after: date, calendar: ProgrammeCalendar, works: Iterable[Callable[[date], bool]]
) -> date | None:
    """The first working day after a date on which everybody works; None within a year of none."""
    workers = tuple(works)
    for number in range(1, FURTHEST + 1):
        day = after + number * DAY
        if calendar.is_working_day(day) and all(is_at_work(day) for is_at_work in workers):
            return day
    return None


def last_day_to_mark(review_on: date, calendar: ProgrammeCalendar) -> date:
    """The second working day after the review's date; it may be marked until that day is over.

    A calendar without any working day gives two days.
    """
    left = DAYS_TO_MARK
    for number in range(1, FURTHEST + 1):
        day = review_on + number * DAY
        left -= calendar.is_working_day(day)
        if not left:
            return day
    return review_on + DAYS_TO_MARK * DAY


def week_starts(calendar: ProgrammeCalendar, after: datetime, until: datetime) -> list[datetime]:
    """The instants in (after, until] at which a week of the programme begins."""
    week = calendar.week_of(calendar.local_day(after) - DAY)
    found = []
    while (start := calendar.day_start(week)) <= until:
        if start > after:
            found.append(start)
        week += timedelta(days=WEEK_DAYS)
    return found
