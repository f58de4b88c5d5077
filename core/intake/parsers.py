r"""Parsers of single cells: text in, value out, or BadCell with a code of the fixed list.

They are strict on purpose: whatever Python or a database would quietly accept and damage
("now", NaN, 1_000, year 99999, ٣) is refused here (TRUST W9, W10).
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from core.intake.problems import CODES

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
LARGEST_INTEGER = 2**53 - 1

_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_BLANKS = re.compile(r"\s+")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FAR_YEAR = re.compile(r"[+-]?\d{5,}-\d\d", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r" ?(Z|z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_INTEGER = re.compile(r"[+-]?\d{1,30}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})", re.ASCII)
_LOCAL = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"{_LOCAL}(?:\.{_LOCAL})*@(?:{_LABEL}\.)+{_LABEL}", re.ASCII)

_YES = frozenset({"true", "yes", "y", "t", "1"})
_NO = frozenset({"false", "no", "n", "f", "0"})


class BadCell(ValueError):
    """A cell that cannot be used; `code` is in the fixed list."""

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        known = CODES[code]
        self.message = message or f"{known.message} {known.fix}"


@dataclass(frozen=True)
class Context:
    """What parsing may depend on: the zone for moments written without one."""

    time_zone: ZoneInfo | None = None


Value_co = TypeVar("Value_co", covariant=True)
Parser = Callable[[str, Context], Value_co]


def shape_of(parser: Parser[object]) -> str:
    """What a parser reads: day, instant, decimal, integer, boolean, or text."""
    shape: str = parser.__dict__.get("shape", "text")
    return shape


def _shaped(parser: Parser[Value_co], shape: str) -> Parser[Value_co]:
    parser.__dict__["shape"] = shape
    return parser


def text(longest: int = 200) -> Parser[str]:
    """Text in one line, in composed form, blanks squeezed; at most `longest` characters."""

    def parse(cell: str, _context: Context) -> str:
        if cell.isascii() and cell.isprintable():
            clean = " ".join(cell.split()) if "  " in cell else cell.strip()
        elif _CONTROL.search(cell):
            raise BadCell("bad_character")
        else:
            clean = _BLANKS.sub(" ", unicodedata.normalize("NFC", cell)).strip()
        if len(clean) > longest:
            raise BadCell(
                "too_long", f"The cell has {len(clean)} characters; {longest} are allowed."
            )
        return clean

    return parse


def email() -> Parser[str]:
    """An address in lower case. A strict rule of our own: parsers of mail headers guess."""

    def parse(cell: str, _context: Context) -> str:
        address = cell.strip().lower()
        local, _at, _domain = address.partition("@")
        if len(address) > 254 or len(local) > 64 or not _EMAIL.fullmatch(address):
            raise BadCell("not_an_email")
        return address

    return parse


def day(earliest: date = EARLIEST, latest: date = LATEST) -> Parser[date]:
    """A date written YYYY-MM-DD, between two dates."""

    def parse(cell: str, _context: Context) -> date:
        written = cell.strip()
        if not _DAY.fullmatch(written):
            raise BadCell("out_of_range" if _FAR_YEAR.match(written) else "not_a_date")
        try:
            found = date.fromisoformat(written)
        except ValueError:
            raise BadCell("not_a_date") from None
        if not earliest <= found <= latest:
            raise BadCell(
                "out_of_range",
                f"The date must lie between {earliest} and {latest}. Check the year.",
            )
        return found

    return _shaped(parse, "day")


def instant() -> Parser[datetime]:
    """A moment in ISO 8601, in UTC; without an offset only where the context has a zone."""

    def parse(cell: str, context: Context) -> datetime:
        return parse_instant(cell, context.time_zone)

    return _shaped(parse, "instant")


def parse_instant(cell: str, zone: ZoneInfo | None = None) -> datetime:
    """One moment in UTC (METRICS T1), cut to microseconds. Raises BadCell."""
    written = cell.strip()
    match = _INSTANT.fullmatch(written)
    if match is None:
        raise BadCell("out_of_range" if _FAR_YEAR.match(written) else "not_an_instant")
    day_text, hour, minute, second, fraction, offset = match.groups()
    try:
        found = datetime.fromisoformat(day_text).replace(
            hour=int(hour or 0),
            minute=int(minute or 0),
            second=int(second or 0),
            microsecond=int((fraction or "")[:6].ljust(6, "0")),
        )
    except ValueError:
        raise BadCell("not_an_instant") from None
    if not EARLIEST < found.date() < LATEST:
        raise BadCell("out_of_range")
    if hour is None and offset is not None:
        raise BadCell("not_an_instant")
    return _at_offset(found, offset) if offset else _in_zone(found, zone)


def _at_offset(found: datetime, offset: str) -> datetime:
    if offset in "Zz":
        return found.replace(tzinfo=UTC)
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if hours > 18 or minutes > 59:
        raise BadCell("not_an_instant")
    shift = timedelta(hours=hours, minutes=minutes)
    return (found - shift if offset[0] == "+" else found + shift).replace(tzinfo=UTC)


def _in_zone(found: datetime, zone: ZoneInfo | None) -> datetime:
    """A local time in UTC; of an hour that happens twice, the first."""
    if zone is None:
        raise BadCell("naive_instant")
    moment = found.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != found:
        raise BadCell("no_such_local_time")
    return moment


def integer(low: int = -LARGEST_INTEGER, high: int = LARGEST_INTEGER) -> Parser[int]:
    """A whole number in ASCII digits, within bounds."""

    def parse(cell: str, _context: Context) -> int:
        written = cell.strip()
        if not _INTEGER.fullmatch(written):
            if re.fullmatch(r"[+-]?\d{31,}", written, re.ASCII):
                raise BadCell("out_of_range")
            raise BadCell("not_an_integer")
        number = int(written)
        if not low <= number <= high:
            raise BadCell("out_of_range", f"The number must lie between {low} and {high}.")
        return number

    return _shaped(parse, "integer")


def decimal(
    low: Decimal = Decimal("-1e15"), high: Decimal = Decimal("1e15"), places: int = 6
) -> Parser[Decimal]:
    """A number with a decimal point, within bounds and with at most so many places."""

    def parse(cell: str, _context: Context) -> Decimal:
        written = cell.strip()
        if not _DECIMAL.fullmatch(written):
            raise BadCell("not_a_number")
        number = Decimal(written)
        if not low <= number <= high:
            raise BadCell("out_of_range", f"The number must lie between {low:f} and {high:f}.")
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            raise BadCell("out_of_range", f"At most {places} decimal places are kept. Round it.")
        return number

    return _shaped(parse, "decimal")


def boolean() -> Parser[bool]:
    """true/false, yes/no, 1/0 in any case."""

    def parse(cell: str, _context: Context) -> bool:
        word = cell.strip().lower()
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise BadCell("not_a_boolean")

    return _shaped(parse, "boolean")


def choice(*words: str) -> Parser[str]:
    """One of the words, in any case; a blank or hyphen counts as the underscore."""
    allowed = frozenset(words)

    def parse(cell: str, _context: Context) -> str:
        word = cell.strip().lower().replace(" ", "_").replace("-", "_")
        if word not in allowed:
            raise BadCell("not_a_choice", f"Use one of: {', '.join(words)}.")
        return word

    return parse


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone() -> Parser[str]:
    """The name of a time zone of the IANA list."""

    def parse(cell: str, _context: Context) -> str:
        name = cell.strip()
        if name not in _zones():
            raise BadCell("unknown_time_zone")
        return name

    return parse
