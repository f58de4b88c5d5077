"""The verbs of the adoption room: take usage in, roll it up by day, judge it by week."""

from adoption.services.usage import (
    Recorded,
    UsageIntake,
    open_intake,
    record_usage,
    remember_batch,
)

__all__ = [
    "Recorded",
    "UsageIntake",
    "open_intake",
    "record_usage",
    "remember_batch",
]
