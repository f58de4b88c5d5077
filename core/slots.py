"""Named places on a page that rooms upstairs may fill; only app.py joins the two."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from markupsafe import Markup

from core.clock import now as clock_now
from core.guards import current_actor


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A fragment a room offers. `render(actor, now, **context)` returns it, or None for nothing."""

    slot: str
    order: int
    render: Callable[..., Any]


def panels_for(slot: str) -> list[Panel]:
    """Return the panels of a slot in their order."""
    every: list[Panel] = current_app.extensions["pennant"]["panels"]
    return sorted((panel for panel in every if panel.slot == slot), key=lambda panel: panel.order)


def collect(slot: str, **context: object) -> list[Any]:
    """Return what each panel of a slot gives, without the empty ones."""
    actor, moment = current_actor(), clock_now()
    given = [panel.render(actor, moment, **context) for panel in panels_for(slot)]
    return [piece for piece in given if piece is not None]


def slot(name: str, **context: object) -> Markup:
    """Return a slot's fragments, one after the other, for a template."""
    return Markup("").join(Markup(piece) for piece in collect(name, **context))  # noqa: S704 - panels render through autoescaping templates
