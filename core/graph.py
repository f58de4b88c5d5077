"""State machines as data: each edge with who takes it, its guard and its key."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Edge:
    """One transition (CONTESTS, state machines).

    `guard` says in words what must hold; the services see to it. `key` is the pattern of the key
    under which the transition is written, once for ever.
    """

    frm: str
    to: str
    event: str
    who: str
    guard: str
    key: str


def written_key(pattern: str, **values: object) -> str:
    """The key of one transition: `{id}`, `{rev}`, `{rev+1}` and the like filled in."""
    rev = values.get("rev")
    text = pattern.replace("{rev+1}", str(rev + 1)) if isinstance(rev, int) else pattern
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def walk(edges: Iterable[Edge], steps: Iterable[str], start: str) -> str | None:
    """Where a walk of events ends, or None where it leaves the graph."""
    ways = {(edge.frm, edge.event): edge.to for edge in edges}
    state: str | None = start
    for step in steps:
        if state is None:
            return None
        state = ways.get((state, step))
    return state
