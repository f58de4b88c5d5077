"""In and out, and who is behind a session."""

from datetime import datetime

from flask import flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user

from core.clock import now
from core.db import in_transaction, transaction
from core.doorstep import SEEN, Seen
from core.errors import TooMany
from core.guards import current_actor, guard, public
from core.policy import Actor
from core.web import begin_forms
from people import forms, services
from people.routes.blueprint import blueprint
from people.services.entry import SignedIn

WRONG = "The address and the password do not match."


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


def enter(raw: str, actor: Actor, since: datetime) -> None:
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
    enter(raw, found.actor, moment)
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
