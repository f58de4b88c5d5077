"""What becomes of the letters to somebody who was erased."""

from datetime import datetime

from sqlalchemy import update

from core.db import db, delete_where
from core.outbox.tables import WAITING, LetterState, OutboxLetter, Suppression

EMPTIED = "This letter was emptied: the person it was written to was erased."


def forget_reader(person_id: int, now: datetime) -> None:
    """Call off the letters that wait for a person, empty every letter to them, drop their wishes.

    That there was a letter, of which kind and when, stays: counts of letters rest on it.
    """
    theirs = OutboxLetter.person_id == person_id
    db.session.execute(
        update(OutboxLetter)
        .where(theirs, OutboxLetter.state.in_(WAITING))
        .values(state=LetterState.CANCELLED, reason="erased", due_at=None, finished_at=now)
    )
    db.session.execute(
        update(OutboxLetter)
        .where(theirs)
        .values(subject="Erased", text=EMPTIED, html=None, calendar=None)
    )
    delete_where(Suppression, Suppression.person_id == person_id)
