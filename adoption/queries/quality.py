"""What came in and what of it counts: sources, what is left out and why, records of deals."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
)

import people.queries
import programme.queries
from adoption.models import DailyUsage, UsageEvent, UsageSource
from adoption.queries.events import AnySelect
from adoption.queries.figures.scope import UNASSIGNED, refuse_unknown_team, team_names_on
from adoption.queries.records import DEAL, DealRecord, deals_of
from adoption.rules.quality import DealState, RecordCount, count_records
from core.db import db
from core.history import last_changes
from core.intake.listing import WaitingCount, waiting_counts
from people.models import Person
from programme.models import Programme

# Word for word the condition of the index on odd events, or it would not be used.
ODD = text("(quarantine IS NOT NULL OR voided OR version > 1)")
SHOWN = 200


@dataclass(frozen=True)
class LeftOut:
    """Events stored and not counted, for one reason."""

    reason: str
    events: int
    people: int


@dataclass(frozen=True)
class LeftOutRow:
    """One person's date (or event) that is not counted."""

    person_id: int
    day: date
    kind: str
    events: int


def sources(programme_id: int) -> list[UsageSource]:
    """Every source of the programme with its watermark, the oldest data first."""
    mine = select(UsageSource).where(UsageSource.programme_id == programme_id)
    oldest = mine.order_by(UsageSource.latest_occurred_at, UsageSource.source)
    return list(db.session.scalars(oldest.limit(SHOWN)))


def waiting() -> list[WaitingCount]:
    """Rows set aside until somebody knows their person, by kind."""
    return waiting_counts()


REASONS: Mapping[str, ColumnElement[bool]] = {
    "future": and_(UsageEvent.superseded_at.is_(None), UsageEvent.quarantine.is_not(None)),
    "voided": and_(
        UsageEvent.superseded_at.is_(None),
        UsageEvent.quarantine.is_(None),
        UsageEvent.voided.is_(True),
    ),
    "corrected": and_(
        UsageEvent.superseded_at.is_(None),
        UsageEvent.quarantine.is_(None),
        UsageEvent.voided.is_(False),
        UsageEvent.version > 1,
    ),
}
OUTSIDE = ("not_a_rep", "test", "not_employed", "not_enabled")


def left_out(programme_id: int) -> list[LeftOut]:
    """METRICS E2 and E3: events by the reason for which they do not count, and those corrected.

    Each event has one reason: the future, a void, then the first of `OUTSIDE` that holds.
    """
    found = []
    for reason, condition in REASONS.items():
        events, persons = db.session.execute(
            select(func.count(), func.count(UsageEvent.person_id.distinct())).where(
                UsageEvent.programme_id == programme_id, ODD, condition
            )
        ).one()
        found.append(LeftOut(reason, events, persons))
    outside = _outside(programme_id).subquery()
    rows = db.session.execute(
        select(
            outside.c.reason,
            func.sum(outside.c.count),
            func.count(outside.c.person_id.distinct()),
        ).group_by(outside.c.reason)
    )
    counts = {reason: (int(events), persons) for reason, events, persons in rows}
    found.extend(LeftOut(reason, *counts.get(reason, (0, 0))) for reason in OUTSIDE)
    return found


def left_out_rows(programme_id: int, reason: str) -> list[LeftOutRow]:
    """The first rows behind one reason, by person and date."""
    if reason in REASONS:
        statement: AnySelect = (
            select(UsageEvent.person_id, UsageEvent.local_day, UsageEvent.kind, func.count())
            .where(UsageEvent.programme_id == programme_id, ODD, REASONS[reason])
            .group_by(UsageEvent.person_id, UsageEvent.local_day, UsageEvent.kind)
            .order_by(UsageEvent.person_id, UsageEvent.local_day, UsageEvent.kind)
        )
    else:
        rows = _outside(programme_id).subquery()
        statement = (
            select(rows.c.person_id, rows.c.local_day, rows.c.kind, rows.c.count)
            .where(rows.c.reason == reason)
            .order_by(rows.c.person_id, rows.c.local_day, rows.c.kind)
        )
    return [LeftOutRow(*row) for row in db.session.execute(statement.limit(SHOWN))]


