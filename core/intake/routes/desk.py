"""What the pages of imports share: the blueprint, what a form said, running what was chosen."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, current_app, request
from flask_login import current_user

from core.clock import now
from core.errors import Invalid, NotAllowed
from core.guards import current_actor
from core.intake import listing, look
from core.intake.exports.written import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from core.intake.kinds import Asked
from core.intake.look import Choice
from core.intake.problems import shown
from core.intake.registry import Registry
from core.intake.runner import Progress, run_import
from core.intake.summary import Summary
from core.intake.uploads import ready
from core.policy import rule_for

blueprint = Blueprint("intake", __name__)

LARGEST_UPLOAD = 60 << 20
FRESH = timedelta(minutes=10)
DATES = (
    ("", "As the file shows"),
    (DAY_FIRST, "Day first: 25/12"),
    (MONTH_FIRST, "Month first: 12/25"),
)
DECIMALS = (("", "As the file shows"), (POINT, "A point: 1,234.50"), (COMMA, "A comma: 1.234,50"))
SAID = ("what", "programme", "time_zone", "dates", "decimal", "words")
LONGEST_SAID = 4_000
MOST_SAID = 400


def page_number() -> int:
    """Which page of a list the address asks for."""
    written = request.args.get("page", "1")
    is_number = written.isascii() and written.isdigit() and len(written) < 7
    return max(int(written), 1) if is_number else 1


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


def refuse_stale_sign_in(action: str) -> None:
    """Whoever may change many records must have signed in within ten minutes (TRUST, +f)."""
    if not rule_for(current_actor(), action).needs_fresh_sign_in:
        return
    signed_in_at = getattr(current_user, "signed_in_at", None)
    if signed_in_at is None or now() - signed_in_at > FRESH:
        raise NotAllowed(
            "You signed in a while ago.",
            code="sign_in_again",
            fix="Sign out and in again, then go on here: it may change many records at once.",
        )


def _zone(name: str) -> ZoneInfo | None:
    if not name:
        return None
    if name not in available_timezones():
        raise Invalid(
            "There is no such time zone.", field="time_zone", fix="Write it like Europe/Berlin."
        )
    return ZoneInfo(name)


@dataclass(frozen=True)
class Order:
    """A file with everything that is said about it, ready to be looked at or taken in."""

    path: Path
    label: str
    choice: Choice
    given: Mapping[str, str]
    found: Registry
    programme_id: int | None
    is_programme_given: bool
    asked: Asked

    def run(self, *, is_check: bool, progress: Progress | None = None) -> Summary:
        """Take the file in, or only check it. Raises Invalid when the choice is not complete."""
        preset = look.preset_of(self.choice, self.given, self.found)
        kind = None if preset else look.kind_of(self.choice, self.found).name
        with ready(self.path, preset) as path:
            return run_import(
                [path],
                kinds=self.found.kinds,
                followers=self.found.followers,
                programme_id=self.programme_id,
                programme_given=self.is_programme_given,
                as_kind=kind,
                preset=preset,
                time_zone=self.asked.time_zone,
                dry_run=is_check,
                actor=current_actor(),
                now=now(),
                labels={path: self.label},
                asked=self.asked,
                progress=progress,
            )

    def preview(self) -> look.Preview:
        """The first rows as they would be read."""
        return look.preview(self.path, self.choice, self.given, self.found, self.asked)


def order(path: Path, label: str, given: Mapping[str, str], found: Registry) -> Order:
    """What a form says about a file. Raises Invalid naming the field that does not do.

    What a saved mapping says holds where the form says nothing.
    """
    choice = Choice.of(given.get("what", ""))
    said_before = look.said_by(choice, found)
    told = {**said_before, **{name: value for name, value in given.items() if value}}
    slug = told.get("programme") or None
    is_text = slug is None or slug.isprintable()
    programme_id = found.find_programme(slug) if is_text else None
    if slug is not None and programme_id is None:
        raise Invalid("There is no such programme.", field="programme")
    dates, decimal = told.get("dates", ""), told.get("decimal", "")
    asked = found.asked(
        programme_id,
        time_zone=_zone(told.get("time_zone", "").strip()),
        is_day_first=dates == DAY_FIRST if dates in {DAY_FIRST, MONTH_FIRST} else None,
        is_comma_decimal=decimal == COMMA if decimal in {POINT, COMMA} else None,
        words=look.words_in(told.get("words", "")),
        label=label,
    )
    return Order(path, label, choice, told, found, programme_id, slug is not None, asked)


@contextmanager
def removed_after(path: Path) -> Iterator[Path]:
    """A temporary file that does not stay."""
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
