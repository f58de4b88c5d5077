"""The library of fixes is kept by those who coach and by sales operations.

Words that change keep their slug, and what followed is counted from then on: `created_at` is when
the present words came, earlier wording stands in the audit trail. One of our own ideas is changed
or retired by a row under its slug.
"""

from dataclasses import dataclass
from datetime import datetime

from coaching.models import FixIdea
from coaching.queries import ideas as queries
from coaching.rules.ideas import Idea, doubts, slug_of
from core import audit
from core.db import db, insert_missing_returning
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import Actor, Scope, scope_of
from programme.models import Programme


@dataclass(frozen=True)
class Draft:
    """An idea as somebody typed it."""

    title: str
    words: str
    about: str


def may_add(actor: Actor) -> bool:
    """Whether the actor may put ideas into the library: who coaches, and sales operations."""
    return scope_of(actor, "coach.create") is not Scope.NONE or may_keep_all(actor)


def may_keep_all(actor: Actor) -> bool:
    """Whether the actor may change and retire everybody's ideas, ours too."""
    return scope_of(actor, "coach.stats") is Scope.ALL


def may_keep(actor: Actor, idea: Idea) -> bool:
    """Whether the actor may change or retire this one: one's own, or any."""
    is_own = idea.author_id is not None and idea.author_id == actor.person_id
    return may_keep_all(actor) or (is_own and may_add(actor))


def add_idea(owner: Programme, draft: Draft, *, actor: Actor, now: datetime) -> str:
    """Put an idea into the library; returns its slug. Raises Invalid with the first doubt."""
    if not may_add(actor):
        raise NotAllowed("Only managers and sales operations add ideas.")
    _refuse_doubtful(draft)
    found = queries.library(owner)
    known = (*found.ideas, *found.retired)
    if any(each.title.lower() == draft.title.lower() for each in known):
        raise Conflict("There is an idea of this name.", field="title", code="idea_exists")
    slug = slug_of(draft.title, {each.slug for each in known})
    _write(owner, slug, draft, actor, now)
    _note("add", owner, slug, draft.about, actor, now)
    return slug


def change_idea(owner: Programme, slug: str, draft: Draft, *, actor: Actor, now: datetime) -> bool:
    """Give an idea other words; False when they are the same. The count begins anew with them."""
    idea = _kept(owner, slug, actor)
    _refuse_doubtful(draft)
    others = [each for each in queries.library(owner).ideas if each.slug != slug]
    if any(each.title.lower() == draft.title.lower() for each in others):
        raise Conflict("There is an idea of this name.", field="title", code="idea_exists")
    if (idea.title, idea.words, idea.about) == (draft.title, draft.words, draft.about):
        return False
    row = queries.stored(owner.id, slug)
    if row is None:
        _write(owner, slug, draft, None, now)
    else:
        if row.words != draft.words:
            row.words, row.created_at = draft.words, now
        row.title, row.about = draft.title, draft.about
    _note("change", owner, slug, draft.about, actor, now)
    db.session.flush()
    return True


def retire_idea(owner: Programme, slug: str, *, actor: Actor, now: datetime) -> bool:
    """Offer an idea no longer; what followed stays known. False when it was retired before."""
    idea = _kept(owner, slug, actor)
    row = queries.stored(owner.id, slug)
    if row is not None and row.retired_at is not None:
        return False
    if row is None:
        _write(owner, slug, Draft(idea.title, idea.words, idea.about), None, now)
        row = queries.stored(owner.id, slug)
    if row is not None:
        row.retired_at = now
    _note("retire", owner, slug, idea.about, actor, now)
    db.session.flush()
    return True


def restore_idea(owner: Programme, slug: str, *, actor: Actor, now: datetime) -> bool:
    """Offer a retired idea again; False when it is offered."""
    idea = _kept(owner, slug, actor)
    row = queries.stored(owner.id, slug)
    if row is None or row.retired_at is None:
        return False
    row.retired_at = None
    _note("restore", owner, slug, idea.about, actor, now)
    db.session.flush()
    return True


def _refuse_doubtful(draft: Draft) -> None:
    for field, message in doubts(draft.title, draft.words, draft.about).items():
        raise Invalid(message, field=field, code="no_idea")


def _kept(owner: Programme, slug: str, actor: Actor) -> Idea:
    """The idea, for an actor who may keep it."""
    idea = queries.library(owner).known(slug)
    if idea is None:
        raise NotFound("There is no such idea.")
    if not may_keep(actor, idea):
        raise NotAllowed("Only its author or sales operations change this idea.")
    return idea


def _write(owner: Programme, slug: str, draft: Draft, author: Actor | None, now: datetime) -> None:
    given: dict[str, object] = {
        "programme_id": owner.id,
        "slug": slug,
        "title": draft.title,
        "words": draft.words,
        "about": draft.about,
        "created_at": now,
        "author_id": None if author is None else author.person_id,
    }
    key = ("programme_id", "slug")
    if not insert_missing_returning(FixIdea, [given], key, key):
        raise Conflict("Somebody added this just now. Look at the list again.", code="idea_exists")


def _note(verb: str, owner: Programme, slug: str, about: str, actor: Actor, now: datetime) -> None:
    audit.record(
        f"coaching.idea_{verb}",
        actor=actor,
        now=now,
        subject=f"programme:{owner.id}",
        detail={"idea": slug, "about": about},
    )
