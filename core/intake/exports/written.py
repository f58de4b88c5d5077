"""Dates, moments and amounts as other programs write them, read only where there is one reading.

3/4/2026 is two different days and 1.234 two different numbers. One row cannot say which; a whole
file often can (25/12/2026 settles it). Where it cannot, nothing is guessed: whoever imports says.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.intake.parsers import BadCell, parse_instant

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
PIVOT = 70
DAY_FIRST, MONTH_FIRST = "day-first", "month-first"
COMMA, POINT = "comma", "point"

_TIME = (
    r"(?:,?[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r"\s*([ap]\.?m\.?)?\s*(z|utc|gmt|[a-z]{3,5}|[+-]\d{2}:?\d{2})?)?"
)
_NUMBERS = re.compile(
    rf"(\d{{1,4}})([/.-])(\d{{1,2}})\2(\d{{1,4}}){_TIME}", re.IGNORECASE | re.ASCII
)
_DAY_NAMED = re.compile(
    rf"(\d{{1,2}})[ -]([a-z]{{3,9}})\.?[ ,-]+(\d{{2,4}}){_TIME}", re.IGNORECASE | re.ASCII
)
_MONTH_NAMED = re.compile(
    rf"([a-z]{{3,9}})\.? (\d{{1,2}}),? (\d{{4}}){_TIME}", re.IGNORECASE | re.ASCII
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{1,6}))?", re.ASCII)
_EPOCH = re.compile(r"\d{13}|\d{16}", re.ASCII)
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}|\.\d{6})?Z", re.ASCII)
_CLEAR = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

_CODE = re.compile(r"([A-Z]{3})\s*(?=[-(\d.,])|(?<=[\d.,)])\s*([A-Z]{3})\b")
_SIGNS = {"€": "EUR", "£": "GBP"}
_DIGITS = re.compile(r"[+-]?(?:\d[\d.,]*|[.,]\d+)", re.ASCII)
_THOUSANDS = {sign: re.compile(rf"\d{{1,3}}(?:\{sign}\d{{3}})+", re.ASCII) for sign in ",."}


@dataclass(frozen=True)
class Written:
    """A date as written, with its time and offset where they stand there."""

    day: date
    hour: int | None = None
    minute: int = 0
    second: int = 0
    fraction: str = ""
    offset: str = ""

    def moment(self, zone: ZoneInfo | None) -> datetime:
        """The moment in UTC; raises BadCell when it has no offset and no zone is given."""
        clock = f"{self.hour or 0:02}:{self.minute:02}:{self.second:02}"
        clock += f".{self.fraction}" if self.fraction else ""
        offset = "Z" if self.offset.lower() in {"utc", "gmt"} else self.offset
        return parse_instant(f"{self.day}T{clock}{offset}", zone)


def is_clear(cell: str) -> bool:
    """Whether a date is written the one way nobody can read otherwise."""
    return bool(_CLEAR.match(cell))


def is_utc(cell: str) -> bool:
    """Whether a moment is written in UTC just as we write it: most rows of most exports."""
    if not _UTC.fullmatch(cell) or not "1901" < cell < "2199":
        return False
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def order_said(cell: str) -> str:
    """Which order of day and month a date shows: one of the two, `?` for either, or nothing."""
    match = _NUMBERS.fullmatch(cell.strip())
    if match is None or match[2] == "." or len(match[1]) > 2:
        return ""
    first, second = int(match[1]), int(match[3])
    if first > 12 or second > 12:
        is_day = first > 12 >= second
        is_month = second > 12 >= first
        return DAY_FIRST if is_day else MONTH_FIRST if is_month else ""
    return "" if first == second else "?"


def read_date(cell: str, *, is_day_first: bool | None) -> Written:
    """A date in any of the known spellings; raises BadCell with what to write instead."""
    text = cell.strip()
    if _EPOCH.fullmatch(text):
        return _of_epoch(text)
    if match := _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second = map(int, match.groups()[:6])
        return _written(
            year, month, day, (str(hour), str(minute), str(second), match[7], None, "Z")
        )
    if match := _NUMBERS.fullmatch(text):
        return _of_numbers(match, is_day_first=is_day_first)
    if match := _DAY_NAMED.fullmatch(text):
        return _written(_year(match[3]), _month(match[2]), int(match[1]), match.groups()[3:])
    if match := _MONTH_NAMED.fullmatch(text):
        return _written(int(match[3]), _month(match[1]), int(match[2]), match.groups()[3:])
    raise BadCell("out_of_range" if re.match(r"\d{5,}-\d", text) else "not_a_date")


def _of_epoch(text: str) -> Written:
    """Milliseconds or microseconds since 1970, as interfaces write them."""
    seconds = int(text) // (1_000 if len(text) == 13 else 1_000_000)
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        raise BadCell("out_of_range") from None
    return Written(at.date(), at.hour, at.minute, at.second, offset="Z")


def _of_numbers(match: re.Match[str], *, is_day_first: bool | None) -> Written:
    first, sign, second, third = match[1], match[2], int(match[3]), match[4]
    time = match.groups()[4:]
    if len(first) == 4:
        return _written(int(first), second, int(third), time)
    if len(first) > 2 or len(third) not in {2, 4}:
        raise BadCell("not_a_date")
    one, year = int(first), _year(third)
    if sign == "." or is_day_first:
        return _written(year, second, one, time)
    if is_day_first is None and one != second:
        raise BadCell("ambiguous_date")
    return _written(year, one, second, time)


def _year(text: str) -> int:
    """Two digits mean 1970 to 2069."""
    if len(text) == 2:
        return int(text) + (2000 if int(text) < PIVOT else 1900)
    if len(text) != 4:
        raise BadCell("not_a_date")
    return int(text)


def _month(name: str) -> int:
    short = name[:3].lower()
    if short not in MONTHS:
        raise BadCell("not_a_date")
    return MONTHS.index(short) + 1


def _written(year: int, month: int, day: int, time: Iterable[str | None]) -> Written:
    hour, minute, second, fraction, half, offset = time
    if offset and offset.isalpha() and offset.lower() not in {"z", "utc", "gmt"}:
        offset = ""  # PST and its like are several zones' names: the zone must be given
    try:
        found = date(year, month, day)
    except ValueError:
        raise BadCell("not_a_date") from None
    if not 1900 <= year < 2200:
        raise BadCell("out_of_range")
    if hour is None:
        return Written(found)
    at = int(hour)
    if half:
        if not 1 <= at <= 12:
            raise BadCell("not_an_instant")
        at = at % 12 + (12 if half[0] in "pP" else 0)
    return Written(found, at, int(minute or 0), int(second or 0), fraction or "", offset or "")


@dataclass
class Evidence:
    """What a file's dates and amounts show about how they are written, gathered over all rows."""

    orders: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    decimals: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)

    def see_date(self, line: int, column: str, cell: str) -> None:
        """Take a date into account; the first line of each reading is remembered."""
        if not is_clear(cell) and (said := order_said(cell)):
            self.orders.setdefault(said, (line, column, cell))

    def see_amount(self, line: int, column: str, cell: str) -> None:
        """Take an amount into account."""
        if cell.isdigit():
            return
        if said := decimal_said(cell):
            self.decimals.setdefault(said, (line, column, cell))
        if found := currency_of(cell):
            self.currencies.add(found)


