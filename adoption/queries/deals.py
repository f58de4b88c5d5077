"""Deals, proposals and signals as they were known at an instant, and what was done on deals.

Every figure reads them here and nowhere else, so that their history lies under all alike
(METRICS E4 and section 10, point 11). Rows filed under no programme belong to every one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, false, or_, select

from adoption.models import Deal, Proposal, Signal, UsageEvent
from adoption.queries.events import CHUNK, AnyRow, chunks, known_at
from core.db import db
from core.history import Facts, past
from programme.models import Programme

# The subjects of core.history this room keeps.
DEAL, PROPOSAL, SIGNAL = "deal", "proposal", "signal"
CLOSED_STAGES = frozenset({"won", "lost"})
Window = tuple[date, date]
Past = Mapping[str, Facts | None]


class DealRow(NamedTuple):
    """What counting needs of a deal."""

    key: str
    person_id: int
    stage: str
    amount: Decimal | None
    closed_on: date | None

    def closed_by(self, day: date) -> date | None:
        """The date of its close, if that is not after `day`; a deal still open has none."""
        if self.stage not in CLOSED_STAGES or self.closed_on is None:
            return None
        return self.closed_on if self.closed_on <= day else None


class ProposalRow(NamedTuple):
    """What counting needs of a proposal."""

    key: str
    person_id: int
    created_on: date
    with_tool: bool
    value: Decimal | None


class SignalRow(NamedTuple):
    """A signal as it came in."""

    key: str
    deal_key: str
    person_id: int
    fired_at: datetime
    dismissed_at: datetime | None


class ActionRow(NamedTuple):
    """Usage of a kind whose object is a deal."""

    deal_key: str
    person_id: int
    done_at: datetime
    done_on: date


def facts_of(row: Mapping[str, object]) -> Facts:
    """A row's columns as `core.history` keeps them."""
    return {name: _plain(value) for name, value in row.items() if name != "id"}


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(str(value))


def _money(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _moment(value: object) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value))


def _whose(facts: Facts) -> int:
    return int(str(facts["person_id"]))


def _then(changed: Past, programme_id: int) -> Iterator[tuple[str, Facts]]:
    """What the rows that changed since said, those of the programme."""
    for key, facts in changed.items():
        if facts is not None and facts["programme_id"] in {None, programme_id}:
            yield key, facts


def _filed(column: ColumnElement[int | None], programme_id: int) -> ColumnElement[bool]:
    return or_(column.is_(None), column == programme_id)


def deals_of(
    programme_id: int,
    as_of: datetime | None = None,
    *,
    closed: Window | None = None,
    keys: Collection[str] | None = None,
) -> list[DealRow]:
    """Deals of the programme, or those closed in [start, end), or those with one of these keys."""
    changed = past(DEAL, as_of)
    statement = select(
        Deal.deal_key, Deal.person_id, Deal.stage, Deal.amount, Deal.closed_on
    ).where(_filed(Deal.programme_id, programme_id))
    if closed is not None:
        statement = statement.where(Deal.closed_on >= closed[0], Deal.closed_on < closed[1])
    if keys is not None and len(keys) <= CHUNK:
        statement = statement.where(Deal.deal_key.in_(sorted(keys)))
    present = (DealRow(*row) for row in db.session.execute(statement))
    found = [row for row in present if row.key not in changed]
    for key, facts in _then(changed, programme_id):
        amount, closed_on = _money(facts["amount"]), _day(facts["closed_on"])
        row = DealRow(key, _whose(facts), str(facts["stage"]), amount, closed_on)
        if closed is None or (closed_on is not None and closed[0] <= closed_on < closed[1]):
            found.append(row)
    return found if keys is None else [row for row in found if row.key in keys]


