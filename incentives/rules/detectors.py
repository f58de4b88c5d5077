"""Patterns worth a person's look in one rep's contest events (METRICS 5.5, D1-D5).

A finding is a question, never a verdict: nothing here changes a score, and honest work can look
like any of these. Every detector says which events it means, so that whoever looks sees the same.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

BURST_EVENTS, BURST_SPAN = 10, timedelta(seconds=600)
DAY_BEGINS, DAY_ENDS, ODD_HOURS_LEAST = 6, 22, 10
SAME_LEAST = 6
STEADY_INTERVALS, STEADY_LONGEST = 8, timedelta(hours=1)
LAST_PART, LAST_MINUTE_LEAST = 20, 10

EventKey = tuple[str, str]


class Detector(StrEnum):
    """What a pattern is called; the code is METRICS' number."""

    BURST = "D1"
    ODD_HOURS = "D2"
    SAME_CONTENT = "D3"
    STEADY_BEAT = "D4"
    LAST_MINUTE = "D5"


@dataclass(frozen=True)
class Act:
    """One contest event as the detectors see it; `key` is its (source, event id)."""

    key: EventKey
    occurred_at: datetime
    fingerprint: str | None = None


@dataclass(frozen=True)
class Course:
    """The contest a rep's events are held against: [starts_at, ends_at) and the rep's own days.

    `zone` is the rep's own, `workweek` holds weekdays as numbers, Monday 0.
    """

    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    workweek: frozenset[int]


@dataclass(frozen=True)
class Finding:
    """A pattern with the events that make it and the numbers behind the words."""

    detector: Detector
    keys: tuple[EventKey, ...]
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def evidence_hash(self) -> str:
        """One fingerprint of the events meant, whatever their order."""
        return evidence_hash(self.keys)


def evidence_hash(keys: Iterable[EventKey]) -> str:
    """SHA-256 over the events' keys, sorted; equal evidence is one flag for ever."""
    text = "\x1e".join("\x1f".join(key) for key in sorted(keys))
    return hashlib.sha256(text.encode()).hexdigest()


def findings(
    acts: Iterable[Act], course: Course, seen: dict[Detector, Collection[EventKey]] | None = None
) -> tuple[Finding, ...]:
    """Everything the five detectors see in one rep's events.

    `seen` names, per detector, events somebody has already looked at and decided on: they raise
    nothing again, new ones beside them may.
    """
    in_order = sorted(acts, key=lambda act: (act.occurred_at, act.key))
    found: list[Finding] = []
    for detector, look in DETECTORS.items():
        decided = frozenset((seen or {}).get(detector, ()))
        found += look([act for act in in_order if act.key not in decided], course)
    return tuple(found)


def bursts(acts: Sequence[Act], course: Course) -> list[Finding]:
    """D1: at least 10 events in less than 600 seconds; touching bursts are one."""
    last = BURST_EVENTS - 1
    starts = [
        place
        for place in range(len(acts) - last)
        if acts[place + last].occurred_at - acts[place].occurred_at < BURST_SPAN
    ]
    return [
        _finding(Detector.BURST, run, seconds=_seconds(run[0], run[-1]))
        for run in _runs(acts, starts, BURST_EVENTS)
    ]


def odd_hours(acts: Sequence[Act], course: Course) -> list[Finding]:
    """D2: more than half of at least 10 events outside 06-22 or the workweek, own clock."""
    odd = [act for act in acts if _is_odd(act.occurred_at, course)]
    if len(acts) < ODD_HOURS_LEAST or 2 * len(odd) <= len(acts):
        return []
    return [_finding(Detector.ODD_HOURS, odd, of=len(acts))]


def same_content(acts: Sequence[Act], course: Course) -> list[Finding]:
    """D3: at least half of at least 6 events carry one and the same content fingerprint."""
    if len(acts) < SAME_LEAST:
        return []
    prints = Counter(act.fingerprint for act in acts if act.fingerprint)
    return [
        _finding(
            Detector.SAME_CONTENT,
            [act for act in acts if act.fingerprint == print_of],
            of=len(acts),
        )
        for print_of, count in sorted(prints.items())
        if 2 * count >= len(acts)
    ]


