"""What drawing the adoption page's picture reads: judged weeks, and the picture as it stands."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from adoption.models import AdoptionStatus, DailyUsage, PictureMark, RepPicture, RepWeek, TouchedRep
from adoption.queries.events import chunks
from adoption.rules import AdoptionState
from core.db import db


@dataclass(frozen=True)
class Sketch:
    """What is kept of a rep between two drawings."""

    active: int
    first_day: int
    there: int
    path: str
    has_opened: bool


def mark_of(programme_id: int) -> PictureMark | None:
    """How far the picture is drawn; None before the first time."""
    return db.session.get(PictureMark, programme_id)


def touched_reps(programme_id: int) -> frozenset[int]:
    """Who was judged again since the last drawing."""
    mine = TouchedRep.programme_id == programme_id
    return frozenset(db.session.scalars(select(TouchedRep.person_id).where(mine)))


def sketches(programme_id: int) -> dict[int, Sketch]:
    """What is kept of every rep in the picture."""
    rows = db.session.execute(
        select(
            RepPicture.person_id,
            RepPicture.active_weeks,
            RepPicture.first_day_weeks,
            RepPicture.there_weeks,
            RepPicture.path,
            RepPicture.has_opened,
        ).where(RepPicture.programme_id == programme_id)
    )
    return {
        person_id: Sketch(int(active, 16), int(first, 16), int(there, 16), path or "", opened)
        for person_id, active, first, there, path, opened in rows
    }


def standings(programme_id: int, week: date) -> dict[int, tuple[AdoptionState, int]]:
    """State and streak of everybody at the end of a judged week."""
    rows = db.session.execute(
        select(AdoptionStatus.person_id, AdoptionStatus.state, AdoptionStatus.streak).where(
            AdoptionStatus.programme_id == programme_id, AdoptionStatus.week_start == week
        )
    )
    return {person_id: (AdoptionState(state), streak) for person_id, state, streak in rows}


def states_of(
    programme_id: int, week: date, person_ids: Collection[int]
) -> dict[int, AdoptionState]:
    """The states of these people at the end of a judged week."""
    found: dict[int, AdoptionState] = {}
    for chunk in chunks(person_ids):
        rows = db.session.execute(
            select(AdoptionStatus.person_id, AdoptionStatus.state).where(
                AdoptionStatus.programme_id == programme_id,
                AdoptionStatus.week_start == week,
                AdoptionStatus.person_id.in_(chunk),
            )
        )
        found.update({person_id: AdoptionState(state) for person_id, state in rows})
    return found


def active_days_between(programme_id: int, first: date, last: date) -> dict[int, int]:
    """Active days of everybody in the weeks from `first` to `last`."""
    found: dict[int, int] = defaultdict(int)
    rows = db.session.execute(
        select(RepWeek.person_id, RepWeek.active_days).where(
            RepWeek.programme_id == programme_id,
            RepWeek.week_start >= first,
            RepWeek.week_start <= last,
            RepWeek.active_days > 0,
        )
    )
    for person_id, days in rows:
        found[person_id] += days
    return found


def who_opened(programme_id: int, person_ids: Collection[int], through: date) -> frozenset[int]:
    """Those of the people with any counted event, a login or more, by a date."""
    found: set[int] = set()
    for chunk in chunks(person_ids):
        found.update(
            db.session.scalars(
                select(DailyUsage.person_id)
                .where(
                    DailyUsage.programme_id == programme_id,
                    DailyUsage.person_id.in_(chunk),
                    DailyUsage.local_day <= through,
                )
                .distinct()
            )
        )
    return frozenset(found)
