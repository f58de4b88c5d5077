"""Occasions as they stood on a date (METRICS S1-S4): of the moments when it was due, what was done.

Signals, deals and usage are read once each for everybody asked about; the verdicts are worked out
in `adoption.rules.occasions`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select

import people.queries
import programme.queries
from adoption.models import Signal, UsageEvent
from adoption.queries.events import CHUNK, known_at, zones_of_people
from adoption.queries.figures.scope import UNASSIGNED, refuse_unknown_team
from adoption.queries.records import DealRecord, SignalRecord, deals_of, signals_of
from adoption.rules import Span, available_bits, span_of
from adoption.rules.occasions import (
    DealAction,
    Episode,
    FiredSignal,
    Occasion,
    close_of,
    delay_days,
    due_on,
    episodes_of,
    last_day_here,
    status_of,
)
from core.calendars import DAY, local_date, zone_of
from core.db import db
from core.errors import Invalid
from people.rules import MembershipSpan, PersonCalendar, team_of
from programme.models import Programme

# Due days rarely lie further ahead than this; those that do are looked for day by day.
AHEAD = timedelta(days=90)
FEW_DEALS = 500


@dataclass(frozen=True)
class Ground:
    """What occasions are judged by: the reps' working lives and teams, dates as bits."""

    span: Span
    lives: Mapping[int, PersonCalendar]
    available: Mapping[int, int]
    teams: Mapping[int, list[MembershipSpan]]
    team_names: Mapping[int, str]
    deals: Mapping[str, DealRecord]
    respond_days: int
    through: date


def occasions(
    owner: Programme,
    through: date,
    as_of: datetime,
    *,
    since: date | None = None,
    person_ids: Collection[int] | None = None,
) -> list[Occasion]:
    """Every occasion fired up to `through` as it stood then, oldest first.

    With `since` those fired from that date on, with `person_ids` those of these people. Owners are
    the programme's reps (P1): a signal of anybody else opens nothing. One on a deal that was never
    imported opens an episode that only an action ends.
    """
    rows = signals_of(owner.id, as_of, since=_early(owner, since), person_ids=person_ids)
    fired = [row for row in rows if row.fired_at <= as_of]
    if not fired:
        return []
    members = programme.queries.members(owner.id, as_of)
    by_deal = _by_deal(owner, [row for row in fired if row.person_id in members], through, as_of)
    if not by_deal:
        return []
    first = min(signal.fired_on for signals in by_deal.values() for signal in signals)
    done = due_actions(owner, by_deal.keys(), first - DAY, through, as_of)
    people_ids = {signal.person_id for signals in by_deal.values() for signal in signals}
    people_ids |= {person_id for rows in done.values() for person_id, _action in rows} & members
    deals = deals_of(owner.id, as_of, signalled=by_deal.keys())
    ground = _ground(owner, first, people_ids, deals, through, as_of)
    found = [
        _judged(episode, ground)
        for episode in _episodes(by_deal, done, ground)
        if (since is None or episode.opener.fired_on >= since)
        and (person_ids is None or episode.opener.person_id in person_ids)
    ]
    return sorted(found, key=lambda one: (one.opener.fired_on, one.opener.key))


def uncovered_occasions(
    owner: Programme, through: date, as_of: datetime, *, fired_by: date | None = None
) -> list[Occasion]:
    """METRICS S4: the missed ones, with `fired_by` those fired on or before that date."""
    return [
        one
        for one in occasions(owner, through, as_of)
        if one.is_missed and (fired_by is None or one.opener.fired_on <= fired_by)
    ]


def occasions_between(
    owner: Programme,
    window: tuple[date, date],
    through: date,
    as_of: datetime,
    team: str | None = None,
) -> list[Occasion]:
    """Occasions fired in [start, end), of the team their owner was on then (P8).

    Raises Invalid when the window is empty and NotFound when no team has the name.
    """
    start, end = window
    if start >= end:
        raise Invalid("end must lie after start.", field="end")
    refuse_unknown_team(team)
    return [
        one
        for one in occasions(owner, through, as_of, since=start)
        if one.opener.fired_on < end and team in {None, one.team}
    ]


def has_more_signals(owner: Programme, than: int, since: date | None = None) -> bool:
    """Whether the programme has more than so many signals, fired from that date on."""
    ours = or_(Signal.programme_id.is_(None), Signal.programme_id == owner.id)
    statement = select(Signal.id).where(ours).offset(than).limit(1)
    early = _early(owner, since)
    if early is not None:
        statement = statement.where(Signal.fired_at >= early)
    return db.session.execute(statement).first() is not None


def _early(owner: Programme, since: date | None) -> datetime | None:
    """An instant before the date begins anywhere: reps' own zones may be ahead."""
    return None if since is None else programme.queries.calendar(owner).day_start(since - DAY)


