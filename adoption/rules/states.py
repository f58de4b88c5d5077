"""Where reps and teams stand (METRICS A4-A6), and a rep's running week."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from adoption.rules.spans import Span
from adoption.rules.weeks import AdoptionRule, RepDays
from core.calendars import DAY
from core.stats import Share, pooled, shrink

MIN_TEAM = 3


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
