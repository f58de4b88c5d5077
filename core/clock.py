"""The only place that reads the clock; doors call it once and hand the instant down."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return datetime.now(UTC)
