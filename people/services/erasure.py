"""Erasing somebody who left: asked for by one administrator, confirmed by another (TRUST P3).

Their row stays under a pseudonym, for books, counts and results refer to it. All that tells who it
was goes in one transaction; what other rooms' texts may still call them is cleared right after.
"""

from dataclasses import dataclass, field
from datetime import datetime

from core import audit, outbox
from core.db import db, delete_where, insert_missing, lock_row
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import Actor, require
from people import notices, queries
from people.models import Erasure, ForgottenName, Person
from people.rules import digest_of_name, erased_email, erased_key, pseudonym, tells_who
from people.services.changes import note_changes
from people.services.forgetting import LEADS_BACK

ACTION = "people.erase_execute"


@dataclass(frozen=True)
class ErasureStep:
    """Whether somebody is erased now, under which key, or for whose word it waits."""

    is_erased: bool
    key: str
    was_alone: bool = False
    waits_for: tuple[str, ...] = field(default=())


def erase_person(
    person_id: int, *, typed: str, is_free: bool, actor: Actor, now: datetime
) -> ErasureStep:
    """Ask for an erasure, or carry out the one somebody else asked for.

    Where there is only one administrator, their word alone does it. `typed` must be the person's
    key when it is carried out; `is_free` says that no legal hold was found. Raises NotFound,
    NotAllowed, Invalid, Conflict.
    """
    require(actor, ACTION)
    person = _erasable(person_id, actor, now)
    if not is_free:
        raise Invalid(
            "Say that no legal hold stands against it.",
            field="free",
            fix="Ask those who know: a dispute, an audit or a court may need what would go.",
        )
    admins = queries.admins_on(now.date()) - {person.id}
    if actor.person_id not in admins:
        raise NotAllowed("Only an administrator who works here may ask for it.")
    others = admins - {actor.person_id}
    request = lock_row(Erasure, person_id)
    is_second = request is not None and request.asked_by_id in others
    if request is not None and (is_second or not others):
        return _carry_out(person, request, typed, actor, now)
    if request is None:
        request = Erasure(person_id=person.id, asked_by_id=_id_of(actor), asked_at=now)
        db.session.add(request)
        db.session.flush()
        if not others:
            return _carry_out(person, request, typed, actor, now)
        _tell(person, request, others, actor, now)
    elif request.asked_by_id not in admins:
        # Who asked is no administrator any more: their word went with their role.
        request.asked_by_id, request.asked_at = _id_of(actor), now
        _tell(person, request, others, actor, now)
    names = sorted(card.name for card in queries.cards(others).values())
    return ErasureStep(is_erased=False, key=person.key, waits_for=tuple(names))


def _id_of(actor: Actor) -> int:
    """Who it is: an erasure is somebody's word, never the house's own."""
    if actor.person_id is None:
        raise NotAllowed("Somebody has to ask for it by name.")
    return actor.person_id


def _erasable(person_id: int, actor: Actor, now: datetime) -> Person:
    """The person, held. Raises NotFound, NotAllowed, Conflict."""
    if _id_of(actor) == person_id:
        raise NotAllowed("Nobody erases themselves.", fix="Ask another administrator.")
    person = lock_row(Person, person_id)
    if person is None or person.status == "erased":
        raise NotFound("There is no such person.")
    if person.left_on is None or person.left_on >= now.date():
        raise Conflict(
            "Only somebody who has left can be erased.",
            code="still_here",
            fix="Import the person with their last day as leave_date, then come back.",
        )
    return person


def _tell(
    person: Person, request: Erasure, others: frozenset[int], actor: Actor, now: datetime
) -> None:
    """Write the request down, and to the other administrators."""
    subject = f"person:{person.id}"
    audit.record("people.erase_asked", actor=actor, now=now, subject=subject)
    told = [
        notices.erasure_asked(card, person.id, request.asked_at)
        for card in queries.cards(others).values()
    ]
    outbox.post_all(told, now)


def withdraw_erasure(person_id: int, *, actor: Actor, now: datetime) -> None:
    """Take a request back, as who asked or as who would have to agree. Raises NotFound."""
    require(actor, ACTION)
    lock_row(Person, person_id)
    request = lock_row(Erasure, person_id)
    if request is None or request.erased_at is not None:
        raise NotFound("Nobody asked for this person to be erased.")
    is_own = request.asked_by_id == actor.person_id
    db.session.delete(request)
    db.session.flush()
    action = "people.erase_withdrawn" if is_own else "people.erase_refused"
    audit.record(action, actor=actor, now=now, subject=f"person:{person_id}")


def _carry_out(
    person: Person, request: Erasure, typed: str, actor: Actor, now: datetime
) -> ErasureStep:
    """Put a pseudonym in the place of who it was, and delete what leads back to them."""
    if typed.strip() != person.key:
        raise Invalid(
            f"Type {person.key} to confirm: it cannot be undone.",
            field="typed",
            fix="Nothing was erased.",
        )
    refs = queries.refs_of(person.id)
    loses_key = tells_who(person.key, email=person.email, name=person.name)
    new_key = erased_key(person.id) if loses_key else person.key
    words, ways = _names(person, refs, new_key)
    was_alone = request.asked_by_id == actor.person_id
    request.confirmed_by_id = None if was_alone else actor.person_id
    request.erased_at, request.words = now, words
    person.key, person.email = new_key, erased_email(person.id)
    person.name, person.alias, person.status = pseudonym(person.id), None, "erased"
    db.session.flush()
    rows = [{"digest": digest_of_name(way), "person_id": person.id} for way in ways]
    insert_missing(ForgottenName, rows, ["digest"])
    for table in LEADS_BACK:
        delete_where(table, table.person_id == person.id)
    outbox.forget_reader(person.id, now)
    note_changes([person.id], now)
    audit.record(
        ACTION,
        actor=actor,
        now=now,
        subject=f"person:{person.id}",
        detail={"asked_by": request.asked_by_id, "alone": was_alone, "key_replaced": loses_key},
    )
    return ErasureStep(is_erased=True, key=new_key, was_alone=was_alone)


def _names(
    person: Person, refs: tuple[tuple[str, str], ...], new_key: str
) -> tuple[dict[str, str], list[str]]:
    """What texts may call somebody with what stands there instead, and what files call them."""
    instead = pseudonym(person.id)
    words = {ref: instead for _system, ref in refs} | {person.name: instead}
    if person.alias and " " in person.alias:
        words[person.alias] = instead
    words[person.email] = erased_email(person.id)
    ways = [f"email:{person.email}", *(f"{system}:{ref}" for system, ref in refs)]
    if new_key != person.key:
        words[person.key] = new_key
        ways.append(f"key:{person.key}")
    return words, ways
