"""Moments as files write them, a whole column at once.

Moments in ISO 8601 with seconds and an offset are read together; a column in which one is written
otherwise, or is none, is left to the careful way, cell by cell.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache

from core.calendars import FIRST_DAY, LAST_DAY

# A day's slack on both sides keeps every local date within the calendar's bounds.
FIRST_MOMENT = FIRST_DAY.replace(day=FIRST_DAY.day + 1).isoformat()
LAST_MOMENT = LAST_DAY.replace(day=LAST_DAY.day - 1).isoformat()

_CLOCK = r"\d\d\d\d-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3}(?:\d{3})?)?"
_OFFSET = r"(?:Z|[+-](?:(?:0\d|1[0-7]):[0-5]\d|18:00))"
# Possessive: a line that fits is never looked at again, so a column of any length needs no memory.
_IN_UTC = re.compile(rf"(?:{_CLOCK}(?:Z|\+00:00)\n)++", re.ASCII)
_ANYWHERE = re.compile(rf"(?:{_CLOCK}{_OFFSET}\n)++", re.ASCII)
_ONE = re.compile(_CLOCK + _OFFSET, re.ASCII)
_REST = {19: ".000000", 23: "000", 26: ""}
_TO_MINUTE = 16
# The least a moment and its line end take: to the second.
_WHOLE = 20


def stamp_of(moment: datetime) -> str:
    """An instant as both databases take it: UTC, a blank, microseconds, no offset."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def is_moment(written: str) -> bool:
    """Whether a moment needs no careful look, but for dates at the calendar's very ends."""
    return bool(_ONE.fullmatch(written)) and _is_sane(written[:10])


def stamps_of(written: list[str]) -> list[str] | None:
    """The stamps of moments, or None when one of them needs a careful look.

    None of the texts may hold a line end.
    """
    column = "\n".join([*written, ""])
    if _IN_UTC.fullmatch(column):
        bare = column.replace("T", " ").replace("Z\n", "\n").replace("+00:00\n", "\n")
        if len(bare) == _WHOLE * len(written):
            stamps = bare.replace("\n", ".000000\n").split("\n")[:-1]
        else:
            stamps = [moment + _REST[len(moment)] for moment in bare.split("\n")[:-1]]
    elif _ANYWHERE.fullmatch(column):
        try:
            stamps = _brought_to_utc(written)
        except (ValueError, OverflowError):
            return None
    else:
        return None
    return stamps if all(map(_is_sane, {stamp[:10] for stamp in stamps})) else None


def _brought_to_utc(written: list[str]) -> list[str]:
    """Stamps of moments of any offset: each minute and offset that occurs is worked out once."""
    minutes: dict[str, str] = {}
    stamps: list[str] = []
    for moment in written:
        end = -1 if moment[-1] == "Z" else -6
        minute = moment[:_TO_MINUTE] + moment[end:]
        start = minutes.get(minute)
        if start is None:
            in_utc = datetime.fromisoformat(minute).astimezone(UTC)
            start = minutes[minute] = in_utc.strftime("%Y-%m-%d %H:%M")
        bare = start + moment[_TO_MINUTE:end]
        stamps.append(bare + _REST[len(bare)])
    return stamps


@lru_cache(maxsize=10_000)
def _is_sane(day: str) -> bool:
    """Whether there is such a date and it lies within the calendar's bounds."""
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return FIRST_MOMENT <= day < LAST_MOMENT
