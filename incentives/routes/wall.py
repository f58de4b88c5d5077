"""The wall, the embedded board, and the page of links to them.

Whoever has no session brings a link's key in a header. The key stands in the address after `#`,
which browsers keep to themselves: it reaches no log and no Referer, and no cookie holds it.
"""

from dataclasses import replace
from datetime import datetime

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.errors import Invalid, NotAllowed, NotFound
from core.guards import current_actor, guard, public
from core.policy import Scope, scope_of
from core.settings import settings
from core.web import CSP, not_modified, render_part, tag_of, with_etag
from incentives import access, queries
from incentives.models import Contest
from incentives.queries import links as link_rows
from incentives.queries import wall as walls
from incentives.routes.blueprint import blueprint
from incentives.rules.links import FEED_DAYS, USUAL_DAYS, Kind
from incentives.services import links

KEY_HEADER = "X-Board-Key"
READ = "board.view_team_ranking"
ENDED = "This link has ended."


def _is_reader() -> bool:
    """Whether somebody signed in looks on, as the matrix lets them."""
    return scope_of(current_actor(), READ) is not Scope.NONE


def _let_in(kind: Kind, subject_id: int, moment: datetime) -> None:
    """Let in who is signed in, or who brings the key to just this; raises NotAllowed."""
    if _is_reader():
        return
    key = request.headers.get(KEY_HEADER, "")
    link = links.opened(key, kind, secret=settings().secret_key, now=moment) if key else None
    opens = None if link is None else link.programme_id if kind is Kind.WALL else link.contest_id
    if opens != subject_id:
        raise NotAllowed(ENDED, fix="Ask who runs the contests for a new one.")


def _wall(slug: str, moment: datetime) -> walls.Wall:
    found = walls.programme_called(slug)
    if found is None:
        raise NotFound("There is no wall at this address.")
    return walls.wall(found, moment)


def _contest(slug: str, moment: datetime) -> Contest:
    """A published contest; drafts are on no wall, whoever asks."""
    found = queries.contest_by_slug(slug) if len(slug) <= 80 and slug.isprintable() else None
    if found is None or found.state in access.HIDDEN:
        raise NotFound("There is no board at this address.")
    return found


def _tag(shown: walls.Wall) -> str:
    """The picture's tag: everything on it but the clock, which the screen winds by itself."""
    still = tuple(replace(each, seconds_left=None) for each in shown.contests)
    return tag_of(repr(replace(shown, contests=still)))


def _picture(template: str, shown: walls.Wall, moment: datetime) -> Response:
    tag = _tag(shown)
    answer = not_modified(tag) or with_etag(render_part(template, wall=shown, now=moment), tag)
    answer.headers["Vary"] = f"Cookie, {KEY_HEADER}"
    return answer


@blueprint.get("/wallboard/<slug>")
@public
def wallboard(slug: str) -> ResponseReturnValue:
    """The screen on the wall. To a stranger an empty frame, alike for every address."""
    if not _is_reader():
        return render_template("incentives/wallboard.html", slug=slug, picture="", tag="", zone="")
    moment = now()
    shown = _wall(slug, moment)
    return render_template(
        "incentives/wallboard.html",
        slug=slug,
        picture=render_part("incentives/_wall.html", wall=shown, now=moment),
        tag=f'W/"{_tag(shown)}"',
        zone=shown.zone,
    )


@blueprint.get("/wallboard/<slug>/picture")
@public
def wall_picture(slug: str) -> ResponseReturnValue:
    """What the screen shows, asked for every half minute: 304 while nothing changed."""
    moment = now()
    found = walls.programme_called(slug)
    _let_in(Kind.WALL, -1 if found is None else found.id, moment)
    return _picture("incentives/_wall.html", _wall(slug, moment), moment)


