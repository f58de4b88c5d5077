"""Deals, proposals and signals: upserted by their key, unchanged rows left alone.

What a row said before it changed is kept, so that reports as of an instant stay the same.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from adoption.models import Deal, Proposal, Signal
from adoption.queries.events import stored_deals, stored_proposals, stored_signals
from adoption.queries.records import DEAL, PROPOSAL, SIGNAL, facts_of
from core import history
from core.db import upsert_rows

Rows = Sequence[Mapping[str, object]]


def record_deals(rows: Rows, now: datetime) -> tuple[int, int]:
    """Store deals by deal_key; how many were new and how many changed. Rows share their columns."""
    stored = stored_deals([str(row["deal_key"]) for row in rows])
    return _record(Deal, DEAL, "deal_key", rows, stored, now)


def record_proposals(rows: Rows, now: datetime) -> tuple[int, int]:
    """Store proposals by proposal_key; how many were new and how many changed."""
    stored = stored_proposals([str(row["proposal_key"]) for row in rows])
    return _record(Proposal, PROPOSAL, "proposal_key", rows, stored, now)


def record_signals(rows: Rows, now: datetime) -> tuple[int, int]:
    """Store signals by signal_key; how many were new and how many changed."""
    stored = stored_signals([str(row["signal_key"]) for row in rows])
    return _record(Signal, SIGNAL, "signal_key", rows, stored, now)


def _record(
    model: type[Deal | Proposal | Signal],
    subject: str,
    key: str,
    rows: Rows,
    stored: Mapping[str, Mapping[str, object]],
    now: datetime,
) -> tuple[int, int]:
    new = [row for row in rows if row[key] not in stored]
    changed = [
        row
        for row in rows
        if row[key] in stored and any(stored[str(row[key])][name] != row[name] for name in row)
    ]
    before: dict[str, history.Facts | None] = {str(row[key]): None for row in new}
    before |= {str(row[key]): facts_of(stored[str(row[key])]) for row in changed}
    history.keep(subject, before, now)
    upsert_rows(model, [*new, *changed], [key])
    return len(new), len(changed)
