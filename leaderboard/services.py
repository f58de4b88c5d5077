"""The verbs of boards: open, change while nobody has seen it, refresh, hide the end, freeze."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from core.db import bulk_insert, db, delete_where, insert_missing, lock_row, upsert_rows
from core.errors import Conflict, NotFound
from leaderboard.models import (
    Board,
    BoardMark,
    FrozenStanding,
    MemberRow,
    ScoreEntry,
    Standing,
    StandingDay,
)
from leaderboard.queries import checks, facts, reads, tables
from leaderboard.queries.facts import Spec
from leaderboard.rules.members import members
from leaderboard.rules.scoring import Entry, PointRule, day_points
from leaderboard.rules.standing import (
    Baseline,
    Line,
    Member,
    MemberScore,
    Mode,
    as_of_day,
    lines,
    result_hash,
    text_of,
)
from leaderboard.rules.standing import member_scores as scores_of
from leaderboard.rules.terms import fingerprint, stored_rules
from people import queries as people
from programme import queries as programmes

DAY = timedelta(days=1)
CHUNK = 5000


@dataclass(frozen=True, kw_only=True)
class BoardPlan:
    """What a board is opened with. `ends_on` is the first date after the window."""

    programme_id: int
    slug: str
    title: str
    link: str
    starts_on: date
    ends_on: date
    closes_at: datetime
    rules: tuple[PointRule, ...]
    mode: Mode = Mode.PARTICIPATION
    target_days: Fraction = Fraction(2)
    min_team_size: Fraction = Fraction(3)
    shrink_k: Fraction = Fraction(10)
    baseline_days: int = 28
    team_ids: tuple[int, ...] | None = None
    hides_at: datetime | None = None


@dataclass(frozen=True)
class Frozen:
    """A result kept for ever: its rows and their fingerprint."""

    rows: tuple[Line, ...]
    result_hash: str


def open_board(plan: BoardPlan) -> Board:
    """Open a board. Raises Conflict when its address is taken."""
    if reads.board_by_slug(plan.slug) is not None:
        raise Conflict("There is a board with this address.", field="slug")
    board = Board(programme_id=plan.programme_id, slug=plan.slug, **_columns(plan))
    db.session.add(board)
    db.session.flush()
    db.session.add(BoardMark(board_id=board.id))
    db.session.flush()
    return board


def change_board(board: Board, plan: BoardPlan) -> None:
    """Give an open board other terms; everything is counted anew at the next refresh."""
    if board.frozen_at is not None:
        raise Conflict("This board's result stands; it cannot be changed.")
    for name, value in _columns(plan).items():
        setattr(board, name, value)
    db.session.flush()


def _columns(plan: BoardPlan) -> dict[str, Any]:
    return {
        "title": plan.title,
        "link": plan.link,
        "mode": plan.mode.value,
        "rules": stored_rules(plan.rules),
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "closes_at": plan.closes_at,
        "team_ids": None if plan.team_ids is None else sorted(plan.team_ids),
        "target_days": str(plan.target_days),
        "min_team_size": str(plan.min_team_size),
        "shrink_k": str(plan.shrink_k),
        "baseline_days": plan.baseline_days,
        "hides_at": plan.hides_at,
    }


def refresh(board_id: int, as_of: datetime) -> bool:
    """Bring a board up to `as_of`; True when a row of its standings changed.

    Only reps touched by new events or by changes of their person, team or absence are scored
    anew. Repeating it changes nothing; an `as_of` before the last one is left alone.
    """
    board = _locked(board_id)
    is_settled = board.frozen_at is not None or board.frozen_rev is not None
    if is_settled or (board.counted_at and as_of < board.counted_at):
        return False
    mark = db.session.get_one(BoardMark, board_id)
    spec = facts.spec_of(board)
    cutoff = min(as_of, board.closes_at)
    touched = _touched(board, mark, spec, cutoff)
    if touched is None or touched:
        _rescore(board.id, spec, cutoff, touched)
    before, board.counted_at = board.counted_at, as_of
    if touched is not None and not touched and _same_day(spec, before, as_of):
        return False
    return _stand(board, mark, spec, before, as_of)


def _locked(board_id: int) -> Board:
    board = lock_row(Board, board_id)
    if board is None:
        raise NotFound("There is no such board.")
    return board


def _touched(board: Board, mark: BoardMark, spec: Spec, cutoff: datetime) -> frozenset[int] | None:
    """Whose score may differ since the last refresh; None means everybody's."""
    reps = programmes.members(spec.programme_id)
    change_id, changed = people.changes_after(mark.person_change_id)
    batches = facts.new_batches(spec.programme_id, mark)
    terms = facts.terms_hash(spec, reps)
    is_new = board.counted_at is None or terms != mark.terms_hash
    since = min(board.counted_at, board.closes_at) if board.counted_at else cutoff
    touched = None if is_new else facts.touched_by_events(spec, batches, since, cutoff) | changed
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


