"""What a team's week came to, and why a rep's week went without a talk."""

from dataclasses import dataclass
from enum import StrEnum


class LoopOutcome(StrEnum):
    """The verdict on a team's week. Only kept and skipped ones enter a rate."""

    KEPT = "kept"
    SKIPPED = "skipped"
    NOTHING_MISSED = "nothing_missed"
    EXCUSED = "excused"
    SYSTEM = "system"


class MissedBy(StrEnum):
    """Why a rep's week ended without a next step."""

    MANAGER = "manager"
    NOT_PICKED = "not_picked"
    SYSTEM = "system"


RATED = frozenset({LoopOutcome.KEPT, LoopOutcome.SKIPPED})


@dataclass(frozen=True)
class LoopFacts:
    """A team's week at its end.

    `could_coach` counts reps with a moment to pick and no next step still waiting for its day;
    `reviews` of the manager fell on days of the week, `reviews_missed` ran out in it. `is_away`:
    on leave on every working day, without a deputy. `is_late`: the number came after the set day.
    """

    coached: int = 0
    could_coach: int = 0
    reviews: int = 0
    reviews_missed: int = 0
    is_away: bool = False
    is_late: bool = False


def outcome_of(facts: LoopFacts) -> LoopOutcome:
    """Kept with one rep coached and no review missed; an excuse only speaks where it was not."""
    if facts.coached and not facts.reviews_missed:
        return LoopOutcome.KEPT
    if facts.is_late:
        return LoopOutcome.SYSTEM
    if facts.is_away:
        return LoopOutcome.EXCUSED
    if not facts.coached and not facts.could_coach and not facts.reviews_missed:
        return LoopOutcome.NOTHING_MISSED
    return LoopOutcome.SKIPPED


def missed_by(facts: LoopFacts, *, had_moments: bool) -> MissedBy:
    """Whose omission a rep's week without a talk is; nobody's where nothing could be picked."""
    if facts.coached:
        return MissedBy.NOT_PICKED
    if facts.is_late:
        return MissedBy.SYSTEM
    if facts.is_away or not had_moments:
        return MissedBy.NOT_PICKED
    return MissedBy.MANAGER
