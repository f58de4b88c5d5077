"""Whether there is anything a board might not know of: one question, asked every second."""

from sqlalchemy import func, literal_column, select

from adoption.models import EventHold, IngestBatch
from core.db import Question, db
from leaderboard.models import Board
from people import queries as people

# Ids are given before commit, so one may appear below a newer one; the sum of the latest tells.
LATEST = 50
_BATCHES = (
    select(IngestBatch.id)
    .order_by(IngestBatch.id.desc())
    .limit(literal_column(str(LATEST)))
    .subquery()
)
_HOLDS = select(func.count()).select_from(EventHold)
_RELEASES = select(func.count(EventHold.released_at))
_NEW_BOARDS = select(func.count()).select_from(Board).where(Board.counted_at.is_(None))
_question = Question(
    select(
        select(func.sum(_BATCHES.c.id)).scalar_subquery(),
        people.NEWEST_CHANGE,
        _HOLDS.scalar_subquery(),
        _RELEASES.scalar_subquery(),
        _NEW_BOARDS.scalar_subquery(),
    )
)


def newest_facts() -> tuple[int, ...]:
    """A look that changes with each batch, change of people, hold, and board not yet counted."""
    [row] = _question.ask(db.engine)
    return tuple(int(number or 0) for number in row)
