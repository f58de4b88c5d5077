"""Seasons and brackets as they stand: decided boards only, each match with what it says now."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from sqlalchemy import select

from core.db import db
from leaderboard.models import (
    Board,
    BracketDraw,
    BracketEntry,
    BracketMatch,
    BracketRound,
    FrozenStanding,
    Season,
    SeasonBoard,
)
from leaderboard.queries import facts, reads
from leaderboard.queries.reads import Place
from leaderboard.rules.seasons import Child, at_the_cap, place_points, season_lines
from leaderboard.rules.terms import number
from people import queries as people

DAY = timedelta(days=1)


@dataclass(frozen=True)
class SeasonChild:
    """One board of a season; `is_decided` once its result stands, `is_void` where it gives none."""

    board_id: int
    title: str
    link: str
    starts_on: date
    last_on: date
    is_decided: bool
    is_void: bool


@dataclass(frozen=True)
class SeasonCell:
    """What one unit got from one decided board; `rank` None: not ranked in it."""

    rank: int | None
    points: Fraction


@dataclass(frozen=True)
class SeasonRow:
    """One unit over the season, its cells in the order of the boards (None: not on it)."""

    unit_id: int
    unit: str
    is_listed: bool
    rank: int
    points: Fraction
    wins: int
    played: int
    is_capped: bool
    cells: tuple[SeasonCell | None, ...]


@dataclass(frozen=True)
class SeasonTable:
    """A season: its boards in order and its rows by place (CONTESTS case 38).

    `most_wins`: a unit that was first so often takes no further prize of a place (case 37).
    """

    slug: str
    title: str
    unit: str
    place_points: tuple[Fraction, ...]
    most_wins: int | None
    children: tuple[SeasonChild, ...]
    rows: tuple[SeasonRow, ...]

    @property
    def decided(self) -> int:
        """How many of its boards count so far."""
        return sum(child.is_decided and not child.is_void for child in self.children)


@dataclass(frozen=True)
class BracketSide:
    """A team in a match. `place` is its row of the pair's board; None before it is counted."""

    unit_id: int
    unit: str
    seed: int
    place: Place | None
    is_winner: bool


@dataclass(frozen=True)
class BracketPair:
    """A match of a round, top to bottom; one side only where it is a bye.

    `decided_by` is score, seed, bye or walkover once somebody goes on.
    """

    position: int
    sides: tuple[BracketSide, ...]
    decided_by: str | None


@dataclass(frozen=True)
class BracketStage:
    """A round with its own window; without matches until the round before is decided."""

    number: int
    starts_on: date
    last_on: date
    closes_at: datetime
    link: str | None
    is_decided: bool
    is_hidden: bool
    pairs: tuple[BracketPair, ...]
    is_final: bool = False


@dataclass(frozen=True)
class Bracket:
    """A bracket as it stands; `winner` once the last round is decided."""

    slug: str
    title: str
    stages: tuple[BracketStage, ...]
    winner: str | None

    @property
    def answer(self) -> str:
        """Where it stands, in one sentence."""
        if self.winner:
            return f"{self.winner} won."
        drawn = [stage for stage in self.stages if stage.pairs]
        if not drawn:
            return self.title
        if drawn[-1].is_final:
            names = " and ".join(side.unit for pair in drawn[-1].pairs for side in pair.sides)
            return f"{names} meet in the final."
        left = sum(len(pair.sides) for pair in drawn[-1].pairs)
        return f"{left} teams are in it."


def seasons(programme_id: int | None = None) -> tuple[Season, ...]:
    """Seasons, the newest first."""
    columns = select(Season).order_by(Season.created_at.desc(), Season.id.desc())
    if programme_id is not None:
        columns = columns.where(Season.programme_id == programme_id)
    return tuple(db.session.scalars(columns))


def season_by_slug(slug: str) -> Season | None:
    """One season by its address."""
    return db.session.scalar(select(Season).where(Season.slug == slug))


def season_boards(season_id: int) -> tuple[Board, ...]:
    """A season's boards in order."""
    return tuple(
        db.session.scalars(
            select(Board)
            .join(SeasonBoard, SeasonBoard.board_id == Board.id)
            .where(SeasonBoard.season_id == season_id)
            .order_by(SeasonBoard.position)
        )
    )


