"""Renders letters: three small templates a letter, outside any request."""

from email.utils import parseaddr
from functools import cache
from typing import Any

from flask import current_app
from jinja2 import TemplateNotFound

from core.icalendar import Party
from core.settings import settings


@cache
def _inliner() -> Any:  # noqa: ANN401 - the library is loaded when the first letter is written
    from css_inline import CSSInliner

    return CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def inlined(html: str) -> str:
    """Set the style element's rules on the tags themselves, which many mail programs need."""
    text: str = _inliner().inline(html)
    return text


def house() -> Party:
    """Who every letter and invitation comes from."""
    name, email = parseaddr(settings().mail_from)
    return Party(name or "Pennant", email)


def base_url() -> str:
    """The address letters lead back to, without a trailing slash."""
    return settings().base_url


def render_letter(template: str, **data: Any) -> tuple[str, str, str | None]:  # noqa: ANN401 - template data
    """Return (subject, text, html) of `templates/<room>/mail/<letter>` given as `room/letter`.

    `.subject.txt` and `.txt` must exist; `.html` may be missing, then html is None.
    """
    room, _, letter = template.partition("/")
    base = f"{room}/mail/{letter}"
    env = current_app.jinja_env
    context = {"base_url": settings().base_url, **data}
    subject = " ".join(env.get_template(f"{base}.subject.txt").render(context).split())
    text = env.get_template(f"{base}.txt").render(context).strip() + "\n"
    try:
        html = inlined(env.get_template(f"{base}.html").render(context))
    except TemplateNotFound as missing:
        if missing.name != f"{base}.html":
            raise
        html = None
    return subject, text, html
