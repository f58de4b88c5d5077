"""Reading from an address which reps are asked about."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar

from adoption.rules import AdoptionState, Day60, Phase
from adoption.rules.behind import Basis, Behind, Step
from core.errors import Invalid
from core.figures import read_day

Choice = TypeVar("Choice", bound=StrEnum)
LONGEST = 200
MOST_PERIODS = 2_000


def read_behind(given: Mapping[str, str]) -> Behind:
    """What an address asks for; raises Invalid naming the part that says nothing known."""
    cohort = _day(given, "cohort")
    return Behind(
        state=_choice(AdoptionState, given, "state"),
        step=_choice(Step, given, "step"),
        is_near=given.get("near") == "1",
        day60=_choice(Day60, given, "day60"),
        active_days=_number(given, "active_days", 28),
        team=_text(given, "team"),
        channel=_text(given, "channel"),
        phase=_choice(Phase, given, "phase"),
        week=_day(given, "week"),
        basis=_choice(Basis, given, "basis") or (Basis.FIRST_USE if cohort else None),
        cohort=cohort,
        period=_number(given, "period", MOST_PERIODS),
    )


def read_page(given: Mapping[str, str]) -> int:
    """Which page of a list is asked for; the first where nothing sensible is."""
    text = given.get("page", "1")
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _choice(kind: type[Choice], given: Mapping[str, str], name: str) -> Choice | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        fix = f"It is one of: {', '.join(kind)}."
        raise Invalid(f"{name} is not {text[:40]!r}.", field=name, fix=fix) from None


def _day(given: Mapping[str, str], name: str) -> date | None:
    text = given.get(name, "")
    return read_day(name, text) if text else None


def _number(given: Mapping[str, str], name: str, most: int) -> int | None:
    text = given.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= most):
        raise Invalid(f"{name} must be a number from 0 to {most}.", field=name)
    return int(text)


def _text(given: Mapping[str, str], name: str) -> str | None:
    text = given.get(name)
    if text is None:
        return None
    if len(text) > LONGEST or "\x00" in text:
        raise Invalid(f"{name} is too long or holds signs no name has.", field=name)
    return text
