"""The browser's cookie: signed by us, checked once, and read again without a second check."""

from time import time
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Request

MOST_KNOWN = 10_000
# Values nobody can change by holding them; whatever else a cookie carries is read anew each time.
PLAIN = (str, int, bool, type(None))


class Cookies(SecureCookieSessionInterface):
    """Flask's own signed cookies; those whose signature held are remembered with their end.

    Whether the session named in a cookie still holds is asked of the database each time. Here only
    the arithmetic of the signature is spared.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}
        self._keys: object = None
        self._signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return the serializer, made once for the keys at hand."""
        keys = (app.secret_key, tuple(app.config["SECRET_KEY_FALLBACKS"] or ()))
        if keys != self._keys:
            self._signer = super().get_signing_serializer(app)
            self._known.clear()
            self._keys = keys
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request; an empty one when its cookie is not ours."""
        if not app.secret_key:
            return None
        value = request.cookies.get(self.get_cookie_name(app))
        found = self.read(app, value) if value else None
        return self.session_class(found or {})

    def read(self, app: Flask, value: str) -> dict[str, Any] | None:
        """Return what a cookie carries; None when the signature does not hold or is too old."""
        signer = self.get_signing_serializer(app)
        known = self._known.get(value)
        if known is not None and time() <= known[0]:
            return known[1]
        if signer is None:
            return None
        lasts = int(app.permanent_session_lifetime.total_seconds())
        try:
            found, signed_at = signer.loads(value, max_age=lasts, return_timestamp=True)
        except BadSignature:
            return None
        if all(isinstance(each, PLAIN) for each in found.values()):
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[value] = (signed_at.timestamp() + lasts, found)
        carried: dict[str, Any] = found
        return carried
