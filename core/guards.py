"""What stands at every door: who is there, may they, and is the form ours.

Each view carries one of three marks, `guard`, `public` or `machine`; a view without one is refused
at start. Cross-site posts are stopped by the form token, foreign hosts by TRUSTED_HOSTS.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, current_app, g, request
from flask_login import current_user
from flask_wtf import CSRFProtect

from core.clock import now
from core.errors import NotAllowed, NotSignedIn
from core.policy import ANON, Actor, Scope, require, rule_for

P = ParamSpec("P")
R = TypeVar("R")

csrf = CSRFProtect()

TokenLookup = Callable[[str, Any], Actor | None]


def current_actor() -> Actor:
    """Return who makes this request: a person, a machine with a token, or nobody."""
    machine: Actor | None = g.get("machine_actor")
    if machine is not None:
        return machine
    # As Flask-Login keeps it; each look through its proxy would find the viewer anew.
    viewer: Any = g.get("_login_user") or current_user._get_current_object()  # noqa: SLF001
    if viewer and viewer.is_authenticated:
        return cast("Actor", viewer.actor)
    return ANON


def mark(view: Callable[P, R], kind: str, action: str) -> Callable[P, R]:
    """Write on a view who guards it; the start check and the tests read it back."""
    marked: Any = view
    marked.guard = (kind, action)
    return view


def guard(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only actors in to whom the matrix gives `action`; `g.scope` says how far it reaches."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            g.scope = require(current_actor(), action)
            return view(*args, **kwargs)

        return mark(guarded, "guard", action)

    return decorate


FRESH = timedelta(minutes=10)


def refuse_stale_sign_in(action: str) -> None:
    """Where the matrix says +f, whoever acts must have signed in within ten minutes (TRUST)."""
    if not rule_for(current_actor(), action).needs_fresh_sign_in:
        return
    signed_in_at = getattr(current_user, "signed_in_at", None)
    if signed_in_at is None or now() - signed_in_at > FRESH:
        msg = "You signed in a while ago."
        raise NotAllowed(
            msg,
            code="sign_in_again",
            fix="Sign out and in again, then go on here: what you want to do weighs much.",
        )


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Open a view to everybody; the list of these is short and tested."""
    return mark(view, "public", "")


def machine(scope: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let in bearers of a token with a scope. No cookie counts here, so no form token is needed."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            actor = token_actor()
            if actor is None:
                msg = "This door needs a token."
                raise NotSignedIn(msg, fix="Send `Authorization: Bearer <token>`.")
            if scope not in actor.scopes:
                msg = f"This token lacks the scope {scope}."
                raise NotAllowed(msg)
            g.machine_actor = actor
            return view(*args, **kwargs)

        csrf.exempt(guarded)
        return mark(guarded, "machine", scope)

    return decorate


def token_actor() -> Actor | None:
    """Return the machine behind the Authorization header, or None."""
    header = request.headers.get("Authorization", "")
    kind, _, raw = header.partition(" ")
    if kind.lower() != "bearer" or not raw:
        return None
    lookup: TokenLookup | None = current_app.extensions["pennant"].get("token_lookup")
    return lookup(raw.strip(), now()) if lookup else None


def person_or_machine(action: str, scope: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let in a signed-in person whom the matrix allows, or a token with the scope."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            actor = token_actor()
            if actor is not None:
                if scope not in actor.scopes:
                    msg = f"This token lacks the scope {scope}."
                    raise NotAllowed(msg)
                g.machine_actor = actor
                g.scope = Scope.ALL
            else:
                g.scope = require(current_actor(), action)
            return view(*args, **kwargs)

        return mark(guarded, "guard", action)

    return decorate


def unguarded(app: Flask) -> list[str]:
    """Name the endpoints without a mark; app.py refuses to start when there are any."""
    return sorted(
        endpoint
        for endpoint, view in app.view_functions.items()
        if not hasattr(view, "guard") and endpoint != "static"
    )
