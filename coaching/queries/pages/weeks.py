"""The number of the weekly loop by week: as it stands now, and as it was shown."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select

import programme.queries
from coaching.models import (
    CoachingItem,
    CoverageWeek,
    Loop,
)
from core.calendars import DAY, WEEK_DAYS
from core.db import db
from core.stats import Share
from programme.models import Programme

WEEKS_SHOWN = 8
WEEK = WEEK_DAYS * DAY


@dataclass(frozen=True)
class ScoreWeek:
    """A calendar week: how often it was done when it was due, and whether the loop was kept."""

    week: date
    share: Share
    pending: int = 0
    loop: str | None = None


@dataclass(frozen=True)
class Shown:
    """The number of the week before, as it was shown when this week was prepared."""

    share: Share
    pending: int
    through: date
    is_complete: bool
    missed: int
    outcome: str | None


def default_programme() -> Programme | None:
    """The programme pages show when none is named."""
    return programme.queries.default()


def week_at(owner: Programme, now: datetime) -> tuple[date, date]:
    """(today, first date of its week) in the programme's zone."""
    calendar = programme.queries.calendar(owner)
    today = calendar.local_day(now)
    return today, calendar.week_of(today)


def weeks_before(
    programme_id: int,
    week: date,
    team_ids: Collection[int],
    rep_ids: Collection[int],
    loops: Iterable[Loop],
) -> list[ScoreWeek]:
    """The complete weeks before this one, oldest first, as they stand now."""
    whose = (
        CoverageWeek.team_id.in_(sorted(team_ids))
        if team_ids
        else CoverageWeek.person_id.in_(sorted(rep_ids))
    )
    rows = db.session.execute(
        select(
            CoverageWeek.week,
            func.sum(CoverageWeek.on_time),
            func.sum(CoverageWeek.due),
            func.sum(CoverageWeek.pending),
        )
        .where(
            CoverageWeek.programme_id == programme_id,
            CoverageWeek.week.in_(_mondays(week)),
            whose,
        )
        .group_by(CoverageWeek.week)
    )
    counted = {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows}
    outcomes: dict[date, list[str]] = defaultdict(list)
    for loop in loops:
        outcomes[loop.week].append(loop.outcome)
    return [
        ScoreWeek(
            each,
            Share(*counted.get(each, (0, 0, 0))[:2]),
            counted.get(each, (0, 0, 0))[2],
            _together(outcomes.get(each, ())),
        )
        for each in _mondays(week)
    ]


def _mondays(week: date) -> list[date]:
    return [week - number * WEEK for number in range(WEEKS_SHOWN, 0, -1)]


def _together(outcomes: Collection[str]) -> str | None:
    """One word for a week of several teams: what one skipped is not hidden by another's keeping."""
    for outcome in ("skipped", "kept", "system", "excused", "nothing_missed", "open"):
        if outcome in outcomes:
            return outcome
    return None


def shown_of(
    loops: Sequence[Loop], rows_of_reps: Sequence[CoachingItem], week: date
) -> Shown | None:
    """The number as it was shown: of the teams, or of the reps where no team is led."""
    rows: Sequence[Loop | CoachingItem] = loops or rows_of_reps
    if not rows:
        return None
    return Shown(
        Share(sum(row.on_time for row in rows), sum(row.due for row in rows)),
        sum(row.pending for row in rows),
        max((loop.through for loop in loops), default=week - DAY),
        all(loop.is_complete for loop in loops),
        sum(loop.missed for loop in loops),
        _together([loop.outcome for loop in loops]),
    )


def with_shown(weeks: list[ScoreWeek], shown: Shown | None, week: date) -> list[ScoreWeek]:
    """The last week as it was shown on the set day; what came later changes later weeks."""
    if shown is None or not weeks:
        return weeks
    last = weeks[-1]
    return [*weeks[:-1], replace(last, share=shown.share, pending=shown.pending)]


def counts_of(
    programme_id: int, person_ids: Collection[int], weeks: Collection[date]
) -> dict[tuple[int, date], Share]:
    """METRICS S3 by person and week, of the weeks in which anything fell due."""
    rows = db.session.execute(
        select(
            CoverageWeek.person_id, CoverageWeek.week, CoverageWeek.on_time, CoverageWeek.due
        ).where(
            CoverageWeek.programme_id == programme_id,
            CoverageWeek.week.in_(sorted(weeks)),
            CoverageWeek.person_id.in_(sorted(person_ids)),
        )
    )
    return {(row.person_id, row.week): Share(row.on_time, row.due) for row in rows}
