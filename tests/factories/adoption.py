"""Made-up usage. `make_usage(programme, person, days=[...])` writes events and their batch."""

import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from sqlalchemy import func, select

import programme.queries
from adoption.models import Deal, IngestBatch, Proposal, Signal, UsageEvent
from tests.factories.people import writing

_numbers = itertools.count(1)
NOON = time(12)


def make_event(programme_row, person, occurred_at: datetime, **given) -> UsageEvent:
    """One event as stored; received when it occurred. It waits for roll-up like any other."""
    calendar = programme.queries.calendar(programme_row)
    values = {
        "programme_id": programme_row.id,
        "person_id": person.id,
        "source": "test",
        "event_id": f"e{next(_numbers)}",
        "kind": programme_row.key_actions[0],
        "occurred_at": occurred_at,
        "received_at": occurred_at,
        "local_day": calendar.local_day(occurred_at),
    }
    row = UsageEvent(**{**values, **given})
    with writing() as session:
        session.add(row)
        session.flush()
        session.add(
            IngestBatch(
                programme_id=programme_row.id,
                min_event_id=row.id,
                max_event_id=row.id,
                latest_received_at=row.received_at,
            )
        )
    return row


def make_usage(programme_row, person, days: Iterable[date], *, times=1, **given) -> None:
    """`times` events at local noon of each date, in one batch."""
    calendar = programme.queries.calendar(programme_row)
    rows = []
    for day in days:
        moment = datetime.combine(day, NOON, tzinfo=calendar.tz).astimezone(UTC)
        for _ in range(times):
            values = {
                "programme_id": programme_row.id,
                "person_id": person.id,
                "source": "test",
                "event_id": f"e{next(_numbers)}",
                "kind": programme_row.key_actions[0],
                "occurred_at": moment,
                "received_at": moment,
                "local_day": day,
            }
            rows.append(UsageEvent(**{**values, **given}))
    if not rows:
        return
    with writing() as session:
        before = session.scalar(select(func.coalesce(func.max(UsageEvent.id), 0)))
        session.add_all(rows)
        session.flush()
        session.add(
            IngestBatch(
                programme_id=programme_row.id,
                min_event_id=before + 1,
                max_event_id=max(row.id for row in rows),
                latest_received_at=max(row.received_at for row in rows),
            )
        )


def make_deal(person, **given) -> Deal:
    """An open deal of the person's."""
    row = Deal(
        **{"deal_key": f"D{next(_numbers)}", "person_id": person.id, "stage": "open", **given}
    )
    with writing() as session:
        session.add(row)
    return row


def make_proposal(person, **given) -> Proposal:
    """A proposal made with the tool."""
    values = {
        "proposal_key": f"PR{next(_numbers)}",
        "person_id": person.id,
        "created_on": date(2026, 3, 2),
        "with_tool": True,
    }
    row = Proposal(**{**values, **given})
    with writing() as session:
        session.add(row)
    return row


def make_signal(person, deal: Deal | str, fired_at: datetime, **given) -> Signal:
    """A signal to the person on a deal, or on a deal_id that was never imported."""
    values = {
        "signal_key": f"SG{next(_numbers)}",
        "deal_key": deal if isinstance(deal, str) else deal.deal_key,
        "person_id": person.id,
        "fired_at": fired_at,
    }
    row = Signal(**{**values, **given})
    with writing() as session:
        session.add(row)
    return row
