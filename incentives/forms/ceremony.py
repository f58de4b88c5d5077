"""When a ceremony is, and how long its results wait for it, as the page asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from core.calendars import zone_of
from core.errors import Invalid

MOST_DAYS = 60


@dataclass(frozen=True)
class CeremonyAsk:
    """The moment, the days until the results open by themselves, and who holds it."""

    at: datetime
    release_days: int
    host_id: int | None


def ceremony_ask(given: Mapping[str, str], time_zone: str) -> CeremonyAsk:
    """Read the form; its moment is one of the programme's zone. Raises Invalid."""
    try:
        local = datetime.fromisoformat(given.get("planned_at", "").strip())
    except ValueError:
        raise Invalid("Give the date and the time.", field="planned_at") from None
    if local.tzinfo is None:
        local = local.replace(tzinfo=zone_of(time_zone))
    days, host = given.get("release_days", "").strip(), given.get("host_id", "").strip()
    if not days.isdecimal() or not 1 <= int(days) <= MOST_DAYS:
        raise Invalid(f"Give 1 to {MOST_DAYS} days.", field="release_days")
    if host and not host.isdecimal():
        raise Invalid("Choose who holds it.", field="host_id")
    return CeremonyAsk(local.astimezone(UTC), int(days), int(host) if host else None)


def screen_asked(given: Mapping[str, str]) -> int:
    """The screen a click was made on; -1, which is none, where it says nothing usable."""
    text = given.get("at", "")
    return int(text) if text.isdecimal() and len(text) < 6 else -1
