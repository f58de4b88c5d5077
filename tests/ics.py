"""A small reader of calendar files, written from RFC 5545 and 6868 and not from our writer."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NAME = re.compile(rb"[A-Za-z0-9-]+")
ONCE = {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DURATION", "SUMMARY", "DESCRIPTION", "URL",
        "STATUS", "TRANSP", "ORGANIZER", "METHOD", "VERSION", "PRODID"}  # fmt: skip


@dataclass
class Component:
    """A component: its properties as (name, parameters, raw value), and what is inside it."""

    name: str
    lines: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    inside: list["Component"] = field(default_factory=list)

    def all(self, name):
        return [(params, value) for found, params, value in self.lines if found == name]

    def raw(self, name):
        """The one value of a property as written; None when it is missing."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} stands {len(values)} times"
        return values[0][1] if values else None

    def text(self, name):
        return unescaped(self.raw(name))

    def instant(self, name):
        return datetime.strptime(self.raw(name), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    def lasts(self):
        return timedelta(minutes=int(re.fullmatch(r"PT(\d+)M", self.raw("DURATION"))[1]))


def read(data: bytes) -> Component:
    """A whole calendar file; fails on anything the standard does not allow."""
    assert data.endswith(b"\r\n")
    physical = data[:-2].split(b"\r\n")
    for line in physical:
        assert line, "an empty line"
        assert len(line) <= 75, f"{len(line)} octets: {line!r}"
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line), line
        line.decode("utf-8")  # a fold cuts no character
    logical = re.sub(rb"\r\n[ \t]", b"", data[:-2]).split(b"\r\n")
    stack = [Component("")]
    for line in logical:
        name, params, value = _parts(line)
        if name == "BEGIN":
            stack.append(Component(value))
        elif name == "END":
            done = stack.pop()
            assert done.name == value
            stack[-1].inside.append(done)
        else:
            stack[-1].lines.append((name, params, value))
    assert len(stack) == 1
    (whole,) = stack[0].inside
    assert (whole.name, stack[0].lines) == ("VCALENDAR", [])
    for component in (whole, *whole.inside):
        for name in ONCE:
            component.raw(name)
    return whole


def _parts(line: bytes):
    """Name, parameters and value of a content line, byte by byte."""
    head = NAME.match(line)
    assert head, line
    place, params = head.end(), {}
    while line[place : place + 1] == b";":
        key = NAME.match(line, place + 1)
        assert key, line
        assert line[key.end() : key.end() + 1] == b"=", line
        place = key.end() + 1
        if line[place : place + 1] == b'"':
            end = line.index(b'"', place + 1)
            value, place = line[place + 1 : end], end + 1
        else:
            found = re.compile(rb'[^";:,]*').match(line, place)
            value, place = found[0], found.end()
        params[key[0].decode()] = _param(value.decode("utf-8"))
    assert line[place : place + 1] == b":", line
    return head[0].decode(), params, line[place + 1 :].decode("utf-8")


def _param(value: str) -> str:
    said = {"^": "^", "n": "\n", "'": '"'}
    return re.sub(r"\^(.)", lambda found: said.get(found[1], found[0]), value)


def unescaped(value: str) -> str:
    """A TEXT value as it was meant; fails on an escape or sign the standard does not know."""
    meant, place = [], 0
    while place < len(value):
        each = value[place]
        assert each not in ";,", value
        if each == "\\":
            place += 1
            meant.append({"\\": "\\", ";": ";", ",": ",", "n": "\n", "N": "\n"}[value[place]])
        else:
            meant.append(each)
        place += 1
    return "".join(meant)
