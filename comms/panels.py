"""What tips add to other rooms' pages: the tip of the week."""

from datetime import datetime, timedelta

from flask import render_template

from comms import notices, queries
from core.policy import Actor
from core.slots import Panel

FRESH = timedelta(days=8)


def tip_of_the_week(actor: Actor, now: datetime) -> str | None:
    """The tip last sent to the reader, for about a week."""
    if actor.person_id is None:
        return None
    found = queries.newest_tip(actor.person_id, now)
    if found is None or now - found.send_at > FRESH:
        return None
    return render_template("comms/_my_week.html", tip=found, body=notices.tip_html(found.body))


PANELS = (Panel(slot="my_week", order=60, render=tip_of_the_week),)
