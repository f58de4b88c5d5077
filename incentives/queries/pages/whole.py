"""A contest as everybody's page has it, read once for all readers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.db import detached
from incentives.models import Contest
from incentives.queries.documents import Reader, table_for
from incentives.queries.pages.terms import (
    PointLine,
    PrizeView,
    fairness,
    point_lines,
    points_foot,
    prize_views,
)
from incentives.queries.pages.words import seconds_left
from incentives.rules.chasing import Chase
from incentives.rules.contests import State
from leaderboard.models import Board
from leaderboard.queries import reads
from leaderboard.queries.reads import Place, Table
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import UnitKind
from programme import queries as programmes


@dataclass(frozen=True)
class LaneView:
    """One team on the Board."""

    rank: int | None
    name: str
    score: str
    value: float
    was: float | None
    places: int | None
    team: int
    you: bool
    note: str
    is_listed: bool = True


@dataclass(frozen=True)
class Whole:
    """What a contest's page is made of before anybody looks at it.

    `contest` and `board` are copies that belong to no session. Whose team somebody is in, and what
    their colleagues did, is asked for with it in hand; `lanes` and `chases` as far as asked for.
    """

    contest: Contest
    board: Board
    table: Table
    placed: tuple[Place, ...]
    is_covered: bool
    time_zone: str
    now: datetime
    points: tuple[PointLine, ...]
    points_foot: str
    prizes: tuple[PrizeView, ...]
    fairness: tuple[tuple[str, str], ...]
    unranked: tuple[Place, ...]
    index: Mapping[int, int]
    lanes: dict[int, LaneView]
    chases: dict[int, Chase]

    @property
    def mode(self) -> Mode:
        """How its teams are ranked."""
        return Mode(self.board.mode)

    @property
    def is_person(self) -> bool:
        """Whether its rows are persons, not teams."""
        return UnitKind(self.board.unit) is UnitKind.PERSON


def shown_table(contest: Contest, board: Board, reader: Reader, now: datetime) -> Table:
    """Pages read the rows as they stand; only a board never counted is worked out."""
    if not reader.sees_through_freeze and reads.is_hidden(board, now):
        return reads.snapshot_table(board)
    if board.counted_at is None:
        return table_for(contest, reader, as_of=None, now=now)
    return reads.current_table(board, now)


def whole(contest_id: int, reader: Reader, now: datetime) -> Whole:
    """Everything on a contest's page that does not depend on the reader's own team."""
    contest = detached(Contest, contest_id)
    board = detached(Board, contest.board_id)
    table = shown_table(contest, board, reader, now)
    return Whole(
        contest=contest,
        board=board,
        table=table,
        placed=tuple(place for place in table.places if place.ranked),
        is_covered=not reader.sees_through_freeze and reads.is_hidden(board, now),
        time_zone=programmes.by_id(contest.programme_id).time_zone,
        now=now,
        points=point_lines(board),
        points_foot=points_foot(board),
        prizes=prize_views(contest),
        fairness=fairness(contest, board, table),
        unranked=tuple(place for place in table.places if not place.ranked),
        index={place.unit_id: number for number, place in enumerate(table.places)},
        lanes={},
        chases={},
    )


def is_live(found: Whole) -> bool:
    """Whether its Board may still move: it runs, rests, or late data is awaited."""
    return found.contest.state in {State.RUNNING, State.PAUSED, State.GRACE}


def is_on(found: Whole) -> bool:
    """Whether a day still counts: it runs or rests."""
    return seconds_left(found.contest, found.now) is not None
