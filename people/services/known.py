"""What the files about people already known share: whose row it is, and which dates cannot be."""

from collections.abc import Sequence

from core.intake.kinds import Batch, Problem, Row, SetAside
from people import queries

STAYS_ERASED = "This person was erased and stays so."


def known_people(batch: Batch) -> tuple[list[tuple[int, Row, int]], list[SetAside]]:
    """Rows with the id of their person, and those whose person nobody knows yet."""
    ids = queries.by_key({row["person_id"] for _line, row in batch.rows})
    known: list[tuple[int, Row, int]] = []
    aside: list[SetAside] = []
    for line, row in batch.rows:
        key = row["person_id"]
        if key in ids:
            known.append((line, row, ids[key]))
        else:
            aside.append(SetAside(line, batch.raw(line), "unknown_person", key))
    return known, aside


def with_end_after_start(
    rows: Sequence[tuple[int, Row, int]], start: str, end: str, *, half_open: bool
) -> tuple[list[tuple[int, Row, int]], list[Problem]]:
    """Rows whose end lies after their start; of a half-open span the two may not be equal."""
    good: list[tuple[int, Row, int]] = []
    problems: list[Problem] = []
    for line, row, person in rows:
        first, last = row[start], row[end]
        if last is not None and (last < first or (half_open and last == first)):
            problems.append(Problem(line, end, "end_before_start", str(last)))
        else:
            good.append((line, row, person))
    return good, problems
