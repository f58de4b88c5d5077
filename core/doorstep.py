"""The doorstep: what needs no work is answered before the request is unpacked.

A room names the addresses it knows at the door and, from one read, says who asks and which tag
the page bears now. Where the browser already has that tag the answer is 304; where all parts of
the page are at hand they are put together; otherwise the request goes in, and what was read goes
with it. Guards hold here as inside: host, signature, session and the matrix are asked each time.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from sqlalchemy import Engine
from werkzeug.http import parse_etags
from werkzeug.sansio.utils import host_is_trusted

from core.clock import now
from core.cookies import Cookies
from core.db import db
from core.web import THEMES, fixed_headers

log = logging.getLogger("pennant.doorstep")

SEEN = "pennant.seen"
LONGEST_COOKIE = 8_000


@dataclass(frozen=True)
class Knock:
    """A request as the doorstep sees it: whose session, which address, when."""

    raw: str
    path: str
    query: str
    theme: str
    is_plain: bool
    form_secret: str
    moment: datetime
    engine: Engine


@dataclass(frozen=True)
class Seen:
    """What was read at the door. `tag` None: no answer here, the request goes in.

    `is_known`: who asks named the state they have, and it is the present one.
    """

    raw: str
    tag: str | None
    signed_in: object
    look: object
    is_known: bool = False


Ask = Callable[[Knock], Seen | None]
AtHand = Callable[[Flask, Knock, Seen], str | None]


@dataclass(frozen=True)
class Step:
    """Addresses beginning with `prefix`, who answers for them, and what pages are at hand."""

    prefix: str
    ask: Ask
    at_hand: AtHand


class Doorstep:
    """What stands in front of the app; whatever it does not know goes in untouched."""

    def __init__(self, app: Flask, steps: Iterable[Step]) -> None:
        self._app = app
        self._inside: WSGIApplication = app.wsgi_app
        self._steps = tuple(steps)
        fixed = fixed_headers(is_https=app.config["PENNANT"].is_https)
        self._headers = [*fixed, ("Cache-Control", "private, no-cache"), ("Vary", "Cookie")]
        self._cookie = str(app.config["SESSION_COOKIE_NAME"])
        with app.app_context():
            self._engine = db.engine
        trusted = list(app.config["TRUSTED_HOSTS"])
        self._is_ours = lru_cache(maxsize=64)(lambda host: host_is_trusted(host, trusted))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer 304, 204 or with a page at hand, or let the request in."""
        environ.pop(SEEN, None)
        path = environ["PATH_INFO"]
        for step in self._steps:
            if path.startswith(step.prefix) and environ["REQUEST_METHOD"] == "GET":
                body = self._answer(step, path, environ, start_response)
                if body is not None:
                    return body
                break
        return self._inside(environ, start_response)

    def _answer(
        self, step: Step, path: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Sequence[bytes] | None:
        """Return the body of an answer begun here; None lets the request in."""
        try:
            knock = self._knock(path, environ)
            seen = step.ask(knock) if knock else None
            page = None
            if knock and seen and seen.tag is not None:
                is_had = self._has(environ, seen.tag)
                page = "" if is_had else step.at_hand(self._app, knock, seen)
        except Exception:
            # Whatever is wrong, those inside say it in a page of ours and write it down.
            log.exception("the doorstep could not answer %s", path)
            return None
        if seen is None:
            return None
        if seen.is_known:
            start_response("204 NO CONTENT", list(self._headers))
            return ()
        if page is None or seen.tag is None:
            environ[SEEN] = seen
            return None
        headers = [*self._headers, ("ETag", f'W/"{seen.tag}"')]
        if not page:
            start_response("304 NOT MODIFIED", headers)
            return ()
        body = page.encode()
        headers.append(("Content-Type", "text/html; charset=utf-8"))
        headers.append(("Content-Length", str(len(body))))
        start_response("200 OK", headers)
        return (body,)

    def _knock(self, path: str, environ: WSGIEnvironment) -> Knock | None:
        """Return the request of a signed-in browser at a host of ours, if it is one."""
        cookies = self._cookies(environ.get("HTTP_COOKIE", ""))
        value = cookies.get(self._cookie)
        if not value or not self._is_ours(environ.get("HTTP_HOST", "")):
            return None
        interface = self._app.session_interface
        carried = interface.read(self._app, value) if isinstance(interface, Cookies) else None
        raw = carried.get("_user_id") if carried else None
        if not carried or not isinstance(raw, str) or "HTTP_AUTHORIZATION" in environ:
            return None
        theme = cookies.get("theme", "")
        return Knock(
            raw=raw,
            path=path,
            query=environ.get("QUERY_STRING", ""),
            theme=theme if theme in THEMES else "",
            is_plain="_flashes" not in carried,
            form_secret=carried.get("csrf_token") or "",
            moment=now(),
            engine=self._engine,
        )

    @staticmethod
    def _cookies(header: str) -> dict[str, str]:
        """Return the first cookie of each name; one in quotes is left to those inside."""
        found: dict[str, str] = {}
        if len(header) > LONGEST_COOKIE:
            return found
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            if not value.startswith('"'):
                found.setdefault(name, value)
        return found

    @staticmethod
    def _has(environ: WSGIEnvironment, tag: str) -> bool:
        """Say whether the browser has this version already."""
        given: Any = environ.get("HTTP_IF_NONE_MATCH")
        if not given:
            return False
        return given == f'W/"{tag}"' or parse_etags(given).contains_weak(tag)