def proposals_of(
    programme_id: int, start: date, end: date, as_of: datetime | None = None
) -> list[ProposalRow]:
    """Proposals of the programme created in [start, end)."""
    changed = past(PROPOSAL, as_of)
    statement = select(
        Proposal.proposal_key,
        Proposal.person_id,
        Proposal.created_on,
        Proposal.with_tool,
        Proposal.value,
    ).where(
        _filed(Proposal.programme_id, programme_id),
        Proposal.created_on >= start,
        Proposal.created_on < end,
    )
    present = (ProposalRow(*row) for row in db.session.execute(statement))
    found = [row for row in present if row.key not in changed]
    for key, facts in _then(changed, programme_id):
        created_on = date.fromisoformat(str(facts["created_on"]))
        if start <= created_on < end:
            with_tool, value = bool(facts["with_tool"]), _money(facts["value"])
            found.append(ProposalRow(key, _whose(facts), created_on, with_tool, value))
    return found


def signals_of(
    programme_id: int,
    as_of: datetime,
    *,
    since: datetime | None = None,
    person_ids: Collection[int] | None = None,
) -> list[SignalRow]:
    """All signals of the deals that have one fired from `since` on by one of these people.

    Whole deals, because earlier signals say where an episode began (METRICS S1). What fired or was
    dismissed after `as_of` was not known then.
    """
    changed = past(SIGNAL, as_of)
    narrow = [] if changed else _deals_with_signals(programme_id, since, person_ids)
    found = [row for row in _signal_rows(programme_id, as_of, narrow) if row.key not in changed]
    for key, facts in _then(changed, programme_id):
        fired_at = datetime.fromisoformat(str(facts["fired_at"]))
        if fired_at <= as_of:
            dismissed_at = _moment(facts["dismissed_at"])
            row = SignalRow(key, str(facts["deal_key"]), _whose(facts), fired_at, dismissed_at)
            found.append(row)
    return [_known(row, as_of) for row in found]


def _known(row: SignalRow, as_of: datetime) -> SignalRow:
    if row.dismissed_at is not None and row.dismissed_at > as_of:
        return row._replace(dismissed_at=None)
    return row


def _deals_with_signals(
    programme_id: int, since: datetime | None, person_ids: Collection[int] | None
) -> list[ColumnElement[bool]]:
    """Conditions that narrow signals to whole deals, none when all are wanted."""
    if since is None and person_ids is None:
        return []
    wanted = select(Signal.deal_key).where(_filed(Signal.programme_id, programme_id))
    if since is not None:
        wanted = wanted.where(Signal.fired_at >= since)
    if person_ids is None:
        return [Signal.deal_key.in_(wanted)]
    some = [wanted.where(Signal.person_id.in_(chunk)) for chunk in chunks(person_ids)]
    return [or_(false(), *(Signal.deal_key.in_(one) for one in some))]


def _signal_rows(
    programme_id: int, as_of: datetime, conditions: Iterable[ColumnElement[bool]]
) -> Iterator[SignalRow]:
    rows = db.session.execute(
        select(
            Signal.signal_key,
            Signal.deal_key,
            Signal.person_id,
            Signal.fired_at,
            Signal.dismissed_at,
        ).where(_filed(Signal.programme_id, programme_id), Signal.fired_at <= as_of, *conditions)
    )
    return (SignalRow(*row) for row in rows)


def actions_on_deals(
    owner: Programme, deal_keys: Collection[str], since: date, as_of: datetime
) -> dict[str, list[ActionRow]]:
    """The programme's due actions on these deals on dates from `since` on, oldest first by deal."""
    statement = (
        select(
            UsageEvent.object_id, UsageEvent.person_id, UsageEvent.occurred_at, UsageEvent.local_day
        )
        .where(
            UsageEvent.programme_id == owner.id,
            UsageEvent.local_day >= since,
            UsageEvent.kind == owner.due_action,
            UsageEvent.object_id.is_not(None),
            *known_at(as_of),
        )
        .order_by(UsageEvent.occurred_at, UsageEvent.local_day)
    )
    if len(deal_keys) <= CHUNK:
        statement = statement.where(UsageEvent.object_id.in_(sorted(deal_keys)))
    found: dict[str, list[ActionRow]] = defaultdict(list)
    rows: Iterable[AnyRow] = db.session.execute(statement)
    for row in rows:
        if row.object_id in deal_keys:
            found[row.object_id].append(ActionRow(*row))
    return found
