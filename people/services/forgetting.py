"""What else goes when somebody was erased (TRUST P3): what leads back to them, what names them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from core.audit import AuditEntry
from core.db import db, delete_where, lock_row
from core.forgetting import replace_names, stands_out
from core.intake.directory import is_reference, ways_of
from core.intake.models import IntakeSetAside
from core.intake.waiting import drop_waiting
from core.planning import is_among
from people import queries
from people.models import (
    Account,
    AuthSession,
    Erasure,
    ExternalId,
    ForgottenName,
    Person,
    PersonalLink,
    Preference,
)

# Their row stays, for books and counts refer to it; these would tell whose it was, or let them in.
LEADS_BACK = (ExternalId, AuthSession, Account, PersonalLink, Preference)
# Others may bear the same name; rows that wait go as a whole; the trail holds no names and is
# chained; and of whom the texts are to be cleared is looked up in the words themselves.
NOT_REWRITTEN = (Person, IntakeSetAside, AuditEntry, Erasure, ForgottenName)


# A look through every text takes about as long for ten people as for one.
MOST_AT_ONCE = 10


@dataclass(frozen=True)
class Cleared:
    """Whose names were taken out, and out of how many texts and waiting rows."""

    people: int
    texts: int


def forget_erased() -> int:
    """Delete what leads back to erased people; how many rows. A repeated run finds none.

    The nightly job asks, so it also holds for rows other systems go on sending about them, and
    after a backup from before an erasure was restored.
    """
    erased = queries.erased_people()
    if not erased:
        return 0
    gone = sum(delete_where(table, is_among(table.person_id, erased)) for table in LEADS_BACK)
    return gone + drop_waiting(_those_of_erased)


def clear_names() -> Cleared | None:
    """Take the names of some people who were erased out of every text; None: nobody's are left.

    Either all of it happens or nothing, and then it is done anew.
    """
    held = [lock_row(Erasure, person_id) for person_id in queries.still_named(MOST_AT_ONCE)]
    waiting = [erasure for erasure in held if erasure is not None and erasure.words is not None]
    if not waiting:
        return None
    words = {word: said for each in waiting for word, said in (each.words or {}).items()}
    for erasure in waiting:
        erasure.words = None
    db.session.flush()
    dropped = drop_waiting(partial(_those_naming, words))
    return Cleared(len(waiting), dropped + replace_names(words, besides=NOT_REWRITTEN))


def _those_naming(words: Mapping[str, str], rows: Mapping[int, Mapping[str, str]]) -> Iterator[int]:
    """Rows set aside that are about an erased person, or name them anywhere."""
    yield from _those_of_erased(rows)
    wanted = [word.casefold() for word in words if stands_out(word)]
    for ident, raw in rows.items():
        said = "\n".join(raw.values()).casefold()
        if any(word in said for word in wanted):
            yield ident


def _those_of_erased(rows: Mapping[int, Mapping[str, str]]) -> Iterator[int]:
    """Rows set aside whose person is called as somebody erased was."""
    ways = {ident: {*_ways(raw)} for ident, raw in rows.items()}
    forgotten = queries.forgotten({way for named in ways.values() for way in named})
    for ident, named in ways.items():
        if named & forgotten:
            yield ident


def _ways(raw: Mapping[str, str]) -> Iterator[str]:
    """Whom a row may mean: what its cells of persons say, and every address in it."""
    for column, cell in raw.items():
        if column == "person_id":
            yield from ways_of(cell) if is_reference(cell) else (f"key:{cell}",)
        if "@" in cell:
            yield f"email:{cell}"
