"""What every change of a record brings with it: word for upper rooms, sessions that end."""

from collections.abc import Collection, Iterable
from datetime import datetime

from core.db import bulk_insert
from people import queries
from people.models import PersonChange


def note_changes(person_ids: Collection[int], now: datetime) -> None:
    """Leave word for upper rooms that these people's records changed."""
    bulk_insert(
        PersonChange,
        [{"person_id": ident, "changed_at": now} for ident in sorted(set(person_ids))],
    )


def end_sessions_of(person_ids: Iterable[int]) -> None:
    """The sessions of these people end; what changed begins with a new sign-in (TRUST S11)."""
    for account in queries.accounts_of(list(person_ids)):
        account.version += 1
