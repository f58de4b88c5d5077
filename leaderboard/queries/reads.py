"""Rows to show: boards and standings by index, a team's own lines, the race so far."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from core.db import Question, db, table_of
from leaderboard.models import (
    Board,
    BoardMark,
    FrozenStanding,
    MemberRow,
    ScoreEntry,
    Side,
    SidePerson,
    Standing,
    StandingDay,
)
from leaderboard.queries import facts, tables
from leaderboard.rules.standing import Line, MemberScore, Unranked
from leaderboard.rules.terms import number
from leaderboard.rules.units import UnitKind
from people import queries as people
from people.models import Person
from people.rules import board_name

SNAPSHOT = 0
PODIUM, AROUND = 3, 2
NOT_LISTED = "Not listed"
AHEAD = timedelta(days=2)
LEFT_LYING = timedelta(days=30)


@dataclass(frozen=True)
class Place:
    """One unit's row as shown: `score` is the raw one, places go by the adjusted one (C8).

    Somebody who chose to stand in no ranking is not listed: `unit` is then no name (case 35).
    """

    unit_id: int
    unit: str
    rank: int | None
    score: Fraction | None
    rank_score: Fraction | None
    points: Fraction
    headcount: Fraction
    roster: int
    participants: int
    reason: str | None
    previous_rank: int | None = None
    previous_score: Fraction | None = None
    division: str | None = None
    tie: tuple[Fraction, ...] = ()
    improvement: Fraction | None = None
    is_listed: bool = True

    @property
    def ranked(self) -> bool:
        """Has a place."""
        return self.rank is not None

    @property
    def line(self) -> Line:
        """The row as rules read it; the days of its members are not kept with a row."""
        return Line(
            unit_id=self.unit_id,
            points=self.points,
            headcount=self.headcount,
            roster=self.roster,
            participants=self.participants,
            member_days=0,
            score=self.score,
            rank_score=self.rank_score,
            rank=self.rank,
            reason=None if self.reason is None else Unranked(self.reason),
            division=self.division,
            tie=self.tie,
            improvement=self.improvement,
        )


@dataclass(frozen=True)
class Table:
    """Standings with the instant they speak of. `is_frozen`: they do not move at present."""

    places: tuple[Place, ...]
    as_of: datetime
    is_frozen: bool = False


@dataclass(frozen=True)
class TeamLine:
    """A rep's part in their team, for the team's own eyes.

    Not listed: they chose to stand in no ranking, so `shown` is for themselves alone.
    """

    person_id: int
    shown: str
    is_listed: bool
    active_days: int
    asked_days: int
    on_roster: bool


def board_by_slug(slug: str) -> Board | None:
    """One board by its address."""
    return db.session.scalar(select(Board).where(Board.slug == slug))


def boards(programme_id: int | None = None) -> tuple[Board, ...]:
    """Boards that are shown, latest start first."""
    columns = select(Board).where(Board.is_listed).order_by(Board.starts_on.desc(), Board.id.desc())
    if programme_id is not None:
        columns = columns.where(Board.programme_id == programme_id)
    return tuple(db.session.scalars(columns))


def boards_to_refresh(as_of: datetime) -> tuple[int, ...]:
    """Boards that still move: begun or about to, not settled, not left lying long after the end."""
    return tuple(
        db.session.scalars(
            select(Board.id)
            .where(
                Board.frozen_at.is_(None),
                Board.frozen_rev.is_(None),
                Board.starts_on <= as_of.date() + AHEAD,
                or_(Board.kind != "contest", Board.closes_at >= as_of - LEFT_LYING),
            )
            .order_by(Board.kind != "contest", Board.closes_at, Board.id)
        )
    )


def taken_slugs() -> frozenset[str]:
    """Every address taken by a board."""
    return frozenset(db.session.scalars(select(Board.slug)))


_LIVE = (
    Standing.unit_id,
    Standing.unit_name,
    Standing.rank,
    Standing.score,
    Standing.rank_score,
    Standing.points,
    Standing.headcount,
    Standing.roster,
    Standing.participants,
    Standing.reason,
    Standing.division,
    Standing.tie,
    Standing.improvement,
    Standing.previous_rank,
    Standing.previous_score,
)
_FROZEN = (
    FrozenStanding.unit_id,
    FrozenStanding.unit_name,
    FrozenStanding.rank,
    FrozenStanding.score,
    FrozenStanding.rank_score,
    FrozenStanding.points,
    FrozenStanding.headcount,
    FrozenStanding.roster,
    FrozenStanding.participants,
    FrozenStanding.reason,
    FrozenStanding.division,
    FrozenStanding.tie,
    FrozenStanding.improvement,
)


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else number(text)


def _places(rows: Iterable[Row[*tuple[Any, ...]]]) -> tuple[Place, ...]:
    return in_order(with_people([_place(row) for row in rows]))


def with_people(places: Sequence[Place]) -> Sequence[Place]:
    """Rows without a kept name are people's: each as they wish to be shown today (case 35)."""
    unnamed = [place.unit_id for place in places if not place.unit]
    if not unnamed:
        return places
    cards = people.cards(unnamed)
    return [place if place.unit else _shown(place, cards.get(place.unit_id)) for place in places]


