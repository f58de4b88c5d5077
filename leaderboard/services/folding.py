"""Following new facts: only reps they touch are scored anew, and only rows that changed written.

New events of reps whose place in the window is certain take the quick road (`services.quick`); for
all others what they brought is worked out from everything that is known about them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.bulkload import TextRow, replace_rows
from core.db import db, delete_where, upsert_rows
from leaderboard.models import Board, BoardMark, MemberRow, ScoreEntry, Standing, StandingDay
from leaderboard.queries import facts, reads, tables
from leaderboard.queries import touched as asked
from leaderboard.queries.facts import Spec
from leaderboard.queries.touched import Touched
from leaderboard.rules.closing import as_of_day, reached_by
from leaderboard.rules.members import is_whole, members
from leaderboard.rules.quick import by_day, shifted
from leaderboard.rules.scoring import Entry
from leaderboard.rules.standing import (
    Around,
    Baseline,
    Line,
    Member,
    MemberScore,
    UnitSum,
    lines,
    lines_of,
    text_of,
)
from leaderboard.rules.units import TieBreak
from leaderboard.services.opening import locked
from leaderboard.services.quick import ENTRY, PART, Settled, entry, part, settle
from people import queries as people
from programme import queries as programmes

DAY = timedelta(days=1)
CHUNK = 5000


@dataclass(frozen=True)
class Parts:
    """What a table is made of at one moment."""

    unit_ids: frozenset[int]
    bases: Mapping[int, Baseline]
    beside: Around


def refresh(board_id: int, as_of: datetime) -> bool:
    """Bring a board up to `as_of`; True when a row of its standings changed.

    Only reps touched by new events or by changes of their person, team or absence are scored
    anew. Repeating it changes nothing; an `as_of` before the last one is left alone.
    """
    board = locked(board_id)
    is_settled = board.frozen_at is not None or board.frozen_rev is not None
    if is_settled or (board.counted_at and as_of < board.counted_at):
        return False
    mark = db.session.get_one(BoardMark, board_id)
    spec = facts.spec_of(board)
    cutoff = min(as_of, board.closes_at)
    touched = _touched(board, mark, spec, as_of)
    settled = None
    if touched is None:
        rescore(board.id, spec, cutoff, None)
    else:
        settled = settle(board.id, spec, cutoff, touched)
        if settled.rest:
            rescore(board.id, spec, cutoff, settled.rest)
    before, board.counted_at = board.counted_at, as_of
    same_people = touched is not None and not touched.people and _same_day(spec, before, as_of)
    if same_people and not touched:
        return False
    kept = reads.standing_rows(board.id)
    unit_ids = frozenset(kept) if same_people else tables.racing(spec)
    sums = _sums(board.id, spec, unit_ids, kept, settled if same_people else None)
    return _stand(board, spec, sums, kept, before, as_of)


def _sums(
    board_id: int,
    spec: Spec,
    unit_ids: frozenset[int],
    kept: Mapping[int, Mapping[str, object]],
    settled: Settled | None,
) -> dict[int, UnitSum]:
    """What each unit brought together: its row moved by what single reps did, or summed anew."""
    is_timed = TieBreak.TIME in spec.terms.tie_break
    if settled is None or settled.rest or is_timed:
        return asked.unit_sums(board_id, unit_ids)
    sums = {unit_id: asked.sum_of(row) for unit_id, row in kept.items()}
    return shifted(sums, settled.changed)


def _touched(board: Board, mark: BoardMark, spec: Spec, as_of: datetime) -> Touched | None:
    """Whose score may differ since the last refresh; None means everybody's."""
    cutoff = min(as_of, board.closes_at)
    reps = programmes.members(spec.programme_id)
    change_id, changed = people.changes_after(mark.person_change_id)
    batches = facts.new_batches(spec.programme_id, mark)
    terms = facts.terms_hash(spec, reps)
    is_new = board.counted_at is None or terms != mark.terms_hash
    since = min(board.counted_at, board.closes_at) if board.counted_at else cutoff
    touched = None
    if not is_new:
        asleep = as_of - board.counted_at if board.counted_at else timedelta()
        touched = asked.touched(spec, batches, since, cutoff, asleep).beside(changed)
    seen = [*mark.batches_seen, *batches]
    if len(seen) > facts.SEEN_BATCHES:
        seen.sort()
        mark.batch_floor = seen[-facts.SEEN_BATCHES - 1]
        seen = seen[-facts.SEEN_BATCHES :]
    mark.batches_seen = seen
    mark.person_change_id, mark.terms_hash = change_id, terms
    return touched


def _same_day(spec: Spec, before: datetime | None, as_of: datetime) -> bool:
    return before is not None and spec.calendar.local_day(before) == spec.calendar.local_day(as_of)


def rescore(board_id: int, spec: Spec, cutoff: datetime, person_ids: frozenset[int] | None) -> None:
    """Replace the kept parts of these reps (None: everybody) by newly worked-out ones."""
    _forget(board_id, person_ids)
    here = facts.staff(spec, person_ids)
    found = facts.events(spec, cutoff, person_ids)
    parts: list[TextRow] = []
    days: list[TextRow] = []
    everybody = members(spec.days, spec.working, here.spans, here.calendars, spec.units)
    for person_id, member in everybody.items():
        entries = tables.judged(spec, member, found.get(person_id, []))
        whole = is_whole(member, spec.days)
        scores = tables.parts_of(spec, member, entries)
        parts += [part(board_id, score, is_whole=whole) for score in scores]
        days += _day_rows(board_id, member, entries)
    replace_rows(MemberRow, PART, parts)
    replace_rows(ScoreEntry, ENTRY, days)


