"""Amending a final result: a new revision beside the old ones, compensating entries, no edits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core import audit, outbox
from core.db import db
from core.errors import Conflict, Invalid
from core.policy import Actor
from core.web import ordinal
from incentives import notices, queries
from incentives.models import Award, Contest
from incentives.notices import News
from incentives.queries import ceremony as ceremonies
from incentives.queries import life
from incentives.rules.amending import BY_EVENTS, CAUSES, Given, Revision, revise
from incentives.rules.awards import AwardState
from incentives.rules.contests import State, Step
from incentives.rules.exclusion import Move, moves
from incentives.services import award_steps, awards
from incentives.services.contests import names_of
from incentives.services.steps import locked, take
from incentives.services.words import contest_words
from leaderboard import services as boards
from leaderboard.models import Board
from leaderboard.queries import facts, reads, tables
from leaderboard.rules.standing import Line
from leaderboard.rules.units import UnitKind


@dataclass(frozen=True)
class Amendment:
    """What an amended result changes, before or after it is made."""

    moves: tuple[Move, ...]
    revision: Revision


def check(contest: Contest, cause: str, reason: str, now: datetime) -> None:
    """Raise what stands against amending: nothing new, or only a source's deletions (case 28)."""
    if contest.state != State.FINAL:
        raise Conflict("Only a final result is amended.", code="wrong_state")
    if ceremonies.is_sealed(contest.id):
        raise Conflict(
            "The result is sealed until its ceremony; an amendment would tell it before.",
            code="sealed",
            fix="Hold the ceremony or call it off first.",
        )
    if cause not in CAUSES:
        raise Invalid("Choose one of the causes.", field="cause", fix=", ".join(CAUSES))
    if not reason.strip():
        raise Invalid("Say what was wrong.", field="reason")
    board = db.session.get_one(Board, contest.board_id)
    if cause in BY_EVENTS:
        changes = life.changes_since(contest, board, now)
        if changes.is_only_deletions:
            raise Conflict(
                "A source took events back and nothing else changed; that alone amends nothing.",
                code="only_deletions",
            )
    if not moves(_kept_lines(contest), _lines(board, cause, now)):
        raise Conflict("Worked out anew, the result is the same.", code="nothing_changed")


def preview(contest: Contest, cause: str, now: datetime) -> tuple[Move, ...]:
    """How the places would differ."""
    board = db.session.get_one(Board, contest.board_id)
    return moves(_kept_lines(contest), _lines(board, cause, now))


def _lines(board: Board, cause: str, now: datetime) -> tuple[Line, ...]:
    return tables.lines_at(facts.spec_of(board), _until(board, cause, now))


def _until(board: Board, cause: str, now: datetime) -> datetime:
    """What came after the closing counts only where that is what the amendment is about (C7)."""
    return now if cause in BY_EVENTS else board.closes_at


def _kept_lines(contest: Contest) -> tuple[Line, ...]:
    return tuple(place.line for place in reads.frozen_places(contest.board_id, contest.rev))


def adjust(
    contest_id: int,
    *,
    cause: str,
    reason: str,
    actor: Actor,
    now: datetime,
    second_id: int | None = None,
) -> Amendment:
    """Write revision + 1 of a final result with its awards; the first version stays kept."""
    contest = locked(contest_id)
    check(contest, cause, reason, now)
    before = _kept_lines(contest)
    take(contest, Step.ADJUST, actor=actor, now=now, reason=reason.strip())
    contest.rev += 1
    board = db.session.get_one(Board, contest.board_id)
    kept = boards.amend_board(board.id, rev=contest.rev, received_until=_until(board, cause, now))
    contest.result_hash = kept.result_hash
    db.session.flush()
    revision = _revise_awards(contest, cause, reason.strip(), actor, now)
    found = Amendment(moves(before, kept.rows), revision)
    _record(contest, cause, found, actor, second_id, now)
    _tell(contest, found, reason.strip(), now)
    return found


