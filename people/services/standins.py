"""Who acts for whom: deputies within their dates, second leads beside a team's lead.

Managers arrange it for themselves and their people, directors below them, sales operations for
everybody (team.deputy_assign). Nothing is deleted: what ends keeps the days it was.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from core import audit
from core.db import db, insert_missing_returning, lock_row
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import Actor, Role, Scope, require
from people import queries
from people.models import Deputy, Person, SecondLead
from people.services.changes import note_changes

ASSIGN = "team.deputy_assign"
LONGEST = timedelta(days=366)
DAY = timedelta(days=1)


def name_deputy(
    person_id: int, deputy_id: int, first: date, last: date, *, actor: Actor, now: datetime
) -> Deputy:
    """Let somebody act for a person from the first to the last day, both included.

    The same again gives the row there is. Raises Invalid for days that make no sense, oneself, or
    somebody whose role could not do it; Conflict where that deputy has days among these.
    """
    _may_arrange(actor, {person_id}, now)
    person, deputy = _here(person_id, "person"), _here(deputy_id, "deputy")
    if person_id == deputy_id:
        raise Invalid("Nobody is their own deputy.", field="deputy")
    if deputy.role != person.role:
        raise Invalid("A deputy has the same role as the person they stand in for.", field="deputy")
    if last < first:
        raise Invalid("The last day lies before the first.", field="last")
    if last - first > LONGEST:
        raise Invalid("A deputy is named for a year at most.", field="last")
    lock_row(Person, person_id)
    for row in queries.deputies_named_by(person_id, first):
        if row.deputy_id == deputy_id and (row.starts_on, row.ends_on) == (first, last):
            return row
        if row.deputy_id == deputy_id and row.starts_on <= last:
            raise Conflict("That deputy has some of these days already.", field="first")
    given = {"person_id": person_id, "deputy_id": deputy_id, "starts_on": first, "ends_on": last}
    key = ["person_id", "deputy_id", "starts_on"]
    made = insert_missing_returning(Deputy, [given], key, ["id"])
    if not made:
        raise Conflict("That deputy has some of these days already.", field="first")
    _note("team.deputy_assign", person_id, deputy_id, (first, last), actor, now)
    return _deputy(made[0].id)


def end_deputy(deputy_row_id: int, on: date, *, actor: Actor, now: datetime) -> Deputy | None:
    """Let a deputy's days end with a day that lies among them; None where none is left.

    Before the first day it is as if nobody had been named. Later than the last changes nothing.
    """
    row = lock_row(Deputy, deputy_row_id)
    if row is None:
        raise NotFound("There is no such deputy.")
    _may_arrange(actor, {row.person_id}, now)
    if on >= row.ends_on:
        return row
    span = (row.starts_on, on)
    if on < row.starts_on:
        db.session.delete(row)
    else:
        row.ends_on = on
    _note("team.deputy_end", row.person_id, row.deputy_id, span, actor, now)
    db.session.flush()
    return None if on < row.starts_on else row


def name_second_lead(
    person_id: int,
    lead_id: int,
    starts_on: date,
    ends_on: date | None = None,
    *,
    actor: Actor,
    now: datetime,
) -> SecondLead:
    """Let a manager beside the team's lead coach a rep in [starts_on, ends_on).

    The same again gives the row there is. Raises Invalid and Conflict as `name_deputy`.
    """
    _may_arrange(actor, {person_id}, now)
    _here(person_id, "person")
    lead = _here(lead_id, "lead")
    if person_id == lead_id:
        raise Invalid("Nobody leads themselves.", field="lead")
    if lead.role != Role.MANAGER:
        raise Invalid("A second lead is a manager.", field="lead")
    if ends_on is not None and ends_on <= starts_on:
        raise Invalid("The end lies before the start.", field="ends_on")
    lock_row(Person, person_id)
    for row in queries.second_leads_among([person_id], starts_on):
        if row.lead_id == lead_id and (row.starts_on, row.ends_on) == (starts_on, ends_on):
            return row
        if row.lead_id == lead_id and (ends_on is None or row.starts_on < ends_on):
            raise Conflict("This is a second lead already.", field="lead")
    given = {
        "person_id": person_id,
        "lead_id": lead_id,
        "starts_on": starts_on,
        "ends_on": ends_on,
    }
    key = ["person_id", "lead_id", "starts_on"]
    made = insert_missing_returning(SecondLead, [given], key, ["id"])
    if not made:
        raise Conflict("This is a second lead already.", field="lead")
    _note("team.second_lead_assign", person_id, lead_id, (starts_on, ends_on), actor, now)
    return _second(made[0].id)


def end_second_lead(
    second_lead_row_id: int, on: date, *, actor: Actor, now: datetime
) -> SecondLead | None:
    """Let a dotted line end before a day; None where no day of it is left."""
    row = lock_row(SecondLead, second_lead_row_id)
    if row is None:
        raise NotFound("There is no such second lead.")
    _may_arrange(actor, {row.person_id}, now)
    if row.ends_on is not None and on >= row.ends_on:
        return row
    is_left = on > row.starts_on
    if is_left:
        row.ends_on = on
    else:
        db.session.delete(row)
    _note("team.second_lead_end", row.person_id, row.lead_id, (row.starts_on, on), actor, now)
    db.session.flush()
    return row if is_left else None


def _may_arrange(actor: Actor, person_ids: Collection[int], now: datetime) -> None:
    """Raises NotAllowed unless the right reaches these people: oneself and those one leads."""
    scope = require(actor, ASSIGN)
    if scope is Scope.ALL:
        return
    me, on = actor.person_id, now.date()
    reached: frozenset[int] = frozenset()
    if me is not None:
        below = queries.tree_below(me, on) if scope is Scope.TREE else queries.people_led_by(me, on)
        reached = frozenset({me}) | below
    if not set(person_ids) <= reached:
        raise NotAllowed("This is somebody else's to arrange.")


def _here(person_id: int, field: str) -> queries.PersonCard:
    found = queries.card(person_id)
    if found is None or found.status != "active":
        raise NotFound("There is no such person.", field=field)
    return found


def _deputy(ident: int) -> Deputy:
    found = queries.deputy_row(ident)
    if found is None:
        raise NotFound("There is no such deputy.")
    return found


def _second(ident: int) -> SecondLead:
    found = queries.second_lead_row(ident)
    if found is None:
        raise NotFound("There is no such second lead.")
    return found


def _note(
    action: str,
    person_id: int,
    other_id: int,
    span: tuple[date, date | None],
    actor: Actor,
    now: datetime,
) -> None:
    """A line in the trail with ids and days, and word for the rooms above."""
    first, last = span
    note_changes([person_id, other_id], now)
    audit.record(
        action,
        actor=actor,
        now=now,
        subject=f"person:{person_id}",
        detail={"for": other_id, "from": str(first), "to": None if last is None else str(last)},
    )
