"""Drawing the picture: at night, from the judged weeks, all that the adoption page will show.

Each rep is kept as three week integers and a path (rules.picture, rules.forecast). A night brings
those of touched reps in step from their days, adds a week that became complete to all, and counts
the page's small tables anew from them. So a night costs by the number of people, not by history.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import people.queries
import programme.queries
from adoption.models import PictureMark, RepPicture, SeriesPoint, TouchedRep
from adoption.queries import picture as picture_queries
from adoption.queries import weeks as week_queries
from adoption.queries.drawing import (
    Frame,
    RepLine,
    Values,
    counts_of,
    lines_of,
    rep_values,
    sketches_anew,
)
from adoption.queries.picture import Sketch
from adoption.rules import span_of
from adoption.rules.spans import current_bits
from core.bulkload import TextRow, replace_rows
from core.calendars import DAY, WEEK_DAYS
from core.db import Base, bulk_insert, db, delete_where, insert_missing, revise
from programme.models import Programme

WEEK = WEEK_DAYS * DAY
NOBODY = Sketch(0, 0, 0, "", has_opened=False)
REP_COLUMNS = (
    "programme_id",
    "person_id",
    "team_id",
    "state",
    "is_near",
    "has_opened",
    "is_active",
    "weeks_counted",
    "weeks_met",
    "streak",
    "active_days",
    "start_day",
    "day60",
    "path",
    "active_weeks",
    "first_day_weeks",
    "there_weeks",
)


@dataclass(frozen=True)
class Drawn:
    """What a run did: the reps looked at anew, nobody when everything was in step."""

    reps: int = 0


def touch_picture(programme_id: int, person_ids: Collection[int] | None) -> None:
    """Note who was judged again; None for everybody. The next drawing looks at them anew."""
    if person_ids is None:
        mark = picture_queries.mark_of(programme_id)
        if mark is not None:
            mark.is_stale = True
        return
    insert_missing(
        TouchedRep,
        [{"programme_id": programme_id, "person_id": ident} for ident in sorted(person_ids)],
        ["programme_id", "person_id"],
    )


def draw_picture(programme_id: int) -> Drawn:
    """Bring the picture in step with the judged weeks. A repeated run changes nothing.

    Call it in a transaction of its own, after judging.
    """
    judged = week_queries.mark_of(programme_id)
    if judged is None or judged.judged_week is None:
        return Drawn()
    owner = programme.queries.by_id(programme_id)
    mark = picture_queries.mark_of(programme_id)
    if mark is None:
        mark = PictureMark(programme_id=programme_id, rule_version=owner.rule_version)
        db.session.add(mark)
    touched = picture_queries.touched_reps(programme_id)
    is_whole = _is_whole(mark, owner, judged.judged_week)
    if not is_whole and not touched and mark.drawn_week == judged.judged_week:
        return Drawn()
    frame, kept = _look(owner, mark, judged.judged_week, None if is_whole else touched)
    lines = lines_of(frame, kept)
    _write_reps(frame, lines)
    counts = counts_of(frame, lines)
    revise(mark, {**counts.mark, "is_stale": False})
    for table, rows in counts.rows.items():
        _replace(frame, table, rows)
    delete_where(TouchedRep, TouchedRep.programme_id == programme_id)
    return Drawn(len(lines) if is_whole else len(touched))


def _is_whole(mark: PictureMark, owner: Programme, last: date) -> bool:
    """Whether nothing of what is kept can be continued."""
    if mark.is_stale or mark.drawn_week is None or mark.rule_version != owner.rule_version:
        return True
    return mark.drawn_week > last


def _look(
    owner: Programme, mark: PictureMark, last: date, touched: Collection[int] | None
) -> tuple[Frame, dict[int, Sketch]]:
    """Everybody's sketch up to the week `last`: from the days, or the kept ones continued."""
    if touched is None:
        return sketches_anew(owner, last)
    members = programme.queries.members(owner.id)
    frame, fresh = sketches_anew(owner, last, sorted(members & frozenset(touched)))
    if frame.origin != mark.origin:
        return sketches_anew(owner, last)
    kept = picture_queries.sketches(owner.id)
    rest = {ident: kept.get(ident, NOBODY) for ident in members - fresh.keys()}
    return frame, {**_continued(frame, mark, rest), **fresh}


def _continued(frame: Frame, mark: PictureMark, kept: Mapping[int, Sketch]) -> dict[int, Sketch]:
    """Kept sketches with the weeks added that became complete since."""
    found = dict(kept)
    assert mark.drawn_week is not None  # noqa: S101 - else everything is drawn anew
    week = mark.drawn_week + WEEK
    if week > frame.last:
        return found
    calendars = people.queries.calendars(kept)
    calendar = programme.queries.calendar(frame.owner)
    while week <= frame.last:
        bit = 1 << frame.index(week)
        span = span_of(calendar, week, week)
        used = week_queries.active_in_week(frame.owner.id, week)
        for ident, old in found.items():
            current = current_bits(calendars[ident], span)
            found[ident] = Sketch(
                old.active | (bit if ident in used else 0),
                old.first_day | (bit if current & 1 else 0),
                old.there | (bit if current else 0),
                old.path,
                old.has_opened,
            )
        week += WEEK
    return found


def _write_reps(frame: Frame, lines: Iterable[RepLine]) -> None:
    """The rows of everybody; who is not in the picture any more leaves it."""
    owner = {"programme_id": frame.owner.id}
    rows = [_texts({**owner, **rep_values(frame, line)}) for line in lines]
    delete_where(RepPicture, RepPicture.programme_id == frame.owner.id)
    replace_rows(RepPicture, REP_COLUMNS, rows)


def _texts(values: Values) -> TextRow:
    """A row as bulk loading takes it."""
    found = (values[name] for name in REP_COLUMNS)
    return tuple(
        "" if one is None else str(int(one)) if isinstance(one, bool) else str(one) for one in found
    )


def _replace(frame: Frame, table: type[Base], rows: Iterable[Mapping[str, object]]) -> None:
    """Put the rows of a programme in the place of those there are.

    The lines of older versions of the rule stay as they were last drawn.
    """
    owner = frame.owner
    mine = [table.programme_id == owner.id]  # type: ignore[attr-defined]
    if table is SeriesPoint:
        mine.append(SeriesPoint.rule_version == owner.rule_version)
    delete_where(table, *mine)
    bulk_insert(table, [{"programme_id": owner.id, **row} for row in rows])