def _by_deal(
    owner: Programme, fired: Iterable[SignalRecord], through: date, as_of: datetime
) -> dict[str, list[FiredSignal]]:
    """Signals by deal with their dates (T2), up to `through`."""
    calendar = programme.queries.calendar(owner)
    own = zones_of_people() if owner.tz_mode == "user" else {}
    zones = {person_id: zone_of(name) for person_id, name in own.items()}
    found: dict[str, list[FiredSignal]] = defaultdict(list)
    for row in fired:
        zone = zones.get(row.person_id, calendar.tz)
        day = local_date(row.fired_at, zone)
        if day <= through:
            gone = _dismissed_on(row, zone, through, as_of)
            found[row.deal_key].append(
                FiredSignal(row.signal_key, row.deal_key, row.person_id, row.fired_at, day, gone)
            )
    return found


def _dismissed_on(row: SignalRecord, zone: ZoneInfo, through: date, as_of: datetime) -> date | None:
    """The date of the dismissal, if it was known and had happened."""
    if row.dismissed_at is None or row.dismissed_at > as_of:
        return None
    day = local_date(row.dismissed_at, zone)
    return day if day <= through else None


def due_actions(
    owner: Programme, deal_keys: Collection[str], since: date, through: date, as_of: datetime
) -> dict[str, list[tuple[int, DealAction]]]:
    """Who did the due action on each of these deals in since..through, oldest first."""
    statement = (
        select(
            UsageEvent.object_id, UsageEvent.person_id, UsageEvent.occurred_at, UsageEvent.local_day
        )
        .where(
            _of_programme(owner.id, are_few=len(deal_keys) <= FEW_DEALS),
            UsageEvent.local_day >= since,
            UsageEvent.local_day <= through,
            UsageEvent.kind == owner.due_action,
            UsageEvent.object_id.is_not(None),
            *known_at(as_of),
        )
        .order_by(UsageEvent.occurred_at, UsageEvent.local_day)
    )
    if len(deal_keys) <= CHUNK:
        statement = statement.where(UsageEvent.object_id.in_(sorted(deal_keys)))
    found: dict[str, list[tuple[int, DealAction]]] = defaultdict(list)
    for deal_key, person_id, done_at, done_on in db.session.execute(statement):
        if deal_key is not None and deal_key in deal_keys:
            found[deal_key].append((person_id, DealAction(done_at, done_on)))
    return found


def _of_programme(programme_id: int, *, are_few: bool) -> ColumnElement[bool]:
    """Usage of the programme; "+ 0" has few deals looked up one by one, not through its dates."""
    column = UsageEvent.programme_id + 0 if are_few else UsageEvent.programme_id
    return column == programme_id


def _ground(
    owner: Programme,
    first: date,
    person_ids: Collection[int],
    deals: Iterable[DealRecord],
    through: date,
    as_of: datetime,
) -> Ground:
    span = span_of(programme.queries.calendar(owner), first, through + AHEAD)
    lives = people.queries.calendars(person_ids, as_of)
    teams: dict[int, list[MembershipSpan]] = defaultdict(list)
    for membership in people.queries.memberships_between(first, through + DAY, as_of):
        teams[membership.person_id].append(membership)
    return Ground(
        span,
        lives,
        {person_id: available_bits(life, span) for person_id, life in lives.items()},
        teams,
        people.queries.team_names(),
        {deal.deal_key: deal for deal in deals},
        owner.respond_days,
        through,
    )


def _episodes(
    by_deal: Mapping[str, list[FiredSignal]],
    done: Mapping[str, list[tuple[int, DealAction]]],
    ground: Ground,
) -> Iterator[Episode]:
    """Every deal's episodes (S1); actions count like all usage, while employed and enabled (E3)."""
    for deal_key, signals in by_deal.items():
        deal = ground.deals.get(deal_key)
        closed_on = close_of(deal.stage, deal.closed_on, ground.through) if deal else None
        actions = [
            action
            for person_id, action in done.get(deal_key, ())
            if person_id in ground.lives and ground.lives[person_id].is_current(action.done_on)
        ]
        yield from episodes_of(signals, actions, closed_on)


def _judged(episode: Episode, ground: Ground) -> Occasion:
    """The verdict on one episode (S2, S3), with the team its owner was on when it fired (P7)."""
    opener = episode.opener
    life = ground.lives[opener.person_id]
    available = ground.available[opener.person_id]
    due = due_on(life, available, ground.span, opener.fired_on, ground.respond_days)
    team = team_of(ground.teams.get(opener.person_id, ()), opener.fired_on)
    deal = ground.deals.get(opener.deal_key)
    return Occasion(
        episode,
        UNASSIGNED if team is None else ground.team_names[team],
        due,
        status_of(episode, due, last_day_here(life), ground.through),
        delay_days(episode, ground.through),
        deal.amount if deal else None,
    )
