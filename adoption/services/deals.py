"""Deals, proposals and signals: upserted by their key, unchanged rows left alone.

What a row said before it changed is kept, so that reports as of an instant stay the same.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from adoption.models import Deal, Proposal, Signal
from adoption.queries.events import stored_deals, stored_proposals, stored_signals
from adoption.queries.records import DEAL, PROPOSAL, SIGNAL, facts_of
from core import history
from core.db import db, lock_row, upsert_rows
from core.errors import NotFound
from core.policy import Actor

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
    """Store signals by signal_key; how many were new and how many changed.

    A dismissal made here stays: a file that knows nothing of it, or of a later one, is not asked.
    """
    stored = stored_signals([str(row["signal_key"]) for row in rows])
    kept = [_with_dismissal(row, stored.get(str(row["signal_key"]))) for row in rows]
    return _record(Signal, SIGNAL, "signal_key", kept, stored, now)


def _with_dismissal(
    row: Mapping[str, object], stored: Mapping[str, object] | None
) -> Mapping[str, object]:
    """The row with the first of both dismissals, where the stored one was made here."""
    if stored is None or stored["dismissed_by"] is None or "dismissed_at" not in row:
        return row
    here, told = stored["dismissed_at"], row["dismissed_at"]
    is_earlier = isinstance(told, datetime) and isinstance(here, datetime) and told < here
    return row if is_earlier else {**row, "dismissed_at": here}


def dismiss_signal(signal_key: str, actor: Actor, now: datetime) -> bool:
    """Note that a rep set their own signal aside; whether that is news, for the first one stands.

    The occasion stays: doing the due action in time counts all the same (METRICS S3). Raises
    NotFound for a signal of somebody else, or one that is not there.
    """
    stored = stored_signals([signal_key]).get(signal_key)
    if stored is None or actor.person_id is None or stored["person_id"] != actor.person_id:
        raise NotFound("There is no such signal.")
    row = lock_row(Signal, stored["id"])
    if row is None or row.dismissed_at is not None:
        return False
    history.keep(SIGNAL, {signal_key: facts_of(stored)}, now)
    # A clock behind the source's: nothing is dismissed before it was fired.
    row.dismissed_at, row.dismissed_by = max(now, row.fired_at), actor.person_id
    db.session.flush()
    return True


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
