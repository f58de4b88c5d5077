"""What the weekly loop adds to other rooms' pages: how often it was done when it was due."""

from datetime import datetime

from flask import render_template

from coaching import access
from coaching.queries import figures as queries
from core import charts
from core.policy import Actor
from core.slots import Panel


def when_it_was_due(actor: Actor, now: datetime) -> str | None:
    """Coverage of the last four weeks: a rep's own, a lead's people's, else the programme's.

    Nothing for those who lead nobody. Fewer people than the programme's smallest group are shown
    as counts, without a rate; a large programme's number stands on a page of its own.
    """
    owner = queries.current_programme()
    if owner is None:
        return None
    among = access.people_counted(actor, queries.today_of(owner, now))
    if among == frozenset():
        return None
    told = queries.taken(owner, now, among)
    picture = None
    if told.share is not None and told.people >= owner.min_group:
        rate, interval = told.share.rate, told.share.interval
        if rate is not None and interval is not None:
            picture = charts.rate_interval(rate, interval)
    return render_template(
        "coaching/_when_due.html",
        owner=owner,
        told=told,
        whose=access.whose(actor, among),
        picture=picture,
    )


PANELS = (Panel(slot="adoption", order=20, render=when_it_was_due),)
