"""The figures of the weekly loop: coverage, missed moments, which to coach, what it is worth."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select

import adoption.queries.figures
import people.queries
import programme.queries
from adoption.queries.occasions import (
    has_more_signals,
    occasions,
    occasions_between,
    uncovered_occasions,
)
from adoption.queries.records import closings_of
from adoption.rules.occasions import Occasion, OccasionStatus, coverage
from coaching.models import CoachingItem, CoachingMoment, CoachingStep
from coaching.rules.pricing import Leak, Moment, close_rate, cost_of_moment, pick_moment
from core.calendars import DAY
from core.db import db
from core.errors import Invalid, NotFound
from core.stats import Share, per
from programme.models import Programme

WINDOW_DAYS = 28
MOST_ON_A_PAGE = 400


def owner_of(programme_id: int) -> Programme:
    """The programme a figure is asked about."""
    return programme.queries.by_id(programme_id)


def current_programme() -> Programme | None:
    """The programme pages show when none is named."""
    return programme.queries.default()


def the_programme() -> Programme:
    """The programme pages show; raises NotFound while there is none."""
    owner = current_programme()
    if owner is None:
        raise NotFound("There is no programme yet.", fix="Apply a playbook first.")
    return owner


def today_of(owner: Programme, now: datetime) -> date:
    """The programme's date at an instant."""
    return programme.queries.calendar(owner).local_day(now)


def due_behaviour_coverage(
    owner: Programme,
    window: tuple[date, date],
    through: date,
    as_of: datetime,
    team: str | None = None,
) -> dict[str, object]:
    """The figure `due_behaviour_coverage` (METRICS S3) of occasions fired in [start, end)."""
    found = occasions_between(owner, window, through, as_of, team)
    told = coverage(one.status for one in found)
    return {
        "on_time": told.share.hits,
        "denominator": told.share.base,
        "rate": told.share.rate,
        "counts": {status.value: count for status, count in sorted(told.counts.items())},
    }


def coverage_rows(
    owner: Programme,
    window: tuple[date, date],
    through: date,
    as_of: datetime,
    team: str | None = None,
) -> list[dict[str, object]]:
    """The occasions that coverage counts."""
    return occasion_rows(occasions_between(owner, window, through, as_of, team))


def occasion_rows(found: Iterable[Occasion]) -> list[dict[str, object]]:
    """Occasions with their status and the facts behind it, by the names files use."""
    listed = list(found)
    keys = people.queries.keys_of({one.opener.person_id for one in listed})
    return [
        {
            "signal_id": one.opener.key,
            "deal_id": one.opener.deal_key,
            "person_id": keys[one.opener.person_id],
            "team": one.team,
            "fired_day": one.opener.fired_on.isoformat(),
            "signals": one.episode.signals,
            "due": _iso(one.due),
            "action_day": _iso(one.episode.acted_on),
            "closed_day": _iso(one.episode.closed_on),
            "dismissed_day": _iso(one.episode.dismissed_on),
            "status": one.status.value,
        }
        for one in listed
    ]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def missed(
    owner: Programme, through: date, as_of: datetime, week_end: date | None = None
) -> list[Moment]:
    """METRICS S4-S6: every missed moment with its price, oldest first.

    With `week_end` those fired on or before that date, as S7 asks; the close rate is that of the
    owner's deals closed by `through`.
    """
    return priced(
        owner, uncovered_occasions(owner, through, as_of, fired_by=week_end), through, as_of
    )


def priced(
    owner: Programme, found: Sequence[Occasion], through: date, as_of: datetime
) -> list[Moment]:
    """METRICS S5, S6: these missed occasions with their prices, in the order given."""
    if not found:
        return []
    rates = _close_rates(owner, {one.opener.person_id for one in found}, through, as_of)
    return [_priced(one, rates[one.opener.person_id], owner.weekly_decay) for one in found]


def _priced(occasion: Occasion, rate: float | None, decay: float | None) -> Moment:
    cost = cost_of_moment(occasion.amount, rate, decay, occasion.delay_days)
    return Moment(occasion, rate, cost)


def _close_rates(
    owner: Programme, person_ids: Collection[int], through: date, as_of: datetime
) -> dict[int, float | None]:
    """METRICS S6 for these people; the organisation is all reps of the programme."""
    members = programme.queries.members(owner.id, as_of)
    won: dict[int, int] = defaultdict(int)
    closed: dict[int, int] = defaultdict(int)
    for person_id, is_won, count in closings_of(owner.id, through, as_of):
        if person_id in members:
            closed[person_id] += count
            won[person_id] += count if is_won else 0
    organisation = per(sum(won.values()), sum(closed.values()))
    return {one: close_rate(won[one], closed[one], organisation) for one in person_ids}