def _rescore(
    board_id: int, spec: Spec, cutoff: datetime, person_ids: frozenset[int] | None
) -> None:
    """Replace the kept parts of these reps (None: everybody) by newly worked-out ones."""
    _forget(board_id, person_ids)
    here = facts.staff(spec, person_ids)
    found = facts.events(spec, cutoff, person_ids)
    parts: list[dict[str, object]] = []
    days: list[dict[str, object]] = []
    for person_id, member in members(spec.days, spec.working, here.spans, here.calendars).items():
        entries = tables.judged(spec, member, found.get(person_id, []))
        parts += [
            _part(board_id, score) for score in scores_of(spec.terms, member, day_points(entries))
        ]
        days += _day_rows(board_id, member, entries)
    bulk_insert(MemberRow, parts)
    bulk_insert(ScoreEntry, days)


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


def _part(board_id: int, score: MemberScore) -> dict[str, object]:
    return {
        "board_id": board_id,
        "person_id": score.person_id,
        "team_id": score.team_id,
        "points": str(score.points),
        "active_days": score.active_days,
        "available_days": score.available_days,
        "asked_days": score.asked_days,
        "on_roster": score.on_roster,
    }


def _day_rows(board_id: int, member: Member, entries: Iterable[Entry]) -> list[dict[str, object]]:
    by_day: dict[date, list[Entry]] = {}
    for entry in entries:
        by_day.setdefault(entry.event.day, []).append(entry)
    return [
        {
            "board_id": board_id,
            "person_id": member.person_id,
            "local_day": day,
            "team_id": member.team_of.get(day),
            "points": str(sum((entry.points for entry in found), Fraction(0))),
            "counted": sum(entry.is_counted for entry in found),
            "uncounted": sum(not entry.is_counted for entry in found),
        }
        for day, found in by_day.items()
    ]


def _stand(
    board: Board, mark: BoardMark, spec: Spec, before: datetime | None, as_of: datetime
) -> bool:
    """Write the standings, and the close of each date since the last time."""
    scores = reads.member_scores(board.id)
    team_ids = _team_ids(spec)
    bases = tables.baselines_at(spec, min(as_of, board.closes_at))
    rows = lines(spec.terms, scores, team_ids, bases)
    _close_days(board.id, spec, rows, (scores, team_ids, bases), before, as_of)
    today = spec.calendar.local_day(as_of)
    last_week = spec.calendar.week_of(min(today, spec.ends_on - DAY)) - DAY
    earlier = reads.closed_day(board.id, last_week)
    names = people.team_names(team_ids)
    stored = [_standing(board.id, row, names, earlier) for row in rows]
    print_of = fingerprint(stored)
    if print_of == mark.rows_hash:
        return False
    upsert_rows(Standing, stored, key=["board_id", "unit_id"])
    gone = reads.units_beside(board.id, team_ids)
    if gone:
        delete_where(Standing, Standing.board_id == board.id, Standing.unit_id.in_(gone))
    mark.rows_hash = print_of
    board.version += 1
    board.changed_at = as_of
    db.session.flush()
    return True


def _team_ids(spec: Spec) -> frozenset[int]:
    return spec.team_ids if spec.team_ids is not None else facts.racing_teams(spec)


def _standing(
    board_id: int,
    row: Line,
    names: Mapping[int, str],
    earlier: Mapping[int, tuple[int | None, str | None]],
) -> dict[str, object]:
    previous_rank, previous_score = earlier.get(row.team_id, (None, None))
    return _result_row(board_id, row, names) | {
        "previous_rank": previous_rank,
        "previous_score": previous_score,
    }