def _shown(place: Place, card: people.PersonCard | None) -> Place:
    name = None if card is None else card.on_boards
    return replace(place, unit=name or NOT_LISTED, is_listed=name is not None)


def kept_names(spec: facts.Spec, unit_ids: Collection[int]) -> dict[int, str]:
    """The names kept with rows: teams' and sides'. A person's is asked for when it is shown."""
    if spec.kind.is_team:
        return people.team_names(unit_ids)
    if spec.kind is UnitKind.PERSON:
        return {}
    rows = db.session.execute(select(Side.id, Side.name).where(Side.id.in_(list(unit_ids))))
    return {row.id: row.name for row in rows}


def unit_names(spec: facts.Spec, unit_ids: Collection[int]) -> dict[int, str]:
    """What to call these units; people who are not listed have no name in it."""
    if spec.kind is not UnitKind.PERSON:
        return kept_names(spec, unit_ids)
    cards = people.cards(unit_ids)
    listed = {ident: card.on_boards for ident, card in cards.items()}
    return {ident: name for ident, name in listed.items() if name is not None}


def _place(row: Row[*tuple[Any, ...]]) -> Place:
    """A row of either table; only the live one knows where the team stood before."""
    return Place(
        unit_id=row.unit_id,
        unit=row.unit_name,
        rank=row.rank,
        score=_exact(row.score),
        rank_score=_exact(row.rank_score),
        points=number(row.points),
        headcount=number(row.headcount),
        roster=row.roster,
        participants=row.participants,
        reason=row.reason,
        previous_rank=getattr(row, "previous_rank", None),
        previous_score=_exact(getattr(row, "previous_score", None)),
        division=row.division,
        tie=tuple(map(number, (row.tie or "").split())),
        improvement=_exact(row.improvement),
    )


def in_order(places: Iterable[Place]) -> tuple[Place, ...]:
    """By rank, equal places by name; then the unranked by name (CONTRACT 6). Divisions apart."""
    return tuple(
        sorted(
            places,
            key=lambda p: (p.rank is None, _number(p.division), p.rank or 0, p.unit, p.unit_id),
        )
    )


def _number(division: str | None) -> tuple[int, str]:
    """Divisions by their number: the tenth comes after the second."""
    name = division or ""
    digits = name.rpartition(" ")[2]
    return (int(digits) if digits.isdecimal() else 0, name)


def live_places(board_id: int) -> tuple[Place, ...]:
    """Every row of a board as it is now."""
    rows = db.session.execute(select(*_LIVE).where(Standing.board_id == board_id))
    return _places(rows)


def frozen_places(board_id: int, rev: int) -> tuple[Place, ...]:
    """Every row of a result, or of the snapshot (rev 0)."""
    rows = db.session.execute(
        select(*_FROZEN).where(FrozenStanding.board_id == board_id, FrozenStanding.rev == rev)
    )
    return _places(rows)


