"""What a result depends on, read set-wise: who was where and what they did, as known by then."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from adoption.models import IngestBatch, UsageEvent
from adoption.queries import events_for_contest
from core.calendars import ProgrammeCalendar, days_between
from core.db import db
from leaderboard.models import Board, BoardMark
from leaderboard.rules.scoring import Event, PointRule, exact
from leaderboard.rules.standing import Mode, Terms
from leaderboard.rules.terms import fingerprint, number, rules_from
from people import queries as people
from people.models import TeamMembership
from people.rules import MembershipSpan, PersonCalendar
from programme import queries as programmes
from programme.models import Programme

DAY = timedelta(days=1)
SEEN_BATCHES = 200
CHUNK = 5000
FEW = 500


@dataclass(frozen=True)
class Spec:
    """Everything a race is scored by, with its dates worked out in the programme's calendar."""

    programme_id: int
    calendar: ProgrammeCalendar
    rules: Mapping[str, PointRule]
    terms: Terms
    starts_on: date
    ends_on: date
    team_ids: frozenset[int] | None = None
    baseline_days: int = 28

    @property
    def days(self) -> tuple[date, ...]:
        """The window's dates (C1)."""
        return tuple(days_between(self.starts_on, self.ends_on))

    @property
    def working(self) -> frozenset[date]:
        """The working days among them (P4)."""
        return frozenset(filter(self.calendar.is_working_day, self.days))

    def before(self) -> "Spec":
        """The same race over the baseline before its start (C6)."""
        start = self.starts_on - self.baseline_days * DAY
        return self.over(start, self.starts_on)

    def over(self, starts_on: date, ends_on: date) -> "Spec":
        """The same rules over other dates."""
        days = self.calendar.working_days(starts_on, ends_on)
        terms = replace(self.terms, working_days=days)
        return replace(self, starts_on=starts_on, ends_on=ends_on, terms=terms)


@dataclass(frozen=True)
class Staff:
    """Who was where inside a window."""

    spans: tuple[MembershipSpan, ...]
    calendars: Mapping[int, PersonCalendar]

    @property
    def team_ids(self) -> frozenset[int]:
        """Teams with at least one rep inside the window."""
        return frozenset(span.team_id for span in self.spans if span.person_id in self.calendars)


def spec_of(board: Board) -> Spec:
    """A board's race."""
    programme = db.session.get_one(Programme, board.programme_id)
    return make_spec(
        programme,
        rules=rules_from(board.rules),
        mode=Mode(board.mode),
        target_days=number(board.target_days),
        min_team_size=number(board.min_team_size),
        shrink_k=number(board.shrink_k),
        starts_on=board.starts_on,
        ends_on=board.ends_on,
        team_ids=board.team_ids,
        baseline_days=board.baseline_days,
    )


def make_spec(  # noqa: PLR0913 - a race has these parts
    programme: Programme,
    *,
    rules: Mapping[str, PointRule],
    mode: Mode,
    target_days: Fraction,
    min_team_size: Fraction,
    shrink_k: Fraction,
    starts_on: date,
    ends_on: date,
    team_ids: Collection[int] | None,
    baseline_days: int,
) -> Spec:
    """A race in a programme's calendar; used for boards, and for "what if" before there is one."""
    calendar = programmes.calendar(programme)
    return Spec(
        programme_id=programme.id,
        calendar=calendar,
        rules=rules,
        terms=Terms(
            mode=mode,
            target_days=target_days,
            working_days=calendar.working_days(starts_on, ends_on),
            min_team_size=min_team_size,
            shrink_k=shrink_k,
        ),
        starts_on=starts_on,
        ends_on=ends_on,
        team_ids=None if team_ids is None else frozenset(team_ids),
        baseline_days=baseline_days,
    )


def staff(spec: Spec, person_ids: Collection[int] | None = None) -> Staff:
    """Reps of the programme (P1) with their memberships inside the window and their calendars."""
    reps = programmes.members(spec.programme_id)
    if person_ids is not None:
        reps = reps & frozenset(person_ids)
    found = _spans(spec, person_ids)
    racing = {
        span.person_id
        for span in found
        if span.person_id in reps and (spec.team_ids is None or span.team_id in spec.team_ids)
    }
    spans = tuple(span for span in found if span.person_id in racing)
    return Staff(spans, people.calendars(racing) if racing else {})


