"""From one rep's events to points a day, with the reason for every event (METRICS C1-C3)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction


class Unique(StrEnum):
    """How often one object may score: once per contest, or once a day (C2)."""

    OBJECT = "object"
    OBJECT_DAY = "object_day"


class Reason(StrEnum):
    """Why an event counted or did not; shown beside it wherever a score is opened."""

    COUNTED = "counted"
    CAP = "cap"
    HELD = "held"
    NO_OBJECT = "no_object"
    REPEAT = "repeat"
    BELOW_VALUE = "below_min_value"
    NOT_ENABLED = "not_enabled"
    NO_TEAM = "no_team"
    LATE = "late"


@dataclass(frozen=True)
class PointRule:
    """What one kind of event earns; the i-th counted one of a day earns points * decay^(i-1)."""

    kind: str
    points: Fraction
    daily_cap: int | None = None
    decay: Fraction = Fraction(1)
    unique: Unique | None = None
    min_value: Fraction | None = None

    def worth(self, place: int) -> Fraction:
        """What the `place`-th counted event of a day earns, counted from 1."""
        if place == 1 or self.decay == 1:
            return self.points
        return self.points * self.decay ** (place - 1)


@dataclass(frozen=True)
class Event:
    """A usage event as the score sees it; `day` is the programme's local date (C1)."""

    event_id: str
    kind: str
    occurred_at: datetime
    day: date
    object_id: str | None = None
    value: Fraction | None = None
    held: bool = False


@dataclass(frozen=True)
class Entry:
    """One event with what it earned and why."""

    event: Event
    points: Fraction
    reason: Reason

    @property
    def is_counted(self) -> bool:
        """Whether it earned its place in the day's count."""
        return self.reason is Reason.COUNTED


def exact(number: object) -> Fraction:
    """A number from a file or form without the dust of floats: 0.1 is one tenth."""
    return Fraction(str(number))


class _Tally:
    """What one rep has counted so far, per kind: a day's count, and objects used up."""

    def __init__(self) -> None:
        self.counted: dict[tuple[str, date], int] = defaultdict(int)
        self.used: set[tuple[str, str, date | None]] = set()

    def refusal(self, rule: PointRule, event: Event) -> Reason | None:
        """The first rule an event fails, or None when it counts."""
        if event.held:
            return Reason.HELD
        if rule.min_value is not None and (event.value is None or event.value < rule.min_value):
            return Reason.BELOW_VALUE
        if rule.unique is not None:
            if not event.object_id:
                return Reason.NO_OBJECT
            if self._object_key(rule, event) in self.used:
                return Reason.REPEAT
        if rule.daily_cap is not None and self.counted[event.kind, event.day] >= rule.daily_cap:
            return Reason.CAP
        return None

    def count(self, rule: PointRule, event: Event) -> Fraction:
        """Take the event in and say what it earns."""
        self.counted[event.kind, event.day] += 1
        if rule.unique is not None:
            self.used.add(self._object_key(rule, event))
        return rule.worth(self.counted[event.kind, event.day])

    @staticmethod
    def _object_key(rule: PointRule, event: Event) -> tuple[str, str, date | None]:
        day = event.day if rule.unique is Unique.OBJECT_DAY else None
        return event.kind, event.object_id or "", day


def fold(
    rules: Mapping[str, PointRule], events: Iterable[Event], current_days: Collection[date]
) -> tuple[Entry, ...]:
    """Judge one rep's events in the order they occurred (C2, CONTESTS case 24).

    Kinds without a rule are left out. `current_days` are the dates the rep was employed and
    enabled; use on other dates is not theirs to score (METRICS E3).
    """
    tally = _Tally()
    entries = []
    for event in sorted(events, key=lambda event: (event.occurred_at, event.event_id)):
        rule = rules.get(event.kind)
        if rule is None:
            continue
        reason = Reason.NOT_ENABLED if event.day not in current_days else tally.refusal(rule, event)
        points = tally.count(rule, event) if reason is None else Fraction(0)
        entries.append(Entry(event, points, reason or Reason.COUNTED))
    return tuple(entries)


def day_reached(entries: Iterable[Entry]) -> dict[date, datetime]:
    """When the last point of each date was made; events worth nothing say nothing (case 20)."""
    reached: dict[date, datetime] = {}
    for entry in entries:
        if entry.points:
            moment, day = entry.event.occurred_at, entry.event.day
            reached[day] = max(reached.get(day, moment), moment)
    return reached


def day_points(entries: Iterable[Entry]) -> dict[date, Fraction]:
    """Points of each date that has any."""
    points: dict[date, Fraction] = defaultdict(Fraction)
    for entry in entries:
        if entry.points:
            points[entry.event.day] += entry.points
    return dict(points)
