"""Deals, signals and what was done on deals, as they were known at an instant.

Every figure reads them here and nowhere else, so that their history lies under all alike
(METRICS E4 and section 10, point 11).
"""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select

from adoption.models import Signal
from adoption.queries.events import chunks
from programme.models import Programme

CLOSED_STAGES = ("won", "lost")


class SignalRow(NamedTuple):
    """A signal as it came in."""

    key: str
    deal_key: str
    person_id: int
    fired_at: datetime
    dismissed_at: datetime | None


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


class ActionRow(NamedTuple):
    """Usage of the due action whose object is a deal."""

    deal_key: str
    person_id: int
    done_at: datetime
    done_on: date


class Closings(NamedTuple):
    """How many deals were closed, and how many of them won."""

    won: int
    closed: int


def _of_programme(column: ColumnElement[int | None], owner: Programme) -> ColumnElement[bool]:
    """Rows filed under the programme or under none."""
    return or_(column.is_(None), column == owner.id)


def signals_of(
    owner: Programme,
    as_of: datetime,
    *,
    since: datetime | None = None,
    person_ids: Collection[int] | None = None,
) -> list[SignalRow]:
    """All signals of the deals that have one fired from `since` on, or of one of these people.

    Whole deals, because earlier signals say where an episode began (METRICS S1). What fired or was
    dismissed after `as_of` was not known then.
    """
    wanted = select(Signal.deal_key).where(_of_programme(Signal.programme_id, owner))
    if since is not None:
        wanted = wanted.where(Signal.fired_at >= since)
    statement = select(
        Signal.signal_key,
        Signal.deal_key,
        Signal.person_id,
        Signal.fired_at,
        Signal.dismissed_at,
    ).where(_of_programme(Signal.programme_id, owner), Signal.fired_at <= as_of)
    if since is None and person_ids is None:
        return _signals([statement], as_of)
    if person_ids is None:
        return _signals([statement.where(Signal.deal_key.in_(wanted))], as_of)
    narrow = [wanted.where(Signal.person_id.in_(chunk)) for chunk in chunks(person_ids)]
    return _signals([statement.where(Signal.deal_key.in_(some)) for some in narrow], as_of)