def _result_row(board_id: int, row: Line, names: Mapping[int, str]) -> dict[str, object]:
    return {
        "board_id": board_id,
        "unit_id": row.team_id,
        "unit_name": names.get(row.team_id, str(row.team_id)),
        "rank": row.rank,
        "score": text_of(row.score),
        "rank_score": text_of(row.rank_score),
        "points": str(row.points),
        "headcount": str(row.headcount),
        "roster": row.roster,
        "participants": row.participants,
        "member_days": row.member_days,
        "reason": row.reason.value if row.reason else None,
    }


def _close_days(
    board_id: int,
    spec: Spec,
    now_rows: tuple[Line, ...],
    parts: tuple[tuple[MemberScore, ...], frozenset[int], Mapping[int, Baseline]],
    before: datetime | None,
    as_of: datetime,
) -> None:
    """Keep the place at the close of every date from the last refresh to now."""
    scores, team_ids, bases = parts
    first = spec.calendar.local_day(before) if before else spec.starts_on
    last = min(spec.calendar.local_day(as_of), spec.ends_on - DAY)
    open_days = [day for day in spec.days if max(first, spec.starts_on) <= day <= last]
    if not open_days:
        return
    later = reads.day_rows(board_id, open_days[0])
    rows = []
    for day in open_days:
        is_now = not any(each[2] > day for each in later)
        shown = (
            now_rows
            if is_now
            else lines(spec.terms, as_of_day(scores, later, day), team_ids, bases)
        )
        rows += [_day_row(board_id, day, row) for row in shown]
    upsert_rows(StandingDay, rows, key=["board_id", "unit_id", "local_day"])


def _day_row(board_id: int, day: date, row: Line) -> dict[str, object]:
    return {
        "board_id": board_id,
        "unit_id": row.team_id,
        "local_day": day,
        "rank": row.rank,
        "score": text_of(row.score),
    }


def keep_snapshot_if_due(board_id: int, as_of: datetime) -> bool:
    """`keep_snapshot` once the moment of hiding has come."""
    board = db.session.get_one(Board, board_id)
    is_due = board.hides_at is not None and as_of >= board.hides_at
    return is_due and keep_snapshot(board_id)


def keep_snapshot(board_id: int) -> bool:
    """Keep what everybody sees from `hides_at` on; True when it was taken now.

    It is worked out as of that instant, so taking it late gives the same rows.
    """
    board = _locked(board_id)
    if board.hides_at is None or board.has_snapshot or board.frozen_at is not None:
        return False
    rows = tables.lines_at(facts.spec_of(board), board.hides_at)
    _keep(board.id, reads.SNAPSHOT, rows)
    board.has_snapshot = True
    board.version += 1
    return True


def freeze_board(board_id: int, *, rev: int) -> Frozen:
    """Keep the result of a revision; the board shows it and counts no further until `thaw`."""
    board = _locked(board_id)
    rows = lines_now(board)
    _keep(board_id, rev, rows)
    board.frozen_rev = rev
    board.version += 1
    return Frozen(rows, result_hash(rows))


def thaw_board(board_id: int) -> None:
    """Count on after a correction; the revision kept before stays kept."""
    board = _locked(board_id)
    if board.frozen_at is not None:
        raise Conflict("This board's result stands.")
    board.frozen_rev = None
    board.version += 1


def list_board(board_id: int) -> None:
    """Show the board to everybody."""
    board = _locked(board_id)
    board.is_listed = True
    board.version += 1


def lines_now(board: Board) -> tuple[Line, ...]:
    """The standings as the fold has them: what the second opinion is compared with."""
    return checks.folded(board)


def second_opinion(board_id: int) -> str:
    """The fingerprint of the result counted again from the events, by other steps."""
    board = db.session.get_one(Board, board_id)
    return checks.recounted_hash(board, board.closes_at)


def _keep(board_id: int, rev: int, rows: Iterable[Line]) -> None:
    found = tuple(rows)
    names = people.team_names([row.team_id for row in found])
    insert_missing(
        FrozenStanding,
        [_result_row(board_id, row, names) | {"rev": rev} for row in found],
        key=["board_id", "rev", "unit_id"],
    )


def seal(board_id: int, *, rev: int, now: datetime) -> None:
    """Make a kept result the board's last word: it is shown to all and nothing moves any more."""
    board = _locked(board_id)
    board.frozen_at, board.frozen_rev = now, rev
    board.version += 1


def close_without_result(board_id: int, now: datetime) -> None:
    """Stop a board whose contest was called off; its rows stay as they are."""
    board = _locked(board_id)
    board.frozen_at = now
    board.version += 1
