"""One board as its page and its file show it: now, or at any moment before."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from core import charts
from leaderboard.metrics import (
    SCORE_UNITS,
    plain,
    rule_sentence,
    score_words,
    tie_lines,
    tie_sentence,
)
from leaderboard.models import Board
from leaderboard.queries import lists, reads
from leaderboard.queries.reads import Place, Table
from leaderboard.rules import seats
from leaderboard.rules.seats import Seat
from leaderboard.rules.standing import Mode
from leaderboard.rules.terms import rules_from
from leaderboard.rules.units import TieBreak, UnitKind

DAY = timedelta(days=1)
NEIGHBOUR = "A colleague near you"
NOUNS = {
    UnitKind.TEAM: "team",
    UnitKind.DIVISION: "team",
    UnitKind.ADHOC: "side",
    UnitKind.PERSON: "rep",
}
REASONS = {
    "too_small": "Fewer than three reps",
    "no_roster": "Nobody was there for half of it",
    "no_baseline": "No weeks before to compare with",
    "no_division": "In no division",
}


@dataclass(frozen=True)
class RowView:
    """A row in words; `key` is the unit's, `name` empty of meaning where it is not listed."""

    key: int
    rank: int | None
    name: str
    is_listed: bool
    is_own: bool
    score: str
    value: float
    moved: int | None
    note: str


@dataclass(frozen=True)
class BoardPage:
    """A board's page: its rows from one seat, of which moment they are, and how it counts."""

    slug: str
    title: str
    link: str
    kind: str
    time_zone: str
    starts_on: date
    last_on: date
    is_contest: bool
    rows: tuple[RowView, ...]
    unranked: tuple[RowView, ...]
    units: int
    noun: str
    more: int
    top: float
    ticks: tuple[str, ...]
    unit: str
    as_of: datetime
    is_past: bool
    is_covered: bool
    hides_at: datetime | None
    rules: tuple[str, ...]
    ties: str
    target_days: str
    is_share: bool
    answer: str


def visible(
    board: Board, places: Sequence[Place], own: Collection[int], seat: Seat
) -> Sequence[Place]:
    """The ranked rows somebody sees; of persons no more than the podium and their neighbours."""
    placed = [place for place in places if place.ranked]
    if UnitKind(board.unit) is UnitKind.PERSON and seat is not Seat.ALL:
        return reads.personal(placed, min(own, default=None))
    return seats.seen(placed, own, seat)


def board_page(
    board: Board,
    table: Table,
    own: Collection[int],
    seat: Seat,
    *,
    as_of: datetime | None,
    is_covered: bool,
) -> BoardPage:
    """The page for one reader; `as_of` None is now."""
    places = [place for place in table.places if place.ranked]
    shown = visible(board, table.places, own, seat)
    mode = Mode(board.mode)
    scale = charts.lane_scale(
        [float(place.score or 0) for place in shown], as_percent=mode is Mode.PARTICIPATION
    )
    is_team = UnitKind(board.unit).is_team
    unranked = [place for place in table.places if not place.ranked] if is_team else []
    return BoardPage(
        slug=board.slug,
        title=board.title,
        link=board.link,
        kind=board.kind,
        time_zone=lists.zone_of(board.programme_id),
        starts_on=board.starts_on,
        last_on=board.ends_on - DAY,
        is_contest=board.is_contest,
        rows=tuple(_row(place, mode, own) for place in shown),
        unranked=tuple(_row(place, mode, own) for place in unranked),
        units=len(table.places),
        noun=NOUNS[UnitKind(board.unit)],
        more=len(places) - len(shown),
        top=scale.top,
        ticks=scale.ticks,
        unit=SCORE_UNITS[mode].removeprefix("% "),
        as_of=table.as_of if table.is_frozen or as_of is not None else _changed(board, table),
        is_past=as_of is not None,
        is_covered=is_covered,
        hides_at=board.hides_at,
        rules=tuple(rule_sentence(rule) for rule in rules_from(board.rules).values()),
        ties=tie_sentence([TieBreak(each) for each in board.tie_break]),
        target_days=board.target_days,
        is_share=mode is Mode.PARTICIPATION,
        answer=_answer(places, mode),
    )


def _changed(board: Board, table: Table) -> datetime:
    return board.changed_at or table.as_of


def _row(place: Place, mode: Mode, own: Collection[int]) -> RowView:
    moved = None
    if place.previous_rank is not None and place.rank is not None:
        moved = place.previous_rank - place.rank
    if place.reason is not None:
        note = REASONS.get(place.reason, "")
    elif mode is Mode.PARTICIPATION:
        note = f"{place.participants} of {place.roster} reps on target"
    else:
        reps = f"{float(place.headcount):.1f}".removesuffix(".0")
        note = f"{float(place.points):,.12g} points, {reps} reps"
    if place.reason is None and place.rank_score != place.score:
        note = f"{note}, {score_words(mode, place.rank_score)} adjusted"
    return RowView(
        key=place.unit_id,
        rank=place.rank,
        name=place.unit or NEIGHBOUR,
        is_listed=place.is_listed,
        is_own=place.unit_id in own,
        score=score_words(mode, place.score),
        value=float(place.score or 0),
        moved=moved,
        note=f"{place.division}, {note}" if place.division else note,
    )


def _answer(places: Sequence[Place], mode: Mode) -> str:
    """The sentence under the title: who leads, with what it is made of."""
    first = [place for place in places if place.rank == 1]
    if not first or not first[0].rank_score:
        return "Nothing counted yet: everything is still to play for."
    if len(first) > 1:
        return f"{len(first)} share the first place of {len(places)}."
    best = first[0]
    if mode is Mode.PARTICIPATION:
        return f"{best.unit} leads, {best.participants} of {best.roster} reps on target."
    return f"{best.unit} leads with {score_words(mode, best.score)}, {plain(best.points)} points."


def ties_of(board: Board, place: Place) -> tuple[tuple[str, str], ...]:
    """What parts a row from its equals, as the page names it."""
    return tie_lines([TieBreak(each) for each in board.tie_break], place.tie)


CSV_HEADER = (
    "Place",
    "Name",
    "Division",
    "Score",
    "Adjusted score",
    "Points",
    "Headcount",
    "On target",
    "Roster",
    "Not ranked because",
    "Board",
    "As of",
)


def csv_rows(
    board: Board, table: Table, own: Collection[int], seat: Seat
) -> list[tuple[object, ...]]:
    """The rows of a board's file: those its page shows from this seat, then the unranked teams."""
    shown = [*visible(board, table.places, own, seat)]
    if UnitKind(board.unit).is_team:
        shown += [place for place in table.places if not place.ranked]
    as_of = table.as_of.isoformat().replace("+00:00", "Z")
    return [
        (
            place.rank,
            place.unit or NEIGHBOUR,
            place.division,
            _number(place.score),
            _number(place.rank_score),
            _number(place.points),
            _number(place.headcount),
            place.participants,
            place.roster,
            REASONS.get(place.reason or "", place.reason),
            board.title,
            as_of,
        )
        for place in shown
    ]


def _number(value: Fraction | None) -> str | None:
    return None if value is None else f"{float(value):.6g}"
