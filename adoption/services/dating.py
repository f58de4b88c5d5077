"""Local dates of stored events follow the zones they are counted in (METRICS T2).

A programme may change its zone, or a rep's own zone may come in later. The dates of stored events
are set right at once, in the same transaction, and the person-dates they leave and enter are left
to roll-up; until it has run, figures read the events themselves.
"""

from collections.abc import Collection

import programme.queries
from adoption.models import TouchedDay, UsageEvent
from adoption.queries.events import has_events, moments_of, zones_of_people
from adoption.queries.weeks import mark_of
from adoption.services.picture import touch_picture
from core.bulkload import update_rows
from core.calendars import local_date, zone_of
from core.db import insert_missing
from programme.models import Programme


def date_events_anew(programme_id: int, person_ids: Collection[int] | None = None) -> int:
    """Give every event (of these people) the date of the present zone; how many moved."""
    owner = programme.queries.by_id(programme_id)
    home = programme.queries.calendar(owner).tz
    own = zones_of_people() if owner.tz_mode == "user" else {}
    zones = {person_id: zone_of(name) for person_id, name in own.items()}
    moved: list[dict[str, object]] = []
    touched: set[tuple[int, object]] = set()
    for ident, person_id, occurred_at, day in moments_of(programme_id, person_ids):
        right = local_date(occurred_at, zones.get(person_id, home))
        if right != day:
            moved.append({"id": ident, "local_day": right})
            touched |= {(person_id, day), (person_id, right)}
    update_rows(UsageEvent, moved)
    rows = [
        {"programme_id": programme_id, "person_id": person_id, "local_day": day}
        for person_id, day in touched
    ]
    insert_missing(TouchedDay, rows, ["programme_id", "local_day", "person_id"])
    return len(moved)


def follow_programme(programme_id: int) -> int:
    """After a playbook was applied: set dates right if the programme's zone may have changed.

    What the page shows is drawn anew at night: the launch or the login kind may have changed, too.
    """
    touch_picture(programme_id, None)
    owner = programme.queries.by_id(programme_id)
    mark = mark_of(programme_id)
    is_same_series = mark is not None and mark.rule_version == owner.rule_version
    if is_same_series or not has_events(programme_id):
        return 0
    return date_events_anew(programme_id)


def follow_people(person_ids: Collection[int]) -> int:
    """After records of people changed: set dates right where reps are counted in their own zone."""
    owners: list[Programme] = [
        owner for owner in programme.queries.all_programmes() if owner.tz_mode == "user"
    ]
    return sum(date_events_anew(owner.id, person_ids) for owner in owners if has_events(owner.id))
