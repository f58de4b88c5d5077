"""What the page of a contest's difficult steps shows: what waits, who is left out, awards."""

from dataclasses import dataclass
from datetime import datetime

from core.db import db
from core.money import show
from incentives.models import Award, Contest, Disqualification
from incentives.queries import life
from incentives.rules.awards import IN_FORCE
from incentives.rules.exclusion import CODES
from leaderboard.models import Board
from leaderboard.queries import facts, reads, tables
from people import queries as people


@dataclass(frozen=True)
class Waiting:
    """A request for a second person as listed."""

    id: int
    words: str
    about: str
    reason: str
    asked_by: str
    asked_at: datetime
    is_own: bool


@dataclass(frozen=True)
class LeftOut:
    """Somebody left out at some time, with why and what became of it."""

    id: int
    who: str
    code: str
    reason: str
    decided_at: datetime
    is_restored: bool


@dataclass(frozen=True)
class AwardRow:
    """An award as listed, with what may be done with it."""

    id: int
    who: str
    title: str
    worth: str
    state: str
    because: str | None

    @property
    def is_given(self) -> bool:
        """It may be taken back."""
        return self.state in {state.value for state in IN_FORCE}

    @property
    def is_held(self) -> bool:
        """It may be released or dropped."""
        return self.state == "held"


def waiting(contest: Contest, person_id: int | None, words: dict[str, str]) -> tuple[Waiting, ...]:
    """Requests that wait, in the words of their verbs."""
    rows = life.open_seconds(contest.id)
    names = {
        ident: card.name for ident, card in people.cards([r.asked_by_id for r in rows]).items()
    }
    return tuple(
        Waiting(
            id=row.id,
            words=words.get(row.verb, row.verb),
            about=_about(row.terms),
            reason=row.reason,
            asked_by=names.get(row.asked_by_id, "Somebody"),
            asked_at=row.asked_at,
            is_own=row.asked_by_id == person_id,
        )
        for row in rows
    )


def _about(terms: dict[str, object]) -> str:
    """Whom or what a request is about."""
    person, team = terms.get("person_id"), terms.get("team_id")
    if isinstance(person, int):
        card = people.card(person)
        return card.name if card else ""
    if isinstance(team, int):
        return people.team_names([team]).get(team, "")
    return ""


def left_out(contest: Contest) -> tuple[LeftOut, ...]:
    """Everybody ever left out, oldest first."""
    rows = life.disqualifications(contest.id)
    cards = people.cards([row.person_id for row in rows if row.person_id is not None])
    teams = people.team_names([row.team_id for row in rows if row.team_id is not None])
    return tuple(
        LeftOut(
            id=row.id,
            who=_who(row, {ident: card.name for ident, card in cards.items()}, teams),
            code=CODES.get(row.code, row.code),
            reason=row.reason,
            decided_at=row.decided_at,
            is_restored=row.restored_at is not None,
        )
        for row in rows
    )


def _who(row: Disqualification, persons: dict[int, str], teams: dict[int, str]) -> str:
    if row.person_id is not None:
        return persons.get(row.person_id, "Somebody")
    return teams.get(row.team_id or 0, "A team")


def award_rows(contest: Contest) -> tuple[AwardRow, ...]:
    """Every award of the contest, by place, whatever became of it."""
    rows = life.awards_in(contest.id, ["granted", "announced", "held", "reversed", "rejected"])
    cards = people.cards([row.person_id for row in rows if row.person_id is not None])
    teams = people.team_names([row.team_id for row in rows if row.team_id is not None])
    return tuple(
        AwardRow(
            id=row.id,
            who=_recipient(row, {ident: card.name for ident, card in cards.items()}, teams),
            title=row.title,
            worth=show(row.amount_minor, row.currency) if row.amount_minor else "No money",
            state=row.state,
            because=row.held_because,
        )
        for row in rows
    )


def _recipient(award: Award, persons: dict[int, str], teams: dict[int, str]) -> str:
    if award.person_id is not None:
        return persons.get(award.person_id, "Somebody")
    return teams.get(award.team_id or 0, "")


def is_covered(contest: Contest, now: datetime) -> bool:
    """Whether everybody but who decides sees the snapshot at present (case 36)."""
    return reads.is_hidden(db.session.get_one(Board, contest.board_id), now)


@dataclass(frozen=True)
class Amended:
    """One amendment as everybody may read it: when, why, and each place that differs."""

    rev: int
    at: datetime
    reason: str
    places: tuple[tuple[str, int | None, int | None], ...]


def amendments(contest: Contest) -> tuple[Amended, ...]:
    """Every amendment of a final result with old and new places, the newest first (case 28)."""
    found = []
    names: dict[int, str] = {}
    for event in life.adjustments(contest.id):
        rev = int(event.key.rpartition(":")[2])
        before = {p.unit_id: p.rank for p in reads.frozen_places(contest.board_id, rev)}
        after = {p.unit_id: p.rank for p in reads.frozen_places(contest.board_id, rev + 1)}
        names = names or _names(contest, {*before, *after})
        moved = [u for u in {**before, **after} if before.get(u) != after.get(u)]
        moved.sort(key=lambda unit: (before.get(unit) is None, before.get(unit) or 0, unit))
        places = tuple((names.get(u) or "Not listed", before.get(u), after.get(u)) for u in moved)
        found.append(Amended(rev + 1, event.at, event.reason or "", places))
    return tuple(reversed(found))


def _names(contest: Contest, units: set[int]) -> dict[int, str]:
    spec = facts.spec_of(db.session.get_one(Board, contest.board_id))
    return reads.unit_names(spec, units)


def racing_names(contest: Contest) -> dict[int, str]:
    """The units of a contest with their names."""
    spec = facts.spec_of(db.session.get_one(Board, contest.board_id))
    return reads.unit_names(spec, tables.racing(spec))
