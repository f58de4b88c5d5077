"""Ways in without signing in: what they open, how long they last, how their keys are signed."""

from datetime import datetime, timedelta
from enum import StrEnum

LONGEST_DAYS = 400
USUAL_DAYS = 90
FEED_DAYS = 365
LONGEST_NAME = 80


class Kind(StrEnum):
    """What a link opens."""

    WALL = "wall"
    EMBED = "embed"
    FEED = "feed"


def ends_at(now: datetime, days: int) -> datetime:
    """When a link made now ends. Raises ValueError unless it lasts 1 to 400 days."""
    if not 1 <= days <= LONGEST_DAYS:
        raise ValueError(days)
    return now + timedelta(days=days)


def is_open(expires_at: datetime, revoked_at: datetime | None, now: datetime) -> bool:
    """Whether a link still opens anything: not revoked, and before its end (half-open)."""
    return revoked_at is None and now < expires_at
