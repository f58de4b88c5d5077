"""One's set day, who stands in while one is away, and second leads."""

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from coaching import forms, services
from coaching.queries import settings as queries
from coaching.routes.blueprint import blueprint
from core.clock import now
from core.db import transaction
from core.errors import Invalid
from core.guards import current_actor, guard
from core.policy import Scope, scope_of

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@blueprint.get("/coaching/settings")
@guard("team.deputy_assign")
def settings() -> ResponseReturnValue:
    """When you hold reviews and who does while you are away."""
    return _page({}, {})


def _page(given: dict[str, str], errors: dict[str, str]) -> str:
    actor, moment = current_actor(), now()
    return render_template(
        "coaching/settings.html",
        page=queries.settings(actor, moment),
        has_set_day=scope_of(actor, "coach.create") is not Scope.NONE,
        weekdays=list(enumerate(WEEKDAYS)),
        options=_options,
        may_name=False,
        given=given,
        errors=errors,
    )


def _options(cards: Sequence[queries.Card]) -> list[tuple[str, str]]:
    return [("", "Choose"), *((str(card.id), card.name) for card in cards)]


@blueprint.post("/coaching/settings/day")
@guard("coach.create")
def settings_day() -> ResponseReturnValue:
    """Hold reviews on another day or at another time from now on."""
    actor, moment = current_actor(), now()
    try:
        weekday, at = forms.weekday(request.form), forms.set_time(request.form)
        with transaction():
            services.set_day(actor.person_id or 0, weekday, at, actor=actor, now=moment)
    except Invalid as refused:
        return _page(dict(request.form.items()), {refused.field or "at": refused.message}), 422
    flash(f"From now on {WEEKDAYS[weekday]}, {at:%H:%M}. Reviews that are booked stay.")
    return redirect(url_for("coaching.settings"))
