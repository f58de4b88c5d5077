"""The list of boards as the page shows it: three reads, however many boards there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from leaderboard.models import Board
from leaderboard.queries import reads
from leaderboard.queries.reads import Place
from people import queries as people
from programme import queries as programmes

DAY = timedelta(days=1)
MOST = 40


@dataclass(frozen=True)
class BoardCard:
    """One board in the list."""

    title: str
    link: str
    starts_on: date
    last_on: date
    top: tuple[Place, ...]
    own: Place | None
    is_covered: bool


@dataclass(frozen=True)
class BoardList:
    """The list with its one-sentence answer."""

    answer: str
    groups: tuple[tuple[str, tuple[BoardCard, ...]], ...]


def board_list(person_id: int | None, now: datetime) -> BoardList:
    """Boards that run, that come, and that are over, latest first."""
    boards = reads.boards()[:MOST]
    ids = [board.id for board in boards]
    own_teams = _own_teams(person_id, now)
    leaders, own = reads.leaders(ids), reads.own_rows(ids, own_teams)
    zones = {each.id: programmes.calendar(each) for each in programmes.all_programmes()}
    groups: dict[str, list[BoardCard]] = {"Running": [], "Coming": [], "Decided": []}
    for board in boards:
        today = zones[board.programme_id].local_day(now)
        card = _card(board, leaders.get(board.id, ()), own.get(board.id), now)
        groups[_group(board, today)].append(card)
    return BoardList(
        answer=_answer(groups["Running"], groups["Coming"]),
        groups=tuple((name, tuple(cards)) for name, cards in groups.items()),
    )


def _own_teams(person_id: int | None, now: datetime) -> frozenset[int]:
    return frozenset() if person_id is None else people.own_team_ids(person_id, now.date())


def _group(board: Board, today: date) -> str:
    if board.frozen_at is not None:
        return "Decided"
    return "Coming" if today < board.starts_on else "Running"


def _card(board: Board, top: tuple[Place, ...], own: Place | None, now: datetime) -> BoardCard:
    covered = reads.is_hidden(board, now)
    is_open = any(place.rank_score for place in top)
    return BoardCard(
        title=board.title,
        link=board.link,
        starts_on=board.starts_on,
        last_on=board.ends_on - DAY,
        top=() if covered or not is_open else top[:3],
        own=None if covered else own,
        is_covered=covered,
    )


def _answer(running: Sequence[BoardCard], coming: Sequence[BoardCard]) -> str:
    if running:
        names = [card.title for card in running[:3]]
        joined = " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
        return f"{joined} {'is' if len(running) == 1 else 'are'} on."
    if coming:
        first = coming[-1]
        day = first.starts_on
        return f"{first.title} starts on {day:%A} {day.day} {day:%B}."
    return "No contest is running at the moment."
