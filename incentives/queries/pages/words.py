"""Scores, places and dates as the pages of contests print them."""

from collections.abc import Sequence
from datetime import date, datetime

from core.calendars import zone_of
from incentives.models import Contest
from incentives.rules.contests import State


def nth(place: int) -> str:
    """A place as people say it: "2nd"."""
    if 10 <= place % 100 <= 20:
        return f"{place}th"
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th') }"


def listed(names: Sequence[str]) -> str:
    """Names in a row: "Ada, Ben and Cy"."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def seconds_left(contest: Contest, now: datetime) -> int | None:
    """Until the end while it runs, until the start before; None once it is over."""
    if contest.state in {State.RUNNING, State.PAUSED}:
        return max(0, int((contest.ends_at - now).total_seconds()))
    return None


def when_words(contest: Contest, zone: str) -> str:
    """Where a contest stands in its life, with the dates that matter next."""
    first, last = day_words(contest.starts_on), day_words(contest.last_on)
    late = moment_words(contest.grace_ends_at, zone)
    span = f"{first} to {last}"
    words = {
        State.DRAFT: f"A draft, {span}. Only you see it.",
        State.SUBMITTED: f"Waits for approval, {span}.",
        State.SCHEDULED: f"Starts {first}, ends {last}.",
        State.RUNNING: f"Ends {last}, {zone.replace('_', ' ')}.",
        State.PAUSED: f"Resting at the moment; ends {last}.",
        State.GRACE: f"Over. Late data still counts until {late}.",
        State.COMPUTING: "Over. The result is being worked out.",
        State.PROVISIONAL: "Over. The result stands unless somebody finds something wrong.",
        State.FINAL: f"Decided. {span}.",
        State.CANCELLED: f"Called off. {span}.",
        State.ARCHIVED: f"Decided. {span}.",
    }
    return words[State(contest.state)]


def day_words(day: date) -> str:
    """A date as pages print it: "Tue 24 Nov"."""
    return f"{day:%a} {day.day} {day:%b}"


def moment_words(instant: datetime, zone: str) -> str:
    """An instant as a clock on the wall of that zone shows it."""
    local = instant.astimezone(zone_of(zone))
    return f"{day_words(local.date())}, {local:%H:%M}"


def count_words(number: int, noun: str) -> str:
    """A count with its noun: "1 rep", "2 reps"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
