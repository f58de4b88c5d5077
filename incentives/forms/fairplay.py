"""Outside text of the fair-play page: moments typed on somebody's own clock, chosen events."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from core.calendars import zone_of
from core.errors import Invalid
from incentives.rules.detectors import EventKey

LONGEST_NUMBER = 6


def moment_from(text: str, zone: str, *, field: str) -> datetime | None:
    """An instant from `YYYY-MM-DDTHH:MM` on a zone's clock, None where nothing was typed.

    A time the clock skips moves forward, one it shows twice is its first occurrence.
    """
    typed = text.strip()
    if not typed:
        return None
    try:
        local = datetime.fromisoformat(typed)
        if local.tzinfo is None:
            local = local.replace(tzinfo=zone_of(zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(
            "That is not a date and a time.", field=field, fix="Write it as 2026-03-04T10:30."
        ) from None


def typed_as(moment: datetime, zone: str) -> str:
    """An instant as a date-time field holds it."""
    return moment.astimezone(zone_of(zone)).strftime("%Y-%m-%dT%H:%M")


def chosen(numbers: Iterable[str], keys: Sequence[EventKey]) -> frozenset[EventKey]:
    """The events ticked, by their number in the list shown; numbers that are none are left out."""
    wanted = (int(each) for each in numbers if each.isdecimal() and len(each) <= LONGEST_NUMBER)
    return frozenset(keys[number] for number in wanted if number < len(keys))
