"""Who may decide about fairness, until when one may object, and who is eligible and why (CONTESTS).

Cases 8, 33, 34. Pure: dates, roles and rows come in, words and answers go out.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from incentives.rules.contests import DISPUTE_WINDOW, State
from leaderboard.rules.standing import Member, Terms, asked_days, is_on_roster
from people.rules import PersonCalendar

# While a contest is in one of these, flags are raised and decided and claims are taken.
REVIEWED = frozenset({State.RUNNING, State.PAUSED, State.GRACE, State.COMPUTING, State.PROVISIONAL})
UNDECIDED = frozenset({"open", "held"})


class Tie(StrEnum):
    """What ties somebody to a contest, so that they decide nothing in it (case 34)."""

    AUTHOR = "author"
    ASKED = "asked"
    THEMSELVES = "themselves"
    IN_TEAM = "in_team"
    LEADS = "leads"


TIE_WORDS = {
    Tie.AUTHOR: "You launched this contest, so somebody else decides.",
    Tie.ASKED: "You raised this yourself, so somebody else decides.",
    Tie.THEMSELVES: "This is about you, so somebody else decides.",
    Tie.IN_TEAM: "You take part in this contest, so somebody else decides.",
    Tie.LEADS: "You lead a team in this contest, so somebody else decides.",
}


@dataclass(frozen=True)
class Stakes:
    """Who has something to win or to defend in a contest."""

    author_id: int | None
    takes_part: frozenset[int]
    leads: frozenset[int]


def tie_of(person_id: int | None, stakes: Stakes, *, about: int | None = None) -> Tie | None:
    """What ties a person to a contest, or to what is decided `about` somebody; None when free."""
    if person_id is None:
        return None
    if person_id == about:
        return Tie.THEMSELVES
    if person_id == stakes.author_id:
        return Tie.AUTHOR
    if person_id in stakes.takes_part:
        return Tie.IN_TEAM
    return Tie.LEADS if person_id in stakes.leads else None


def free_of(people: Iterable[int], stakes: Stakes, *, about: int | None = None) -> frozenset[int]:
    """Those of these people whom nothing ties."""
    return frozenset(each for each in people if tie_of(each, stakes, about=about) is None)


def gains(person_id: int | None, winners: Mapping[int, Collection[int]]) -> bool:
    """Whether somebody is among the people of a unit that wins money (unit -> its people)."""
    return person_id is not None and any(person_id in people for people in winners.values())


def needs_second_signer(
    *,
    author_id: int | None,
    approver_id: int | None,
    signer_id: int | None,
    winners: Mapping[int, Collection[int]],
) -> bool:
    """Case 34: whoever designed a contest wins money in it and nobody free of that has signed.

    A signature is the approval or the last step by a person; the clock signs nothing. `winners`
    holds reps and leads of the units that win money.
    """
    signed = [each for each in (approver_id, signer_id) if each is not None]
    designed = [each for each in (author_id, approver_id) if each is not None]
    if not any(gains(each, winners) for each in designed):
        return False
    return not any(each != author_id and not gains(each, winners) for each in signed)


# ---- until when ----------------------------------------------------------------------------------


def claims_until(grace_ends_at: datetime, closes_at: datetime) -> datetime:
    """A missing use may be claimed until the grace ends; nothing received later counts (C7)."""
    return min(grace_ends_at, closes_at)


def doubts_until(provisional_at: datetime | None) -> datetime | None:
    """A provisional result may be doubted until its window closes."""
    return None if provisional_at is None else provisional_at + DISPUTE_WINDOW


# ---- who is eligible -----------------------------------------------------------------------------


class Off(StrEnum):
    """Why a working day of the contest was no day of this rep for this team."""

    NOT_HIRED = "not_hired"
    LEFT = "left"
    NOT_ENABLED = "not_enabled"
    AWAY = "away"
    ELSEWHERE = "elsewhere"


OFF_WORDS = {
    Off.NOT_HIRED: "before the first day here",
    Off.LEFT: "after the last day here",
    Off.NOT_ENABLED: "without the tool",
    Off.AWAY: "away",
    Off.ELSEWHERE: "not on this team",
}


@dataclass(frozen=True)
class Eligibility:
    """One rep's standing in one unit: days that count, what is asked, and why not more (case 8)."""

    person_id: int
    unit_id: int
    available_days: int
    working_days: int
    asked_days: int
    on_roster: bool
    off: tuple[tuple[Off, int], ...] = ()

    @property
    def words(self) -> str:
        """The reason in a sentence."""
        if self.available_days == self.working_days:
            return "Here on every working day."
        parts = [
            f"{count} {'day' if count == 1 else 'days'} {OFF_WORDS[off]}" for off, count in self.off
        ]
        text = f"{', '.join(parts)}."
        return text if self.on_roster else f"{text} Here for less than half, so not on the roster."


def eligibility(
    terms: Terms, working: Collection[date], member: Member, calendar: PersonCalendar
) -> tuple[Eligibility, ...]:
    """One rep's eligibility in every unit they stood for on some date (METRICS P2-P5, C4, C5)."""
    rows = []
    for unit_id in sorted(set(member.unit_of.values())):
        off = Counter(
            reason
            for day in working
            if (reason := _reason_off(day, unit_id, member, calendar)) is not None
        )
        here = len(working) - off.total()
        rows.append(
            Eligibility(
                person_id=member.person_id,
                unit_id=unit_id,
                available_days=here,
                working_days=len(working),
                asked_days=asked_days(terms.target_days, here),
                on_roster=is_on_roster(here, len(working)),
                off=tuple((each, off[each]) for each in Off if off[each]),
            )
        )
    return tuple(rows)


def _reason_off(day: date, unit_id: int, member: Member, calendar: PersonCalendar) -> Off | None:
    """The first reason that holds: employment, the tool, an absence, another team."""
    if calendar.hired_on is not None and day < calendar.hired_on:
        return Off.NOT_HIRED
    if calendar.left_on is not None and day > calendar.left_on:
        return Off.LEFT
    if day not in member.current:
        return Off.NOT_ENABLED
    if day not in member.available:
        return Off.AWAY
    return Off.ELSEWHERE if member.unit_of.get(day) != unit_id else None


# ---- one result against the one before -----------------------------------------------------------


@dataclass(frozen=True)
class Shift:
    """A unit's place and score in a revision, and in the one before it."""

    unit: str
    rank: int | None
    was: int | None


def shifts(
    now: Iterable[tuple[str, int | None]], before: Mapping[str, int | None]
) -> tuple[Shift, ...]:
    """The units whose place differs from the revision before."""
    return tuple(
        Shift(unit, rank, before.get(unit))
        for unit, rank in now
        if unit not in before or before[unit] != rank
    )
