"""Made-up programmes and enrolments. Every value may be named; nothing else needs to be."""

import itertools
from datetime import UTC, date, datetime

from programme.models import Enrolment, Programme
from tests.factories.people import writing

_numbers = itertools.count(1)


def make_programme(**given) -> Programme:
    """A programme in New York, launched on Monday 2 March 2026."""
    number = next(_numbers)
    values = {
        "slug": f"programme-{number}",
        "name": f"Programme {number}",
        "time_zone": "America/New_York",
        "launch_on": date(2026, 3, 2),
    }
    row = Programme(**{**values, **given})
    with writing() as session:
        session.add(row)
    return row


def enrol(programme, *people, at=datetime(2026, 1, 1, tzinfo=UTC)) -> None:
    """Put people into a programme, which takes them out of those they are not enrolled in."""
    with writing() as session:
        for person in people:
            session.add(Enrolment(programme_id=programme.id, person_id=person.id, enrolled_at=at))
