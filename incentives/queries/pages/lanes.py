"""The Board of a contest as one reader sees it: which teams, in what words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from itertools import takewhile

from core import charts
from incentives.models import Contest
from incentives.queries.pages.whole import LaneView, Whole
from incentives.queries.pages.words import count_words, listed, nth, seconds_left, when_words
from incentives.rules.contests import State
from leaderboard.metrics import SCORE_UNITS, percent, plain, score_words
from leaderboard.queries import reads
from leaderboard.queries.reads import Place
from leaderboard.rules import seats
from leaderboard.rules.seats import Seat
from leaderboard.rules.standing import Mode

# How somebody is called who stands near the reader on a board of persons (METRICS 5.4).
NEIGHBOUR = "A colleague near you"
# Modes whose places go by the score adjusted for size (METRICS C8).
ADJUSTED = frozenset({Mode.PARTICIPATION, Mode.PER_CAPITA})


@dataclass(frozen=True)
class BoardView:
    """The Board: its answer, its lanes, and how fresh it is."""

    title: str
    answer: str
    lanes: tuple[LaneView, ...]
    top: float
    ticks: tuple[str, ...]
    unit: str
    seconds_left: int | None
    when: str
    is_covered: bool
    updated_at: datetime
    time_zone: str
    teams: int
    more: int
    noun: str = "team"
    is_adjusted: bool = True


def board_view(found: Whole, own: Collection[int], seat: Seat = Seat.FRONT) -> BoardView:
    """The Board as this reader sees it from their seat."""
    contest, board, placed, now = found.contest, found.board, found.placed, found.now
    mine = _own_places(found, own)
    shown = shown_places(found, own, seat)
    mode = found.mode
    is_decided = contest.state in {State.FINAL, State.ARCHIVED} and not found.is_covered
    scale = charts.lane_scale(
        [float(place.score or 0) for place in shown], as_percent=mode is Mode.PARTICIPATION
    )
    return BoardView(
        title=contest.title,
        answer=_answer(
            contest, mode, placed, mine, is_decided=is_decided, is_person=found.is_person
        ),
        lanes=tuple(_lane_for(found, place, own) for place in shown),
        top=scale.top,
        ticks=scale.ticks,
        unit=SCORE_UNITS[mode].removeprefix("% "),
        seconds_left=seconds_left(contest, now),
        when=when_words(contest, found.time_zone),
        is_covered=found.is_covered,
        updated_at=found.table.as_of
        if found.is_covered
        else board.changed_at or board.counted_at or now,
        time_zone=found.time_zone,
        teams=len(found.table.places),
        more=len(placed) - len(shown),
        noun="rep" if found.is_person else "team",
        is_adjusted=mode in ADJUSTED and not found.is_person,
    )


def _own_places(found: Whole, own: Collection[int]) -> list[Place]:
    indexes = sorted(found.index[unit] for unit in own if unit in found.index)
    return [place for number in indexes if (place := found.table.places[number]).ranked]


def shown_places(found: Whole, own: Collection[int], seat: Seat) -> Sequence[Place]:
    """The rows of the Board somebody sees from their seat, best first."""
    if found.is_person and seat is not Seat.ALL:
        return reads.personal(found.placed, min(own, default=None))
    return seats.seen(found.placed, own, seat)


def _lane_for(found: Whole, place: Place, own: Collection[int]) -> LaneView:
    """A lane worked out once for all, and marked for its own team."""
    lane = found.lanes.get(place.unit_id)
    if lane is None:
        note = _person_note(place, found.mode) if found.is_person else _lane_note(place, found.mode)
        lane = found.lanes[place.unit_id] = _lane(place, found.mode, note)
    return replace(lane, you=True) if place.unit_id in own else lane


def _lane(place: Place, mode: Mode, note: str) -> LaneView:
    moved = (
        None
        if place.previous_rank is None or place.rank is None
        else place.previous_rank - place.rank
    )
    return LaneView(
        rank=place.rank,
        name=place.unit or NEIGHBOUR,
        is_listed=place.is_listed,
        score=score_words(mode, place.score),
        value=float(place.score or 0),
        was=None if place.previous_score is None else float(place.previous_score),
        places=moved,
        team=place.unit_id,
        you=False,
        note=", ".join(part for part in (place.division, note) if part),
    )


def _lane_note(place: Place, mode: Mode) -> str:
    if mode is Mode.PARTICIPATION:
        return f"{place.participants} of {place.roster} reps, {percent(place.rank_score)} adjusted"
    return f"{count_words(place.roster, 'rep')}, {plain(place.points)} points"


def _person_note(place: Place, mode: Mode) -> str:
    """What stands behind one rep's score, where the score itself does not say it."""
    if mode is Mode.PARTICIPATION:
        return "on target" if place.participants else ""
    return "" if mode is Mode.TOTAL else f"{plain(place.points)} points"


def _answer(
    contest: Contest,
    mode: Mode,
    placed: Sequence[Place],
    mine: Sequence[Place],
    *,
    is_decided: bool,
    is_person: bool = False,
) -> str:
    """The sentence under the title: who leads, and where the reader's team stands."""
    sentences = []
    leaders = list(takewhile(lambda place: place.rank == 1, placed))
    verb = "won" if is_decided else "leads"
    if leaders and leaders[0].rank_score:
        if len(leaders) == 1:
            how = _person_lead(mode, placed) if is_person else _lead_words(mode, placed)
            sentences.append(f"{leaders[0].unit} {verb}{how and ', '}{how}.")
        else:
            shared = "share first place"
            sentences.append(f"{listed([place.unit for place in leaders[:4]])} {shared}.")
    elif contest.state in {State.RUNNING, State.PAUSED}:
        sentences.append("Nobody has reached their target yet: everything is open.")
    sentences += [_own_words(place, is_person=is_person) for place in mine[:1] if place.rank != 1]
    return " ".join(sentences)


def _lead_words(mode: Mode, placed: Sequence[Place]) -> str:
    first = placed[0]
    if mode is Mode.PARTICIPATION:
        return f"{first.participants} of {first.roster} reps on target"
    second = placed[1] if len(placed) > 1 else None
    ahead = (first.score or Fraction(0)) - ((second.score if second else None) or Fraction(0))
    return f"{float(ahead):g} ahead of {second.unit}" if second else score_words(mode, first.score)


def _person_lead(mode: Mode, placed: Sequence[Place]) -> str:
    return "" if mode is Mode.PARTICIPATION else _lead_words(mode, placed)


def _own_words(place: Place, *, is_person: bool) -> str:
    who = "You are" if is_person else f"Your team, {place.unit}, is"
    if place.previous_rank is None or place.rank is None or place.previous_rank == place.rank:
        return f"{who} {nth(place.rank or 0)}."
    gained = place.previous_rank - place.rank
    moved = f"up {gained}" if gained > 0 else f"down {-gained}"
    return f"{who} {nth(place.rank)} and {moved} since last week."