def _bare(cell: str) -> tuple[str, bool]:
    """The digits and separators of an amount, and whether it stood in brackets (below zero)."""
    text = _CODE.sub("", cell.strip())
    is_negative = text.startswith("(") and text.endswith(")")
    kept = []
    for sign in text.strip("()"):
        if unicodedata.category(sign) in {"Sc", "Zs"} or sign in "'’%\t":
            continue
        kept.append("-" if sign in "−–" else sign)
    bare = "".join(kept)
    if bare.endswith("-"):
        bare = f"-{bare[:-1]}"
    return bare, is_negative


def currency_of(cell: str) -> str:
    """The currency an amount names without doubt; a bare $ is many countries' sign."""
    match = _CODE.search(cell.strip())
    if match:
        return match[1] or match[2]
    return next((code for sign, code in _SIGNS.items() if sign in cell), "")


def decimal_said(cell: str) -> str:
    """Which sign before the decimals an amount shows: COMMA, POINT, `?,` or `?.`, or nothing."""
    bare, _negative = _bare(cell)
    digits = bare.lstrip("+-")
    signs = {sign for sign in ",." if sign in digits}
    if len(signs) == 2:
        return COMMA if digits.rfind(",") > digits.rfind(".") else POINT
    for sign in signs:
        other = POINT if sign == "," else COMMA
        own = COMMA if sign == "," else POINT
        if digits.count(sign) > 1:
            return other
        is_either = _THOUSANDS[sign].fullmatch(digits) and not digits.startswith("0")
        return f"?{sign}" if is_either else own
    return ""


def read_amount(cell: str, *, is_comma_decimal: bool | None) -> str:
    """An amount as digits with a point; raises BadCell, also where there are two readings."""
    bare, is_negative = _bare(cell)
    if not _DIGITS.fullmatch(bare):
        raise BadCell("not_a_number")
    digits = bare.lstrip("+-")
    said = decimal_said(cell)
    if said.startswith("?"):
        if is_comma_decimal is None:
            raise BadCell("ambiguous_number")
        said = COMMA if is_comma_decimal else POINT
    if said:
        point, group = (",", ".") if said == COMMA else (".", ",")
        whole, _point, part = digits.partition(point)
        if group in whole and not _THOUSANDS[group].fullmatch(whole):
            raise BadCell("not_a_number")
        if point in part or group in part:
            raise BadCell("not_a_number")
        digits = whole.replace(group, "") + (f".{part}" if part else "")
    is_below = is_negative or bare.startswith("-")
    return f"-{digits}" if is_below and digits.strip("0.") else digits
