"""Feeds: dates of contests for calendars, news of contests for readers.

Programs that read feeds send nothing but the address, so the key of a personal link is in its
query, which this house writes into no log.
"""

from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from flask import request, url_for
from flask.typing import ResponseReturnValue

from core import icalendar
from core.clock import now
from core.errors import NotAllowed
from core.guards import current_actor, public
from core.icalendar import Event
from core.policy import Scope, scope_of
from core.settings import settings
from core.web import feed, isoformat
from incentives.queries import news as rows
from incentives.routes.blueprint import blueprint
from incentives.rules.links import Kind
from incentives.services import links

ATOM = "http://www.w3.org/2005/Atom"
SINCE = 2026


def _let_in() -> None:
    """Let in who is signed in and may see contests, or who brings the key of a feed."""
    if scope_of(current_actor(), "contest.list_visible") is not Scope.NONE:
        return
    key = request.args.get("key", "")
    if not key or links.opened(key, Kind.FEED, secret=settings().secret_key, now=now()) is None:
        raise NotAllowed("This link has ended.", fix="Make a new one on the page of screens.")


def _host() -> str:
    return urlsplit(settings().base_url).hostname or "localhost"


def _link(slug: str | None) -> str:
    path = url_for("incentives.contest", slug=slug) if slug else url_for("incentives.awards")
    return settings().base_url + path


@blueprint.get("/feeds/contests.ics")
@public
def feed_dates() -> ResponseReturnValue:
    """Start, end and result of every announced contest."""
    _let_in()
    events = [event for each in rows.dates() for event in _events(each)]
    return feed(icalendar.calendar("Contests", events), "text/calendar")


def _events(found: rows.Dates) -> list[Event]:
    moments = (
        ("start", found.starts_at, "begins", "From now on what is done counts."),
        ("end", found.ends_at, "ends", "What is done after this moment counts no more."),
        ("result", found.result_at, "is decided", "The result is final if nobody doubts it."),
    )
    return [
        Event(
            uid=f"contest-{found.contest_id}-{name}@{_host()}",
            sequence=found.sequence,
            changed_at=found.changed_at,
            starts_at=at,
            title=f"{found.title} {verb}",
            text=text,
            url=_link(found.slug),
            is_cancelled=found.is_cancelled,
        )
        for name, at, verb, text in moments
    ]


@blueprint.get("/feeds/news.atom")
@public
def feed_news() -> ResponseReturnValue:
    """Contests that began, standings of Mondays, results and thanks (RFC 4287)."""
    _let_in()
    found = rows.news(now())
    whole = ET.Element("feed", xmlns=ATOM)
    _add(whole, "id", f"tag:{_host()},{SINCE}:news")
    _add(whole, "title", "News of contests")
    _add(ET.SubElement(whole, "author"), "name", "Pennant")
    newest = found[0].at if found else None
    _add(whole, "updated", isoformat(newest) if newest else f"{SINCE}-01-01T00:00:00Z")
    for each in found:
        entry = ET.SubElement(whole, "entry")
        _add(entry, "id", f"tag:{_host()},{SINCE}:news/{each.key}")
        _add(entry, "title", each.title)
        _add(entry, "updated", isoformat(each.at))
        ET.SubElement(entry, "link", rel="alternate", href=_link(each.slug))
        _add(entry, "summary", each.text)
    body = ET.tostring(whole, encoding="unicode")
    return feed(f'<?xml version="1.0" encoding="utf-8"?>\n{body}', "application/atom+xml")


def _add(parent: ET.Element, name: str, text: str) -> None:
    """An element with a text, without the characters XML has no place for."""
    kept = "".join(each for each in text if each.isprintable() or each == "\n")
    ET.SubElement(parent, name).text = kept
