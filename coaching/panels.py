"""What the weekly loop adds to other rooms' pages: how often it was done, what waits."""

from datetime import datetime
from functools import partial

from flask import render_template

from coaching import access
from coaching.queries import figures as queries
from coaching.queries import pages, settings
from coaching.rules import telling
from core import charts
from core.policy import Actor, Role
from core.slots import Panel
from core.web import moment, plural


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


def headline(actor: Actor, now: datetime) -> dict[str, object] | None:
    """A rep's new fix, a manager's reviews that are due, or the week's pick."""
    owner = pages.default_programme() if actor.role in {Role.REP, Role.MANAGER} else None
    if owner is None or actor.person_id is None:
        return None
    if actor.role is Role.REP:
        return _fix_headline(actor.person_id, owner)
    return _loop_headline(actor.person_id, owner, now)


def _fix_headline(person_id: int, owner: pages.Owner) -> dict[str, object] | None:
    mine = pages.open_of(person_id, owner)
    if mine is None or mine.fix is None or mine.fix.acknowledged_at is not None:
        return None
    author = mine.author.name if mine.author is not None else "Your manager"
    about = f" about {mine.chosen.title}" if mine.chosen is not None else ""
    return {
        "priority": 38,
        "headline": f"{author} handed you back one thing to do.",
        "lede": f"It is{about or ' yours'}, and it is the only one.",
        "action_url": f"/coaching/{mine.item.uid}",
        "action_label": "Read it",
    }


def _loop_headline(person_id: int, owner: pages.Owner, now: datetime) -> dict[str, object] | None:
    owed = pages.reviews_waiting(person_id, owner)
    if owed:
        return {
            "priority": 50,
            "headline": f"{plural(owed, 'review')} {'waits' if owed == 1 else 'wait'} for you.",
            "lede": "What the data shows is already beside each; about seven minutes a review.",
            "action_url": "/coaching",
            "action_label": "Hold it" if owed == 1 else "Hold them",
        }
    missed = pages.moments_waiting(person_id, owner, now)
    if not missed:
        return None
    return {
        "priority": 32,
        "headline": "Pick one deal for this week's talk.",
        "lede": f"{plural(missed, 'missed moment')}, dearest first. Two minutes on one screen.",
        "action_url": "/coaching",
        "action_label": "Open the loop",
    }


def second_leads(actor: Actor, now: datetime, *, person_id: int) -> str | None:
    """On a rep's page, who coaches them beside their lead, for those who may set it."""
    found = settings.second_leads(actor, person_id, now)
    if found is None:
        return None
    return render_template("coaching/_person.html", rep=found[0], seconds=found[1])


PANELS = (
    Panel(slot="my_week_headline", order=15, render=headline),
    Panel(slot="adoption", order=20, render=when_it_was_due),
    Panel(slot="my_week", order=12, render=open_fix),
    Panel(slot="person", order=30, render=second_leads),
)
