"""Everybody's calendar: employed, enabled, away."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

from sqlalchemy import select

from core.db import db
from core.history import Facts, past
from core.planning import is_among
from people.models import Absence, Person
from people.queries.rows import ABSENCE, PERSON, AnyRow
from people.rules import PersonCalendar, absences_then, calendars_then

Past = Mapping[str, Facts | None]


def calendars(
    person_ids: Collection[int] | None = None, as_of: datetime | None = None
) -> dict[int, PersonCalendar]:
    """Employment, enablement and absences of each person asked for (None: everybody).

    With `as_of`, as the records were known then: people added later are not there.
    """
    columns = select(
        Person.id, Person.hired_on, Person.left_on, Person.enabled_on, Person.disabled_on
    )
    away = select(Absence.person_id, Absence.starts_on, Absence.ends_on).order_by(
        Absence.starts_on, Absence.ends_on
    )
    if person_ids is not None:
        columns = columns.where(is_among(Person.id, person_ids))
        away = away.where(is_among(Absence.person_id, person_ids))
    then = past(PERSON, as_of), past(ABSENCE, as_of)
    return _calendars(db.session.execute(columns), db.session.execute(away), *then)


def _calendars(
    people: Iterable[AnyRow], away: Iterable[AnyRow], person_then: Past, absence_then: Past
) -> dict[int, PersonCalendar]:
    absences: dict[int, list[tuple[date, date]]] = defaultdict(list)
    for person_id, starts_on, ends_on in absences_then(away, absence_then):
        absences[person_id].append((starts_on, ends_on))
    present = {
        ident: PersonCalendar(hired, left, enabled, disabled, tuple(absences.get(ident, ())))
        for ident, hired, left, enabled, disabled in people
    }
    return calendars_then(present, person_then)