def near(board_id: int, unit_id: int | None, *, top: int, around: int = 2) -> tuple[Place, ...]:
    """The leaders, one unit and its neighbours, read by index in one statement (P3).

    Of a unit in a division, the leaders and neighbours are those of its division.
    """
    wanted = Standing.rank <= top
    if unit_id is not None:
        mine = aliased(Standing)
        is_mine = (mine.board_id == board_id, mine.unit_id == unit_id)
        own = select(mine.rank).where(*is_mine).scalar_subquery()
        division = select(func.coalesce(mine.division, "")).where(*is_mine).scalar_subquery()
        wanted = or_(
            Standing.unit_id == unit_id,
            and_(
                or_(wanted, Standing.rank.between(own - around, own + around)),
                func.coalesce(Standing.division, "") == func.coalesce(division, ""),
            ),
        )
    rows = db.session.execute(select(*_LIVE).where(Standing.board_id == board_id, wanted))
    return _places(rows)


def current_table(board: Board, now: datetime) -> Table:
    """The table now: the result once there is one, else the live rows."""
    if board.frozen_rev is not None:
        return Table(frozen_places(board.id, board.frozen_rev), board.closes_at, is_frozen=True)
    return Table(live_places(board.id), board.counted_at or now)


def is_current(board: Board) -> bool:
    """Whether the live rows know of everything stored; else a reader works the table out."""
    if board.counted_at is None:
        return False
    if board.frozen_rev is not None:
        return True
    mark = db.session.get_one(BoardMark, board.id)
    if facts.new_batches(board.programme_id, mark):
        return False
    return not people.changes_after(mark.person_change_id, limit=1)[1]


def snapshot_table(board: Board) -> Table:
    """What everybody else sees from `hides_at` until the result (CONTESTS case 36)."""
    if not board.has_snapshot and board.hides_at is not None:
        return Table(table_at(board, board.hides_at).places, board.hides_at, is_frozen=True)
    return Table(
        frozen_places(board.id, SNAPSHOT), board.hides_at or board.closes_at, is_frozen=True
    )


def is_hidden(board: Board, now: datetime) -> bool:
    """Within the display freeze: past the moment of hiding, not yet a result or still sealed."""
    is_open = board.frozen_at is not None and not board.is_sealed
    return board.hides_at is not None and not is_open and now >= board.hides_at


def table_at(board: Board, as_of: datetime) -> Table:
    """The table at an instant, worked out from what had been received by then."""
    spec = facts.spec_of(board).as_held(as_of)
    return Table(named(spec, tables.lines_at(spec, min(as_of, board.closes_at))), as_of)


def named(spec: facts.Spec, rows: Iterable[Line]) -> tuple[Place, ...]:
    """Worked-out lines with the units' names."""
    found = tuple(rows)
    names = kept_names(spec, [row.unit_id for row in found])
    places = [
        Place(
            unit_id=row.unit_id,
            unit=names.get(row.unit_id, ""),
            rank=row.rank,
            score=row.score,
            rank_score=row.rank_score,
            points=row.points,
            headcount=row.headcount,
            roster=row.roster,
            participants=row.participants,
            reason=row.reason.value if row.reason else None,
            division=row.division,
            tie=row.tie,
            improvement=row.improvement,
        )
        for row in found
    ]
    return in_order(with_people(places))


_MEMBER = (
    MemberRow.person_id,
    MemberRow.unit_id,
    MemberRow.points,
    MemberRow.active_days,
    MemberRow.available_days,
    MemberRow.asked_days,
    MemberRow.on_roster,
    MemberRow.reached_at,
)


def _scores(*conditions: ColumnElement[bool]) -> tuple[MemberScore, ...]:
    rows = db.session.execute(
        select(*_MEMBER).where(*conditions).order_by(MemberRow.person_id, MemberRow.unit_id)
    )
    return tuple(
        MemberScore(person, unit, number(points), active, available, asked, on_roster, reached)
        for person, unit, points, active, available, asked, on_roster, reached in rows
    )


def member_scores(board_id: int) -> tuple[MemberScore, ...]:
    """Every rep's part, as the fold keeps it."""
    return _scores(MemberRow.board_id == board_id)


