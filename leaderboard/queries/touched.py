"""What new facts touch: which dates of whom, and all that a quick fold reads about them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Integer,
    Row,
    Select,
    and_,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from adoption.models import IngestBatch, UsageEvent
from adoption.queries.events import known_at
from adoption.queries.holds import people_held_since
from core.db import db
from leaderboard.models import MemberRow, ScoreEntry
from leaderboard.queries.facts import Spec
from leaderboard.rules.quick import DayScore
from leaderboard.rules.scoring import Event, exact
from leaderboard.rules.standing import MemberScore, UnitSum
from leaderboard.rules.terms import number

DAY = timedelta(days=1)
CHUNK = 5000
# Batches are kept for a month; after a longer sleep all events of the window are looked through.
BY_BATCHES = timedelta(days=7)
# A hold says when it was decided; its transaction may end after a refresh that began later.
HOLD_MAY_COMMIT_LATE = timedelta(minutes=5)
# Whole numbers up to so many digits are summed by the database, all others apart.
DIGITS = 12

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
AnyUnion = CompoundSelect[*tuple[Any, ...]]


@dataclass(frozen=True)
class Touched:
    """Whose score may differ: that of `people` altogether, of others that of some `dates`."""

    people: frozenset[int] = frozenset()
    dates: Mapping[int, frozenset[date]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to score anew."""
        return bool(self.people or self.dates)

    def beside(self, people: frozenset[int]) -> "Touched":
        """The same, and these people altogether."""
        return Touched(
            self.people | people,
            {who: days for who, days in self.dates.items() if who not in people},
        )


def touched(
    spec: Spec, batch_ids: Collection[int], since: datetime, until: datetime, asleep: timedelta
) -> Touched:
    """New rows, rows whose turn to count came, rows replaced, and events held or released.

    `batch_ids` are those not seen before; (since, until] bounds what was received and now counts;
    `asleep` is how long nobody looked.
    """
    held = people_held_since(spec.programme_id, since - HOLD_MAY_COMMIT_LATE)
    found: dict[int, set[date]] = defaultdict(set)
    for question in _questions(spec, batch_ids, since, until, asleep):
        for person_id, day in db.session.execute(question):
            found[person_id].add(day)
    return Touched(dates={who: frozenset(days) for who, days in found.items()}).beside(held)


def _questions(
    spec: Spec, batch_ids: Collection[int], since: datetime, until: datetime, asleep: timedelta
) -> Iterator[AnySelect | AnyUnion]:
    wanted = set(batch_ids)
    if since < until:
        if asleep > BY_BATCHES:
            yield _moved_between(spec, since, until)
        else:
            wanted |= _batches_after(spec.programme_id, since)
    ids = sorted(wanted)
    for start in range(0, len(ids), CHUNK):
        yield _of_batches(spec, ids[start : start + CHUNK])


def _window(spec: Spec, row: type[UsageEvent]) -> tuple[ColumnElement[bool], ...]:
    return (
        row.local_day >= spec.starts_on - DAY,
        row.local_day < spec.ends_on + DAY,
        row.kind.in_(sorted(spec.rules)),
    )


def _moved_between(spec: Spec, since: datetime, until: datetime) -> AnySelect:
    """Dates with events that began to count, or stopped, in (since, until]."""
    return (
        select(UsageEvent.person_id, UsageEvent.local_day)
        .distinct()
        .where(
            UsageEvent.programme_id == spec.programme_id,
            *_window(spec, UsageEvent),
            or_(
                and_(UsageEvent.received_at > since, UsageEvent.received_at <= until),
                and_(UsageEvent.superseded_at > since, UsageEvent.superseded_at <= until),
            ),
        )
    )


def _batches_after(programme_id: int, since: datetime) -> set[int]:
    """Batches with anything received after an instant, also seen ones: its turn may have come."""
    return set(
        db.session.scalars(
            select(IngestBatch.id).where(
                IngestBatch.programme_id == programme_id, IngestBatch.latest_received_at > since
            )
        )
    )


def _of_batches(spec: Spec, batch_ids: list[int]) -> AnyUnion:
    """Dates of the batches' rows, and of all other versions of their events."""
    new, sibling = aliased(UsageEvent), aliased(UsageEvent)
    # "+ 0" keeps SQLite from going by the programme, which is the whole table, instead of the ids.
    in_batch = and_(
        IngestBatch.id.in_(batch_ids),
        new.id.between(IngestBatch.min_event_id, IngestBatch.max_event_id),
        new.programme_id + 0 == IngestBatch.programme_id,
    )
    own = select(new.person_id, new.local_day).join(IngestBatch, in_batch)
    same_event = and_(
        sibling.programme_id == new.programme_id,
        sibling.source == new.source,
        sibling.event_id == new.event_id,
    )
    others = (
        select(sibling.person_id, sibling.local_day)
        .select_from(new)
        .join(IngestBatch, in_batch)
        .join(sibling, same_event)
        .where(new.version > 1)
    )
    return own.where(*_window(spec, new)).union(others.where(*_window(spec, sibling)))


