"""The library of fixes: what is offered, what followed, and the keeping of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from coaching.queries import figures
from coaching.queries import ideas as queries
from coaching.queries.ideas import Library
from coaching.routes.blueprint import blueprint
from coaching.rules.ideas import (
    ANY,
    FEWEST_TO_TELL,
    LONGEST_TITLE,
    LONGEST_WORDS,
    PLACEHOLDERS,
    Blanks,
    Followed,
    Idea,
    fill,
    ranked,
)
from coaching.services import ideas as services
from coaching.services.ideas import Draft
from core.clock import now
from core.db import transaction
from core.errors import Conflict, Invalid, NotFound
from core.guards import current_actor, guard
from core.policy import Actor

SHOWN_AS = Blanks("Calder Freight", "Isaac", "Monday", "09:30")
ABOUT = (
    ("ignored", "Left alone"),
    ("dismissed", "Dismissed"),
    ("late", "Done late"),
    (ANY, "Any missed moment"),
)
Change = Callable[..., object]


@dataclass(frozen=True)
class Shown:
    """An idea as its page shows it; `example` has its blanks filled with made-up names."""

    idea: Idea
    followed: Followed
    example: str
    may_keep: bool


@blueprint.get("/coaching/fixes")
@guard("coach.stats")
def fixes() -> ResponseReturnValue:
    """Every idea with what followed it, by what it is about, the first offered first."""
    return _page(current_actor(), {}, {})


def _page(actor: Actor, given: Mapping[str, str], errors: Mapping[str, str]) -> str:
    found = queries.library(figures.the_programme())
    return render_template(
        "coaching/fixes.html",
        groups=[(label, _shown(actor, found, about)) for about, label in ABOUT],
        retired=[_one(actor, found, idea) for idea in found.retired],
        may_add=services.may_add(actor),
        about=ABOUT,
        given=given,
        errors=errors,
        fewest=FEWEST_TO_TELL,
        blanks=PLACEHOLDERS,
        longest=LONGEST_WORDS,
        longest_title=LONGEST_TITLE,
    )


def _shown(actor: Actor, found: Library, about: str) -> list[Shown]:
    order = ranked(found.ideas, found.followed, about)
    return [_one(actor, found, idea) for idea in order if idea.about == about]


def _one(actor: Actor, found: Library, idea: Idea) -> Shown:
    return Shown(
        idea,
        found.followed.get(idea.slug, Followed()),
        fill(idea.words, SHOWN_AS),
        services.may_keep(actor, idea),
    )


def _draft() -> Draft:
    words = " ".join(request.form.get("words", "").split())
    title = " ".join(request.form.get("title", "").split())
    return Draft(title, words, request.form.get("about", ""))


@blueprint.post("/coaching/fixes")
@guard("coach.stats")
def add_fix() -> ResponseReturnValue:
    """Put an idea into the library."""
    actor, draft = current_actor(), _draft()
    try:
        with transaction():
            services.add_idea(figures.the_programme(), draft, actor=actor, now=now())
    except (Invalid, Conflict) as refused:
        errors = {refused.field or "title": refused.message}
        return _page(actor, dict(request.form.items()), errors), refused.status
    flash(f"{draft.title} is in the library.")
    return redirect(url_for("coaching.fixes"))


@blueprint.get("/coaching/fixes/<slug>")
@guard("coach.stats")
def fix_idea(slug: str) -> ResponseReturnValue:
    """One idea, to be changed."""
    return _idea_page(slug, {}, {})


def _idea_page(slug: str, given: Mapping[str, str], errors: Mapping[str, str]) -> str:
    actor = current_actor()
    found = queries.library(figures.the_programme())
    idea = found.known(slug)
    if idea is None or not services.may_keep(actor, idea):
        raise NotFound("There is no such idea to change.")
    return render_template(
        "coaching/fix.html",
        shown=_one(actor, found, idea),
        is_retired=found.of(slug) is None,
        about=ABOUT,
        given=given,
        errors=errors,
        fewest=FEWEST_TO_TELL,
        blanks=PLACEHOLDERS,
        longest=LONGEST_WORDS,
        longest_title=LONGEST_TITLE,
    )


@blueprint.post("/coaching/fixes/<slug>")
@guard("coach.stats")
def change_fix(slug: str) -> ResponseReturnValue:
    """Give an idea other words; what followed is counted from then on."""
    try:
        with transaction():
            is_changed = services.change_idea(
                figures.the_programme(), slug, _draft(), actor=current_actor(), now=now()
            )
    except (Invalid, Conflict) as refused:
        errors = {refused.field or "title": refused.message}
        return _idea_page(slug, dict(request.form.items()), errors), refused.status
    flash("The idea is changed." if is_changed else "Nothing was different.")
    return redirect(url_for("coaching.fixes"))


@blueprint.post("/coaching/fixes/<slug>/retire")
@guard("coach.stats")
def retire_fix(slug: str) -> ResponseReturnValue:
    """Offer an idea no longer."""
    return _kept(services.retire_idea, slug, "The idea is no longer offered; its count stays.")


@blueprint.post("/coaching/fixes/<slug>/restore")
@guard("coach.stats")
def restore_fix(slug: str) -> ResponseReturnValue:
    """Offer a retired idea again."""
    return _kept(services.restore_idea, slug, "The idea is offered again.")


def _kept(change: Change, slug: str, said: str) -> ResponseReturnValue:
    moment: datetime = now()
    with transaction():
        change(figures.the_programme(), slug, actor=current_actor(), now=moment)
    flash(said)
    return redirect(url_for("coaching.fixes"))
