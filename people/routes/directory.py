"""My week, the directory, a person's page and a team's."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import slots
from core.clock import now
from core.db import transaction
from core.guards import current_actor, guard
from core.policy import Actor, Role, Scope, scope_of
from people import access, forms, queries, services
from people.routes.blueprint import blueprint


@blueprint.get("/")
@guard("me.view_all_records")
def my_week() -> ResponseReturnValue:
    """The first page of a week: one answer, then what each room has to say."""
    actor = current_actor()
    headlines = slots.collect("my_week_headline")
    best = max(headlines, key=lambda headline: headline["priority"], default=None)
    return render_template(
        "people/my_week.html",
        headline=best or _calm_headline(actor),
        panels=slots.slot("my_week"),
    )


def _calm_headline(actor: Actor) -> dict[str, Any]:
    """What is said when nothing is waiting."""
    first = actor.name.split()[0] if actor.name.split() else "there"
    return {
        "headline": f"Nothing is waiting for you, {first}.",
        "lede": "Contests, training and tips appear here as soon as they concern you.",
        "action_url": None,
        "action_label": None,
    }


@blueprint.get("/people")
@guard("people.directory")
def directory() -> ResponseReturnValue:
    """Everybody by name: role and team, never addresses."""
    form = forms.directory(request.args)
    today = now().date()
    rows, total = queries.directory(
        today, text=form.text, offset=(form.page - 1) * forms.PAGE_SIZE, limit=forms.PAGE_SIZE
    )
    return render_template(
        "people/directory.html",
        rows=rows,
        total=total,
        text=form.text,
        page=form.page,
        pages=max(1, -(-total // forms.PAGE_SIZE)),
        role_words=ROLE_WORDS,
    )


ROLE_WORDS = {
    Role.REP: "Sales representative",
    Role.MANAGER: "Manager",
    Role.DIRECTOR: "Director",
    Role.SALES_OPS: "Sales operations",
    Role.EXECUTIVE: "Executive",
    Role.ADMIN: "Administrator",
}


@blueprint.get("/people/<key>")
@guard("people.directory")
def person(key: str) -> ResponseReturnValue:
    """One person: who they are, and what each room may show the reader of them."""
    actor, today = current_actor(), now().date()
    card = access.person_to_see(actor, key)
    is_own = card.id == actor.person_id
    return render_template(
        "people/person.html",
        card=card,
        role=ROLE_WORDS[Role(card.role)],
        teams=queries.teams(today, queries.own_team_ids(card.id, today)),
        email=card.email if access.may_reach(actor, "people.card_contact", card.id, today) else "",
        absences=_absences(actor, card.id),
        may_suspend=not is_own and scope_of(actor, "people.suspend_reactivate") is Scope.ALL,
        is_own=is_own,
        desk=access.erasure_desk(actor, card, today),
    )


def _absences(actor: Actor, person_id: int) -> list[Any] | None:
    """Days away, for those who may know; None for all others."""
    today = now().date()
    if not access.may_reach(actor, "people.leave_view", person_id, today):
        return None
    calendar = queries.calendars([person_id])[person_id]
    return [span for span in calendar.absences if span[1] >= today]


@blueprint.post("/people/<key>/suspend")
@guard("people.suspend_reactivate")
def suspend(key: str) -> ResponseReturnValue:
    """Shut a person out at once."""
    return _set_standing(key, services.suspend, "is shut out: sessions ended, letters stopped")


@blueprint.post("/people/<key>/reactivate")
@guard("people.suspend_reactivate")
def reactivate(key: str) -> ResponseReturnValue:
    """Let a person in again."""
    return _set_standing(key, services.reactivate, "may sign in again")


def _set_standing(key: str, verb: Callable[..., None], said: str) -> ResponseReturnValue:
    actor = current_actor()
    card = access.person_to_see(actor, key)
    with transaction():
        verb(card.id, actor=actor, now=now())
    flash(f"{card.name} {said}.")
    return redirect(url_for("people.person", key=key))


@blueprint.get("/teams/<slug>")
@guard("team.list")
def team(slug: str) -> ResponseReturnValue:
    """A team: who leads it, who is in it, and what each room has to say of it."""
    today = now().date()
    found = access.team_to_see(slug, today)
    cards = queries.cards(queries.people_in_teams([found.id], today))
    leads = queries.leads_of([found.id], today).get(found.id, ())
    members = sorted(
        (card for card in cards.values() if card.id not in leads and card.status == "active"),
        key=lambda card: (card.shown, card.id),
    )
    return render_template(
        "people/team.html",
        team=found,
        leads=[cards[lead] for lead in leads if lead in cards],
        members=members,
        mine=found.id in queries.own_team_ids(current_actor().person_id or 0, today),
    )
