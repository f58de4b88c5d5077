"""What was counted at night, and the same counted now."""

from dataclasses import dataclass
from datetime import datetime

import programme.queries
from core.db import db
from programme.models import Programme
from reports.models import Evidence
from reports.queries.compared import compared, window_of
from reports.queries.experiments import today_of, tried_all
from reports.rules import Known, UseRule, from_plain


@dataclass(frozen=True)
class Counted:
    """The evidence with the moment it was counted."""

    counted_at: datetime
    known: Known


def current_programme() -> Programme | None:
    """The programme pages speak of."""
    return programme.queries.default()


def all_programmes() -> tuple[Programme, ...]:
    """Every programme there is."""
    return programme.queries.all_programmes()


def stored(owner: Programme) -> Counted | None:
    """What the last night counted; None before the first."""
    row = db.session.get(Evidence, owner.id)
    return None if row is None else Counted(row.counted_at, from_plain(Known, row.facts))


def count(owner: Programme, as_of: datetime) -> Known:
    """Every experiment and the usual window by every split, as known at `as_of`."""
    trials = tuple(one.trial for one in tried_all(owner, as_of))
    today = today_of(owner, as_of)
    if today <= owner.launch_on:
        return Known(trials, None)
    window = window_of(owner.launch_on, today)
    return Known(trials, compared(owner, window, tuple(UseRule), as_of))
