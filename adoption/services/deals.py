"""Deals, proposals and signals: upserted by their key, unchanged rows left alone."""

from collections.abc import Mapping, Sequence

from adoption.models import Deal, Proposal, Signal
from adoption.queries.events import stored_deals, stored_proposals, stored_signals
from core.db import upsert_rows

Rows = Sequence[Mapping[str, object]]


def record_deals(rows: Rows) -> tuple[int, int]:
    """Store deals by deal_key; how many were new and how many changed. Rows share their columns."""
    stored = stored_deals([str(row["deal_key"]) for row in rows])
    return _record(Deal, "deal_key", rows, stored)


def record_proposals(rows: Rows) -> tuple[int, int]:
    """Store proposals by proposal_key; how many were new and how many changed."""
    stored = stored_proposals([str(row["proposal_key"]) for row in rows])
    return _record(Proposal, "proposal_key", rows, stored)


def record_signals(rows: Rows) -> tuple[int, int]:
    """Store signals by signal_key; how many were new and how many changed."""
    stored = stored_signals([str(row["signal_key"]) for row in rows])
    return _record(Signal, "signal_key", rows, stored)


def _record(
    model: type[Deal | Proposal | Signal],
    key: str,
    rows: Rows,
    stored: Mapping[str, Mapping[str, object]],
) -> tuple[int, int]:
    new = [row for row in rows if row[key] not in stored]
    changed = [
        row
        for row in rows
        if row[key] in stored and any(stored[str(row[key])][name] != row[name] for name in row)
    ]
    upsert_rows(model, [*new, *changed], [key])
    return len(new), len(changed)
