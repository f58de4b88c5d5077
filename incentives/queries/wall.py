"""What a wall shows of a programme: contests by team, recent thanks, the adoption number.

Always as somebody sees it who may know least: snapshots while a board is covered (CONTESTS case
36), names only as people wish to be named (case 35). Of a contest between persons a wall shows the
podium alone, by the names people chose; who is not listed is left out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil

from sqlalchemy import select

from adoption.queries import page as adoption
from core.calendars import zone_of
from core.db import db
from incentives.models import Contest
from incentives.queries import pages
from incentives.queries.documents import Reader
from incentives.queries.pages.words import day_words
from incentives.queries.records import contest_by_slug, contests, thanks, unit_kind
from incentives.rules.contests import State
from leaderboard.rules.units import UnitKind
from programme import queries as programme_rows
from programme.models import Programme

MOST_LANES = 8
LONGEST_SLUG = 80
MOST_EMBEDDED = 12
MOST_CONTESTS = 6
MOST_THANKS = 6
LOOKED_THROUGH = 60
RECENT = timedelta(days=35)
SHOWN = (State.RUNNING, State.PAUSED, State.GRACE, State.COMPUTING, State.PROVISIONAL)


@dataclass(frozen=True)
class WallContest:
    """A contest on the wall: its lanes, what is left of it, and the rule in one sentence."""

    slug: str
    title: str
    rule: str
    when: str
    seconds_left: int | None
    lanes: tuple[pages.LaneView, ...]
    top: float
    unit: str
    more: int
    cover: str
    is_person: bool
    unnamed: int = 0


@dataclass(frozen=True)
class WallThanks:
    """Somebody thanked, as they wish to be named, for what, and when."""

    name: str
    team: str
    title: str
    when: str
    place: int | None


@dataclass(frozen=True)
class WallAdoption:
    """Who made the tool a habit, out of whom, and how far the goal is."""

    share: Fraction
    counts: str
    goal: str
    through: str


@dataclass(frozen=True)
class Wall:
    """Everything on the screen."""

    programme: str
    zone: str
    contests: tuple[WallContest, ...]
    thanks: tuple[WallThanks, ...]
    adoption: WallAdoption | None


def programmes() -> tuple[Programme, ...]:
    """The programmes that have a wall."""
    return tuple(programme_rows.all_programmes())


def programme_called(slug: str) -> Programme | None:
    """The programme a wall's address names, by its own slug or by that of one of its contests."""
    if len(slug) > LONGEST_SLUG or not slug.isprintable():
        return None
    found = programme_rows.get(slug)
    if found is None and (contest := contest_by_slug(slug)) is not None:
        is_public = contest.state not in {State.DRAFT, State.SUBMITTED}
        found = programme_rows.by_id(contest.programme_id) if is_public else None
    return found


def wall(programme: Programme, now: datetime) -> Wall:
    """The wall of a programme, for everybody who looks at it."""
    return Wall(
        programme=programme.name,
        zone=programme.time_zone,
        contests=tuple(wall_contest(contest, now) for contest in _shown(programme.id)),
        thanks=_thanks(programme, now),
        adoption=_adoption(programme),
    )


def lone(contest: Contest, now: datetime, most: int = MOST_EMBEDDED) -> Wall:
    """One contest's board by itself; of persons no row, as anybody may look on."""
    programme = db.session.get_one(Programme, contest.programme_id)
    is_person = unit_kind(contest) is UnitKind.PERSON
    board = wall_contest(contest, now, 0 if is_person else most)
    return Wall(programme.name, programme.time_zone, (board,), (), None)


def _shown(programme_id: int) -> list[Contest]:
    """Contests that run or wait for their result, the one that ends first in front."""
    rows = db.session.scalars(
        select(Contest)
        .where(Contest.programme_id == programme_id, Contest.state.in_([*SHOWN]))
        .order_by(Contest.ends_at, Contest.id)
    )
    return list(rows)[:MOST_CONTESTS]


def wall_contest(contest: Contest, now: datetime, most: int = MOST_LANES) -> WallContest:
    """A contest's standings as everybody sees them: teams, or the podium of persons.

    While nobody has scored there is no podium: a name on a wall has to mean something.
    """
    found = pages.whole(contest.id, Reader(), now)
    board = pages.board_view(found, ())
    lanes, unnamed = board.lanes, 0
    if found.is_person:
        podium = [lane for lane in lanes if lane.value > 0]
        lanes = tuple(lane for lane in podium if lane.is_listed)
        unnamed = len(podium) - len(lanes)
    lanes = lanes[:most]
    since = board.updated_at if not found.is_covered else found.table.as_of
    local = since.astimezone(zone_of(found.time_zone))
    return WallContest(
        slug=contest.slug,
        title=contest.title,
        rule=found.points_foot,
        when=board.when,
        seconds_left=board.seconds_left,
        lanes=lanes,
        top=board.top,
        unit=board.unit,
        more=len(found.placed) - len(lanes) - unnamed,
        cover=f"Covered since {day_words(local.date())}, {local:%H:%M}. The end stays open."
        if found.is_covered
        else "",
        is_person=found.is_person,
        unnamed=unnamed if most else 0,
    )


def _thanks(programme: Programme, now: datetime) -> tuple[WallThanks, ...]:
    """Recent thanks of the programme, newest first; who is not listed is left out."""
    zone = zone_of(programme.time_zone)
    mine = {contest.slug for contest in contests(programme.id)}
    return tuple(
        WallThanks(
            name=each.name,
            team=each.team or "",
            title=each.title,
            when=day_words(each.given_at.astimezone(zone).date()),
            place=each.place,
        )
        for each in thanks(limit=LOOKED_THROUGH)
        if each.name is not None
        and now - RECENT <= each.given_at <= now
        and (each.contest_slug is None or each.contest_slug in mine)
    )[:MOST_THANKS]


def _adoption(programme: Programme) -> WallAdoption | None:
    """METRICS A4 with its counts; nothing of a group smaller than the programme's least."""
    seen = adoption.picture_of(programme)
    if seen is None or seen.share.base < programme.min_group:
        return None
    hits, base = seen.share.hits, seen.share.base
    goal = Fraction(str(programme.goal_low))
    missing = ceil(goal * base) - hits
    percent = f"{float(goal) * 100:g}%"
    return WallAdoption(
        share=Fraction(hits, base),
        counts=f"{hits:,} of {base:,} reps",
        goal=f"{missing:,} more and we reach the {percent} goal."
        if missing > 0
        else f"The goal of {percent} is reached.",
        through=day_words(seen.through),
    )
