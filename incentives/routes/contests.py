"""Pages of contests and thanks: a contest, its entries, steps taken by hand, awards."""

import re
from datetime import datetime

from flask import Flask, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.doorstep import SEEN, Knock, Seen, Step
from core.errors import NotFound, PennantError
from core.guards import current_actor, guard
from core.money import show
from core.policy import Actor, Scope, scope_of
from core.web import THEMES, not_modified, with_etag
from incentives import access, queries
from incentives.access import AtDoor
from incentives.queries import documents
from incentives.queries.documents import Reader
from incentives.queries.door import Look
from incentives.routes import proposals as proposing
from incentives.routes import showing
from incentives.routes.blueprint import blueprint
from incentives.services import byhand, doubts

PREFIX = "/contests/"
BOARD = "/board"
PLAIN_SLUG = re.compile(r"[A-Za-z0-9_-]{1,80}")

STEP_WORDS = {
    "submitted": "Handed in.",
    "scheduled": "Approved. Everybody in it gets the announcement.",
    "draft": "Sent back to its author.",
    "running": "The contest runs.",
    "paused": "The contest rests.",
    "cancelled": "Called off. Everybody in it is told.",
    "final": "Decided. Awards are given and letters are on their way.",
}


def _reader(actor: Actor) -> Reader:
    return Reader(actor.person_id, sees_through_freeze=access.sees_through_freeze(actor))


def _tag(slug: str, look: Look, session_hash: str, theme: str, query: str, at: datetime) -> str:
    """The page's tag: the counters, the reader's session, the look, the minute, the question."""
    asked = access.hash_of(query)[:12] if query else ""
    parts = (*showing.counters(look), session_hash[:16], theme, f"{at:%Y%m%d%H%M}", asked)
    return ".".join([slug, *map(str, parts)])


def _theme() -> str:
    theme = request.cookies.get("theme", "")
    return theme if theme in THEMES else ""


def at_the_door(at: Knock) -> Seen | None:
    """Who asks for a contest's page and which tag it bears, from one read.

    Without a tag the request goes in: what is hidden from some, what has something to say to its
    reader, and a session that is due to be written as seen.
    """
    slug = at.path.removeprefix(PREFIX)
    is_poll = slug.endswith(BOARD)
    slug = slug.removesuffix(BOARD)
    if not PLAIN_SLUG.fullmatch(slug):
        return None
    found = access.at_door(at, slug)
    if found is None:
        return None
    if is_poll:
        return Seen(at.raw, None, found.signed_in, found, is_known=_is_known(found, at.query))
    tag = None
    if found.look is not None and found.is_plain and at.is_plain:
        tag = _tag(slug, found.look, found.session_hash, at.theme, at.query, at.moment)
    return Seen(at.raw, tag, found.signed_in, found)


def _is_known(found: AtDoor, query: str) -> bool:
    """Whether whoever polls the Board named its present state, and nothing speaks against 204."""
    if found.look is None or not found.is_plain:
        return False
    reads = scope_of(found.signed_in.actor, "board.view_team_ranking") is not Scope.NONE
    return reads and f"v={showing.state_of(found.look)}" in query.split("&")


def page_at_hand(app: Flask, at: Knock, seen: Seen) -> str | None:
    """The page, where others or the same reader made all its parts be rendered before."""
    found = seen.look
    if not isinstance(found, AtDoor) or found.look is None or "all" in at.query:
        return None
    return showing.at_hand(app, found.look, found.signed_in.actor, at)


DOORSTEP = (Step(PREFIX, at_the_door, page_at_hand),)


def _look(slug: str, actor: Actor, moment: datetime) -> Look:
    """What was read at the door, or the same read here. Raises NotFound for hidden and missing."""
    seen = request.environ.get(SEEN)
    if isinstance(seen, Seen) and seen.raw == g.get("session_id"):
        look = seen.look.look if isinstance(seen.look, AtDoor) else None
    else:
        look = access.look_at(actor, slug, moment)
    if look is None:
        raise NotFound("There is no contest at this address.")
    if look.state in access.HIDDEN:
        access.visible_contest(actor, slug, moment.date())
    return look


@blueprint.get("/contests/<slug>")
@guard("contest.rules_view")
def contest(slug: str) -> ResponseReturnValue:
    """A contest: the Board, one's own team, how points work, what there is to win, is it fair."""
    actor, moment, theme = current_actor(), now(), _theme()
    look = _look(slug, actor, moment)
    everybody = "all" in request.args
    session_hash = access.hash_of(g.get("session_id", ""))
    tag = _tag(slug, look, session_hash, theme, request.query_string.decode("latin-1"), moment)
    if "_flashes" in session:
        # What is said once belongs to this answer alone.
        body = showing.page(look, actor, moment, theme=theme, everybody=everybody, once=True)
        return with_etag(body, f"{tag}.once")
    unchanged = not_modified(tag)
    if unchanged is not None:
        return unchanged
    body = showing.page(look, actor, moment, theme=theme, everybody=everybody)
    return with_etag(body, tag)


