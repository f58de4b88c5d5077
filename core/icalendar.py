"""Calendar files (RFC 5545) and invitations by mail (RFC 5546): escaped, folded, ended by CR LF.

Instants are written in UTC, so no time zone has to be told; each program shows its reader's own.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

FOLD = 75
EVENT_LASTS = timedelta(minutes=15)
MOST_OCTETS = 20_000
ESCAPES = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
# In the value of a parameter, quoted: RFC 6868.
PARAMETER_ESCAPES = {"^": "^^", '"': "^'", "\n": "^n"}
# Invisible, but some scripts and signs cannot be spelled without them.
JOINERS = frozenset("\u200c\u200d")
BEGIN, END = "BEGIN:VCALENDAR", "END:VCALENDAR"

_METHOD = re.compile(r"METHOD:([A-Z]+)")


class Method(StrEnum):
    """What an invitation asks of the calendar it reaches."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True)
class Event:
    """A moment in a calendar. `uid` never changes; `sequence` rises with each change of it."""

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    title: str
    text: str
    url: str
    is_cancelled: bool = False
    lasts: timedelta = EVENT_LASTS
    is_busy: bool = False


@dataclass(frozen=True)
class Party:
    """Who invites or is invited: a name and a mail address."""

    name: str
    email: str


def calendar(name: str, events: Iterable[Event]) -> str:
    """A whole calendar file to subscribe to."""
    lines = [
        f"NAME:{escaped(name)}",
        f"X-WR-CALNAME:{escaped(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
    ]
    for event in events:
        lines += _event(event)
    return _file(lines)


def invitation(method: Method, event: Event, *, organizer: Party, attendee: Party) -> str:
    """One event put into, or taken out of, the calendar of whoever gets it by mail.

    Nobody is asked to answer: the organizer is the house, which reads no mail.
    """
    mine = f"ATTENDEE;CN={_quoted(attendee.name)};ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION"
    people = [
        f"ORGANIZER;CN={_quoted(organizer.name)}:{_address(organizer.email)}",
        f"{mine};RSVP=FALSE:{_address(attendee.email)}",
    ]
    return _file([f"METHOD:{method}", *_event(event, people)])


def method_of(text: str) -> Method:
    """What a calendar file made for mail asks; raises ValueError unless it is whole and safe.

    Safe means lines of at most 75 octets ended by CR LF, no other control character, one method.
    """
    if len(text.encode("utf-8")) > MOST_OCTETS:
        raise ValueError("a calendar file for mail has at most 20,000 octets")
    lines = text.split("\r\n")
    if lines[0] != BEGIN or lines[-2:] != [END, ""]:
        raise ValueError("a calendar file begins and ends as one")
    for line in lines:
        if len(line.encode("utf-8")) > FOLD:
            raise ValueError("a line of a calendar file has at most 75 octets")
        if any(ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 for each in line):
            raise ValueError("a calendar file has no control characters")
    methods = [found[1] for line in lines if (found := _METHOD.fullmatch(line))]
    if len(methods) != 1:
        raise ValueError("a calendar file for mail has one method")
    return Method(methods[0])


def _file(lines: Iterable[str]) -> str:
    whole = [
        BEGIN,
        "VERSION:2.0",
        "PRODID:-//Pennant//Pennant//EN",
        "CALSCALE:GREGORIAN",
        *lines,
        END,
    ]
    return "".join(folded(line) for line in whole)


def _event(event: Event, people: Iterable[str] = ()) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{escaped(event.uid)}",
        f"SEQUENCE:{event.sequence}",
        f"DTSTAMP:{_instant(event.changed_at)}",
        f"DTSTART:{_instant(event.starts_at)}",
        f"DURATION:PT{event.lasts // timedelta(minutes=1)}M",
        f"SUMMARY:{escaped(event.title)}",
        f"DESCRIPTION:{escaped(event.text)}",
        f"URL:{_uri(event.url)}",
        *people,
        f"STATUS:{'CANCELLED' if event.is_cancelled else 'CONFIRMED'}",
        f"TRANSP:{'OPAQUE' if event.is_busy else 'TRANSPARENT'}",
        "END:VEVENT",
    ]


def escaped(text: str) -> str:
    """A value of type TEXT; what has no place in one line but a line break is left out."""
    return "".join(ESCAPES.get(each, each) for each in _kept(text))


def _kept(text: str) -> str:
    """Text without control characters and marks that turn its direction; odd blanks as blanks."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    blank = ("\n" if each == "\n" else " " if each.isspace() else each for each in plain)
    return "".join(each for each in blank if each == "\n" or each.isprintable() or each in JOINERS)


def _quoted(name: str) -> str:
    """The value of a parameter, out of which no name can break."""
    return '"' + "".join(PARAMETER_ESCAPES.get(each, each) for each in _kept(name)) + '"'


def _address(email: str) -> str:
    """A calendar address; what a URI cannot hold is percent-encoded."""
    return "mailto:" + quote(email, safe="@!$&'*+=_~.-")


def _uri(url: str) -> str:
    """A value of type URI; raises ValueError for what would end its line."""
    if not (url.isascii() and url.isprintable() and " " not in url):
        raise ValueError("not a URI")
    return url


def folded(line: str) -> str:
    """A content line in pieces of at most 75 octets, none of which cuts a character."""
    pieces, piece, room = [], "", FOLD
    for each in line:
        size = len(each.encode("utf-8"))
        if size > room:
            pieces.append(piece)
            piece, room = "", FOLD - 1
        piece += each
        room -= size
    return "\r\n ".join([*pieces, piece]) + "\r\n"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