def member_scores_of(board_id: int, person_id: int) -> tuple[MemberScore, ...]:
    """One rep's part in each team they were on."""
    return _scores(MemberRow.board_id == board_id, MemberRow.person_id == person_id)


def team_scores(board_id: int, unit_id: int) -> tuple[MemberScore, ...]:
    """A unit's reps, by person."""
    return _scores(MemberRow.board_id == board_id, MemberRow.unit_id == unit_id)


_TEAM = Question(
    select(
        MemberRow.person_id,
        Person.alias,
        Person.name,
        Person.ranking_opt_out,
        MemberRow.active_days,
        MemberRow.asked_days,
        MemberRow.on_roster,
    )
    .join(Person, Person.id == MemberRow.person_id)
    .where(MemberRow.board_id == bindparam("board_id"), MemberRow.unit_id == bindparam("unit_id"))
)


def team_lines(board_id: int, unit_id: int) -> tuple[TeamLine, ...]:
    """A unit's reps by name, those who chose not to be listed last.

    No places and no order by points: nobody is shown as last (METRICS 5.4, DESIGN 9).
    """
    rows = _TEAM.ask(db.engine, board_id=board_id, unit_id=unit_id)
    found = []
    for person, alias, name, opt_out, active, asked, on_roster in rows:
        listed_as = board_name(name, alias, opted_out=bool(opt_out))
        own = listed_as or alias or name
        found.append(TeamLine(person, own, listed_as is not None, active, asked, on_roster))
    return tuple(sorted(found, key=lambda line: (not line.is_listed, line.shown, line.person_id)))


def race(board_id: int, unit_ids: Collection[int]) -> dict[int, dict[date, int | None]]:
    """Places at the close of each date, by team (the race so far)."""
    rows = db.session.execute(
        select(StandingDay.unit_id, StandingDay.local_day, StandingDay.rank)
        .where(StandingDay.board_id == board_id, StandingDay.unit_id.in_(list(unit_ids)))
        .order_by(StandingDay.local_day)
    )
    found: dict[int, dict[date, int | None]] = defaultdict(dict)
    for unit_id, day, rank in rows:
        found[unit_id][day] = rank
    return dict(found)


def closed_day(board_id: int, day: date) -> dict[int, tuple[int | None, str | None]]:
    """Place and score of each team at the close of one date."""
    rows = db.session.execute(
        select(StandingDay.unit_id, StandingDay.rank, StandingDay.score).where(
            StandingDay.board_id == board_id, StandingDay.local_day == day
        )
    )
    return {unit_id: (rank, score) for unit_id, rank, score in rows}


def day_rows(board_id: int, after: date) -> tuple[tuple[int, int, date, Fraction], ...]:
    """(person, unit, date, points) of every scoring date after one."""
    rows = db.session.execute(
        select(
            ScoreEntry.person_id, ScoreEntry.unit_id, ScoreEntry.local_day, ScoreEntry.points
        ).where(
            ScoreEntry.board_id == board_id,
            ScoreEntry.local_day > after,
            ScoreEntry.unit_id.is_not(None),
        )
    )
    return tuple((person, unit or 0, day, number(points)) for person, unit, day, points in rows)


def reached_rows(board_id: int) -> tuple[tuple[int, int, date, datetime], ...]:
    """(person, unit, date, moment of its last point) of every date with points."""
    rows = db.session.execute(
        select(
            ScoreEntry.person_id, ScoreEntry.unit_id, ScoreEntry.local_day, ScoreEntry.reached_at
        ).where(
            ScoreEntry.board_id == board_id,
            ScoreEntry.unit_id.is_not(None),
            ScoreEntry.reached_at.is_not(None),
        )
    )
    return tuple(
        (person, unit, day, moment)
        for person, unit, day, moment in rows
        if unit is not None and moment is not None
    )


def earned_on(board_id: int, unit_id: int, day: date) -> dict[int, Fraction]:
    """What each rep of a unit earned on one date."""
    rows = db.session.execute(
        select(ScoreEntry.person_id, ScoreEntry.points).where(
            ScoreEntry.board_id == board_id,
            ScoreEntry.unit_id == unit_id,
            ScoreEntry.local_day == day,
        )
    )
    return {person: number(points) for person, points in rows}


