"""Every SELECT of the reports room, through the lower rooms' queries: experiments, comparisons."""

from reports.queries.compared import Compared, Split, compared, window_of
from reports.queries.experiments import (
    Member,
    Tried,
    current_programme,
    lift_rows,
    owner_of,
    today_of,
    tried,
    tried_all,
)

__all__ = [
    "Compared",
    "Member",
    "Split",
    "Tried",
    "compared",
    "current_programme",
    "lift_rows",
    "owner_of",
    "today_of",
    "tried",
    "tried_all",
    "window_of",
]
