"""What the weekly loop adds to other rooms' pages: how often it was done when due, one's fix."""

from datetime import datetime
from functools import partial

from flask import render_template

from coaching import access
from coaching.queries import figures as queries
from coaching.queries import pages
from coaching.rules import telling
from core import charts
from core.policy import Actor, Role
from core.slots import Panel
from core.web import moment


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


def open_fix(actor: Actor, now: datetime) -> str | None:
    """A rep's one thing to do, with its deal and the day it is looked at."""
    owner = pages.default_programme() if actor.role is Role.REP else None
    if owner is None or actor.person_id is None:
        return None
    mine = pages.open_of(actor.person_id, owner)
    if mine is None:
        return None
    zone = pages.zone_name(mine.item, owner)
    return render_template(
        "coaching/_my_week.html", mine=mine, money=telling.money, clock=partial(moment, zone=zone)
    )


PANELS = (
    Panel(slot="adoption", order=20, render=when_it_was_due),
    Panel(slot="my_week", order=5, render=open_fix),
)
