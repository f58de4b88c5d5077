"""Every SELECT of the reports room, most through the lower rooms' queries."""

from reports.queries.compared import compared, window_of
from reports.queries.evidence import (
    Counted,
    all_programmes,
    basis_of,
    count,
    current_programme,
    stored,
    verify,
)
from reports.queries.experiments import (
    Member,
    Tried,
    lift_rows,
    owner_of,
    today_of,
    tried,
    tried_all,
)

__all__ = [
    "Counted",
    "Member",
    "Tried",
    "all_programmes",
    "basis_of",
    "compared",
    "count",
    "current_programme",
    "lift_rows",
    "owner_of",
    "stored",
    "today_of",
    "tried",
    "tried_all",
    "verify",
    "window_of",
]
