"""What is read at the door of a contest's page: who asks and how far it has come, in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, and_, bindparam, select

from core.db import Question, db
from incentives.models import Contest
from leaderboard.models import Board, MemberRow
from people import queries as people
from people.models import AuthSession
from people.queries import OpenSession


@dataclass(frozen=True)
class Look:
    """A contest's counters, and the team its board has the reader on (None: on none).

    `newest_change` counts changes of people, so that a name, a wish not to be listed or a move to
    another team is seen at once. `is_covered`: within the display freeze.
    """

    contest_id: int
    state: str
    change: int
    version: int
    newest_change: int
    is_covered: bool
    team_id: int | None


_COLUMNS = (
    Contest.id,
    Contest.state,
    Contest.change,
    Board.version,
    Board.hides_at,
    Board.frozen_at,
    Board.is_sealed,
    people.NEWEST_CHANGE,
    MemberRow.unit_id,
    MemberRow.available_days,
)
_BY_SESSION: Select[*tuple[Any, ...]] = (
    people.OPEN_SESSION.add_columns(*_COLUMNS)
    .outerjoin(Contest, Contest.slug == bindparam("slug"))
    .outerjoin(Board, Board.id == Contest.board_id)
    .outerjoin(
        MemberRow,
        and_(MemberRow.board_id == Board.id, MemberRow.person_id == AuthSession.person_id),
    )
)
_BY_PERSON: Select[*tuple[Any, ...]] = (
    select(*_COLUMNS)
    .join(Board, Board.id == Contest.board_id)
    .outerjoin(
        MemberRow,
        and_(MemberRow.board_id == Board.id, MemberRow.person_id == bindparam("person_id")),
    )
    .where(Contest.slug == bindparam("slug"))
)
_session_question, _person_question = Question(_BY_SESSION), Question(_BY_PERSON)


def knock(
    engine: Engine, id_hash: str, slug: str, now: datetime
) -> tuple[OpenSession, Look | None] | None:
    """Who is behind a session and what they ask for; None when the session holds no longer."""
    rows = _session_question.ask(engine, id_hash=id_hash, now=now, slug=slug)
    session = people.session_in(rows[0], now) if rows else None
    if session is None:
        return None
    return session, _look([row[people.SESSION_COLUMNS :] for row in rows], now)


def look(slug: str, person_id: int | None, now: datetime) -> Look | None:
    """The same of a contest for somebody already known; None when there is no such contest."""
    return _look(_person_question.ask(db.engine, slug=slug, person_id=person_id), now)


def _look(rows: Sequence[tuple[Any, ...]], now: datetime) -> Look | None:
    """One row for each team the reader was on; they belong to where they were available most."""
    if not rows or rows[0][0] is None:
        return None
    contest_id, state, change, version, hides_at, frozen_at, is_sealed, newest, _, _ = rows[0]
    teams = sorted((-row[9], row[8]) for row in rows if row[8] is not None)
    return Look(
        contest_id=contest_id,
        state=state,
        change=change,
        version=version,
        newest_change=int(newest or 0),
        is_covered=hides_at is not None and (frozen_at is None or is_sealed) and now >= hides_at,
        team_id=teams[0][1] if teams else None,
    )
