"""The menu and what every page knows of its reader; the only list of addresses across rooms."""

from flask import Flask, current_app, request

from core.guards import current_actor
from core.mould import hole, is_casting
from core.policy import Role, Scope, scope_of
from core.web import THEMES, form_token, reader_words

ROLE_LABELS = {
    Role.REP: "Sales representative",
    Role.MANAGER: "Manager",
    Role.DIRECTOR: "Director",
    Role.SALES_OPS: "Sales operations",
    Role.EXECUTIVE: "Executive",
    Role.ADMIN: "Administrator",
}
PRODUCT = "Pennant"

Entry = tuple[str, str, str, str, str]
# icon, label, short label, address, action that must be allowed
WEEK: Entry = ("week", "My week", "My week", "/", "me.view_all_records")
BOARDS: Entry = ("race", "Contests", "Contests", "/boards", "contest.list_visible")
AWARDS: Entry = ("bell", "Awards", "Awards", "/awards", "recog.wall_view")
LOOP: Entry = ("loop", "Monday loop", "Monday", "/coaching", "coach.create")
COACHING: Entry = ("loop", "Coaching", "Coaching", "/coaching", "coach.own_items")
MANAGERS: Entry = ("loop", "Coaching", "Coaching", "/coaching/gap", "coach.stats")
TRAINING: Entry = ("cap", "Training", "Training", "/training", "training.catalogue")
ADOPTION: Entry = ("chart", "Adoption", "Adoption", "/adoption", "dashboard.public_summary")
IMPACT: Entry = ("scale", "Impact", "Impact", "/reports/impact", "export.programme_onepager")
TIPS: Entry = ("tip", "Tips", "Tips", "/tips", "tip.view")
PEOPLE: Entry = ("people", "People", "People", "/people", "people.directory")
IMPORTS: Entry = ("file", "Imports", "Imports", "/imports", "import.job_status")
DATA: Entry = ("eye", "Data", "Data", "/adoption/data", "dashboard.programme")
FIGURES: Entry = ("search", "Figures", "Figures", "/figures", "dashboard.programme")
OUTBOX: Entry = ("list", "Outbox", "Outbox", "/admin/outbox", "mail.delivery_aggregate")
JOBS: Entry = ("clock", "Jobs", "Jobs", "/admin/jobs", "admin.job_status")

MENUS: dict[Role, tuple[tuple[Entry, ...], ...]] = {
    Role.REP: ((WEEK, BOARDS, TRAINING, AWARDS, TIPS, COACHING),),
    Role.MANAGER: ((WEEK, LOOP, BOARDS, TRAINING, AWARDS), (ADOPTION, DATA, TIPS, PEOPLE)),
    Role.DIRECTOR: (
        (ADOPTION, MANAGERS, BOARDS, TRAINING, AWARDS),
        (IMPACT, FIGURES, TIPS, PEOPLE),
    ),
    Role.SALES_OPS: (
        (BOARDS, AWARDS, TIPS, TRAINING),
        (ADOPTION, MANAGERS, IMPACT, FIGURES, PEOPLE),
        (IMPORTS, DATA, OUTBOX, JOBS),
    ),
    Role.EXECUTIVE: ((ADOPTION, MANAGERS, IMPACT, BOARDS, AWARDS, TRAINING, FIGURES),),
    Role.ADMIN: ((JOBS, IMPORTS, OUTBOX, PEOPLE),),
}


def set_up_menu(app: Flask) -> None:
    """Give every template the menu, the reader, the look and the form token."""
    app.jinja_env.globals["csrf_token"] = form_token
    app.context_processor(page_context)


def page_context() -> dict[str, object]:
    """Return what the page frame shows."""
    actor = current_actor()
    theme = request.cookies.get("theme", "")
    context: dict[str, object] = {
        "programme_name": _programme_name(signed_in=actor.is_signed_in),
        "accent": "fern",
        "theme": theme if theme in THEMES else "",
        "nav": [],
        "viewer": None,
        "actor": actor,
        "csrf_token": form_token,
    }
    if actor.role is not None:
        words = _holes() if is_casting() else reader_words(actor)
        context["viewer"] = {
            "name": words["reader_name"],
            "role_label": ROLE_LABELS[actor.role],
            "initials": words["reader_initials"],
            "face": words["reader_face"],
        }
        context["nav"] = [
            [_item(entry) for entry in group if scope_of(actor, entry[4]) is not Scope.NONE]
            for group in MENUS[actor.role]
        ]
    return context


def _holes() -> dict[str, str]:
    return {name: hole(name) for name in ("reader_name", "reader_face", "reader_initials")}


def _programme_name(*, signed_in: bool) -> str:
    """Return the name of the programme at hand; strangers and an empty house see the product's."""
    if not signed_in:
        return PRODUCT
    name: str | None = current_app.extensions["pennant"]["programmes"].default_name()
    return name or PRODUCT


def _item(entry: Entry) -> dict[str, object]:
    icon, label, short, href, _ = entry
    here = request.path
    current = here == href or (href != "/" and here.startswith(f"{href}/"))
    if href == "/boards" and here.startswith("/contests"):
        current = True
    return {"icon": icon, "label": label, "short": short, "href": href, "current": current}
