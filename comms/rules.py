"""Decisions about letters: which tip, to whom, who is held back, and when it may leave.

Days are local dates, moments aware instants; nothing here reads a clock or a table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.stats import is_held_out

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY_WORDS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
STATE_WORDS = {
    "not_started": "have not started",
    "trying": "are trying it",
    "sustained": "use it in their normal week",
    "lapsed": "have stopped",
    "not_measurable": "are new or were away",
}
CADENCE_WORDS = {"weekly": "every week", "fortnightly": "every second week"}
QUIET_FROM = time(19, 0)
QUIET_UNTIL = time(8, 0)
ISSUE_KEEPS = timedelta(days=6)
"""How long an issue nobody could send stays worth sending: less than the week to the next."""


REST = timedelta(days=5)
"""How long a reader is left alone after a tip, over all campaigns: one a week at most."""


class Cadence(StrEnum):
    """How often a campaign has an issue."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"


class CampaignState(StrEnum):
    """Whether a campaign still has issues; a stop is for good and leaves its past."""

    ACTIVE = "active"
    STOPPED = "stopped"


class Outcome(StrEnum):
    """What an issue did for one person of its audience, and if not sent, why."""

    QUEUED = "queued"
    LEFT = "left"
    OPTED_OUT = "opted_out"
    AWAY = "away"
    CAPPED = "capped"
    NO_TIP = "no_tip"
    HELD_BACK = "held_back"


REASONS = {
    Outcome.LEFT: "no longer here",
    Outcome.OPTED_OUT: "asked for no tips",
    Outcome.AWAY: "on leave",
    Outcome.CAPPED: "already got a tip this week",
    Outcome.NO_TIP: "nothing new to say to them",
    Outcome.HELD_BACK: "held back to compare",
}


@dataclass(frozen=True)
class TipFact:
    """A tip in its programme's order; `about` is the kind of use it teaches, if any."""

    id: int
    slug: str
    about: str | None


def next_tip(
    tips: Sequence[TipFact], done: Collection[str], sent: Collection[int]
) -> TipFact | None:
    """The first tip in the given order on a behaviour not done yet and never sent before.

    Tips about no behaviour in particular come after all those that are about one.
    """
    fresh = [tip for tip in tips if tip.id not in sent]
    for tip in fresh:
        if tip.about is not None and tip.about not in done:
            return tip
    return next((tip for tip in fresh if tip.about is None), None)


@dataclass(frozen=True)
class Candidate:
    """All that decides about one person of an audience."""

    person_id: int
    person_key: str
    is_active: bool = True
    is_opted_out: bool = False
    is_away: bool = False
    recent_tips: int = 0


def may_send(candidate: Candidate, tip: TipFact | None, campaign: str, percent: int) -> Outcome:
    """QUEUED, or the first reason against it.

    The comparison group is judged last, so that both groups consist of people who would have
    been written to.
    """
    if not candidate.is_active:
        return Outcome.LEFT
    if candidate.is_opted_out:
        return Outcome.OPTED_OUT
    if candidate.is_away:
        return Outcome.AWAY
    if candidate.recent_tips:
        return Outcome.CAPPED
    if tip is None:
        return Outcome.NO_TIP
    if is_held_out(campaign, candidate.person_key, percent):
        return Outcome.HELD_BACK
    return Outcome.QUEUED


def in_audience(state: str | None, states: Collection[str]) -> bool:
    """Whether an adoption state is asked for; an empty wish means everybody who has not left."""
    if state == "left":
        return False
    return not states or (state is not None and state in states)


def local_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC moment a wall clock in `zone` first shows this day and time.

    A time the clocks skip becomes the first moment after the gap (METRICS T3).
    """
    wall = datetime.combine(day, at)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    before = wall.replace(tzinfo=zone, fold=1).utcoffset()
    after = wall.replace(tzinfo=zone, fold=0).utcoffset()
    gap = abs((after or timedelta()) - (before or timedelta()))
    return _first_after_gap(wall, gap, zone)


def _first_after_gap(wall: datetime, gap: timedelta, zone: ZoneInfo) -> datetime:
    """The end of the skipped stretch that holds `wall`, found to the second by halving."""
    low = (wall - gap).replace(tzinfo=zone).astimezone(UTC)
    high = (wall + gap).replace(tzinfo=zone).astimezone(UTC)
    start = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (
            (middle, high) if middle.astimezone(zone).utcoffset() == start else (low, middle)
        )
    return high.replace(microsecond=0)


def issue_days(
    weekday: int, cadence: Cadence, starts_on: date, ends_on: date | None, until: date
) -> Iterator[date]:
    """The campaign's issue days from its start up to and including `until`."""
    day = starts_on + timedelta(days=(weekday - starts_on.weekday()) % 7)
    step = timedelta(days=14 if cadence is Cadence.FORTNIGHTLY else 7)
    last = until if ends_on is None else min(until, ends_on)
    while day <= last:
        yield day
        day += step


