"""Decisions about programmes that can be worked on paper: week masks, and what is a new series."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# A change of any of these changes what the headline means, so it starts a new series (METRICS 2.4).
SERIES_FIELDS = (
    "target_days",
    "k",
    "n",
    "lookback",
    "min_available_days",
    "key_actions",
    "time_zone",
    "tz_mode",
    "week_start",
    "workweek",
)


def mask_of(weekdays: Iterable[int]) -> int:
    """Weekday numbers (Monday 0) as a mask with Monday as bit 0."""
    mask = 0
    for weekday in weekdays:
        mask |= 1 << weekday
    return mask


def weekdays_of(mask: int) -> frozenset[int]:
    """The weekday numbers of a mask."""
    return frozenset(weekday for weekday in range(7) if mask >> weekday & 1)


def starts_new_series(changed: Iterable[str]) -> bool:
    """Whether a change of these fields makes old and new figures incomparable."""
    return bool(set(changed) & set(SERIES_FIELDS))


@dataclass(frozen=True)
class ProgrammePlan:
    """What a playbook says about the programme itself; `values` are columns of Programme."""

    slug: str
    sponsor: str | None
    values: Mapping[str, object]


@dataclass(frozen=True)
class OutcomePlan:
    """What a playbook says about one outcome; `targets` by quarter 1 to 4."""

    slug: str
    title: str
    unit: str
    direction: str
    baseline: Decimal
    targets: Mapping[int, Decimal]
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class AskPlan:
    """What a playbook says about one question."""

    slug: str
    question: str
    roles: tuple[str, ...]
    is_anonymous: bool
