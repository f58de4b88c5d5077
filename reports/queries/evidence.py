"""What was counted at night, and the same counted now."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import programme.queries
from core.db import db, table_of
from core.derived import wrong_parts
from programme.models import Programme
from reports.models import Evidence
from reports.queries.compared import compared, window_of
from reports.queries.experiments import today_of, tried_all
from reports.rules import Known, UseRule, from_plain, to_plain

# Rises whenever other facts are counted: what an older version stored is not held against a newer.
SHAPE = 2


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
    if row is None:
        return None
    try:
        return Counted(row.counted_at, from_plain(Known, row.facts))
    except (KeyError, TypeError, ValueError):
        # Counted by a version that knew other facts: the next night counts it anew.
        return None


def count(owner: Programme, as_of: datetime) -> Known:
    """Every experiment and the usual window by every split, as known at `as_of`."""
    trials = tuple(one.trial for one in tried_all(owner, as_of))
    today = today_of(owner, as_of)
    if today <= owner.launch_on:
        return Known(trials, None)
    window = window_of(owner.launch_on, today)
    return Known(trials, compared(owner, window, tuple(UseRule), as_of))


def basis_of(owner: Programme) -> str:
    """A fingerprint of what is counted by: the programme's settings and its experiments."""
    settings = {column.name: str(getattr(owner, column.name)) for column in table_of(Programme).c}
    drawn = to_plain(programme.queries.experiments(owner.id))
    return sha256(json.dumps([SHAPE, settings, drawn], sort_keys=True).encode()).hexdigest()


def verify() -> list[str]:
    """For each programme the first stored fact that counting again at its moment does not bear out.

    Evidence counted by other settings or draws than the present ones waits for the next night.
    """
    found = (next(_wrong(owner), None) for owner in all_programmes())
    return [line for line in found if line is not None]


def _wrong(owner: Programme) -> Iterator[str]:
    row = db.session.get(Evidence, owner.id)
    if row is None or row.basis != basis_of(owner):
        return
    right = json.loads(json.dumps(to_plain(count(owner, row.counted_at))))
    for fault in wrong_parts(row.facts, right):
        yield f"evidence (programme_id {owner.id}), counted {row.counted_at.isoformat()}: {fault}"
