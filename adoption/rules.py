"""The adoption arithmetic (METRICS 2.3, 2.4, C11). Pure: days are bits, weeks are seven of them.

A `Span` is a run of whole weeks; bit i of every integer here is its first date + i days, and bit w
of a week integer is its w-th week. One rep's whole history is a handful of integers, so judging
everybody for every week is shifting and counting.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from core.calendars import (
    DAY,
    FULL_WEEK,
    WEEK_DAYS,
    ProgrammeCalendar,
    bits_of,
    days_between,
    span_bits,
)
from core.stats import Share, pooled, shrink
from people.rules import PersonCalendar

MIN_TEAM = 3
FUTURE = "future"

# One usage record on its way in. A plain tuple of text, for there are many: place in the batch,
# source, event_id, person's key, email, kind, occurred, received ("" = not said), object_id,
# value, voided ("0" or "1"), fingerprint. Moments are UTC as "YYYY-MM-DD HH:MM:SS.ffffff".
UsageRecord = tuple[int, str, str, str, str, str, str, str, str, str, str, str]


@dataclass(frozen=True)
class AdoptionRule:
    """What counts as sustained (METRICS 2.0). A change of any of these starts a new series."""

    target_days: int = 2
    k: int = 3
    n: int = 4
    lookback: int = 6
    min_available_days: int = 3
    horizon_days: int = 60


class AdoptionState(StrEnum):
    """METRICS A4: the partition of all reps of a programme on one date, in order of precedence."""

    LEFT = "left"
    NOT_MEASURABLE = "not_measurable"
    SUSTAINED = "sustained"
    LAPSED = "lapsed"
    TRYING = "trying"
    NOT_STARTED = "not_started"


class Day60(StrEnum):
    """METRICS A5: where a rep stands at their own day 60."""

    NOT_REACHED = "not_reached"
    LEFT = "left"
    NOT_MEASURABLE = "not_measurable"
    SUSTAINED = "sustained"
    NOT_SUSTAINED = "not_sustained"


@dataclass(frozen=True)
class Span:
    """Whole weeks from `origin` (a week's first date) with the working days among them as bits."""

    calendar: ProgrammeCalendar
    origin: date
    weeks: int
    working: int

    @property
    def days(self) -> int:
        """How many dates the span holds."""
        return self.weeks * WEEK_DAYS

    @property
    def end(self) -> date:
        """The first date after the span."""
        return self.origin + self.days * DAY

    def week_index(self, day: date) -> int:
        """Which week of the span holds `day`; negative before it."""
        return (day - self.origin).days // WEEK_DAYS

    def last_complete(self, through: date) -> int:
        """METRICS T6: index of the latest week complete at `through`; -1 when none is."""
        return min((through + DAY - self.origin).days // WEEK_DAYS, self.weeks) - 1

    def window(self, start: date | None, end: date | None) -> int:
        """The half-open window [start, end) as bits of this span."""
        return span_bits(start, end, self.origin, self.days)

    def has(self, bits: int, day: date) -> bool:
        """Whether the bit of `day` is set; dates outside the span have none."""
        place = (day - self.origin).days
        return place >= 0 and bool(bits >> place & 1)

    def day(self, place: int) -> date:
        """The date of a bit."""
        return self.origin + place * DAY


def span_of(calendar: ProgrammeCalendar, first: date, last: date) -> Span:
    """The span of whole weeks that holds the dates first..last."""
    origin = calendar.week_of(first)
    end = calendar.week_of(max(first, last)) + WEEK_DAYS * DAY
    working = bits_of(filter(calendar.is_working_day, days_between(origin, end)), origin)
    return Span(calendar, origin, (end - origin).days // WEEK_DAYS, working)


def current_bits(person: PersonCalendar, span: Span) -> int:
    """The dates a person was employed and enabled (METRICS P2, P3)."""
    if person.enabled_on is None:
        return 0
    after_last = person.left_on + DAY if person.left_on is not None else None
    employed = span.window(person.hired_on, after_last)
    return employed & span.window(person.enabled_on, person.disabled_on)


def available_bits(person: PersonCalendar, span: Span) -> int:
    """METRICS P5: employed, enabled, working day of the organisation, not absent."""
    bits = current_bits(person, span) & span.working
    for start, end in person.absences:
        bits &= ~span.window(start, end + DAY)
    return bits


def is_available(person: PersonCalendar, calendar: ProgrammeCalendar, day: date) -> bool:
    """METRICS P5 for one date."""
    return calendar.is_working_day(day) and person.is_available(day)


def available_days(
    person: PersonCalendar, calendar: ProgrammeCalendar, start: date, end: date
) -> tuple[date, ...]:
    """The dates of [start, end) on which the person is available (METRICS P5)."""
    return tuple(day for day in days_between(start, end) if is_available(person, calendar, day))


@dataclass(frozen=True)
class WeekMark:
    """One rep-week: days with a key action as a 7-bit mask, and what the rule makes of it."""

    day_mask: int
    available_days: int
    eligible: bool
    met: bool

    @property
    def active_days(self) -> int:
        """Distinct dates with a key action."""
        return self.day_mask.bit_count()


def mark_week(day_mask: int, available: int, rule: AdoptionRule) -> WeekMark:
    """METRICS P6 and A1: an exempt week is never met, whatever was done in it."""
    days = available.bit_count()
    eligible = days >= rule.min_available_days
    met = eligible and day_mask.bit_count() >= rule.target_days
    return WeekMark(day_mask, days, eligible, met)


@dataclass(frozen=True)
class RepDays:
    """One rep on a span. `used` holds dates with a key action while employed and enabled (E3)."""

    current: int
    available: int
    used: int
    start_day: date | None

    def week(self, index: int, rule: AdoptionRule) -> WeekMark:
        """The rep-week at `index`."""
        shift = index * WEEK_DAYS
        return mark_week(self.used >> shift & FULL_WEEK, self.available >> shift & FULL_WEEK, rule)

    def last_available(self, index: int, span: Span) -> date | None:
        """METRICS P8: the rep's last available day of a week, which names the week's team."""
        bits = self.available >> index * WEEK_DAYS & FULL_WEEK
        return span.day(index * WEEK_DAYS + bits.bit_length() - 1) if bits else None

    def marks(self, weeks: int, rule: AdoptionRule) -> "Weeks":
        """The first `weeks` weeks as two week integers."""
        eligible = met = 0
        available, used = self.available, self.used
        for index in range(weeks):
            if (available & FULL_WEEK).bit_count() >= rule.min_available_days:
                eligible |= 1 << index
                if (used & FULL_WEEK).bit_count() >= rule.target_days:
                    met |= 1 << index
            available >>= WEEK_DAYS
            used >>= WEEK_DAYS
        return Weeks(eligible, met, weeks)


def rep_days(person: PersonCalendar, used: int, span: Span) -> RepDays:
    """A rep's integers from their calendar and the raw bits of dates with a key action."""
    current = current_bits(person, span)
    return RepDays(current, available_bits(person, span), used & current, person.start_day)


@lru_cache(maxsize=16_384)
def sustained_in(eligible: int, met: int, rule: AdoptionRule) -> bool | None:
    """METRICS A3 over one window of `lookback` weeks, its highest bit the latest week.

    None is "not measurable": fewer than n eligible weeks.
    """
    seen = hits = 0
    for place in reversed(range(rule.lookback)):
        if eligible >> place & 1:
            seen += 1
            hits += met >> place & 1
            if seen == rule.n:
                return hits >= rule.k
    return None


@dataclass(frozen=True)
class Weeks:
    """Eligible and met weeks of one rep as week integers; `count` weeks are complete."""

    eligible: int
    met: int
    count: int

    def sustained_at(self, index: int, rule: AdoptionRule) -> bool | None:
        """METRICS A3 at the end of week `index`; None is "not measurable"."""
        shift = index - rule.lookback + 1
        mask = (1 << rule.lookback) - 1
        if shift >= 0:
            return sustained_in(self.eligible >> shift & mask, self.met >> shift & mask, rule)
        return sustained_in(self.eligible << -shift & mask, self.met << -shift & mask, rule)

    def ever_sustained_before(self, index: int, rule: AdoptionRule) -> bool:
        """Whether some week end before week `index` was sustained."""
        return any(self.sustained_at(earlier, rule) for earlier in range(index))

    def streak(self, index: int) -> int:
        """METRICS C11 at the end of week `index`; exempt weeks neither break nor extend."""
        weeks = 0
        for place in range(index, -1, -1):
            if self.eligible >> place & 1:
                if not self.met >> place & 1:
                    break
                weeks += 1
        return weeks


def state_of(
    *, is_current: bool, sustained: bool | None, ever_sustained: bool, ever_used: bool
) -> AdoptionState:
    """METRICS A4: exactly one state for every combination; `sustained` None is not measurable."""
    if not is_current:
        return AdoptionState.LEFT
    if sustained is None:
        return AdoptionState.NOT_MEASURABLE
    if sustained:
        return AdoptionState.SUSTAINED
    if ever_sustained:
        return AdoptionState.LAPSED
    return AdoptionState.TRYING if ever_used else AdoptionState.NOT_STARTED


def state_at(rep: RepDays, span: Span, through: date, rule: AdoptionRule) -> AdoptionState:
    """METRICS A4 for one rep at `through`, from the weeks complete by then."""
    last = span.last_complete(through)
    weeks = rep.marks(last + 1, rule)
    return state_of(
        is_current=span.has(rep.current, through),
        sustained=weeks.sustained_at(last, rule),
        ever_sustained=weeks.ever_sustained_before(last, rule),
        ever_used=bool(rep.used & span.window(None, through + DAY)),
    )


def day60_of(rep: RepDays, span: Span, through: date, rule: AdoptionRule) -> Day60:
    """METRICS A5 for one rep, judged at start_day + horizon_days."""
    if rep.start_day is None:
        return Day60.NOT_REACHED
    day = rep.start_day + rule.horizon_days * DAY
    if day > through:
        return Day60.NOT_REACHED
    if not span.has(rep.current, day):
        return Day60.LEFT
    last = span.last_complete(day)
    sustained = rep.marks(last + 1, rule).sustained_at(last, rule)
    if sustained is None:
        return Day60.NOT_MEASURABLE
    return Day60.SUSTAINED if sustained else Day60.NOT_SUSTAINED


@dataclass(frozen=True)
class TeamAdoption:
    """METRICS A6: one team's raw share, and the shrunk rate it is ranked by."""

    team: str
    share: Share
    shrunk: float | None
    rank: int | None


def team_table(
    shares: Mapping[str, Share], *, strength: float = 10, min_team: int = MIN_TEAM
) -> list[TeamAdoption]:
    """METRICS A6: ranked teams first, best shrunk rate first; small teams after them by name.

    Ties share a rank (1, 1, 3).
    """
    centre = pooled((share.hits, share.base) for share in shares.values())
    shrunk = {
        team: None if centre is None else shrink(share.hits, share.base, centre, strength)
        for team, share in shares.items()
    }
    ranked = sorted(
        (team for team, share in shares.items() if share.base >= min_team),
        key=lambda team: (-(shrunk[team] or 0.0), team),
    )
    table: list[TeamAdoption] = []
    for place, team in enumerate(ranked, start=1):
        tied = bool(table) and table[-1].shrunk == shrunk[team]
        rank = table[-1].rank if tied else place
        table.append(TeamAdoption(team, shares[team], shrunk[team], rank))
    small = sorted(team for team, share in shares.items() if share.base < min_team)
    table.extend(TeamAdoption(team, shares[team], shrunk[team], None) for team in small)
    return table


def share_of(states: Iterable[AdoptionState]) -> Share:
    """METRICS A4: sustained of measurable; left and not measurable are outside the rate."""
    measurable = hits = 0
    for state in states:
        if state in {AdoptionState.LEFT, AdoptionState.NOT_MEASURABLE}:
            continue
        measurable += 1
        hits += state is AdoptionState.SUSTAINED
    return Share(hits, measurable)


@dataclass(frozen=True)
class Returning:
    """METRICS G4: established people, and how many of them were active in the month."""

    established: int
    returned: int


class Established(StrEnum):
    """METRICS G4: the four readings of "established" before month m."""

    EVER_BEFORE = "ever_before"
    ACTIVE_PREV = "active_prev"
    NOT_NEW_PREV = "not_new_prev"
    ACTIVE_BOTH = "active_both"


@dataclass(frozen=True)
class Months:
    """The windows of month m, the month before it and the one before that, as bits of a span."""

    start: date
    this: int
    previous: int
    before_previous: int
    ever_before: int


def is_established(rep: RepDays, months: Months, reading: Established) -> bool:
    """METRICS G4, by one of its readings; employment on day 1 is the caller's."""
    used = rep.used
    if reading is Established.EVER_BEFORE:
        return bool(used & months.ever_before)
    if not used & months.previous:
        return False
    if reading is Established.NOT_NEW_PREV:
        return bool(used & months.ever_before & ~months.previous)
    if reading is Established.ACTIVE_BOTH:
        return bool(used & months.before_previous)
    return True


def returning(
    reps: Iterable[RepDays], span: Span, months: Months, reading: Established
) -> Returning:
    """METRICS G4 over the reps employed and enabled on day 1 of the month."""
    established = returned = 0
    for rep in reps:
        if span.has(rep.current, months.start) and is_established(rep, months, reading):
            established += 1
            returned += bool(rep.used & months.this)
    return Returning(established, returned)


def first_use(rep: RepDays, span: Span) -> date | None:
    """The first date with a counted key action."""
    return span.day((rep.used & -rep.used).bit_length() - 1) if rep.used else None


@dataclass(frozen=True)
class Content:
    """What a version of an event says, apart from when it was received."""

    person_id: int
    kind: str
    occurred_at: datetime
    object_id: str | None
    value: float | None
    voided: bool
    fingerprint: str | None


@dataclass(frozen=True)
class Placement:
    """Where a record belongs among the versions of its event (METRICS E1).

    `place` is its index in order of arrival, `superseded_at` when a later one took over. A record
    that is not `stored` says what its predecessor says; one that is may still be no `change`.
    """

    place: int
    superseded_at: datetime | None
    stored: bool
    change: bool


def place_version(
    chain: Sequence[tuple[datetime, Content]],
    received_at: datetime,
    content: Content,
    *,
    arrival_given: bool,
) -> Placement:
    """METRICS E1: the latest received wins, a tie goes to the later row.

    `chain` is in that order. A repeat that arrives later is stored without being a change, so that
    the order in which files come never matters; where the arrival was not said it is dropped.
    """
    place = sum(1 for arrived, _content in chain if arrived <= received_at)
    successor = chain[place][0] if place < len(chain) else None
    if place == 0:
        return Placement(place, successor, stored=True, change=True)
    before, said = chain[place - 1]
    if said != content:
        return Placement(place, successor, stored=True, change=True)
    is_new = arrival_given and before != received_at
    return Placement(place, successor, stored=is_new, change=False)


def is_from_the_future(occurred_at: datetime, received_at: datetime, skew_minutes: int) -> bool:
    """METRICS E2: it is said to have happened well after it was received."""
    return occurred_at > received_at + timedelta(minutes=skew_minutes)


@dataclass(frozen=True)
class Standing:
    """Where a rep's running week stands: days done, days asked for, and the streak at stake."""

    streak: int
    active_days: int
    target_days: int
    counts: bool
    days_left: int
    done_today: bool

    @property
    def is_met(self) -> bool:
        """The week has what it takes already."""
        return self.active_days >= self.target_days

    @property
    def missing(self) -> int:
        """Active days still to go."""
        return max(self.target_days - self.active_days, 0)

    @property
    def is_within_reach(self) -> bool:
        """Enough working days are left to meet the week."""
        return self.counts and 0 < self.missing <= self.days_left


def standing_of(
    rule: AdoptionRule,
    *,
    streak: int,
    day_mask: int,
    today_bit: int,
    available: int,
    available_left: int,
) -> Standing:
    """A running week from its day mask; `available_left` counts today and the days after it."""
    done_today = bool(day_mask >> today_bit & 1)
    return Standing(
        streak,
        day_mask.bit_count(),
        rule.target_days,
        available >= rule.min_available_days,
        available_left - done_today,
        done_today,
    )
