"""The window and the split a reader asks the comparison for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from reports.rules import UseRule

DAY = timedelta(days=1)
LONGEST = 366 * DAY
SHORTEST = 28 * DAY


@dataclass(frozen=True)
class Asked:
    """A window [start, end), how to split it, and what was wrong with what was asked."""

    start: date
    end: date
    rule: UseRule
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def last_day(self) -> date:
        """The last day of the window."""
        return self.end - DAY


def read(given: Mapping[str, str], usual: tuple[date, date], launch_on: date, today: date) -> Asked:
    """The asked window, its last day included, or the usual one with what was wrong."""
    rule = given.get("rule", "")
    chosen = UseRule(rule) if rule in set(UseRule) else UseRule.ANY
    texts = given.get("start", ""), given.get("last", "")
    if not any(texts):
        return Asked(*usual, chosen)
    problems: dict[str, str] = {}
    start = _day(texts[0], "start", usual[0], problems)
    end = _day(texts[1], "last", usual[1] - DAY, problems) + DAY
    if not problems:
        problems = _refusals(start, end, launch_on, today)
    return Asked(*usual, chosen, problems) if problems else Asked(start, end, chosen)


def _day(text: str, name: str, usual: date, problems: dict[str, str]) -> date:
    if not text:
        return usual
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems[name] = "Give a date such as 2026-08-01."
        return usual


def _refusals(start: date, end: date, launch_on: date, today: date) -> dict[str, str]:
    """METRICS V4 needs a window after the launch; T6 one that is over."""
    if start < launch_on:
        return {"start": f"Start on the launch day, {launch_on}, or later."}
    if end > today:
        return {"last": "The last day must be over."}
    if end - start < SHORTEST:
        return {"last": "Give at least 28 days: deals are too rare for less."}
    if end - start > LONGEST:
        return {"last": "Give at most a year."}
    return {}