def uncounted(board_id: int) -> int:
    """How many events were seen and not counted (caps, repeats, holds, ...)."""
    total = select(func.sum(ScoreEntry.uncounted)).where(ScoreEntry.board_id == board_id)
    return int(db.session.scalar(total) or 0)


def units_of(board_id: int) -> set[int]:
    """The teams with a row on the board."""
    return set(db.session.scalars(select(Standing.unit_id).where(Standing.board_id == board_id)))


def standing_rows(board_id: int) -> dict[int, dict[str, object]]:
    """The live rows of a board as they stand in the table, by unit."""
    rows = db.session.execute(select(*table_of(Standing).c).where(Standing.board_id == board_id))
    return {row["unit_id"]: dict(row) for row in rows.mappings()}


def ranked_count(board_id: int) -> int:
    """How many teams have a place."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Standing)
            .where(Standing.board_id == board_id, Standing.rank.is_not(None))
        )
        or 0
    )


def people_with_days_away(board_id: int, working_days: int) -> int:
    """Reps who were available on some but not all working days."""
    available = func.sum(MemberRow.available_days)
    rows = (
        select(MemberRow.person_id)
        .where(MemberRow.board_id == board_id)
        .group_by(MemberRow.person_id)
        .having(available < working_days, available > 0)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(rows)) or 0


def leaders(board_ids: Collection[int], top: int = 3) -> dict[int, tuple[Place, ...]]:
    """The first few of several boards in one read."""
    rows = db.session.execute(
        select(Standing.board_id, *_LIVE).where(
            Standing.board_id.in_(list(board_ids)), Standing.rank <= top
        )
    )
    found: dict[int, list[Place]] = defaultdict(list)
    for row in rows:
        found[row.board_id].append(_place(row))
    return {board_id: in_order(with_people(places)) for board_id, places in found.items()}


def own_rows(board_ids: Collection[int], unit_ids: Collection[int]) -> dict[int, Place]:
    """The best own row of several boards in one read."""
    if not unit_ids:
        return {}
    rows = db.session.execute(
        select(Standing.board_id, *_LIVE).where(
            Standing.board_id.in_(list(board_ids)), Standing.unit_id.in_(list(unit_ids))
        )
    )
    found: dict[int, list[Place]] = defaultdict(list)
    for row in rows:
        found[row.board_id].append(_place(row))
    return {board_id: in_order(with_people(places))[0] for board_id, places in found.items()}


def sides_of_person(board_ids: Collection[int], person_id: int) -> frozenset[int]:
    """The sides of these boards a person stands on."""
    if not board_ids:
        return frozenset()
    rows = select(SidePerson.side_id).where(
        SidePerson.board_id.in_(list(board_ids)), SidePerson.person_id == person_id
    )
    return frozenset(db.session.scalars(rows))


def place_called(board: Board, places: Iterable[Place], name: str) -> Place | None:
    """The row somebody asks for by its name; a person's also by the files' person_id."""
    found = tuple(places)
    if UnitKind(board.unit) is UnitKind.PERSON:
        card = people.card_by_key(name)
        if card is not None:
            return next((place for place in found if place.unit_id == card.id), None)
    return next((place for place in found if place.is_listed and place.unit == name), None)


def personal(places: Sequence[Place], own_id: int | None) -> tuple[Place, ...]:
    """What one person sees of a board of persons: the podium, and two rows either side of theirs.

    Names only on the podium and one's own row, and nobody is shown as last (METRICS C10, 5.4).
    """
    own = next((place for place in places if place.unit_id == own_id and place.ranked), None)
    pool = [
        place for place in places if place.ranked and (not own or place.division == own.division)
    ]
    at = next((row for row, place in enumerate(pool) if place is own), None)
    seen = []
    for row, place in enumerate(pool):
        if place is own or (place.rank or 0) <= PODIUM:
            seen.append(place)
        elif at is not None and abs(row - at) <= AROUND:
            seen.append(replace(place, unit="", is_listed=False))
    return tuple(seen)
