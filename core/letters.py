"""Renders letters: three small templates a letter, outside any request."""

from typing import Any

from flask import current_app
from jinja2 import TemplateNotFound

from core.settings import settings


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
        html = env.get_template(f"{base}.html").render(context)
    except TemplateNotFound as missing:
        if missing.name != f"{base}.html":
            raise
        html = None
    return subject, text, html
