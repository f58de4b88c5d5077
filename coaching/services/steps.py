"""One transition of an item, or of many at once: its key used once for ever, then the new state."""

from collections.abc import Callable, Sequence
from datetime import datetime

from coaching.models import CoachingItem, CoachingStep
from coaching.rules.days import iso_week
from coaching.rules.life import EDGES, State
from core.db import insert_missing_returning
from core.errors import Conflict
from core.graph import Edge, written_key
from core.policy import SYSTEM, Actor

_BY_EVENT = {(edge.frm, edge.event, edge.to): edge for edge in EDGES}


def edge_of(frm: str, event: str, to: State) -> Edge:
    """The edge of the graph; raises Conflict where there is none."""
    edge = _BY_EVENT.get((frm, event, to.value))
    if edge is None:
        raise Conflict(f"A talk that is {frm} cannot become {to}.", code="wrong_state")
    return edge


def key_of(item: CoachingItem, edge: Edge) -> str:
    """The key under which this item takes this edge now."""
    return written_key(
        edge.key, id=item.id, rep=item.rep_id, iso_week=iso_week(item.week), n=item.moves
    )


def take(item: CoachingItem, event: str, to: State, *, actor: Actor, now: datetime) -> bool:
    """Move a held item on; False when its key was used before, then nothing was written.

    Raises Conflict where the graph has no such edge.
    """
    return bool(take_all([item], event, lambda _item: to, actor=actor, now=now))


def take_all(
    items: Sequence[CoachingItem],
    event: str,
    to: Callable[[CoachingItem], State],
    *,
    actor: Actor = SYSTEM,
    now: datetime,
    at: Callable[[CoachingItem], datetime] | None = None,
    by: Callable[[CoachingItem], int | None] | None = None,
) -> list[CoachingItem]:
    """Move held items on by one statement; returns those whose key was not used before.

    `at` is each one's official instant, which a late run does not change; `now` where there is
    none. `by` is who did it where many hands did; `actor` where it is one.
    """
    rows = []
    for item in items:
        edge = edge_of(item.state, event, to(item))
        row = {
            "key": key_of(item, edge),
            "item_id": item.id,
            "frm": edge.frm,
            "to": edge.to,
            "event": edge.event,
            "at": at(item) if at else now,
            "actor_id": by(item) if by else actor.person_id,
        }
        rows.append(row)
    written = insert_missing_returning(CoachingStep, rows, ["key"], ["item_id"])
    new = {row.item_id for row in written}
    moved = [item for item in items if item.id in new]
    for item in moved:
        item.state = to(item).value
        item.change += 1
    return moved
