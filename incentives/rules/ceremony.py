"""How a ceremony goes: what is sealed until when, who is shown in which order, what a screen says.

Its life: planned (a rehearsal changes nothing), open, revealed; or released, where nobody held it.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from incentives.rules.contests import State

LOWEST_PLACE = 3
DIGITS = 16
GROUP = 4
NUMBER = re.compile(r"(A[1-9]\d*|R[1-9]\d*|P[1-9]\d*X[1-9]\d*)-([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})")


class Act(StrEnum):
    """How far a ceremony has come."""

    PLANNED = "planned"
    OPEN = "open"
    REVEALED = "revealed"
    RELEASED = "released"


SEALING = frozenset({Act.PLANNED, Act.OPEN})
# It is planned from approval on, and before the awards are given: later, everybody knows already.
PLANNABLE = frozenset(
    {
        State.SCHEDULED,
        State.RUNNING,
        State.PAUSED,
        State.GRACE,
        State.COMPUTING,
        State.PROVISIONAL,
    }
)


def seals(act: Act) -> bool:
    """Whether results stay hidden in this state of the ceremony."""
    return act in SEALING


def may_plan(contest: State, act: Act | None) -> bool:
    """Whether a ceremony may be planned, or a planned one moved."""
    return contest in PLANNABLE and act in {None, Act.PLANNED, Act.RELEASED}


def may_open(contest: State, act: Act) -> bool:
    """Only over a final result: what is shown has to be what was decided."""
    return contest in {State.FINAL, State.ARCHIVED} and act is Act.PLANNED


def is_forgotten(
    act: Act, planned_at: datetime, release_days: int, contest: State, now: datetime
) -> bool:
    """Whether the results open by themselves: nobody held it in time, or there is nothing to show.

    A contest that is still undecided then goes on as one without a ceremony.
    """
    is_late = now >= planned_at + timedelta(days=release_days)
    return seals(act) and (is_late or contest is State.CANCELLED)


class Kind(StrEnum):
    """For what somebody is shown; in the order in which they are."""

    SIDE = "side"
    GOAL = "goal"
    PLACE = "place"


ORDER = (Kind.SIDE, Kind.GOAL, Kind.PLACE)


@dataclass(frozen=True)
class Honour:
    """One thing to be shown: an award, or a place of the first three without one.

    `unit_id` is the row of the result; `person_id` is set where the award is a lead's own.
    """

    kind: Kind
    unit_id: int
    name: str
    place: int | None = None
    division: str | None = None
    award_id: int | None = None
    title: str = ""
    person_id: int | None = None


@dataclass(frozen=True)
class Screen:
    """One winner with everything they get for the same reason; `key` tells screens apart."""

    key: str
    kind: Kind
    unit_id: int
    name: str
    place: int | None
    division: str | None
    person_id: int | None
    award_ids: tuple[int, ...]
    titles: tuple[str, ...]


def screen_key(honour: Honour) -> str:
    """What makes two honours one screen: the same winner for the same reason."""
    reason = honour.kind.value
    if honour.kind is Kind.PLACE:
        reason = f"place:{honour.place}"
    elif honour.kind is Kind.SIDE:
        reason = f"side:{honour.award_id}"
    return f"{reason}:unit:{honour.unit_id}"


def screens(honours: Iterable[Honour]) -> tuple[Screen, ...]:
    """One winner a screen: side awards, then who reached the goal, then third, second, first.

    Those who share a place follow each other by name, each on a screen of their own.
    """
    grouped: dict[str, list[Honour]] = {}
    for honour in honours:
        grouped.setdefault(screen_key(honour), []).append(honour)
    found = [_screen(key, group) for key, group in grouped.items()]
    return tuple(sorted(found, key=_turn))


def _screen(key: str, group: Sequence[Honour]) -> Screen:
    first = group[0]
    awarded = [honour for honour in group if honour.award_id is not None]
    return Screen(
        key=key,
        kind=first.kind,
        unit_id=first.unit_id,
        name=first.name,
        place=first.place,
        division=first.division,
        person_id=first.person_id,
        award_ids=tuple(honour.award_id for honour in awarded if honour.award_id is not None),
        titles=tuple(honour.title for honour in awarded),
    )


def _turn(screen: Screen) -> tuple[int, int, str, str, str]:
    return (
        ORDER.index(screen.kind),
        -(screen.place or 0) if screen.kind is Kind.PLACE else 0,
        screen.division or "",
        screen.name,
        screen.key,
    )


def after_next(position: int, asked_from: int, screens_in_all: int) -> int:
    """Where a click on "next" leads. `asked_from` is the screen it was made on.

    A second click on the same screen, by another host or a bouncing remote, moves nothing.
    The last screen, behind all winners, says thank you.
    """
    return min(position + 1, screens_in_all + 1) if asked_from == position else position


def before(position: int, asked_from: int) -> int:
    """Where "back" leads; nobody is un-revealed by it."""
    return max(position - 1, 0) if asked_from == position else position


def certificate_number(subject: str, secret: bytes) -> str:
    """The number of a certificate: what it is for, and a signature nobody can guess (80 bits)."""
    return f"{subject}-{_signature(subject, secret)}"


def subject_of(number: str, secret: bytes) -> str | None:
    """What a certificate with this number is for; None when the number is not ours."""
    found = NUMBER.fullmatch(number.strip().upper())
    if found is None:
        return None
    subject, signature = found.groups()
    is_ours = hmac.compare_digest(signature, _signature(subject, secret))
    return subject if is_ours else None


def _signature(subject: str, secret: bytes) -> str:
    digest = hmac.new(secret, b"certificate:" + subject.encode(), hashlib.sha256).digest()
    text = base64.b32encode(digest).decode()[:DIGITS]
    return "-".join(text[start : start + GROUP] for start in range(0, DIGITS, GROUP))


REHEARSAL = screens(
    (
        Honour(Kind.SIDE, 5, "The Lighthouse", award_id=1, title="Most improved"),
        Honour(Kind.GOAL, 4, "The Orchard", award_id=2, title="Cake for the team"),
        Honour(Kind.PLACE, 3, "The Bakery", 3, award_id=3, title="Breakfast for the team"),
        Honour(Kind.PLACE, 2, "The Boathouse", 2, award_id=4, title="Lunch for the team"),
        Honour(Kind.PLACE, 1, "The Observatory", 1, award_id=5, title="Dinner for the team"),
    )
)
