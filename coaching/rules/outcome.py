"""What a next step came to: the rep's next chance after the talk, as the data tells it.

A chance counts once its verdict stands. What was closed before it fell due, or is not due yet, was
no chance; without any, the review is neither for nor against anybody.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum

from adoption.rules.occasions import Occasion


class Outcome(StrEnum):
    """What the review found."""

    DONE = "done"
    NOT_DONE = "not_done"
    NO_CHANCE = "no_chance"


class Proof(StrEnum):
    """Whether the data says so or somebody does."""

    EVENT = "event"
    STATEMENT = "statement"


def is_decided(occasion: Occasion, today: date) -> bool:
    """Whether an occasion's verdict stands on a date: in time, or missed with its due day over."""
    if occasion.is_on_time:
        return True
    return occasion.is_missed and occasion.due is not None and occasion.due < today


def next_chance(found: Iterable[Occasion], after: datetime, today: date) -> Occasion | None:
    """The first occasion that fired after the talk and whose verdict stands."""
    later = [one for one in found if one.opener.fired_at > after and is_decided(one, today)]
    return min(later, key=lambda one: (one.opener.fired_at, one.opener.key), default=None)


def outcome_of(chance: Occasion | None) -> Outcome:
    """The verdict on the next step."""
    if chance is None:
        return Outcome.NO_CHANCE
    return Outcome.DONE if chance.is_on_time else Outcome.NOT_DONE


def evidence_of(chance: Occasion | None) -> list[dict[str, object]]:
    """The facts behind a verdict, as plain values that can be read again."""
    if chance is None:
        return []
    acted_on = chance.episode.acted_on
    return [
        {
            "signal_key": chance.opener.key,
            "deal_key": chance.opener.deal_key,
            "status": chance.status.value,
            "fired_on": chance.opener.fired_on.isoformat(),
            "due_on": chance.due.isoformat() if chance.due else None,
            "acted_on": acted_on.isoformat() if acted_on else None,
        }
    ]