def steady_beats(acts: Sequence[Act], course: Course) -> list[Finding]:
    """D4: eight consecutive intervals of an hour at most, their sd below a tenth of their mean."""
    gaps = [
        (after.occurred_at - before.occurred_at) // timedelta(microseconds=1)
        for before, after in pairwise(acts)
    ]
    starts = [
        place
        for place in range(len(gaps) - STEADY_INTERVALS + 1)
        if _is_steady(gaps[place : place + STEADY_INTERVALS])
    ]
    return [
        _finding(
            Detector.STEADY_BEAT, run, seconds=round(_seconds(run[0], run[-1]) / (len(run) - 1))
        )
        for run in _runs(acts, starts, STEADY_INTERVALS + 1)
    ]


def last_minute(acts: Sequence[Act], course: Course) -> list[Finding]:
    """D5: at least 60 % of at least 10 events in the last twentieth of the contest."""
    begins = course.ends_at - (course.ends_at - course.starts_at) / LAST_PART
    late = [act for act in acts if act.occurred_at >= begins]
    if len(acts) < LAST_MINUTE_LEAST or 5 * len(late) < 3 * len(acts):
        return []
    return [_finding(Detector.LAST_MINUTE, late, of=len(acts))]


Look = Callable[[Sequence[Act], Course], list[Finding]]
DETECTORS: dict[Detector, Look] = {
    Detector.BURST: bursts,
    Detector.ODD_HOURS: odd_hours,
    Detector.SAME_CONTENT: same_content,
    Detector.STEADY_BEAT: steady_beats,
    Detector.LAST_MINUTE: last_minute,
}
# Below so many events no detector can find anything; nobody with fewer is read.
LEAST_EVENTS = SAME_LEAST


def _is_odd(instant: datetime, course: Course) -> bool:
    local = instant.astimezone(course.zone)
    return local.weekday() not in course.workweek or not DAY_BEGINS <= local.hour < DAY_ENDS


def _is_steady(gaps: Sequence[int]) -> bool:
    """Population sd / mean < 1/10, in whole microseconds: n * sum(x^2) - S^2 < S^2 / 100."""
    total = sum(gaps)
    if max(gaps) > STEADY_LONGEST // timedelta(microseconds=1):
        return False
    spread = len(gaps) * sum(gap * gap for gap in gaps) - total * total
    return 100 * spread < total * total


def _runs(acts: Sequence[Act], starts: Sequence[int], length: int) -> list[Sequence[Act]]:
    """Stretches of `length` events beginning at `starts`; those that share an event are one."""
    runs: list[tuple[int, int]] = []
    for start in starts:
        if runs and start < runs[-1][1]:
            runs[-1] = (runs[-1][0], start + length)
        else:
            runs.append((start, start + length))
    return [acts[first:end] for first, end in runs]


def _seconds(first: Act, last: Act) -> int:
    return (last.occurred_at - first.occurred_at) // timedelta(seconds=1)


def _finding(detector: Detector, acts: Sequence[Act], **numbers: int) -> Finding:
    return Finding(
        detector, tuple(sorted(act.key for act in acts)), {"events": len(acts), **numbers}
    )


def words(detector: Detector, numbers: dict[str, int]) -> str:
    """What was seen, in one neutral sentence; no word of blame."""
    events = numbers.get("events", 0)
    if detector is Detector.BURST:
        return f"{events} events within {_span(numbers.get('seconds', 0))}."
    if detector is Detector.ODD_HOURS:
        return f"{events} of {numbers['of']} events outside 06:00 to 22:00 or the working week."
    if detector is Detector.SAME_CONTENT:
        return f"{events} of {numbers['of']} events carry the same content."
    if detector is Detector.STEADY_BEAT:
        return f"{events} events in a row, one every {_span(numbers.get('seconds', 0))}."
    return f"{events} of {numbers['of']} events in the last twentieth of the contest."


def _span(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds"
    return f"{round(seconds / 60)} minutes"
