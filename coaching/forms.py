"""Text from the loop's pages turned into typed input, or an error naming the field."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from coaching.rules.ideas import LONGEST_WORDS
from core.errors import Invalid

LONGEST_FIX = LONGEST_WORDS
LONGEST_NOTE = 1000
OTHER = "other"
_LONGEST_NUMBER = 18


@dataclass(frozen=True)
class HandBack:
    """One moment, one fix, one time."""

    item_uid: str
    moment_id: int
    words: str
    idea: str | None
    at: time | None


@dataclass(frozen=True)
class Span:
    """Who stands beside somebody, from when to when, both dates included."""

    person_id: int
    first: date
    last: date


def hand_back(given: Mapping[str, str]) -> HandBack:
    """The fix as typed. Raises Invalid."""
    return HandBack(
        given.get("item", "")[:32],
        number(given.get("moment", "")) or 0,
        words(given, "words", LONGEST_FIX, "Write the one thing to do next, as you would say it."),
        given.get("idea", "")[:60].strip() or None,
        slot(given),
    )


def words(given: Mapping[str, str], name: str, longest: int, lacking: str) -> str:
    """What somebody wrote, its line ends as they were; raises Invalid when empty or too long."""
    text = plain(given.get(name, ""))
    if not text:
        raise Invalid(lacking, field=name, code="words_missing")
    if len(text) > longest:
        raise Invalid(
            f"{len(text)} letters are too many: keep it under {longest}.",
            field=name,
            code="words_too_long",
        )
    return text


def optional_words(given: Mapping[str, str], name: str) -> str | None:
    """A word that may be left out."""
    return words(given, name, LONGEST_NOTE, "") if plain(given.get(name, "")) else None


def plain(text: str) -> str:
    """Text without control characters; line ends as one."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(ch for ch in lines if ch == "\n" or ch.isprintable()).strip()


def slot(given: Mapping[str, str]) -> time | None:
    """The time of the review; None is the usual one."""
    chosen = given.get("at", "")
    return clock(given, OTHER, "at") if chosen == OTHER else clock(given, "at", "at")


def clock(given: Mapping[str, str], name: str, field: str) -> time | None:
    """A local time written HH:MM; nothing typed is None."""
    text = given.get(name, "").strip()
    if not text:
        if name == OTHER:
            raise Invalid("Say at what time.", field=field, code="time_missing")
        return None
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = time(0, tzinfo=None, fold=1)
    if found.fold or found.tzinfo is not None or len(text) > len("09:30:00"):
        raise Invalid("This is not a time. Write it like 14:00.", field=field, code="no_time")
    return found.replace(second=0, microsecond=0)


def number(text: str) -> int | None:
    """A row's number, or None where none was sent."""
    is_one = text.isascii() and text.isdecimal() and len(text) < _LONGEST_NUMBER
    return int(text) if is_one else None


def weekday(given: Mapping[str, str]) -> int:
    """A day of the week, Monday 0. Raises Invalid."""
    found = number(given.get("weekday", ""))
    if found is None or found > 6:
        raise Invalid("Choose a day of the week.", field="weekday", code="no_weekday")
    return found


def set_time(given: Mapping[str, str]) -> time:
    """The usual time of a review. Raises Invalid."""
    found = clock(given, "at", "at")
    if found is None:
        raise Invalid("Say at what time.", field="at", code="time_missing")
    return found


def span(given: Mapping[str, str]) -> Span:
    """Who, from when, until when. Raises Invalid."""
    who = number(given.get("person", ""))
    if who is None:
        raise Invalid("Choose who.", field="person", code="nobody_chosen")
    first, last = day(given, "first"), day(given, "last")
    if last < first:
        raise Invalid("The last day lies before the first.", field="last", code="ends_early")
    return Span(who, first, last)


def day(given: Mapping[str, str], name: str) -> date:
    """A date written YYYY-MM-DD. Raises Invalid."""
    try:
        return date.fromisoformat(given.get(name, "").strip())
    except ValueError:
        raise Invalid("Give the date.", field=name, code="no_date") from None