@dataclass(frozen=True)
class IssueSlot:
    """One planned issue: its date and the moment it falls due in the programme's zone."""

    day: date
    due_at: datetime


@dataclass(frozen=True)
class Rhythm:
    """When a campaign speaks."""

    weekday: int
    at: time
    zone: ZoneInfo
    starts_on: date
    ends_on: date | None = None
    cadence: Cadence = Cadence.WEEKLY

    def slots(self, after: datetime, until: datetime) -> list[IssueSlot]:
        """Issues due in (after, until]."""
        last = until.astimezone(self.zone).date() + timedelta(days=1)
        days = issue_days(self.weekday, self.cadence, self.starts_on, self.ends_on, last)
        slots = (IssueSlot(day, local_instant(day, self.at, self.zone)) for day in days)
        return [slot for slot in slots if after < slot.due_at <= until]

    def newest(self, as_of: datetime) -> IssueSlot | None:
        """The last issue due by `as_of` that is still worth sending (TRUST 4.1: one, not two)."""
        recent = self.slots(as_of - ISSUE_KEEPS, as_of)
        return recent[-1] if recent else None

    def following(self, as_of: datetime) -> IssueSlot | None:
        """The first issue due after `as_of`."""
        coming = self.slots(as_of, as_of + timedelta(days=22))
        if coming:
            return coming[0]
        first = local_instant(self.starts_on, time(), self.zone) + timedelta(days=15)
        coming = self.slots(as_of, max(first, as_of))
        return coming[0] if coming else None


def is_quiet(moment: datetime, zone: ZoneInfo, start: time, end: time) -> bool:
    """Whether the reader's wall clock lies in [start, end), or it is their weekend (TRUST M4)."""
    local = moment.astimezone(zone)
    if local.weekday() >= 5:
        return True
    clock = local.time()
    if start == end:
        return False
    if start < end:
        return start <= clock < end
    return clock >= start or clock < end


def after_quiet(moment: datetime, zone: ZoneInfo, start: time, end: time) -> datetime:
    """The first moment not before this one outside quiet hours and weekends.

    It steps by the reader's local dates, so a change of the clocks cannot push it into the night.
    """
    if not is_quiet(moment, zone, start, end):
        return moment
    day = moment.astimezone(zone).date()
    for ahead in range(5):
        opening = local_instant(day + timedelta(days=ahead), end, zone)
        if opening >= moment and not is_quiet(opening, zone, start, end):
            return opening
    return moment


def send_time(
    day: date,
    at: time,
    zone: ZoneInfo,
    now: datetime,
    quiet: tuple[time, time] = (QUIET_FROM, QUIET_UNTIL),
) -> datetime:
    """When this reader's letter may leave: the campaign's hour by their own clock, or soon after.

    Someone whose hour has gone by gets it at once, unless it is night or weekend there.
    """
    wanted = max(local_instant(day, at, zone), now)
    return after_quiet(wanted, zone, *quiet)


PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
PLACEHOLDERS = frozenset({"first_name"})


def unknown_placeholders(text: str) -> list[str]:
    """Names in braces that no letter can fill, in order, each once."""
    names = dict.fromkeys(PLACEHOLDER.findall(text))
    return [name for name in names if name not in PLACEHOLDERS]


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace the fixed placeholders in one pass; values are never read again (TRUST W14)."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def first_name(name: str) -> str:
    """What to call somebody: the first word of their name, or "there" for an empty one."""
    words = name.split()
    return words[0] if words else "there"


def count_outcomes(outcomes: Iterable[Outcome]) -> dict[Outcome, int]:
    """How often each outcome occurred, in the fixed order, without zeros."""
    seen = list(outcomes)
    return {outcome: seen.count(outcome) for outcome in Outcome if outcome in seen}
