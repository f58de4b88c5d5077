"""Occasions (METRICS S1-S4): when the behaviour was due on a stalled deal, and what became of it.

An occasion is one episode of a deal. Decided where METRICS leaves room: the owner is the person of
the signal that opened the episode, whoever holds the deal now; what the owner did is told by
moments, but a close has only its date, so an action of that date still counts and one after it
does not; a dismissal of any merged signal dismisses the episode, whatever its clock said.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from adoption.rules.spans import Span, is_available
from core.calendars import DAY, LAST_DAY
from core.stats import Share
from people.rules import PersonCalendar


class OccasionStatus(StrEnum):
    """METRICS S3, in order of precedence."""

    ON_TIME = "on_time"
    CLOSED_BEFORE_DUE = "closed_before_due"
    OWNER_LEFT = "owner_left"
    PENDING = "pending"
    LATE = "late"
    DISMISSED = "dismissed"
    IGNORED = "ignored"


WON, LOST = "won", "lost"
CLOSED_STAGES = frozenset({WON, LOST})
MISSED = frozenset({OccasionStatus.LATE, OccasionStatus.DISMISSED, OccasionStatus.IGNORED})


class FiredSignal(NamedTuple):
    """One signal with its local dates."""

    key: str
    deal_key: str
    person_id: int
    fired_at: datetime
    fired_on: date
    dismissed_on: date | None


class DealAction(NamedTuple):
    """One due action on a deal, by whoever did it, on the date it has as usage."""

    done_at: datetime
    done_on: date


@dataclass(frozen=True, slots=True)
class Episode:
    """METRICS S1: from the signal that opened it to the first due action or the deal's close.

    `signals` counts those merged into it. The dates lie not after the report's `through`.
    """

    opener: FiredSignal
    signals: int
    acted_on: date | None
    closed_on: date | None
    dismissed_on: date | None


def episodes_of(
    signals: Iterable[FiredSignal], actions: Sequence[DealAction], closed_on: date | None
) -> list[Episode]:
    """METRICS S1 for one deal, from all that is known of it by `through`; actions oldest first.

    A signal on a deal already closed opens an episode that is over at once.
    """
    found: list[Episode] = []
    waiting = sorted(signals, key=lambda signal: (signal.fired_at, signal.key))
    place = 0
    while place < len(waiting):
        opener = waiting[place]
        answer = _answer(opener, actions, closed_on)
        end = place + 1
        while end < len(waiting) and _is_meanwhile(waiting[end], answer, closed_on):
            end += 1
        merged = waiting[place:end]
        dismissals = [one.dismissed_on for one in merged if one.dismissed_on is not None]
        found.append(
            Episode(
                opener,
                len(merged),
                answer.done_on if answer else None,
                closed_on,
                min(dismissals, default=None),
            )
        )
        place = end
    return found


def _answer(
    opener: FiredSignal, actions: Sequence[DealAction], closed_on: date | None
) -> DealAction | None:
    """The first due action from the signal on; one after the close comes too late for anything."""
    for action in actions:
        if action.done_at >= opener.fired_at:
            return action if closed_on is None or action.done_on <= closed_on else None
    return None


def _is_meanwhile(signal: FiredSignal, answer: DealAction | None, closed_on: date | None) -> bool:
    """Whether a later signal fired while the episode was open."""
    is_before_answer = answer is None or signal.fired_at <= answer.done_at
    return is_before_answer and (closed_on is None or signal.fired_on <= closed_on)


def close_of(stage: str, closed_on: date | None, through: date) -> date | None:
    """The date a deal was closed, if by `through`; an open deal's date is only a forecast."""
    if stage not in CLOSED_STAGES or closed_on is None or closed_on > through:
        return None
    return closed_on


def last_day_here(person: PersonCalendar) -> date | None:
    """The last date on which the person is employed and enabled; None when it is open or never."""
    if person.enabled_on is None:
        return None
    ends = [person.left_on, person.disabled_on - DAY if person.disabled_on else None]
    return min((day for day in ends if day is not None), default=None)


def due_on(
    person: PersonCalendar, available: int, span: Span, fired_on: date, respond_days: int
) -> date | None:
    """METRICS S2: the respond_days-th available day of the owner after the firing date.

    `available` are the person's available days as bits of the span, which holds `fired_on`. None:
    that day never comes, for the owner is not employed and enabled long enough.
    """
    after = available >> (fired_on - span.origin).days + 1
    rest = after
    for _ in range(respond_days - 1):
        rest &= rest - 1
    if rest:
        return fired_on + (rest & -rest).bit_length() * DAY
    return _due_beyond(person, span, respond_days - after.bit_count())


def _due_beyond(person: PersonCalendar, span: Span, days: int) -> date | None:
    """The days-th available day from the span's end on."""
    start, last = person.start_day, last_day_here(person) or LAST_DAY
    if start is None:
        return None
    day = max(span.end, start)
    while day <= last:
        if is_available(person, span.calendar, day):
            days -= 1
            if not days:
                return day
        day += DAY
    return None


def status_of(
    episode: Episode, due: date | None, last_day: date | None, through: date
) -> OccasionStatus:
    """METRICS S3 at the end of `through`, which may be the due day itself.

    Without a due day the owner has left; what happened while they were still here (`last_day`) was
    before any due day and stands above that.
    """
    limit = due if due is not None else last_day
    if limit is not None:
        if episode.acted_on is not None and episode.acted_on <= limit:
            return OccasionStatus.ON_TIME
        if episode.closed_on is not None and episode.closed_on <= limit:
            return OccasionStatus.CLOSED_BEFORE_DUE
    if due is None:
        return OccasionStatus.OWNER_LEFT
    if due > through:
        return OccasionStatus.PENDING
    if episode.acted_on is not None:
        return OccasionStatus.LATE
    return OccasionStatus.IGNORED if episode.dismissed_on is None else OccasionStatus.DISMISSED


@dataclass(frozen=True, slots=True)
class Occasion:
    """An episode with its verdict: what coverage counts and what a coaching moment is made of.

    `amount` is the deal's, in whole units of the currency; a deal never imported has none.
    """

    episode: Episode
    team: str
    due: date | None
    status: OccasionStatus
    delay_days: int
    amount: Decimal | None

    @property
    def opener(self) -> FiredSignal:
        """The signal that opened it, which names the owner and the deal."""
        return self.episode.opener

    @property
    def is_on_time(self) -> bool:
        """Done by the due day, even if dismissed first."""
        return self.status is OccasionStatus.ON_TIME

    @property
    def is_missed(self) -> bool:
        """METRICS S4: late, dismissed or ignored."""
        return self.status in MISSED


def delay_days(episode: Episode, through: date) -> int:
    """METRICS S4: days from the firing date to the action, else the close, else `through`."""
    until = episode.acted_on or episode.closed_on or through
    return (until - episode.opener.fired_on).days


@dataclass(frozen=True)
class Coverage:
    """METRICS S3: on time of all that fell due, and how many there are of each status."""

    share: Share
    counts: Mapping[OccasionStatus, int]


def coverage(statuses: Iterable[OccasionStatus]) -> Coverage:
    """METRICS S3, the real adoption rate: not opened, run."""
    counts = Counter(statuses)
    on_time = counts[OccasionStatus.ON_TIME]
    return Coverage(Share(on_time, on_time + sum(counts[status] for status in MISSED)), counts)
