"""What somebody said about a sent file, made ready: how it is read, and as whose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from core.errors import Invalid
from core.intake import look
from core.intake.exports.written import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from core.intake.kinds import Asked
from core.intake.look import Choice
from core.intake.registry import Registry
from core.intake.run import Progress
from core.intake.runner import run_import
from core.intake.summary import Summary
from core.intake.uploads import ready
from core.policy import Actor


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

    def run(
        self, actor: Actor, now: datetime, *, is_check: bool, progress: Progress | None = None
    ) -> Summary:
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
                actor=actor,
                now=now,
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
