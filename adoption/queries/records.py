"""Deals, proposals and signals as they were known at an instant (METRICS section 10, point 11).

The one place where these three tables are read for figures, so that their history lies under all.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from adoption.models import Deal, Proposal, Signal
from adoption.queries.events import CHUNK, chunks
from adoption.rules.occasions import CLOSED_STAGES, WON
from core.calendars import DAY
from core.db import UtcDateTime, db, table_of
from core.history import Facts, past

# The subjects of core.history these tables are kept under.
DEAL, PROPOSAL, SIGNAL = "deal", "proposal", "signal"


@dataclass(frozen=True, slots=True)
class DealRecord:
    """A sales opportunity; amounts in whole units of the currency."""

    deal_key: str
    person_id: int
    stage: str
    account: str | None
    product: str | None
    amount: Decimal | None
    currency: str | None
    created_on: date | None
    proposal_on: date | None
    closed_on: date | None
    programme_id: int | None


@dataclass(frozen=True, slots=True)
class ProposalRecord:
    """A proposal, made with the tool or without it."""

    proposal_key: str
    person_id: int
    created_on: date
    with_tool: bool
    value: Decimal | None
    deal_key: str | None
    programme_id: int | None


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """A warning that a deal is stalled (METRICS S1)."""

    signal_key: str
    deal_key: str
    person_id: int
    fired_at: datetime
    dismissed_at: datetime | None
    programme_id: int | None
    dismissed_by: int | None = None


class _Owned(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def programme_id(self) -> int | None: ...


Owned = TypeVar("Owned", bound=_Owned)


def deals_of(
    programme_id: int,
    as_of: datetime | None = None,
    *,
    closed: tuple[date, date] | None = None,
    signalled: Collection[str] | None = None,
    open_on: date | None = None,
) -> Iterator[DealRecord]:
    """The programme's deals and those of no programme.

    With `closed` [start, end) the closed ones, with `signalled` those of these keys, all of which
    some signal names, with `open_on` at least those not closed before that date.
    """
    conditions: list[ColumnElement[bool]] = []
    if open_on is not None:
        is_closed = Deal.stage.in_(sorted(CLOSED_STAGES))
        conditions.append(or_(~is_closed, Deal.closed_on >= open_on))
    if closed is not None:
        conditions = [Deal.closed_on >= closed[0], Deal.closed_on < closed[1]]
    if signalled is not None:
        few = sorted(signalled) if len(signalled) <= CHUNK else select(Signal.deal_key)
        conditions.append(Deal.deal_key.in_(few))
    for row in _known(Deal, DEAL, "deal_key", DealRecord, programme_id, as_of, conditions):
        is_asked = signalled is None or row.deal_key in signalled
        if closed is not None:
            is_asked &= row.closed_on is not None and closed[0] <= row.closed_on < closed[1]
        if is_asked:
            yield row


def closings_of(
    programme_id: int, through: date, as_of: datetime | None = None
) -> Iterator[tuple[int, bool, int]]:
    """How many deals each owner won, and how many they lost, closed by `through` (METRICS S6)."""
    if past(DEAL, as_of):
        for row in deals_of(programme_id, as_of, closed=(date.min, through + DAY)):
            if row.stage in CLOSED_STAGES:
                yield row.person_id, row.stage == WON, 1
        return
    ours = or_(Deal.programme_id.is_(None), Deal.programme_id == programme_id)
    counted = (
        select(Deal.person_id, Deal.stage, func.count())
        .where(ours, Deal.stage.in_(sorted(CLOSED_STAGES)), Deal.closed_on <= through)
        .group_by(Deal.person_id, Deal.stage)
    )
    for person_id, stage, count in db.session.execute(counted):
        yield person_id, stage == WON, count


def proposals_of(
    programme_id: int, start: date, end: date, as_of: datetime | None = None
) -> Iterator[ProposalRecord]:
    """The programme's proposals, and those of none, created on a date of [start, end)."""
    within = [Proposal.created_on >= start, Proposal.created_on < end]
    known = _known(Proposal, PROPOSAL, "proposal_key", ProposalRecord, programme_id, as_of, within)
    return (row for row in known if start <= row.created_on < end)


def signals_of(
    programme_id: int,
    as_of: datetime | None = None,
    *,
    since: datetime | None = None,
    person_ids: Collection[int] | None = None,
) -> Iterator[SignalRecord]:
    """The programme's signals, and those of none.

    With `since` or `person_ids` at least all signals of the deals that had one from then on by one
    of these people: whole deals, for earlier signals say where an episode began (METRICS S1).
    """
    wanted = [] if past(SIGNAL, as_of) else _on_deals_that_had_one(since, person_ids)
    return _known(Signal, SIGNAL, "signal_key", SignalRecord, programme_id, as_of, wanted)


def _on_deals_that_had_one(
    since: datetime | None, person_ids: Collection[int] | None
) -> list[ColumnElement[bool]]:
    deals = select(Signal.deal_key)
    if since is not None:
        deals = deals.where(Signal.fired_at >= since)
    if person_ids is None:
        return [] if since is None else [Signal.deal_key.in_(deals)]
    some = (deals.where(Signal.person_id.in_(chunk)) for chunk in chunks(person_ids))
    return [or_(false(), *(Signal.deal_key.in_(one) for one in some))]


def _known(
    model: type[Deal | Proposal | Signal],
    subject: str,
    key: str,
    kind: type[Owned],
    programme_id: int,
    as_of: datetime | None,
    conditions: Sequence[ColumnElement[bool]],
) -> Iterator[Owned]:
    """Rows as known at `as_of`: by the conditions where nothing changed since, all where it did."""
    changed = past(subject, as_of)
    # In the record's own order, so that a row is a record without going by names.
    names = list(kind.__dataclass_fields__)
    place = names.index(key)
    columns = [table_of(model).columns[name] for name in names]
    ours = or_(model.programme_id.is_(None), model.programme_id == programme_id)
    for row in db.session.execute(select(*columns).where(and_(ours, *conditions))):
        if row[place] not in changed:
            yield kind(*row)
    for facts in changed.values():
        if facts is not None and facts["programme_id"] in {None, programme_id}:
            yield kind(**_read(model, facts))


def facts_of(row: Mapping[str, object]) -> Facts:
    """A stored row as `core.history` keeps it: its columns as text, numbers and truths."""
    return {name: _plain(value) for name, value in row.items() if name != "id"}


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _read(model: type[Deal | Proposal | Signal], facts: Facts) -> dict[str, Any]:
    """Kept facts as the table's columns hold them."""
    readers: Mapping[type, Callable[[str], object]] = {
        date: date.fromisoformat,
        datetime: datetime.fromisoformat,
        Decimal: Decimal,
    }
    found: dict[str, Any] = {}
    for column in table_of(model).columns:
        if column.key in facts:
            value = facts[column.key]
            is_instant = isinstance(column.type, UtcDateTime)
            reader = readers.get(datetime if is_instant else column.type.python_type)
            found[column.key] = reader(str(value)) if reader and value is not None else value
    return found
