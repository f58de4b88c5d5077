"""One's set day, who stands in while one is away, and second leads."""

from collections.abc import Callable, Sequence
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from coaching import forms, services
from coaching.queries import settings as queries
from coaching.routes.blueprint import blueprint
from coaching.services import standins
from core.calendars import DAY
from core.clock import now
from core.db import transaction
from core.errors import Conflict, Invalid, NotFound
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


def _take(step: Callable[[date], str]) -> ResponseReturnValue:
    """Do a step on the reader's date; refused input stays in its form."""
    try:
        today = queries.today_of(current_actor(), now())
        with transaction():
            said = step(today)
    except (Invalid, Conflict, NotFound) as refused:
        if refused.field is None:
            raise
        name = _FIELDS.get(refused.field, refused.field)
        given = {key: value for key, value in request.form.items() if key != "csrf_token"}
        return _page(given, {name: refused.message}), refused.status
    flash(said)
    return redirect(url_for("coaching.settings"))


# What the service names by what it is, the form names by where it is typed.
_FIELDS = {"deputy": "person", "ends_on": "last", "lead": "lead"}


@blueprint.post("/coaching/settings/deputies")
@guard("team.deputy_assign")
def settings_deputy() -> ResponseReturnValue:
    """Name who stands in for a lead over dates."""
    actor, moment = current_actor(), now()

    def step(_today: date) -> str:
        asked = forms.span(request.form)
        boss = forms.number(request.form.get("boss", "")) or actor.person_id or 0
        standins.name_deputy(
            boss, asked.person_id, asked.first, asked.last, actor=actor, now=moment
        )
        return "Named. The page shows them as deputy on these days."

    return _take(step)


@blueprint.post("/coaching/settings/deputies/<int:row_id>/end")
@guard("team.deputy_assign")
def settings_deputy_end(row_id: int) -> ResponseReturnValue:
    """Let a deputy's days end with yesterday."""
    actor, moment = current_actor(), now()

    def step(today: date) -> str:
        standins.end_deputy(row_id, today - DAY, actor=actor, now=moment)
        return "Ended: from today nobody stands in by this."

    return _take(step)


@blueprint.post("/coaching/settings/second-leads")
@guard("team.deputy_assign")
def settings_second() -> ResponseReturnValue:
    """Add a dotted line: a manager beside a rep's lead."""
    actor, moment = current_actor(), now()

    def step(_today: date) -> str:
        rep = queries.person_called(request.form.get("rep", "").strip()[:254])
        if rep is None:
            raise Invalid("Nobody has this person id or e-mail.", field="rep")
        lead = forms.number(request.form.get("lead", ""))
        if lead is None:
            raise Invalid("Choose who.", field="lead")
        start = forms.day(request.form, "from")
        standins.name_second_lead(rep, lead, start, actor=actor, now=moment)
        return "Added. They see this rep's talks and may hold them."

    return _take(step)


@blueprint.post("/coaching/settings/second-leads/<int:row_id>/end")
@guard("team.deputy_assign")
def settings_second_end(row_id: int) -> ResponseReturnValue:
    """Let a dotted line end today."""
    actor, moment = current_actor(), now()

    def step(today: date) -> str:
        standins.end_second_lead(row_id, today, actor=actor, now=moment)
        return "Ended from today."

    return _take(step)
