"""Seasons of several boards, and brackets whose rounds follow one another (CONTESTS 37, 38)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from core import audit
from core.db import db, delete_where, lock_row
from core.errors import Conflict, Invalid, NotFound
from core.policy import SYSTEM, Actor
from leaderboard.models import (
    Board,
    BracketDraw,
    BracketEntry,
    BracketMatch,
    BracketRound,
    Season,
    SeasonBoard,
)
from leaderboard.queries import reads, series
from leaderboard.rules.brackets import (
    FEWEST_ENTRIES,
    MOST_ENTRIES,
    Decision,
    Match,
    decide,
    first_round,
    next_round,
    rounds_needed,
)
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode, result_hash
from leaderboard.rules.terms import fingerprint, number, rules_from, stored_rules
from leaderboard.rules.units import Division, TieBreak, UnitKind, stored_divisions
from leaderboard.services.folding import refresh
from leaderboard.services.keeping import freeze_board, lines_now, list_board, seal, second_opinion
from leaderboard.services.opening import BoardPlan, open_board
from programme import queries as programmes

REV = 1


@dataclass(frozen=True, kw_only=True)
class SeasonPlan:
    """A season as declared: its boards in order, what each place gives, how often one may win."""

    programme_id: int
    slug: str
    title: str
    board_ids: tuple[int, ...]
    place_points: tuple[Fraction, ...]
    most_wins: int | None = None


@dataclass(frozen=True, kw_only=True)
class BracketPlan:
    """A bracket as declared: teams best seed first, one window [first, end) for each round."""

    programme_id: int
    slug: str
    title: str
    team_ids: tuple[int, ...]
    rounds: tuple[tuple[date, date], ...]
    rules: tuple[PointRule, ...]
    mode: Mode = Mode.PARTICIPATION
    target_days: Fraction = Fraction(2)
    min_team_size: Fraction = Fraction(3)
    tie_break: tuple[TieBreak, ...] = ()
    freeze_hours: int = 0


def declare_season(plan: SeasonPlan, *, actor: Actor, now: datetime) -> bool:
    """Create a season or change it while none of its boards is decided; False when nothing differs.

    Raises Invalid for boards that rank different things, Conflict once one of them is decided.
    """
    unit = _one_unit(plan.board_ids)
    found = series.season_by_slug(plan.slug)
    if found is None:
        found = Season(
            programme_id=plan.programme_id,
            slug=plan.slug,
            title=plan.title,
            unit=unit.value,
            place_points=[],
            created_at=now,
        )
        db.session.add(found)
        db.session.flush()
    boards = series.season_boards(found.id)
    before = (found.title, found.place_points, found.most_wins, [board.id for board in boards])
    wanted = (
        plan.title,
        [str(points) for points in plan.place_points],
        plan.most_wins,
        list(plan.board_ids),
    )
    if before == wanted:
        return False
    if any(board.frozen_at is not None for board in boards):
        _only_longer(before, wanted)
    found.title, found.place_points, found.most_wins = wanted[0], wanted[1], wanted[2]
    found.unit = unit.value
    _put_boards(found, plan.board_ids)
    audit.record("season.declare", actor=actor, now=now, subject=f"season:{found.id}")
    return True


def _only_longer(before: tuple[object, ...], wanted: tuple[object, ...]) -> None:
    """Once a board is decided a season may only get further boards at its end."""
    had, has = before[3], wanted[3]
    assert isinstance(had, list)  # noqa: S101 - the shape is this module's own
    assert isinstance(has, list)  # noqa: S101
    if before[1:3] != wanted[1:3] or has[: len(had)] != had:
        raise Conflict(
            "A contest of this season is decided: its points and its contests stay.",
            code="not_editable",
            fix="Add further contests at the end, or declare another season.",
        )


def _one_unit(board_ids: Sequence[int]) -> UnitKind:
    kinds = {UnitKind(db.session.get_one(Board, board_id).unit) for board_id in board_ids}
    units = {UnitKind.TEAM if kind.is_team else kind for kind in kinds}
    if len(units) > 1:
        raise Invalid("A season's contests are all between teams, or all between people.")
    if units == {UnitKind.ADHOC}:
        raise Invalid("Lists of people belong to one contest; they have no season.")
    return next(iter(units), UnitKind.TEAM)


def _put_boards(season: Season, board_ids: Sequence[int]) -> None:
    for board_id in board_ids:
        other = series.season_of(board_id)
        if other is not None and other.id != season.id:
            raise Conflict(f"One of these contests belongs to the season {other.slug}.")
    delete_where(SeasonBoard, SeasonBoard.season_id == season.id)
    for position, board_id in enumerate(board_ids, start=1):
        db.session.add(SeasonBoard(board_id=board_id, season_id=season.id, position=position))
    db.session.flush()


def open_bracket(plan: BracketPlan, *, actor: Actor, now: datetime) -> bool:
    """Draw a bracket and open its first round; False when the same one stands already.

    Raises Invalid when its rounds do not fit, Conflict when another stands at this address.
    """
    _check(plan)
    terms = _terms(plan)
    found = series.bracket_by_slug(plan.slug)
    if found is not None:
        if found.terms_hash == fingerprint(terms):
            return False
        raise Conflict(
            f"The bracket {plan.slug} is drawn: its teams, rounds and rules stay.",
            code="not_editable",
            fix="Draw another one under another slug.",
        )
    draw = BracketDraw(
        programme_id=plan.programme_id,
        slug=plan.slug,
        title=plan.title,
        terms=terms,
        terms_hash=fingerprint(terms),
        created_at=now,
    )
    db.session.add(draw)
    db.session.flush()
    for seed, team_id in enumerate(plan.team_ids, start=1):
        db.session.add(BracketEntry(bracket_id=draw.id, seed=seed, team_id=team_id))
    _write_rounds(draw, plan)
    _open_round(draw, 1, first_round(plan.team_ids))
    audit.record("bracket.open", actor=actor, now=now, subject=f"bracket:{draw.id}")
    return True


def _check(plan: BracketPlan) -> None:
    if not FEWEST_ENTRIES <= len(set(plan.team_ids)) == len(plan.team_ids) <= MOST_ENTRIES:
        raise Invalid("A bracket needs 2 to 256 different teams.", field="teams")
    needed = rounds_needed(len(plan.team_ids))
    if len(plan.rounds) != needed:
        raise Invalid(
            f"{len(plan.team_ids)} teams take {needed} rounds, not {len(plan.rounds)}.",
            field="rounds",
        )
    closes = [closes_at(plan.programme_id, ends_on) for _, ends_on in plan.rounds]
    calendar = programmes.calendar(programmes.by_id(plan.programme_id))
    for before, (starts_on, _) in zip(closes, plan.rounds[1:], strict=False):
        if calendar.day_start(starts_on) < before:
            raise Invalid(
                f"The round from {starts_on} on starts before the one ahead of it is decided.",
                field="rounds",
                fix="Leave the hours of grace for late data between two rounds.",
            )


def closes_at(programme_id: int, ends_on: date) -> datetime:
    """When late events count no more for a window that ends before this date (C7)."""
    owner = programmes.by_id(programme_id)
    grace = timedelta(hours=owner.late_grace_hours)
    return programmes.calendar(owner).day_start(ends_on) + grace


def _terms(plan: BracketPlan) -> dict[str, object]:
    return {
        "teams": list(plan.team_ids),
        "rounds": [[start.isoformat(), end.isoformat()] for start, end in plan.rounds],
        "rules": stored_rules(plan.rules),
        "mode": plan.mode.value,
        "target_days": str(plan.target_days),
        "min_team_size": str(plan.min_team_size),
        "tie_break": [each.value for each in plan.tie_break],
        "freeze_hours": plan.freeze_hours,
    }


def _write_rounds(draw: BracketDraw, plan: BracketPlan) -> None:
    for round_number, (starts_on, ends_on) in enumerate(plan.rounds, start=1):
        db.session.add(
            BracketRound(
                bracket_id=draw.id,
                number=round_number,
                starts_on=starts_on,
                ends_on=ends_on,
                closes_at=closes_at(draw.programme_id, ends_on),
            )
        )
    db.session.flush()


def _open_round(draw: BracketDraw, round_number: int, pairs: Sequence[Match]) -> None:
    """Write the pairs down and open the board they meet on: each pair is a division of its own."""
    for pair in pairs:
        db.session.add(
            BracketMatch(
                bracket_id=draw.id,
                number=round_number,
                position=pair.position,
                upper_id=pair.upper,
                lower_id=pair.lower,
            )
        )
    stage = db.session.get_one(BracketRound, (draw.id, round_number))
    playing = [pair for pair in pairs if pair.lower is not None]
    board = open_board(_board_plan(draw, stage, [unit for pair in playing for unit in pair.units]))
    board.divisions = stored_divisions(
        Division(f"Match {pair.position}", pair.units) for pair in playing
    )
    stage.board_id = board.id
    db.session.flush()
    list_board(board.id)


def _board_plan(draw: BracketDraw, stage: BracketRound, team_ids: Sequence[int]) -> BoardPlan:
    owner = programmes.by_id(draw.programme_id)
    terms: Mapping[str, object] = draw.terms
    stored, ties = terms["rules"], terms["tie_break"]
    hours = int(str(terms["freeze_hours"]))
    ends_at = programmes.calendar(owner).day_start(stage.ends_on)
    return BoardPlan(
        programme_id=draw.programme_id,
        slug=f"{draw.slug[:70]}-round-{stage.number}",
        title=f"{draw.title}, round {stage.number}"[:120],
        link=f"/brackets/{draw.slug}",
        starts_on=stage.starts_on,
        ends_on=stage.ends_on,
        closes_at=stage.closes_at,
        rules=tuple(rules_from(stored if isinstance(stored, list) else []).values()),
        mode=Mode(str(terms["mode"])),
        target_days=number(str(terms["target_days"])),
        min_team_size=number(str(terms["min_team_size"])),
        shrink_k=Fraction(str(owner.shrink_k)),
        team_ids=tuple(team_ids),
        hides_at=ends_at - timedelta(hours=hours) if hours else None,
        kind=UnitKind.DIVISION,
        tie_break=tuple(TieBreak(each) for each in ties) if isinstance(ties, list) else (),
    )


def advance_bracket(bracket_id: int, as_of: datetime) -> int:
    """Decide every round whose time has come, in order; return how many.

    A run that is days late decides what an on-time run would: what was received after a round's
    grace never counts. Raises Conflict where two counts of a round differ.
    """
    draw = lock_row(BracketDraw, bracket_id)
    if draw is None:
        raise NotFound("There is no such bracket.")
    done = 0
    for stage in series.rounds(bracket_id):
        if stage.decided_at is not None:
            continue
        if stage.board_id is None or stage.closes_at > as_of:
            break
        _decide_round(draw, stage, as_of)
        done += 1
    return done


def _decide_round(draw: BracketDraw, stage: BracketRound, as_of: datetime) -> None:
    board = db.session.get_one(Board, stage.board_id or 0)
    refresh(board.id, as_of)
    if result_hash(lines_now(board)) != second_opinion(board.id):
        raise Conflict(f"Two counts of {board.title} differ; it waits for a person.", code="alarm")
    freeze_board(board.id, rev=REV)
    seal(board.id, rev=REV, now=as_of)
    ranks = {place.unit_id: place.rank for place in reads.frozen_places(board.id, REV)}
    winners = []
    for row in series.matches(draw.id, stage.number):
        verdict = decide(Match(row.position, row.upper_id, row.lower_id), ranks)
        row.winner_id, row.decided_by = verdict.winner, verdict.by.value
        winners.append(verdict.winner)
    stage.decided_at = as_of
    if len(winners) == 1:
        draw.winner_id, draw.decided_at = winners[0], as_of
    else:
        _open_round(draw, stage.number + 1, next_round(winners, series.entries(draw.id)))
    audit.record(
        "bracket.decide",
        actor=SYSTEM,
        now=as_of,
        subject=f"bracket:{draw.id}",
        detail={"round": stage.number, "byes": _count(draw.id, stage.number, Decision.BYE)},
    )
    db.session.flush()


def _count(bracket_id: int, round_number: int, by: Decision) -> int:
    return sum(row.decided_by == by for row in series.matches(bracket_id, round_number))
