"""The verbs of the reports room: count the evidence."""

from datetime import datetime

from core.db import upsert_rows
from reports import queries
from reports.models import Evidence
from reports.rules import to_plain


def count_evidence(as_of: datetime) -> int:
    """Count what every programme's page shows, as known at `as_of`; how many programmes."""
    rows = [
        {
            "programme_id": owner.id,
            "counted_at": as_of,
            "facts": to_plain(queries.count(owner, as_of)),
            "basis": queries.basis_of(owner),
        }
        for owner in queries.all_programmes()
    ]
    upsert_rows(Evidence, rows, ["programme_id"])
    return len(rows)
