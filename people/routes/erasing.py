"""Erasing somebody who left: asked for on their page, confirmed there by a second administrator."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.errors import Conflict, Invalid
from core.guards import current_actor, guard, refuse_stale_sign_in
from people import access, services
from people.routes.blueprint import blueprint
from people.services.erasure import ACTION


@blueprint.get("/erasures")
@guard(ACTION)
def erasures() -> ResponseReturnValue:
    """Whose erasure waits for a second administrator."""
    return render_template("people/erasures.html", rows=access.erasures_waiting())


@blueprint.get("/people/<key>/erase")
@guard(ACTION)
def erasing(key: str) -> ResponseReturnValue:
    """What an erasure takes and leaves, and whose word is missing."""
    return _page(key, {})


def _page(key: str, problems: dict[str, str], status: int = 200) -> ResponseReturnValue:
    today = now().date()
    card = access.person_to_erase(current_actor(), key)
    desk = access.erasure_desk(current_actor(), card, today)
    return render_template("people/erase.html", card=card, desk=desk, problems=problems), status


@blueprint.post("/people/<key>/erase")
@guard(ACTION)
def erase(key: str) -> ResponseReturnValue:
    """Ask for it, or confirm what another administrator asked for."""
    refuse_stale_sign_in(ACTION)
    actor = current_actor()
    card = access.person_to_erase(actor, key)
    try:
        with transaction():
            done = services.erase_person(
                card.id,
                typed=request.form.get("typed", "")[:80],
                is_free=request.form.get("free") == "1",
                actor=actor,
                now=now(),
            )
    except (Invalid, Conflict) as refusal:
        said = f"{refusal.message} {refusal.fix or ''}".strip()
        return _page(key, {refusal.field or "": said}, refusal.status)
    if not done.is_erased:
        flash(f"Asked. It waits for the word of {' or '.join(done.waits_for)}.")
        return redirect(url_for("people.erasing", key=key))
    flash("Erased. Texts that may still name them are cleared within ten minutes.")
    return redirect(url_for("people.person", key=done.key))


@blueprint.post("/people/<key>/erase/withdraw")
@guard(ACTION)
def withdraw_erasure(key: str) -> ResponseReturnValue:
    """Take the request back, or refuse it."""
    actor = current_actor()
    card = access.person_to_erase(actor, key)
    with transaction():
        services.withdraw_erasure(card.id, actor=actor, now=now())
    flash(f"{card.name} is not erased.")
    return redirect(url_for("people.person", key=key))