def whole_scores(board_id: int, person_ids: Collection[int]) -> dict[int, MemberScore]:
    """The parts of those among these people who are of one unit on every date of the window."""
    columns = (
        MemberRow.person_id,
        MemberRow.unit_id,
        MemberRow.points,
        MemberRow.active_days,
        MemberRow.available_days,
        MemberRow.asked_days,
        MemberRow.on_roster,
        MemberRow.reached_at,
    )
    rows = select(*columns).where(MemberRow.board_id == board_id, MemberRow.is_whole)
    return {
        row[0]: MemberScore(row[0], row[1], number(row[2]), *row[3:])
        for row in _of_people(rows, MemberRow.person_id, person_ids)
    }


def events_on(
    spec: Spec, cutoff: datetime, dates: Mapping[int, frozenset[date]]
) -> dict[int, list[Event]]:
    """These people's events of at least these dates, as received by `cutoff` (C7, E1)."""
    statement = select(
        UsageEvent.event_id,
        UsageEvent.kind,
        UsageEvent.occurred_at,
        UsageEvent.local_day,
        UsageEvent.object_id,
        UsageEvent.value,
        UsageEvent.held_at,
        UsageEvent.person_id,
    ).where(
        UsageEvent.programme_id == spec.programme_id,
        UsageEvent.occurred_at >= spec.calendar.day_start(spec.starts_on),
        UsageEvent.occurred_at < spec.calendar.day_start(spec.ends_on),
        UsageEvent.kind.in_(sorted(spec.rules)),
        *known_at(cutoff),
    )
    found: dict[int, list[Event]] = defaultdict(list)
    for days, person_ids in _together(dates):
        rows = statement.where(UsageEvent.local_day.in_(days))
        for row in _of_people(rows, UsageEvent.person_id, person_ids):
            event_id, kind, moment, day, thing, value, held_at, who = row
            worth = None if value is None else exact(value)
            found[who].append(Event(event_id, kind, moment, day, thing, worth, held_at is not None))
    return found


def entries_on(
    board_id: int, dates: Mapping[int, frozenset[date]]
) -> dict[int, dict[date, DayScore]]:
    """What the fold keeps of these people's dates."""
    found: dict[int, dict[date, DayScore]] = defaultdict(dict)
    statement = select(
        ScoreEntry.person_id,
        ScoreEntry.local_day,
        ScoreEntry.points,
        ScoreEntry.counted,
        ScoreEntry.uncounted,
        ScoreEntry.reached_at,
    ).where(ScoreEntry.board_id == board_id)
    for days, person_ids in _together(dates):
        rows = statement.where(ScoreEntry.local_day.in_(days))
        for who, day, points, *counts in _of_people(rows, ScoreEntry.person_id, person_ids):
            found[who][day] = DayScore(number(points), *counts)
    return found


def _together(dates: Mapping[int, frozenset[date]]) -> Iterator[tuple[list[date], list[int]]]:
    """Whom to ask about on which dates, in few questions: of the same dates, or each."""
    same: dict[frozenset[date], list[int]] = defaultdict(list)
    each: dict[date, list[int]] = defaultdict(list)
    for person_id, days in dates.items():
        same[days].append(person_id)
        for day in days:
            each[day].append(person_id)
    if len(same) <= len(each):
        yield from ((sorted(days), people) for days, people in same.items())
    else:
        yield from (([day], people) for day, people in each.items())


def _of_people(
    statement: AnySelect, column: InstrumentedAttribute[int], ids: Collection[int]
) -> Iterator[AnyRow]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        yield from db.session.execute(statement.where(column.in_(ordered[start : start + CHUNK])))


def sum_of(row: Mapping[str, object]) -> UnitSum:
    """What a unit's row of the standings says its reps brought; not when the last point was."""
    return UnitSum(
        points=number(str(row["points"])),
        available_days=int(str(row["member_days"])),
        roster=int(str(row["roster"])),
        participants=int(str(row["participants"])),
    )


def unit_sums(board_id: int, unit_ids: Collection[int]) -> dict[int, UnitSum]:
    """What the reps of each of these units brought together so far."""
    mine = MemberRow.board_id == board_id
    is_short = and_(MemberRow.points.not_like("%/%"), func.length(MemberRow.points) <= DIGITS)
    met = and_(MemberRow.on_roster, MemberRow.active_days >= MemberRow.asked_days)
    rows = db.session.execute(
        select(
            MemberRow.unit_id,
            func.sum(case((is_short, cast(MemberRow.points, BigInteger)), else_=0)),
            func.sum(MemberRow.available_days),
            func.sum(cast(MemberRow.on_roster, Integer)),
            func.sum(case((met, 1), else_=0)),
            func.max(MemberRow.reached_at),
        )
        .where(mine)
        .group_by(MemberRow.unit_id)
    )
    sums = dict.fromkeys(unit_ids, UnitSum())
    for unit_id, points, available, roster, met_count, reached in rows:
        if unit_id in sums:
            sums[unit_id] = UnitSum(
                number(str(int(points))), int(available), int(roster), int(met_count), reached
            )
    apart = select(MemberRow.unit_id, MemberRow.points).where(mine, ~is_short)
    for unit_id, points in db.session.execute(apart):
        if unit_id in sums:
            own = sums[unit_id]
            sums[unit_id] = own._replace(points=own.points + number(points))
    return sums
