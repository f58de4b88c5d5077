"""When a person wants no mail: quiet hours and weekends of their own zone (TRUST M4)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.outbox.tables import Recipient

SATURDAY = 5


def end_of_quiet(now: datetime, recipient: Recipient) -> datetime:
    """Return `now`, or the first instant after it outside the person's quiet hours and weekend."""
    zone = ZoneInfo(recipient.time_zone)
    local = now.astimezone(zone)
    start, end = recipient.quiet_until, recipient.quiet_from
    day = local.date()
    if local.timetz().replace(tzinfo=None) >= end:
        day += timedelta(days=1)
    elif day.weekday() < SATURDAY and local.timetz().replace(tzinfo=None) >= start:
        return now
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return max(now, datetime.combine(day, start, zone).astimezone(UTC))