@blueprint.get("/contests/<slug>/board")
@guard("board.view_team_ranking")
def board(slug: str) -> ResponseReturnValue:
    """The Board alone, for polling: 204 while nothing changed since version `v`."""
    actor, moment = current_actor(), now()
    look = _look(slug, actor, moment)
    if request.args.get("v") == showing.state_of(look):
        return "", 204
    return showing.board_part(look, actor, moment, everybody="all" in request.args)


@blueprint.get("/contests/<slug>/explain")
@guard("board.view_team_ranking")
def explain(slug: str) -> ResponseReturnValue:
    """The entries behind one team's score."""
    actor, moment = current_actor(), now()
    found = access.visible_contest(actor, slug, moment.date())
    table = documents.table_for(found, _reader(actor), as_of=None, now=moment)
    unit = request.args.get("unit", "")
    place = documents.place_called(found, table, unit)
    if place is None or not access.may_open(actor, found, place.unit_id, moment.date()):
        raise NotFound("This team does not take part.")
    as_of = min(moment, table.as_of) if table.is_frozen else moment
    with_names = access.sees_unit(actor, found, place.unit_id, moment.date())
    document = documents.explanation(found, place, as_of=as_of, with_names=with_names)
    return render_template(
        "incentives/explain.html",
        contest=found,
        place=place,
        found=document,
        people=documents.with_tallies(document),
        reasons=documents.REASONS,
        ties=documents.ties_of(found, place),
        with_names=with_names,
        own_only=not with_names,
    )


@blueprint.post("/contests/<slug>/step")
@guard("contest.rules_view")
def step(slug: str) -> ResponseReturnValue:
    """Take a step by hand; the matrix and the state decide whether it may be taken."""
    to = request.form.get("to", "")
    try:
        with transaction():
            taken = byhand.advance(
                slug, to, actor=current_actor(), now=now(), reason=request.form.get("reason", "")
            )
            reached, waits_for = taken.state, taken.waits_for
    except PennantError as refused:
        if refused.status in {403, 404}:
            raise
        flash(f"{refused.message} {refused.fix or ''}".strip(), "late")
    else:
        said = f"Asked. It waits for one of: {', '.join(waits_for)}." if waits_for else "Done."
        flash(said if waits_for else STEP_WORDS.get(reached, said))
    return redirect(url_for("incentives.contest", slug=slug))


@blueprint.post("/contests/<slug>/doubt")
@guard("contest.dispute_open")
def doubt(slug: str) -> ResponseReturnValue:
    """Say that something about a provisional result is wrong."""
    actor, moment = current_actor(), now()
    found = access.visible_contest(actor, slug, moment.date())
    try:
        with transaction():
            doubts.open_dispute(found.id, request.form.get("text", ""), actor=actor, now=moment)
    except PennantError as refused:
        flash(refused.message, "late")
    else:
        flash("Thank you. Nothing is decided until sales operations has looked at it.")
    return redirect(url_for("incentives.contest", slug=slug))


@blueprint.post("/contests/<slug>/doubt/<int:dispute_id>")
@guard("contest.dispute_decide")
def decide(slug: str, dispute_id: int) -> ResponseReturnValue:
    """Answer a doubt."""
    actor, moment = current_actor(), now()
    found = access.contest_to(actor, "contest.dispute_decide", slug, moment.date())
    if dispute_id not in {each.id for each in queries.disputes(found.id)}:
        raise NotFound("There is no such doubt.")
    try:
        with transaction():
            doubts.decide_dispute(
                dispute_id,
                is_upheld=request.form.get("upheld") == "1",
                answer=request.form.get("answer", "").strip()[:2000],
                actor=actor,
                now=moment,
            )
    except PennantError as refused:
        flash(refused.message, "late")
    else:
        flash("Answered.")
    return redirect(url_for("incentives.contest", slug=slug))


@blueprint.get("/awards")
@guard("recog.wall_view")
def awards() -> ResponseReturnValue:
    """Who was thanked for what, and what teams have won."""
    actor, moment = current_actor(), now()
    own = queries.thanks(person_id=actor.person_id) if actor.person_id is not None else ()
    return render_template(
        "incentives/awards.html",
        own=own,
        wall=queries.thanks(limit=24),
        teams=queries.team_awards(limit=40),
        sees_money=_sees_money(actor),
        show=show,
        today=moment.date(),
        may_propose=proposing.may_look(actor),
        may_ask=scope_of(actor, proposing.PROPOSE) is not Scope.NONE,
        proposals_waiting=len(proposing.to_answer(actor, moment)),
    )


def _sees_money(actor: Actor) -> bool:
    return scope_of(actor, "budget.view") is Scope.ALL
