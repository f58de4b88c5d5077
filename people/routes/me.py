"""One's own wishes: letters, quiet hours, rankings, alias, password."""

from collections.abc import Callable
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import outbox
from core.clock import now
from core.db import transaction
from core.errors import Conflict, Invalid, TooMany
from core.guards import current_actor, guard
from core.policy import require
from people import forms, queries, services
from people.queries import PersonCard
from people.routes.blueprint import blueprint
from people.routes.entry import enter
from people.rules import QUIET_FROM, QUIET_UNTIL, BoardName
from people.services.wishes import LEAVABLE

LIST_WORDS = {
    "awards": "Awards and recognition",
    "contests": "Contests: start, finish, results",
    "tips": "The tip of the week",
    "training": "Training that is due",
    "digests": "The weekly round-up",
    "surveys": "Questions to you",
    "coaching": "Coaching with your manager",
}


@blueprint.get("/me")
@guard("me.mail_prefs")
def me() -> ResponseReturnValue:
    """One's own wishes: letters, quiet hours, rankings, alias, password."""
    return _me_page({})


def _me_page(errors: dict[str, str], status: int = 200) -> ResponseReturnValue:
    person_id = current_actor().person_id or 0
    card = queries.card(person_id)
    wishes = queries.preference_of(person_id)
    stopped = outbox.suppressed_lists(person_id)
    page = render_template(
        "people/me.html",
        card=card,
        lists=[(name, LIST_WORDS[name]) for name in LEAVABLE],
        wanted=[] if "*" in stopped else [name for name in LEAVABLE if name not in stopped],
        quiet_from=f"{wishes.quiet_from or QUIET_FROM:%H:%M}" if wishes else f"{QUIET_FROM:%H:%M}",
        quiet_until=(
            f"{wishes.quiet_until or QUIET_UNTIL:%H:%M}" if wishes else f"{QUIET_UNTIL:%H:%M}"
        ),
        errors=errors,
    )
    return page, status


def _wish(change: Callable[[], None], said: str) -> ResponseReturnValue:
    """Do one change of one's own, or show the page again with what was wrong."""
    try:
        with transaction():
            change()
    except (Invalid, Conflict) as refusal:
        said = f"{refusal.message} {refusal.fix or ''}".strip()
        return _me_page({refusal.field or "form": said}, refusal.status)
    flash(said)
    return redirect(url_for("people.me"))


@blueprint.post("/me/mail")
@guard("me.mail_prefs")
def change_mail() -> ResponseReturnValue:
    """Which letters come."""
    wanted = request.form.getlist("lists")
    return _wish(
        lambda: services.change_mail_lists(wanted, actor=current_actor(), now=now()),
        "Your letters are as you want them.",
    )


@blueprint.post("/me/quiet-hours")
@guard("me.quiet_hours")
def change_quiet_hours() -> ResponseReturnValue:
    """When no letter comes."""

    def change() -> None:
        services.change_quiet_hours(
            forms.hour(request.form, "quiet_from"),
            forms.hour(request.form, "quiet_until"),
            actor=current_actor(),
            now=now(),
        )

    return _wish(change, "Your quiet hours are kept.")


BOARD_WORDS = {
    BoardName.NAME: "Boards show you by your name.",
    BoardName.ALIAS: "Boards show you by this alias.",
    BoardName.NOT_LISTED: "Your name is left out of boards, awards and walls.",
}


@blueprint.post("/me/board-name")
@guard("me.ranking_opt_out")
def change_board_name() -> ResponseReturnValue:
    """How boards, awards and walls name one: by name, by alias, or not at all."""
    actor = current_actor()
    require(actor, "me.alias_set")
    given = request.form.get("alias", "")

    def change() -> None:
        how = forms.board_wish(request.form)
        services.choose_board_name(how, given, actor=actor, now=now())

    said = BOARD_WORDS.get(request.form.get("how", ""), "")  # type: ignore[call-overload]
    return _wish(change, said)


@blueprint.post("/me/password")
@guard("auth.password_change")
def change_password() -> ResponseReturnValue:
    """A new password; every other session ends, this one goes on under a new id."""
    actor, moment = current_actor(), now()
    card = queries.card(actor.person_id or 0)
    if card is None:
        raise Invalid("There is no such account.")
    try:
        _confirm_present(card, moment)
        with transaction():
            services.set_password(
                card.id, request.form.get("password", ""), actor=actor, now=moment
            )
            raw = services.open_session(card.id, moment, email=card.email)
    except (Invalid, TooMany) as refusal:
        said = f"{refusal.message} {refusal.fix or ''}".strip()
        return _me_page({refusal.field or "present": said}, refusal.status)
    enter(raw, actor, moment)
    flash("Your password is changed; other sessions have ended.")
    return redirect(url_for("people.me"))


def _confirm_present(card: PersonCard, moment: datetime) -> None:
    """The present password, under the same limit as signing in. Raises Invalid, TooMany."""
    with transaction():
        services.count_attempt(card.email, request.remote_addr or "unknown", moment)
    given = request.form.get("present", "")
    if services.check_password(card.email, given, moment.date()) != card.id:
        raise Invalid("This is not your present password.", field="present", fix="Try again.")
