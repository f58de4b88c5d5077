"""Standings and explanations in the words of CONTRACT 6, for the API and the terminal alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.db import db
from incentives.models import Contest
from incentives.rules.contests import State
from leaderboard.metrics import tie_lines
from leaderboard.models import Board
from leaderboard.queries import entries, facts, history, reads, tables
from leaderboard.queries.entries import instant, plain
from leaderboard.queries.reads import Place, Table
from leaderboard.rules.standing import MemberScore
from leaderboard.rules.units import TieBreak, UnitKind
from programme import queries as programmes

REASONS = entries.REASONS
"""Why an entry counted or not, in words."""


@dataclass(frozen=True)
class Reader:
    """For whom a document is made: their person, whether a display freeze holds for them, and
    whether they read every row of a board of persons.
    """

    person_id: int | None = None
    sees_through_freeze: bool = False
    sees_everybody: bool = True


def board_of(contest: Contest) -> Board:
    """The contest's board."""
    return db.session.get_one(Board, contest.board_id)


def table_for(contest: Contest, reader: Reader, *, as_of: datetime | None, now: datetime) -> Table:
    """The table this reader sees: the result, the snapshot, the live rows, or an instant's."""
    through = reader.sees_through_freeze
    return history.shown(board_of(contest), sees_through=through, as_of=as_of, now=now)


def place_called(contest: Contest, table: Table, name: str) -> Place | None:
    """The row asked for by its unit's name, a person's also by the files' person_id."""
    return reads.place_called(board_of(contest), table.places, name)


def ties_of(contest: Contest, place: Place) -> tuple[tuple[str, str], ...]:
    """What parts a row from its equals where the contest declared anything (case 20)."""
    return tie_lines([TieBreak(each) for each in board_of(contest).tie_break], place.tie)


def heading(contest: Contest) -> dict[str, object]:
    """What every contest document begins with."""
    return {
        "contest": contest.slug,
        "title": contest.title,
        "state": contest.state,
        "mode": str(contest.terms.get("mode", "participation")),
        "unit": str(contest.terms.get("unit", "team")),
        "start": contest.starts_on.isoformat(),
        "end": contest.last_on.isoformat(),
        "time_zone": programmes.by_id(contest.programme_id).time_zone,
        "rules_hash": contest.rules_hash,
    }


def details(contest: Contest) -> dict[str, object]:
    """The terms a contest is held to and its official instants."""
    return {
        "terms": contest.terms,
        "starts_at": instant(contest.starts_at),
        "ends_at": instant(contest.ends_at),
        "grace_ends_at": instant(contest.grace_ends_at),
        "provisional_at": instant(contest.provisional_at) if contest.provisional_at else None,
        "final_at": instant(contest.final_at) if contest.final_at else None,
        "result_hash": contest.result_hash,
    }


def standings(
    contest: Contest, reader: Reader, *, as_of: datetime | None, now: datetime
) -> dict[str, object]:
    """CONTRACT 6: rows by rank, then the unranked by name; `me` for a rep who takes part."""
    table = table_for(contest, reader, as_of=as_of, now=now)
    return heading(contest) | {
        "frozen": table.is_frozen,
        "provisional": contest.state == State.PROVISIONAL,
        "as_of": instant(now if as_of is None else as_of),
        "rows": [_row(place) for place in _rows_for(contest, reader, table)],
        "me": _me(contest, reader, table, as_of),
    }


def _rows_for(contest: Contest, reader: Reader, table: Table) -> tuple[Place, ...]:
    """All rows; of a board of persons only the podium and one's own neighbourhood (C10)."""
    if reader.sees_everybody or board_of(contest).unit != UnitKind.PERSON:
        return table.places
    return reads.personal(table.places, reader.person_id)


def _row(place: Place) -> dict[str, object]:
    own: dict[str, object] = {} if place.division is None else {"division": place.division}
    if place.improvement is not None:
        own["improvement"] = plain(place.improvement)
    return own | {
        "unit": place.unit,
        "rank": place.rank,
        "score": plain(place.score),
        "points": plain(place.points),
        "headcount": plain(place.headcount),
        "roster": place.roster,
        "participants": place.participants,
        "ranked": place.ranked,
        "reason": place.reason,
    }


def _me(
    contest: Contest, reader: Reader, table: Table, as_of: datetime | None
) -> dict[str, object] | None:
    """The reader's own part; their own numbers are never hidden from themselves (case 36)."""
    if reader.person_id is None:
        return None
    score = own_score(contest, reader.person_id, as_of)
    if score is None:
        return None
    place = next((row for row in table.places if row.unit_id == score.unit_id), None)
    return {
        "unit": place.unit if place else None,
        "rank": place.rank if place else None,
        "score": plain(place.score) if place else None,
        "points": plain(score.points),
        "active_days": score.active_days,
        "asked_days": score.asked_days,
        "available_days": score.available_days,
        "on_roster": score.on_roster,
        "met": score.met,
    }


def own_score(contest: Contest, person_id: int, as_of: datetime | None) -> MemberScore | None:
    """A rep's part in the team they were available on most; None when they take no part."""
    board = board_of(contest)
    if as_of is None and reads.is_current(board):
        mine = reads.member_scores_of(contest.board_id, person_id)
    else:
        until = board.closes_at if as_of is None else min(as_of, board.closes_at)
        mine = tables.scores_of_person(facts.spec_of(board), person_id, until)
    return max(mine, key=lambda score: (score.available_days, score.unit_id), default=None)


def explanation(
    contest: Contest, place: Place, *, as_of: datetime, with_names: bool
) -> dict[str, object]:
    """The entries behind a team's score, each with its reason; names for its own people only."""
    board = board_of(contest)
    found = entries.opened(board, place.unit_id, as_of=as_of, with_names=with_names)
    return heading(contest) | {
        "as_of": instant(as_of),
        "closes_at": instant(board.closes_at),
        "working_days": facts.spec_of(board).terms.working_days,
        "rules": board.rules,
        **_row(place),
        "rank_score": plain(place.rank_score),
        "people": list(found),
    }


def with_tallies(document: Mapping[str, object]) -> list[dict[str, object]]:
    """The people of an explanation, each with what became of their events in one sentence."""
    found = document["people"]
    people = found if isinstance(found, list) else []
    return [person | {"tally": entries.tally(person)} for person in people]


def explanation_lines(document: Mapping[str, object]) -> list[str]:
    """An explanation as lines for a terminal."""
    lines = []
    found = document["people"]
    for person in found if isinstance(found, list) else []:
        lines.append(
            f"{person['person']}: {person['active_days']} of {person['asked_days']} days asked, "
            f"{person['points']} points"
        )
        lines += [
            f"    {entry['day']} {entry['kind']:20} {entry['points']:>6}  {entry['reason']}"
            for entry in person["entries"]
        ]
    return lines