def _revise_awards(
    contest: Contest, cause: str, reason: str, actor: Actor, now: datetime
) -> Revision:
    standing = [*life.awards_in_force(contest.id), *life.awards_in(contest.id, [AwardState.HELD])]
    given = [
        Given(
            award.id,
            award.prize_id or 0,
            award.person_id or award.team_id or award.side_id or 0,
            award.state == AwardState.ANNOUNCED,
        )
        for award in standing
    ]
    # Who has left since the decision does not lose by an amendment what they won then.
    wins = awards.outcome(contest, contest.final_at or now).wins
    revision = revise(given, wins, cause)
    by_id = {award.id: award for award in standing}
    for award_id in revision.taken_back:
        _take_back(by_id[award_id], reason, actor, now)
    awards.grant_more(contest, revision.new, actor=actor, now=now)
    return revision


def _take_back(award: Award, reason: str, actor: Actor, now: datetime) -> None:
    if award.state == AwardState.HELD:
        award_steps.drop(award.id, reason, actor=actor, now=now)
    else:
        award_steps.reverse(award.id, reason, actor=actor, now=now)


def _record(
    contest: Contest,
    cause: str,
    found: Amendment,
    actor: Actor,
    second_id: int | None,
    now: datetime,
) -> None:
    audit.record(
        "contest.amended",
        actor=actor,
        now=now,
        subject=f"contest:{contest.id}",
        detail={
            "rev": contest.rev,
            "cause": cause,
            "result": contest.result_hash,
            "second": second_id,
            "moved": [move.unit_id for move in found.moves],
            "taken_back": list(found.revision.taken_back),
            "kept": list(found.revision.kept),
            "new": len(found.revision.new),
        },
    )


def _tell(contest: Contest, found: Amendment, reason: str, now: datetime) -> None:
    """Everybody whose place or award changed reads what was and what is (case 28)."""
    words = contest_words(contest)
    places = {place.unit_id: place for place in reads.frozen_places(contest.board_id, contest.rev)}
    told_units = {move.unit_id: move for move in found.moves if _is_rank_move(move)}
    for award in _revised(contest, found.revision):
        unit_id = award.person_id or award.team_id or award.side_id or 0
        rank = places[unit_id].rank if unit_id in places else None
        told_units.setdefault(unit_id, Move(unit_id, rank, rank, None, None))
    names = reads.unit_names(facts.spec_of(db.session.get_one(Board, contest.board_id)), told_units)
    readers = _readers(contest, told_units)
    letters = []
    for unit_id, move in told_units.items():
        told = News(
            key=f"amended:{contest.rev}",
            subject=f"The result of {contest.title} was amended",
            lines=(
                f"The final result of {contest.title} was amended. The reason: {reason}",
                _place_sentence(names.get(unit_id, "You"), move),
                (
                    "A prize that was announced stays with whom it was announced for, unless "
                    "somebody cheated. The first version of the result stays on record."
                ),
            ),
            why="You get this because your place or an award of your team changed.",
        )
        mine = names_of(person for person, unit in readers.items() if unit == unit_id)
        letters += list(notices.news(words, mine, told))
    outbox.post_all(letters, now)


def _is_rank_move(move: Move) -> bool:
    return move.rank_before != move.rank_after


def _revised(contest: Contest, revision: Revision) -> list[Award]:
    """The awards the amendment gave or took back."""
    taken = set(revision.taken_back)
    return [
        award
        for award in queries.awards(contest.id)
        if award.id in taken or (revision.new and award.rev == contest.rev)
    ]


def _readers(contest: Contest, units: Mapping[int, Move]) -> dict[int, int]:
    """Reader -> the unit they hear of: who was on it for most of the race, and its leads."""
    board = db.session.get_one(Board, contest.board_id)
    readers = queries.main_teams(contest.board_id)
    if UnitKind(board.unit).is_team:
        readers = {**readers, **queries.leads_by_person(list(units), contest.last_on)}
    return {person: unit for person, unit in readers.items() if unit in units}


def _place_sentence(name: str, move: Move) -> str:
    was = f"{ordinal(move.rank_before)} place" if move.rank_before else "no place"
    is_now = f"{ordinal(move.rank_after)} place" if move.rank_after else "no place"
    if was == is_now:
        return f"{name} stays with {is_now}; what it won has changed."
    return f"{name} had {was} and now has {is_now}."
