"""What the pages of imports share: the blueprint, what a form said, running what was chosen."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath

from flask import Blueprint, current_app, request

from core.intake import listing
from core.intake.exports.written import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from core.intake.problems import shown

blueprint = Blueprint("intake", __name__)

LARGEST_UPLOAD = 60 << 20
DATES = (
    ("", "As the file shows"),
    (DAY_FIRST, "Day first: 25/12"),
    (MONTH_FIRST, "Month first: 12/25"),
)
DECIMALS = (("", "As the file shows"), (POINT, "A point: 1,234.50"), (COMMA, "A comma: 1.234,50"))
SAID = ("what", "programme", "time_zone", "dates", "decimal", "words")
FIRST_YEAR, LAST_YEAR = 1970, 2200
LONGEST_SAID = 4_000
MOST_SAID = 400


def page_number() -> int:
    """Which page of a list the address asks for."""
    written = request.args.get("page", "1")
    is_number = written.isascii() and written.isdigit() and len(written) < 7
    return max(int(written), 1) if is_number else 1


def moment_of(written: str) -> datetime | None:
    """A moment an address names; None for what is none."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    is_sane = found.tzinfo is not None and FIRST_YEAR <= found.year < LAST_YEAR
    return found if is_sane else None


def pages_of(total: int) -> int:
    """How many pages a list has."""
    return max(1, -(-total // listing.PAGE_SIZE))


def programmes() -> list[tuple[str, str]]:
    """Every programme by slug."""
    every = current_app.extensions["pennant"]["programmes"].all_programmes()
    return [(programme.slug, programme.name) for programme in every]


def said() -> dict[str, str]:
    """What the form says about the file, within bounds."""
    given = {
        name: value[:LONGEST_SAID]
        for name, value in request.form.items()
        if name in SAID or name.partition(":")[0] in {"from", "by", "always"}
    }
    return {name: value for name, value in list(given.items())[:MOST_SAID] if value}


def bare_name(name: str) -> str:
    """An upload's name without any path, fit to be shown."""
    return shown(PurePosixPath(name.replace("\\", "/")).name)


@contextmanager
def removed_after(path: Path) -> Iterator[Path]:
    """A temporary file that does not stay."""
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
