"""The list of boards as the page shows it: three reads, however many boards there are."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from adoption.models import UsageEvent
from core.db import db
from leaderboard.models import Board
from leaderboard.queries import reads
from leaderboard.queries.reads import Place
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import UnitKind
from people import queries as people
from programme import queries as programmes

DAY = timedelta(days=1)
MOST = 40
TOP = 3
ALWAYS = "Always on"


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
    as_of: datetime
    time_zone: str
    history: str
    is_share: bool
    is_person: bool


@dataclass(frozen=True)
class BoardList:
    """The list with its one-sentence answer."""

    answer: str
    groups: tuple[tuple[str, tuple[BoardCard, ...]], ...]


def zone_of(programme_id: int) -> str:
    """The time zone a programme's boards speak in."""
    return programmes.by_id(programme_id).time_zone


def default_programme_id() -> int | None:
    """The programme a new board belongs to."""
    found = programmes.default()
    return None if found is None else found.id


def board_list(person_id: int | None, now: datetime) -> BoardList:
    """Boards that run, that come, and that are over, latest first."""
    boards = reads.boards()[:MOST]
    ids = [board.id for board in boards]
    leaders, own = reads.leaders(ids), _own(boards, person_id, now)
    zones = {each.id: programmes.calendar(each) for each in programmes.all_programmes()}
    names: tuple[str, ...] = ("Running", "Coming", ALWAYS, "Decided")
    groups: dict[str, list[BoardCard]] = {name: [] for name in names}
    for board in boards:
        today = zones[board.programme_id].local_day(now)
        card = _card(board, zones[board.programme_id].zone, leaders, own, now)
        groups[_group(board, today)].append(card)
    return BoardList(
        answer=_answer(groups["Running"], groups["Coming"]),
        groups=tuple((name, tuple(cards)) for name, cards in groups.items()),
    )


def _own(boards: Sequence[Board], person_id: int | None, now: datetime) -> dict[int, Place]:
    """The reader's own row of each board; a row's key is read by what the board ranks."""
    if person_id is None:
        return {}
    of_kind = {kind: [b.id for b in boards if b.unit == kind] for kind in UnitKind}
    teams = people.own_team_ids(person_id, now.date())
    own = dict.fromkeys(UnitKind, teams) | {
        UnitKind.PERSON: frozenset({person_id}),
        UnitKind.ADHOC: reads.sides_of_person(of_kind[UnitKind.ADHOC], person_id),
    }
    found: dict[int, Place] = {}
    for kind, board_ids in of_kind.items():
        if board_ids:
            found |= reads.own_rows(board_ids, own[kind])
    return found


def _group(board: Board, today: date) -> str:
    if not board.is_contest:
        return ALWAYS
    if board.frozen_at is not None:
        return "Decided"
    return "Coming" if today < board.starts_on else "Running"


def _card(
    board: Board,
    zone: str,
    leaders: Mapping[int, tuple[Place, ...]],
    own: Mapping[int, Place],
    now: datetime,
) -> BoardCard:
    """One board; while it is covered, the snapshot as on every other page (CONTESTS case 36)."""
    covered = reads.is_hidden(board, now)
    top, mine = leaders.get(board.id, ()), own.get(board.id)
    as_of = board.changed_at or now
    if covered:
        kept = reads.snapshot_table(board)
        top = tuple(place for place in kept.places if place.rank is not None and place.rank <= TOP)
        mine = next((p for p in kept.places if mine and p.unit_id == mine.unit_id), None)
        as_of = kept.as_of
    if any(place.division for place in top):
        # Each division has a first of its own; the rows behind them would read as one mixed table.
        top = tuple(place for place in top if place.rank == 1)
    is_open = any(place.rank_score for place in top)
    return BoardCard(
        title=board.title,
        link=board.link,
        starts_on=board.starts_on,
        last_on=board.ends_on - DAY,
        top=top[:TOP] if is_open else (),
        own=mine,
        is_covered=covered,
        as_of=as_of,
        time_zone=zone,
        history=f"/boards/{board.slug}",
        is_share=board.mode == Mode.PARTICIPATION,
        is_person=board.unit == UnitKind.PERSON,
    )


def open_ended() -> tuple[int, ...]:
    """Boards without an end that go on."""
    return tuple(
        db.session.scalars(
            select(Board.id)
            .where(Board.kind != "contest", Board.frozen_at.is_(None))
            .order_by(Board.id)
        )
    )


def first_use(programme_id: int, kinds: Collection[str]) -> date | None:
    """The first local date with an event of these kinds."""
    return db.session.scalar(
        select(func.min(UsageEvent.local_day)).where(
            UsageEvent.programme_id == programme_id, UsageEvent.kind.in_(sorted(kinds))
        )
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
