"""Light, dark or as the device says: a cookie, no script, no account needed."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from core.guards import public
from core.settings import settings

blueprint = Blueprint("appearance", __name__)
A_YEAR = 365 * 24 * 3600


@blueprint.post("/appearance")
@public
def choose() -> ResponseReturnValue:
    """Remember the theme and go back to the page it was chosen on."""
    theme = request.form.get("theme", "system")
    response = redirect(_page_before())
    if theme in {"light", "dark"}:
        response.set_cookie(
            "theme",
            theme,
            max_age=A_YEAR,
            secure=settings().is_https,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie("theme")
    return response


def _page_before() -> str:
    """Return the path the form was sent from when it names one of ours, else the first page."""
    path = request.form.get("from", "/")
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if is_ours and path.isprintable() else "/"
