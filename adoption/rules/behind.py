"""Which reps stand behind a number of the adoption page."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from adoption.rules.lifecycle import Phase
from adoption.rules.picture import RepWeeks, back_in, phase_at
from adoption.rules.states import AdoptionState, Day60


class Step(StrEnum):
    """The steps from having the tool to using it; the next one is the state `sustained`."""

    HERE = "here"
    OPENED = "opened"
    USED = "used"
    ACTIVE = "active"


class Basis(StrEnum):
    """What makes a cohort: the week of the first use, or the month in which one could begin."""

    FIRST_USE = "first_use"
    START = "start"


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What was asked about; every part that is given narrows the list.

    `week` names the week of `phase`; `basis`, `cohort` and `period` go together.
    """

    state: AdoptionState | None = None
    step: Step | None = None
    is_near: bool = False
    day60: Day60 | None = None
    active_days: int | None = None
    team: str | None = None
    channel: str | None = None
    phase: Phase | None = None
    week: date | None = None
    basis: Basis | None = None
    cohort: date | None = None
    period: int | None = None

    @property
    def asks_weeks(self) -> bool:
        """Whether a rep's weeks must be looked at, not only how they stand now."""
        return self.phase is not None or self.cohort is not None


def start_cohort(start_day: date, launch_on: date) -> tuple[date, date]:
    """The month a rep belongs to, and the day they could begin: their start, or a later launch."""
    begun = max(start_day, launch_on)
    return begun.replace(day=1), begun


def has_phase(weeks: RepWeeks, index: int, phase: Phase) -> bool:
    """Whether the week was that to the rep (METRICS U4)."""
    return index >= 0 and phase_at(weeks, index) is phase


def came_back(weeks: RepWeeks, begin: int, period: int | None) -> tuple[bool, bool | None]:
    """Whether a member of a cohort is counted in a period, and whether they were back in it (U5).

    Without a period every member is, and nothing is said about a return.
    """
    if period is None:
        return True, None
    back = back_in(weeks, begin, period)
    return back is not None, back
