"""What feeds and calendars tell of contests: the same to everybody who may see contests at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from core.calendars import DAY, WEEK_DAYS
from core.db import db
from incentives.models import Contest, ContestEvent
from incentives.queries import pages
from incentives.queries.documents import Reader
from incentives.queries.pages.words import listed
from incentives.queries.records import thanks
from incentives.rules.contests import DISPUTE_WINDOW, State
from leaderboard.models import Board
from leaderboard.queries import reads
from leaderboard.rules.units import UnitKind
from people import queries as people
from programme import queries as programmes

HIDDEN = (State.DRAFT, State.SUBMITTED)
RECENT = timedelta(days=60)
MOST = 50


@dataclass(frozen=True)
class News:
    """One piece of news. `key` names it for ever; `slug` is the contest it is about."""

    key: str
    at: datetime
    title: str
    text: str
    slug: str | None


@dataclass(frozen=True)
class Dates:
    """A contest's dates for a calendar; `sequence` rises with every change of the contest."""

    contest_id: int
    slug: str
    title: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime
    result_at: datetime
    is_cancelled: bool


def dates() -> tuple[Dates, ...]:
    """Start, end and result of every announced contest, latest start first."""
    latest = (
        select(ContestEvent.contest_id, func.max(ContestEvent.recorded_at).label("at"))
        .group_by(ContestEvent.contest_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Contest, latest.c.at)
        .outerjoin(latest, latest.c.contest_id == Contest.id)
        .where(Contest.state.not_in(HIDDEN), Contest.rules_hash != "")
        .order_by(Contest.starts_at.desc(), Contest.id.desc())
        .limit(MOST)
    )
    return tuple(
        Dates(
            contest_id=contest.id,
            slug=contest.slug,
            title=contest.title,
            sequence=contest.change,
            changed_at=at or contest.created_at,
            starts_at=contest.starts_at,
            ends_at=contest.ends_at,
            result_at=contest.final_at or contest.grace_ends_at + DISPUTE_WINDOW,
            is_cancelled=contest.state == State.CANCELLED,
        )
        for contest, at in rows
    )


def news(now: datetime) -> tuple[News, ...]:
    """Contests that began, standings of Mondays, results and thanks, newest first."""
    found = [*_thanked(now)]
    for contest in _recent(now):
        found += _of_contest(contest, now)
    newest = sorted(found, key=lambda each: (each.at, each.key), reverse=True)
    return tuple(newest[:MOST])


def _recent(now: datetime) -> list[Contest]:
    return list(
        db.session.scalars(
            select(Contest)
            .where(Contest.state.not_in(HIDDEN), Contest.ends_at >= now - RECENT)
            .where(Contest.starts_at <= now)
            .order_by(Contest.id)
        )
    )


def _of_contest(contest: Contest, now: datetime) -> Iterator[News]:
    events = db.session.scalars(
        select(ContestEvent)
        .where(ContestEvent.contest_id == contest.id, ContestEvent.step.in_(["start", "finalise"]))
        .order_by(ContestEvent.id)
    )
    for event in events:
        if event.step == "start":
            said = f"{contest.title} has begun"
            ends = pages_day(contest.last_on)
            yield News(f"{contest.slug}/start", event.at, said, f"It ends {ends}.", contest.slug)
        else:
            text = _winners(contest, now)
            said = f"{contest.title} is decided"
            yield News(f"{contest.slug}/result", event.at, said, text, contest.slug)
    yield from _mondays(contest, now)


def pages_day(day: date) -> str:
    """A date as feeds write it: "Tuesday 24 November"."""
    return f"{day:%A} {day.day} {day:%B}"


def _winners(contest: Contest, now: datetime) -> str:
    """Who is first, by team; of persons nobody is named, for a feed is read by anybody."""
    found = pages.whole(contest.id, Reader(), now)
    if found.board.unit == UnitKind.PERSON or found.is_covered:
        return "The result is on the contest's page."
    first = [place.unit for place in found.placed if place.rank == 1]
    if not first:
        return "No team could be ranked."
    return f"{listed(first)} {'is' if len(first) == 1 else 'share the'} first."


def _mondays(contest: Contest, now: datetime) -> Iterator[News]:
    """Who led at the close of each week of the contest; nothing while its board is covered.

    What arrives late moves the places of days gone by too, and so would tell of what is covered.
    """
    board = db.session.get_one(Board, contest.board_id)
    if board.unit == UnitKind.PERSON or pages.whole(contest.id, Reader(), now).is_covered:
        return
    calendar = programmes.calendar(programmes.by_id(contest.programme_id))
    week = calendar.week_of(contest.starts_on) + WEEK_DAYS * DAY
    while week <= min(contest.last_on, calendar.local_day(now)):
        at = calendar.day_start(week)
        if at <= now and (board.hides_at is None or at <= board.hides_at):
            text = _led(board.id, week - DAY)
            if text:
                said = f"{contest.title}: standings on {pages_day(week)}"
                yield News(f"{contest.slug}/week/{week}", at, said, text, contest.slug)
        week += WEEK_DAYS * DAY


def _led(board_id: int, day: date) -> str:
    ranks = {unit: rank for unit, (rank, _) in reads.closed_day(board_id, day).items() if rank}
    names = people.team_names(ranks)
    best = sorted(ranks.items(), key=lambda item: (item[1], names.get(item[0], "")))[:3]
    return ", ".join(f"{rank}. {names[unit]}" for unit, rank in best if unit in names)


def _thanked(now: datetime) -> Iterator[News]:
    """Thanks to people as they wish to be named; who is not listed is in no feed."""
    for each in thanks(limit=MOST):
        if each.name is not None and now - RECENT <= each.given_at <= now:
            key = f"thanks/{each.given_at:%Y%m%d%H%M%S}/{each.person_id}"
            said = f"{each.name}: {each.title}"
            yield News(key, each.given_at, said, each.text, each.contest_slug)
