"""The wish to be left alone: stopped lists, and the signed link that stops one."""

import hmac
from datetime import datetime

from sqlalchemy import select

from core.db import db, insert_missing
from core.errors import Invalid, NotFound
from core.outbox.tables import PRIORITY, Suppression
from core.settings import settings


def unsubscribe_token(person_id: int, list_name: str) -> str:
    """Sign person and list into a link part that lives for ever and says nothing else."""
    return f"{person_id}.{list_name}.{_signature(person_id, list_name)}"


def read_unsubscribe_token(token: str) -> tuple[int, str]:
    """Return (person_id, list) of a genuine token; raises NotFound otherwise."""
    person, _, rest = token.partition(".")
    list_name, _, signature = rest.partition(".")
    is_plain = person.isascii() and person.isdigit() and list_name in PRIORITY
    if not is_plain or not hmac.compare_digest(
        signature.encode(), _signature(int(person), list_name).encode()
    ):
        msg = "This link is not one of ours, or not whole."
        raise NotFound(msg)
    return int(person), list_name


def _signature(person_id: int, list_name: str) -> str:
    key = settings().secret_key.encode()
    return hmac.new(key, f"unsubscribe:{person_id}:{list_name}".encode(), "sha256").hexdigest()[:32]


def suppress(person_id: int, list_name: str, *, reason: str, now: datetime) -> bool:
    """Stop a list (or '*', every letter but security) for a person; False when it was stopped."""
    if list_name == "security":
        msg = "Security letters cannot be stopped."
        raise Invalid(msg)
    row = {"person_id": person_id, "list_name": list_name, "reason": reason, "at": now}
    return insert_missing(Suppression, [row], ["person_id", "list_name"]) == 1


def resume(person_id: int, list_name: str) -> None:
    """Undo a person's own wish."""
    found = db.session.scalar(
        select(Suppression).where(
            Suppression.person_id == person_id, Suppression.list_name == list_name
        )
    )
    if found is not None:
        db.session.delete(found)


def suppressed_lists(person_id: int) -> set[str]:
    """Return the lists a person has stopped."""
    return set(
        db.session.scalars(select(Suppression.list_name).where(Suppression.person_id == person_id))
    )


def suppressed_people(list_name: str) -> set[int]:
    """Return everybody who has stopped a list, or every list."""
    return set(
        db.session.scalars(
            select(Suppression.person_id).where(Suppression.list_name.in_([list_name, "*"]))
        )
    )
