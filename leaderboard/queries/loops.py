"""Kept and skipped loops of the weeks inside a race, by team and by who led it."""

from collections.abc import Collection
from datetime import date, datetime
from fractions import Fraction

from sqlalchemy import ColumnElement, Integer, cast, func, select

from core.db import db
from leaderboard.models import LoopWeek
from leaderboard.queries.facts import Spec
from leaderboard.rules.loops import Kept, counted, disciplines, weeks_inside


def weeks_of(spec: Spec, known_at: datetime) -> tuple[date, ...]:
    """The weeks of a race that count for loop discipline, as known at an instant."""
    return weeks_inside(spec.calendar, spec.starts_on, spec.ends_on, known_at)


def _those(spec: Spec, weeks: Collection[date]) -> tuple[ColumnElement[bool], ...]:
    return LoopWeek.programme_id == spec.programme_id, LoopWeek.week.in_(weeks)


def kept_by_team(spec: Spec, known_at: datetime) -> dict[int, Kept]:
    """Each team's weeks of the race, whoever led it."""
    rows = db.session.execute(
        select(LoopWeek.team_id, func.sum(cast(LoopWeek.is_kept, Integer)), func.count())
        .where(*_those(spec, weeks_of(spec, known_at)))
        .group_by(LoopWeek.team_id)
    )
    return {team_id: Kept(int(kept), asked) for team_id, kept, asked in rows}


def kept_by_manager(
    spec: Spec, team_ids: Collection[int], known_at: datetime
) -> dict[tuple[int, int], Kept]:
    """(team, manager) -> the weeks of the race in which that manager led it."""
    rows = db.session.execute(
        select(
            LoopWeek.team_id,
            LoopWeek.manager_id,
            func.sum(cast(LoopWeek.is_kept, Integer)),
            func.count(),
        )
        .where(
            *_those(spec, weeks_of(spec, known_at)),
            LoopWeek.team_id.in_(team_ids),
            LoopWeek.manager_id.is_not(None),
        )
        .group_by(LoopWeek.team_id, LoopWeek.manager_id)
    )
    return {
        (team, lead): Kept(int(kept), asked) for team, lead, kept, asked in rows if lead is not None
    }


def discipline(spec: Spec, unit_ids: Collection[int], known_at: datetime) -> dict[int, Fraction]:
    """What parts equal teams by loop discipline (CONTESTS case 20 b)."""
    return disciplines(kept_by_team(spec, known_at), unit_ids)


def recounted(spec: Spec, unit_ids: Collection[int], known_at: datetime) -> dict[int, Fraction]:
    """The same by other steps, for the second opinion: every week read and counted one by one."""
    weeks = frozenset(weeks_of(spec, known_at))
    rows = db.session.execute(
        select(LoopWeek.team_id, LoopWeek.week, LoopWeek.is_kept).where(
            LoopWeek.programme_id == spec.programme_id,
            LoopWeek.week >= spec.starts_on,
            LoopWeek.week < spec.ends_on,
        )
    )
    return disciplines(
        counted((row.team_id, row.is_kept) for row in rows if row.week in weeks), unit_ids
    )