def _forget(board_id: int, person_ids: Collection[int] | None) -> None:
    if person_ids is None:
        delete_where(MemberRow, MemberRow.board_id == board_id)
        delete_where(ScoreEntry, ScoreEntry.board_id == board_id)
        return
    ids = sorted(person_ids)
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        delete_where(MemberRow, MemberRow.board_id == board_id, MemberRow.person_id.in_(chunk))
        delete_where(ScoreEntry, ScoreEntry.board_id == board_id, ScoreEntry.person_id.in_(chunk))


def _day_rows(board_id: int, member: Member, entries: Iterable[Entry]) -> list[TextRow]:
    return [
        entry(board_id, member.person_id, member.unit_of.get(day), day, came_to)
        for day, came_to in by_day(entries).items()
    ]


def _stand(
    board: Board,
    spec: Spec,
    sums: Mapping[int, UnitSum],
    kept: Mapping[int, Mapping[str, object]],
    before: datetime | None,
    as_of: datetime,
) -> bool:
    """Write the standings, and the close of each date since the last time."""
    until, unit_ids = min(as_of, board.closes_at), frozenset(sums)
    # Who is a sustained adopter is asked person by person; everything else goes by the sums.
    by_person = TieBreak.SUSTAINED in spec.terms.tie_break
    scores = reads.member_scores(board.id) if by_person else ()
    bases, beside = tables.baselines_at(spec, until), tables.around(spec, scores, until)
    rows = lines_of(spec.terms, sums, bases, beside)
    _close_days(board.id, spec, rows, Parts(unit_ids, bases, beside), before, as_of)
    today = spec.calendar.local_day(as_of)
    last_week = spec.calendar.week_of(min(today, spec.ends_on - DAY)) - DAY
    earlier = reads.closed_day(board.id, last_week)
    names = reads.kept_names(spec, unit_ids)
    stored = [_standing(board.id, row, names, earlier) for row in rows]
    changed = [row for line, row in zip(rows, stored, strict=True) if row != kept.get(line.unit_id)]
    gone = sorted(kept.keys() - unit_ids)
    if not changed and not gone:
        return False
    upsert_rows(Standing, changed, key=["board_id", "unit_id"])
    if gone:
        delete_where(Standing, Standing.board_id == board.id, Standing.unit_id.in_(gone))
    board.version += 1
    board.changed_at = as_of
    db.session.flush()
    return True


def _standing(
    board_id: int,
    row: Line,
    names: Mapping[int, str],
    earlier: Mapping[int, tuple[int | None, str | None]],
) -> dict[str, object]:
    previous_rank, previous_score = earlier.get(row.unit_id, (None, None))
    return result_row(board_id, row, names) | {
        "previous_rank": previous_rank,
        "previous_score": previous_score,
    }


def result_row(board_id: int, row: Line, names: Mapping[int, str]) -> dict[str, object]:
    """A unit's row as both tables of standings keep it."""
    return {
        "board_id": board_id,
        "unit_id": row.unit_id,
        "unit_name": names.get(row.unit_id, ""),
        "rank": row.rank,
        "score": text_of(row.score),
        "rank_score": text_of(row.rank_score),
        "points": str(row.points),
        "headcount": str(row.headcount),
        "roster": row.roster,
        "participants": row.participants,
        "member_days": row.member_days,
        "reason": row.reason.value if row.reason else None,
        "division": row.division,
        "tie": " ".join(map(str, row.tie)) or None,
        "improvement": text_of(row.improvement),
    }


def _close_days(
    board_id: int,
    spec: Spec,
    now_rows: tuple[Line, ...],
    parts: Parts,
    before: datetime | None,
    as_of: datetime,
) -> None:
    """Keep the place at the close of every date from the last refresh to now."""
    first = spec.calendar.local_day(before) if before else spec.starts_on
    last = min(spec.calendar.local_day(as_of), spec.ends_on - DAY)
    open_days = [day for day in spec.days if max(first, spec.starts_on) <= day <= last]
    if not open_days:
        return
    later = reads.day_rows(board_id, open_days[0])
    moments: tuple[tuple[int, int, date, datetime], ...] = ()
    now_scores: tuple[MemberScore, ...] = ()
    if later:
        now_scores = reads.member_scores(board_id)
    if later and TieBreak.TIME in spec.terms.tie_break:
        moments = reads.reached_rows(board_id)
    closed = []
    for day in open_days:
        is_now = not any(each[2] > day for each in later)
        scores = () if is_now else as_of_day(now_scores, later, day)
        if moments and not is_now:
            scores = reached_by(scores, moments, day)
        shown = (
            now_rows
            if is_now
            else lines(spec.terms, scores, parts.unit_ids, parts.bases, parts.beside)
        )
        closed.append((day, shown))
    kept = {day: reads.closed_day(board_id, day) for day in open_days}
    changed = [
        _day_row(board_id, day, row)
        for day, shown in closed
        for row in shown
        if kept[day].get(row.unit_id) != (row.rank, text_of(row.score))
    ]
    upsert_rows(StandingDay, changed, key=["board_id", "unit_id", "local_day"])


def _day_row(board_id: int, day: date, row: Line) -> dict[str, object]:
    return {
        "board_id": board_id,
        "unit_id": row.unit_id,
        "local_day": day,
        "rank": row.rank,
        "score": text_of(row.score),
    }