def _outside(programme_id: int) -> Select[*tuple[object, ...]]:
    """Day rows that do not count (METRICS E3), each with its first reason.

    By person and a range of dates, so that only what is left out is read.
    """
    day = DailyUsage.local_day
    ranges = (
        or_(Person.role != "rep", Person.is_test.is_(True)),
        day < Person.hired_on,
        day > Person.left_on,
        Person.enabled_on.is_(None),
        day < Person.enabled_on,
        day >= Person.disabled_on,
    )
    reason = case(
        (Person.role != "rep", literal("not_a_rep")),
        (Person.is_test.is_(True), literal("test")),
        (or_(day < Person.hired_on, day > Person.left_on), literal("not_employed")),
        else_=literal("not_enabled"),
    ).label("reason")
    parts = [
        select(DailyUsage.person_id, day, DailyUsage.kind, DailyUsage.count, reason)
        .join(Person, Person.id == DailyUsage.person_id)
        .where(DailyUsage.programme_id == programme_id, condition)
        for condition in ranges
    ]
    rows = union_all(*parts).subquery()
    # A date may lie outside in two ways; it is left out once.
    return select(rows).distinct()


def record_counts(
    owner: Programme, on: date, as_of: datetime, among: Collection[int] | None = None
) -> dict[int, RecordCount]:
    """How the deals of each in-scope rep who has any are recorded on a date, known at `as_of`."""
    members = programme.queries.members(owner.id, as_of)
    wanted = members if among is None else members & frozenset(among)
    changed = last_changes(DEAL, as_of)
    calendar = programme.queries.calendar(owner)
    by_rep: dict[int, list[DealState]] = defaultdict(list)
    for deal in deals_of(owner.id, as_of):
        if deal.person_id in wanted:
            at = changed.get(deal.deal_key)
            day = None if at is None else calendar.local_day(at)
            by_rep[deal.person_id].append(state_of_deal(deal, day))
    counts = {ident: count_records(deals, on) for ident, deals in sorted(by_rep.items())}
    return {ident: count for ident, count in counts.items() if count.deals}


def state_of_deal(deal: DealRecord, changed_on: date | None) -> DealState:
    """What counting needs of a deal."""
    return DealState(
        deal.stage,
        deal.account,
        deal.product,
        deal.amount,
        deal.created_on,
        deal.proposal_on,
        deal.closed_on,
        changed_on,
    )


def by_team(counts: Mapping[int, RecordCount], on: date, as_of: datetime) -> dict[str, RecordCount]:
    """The counts of each team on the date (METRICS P8), by name."""
    names = team_names_on(on, as_of)
    found: dict[str, RecordCount] = defaultdict(RecordCount)
    for ident, count in counts.items():
        add_up(found[names.get(ident, UNASSIGNED)], count)
    return dict(sorted(found.items()))


def total_of(counts: Iterable[RecordCount]) -> RecordCount:
    """All counts together."""
    total = RecordCount()
    for count in counts:
        add_up(total, count)
    return total


def today_of(owner: Programme, instant: datetime) -> date:
    """The programme's date at an instant."""
    return programme.queries.calendar(owner).local_day(instant)


def add_up(total: RecordCount, count: RecordCount) -> None:
    """Add one rep's counts to a group's."""
    for name in ("reps", "deals", "asked", "filled", "open", "stale"):
        setattr(total, name, getattr(total, name) + getattr(count, name))
    total.missing = dict(Counter(total.missing) + Counter(count.missing))


def cards(person_ids: Collection[int]) -> dict[int, people.queries.PersonCard]:
    """The people named on the page."""
    return people.queries.cards(person_ids)


def deal_records(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> dict[str, object]:
    """The figure `deal_records`: how well deals are recorded on a date, all or one team's."""
    refuse_unknown_team(team)
    counts = record_counts(owner, through, as_of)
    names = team_names_on(through, as_of)
    total = total_of(
        count
        for ident, count in counts.items()
        if team is None or names.get(ident, UNASSIGNED) == team
    )
    return {
        "deals": total.deals,
        "fields": total.asked,
        "filled": total.filled,
        "rate": total.fields.rate,
        "open": total.open,
        "stale": total.stale,
        "stale_rate": total.stages.rate,
        "missing": dict(sorted(total.missing.items())),
    }


def deal_record_rows(
    owner: Programme, through: date, as_of: datetime, team: str | None = None
) -> list[dict[str, object]]:
    """The reps behind the figure `deal_records`, one row each."""
    counts = record_counts(owner, through, as_of)
    shown, names = cards(counts), team_names_on(through, as_of)
    return [
        {
            "person_id": shown[ident].key,
            "name": shown[ident].shown,
            "team": names.get(ident, UNASSIGNED),
            "deals": count.deals,
            "fields": count.asked,
            "filled": count.filled,
            "open": count.open,
            "stale": count.stale,
        }
        for ident, count in counts.items()
        if team is None or names.get(ident, UNASSIGNED) == team
    ]