def _units(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def moment_rows(moments: Sequence[Moment]) -> list[dict[str, object]]:
    """The rows of the figure `missed_moments`."""
    keys = people.queries.keys_of({one.occasion.opener.person_id for one in moments})
    return [
        {
            "signal_id": one.occasion.opener.key,
            "deal_id": one.occasion.opener.deal_key,
            "person_id": keys[one.occasion.opener.person_id],
            "team": one.occasion.team,
            "fired_day": one.occasion.opener.fired_on.isoformat(),
            "due": _iso(one.occasion.due),
            "action_day": _iso(one.occasion.episode.acted_on),
            "status": one.occasion.status.value,
            "delay_days": one.occasion.delay_days,
            "amount": _units(one.occasion.amount),
            "cost": one.cost,
        }
        for one in moments
    ]


def taken_up(programme_id: int, as_of: datetime | None = None) -> frozenset[str]:
    """The signals some talk was about, by an instant: none is picked again (METRICS S7)."""
    chosen = (
        select(CoachingMoment.signal_key)
        .join(CoachingItem, CoachingItem.moment_id == CoachingMoment.id)
        .where(CoachingItem.programme_id == programme_id)
    )
    if as_of is not None:
        chosen = chosen.join(CoachingStep, CoachingStep.item_id == CoachingItem.id).where(
            CoachingStep.event == "choose", CoachingStep.at <= as_of
        )
    return frozenset(db.session.scalars(chosen))


def coaching_picks(owner: Programme, week_end: date, as_of: datetime) -> list[Moment]:
    """METRICS S7: the one moment to coach of every rep who missed any no talk took up."""
    taken = taken_up(owner.id, as_of)
    by_rep: dict[int, list[Moment]] = defaultdict(list)
    for moment in missed(owner, week_end, as_of, week_end):
        if moment.occasion.opener.key not in taken:
            by_rep[moment.occasion.opener.person_id].append(moment)
    return [picked for moments in by_rep.values() if (picked := pick_moment(moments)) is not None]


def coaching_pick(owner: Programme, week_end: date, as_of: datetime) -> dict[str, object]:
    """The figure `coaching_pick`, by person_id."""
    wanted = ("person_id", "signal_id", "deal_id", "status", "delay_days", "cost")
    rows = moment_rows(coaching_picks(owner, week_end, as_of))
    picks = [{name: row[name] for name in wanted} for row in rows]
    return {"picks": sorted(picks, key=lambda pick: str(pick["person_id"]))}


def leak_of(owner: Programme) -> Leak:
    """What the programme says of its leak, in whole units of its currency."""
    per_year, cost = owner.leak_per_year, owner.build_cost
    return Leak(
        None if per_year is None else float(per_year),
        None if cost is None else float(cost),
        owner.effectiveness,
    )


def leak(owner: Programme, adoption_rate: float | None, as_of: datetime) -> dict[str, object]:
    """The figure `leak` (METRICS L1-L4), at a given adoption or at the present one."""
    if adoption_rate is None:
        adoption_rate = present_adoption(owner, as_of)
    else:
        refuse_no_share("adoption", adoption_rate)
    told = leak_of(owner)
    return {
        "recovered": told.recovered(adoption_rate),
        "still_leaking": told.still_leaking(adoption_rate),
        "net": told.net(adoption_rate),
        "roi": told.roi(adoption_rate),
        "break_even": told.break_even,
        "payback_months": told.payback_months(adoption_rate),
    }


def team_gap(owner: Programme, low: float, high: float) -> dict[str, object]:
    """The figure `team_gap` (METRICS L5) between two adoption rates."""
    refuse_no_share("a", low)
    refuse_no_share("b", high)
    return {"value": leak_of(owner).gap(low, high)}


def refuse_no_share(name: str, value: float) -> None:
    """Raises Invalid when an adoption rate is not a fraction."""
    if not 0 <= value <= 1:
        raise Invalid(
            f"{name} is a share between 0 and 1, not {value:g}.", field=name, code="out_of_range"
        )


def last_window(owner: Programme, as_of: datetime) -> tuple[date, date]:
    """The last 28 complete days at an instant as [start, end)."""
    end = today_of(owner, as_of)
    return end - WINDOW_DAYS * DAY, end


def present_occasions(
    owner: Programme, as_of: datetime, person_ids: Collection[int] | None = None
) -> list[Occasion]:
    """Occasions fired in the last 28 complete days, as they stand at their end."""
    start, end = last_window(owner, as_of)
    return occasions(owner, end - DAY, as_of, since=start, person_ids=person_ids)


@dataclass(frozen=True)
class Taken:
    """How often it was done when it was due, of the signals fired on first..last (METRICS S3).

    No `share` means there are too many to count on a page about something else.
    """

    share: Share | None
    people: int
    pending: int
    first: date
    last: date
    has_signals: bool

    @property
    def end(self) -> date:
        """The date after the last."""
        return self.last + DAY


def taken(owner: Programme, now: datetime, person_ids: Collection[int] | None) -> Taken:
    """The last 28 complete days, of everybody or of these people; `people` are those counted.

    Of everybody only while they are few: a page must not grow slower with the company.
    """
    start, end = last_window(owner, now)
    if person_ids is None and has_more_signals(owner, MOST_ON_A_PAGE, start):
        return Taken(None, 0, 0, start, end - DAY, has_signals=True)
    found = present_occasions(owner, now, person_ids)
    told = coverage(one.status for one in found)
    return Taken(
        told.share,
        len({one.opener.person_id for one in found if one.is_missed or one.is_on_time}),
        told.counts[OccasionStatus.PENDING],
        start,
        end - DAY,
        bool(found) or has_more_signals(owner, 0),
    )


def present_adoption(owner: Programme, as_of: datetime) -> float | None:
    """METRICS L1: coverage of the last 28 complete days; A4 at their end where nothing fell due."""
    told = coverage(one.status for one in present_occasions(owner, as_of)).share
    if told.rate is not None:
        return told.rate
    _start, end = last_window(owner, as_of)
    rate = adoption.queries.figures.adoption(owner, end - DAY, as_of)["rate"]
    return rate if isinstance(rate, float) else None