def season_of(board_id: int) -> Season | None:
    """The season a board belongs to."""
    return db.session.scalar(
        select(Season)
        .join(SeasonBoard, SeasonBoard.season_id == Season.id)
        .where(SeasonBoard.board_id == board_id)
    )


def _is_decided(board: Board, *, with_sealed: bool = False) -> bool:
    is_kept = board.frozen_at is not None and board.frozen_rev is not None
    return is_kept and (with_sealed or not board.is_sealed)


def children(boards: Sequence[Board], *, with_sealed: bool = False) -> tuple[Child, ...]:
    """The decided ones with their places, of the revision that stands: an amendment counts.

    `with_sealed`: also those whose result nobody has been shown yet.
    """
    decided = [board for board in boards if _is_decided(board, with_sealed=with_sealed)]
    ranks: dict[int, dict[int, int | None]] = {board.id: {} for board in decided}
    revs = {board.id: board.frozen_rev for board in decided}
    rows = db.session.execute(
        select(
            FrozenStanding.board_id, FrozenStanding.rev, FrozenStanding.unit_id, FrozenStanding.rank
        ).where(FrozenStanding.board_id.in_(list(ranks)))
    )
    for board_id, rev, unit_id, rank in rows:
        if rev == revs[board_id]:
            ranks[board_id][unit_id] = rank
    return tuple(Child(board.id, ranks[board.id], board.is_void) for board in decided)


def capped_units(board_id: int) -> frozenset[int]:
    """Units that may take no further prize of a place in this board's season (case 37)."""
    season = season_of(board_id)
    if season is None or season.most_wins is None:
        return frozenset()
    others = [board for board in season_boards(season.id) if board.id != board_id]
    return at_the_cap(children(others, with_sealed=True), season.most_wins)


def season_table(season: Season) -> SeasonTable:
    """The season as it stands: the sum of declared place points of its decided boards."""
    boards = season_boards(season.id)
    declared = tuple(map(number, season.place_points))
    found = children(boards)
    by_board = {child.board_id: child for child in found}
    capped = at_the_cap(found, season.most_wins)
    lines = season_lines(found, declared)
    names = _names(boards, [line.unit_id for line in lines])
    rows = []
    for line in lines:
        name = names.get(line.unit_id)
        rows.append(
            SeasonRow(
                unit_id=line.unit_id,
                unit=name or reads.NOT_LISTED,
                is_listed=name is not None,
                rank=line.rank,
                points=line.points,
                wins=line.wins,
                played=line.played,
                is_capped=line.unit_id in capped,
                cells=tuple(
                    _cell(by_board.get(board.id), line.unit_id, declared) for board in boards
                ),
            )
        )
    rows.sort(key=lambda row: (row.rank, not row.is_listed, row.unit, row.unit_id))
    return SeasonTable(
        slug=season.slug,
        title=season.title,
        unit=season.unit,
        place_points=declared,
        most_wins=season.most_wins,
        children=tuple(map(_child, boards)),
        rows=tuple(rows),
    )


def _names(boards: Sequence[Board], unit_ids: Sequence[int]) -> dict[int, str]:
    return reads.unit_names(facts.spec_of(boards[0]), unit_ids) if boards and unit_ids else {}


def _cell(child: Child | None, unit_id: int, declared: Sequence[Fraction]) -> SeasonCell | None:
    if child is None or unit_id not in child.ranks:
        return None
    rank = None if child.is_void else child.ranks[unit_id]
    return SeasonCell(rank, place_points(rank, declared))


def _child(board: Board) -> SeasonChild:
    return SeasonChild(
        board_id=board.id,
        title=board.title,
        link=board.link,
        starts_on=board.starts_on,
        last_on=board.ends_on - DAY,
        is_decided=_is_decided(board),
        is_void=board.is_void,
    )


def bracket_by_slug(slug: str) -> BracketDraw | None:
    """One bracket by its address."""
    return db.session.scalar(select(BracketDraw).where(BracketDraw.slug == slug))