def _spans(spec: Spec, person_ids: Collection[int] | None) -> tuple[MembershipSpan, ...]:
    """Memberships inside the window; of a few people without reading everybody's."""
    if person_ids is None or len(person_ids) > FEW:
        return people.memberships_between(spec.starts_on, spec.ends_on)
    return tuple(
        span
        for spans in people.memberships_of(person_ids).values()
        for span in spans
        if span.starts_on < spec.ends_on and (span.ends_on is None or span.ends_on > spec.starts_on)
    )


def racing_teams(spec: Spec) -> frozenset[int]:
    """Every team with a rep of the programme inside the window."""
    reps = programmes.members(spec.programme_id)
    pairs = db.session.execute(
        select(TeamMembership.team_id, TeamMembership.person_id).where(
            TeamMembership.starts_on < spec.ends_on,
            or_(TeamMembership.ends_on.is_(None), TeamMembership.ends_on > spec.starts_on),
        )
    )
    return frozenset(team_id for team_id, person_id in pairs if person_id in reps)


def events(
    spec: Spec, received_until: datetime, person_ids: Collection[int] | None = None
) -> dict[int, list[Event]]:
    """Each rep's events of scoring kinds in the window, as received by then (C7, E1)."""
    found: dict[int, list[Event]] = defaultdict(list)
    if not spec.rules or (person_ids is not None and not person_ids):
        return found
    rows = events_for_contest(
        spec.programme_id,
        sorted(spec.rules),
        spec.starts_on,
        spec.ends_on,
        received_until,
        person_ids,
    )
    for row in rows:
        found[row.person_id].append(
            Event(
                event_id=row.event_id,
                kind=row.kind,
                occurred_at=row.occurred_at,
                day=row.local_day,
                object_id=row.object_id,
                value=None if row.value is None else exact(row.value),
                held=bool(row.held),
            )
        )
    return found


def terms_hash(spec: Spec, reps: frozenset[int]) -> str:
    """What, when it changes, makes every rep's score be worked out anew."""
    return fingerprint(
        [
            sorted(spec.rules.items()),
            spec.terms,
            spec.starts_on,
            spec.ends_on,
            sorted(spec.working),
            spec.calendar.zone,
            sorted(spec.team_ids) if spec.team_ids is not None else None,
            sorted(reps),
        ]
    )


def new_batches(programme_id: int, mark: BoardMark) -> tuple[int, ...]:
    """Ingest batches this board has not seen.

    Ids are given before commit, so a batch may appear below a newer one: the latest are kept by
    name, not by a high-water mark alone.
    """
    seen = set(mark.batches_seen)
    ids = db.session.scalars(
        select(IngestBatch.id)
        .where(IngestBatch.programme_id == programme_id, IngestBatch.id > mark.batch_floor)
        .order_by(IngestBatch.id)
    )
    return tuple(ident for ident in ids if ident not in seen)


def touched_by_events(
    spec: Spec, batch_ids: Collection[int], since: datetime, until: datetime
) -> frozenset[int]:
    """Whose score may differ: new rows, rows whose turn to count came, and rows replaced."""
    window = (
        UsageEvent.programme_id == spec.programme_id,
        UsageEvent.local_day >= spec.starts_on - DAY,
        UsageEvent.local_day < spec.ends_on + DAY,
        UsageEvent.kind.in_(sorted(spec.rules)),
    )
    moved = or_(
        and_(UsageEvent.received_at > since, UsageEvent.received_at <= until),
        and_(UsageEvent.superseded_at > since, UsageEvent.superseded_at <= until),
        UsageEvent.held_at > since,
    )
    found = set(db.session.scalars(select(UsageEvent.person_id).where(*window, moved).distinct()))
    for start in range(0, len(batch_ids), CHUNK):
        found |= _people_of_batches(list(batch_ids)[start : start + CHUNK], window)
    return frozenset(found)


def _people_of_batches(batch_ids: list[int], window: tuple[ColumnElement[bool], ...]) -> set[int]:
    """People with rows of these batches in the window, or with versions these batches replaced."""
    new = aliased(UsageEvent)
    in_batch = and_(
        IngestBatch.id.in_(batch_ids),
        new.id.between(IngestBatch.min_event_id, IngestBatch.max_event_id),
        new.programme_id == IngestBatch.programme_id,
    )
    rows = (
        select(UsageEvent.person_id)
        .join(
            new,
            and_(
                new.programme_id == UsageEvent.programme_id,
                new.source == UsageEvent.source,
                new.event_id == UsageEvent.event_id,
            ),
        )
        .join(IngestBatch, in_batch)
        .where(*window)
        .distinct()
    )
    return set(db.session.scalars(rows))
