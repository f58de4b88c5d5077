"""Pages of the people room: in and out, my week, the directory, teams, and one's own wishes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user

from core import outbox, slots
from core.clock import now
from core.db import in_transaction, transaction
from core.doorstep import SEEN, Seen
from core.errors import Conflict, Invalid, TooMany
from core.guards import current_actor, guard, public
from core.policy import Actor, Role, Scope, require, scope_of
from core.web import begin_forms
from people import access, forms, queries, services
from people.queries import PersonCard
from people.rules import QUIET_FROM, QUIET_UNTIL, BoardName
from people.services.entry import SignedIn
from people.services.wishes import LEAVABLE

blueprint = Blueprint("people", __name__)

WRONG = "The address and the password do not match."
LIST_WORDS = {
    "awards": "Awards and recognition",
    "contests": "Contests: start, finish, results",
    "tips": "The tip of the week",
    "training": "Training that is due",
    "digests": "The weekly round-up",
    "surveys": "Questions to you",
    "coaching": "Coaching with your manager",
}


class Viewer:
    """The person behind a session, as Flask-Login wants them."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, raw: str, actor: Actor, since: datetime) -> None:
        self.raw = raw
        self.actor = actor
        self.signed_in_at = since

    def get_id(self) -> str:
        """The session's id, which is what the cookie carries."""
        return self.raw


def load_viewer(raw: str) -> Viewer | None:
    """The viewer of a session id, or None when the session has ended."""
    if not isinstance(raw, str) or not raw:
        return None
    moment = now()
    seen = request.environ.get(SEEN)
    if isinstance(seen, Seen) and seen.raw == raw and isinstance(seen.signed_in, SignedIn):
        found: SignedIn | None = seen.signed_in
    else:
        found = services.session_actor(raw, moment)
    if found is None:
        return None
    if found.is_due and not in_transaction():
        with transaction():
            services.see_session(raw, moment)
    g.session_id = raw
    return Viewer(raw, found.actor, found.since)


def _enter(raw: str, actor: Actor, since: datetime) -> None:
    """Begin a new browser session; nothing of the old one stays (TRUST T13)."""
    session.clear()
    login_user(Viewer(raw, actor, since))
    begin_forms()


@blueprint.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """The way in."""
    if current_actor().person_id is not None:
        return redirect(url_for("people.my_week"))
    return render_template("people/sign_in.html", email="", error="")


@blueprint.post("/sign-in")
@public
def sign_in_post() -> ResponseReturnValue:
    """Check and let in; unknown, wrong and suspended read the same."""
    form = forms.sign_in(request.form)
    moment = now()
    try:
        with transaction():
            services.count_attempt(form.email, request.remote_addr or "unknown", moment)
    except TooMany as refusal:
        error = f"{refusal.message} {refusal.fix}"
        return render_template("people/sign_in.html", email=form.email, error=error), 429
    person_id = services.check_password(form.email, form.password, moment.date())
    if person_id is None:
        return render_template("people/sign_in.html", email=form.email, error=WRONG), 401
    after = _page_after_sign_in()
    with transaction():
        raw = services.open_session(person_id, moment, email=form.email)
    found = services.session_actor(raw, moment)
    if found is None:
        return render_template("people/sign_in.html", email=form.email, error=WRONG), 401
    _enter(raw, found.actor, moment)
    return redirect(after)


def _page_after_sign_in() -> str:
    """The page somebody wanted, kept on our side of the cookie's signature; else their week."""
    wanted = session.get("after_sign_in", "/")
    is_ours = isinstance(wanted, str) and wanted.startswith("/") and not wanted.startswith("//")
    return wanted if is_ours and "\\" not in wanted and wanted.isprintable() else "/"


@blueprint.post("/sign-out")
@guard("auth.logout")
def sign_out() -> ResponseReturnValue:
    """End the session on our side and forget the cookie."""
    with transaction():
        services.close_session(g.get("session_id", ""), now())
    logout_user()
    session.clear()
    flash("You are signed out.")
    return redirect(url_for("people.sign_in"))


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
    _enter(raw, actor, moment)
    flash("Your password is changed; other sessions have ended.")
    return redirect(url_for("people.me"))


def _confirm_present(card: PersonCard, moment: datetime) -> None:
    """The present password, under the same limit as signing in. Raises Invalid, TooMany."""
    with transaction():
        services.count_attempt(card.email, request.remote_addr or "unknown", moment)
    given = request.form.get("present", "")
    if services.check_password(card.email, given, moment.date()) != card.id:
        raise Invalid("This is not your present password.", field="present", fix="Try again.")
