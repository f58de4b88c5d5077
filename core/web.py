"""What every page shares: security headers, errors as pages or problem JSON, words for numbers."""

import hashlib
import logging
import secrets
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, generate_csrf
from itsdangerous import URLSafeTimedSerializer
from jinja2 import FileSystemBytecodeCache, StrictUndefined
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, SecurityError

from core import slots
from core.cookies import Cookies
from core.db import db
from core.errors import NotSignedIn, PennantError, TooMany
from core.guards import current_actor
from core.mould import hole, is_casting
from core.policy import Actor
from core.settings import settings

log = logging.getLogger("pennant.web")

CSP = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "form-action 'self'; "
    "frame-ancestors 'none'; "
    "base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000; includeSubDomains"
THEMES = ("light", "dark")
STATIC_AGE = "public, max-age=31536000, immutable"
SERVER_ERROR = 500


def set_up_web(app: Flask) -> None:
    """Hang headers, error handlers, filters and template words on the app."""
    app.session_interface = Cookies()
    app.after_request(_add_headers)
    app.register_error_handler(PennantError, _refusal)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crash)
    for name, function in FILTERS.items():
        app.jinja_env.filters[name] = function
    app.jinja_env.globals["slot"] = slots.slot
    _keep_compiled_templates(app)
    _name_versions(app)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _keep_compiled_templates(app: Flask) -> None:
    """Keep compiled templates between starts; a changed template is compiled anew."""
    folder = Path(app.config["PENNANT"].instance_dir) / "templates"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder))


def _name_versions(app: Flask) -> None:
    """Give every static file's address its content's hash, so that it may be kept for a year."""
    versions: dict[str, str] = {}

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        name = values.get("filename")
        if endpoint != "static" or not name or "v" in values:
            return
        if name not in versions or app.config["TEMPLATES_AUTO_RELOAD"]:
            content = (Path(app.static_folder or "") / name).read_bytes()
            versions[name] = hashlib.sha256(content).hexdigest()[:12]
        values["v"] = versions[name]


def fixed_headers(*, is_https: bool) -> list[tuple[str, str]]:
    """Return the headers every answer carries."""
    given = list(HEADERS.items())
    return [*given, ("Strict-Transport-Security", HSTS)] if is_https else given


