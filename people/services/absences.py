"""Days away, taken in batch by batch. No reason is asked for or kept."""

from core import history
from core.db import bulk_insert
from core.intake.kinds import Batch, BatchResult, LoadContext
from people import queries
from people.models import Absence
from people.rules import absence_key
from people.services.changes import note_changes
from people.services.known import known_people, with_end_after_start


def load_absences(batch: Batch, context: LoadContext) -> BatchResult:
    """Add absences; the three columns are the key, so there is nothing to change."""
    rows, aside = known_people(batch)
    good, problems = with_end_after_start(rows, "start_date", "end_date", half_open=False)
    stored = queries.absences_of({person for _line, _row, person in good})
    asked = {(person, row["start_date"], row["end_date"]) for _line, row, person in good}
    new = sorted(asked - stored)
    bulk_insert(
        Absence,
        [{"person_id": person, "starts_on": first, "ends_on": last} for person, first, last in new],
    )
    touched = frozenset(person for person, _first, _last in new)
    history.keep(queries.ABSENCE, {absence_key(*key): None for key in new}, context.now)
    note_changes(touched, context.now)
    return BatchResult(
        added=len(new),
        unchanged=len(good) - len(new),
        set_aside=aside,
        problems=problems,
        touched=touched,
    )
