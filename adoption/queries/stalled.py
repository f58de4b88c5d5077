"""A rep's own stalled deals: occasions still open, for the list of their week."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select

import programme.queries
from adoption.models import Signal, SignalRule, UsageEvent
from adoption.queries.events import chunks_of, known_at
from adoption.queries.occasions import occasions
from adoption.queries.records import DealRecord, deals_of
from adoption.rules.occasions import Occasion, OccasionStatus
from core.calendars import DAY
from core.db import db
from programme.models import Programme

LISTED_DAYS = 28
OPEN = frozenset({OccasionStatus.PENDING, OccasionStatus.IGNORED})


@dataclass(frozen=True)
class StalledDeal:
    """A deal that waits for its owner's step; `quiet_days` since the last of anything on it."""

    signal_key: str
    deal_key: str
    account: str | None
    product: str | None
    amount: Decimal | None
    quiet_days: int
    fired_on: date
    due: date | None
    is_due_past: bool

    @property
    def name(self) -> str:
        """What the rep calls the deal."""
        return self.account or self.deal_key


def today_of(owner: Programme, now: datetime) -> date:
    """The programme's date at an instant."""
    return programme.queries.calendar(owner).local_day(now)


def is_watching(owner: Programme) -> bool:
    """Whether deals of the programme can stall: signals came in, or a rule of ours is on."""
    ours = (SignalRule.programme_id == owner.id, SignalRule.is_on.is_(True))
    some = (select(SignalRule.id).where(*ours), select(Signal.id))
    return any(db.session.execute(each.limit(1)).first() is not None for each in some)


def own_stalled(owner: Programme, person_id: int, now: datetime) -> list[StalledDeal]:
    """The rep's occasions of the last 28 days that wait: no step, no close, not set aside.

    By the day on which they are due; those whose day has passed come after those it has not.
    """
    today = today_of(owner, now)
    since = today - (LISTED_DAYS - 1) * DAY
    if not _has_signals(person_id, programme.queries.calendar(owner).day_start(since - DAY)):
        return []
    found = [
        one
        for one in occasions(owner, today, now, since=since, person_ids=[person_id])
        if one.status in OPEN and one.episode.dismissed_on is None
    ]
    keys = {one.opener.deal_key for one in found}
    if not keys:
        return []
    deals = {deal.deal_key: deal for deal in deals_of(owner.id, now, signalled=keys)}
    last = _last_steps(owner, keys, now)
    rows = [_stalled(one, deals, last, today) for one in found]
    return sorted(rows, key=lambda row: (row.is_due_past, row.due or today, row.deal_key))


def _has_signals(person_id: int, since: datetime) -> bool:
    some = select(Signal.id).where(Signal.person_id == person_id, Signal.fired_at >= since)
    return db.session.execute(some.limit(1)).first() is not None


def _stalled(
    one: Occasion, deals: dict[str, DealRecord], last: dict[str, date], today: date
) -> StalledDeal:
    opener = one.opener
    deal = deals.get(opener.deal_key)
    begun = None if deal is None else deal.proposal_on or deal.created_on
    stepped = [day for day in (last.get(opener.deal_key), begun) if day is not None]
    quiet_since = max(stepped, default=opener.fired_on)
    return StalledDeal(
        opener.key,
        opener.deal_key,
        deal.account if deal else None,
        deal.product if deal else None,
        one.amount,
        max((today - quiet_since).days, 0),
        opener.fired_on,
        one.due,
        one.due is not None and one.due < today,
    )


def _last_steps(owner: Programme, deal_keys: Collection[str], now: datetime) -> dict[str, date]:
    """The last date on which anything was done on each deal."""
    found: dict[str, date] = {}
    for chunk in chunks_of(deal_keys):
        latest = (
            select(UsageEvent.object_id, func.max(UsageEvent.local_day))
            .where(
                # "+ 0": by the deals, not through the programme's dates.
                UsageEvent.programme_id + 0 == owner.id,
                UsageEvent.object_id.in_(chunk),
                UsageEvent.object_id.is_not(None),
                *known_at(now),
            )
            .group_by(UsageEvent.object_id)
        )
        found.update({str(key): day for key, day in db.session.execute(latest)})
    return found