def _add_headers(response: Response) -> Response:
    present = {name.lower() for name, _ in response.headers}
    fixed = fixed_headers(is_https=settings().is_https)
    response.headers.extend([each for each in fixed if each[0].lower() not in present])
    if request.endpoint == "static":
        response.headers["Cache-Control"] = (
            STATIC_AGE if "v" in request.args else "public, max-age=60"
        )
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def wants_json() -> bool:
    """Say whether the caller is a machine: under /api, or asking for JSON first."""
    if request.path.startswith(("/api/", "/v1/", "/scim/", "/xapi/")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def problem(
    status: int,
    title: str,
    *,
    code: str,
    detail: str | None = None,
    field: str | None = None,
    fix: str | None = None,
) -> Response:
    """Build a problem document (RFC 9457) with our `code`."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "field": field,
        "fix": fix,
    }
    response = jsonify({name: value for name, value in body.items() if value is not None})
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


TITLES = {
    401: "Sign in first",
    403: "Not for your role",
    404: "There is nothing here",
    405: "This does not work that way",
    409: "That was overtaken",
    413: "Too large",
    422: "Something in there needs mending",
    429: "Too many tries",
}


def _answer(
    status: int, message: str, *, code: str, field: str | None = None, fix: str | None = None
) -> ResponseReturnValue:
    title = TITLES.get(status, "Something is not right")
    if wants_json():
        return problem(status, title, code=code, detail=message, field=field, fix=fix)
    page = render_template("shared/error.html", code=status, title=title, message=message, fix=fix)
    return page, status


def _refusal(error: PennantError) -> ResponseReturnValue:
    db.session.rollback()
    if isinstance(error, NotSignedIn) and not wants_json():
        if request.method == "GET":
            session["after_sign_in"] = request.full_path.rstrip("?")
        return redirect(url_for("people.sign_in"))
    answer = _answer(error.status, error.message, code=error.code, field=error.field, fix=error.fix)
    if isinstance(error, TooMany) and isinstance(answer, Response):
        answer.headers["Retry-After"] = "900"
    return answer


def _stale_form(_error: CSRFError) -> ResponseReturnValue:
    fix = "Go back, load the page again and send it once more. Nothing was changed."
    return _answer(400, "This form is too old or not ours.", code="stale_form", fix=fix)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, SecurityError):
        # A host that is not ours: no page, for every link on it would name that host.
        return Response("This host is not served here.\n", status=400, mimetype="text/plain")
    status = error.code or SERVER_ERROR
    if status < 400:
        return error.get_response()
    words = {
        404: "This page does not exist, or it is not for you.",
        405: "This address does not take that kind of request.",
        413: "That is larger than we take.",
    }
    return _answer(status, words.get(status, error.description or error.name), code=_code(error))


def _code(error: HTTPException) -> str:
    return error.name.lower().replace(" ", "_")


def _crash(error: Exception) -> ResponseReturnValue:
    db.session.rollback()
    reference = secrets.token_hex(4)
    log.error("unhandled error %s at %s", reference, request.path, exc_info=error)
    message = "Something broke on our side. What you sent was not half-saved."
    fix = f"Try again in a moment; if it stays, name the reference {reference}."
    return _answer(SERVER_ERROR, message, code="internal_error", fix=fix)


Number = int | float | Fraction | Decimal
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


def _round(value: Number, digits: int) -> Decimal:
    """Round half up on the decimal (METRICS G6): 12.5 becomes 13."""
    if isinstance(value, Fraction):
        exact = Decimal(value.numerator) / Decimal(value.denominator)
    else:
        exact = Decimal(str(value))
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def number(value: Number | None, digits: int = 0) -> str:
    """Write a number with thousands separators; nothing known is a dash."""
    if value is None:
        return NOTHING
    return f"{_round(value, digits):,}".replace("-", MINUS)


def percent(rate: Number | None, digits: int = 0) -> str:
    """Write a fraction as a percentage, `0.5625` as `56%`."""
    if rate is None:
        return NOTHING
    scaled = rate * 100 if isinstance(rate, Fraction) else Decimal(str(rate)) * 100
    return f"{number(scaled, digits)}%"


def signed_percent(rate: Number | None, digits: int = 0) -> str:
    """Write a growth with its sign, `2.17` as `+217%`."""
    if rate is None:
        return NOTHING
    return percent(rate, digits) if rate < 0 else f"+{percent(rate, digits)}"


def day(value: date | None, *, year: bool = False) -> str:
    """Write a date as `Tue 24 Nov`."""
    if value is None:
        return NOTHING
    text = f"{value:%a} {value.day} {value:%b}"
    return f"{text} {value.year}" if year else text


def moment(value: datetime | None, zone: str = "UTC") -> str:
    """Write an instant in a zone as `Tue 24 Nov, 16:05`; the zone's name follows when it is UTC."""
    if value is None:
        return NOTHING
    local = value.astimezone(ZoneInfo(zone))
    suffix = " UTC" if zone == "UTC" else ""
    return f"{day(local.date())}, {local:%H:%M}{suffix}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: `1 rep`, `2 reps`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def ordinal(place: int) -> str:
    """Write a place: `1st`, `11th`, `23rd`."""
    teens = 10 <= place % 100 <= 20
    return f"{place}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th')}"


def minor(amount: int | None, currency: str = "USD") -> str:
    """Write minor units as an amount: `50000` as `500.00 USD`."""
    return NOTHING if amount is None else f"{number(Decimal(amount) / 100, 2)} {currency}"


def isoformat(value: datetime | date) -> str:
    """Write a value for a machine, instants with Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat()


FILTERS = {
    "num": number,
    "pct": percent,
    "signed_pct": signed_percent,
    "day": day,
    "daytime": moment,
    "plural": plural,
    "ordinal": ordinal,
    "minor": minor,
    "iso": isoformat,
}


def pct1(rate: Number | None) -> str:
    """Write a percentage with one decimal."""
    return percent(rate, 1)


FILTERS["pct1"] = pct1


def render_part(template: str, **context: object) -> Markup:
    """Render a fragment by itself, without what only the page's frame asks for."""
    text = current_app.jinja_env.get_template(template).render(context)
    return Markup(text)  # noqa: S704 - rendered with autoescaping


MOST_TOKENS = 10_000
_tokens: dict[tuple[str, str], str] = {}


def form_token() -> str:
    """Return the form token of this session; a hole while a mould is made."""
    if is_casting():
        return hole("form_token")
    secret = session.get("csrf_token")
    if not isinstance(secret, str):
        token: str = generate_csrf()
        return token
    return token_of(str(current_app.secret_key), secret)


def token_of(key: str, secret: str) -> str:
    """Return the form token of a session by its secret, as Flask-WTF signs it; signed once."""
    known = _tokens.get((key, secret))
    if known is None:
        if len(_tokens) >= MOST_TOKENS:
            _tokens.clear()
        known = str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(secret))
        _tokens[key, secret] = known
    return known


def begin_forms() -> None:
    """Give a new session what its form tokens are made of, so that no page has to set a cookie."""
    session["csrf_token"] = secrets.token_hex(20)


def reader_words(actor: Actor) -> dict[str, str]:
    """Return how the frame of a page names its reader, by the names of its holes."""
    words = actor.name.split() or ["?"]
    return {
        "reader_name": actor.name,
        "reader_face": (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper(),
        "reader_initials": "".join(word[0] for word in words[:2]),
    }


def frame_of(actor: Actor) -> dict[str, str]:
    """Return all that the frame of a page says of its reader, by the names of its holes."""
    return reader_words(actor) | {"form_token": form_token()}


def not_modified(etag: str) -> Response | None:
    """Return a 304 when the caller already has this version, else None; remember the tag."""
    g.etag = etag
    if request.if_none_match.contains_weak(etag):
        response = Response(status=304)
        response.set_etag(etag, weak=True)
        response.headers["Cache-Control"] = "private, no-cache"
        return response
    return None


def with_etag(body: str, etag: str) -> Response:
    """Return a page that may be kept by its reader only and asked for again by its tag."""
    response = Response(body, mimetype="text/html")
    response.set_etag(etag, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Cookie"
    return response


def tag_of(text: str) -> str:
    """Return a short tag by which a text is known again."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:20]


def feed(body: str, mimetype: str) -> Response:
    """Return a feed that its reader may keep and ask for again by its tag."""
    tag = tag_of(body)
    response = not_modified(tag)
    if response is None:
        response = Response(body, mimetype=mimetype)
        response.set_etag(tag, weak=True)
        response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Cookie"
    return response


__all__ = [
    "begin_forms",
    "current_actor",
    "day",
    "feed",
    "fixed_headers",
    "form_token",
    "frame_of",
    "isoformat",
    "moment",
    "not_modified",
    "number",
    "ordinal",
    "percent",
    "plural",
    "problem",
    "reader_words",
    "render_part",
    "set_up_web",
    "tag_of",
    "token_of",
    "wants_json",
    "with_etag",
]
