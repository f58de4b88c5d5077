"""What an amended result changes: places, prizes newly due, prizes not due any more (case 28)."""

from collections.abc import Collection
from dataclasses import dataclass

from incentives.rules.prizes import Win

# Why a final result is worked out anew, and whether what came after the closing counts then.
CAUSES = {
    "late": "Events came after the closing",
    "corrected": "Events were corrected after the closing",
    "roster": "A roster, a team or an absence was wrong",
    "left_out": "Somebody was left out or taken back in",
    "fraud": "Somebody made up what they scored with",
}
BY_EVENTS = frozenset({"late", "corrected"})
FRAUD = "fraud"


@dataclass(frozen=True)
class Given:
    """An award in force, as amending sees it."""

    award_id: int
    prize_id: int
    unit_id: int
    is_announced: bool


@dataclass(frozen=True)
class Revision:
    """What amending does to the awards: new wins, awards to take back, announced ones that stay."""

    new: tuple[Win, ...]
    taken_back: tuple[int, ...]
    kept: tuple[int, ...]


def revise(given: Collection[Given], wins: Collection[Win], cause: str) -> Revision:
    """Nobody loses a prize that was announced, except for fraud; what is due and not given is new.

    A prize that stays right is left alone.
    """
    due = {(win.prize_id, win.recipient_id) for win in wins}
    held = {(award.prize_id, award.unit_id) for award in given}
    wrong = [award for award in given if (award.prize_id, award.unit_id) not in due]
    may_stay = cause != FRAUD
    return Revision(
        new=tuple(win for win in wins if (win.prize_id, win.recipient_id) not in held),
        taken_back=tuple(a.award_id for a in wrong if not (may_stay and a.is_announced)),
        kept=tuple(a.award_id for a in wrong if may_stay and a.is_announced),
    )
