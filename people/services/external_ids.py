"""What other systems call people, taken in batch by batch."""

from core.db import upsert_rows
from core.intake.kinds import Batch, BatchResult, LoadContext, Problem
from people import queries
from people.models import ExternalId
from people.services.known import STAYS_ERASED, known_people


def load_external_ids(batch: Batch, _context: LoadContext) -> BatchResult:
    """Tie other systems' ids to people; an id means one person, the one named last.

    To somebody who was erased nothing is tied any more.
    """
    rows, aside = known_people(batch)
    erased = queries.erased_people()
    gone = [(line, row["person_id"]) for line, row, person in rows if person in erased]
    asked = {
        (row["system"], row["ref"]): person for _line, row, person in rows if person not in erased
    }
    stored = queries.external_ids(asked)
    new = [pair for pair in asked if pair not in stored]
    changed = [pair for pair in asked if stored.get(pair, asked[pair]) != asked[pair]]
    upsert_rows(
        ExternalId,
        [
            {"system": system, "ref": ref, "person_id": asked[system, ref]}
            for system, ref in (*new, *changed)
        ],
        ["system", "ref"],
    )
    return BatchResult(
        added=len(new),
        changed=len(changed),
        unchanged=len(asked) - len(new) - len(changed) + len(gone),
        set_aside=aside,
        problems=[
            Problem(line, "person_id", "not_counted", key, STAYS_ERASED, refuses=False)
            for line, key in gone
        ],
    )
