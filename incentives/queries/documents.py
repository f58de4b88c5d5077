"""Standings and explanations in the words of CONTRACT 6, for the API and the terminal alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from core.db import db
from incentives.models import Contest
from incentives.rules.contests import State
from leaderboard.models import Board
from leaderboard.queries import facts, reads, tables
from leaderboard.queries.reads import Place, Table
from leaderboard.queries.tables import Opened
from leaderboard.rules.standing import MemberScore
from people import queries as people
from programme import queries as programmes


@dataclass(frozen=True)
class Reader:
    """For whom a document is made: their person, and whether a display freeze holds for them."""

    person_id: int | None = None
    sees_through_freeze: bool = False


def plain(number: Fraction | None) -> int | float | None:
    """An exact number as JSON has it: whole numbers whole, others as near as a float gets."""
    if number is None:
        return None
    return int(number) if number.denominator == 1 else float(number)


def instant(moment: datetime) -> str:
    """An instant as JSON has it."""
    return moment.isoformat().replace("+00:00", "Z")


def board_of(contest: Contest) -> Board:
    """The contest's board."""
    return db.session.get_one(Board, contest.board_id)


def table_for(contest: Contest, reader: Reader, *, as_of: datetime | None, now: datetime) -> Table:
    """The table this reader sees: the result, the snapshot, the live rows, or an instant's."""
    board = board_of(contest)
    asked = now if as_of is None else as_of
    is_result = board.frozen_at is not None and asked >= board.frozen_at
    if board.frozen_rev is not None and is_result:
        return reads.current_table(board, asked)
    if not reader.sees_through_freeze and reads.is_hidden(board, min(now, asked)):
        return reads.snapshot_table(board)
    if as_of is None and reads.is_current(board):
        return reads.current_table(board, now)
    return reads.table_at(board, asked)


def heading(contest: Contest) -> dict[str, object]:
    """What every contest document begins with."""
    return {
        "contest": contest.slug,
        "title": contest.title,
        "state": contest.state,
        "mode": str(contest.terms.get("mode", "participation")),
        "unit": "team",
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
        "rows": [_row(place) for place in table.places],
        "me": _me(contest, reader, table, as_of),
    }


def _row(place: Place) -> dict[str, object]:
    return {
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
    place = next((row for row in table.places if row.unit_id == score.team_id), None)
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
    return max(mine, key=lambda score: (score.available_days, score.team_id), default=None)


def explanation(
    contest: Contest, place: Place, *, as_of: datetime, with_names: bool
) -> dict[str, object]:
    """The entries behind a team's score, each with its reason; names for its own people only."""
    board = board_of(contest)
    spec = facts.spec_of(board)
    opened = tables.opened(spec, place.unit_id, min(as_of, board.closes_at), as_of)
    names = _labels(opened, with_names=with_names)
    return heading(contest) | {
        "as_of": instant(as_of),
        "closes_at": instant(board.closes_at),
        "working_days": spec.terms.working_days,
        "rules": board.rules,
        **_row(place),
        "rank_score": plain(place.rank_score),
        "people": [_opened(each, names[each.person_id]) for each in opened],
    }


def _labels(opened: tuple[Opened, ...], *, with_names: bool) -> Mapping[int, str]:
    """Names where they may be shown and the person did not opt out; else "Rep 1", "Rep 2"."""
    cards = people.cards([each.person_id for each in opened]) if with_names else {}
    labels = {}
    for number, each in enumerate(opened, start=1):
        card = cards.get(each.person_id)
        is_listed = card is not None and not card.ranking_opt_out
        labels[each.person_id] = card.shown if card is not None and is_listed else f"Rep {number}"
    return labels


def _opened(each: Opened, label: str) -> dict[str, object]:
    score = each.score
    return {
        "person": label,
        "points": plain(score.points),
        "active_days": score.active_days,
        "asked_days": score.asked_days,
        "available_days": score.available_days,
        "on_roster": score.on_roster,
        "met": score.met,
        "entries": [
            {
                "event_id": entry.event.event_id,
                "kind": entry.event.kind,
                "occurred_at": instant(entry.event.occurred_at),
                "day": entry.event.day.isoformat(),
                "object_id": entry.event.object_id,
                "points": plain(entry.points),
                "counted": entry.is_counted,
                "reason": entry.reason.value,
            }
            for entry in each.entries
        ],
    }


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
