"""Every SELECT of the adoption room, by what it reads: events, dates, weeks."""

from adoption.queries.days import (
    World,
    daily_counts,
    first_use,
    key_days,
    kinds_done,
    person_days,
    rule_of,
    states_on,
    streak,
    world,
)
from adoption.queries.events import (
    ContestEvent,
    UsageRow,
    days_are_current,
    events_after,
    events_for_contest,
    events_of_day,
    has_pending,
    latest_received_at,
)

__all__ = [
    "ContestEvent",
    "UsageRow",
    "World",
    "daily_counts",
    "days_are_current",
    "events_after",
    "events_for_contest",
    "events_of_day",
    "first_use",
    "has_pending",
    "key_days",
    "kinds_done",
    "latest_received_at",
    "person_days",
    "rule_of",
    "states_on",
    "streak",
    "world",
]