@blueprint.get("/embed/<slug>")
@public
def embed(slug: str) -> ResponseReturnValue:
    """One contest's board for other sites' pages; framed only where the settings allow it."""
    page = Response(render_template("incentives/embed.html", slug=slug))
    origins = " ".join(settings().embed_origins.split(",")) or "'none'"
    page.headers["Content-Security-Policy"] = CSP.replace(
        "frame-ancestors 'none'", f"frame-ancestors {origins}"
    )
    return page


@blueprint.get("/embed/<slug>/picture")
@public
def embed_picture(slug: str) -> ResponseReturnValue:
    """The embedded board's rows, with the same masking as the contest's page."""
    moment = now()
    plain = len(slug) <= 80 and slug.isprintable()
    found = queries.contest_by_slug(slug) if plain else None
    _let_in(Kind.EMBED, -1 if found is None else found.id, moment)
    contest = _contest(slug, moment)
    return _picture("incentives/_embed.html", walls.lone(contest, moment), moment)


@blueprint.get("/screens")
@guard("contest.list_visible")
def screens() -> ResponseReturnValue:
    """Walls, posters, embedded boards and feeds, and the links that open them."""
    return _screens(new=None)


def _screens(new: tuple[str, str] | None) -> str:
    actor, moment = current_actor(), now()
    may_link = scope_of(actor, links.ACTION) is not Scope.NONE
    own = frozenset() if actor.person_id is None else frozenset({actor.person_id})
    seen = links.owners_seen(actor, moment) if may_link else frozenset()
    shared = link_rows.links((Kind.WALL, Kind.EMBED), seen, moment) if may_link else ()
    return render_template(
        "incentives/screens.html",
        programmes=walls.programmes(),
        contests=[each for each in queries.contests() if each.state not in access.HIDDEN][:12],
        links=shared,
        feeds=link_rows.links((Kind.FEED,), own, moment),
        may_link=may_link,
        reads=_is_reader(),
        may_frame=bool(settings().embed_origins),
        new=new,
        days=USUAL_DAYS,
    )


@blueprint.post("/screens/links")
@guard("contest.list_visible")
def link_create() -> ResponseReturnValue:
    """Make a link; its address is shown on this one answer and never again."""
    kind, _, slug = request.form.get("what", "").partition(":")
    if kind not in {each.value for each in Kind}:
        raise NotFound("There is no such kind of link.")
    try:
        with transaction():
            return _screens(new=_create(Kind(kind), slug))
    except Invalid as refused:
        flash(refused.message, "late")
        return redirect(url_for("incentives.screens"))


def _create(kind: Kind, slug: str) -> tuple[str, str]:
    moment = now()
    contest = _contest(slug, moment) if kind is Kind.EMBED else None
    programme = walls.programme_called(slug) if kind is Kind.WALL else None
    if kind is Kind.WALL and programme is None:
        raise NotFound("There is no wall at this address.")
    days = request.form.get("days", "")
    _, key = links.create_link(
        kind,
        request.form.get("name", ""),
        days=FEED_DAYS if kind is Kind.FEED else int(days) if days.isdecimal() else 0,
        secret=settings().secret_key,
        actor=current_actor(),
        now=moment,
        programme_id=programme.id if programme else None,
        contest_id=contest.id if contest else None,
    )
    return kind.value, _address(kind, slug, key)


def _address(kind: Kind, slug: str, key: str) -> str:
    base = settings().base_url
    if kind is Kind.FEED:
        return base + url_for("incentives.feed_dates", key=key)
    door = "incentives.wallboard" if kind is Kind.WALL else "incentives.embed"
    return f"{base}{url_for(door, slug=slug)}#{key}"


@blueprint.post("/screens/links/<int:link_id>/revoke")
@guard("contest.list_visible")
def link_revoke(link_id: int) -> ResponseReturnValue:
    """End a link at once; its screens go blank at their next look."""
    with transaction():
        name = links.revoke_link(link_id, actor=current_actor(), now=now()).name
    flash(f"{name} is revoked. Screens that use it stop at their next look.")
    return redirect(url_for("incentives.screens"))
