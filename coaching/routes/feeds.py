"""Reviews in one's own calendar: the feed, and the page where its personal link is made and ended.

Programs that read feeds send nothing but the address, so the key is in its query, which this house
writes into no log. It opens dates and names, never a word of a talk.
"""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from coaching.routes.blueprint import blueprint
from coaching.rules.calendars import FEED_DAYS, event_of
from coaching.services import feeds
from core import icalendar, web
from core.clock import now
from core.db import transaction
from core.errors import Invalid, NotFound
from core.guards import current_actor, guard, public
from core.policy import Actor, Scope, scope_of
from core.settings import settings


def _reader() -> Actor:
    """Whose reviews are asked for: of who is signed in, or of whom the key in the address belongs.

    Hidden and missing look the same: raises NotFound for strangers, for keys that open nothing
    (any more), and for a key in the hands of somebody else who is signed in.
    """
    viewer = current_actor()
    key = request.args.get("key")
    if key is None:
        owner = viewer if scope_of(viewer, feeds.OWN) is not Scope.NONE else None
    else:
        owner = feeds.opened(key, secret=settings().secret_key, now=now())
        if owner is not None and viewer.is_signed_in and viewer.person_id != owner.person_id:
            owner = None
    if owner is None:
        raise NotFound("There is no such feed.", fix="Make a new link on the page of your reviews.")
    return owner


@blueprint.get("/feeds/reviews.ics")
@public
def feed_reviews() -> ResponseReturnValue:
    """The reader's reviews: those ahead, moved and called off, and those of the last 90 days."""
    found = feeds.reviews_for(_reader(), now())
    base = settings().base_url
    body = icalendar.calendar("Reviews", [event_of(each, base) for each in found])
    return web.feed(body, "text/calendar")


@blueprint.get("/coaching/settings/calendar")
@guard(feeds.OWN)
def review_calendar() -> ResponseReturnValue:
    """One's links to the feed, and whether invitations come by mail."""
    return _page(new=None)


def _page(new: str | None) -> str:
    return render_template(
        "coaching/calendar.html",
        links=feeds.own_links(current_actor(), now()),
        new=new,
        days=FEED_DAYS,
    )


@blueprint.post("/coaching/settings/calendar")
@guard(feeds.OWN)
def review_link_create() -> ResponseReturnValue:
    """Make a link; its address is shown on this one answer and never again."""
    try:
        with transaction():
            key = feeds.create_link(
                request.form.get("name", ""),
                secret=settings().secret_key,
                actor=current_actor(),
                now=now(),
            )
    except Invalid as refused:
        flash(refused.message, "late")
        return redirect(url_for("coaching.review_calendar"))
    return _page(new=settings().base_url + url_for("coaching.feed_reviews", key=key))


@blueprint.post("/coaching/settings/calendar/<int:link_id>/revoke")
@guard(feeds.OWN)
def review_link_revoke(link_id: int) -> ResponseReturnValue:
    """End a link at once; the calendar that uses it gets nothing at its next look."""
    with transaction():
        name = feeds.revoke_link(link_id, actor=current_actor(), now=now())
    flash(f"{name} is revoked. A calendar that uses it stops at its next look.")
    return redirect(url_for("coaching.review_calendar"))
