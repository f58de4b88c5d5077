"""What people decide for themselves, and sales ops' power to shut a door at once."""

from collections.abc import Collection
from datetime import datetime, time

from core import audit, outbox
from core.db import db, lock_row, upsert_rows
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import Actor
from people import queries
from people.models import Person, Preference
from people.rules import BoardName, clean_alias
from people.services.changes import end_sessions_of, note_changes

LEAVABLE = tuple(name for name in outbox.LISTS if name != "security")
EARLIEST_QUIET, LATEST_QUIET = time(15, 0), time(23, 30)
EARLIEST_WAKING, LATEST_WAKING = time(5, 0), time(12, 0)


def _own(actor: Actor) -> Person:
    """The actor's own record, held."""
    person = lock_row(Person, actor.person_id) if actor.person_id is not None else None
    if person is None:
        raise NotFound("There is no such person.")
    return person


def change_mail_lists(wanted: Collection[str], *, actor: Actor, now: datetime) -> None:
    """Receive exactly these lists from now on; security letters always come."""
    person = _own(actor)
    unknown = sorted(set(wanted) - set(LEAVABLE))
    if unknown:
        raise Invalid(f"There is no list {unknown[0]}.", field="lists")
    stopped = outbox.suppressed_lists(person.id)
    for name in LEAVABLE:
        if name in wanted and name in stopped:
            outbox.resume(person.id, name)
        elif name not in wanted and name not in stopped:
            outbox.suppress(person.id, name, reason="own wish", now=now)
    audit.record(
        "me.mail_prefs",
        actor=actor,
        now=now,
        subject=f"person:{person.id}",
        detail={"lists": sorted(wanted)},
    )


def change_quiet_hours(quiet_from: time, quiet_until: time, *, actor: Actor, now: datetime) -> None:
    """No letters between an evening hour and a morning hour of the person's own zone."""
    person = _own(actor)
    if not EARLIEST_QUIET <= quiet_from <= LATEST_QUIET:
        raise Invalid(
            "Quiet hours begin between 15:00 and 23:30.",
            field="quiet_from",
            fix="Choose such an hour.",
        )
    if not EARLIEST_WAKING <= quiet_until <= LATEST_WAKING:
        raise Invalid(
            "Quiet hours end between 05:00 and 12:00.",
            field="quiet_until",
            fix="Choose such an hour.",
        )
    row = {"person_id": person.id, "quiet_from": quiet_from, "quiet_until": quiet_until}
    upsert_rows(Preference, [row], ["person_id"])
    audit.record("me.quiet_hours", actor=actor, now=now, subject=f"person:{person.id}")


def choose_board_name(how: BoardName, alias: str, *, actor: Actor, now: datetime) -> None:
    """Be named on boards by one's name, by an alias, or not at all. Raises Invalid, Conflict.

    An alias chosen before is kept while one is not listed, and forgotten with the plain name.
    """
    if how is BoardName.ALIAS and not alias.strip():
        raise Invalid(
            "An alias is missing.", field="alias", fix="Write one, or choose your own name."
        )
    if how is not BoardName.NOT_LISTED:
        _change_alias(alias if how is BoardName.ALIAS else "", actor=actor, now=now)
    _change_ranking(opt_out=how is BoardName.NOT_LISTED, actor=actor, now=now)


def _change_ranking(*, opt_out: bool, actor: Actor, now: datetime) -> None:
    """Leave or rejoin rankings by name; team totals and prizes stay (TRUST section 6)."""
    person = _own(actor)
    if person.ranking_opt_out == opt_out:
        return
    person.ranking_opt_out = opt_out
    note_changes([person.id], now)
    audit.record(
        "me.ranking_opt_out",
        actor=actor,
        now=now,
        subject=f"person:{person.id}",
        detail={"opt_out": opt_out},
    )


def _change_alias(text: str, *, actor: Actor, now: datetime) -> None:
    """Bear another name on boards, or none when the text is blank. Raises Invalid, Conflict."""
    person = _own(actor)
    alias = None
    if text.strip():
        alias = clean_alias(text)
        if alias is None:
            raise Invalid(
                "An alias has 2 to 40 letters, digits, blanks, dots, hyphens or apostrophes.",
                field="alias",
                fix="Choose one with at least one letter.",
            )
        if queries.alias_taken(alias, person.id):
            raise Conflict("Somebody goes by this name.", field="alias", fix="Choose another one.")
    if person.alias == alias:
        return
    person.alias = alias
    note_changes([person.id], now)
    audit.record("me.alias_set", actor=actor, now=now, subject=f"person:{person.id}")


def suspend(person_id: int, *, actor: Actor, now: datetime) -> None:
    """Shut a person out at once: sessions end, letters stop; their records stay."""
    _set_status(person_id, "suspended", actor=actor, now=now)


def reactivate(person_id: int, *, actor: Actor, now: datetime) -> None:
    """Let a suspended person in again."""
    _set_status(person_id, "active", actor=actor, now=now)


def _set_status(person_id: int, status: str, *, actor: Actor, now: datetime) -> None:
    if actor.person_id == person_id:
        raise NotAllowed("Nobody suspends themselves.", fix="Ask a colleague.")
    person = lock_row(Person, person_id)
    if person is None or person.status == "erased":
        raise NotFound("There is no such person.")
    if person.status == status:
        return
    person.status = status
    end_sessions_of([person_id])
    note_changes([person_id], now)
    db.session.flush()
    audit.record(
        "people.suspend_reactivate",
        actor=actor,
        now=now,
        subject=f"person:{person_id}",
        detail={"status": status},
    )
