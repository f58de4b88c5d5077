"""Lines of a calendar file (RFC 5545): escaped, folded at 75 octets, ended by CR LF."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FOLD = 75
EVENT_LASTS = timedelta(minutes=15)
ESCAPES = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}


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


def calendar(name: str, events: Iterable[Event]) -> str:
    """A whole calendar file, instants in UTC so that no time zone has to be told."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Pennant//Pennant//EN",
        "CALSCALE:GREGORIAN",
        f"NAME:{escaped(name)}",
        f"X-WR-CALNAME:{escaped(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
    ]
    for event in events:
        lines += _event(event)
    lines.append("END:VCALENDAR")
    return "".join(folded(line) for line in lines)


def _event(event: Event) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{escaped(event.uid)}",
        f"SEQUENCE:{event.sequence}",
        f"DTSTAMP:{_instant(event.changed_at)}",
        f"DTSTART:{_instant(event.starts_at)}",
        f"DTEND:{_instant(event.starts_at + EVENT_LASTS)}",
        f"SUMMARY:{escaped(event.title)}",
        f"DESCRIPTION:{escaped(event.text)}",
        f"URL:{event.url}",
        f"STATUS:{'CANCELLED' if event.is_cancelled else 'CONFIRMED'}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def escaped(text: str) -> str:
    """A value of type TEXT; control characters other than line breaks are left out."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (each for each in plain if each == "\n" or each.isprintable())
    return "".join(ESCAPES.get(each, each) for each in kept)


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