def brackets(programme_id: int | None = None) -> tuple[BracketDraw, ...]:
    """Brackets, the newest first."""
    columns = select(BracketDraw).order_by(BracketDraw.created_at.desc(), BracketDraw.id.desc())
    if programme_id is not None:
        columns = columns.where(BracketDraw.programme_id == programme_id)
    return tuple(db.session.scalars(columns))


def open_rounds(as_of: datetime) -> tuple[int, ...]:
    """Brackets with a round whose late events are all in and that is not decided yet."""
    rows = db.session.execute(
        select(BracketRound.bracket_id)
        .where(
            BracketRound.decided_at.is_(None),
            BracketRound.closes_at <= as_of,
            BracketRound.bracket_id.in_(
                select(BracketDraw.id).where(BracketDraw.decided_at.is_(None))
            ),
        )
        .distinct()
        .order_by(BracketRound.bracket_id)
    )
    return tuple(bracket_id for (bracket_id,) in rows)


def entries(bracket_id: int) -> dict[int, int]:
    """Team -> seed."""
    rows = db.session.execute(
        select(BracketEntry.team_id, BracketEntry.seed)
        .where(BracketEntry.bracket_id == bracket_id)
        .order_by(BracketEntry.seed)
    )
    return {row.team_id: row.seed for row in rows}


def rounds(bracket_id: int) -> tuple[BracketRound, ...]:
    """A bracket's rounds, the first one first."""
    return tuple(
        db.session.scalars(
            select(BracketRound)
            .where(BracketRound.bracket_id == bracket_id)
            .order_by(BracketRound.number)
        )
    )


def matches(bracket_id: int, number_: int | None = None) -> tuple[BracketMatch, ...]:
    """A bracket's matches, or those of one round, top to bottom."""
    columns = (
        select(BracketMatch)
        .where(BracketMatch.bracket_id == bracket_id)
        .order_by(BracketMatch.number, BracketMatch.position)
    )
    if number_ is not None:
        columns = columns.where(BracketMatch.number == number_)
    return tuple(db.session.scalars(columns))


def bracket(draw: BracketDraw, now: datetime) -> Bracket:
    """The bracket as it stands: decided rounds by their result, the one that runs as it is shown.

    Within a display freeze the snapshot is served, as on every other surface (case 36).
    """
    seeds = entries(draw.id)
    names = people.team_names(seeds)
    by_round: dict[int, list[BracketMatch]] = defaultdict(list)
    for match in matches(draw.id):
        by_round[match.number].append(match)
    stages = []
    planned = rounds(draw.id)
    for stage in planned:
        board = None if stage.board_id is None else db.session.get_one(Board, stage.board_id)
        places = _places(board, now)
        stages.append(
            BracketStage(
                number=stage.number,
                starts_on=stage.starts_on,
                last_on=stage.ends_on - DAY,
                closes_at=stage.closes_at,
                link=None if board is None else board.link,
                is_decided=stage.decided_at is not None,
                is_hidden=board is not None and reads.is_hidden(board, now),
                pairs=tuple(_pair(match, seeds, names, places) for match in by_round[stage.number]),
                is_final=stage.number == len(planned),
            )
        )
    winner = None if draw.winner_id is None else names.get(draw.winner_id)
    return Bracket(draw.slug, draw.title, tuple(stages), winner)


def _places(board: Board | None, now: datetime) -> dict[int, Place]:
    if board is None:
        return {}
    hidden = reads.is_hidden(board, now)
    table = reads.snapshot_table(board) if hidden else reads.current_table(board, now)
    return {place.unit_id: place for place in table.places}


def _pair(
    match: BracketMatch, seeds: dict[int, int], names: dict[int, str], places: dict[int, Place]
) -> BracketPair:
    units = [unit for unit in (match.upper_id, match.lower_id) if unit is not None]
    return BracketPair(
        position=match.position,
        sides=tuple(
            BracketSide(
                unit_id=unit,
                unit=names.get(unit, ""),
                seed=seeds[unit],
                place=places.get(unit),
                is_winner=unit == match.winner_id,
            )
            for unit in units
        ),
        decided_by=match.decided_by,
    )
