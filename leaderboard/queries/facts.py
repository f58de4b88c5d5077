"""What a result depends on, read set-wise: who was where and what they did, as known by then."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from sqlalchemy import or_, select

from adoption.models import IngestBatch
from adoption.queries import events_for_contest
from core.calendars import ProgrammeCalendar, days_between
from core.db import db
from leaderboard.models import Board, BoardMark, Side, SidePerson
from leaderboard.rules.scoring import Event, PointRule, exact
from leaderboard.rules.standing import Mode, Terms
from leaderboard.rules.terms import fingerprint, number, rules_from
from leaderboard.rules.units import Division, TieBreak, UnitKind, Units, divisions_from
from people import queries as people
from people.models import TeamMembership
from people.rules import MembershipSpan, PersonCalendar
from programme import queries as programmes
from programme.models import Programme

DAY = timedelta(days=1)
SEEN_BATCHES = 200
FEW = 2_500


@dataclass(frozen=True)
class Spec:
    """Everything a race is scored by, with its dates worked out in the programme's calendar.

    `team_ids` None: every team. `sides` says person -> side where lists of people race, and
    `side_ids` names every side, also one nobody of which can score.
    """

    programme_id: int
    calendar: ProgrammeCalendar
    rules: Mapping[str, PointRule]
    terms: Terms
    starts_on: date
    ends_on: date
    team_ids: frozenset[int] | None = None
    baseline_days: int = 28
    excluded_people: frozenset[int] = frozenset()
    excluded_teams: frozenset[int] = frozenset()
    kind: UnitKind = UnitKind.TEAM
    sides: Mapping[int, int] = field(default_factory=dict)
    side_ids: frozenset[int] = frozenset()
    divisions: tuple[Division, ...] | None = None
    rewards_improvement: bool = False
    # Which holds stand: those of this instant, or where None those of the present (C3).
    held_as_of: datetime | None = None

    @property
    def units(self) -> Units:
        """How a person's date becomes a unit's."""
        return Units(self.kind, self.team_ids, self.sides)

    @property
    def days(self) -> tuple[date, ...]:
        """The window's dates (C1)."""
        return tuple(days_between(self.starts_on, self.ends_on))

    def as_held(self, instant: datetime) -> "Spec":
        """The same race with the events held at an instant, for a replay of it."""
        return replace(self, held_as_of=instant)

    def without(self, people: Collection[int], teams: Collection[int]) -> "Spec":
        """The same race without these: they leave points, headcount and roster (case 32)."""
        return replace(
            self,
            team_ids=None if self.team_ids is None else self.team_ids - frozenset(teams),
            excluded_people=frozenset(people),
            excluded_teams=frozenset(teams),
        )

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
    spec = make_spec(
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
        kind=UnitKind(board.unit),
        tie_break=tuple(map(TieBreak, board.tie_break)),
    ).without(board.excluded_people, board.excluded_teams)
    divisions = None if board.divisions is None else divisions_from(board.divisions)
    spec = replace(spec, divisions=divisions, rewards_improvement=board.rewards_improvement)
    if spec.kind is not UnitKind.ADHOC:
        return spec
    ids = frozenset(db.session.scalars(select(Side.id).where(Side.board_id == board.id)))
    return replace(spec, sides=sides_of(board.id), side_ids=ids)


def sides_of(board_id: int) -> dict[int, int]:
    """Each person on a board's named sides, with the side."""
    rows = db.session.execute(
        select(SidePerson.person_id, SidePerson.side_id).where(SidePerson.board_id == board_id)
    )
    return {row.person_id: row.side_id for row in rows}


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
    kind: UnitKind = UnitKind.TEAM,
    tie_break: tuple[TieBreak, ...] = (),
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
            tie_break=tie_break,
            asks_presence=kind is UnitKind.PERSON,
        ),
        starts_on=starts_on,
        ends_on=ends_on,
        team_ids=None if team_ids is None else frozenset(team_ids),
        baseline_days=baseline_days,
        kind=kind,
    )


def staff(spec: Spec, person_ids: Collection[int] | None = None) -> Staff:
    """Reps of the programme (P1) with their memberships inside the window and their calendars."""
    reps = programmes.members(spec.programme_id) - spec.excluded_people
    if person_ids is not None:
        reps = reps & frozenset(person_ids)
    if spec.units.needs_no_team:
        named = reps if spec.kind is UnitKind.PERSON else reps & frozenset(spec.sides)
        return Staff((), people.calendars(named) if named else {})
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
    reps = programmes.members(spec.programme_id) - spec.excluded_people
    pairs = db.session.execute(
        select(TeamMembership.team_id, TeamMembership.person_id).where(
            TeamMembership.starts_on < spec.ends_on,
            or_(TeamMembership.ends_on.is_(None), TeamMembership.ends_on > spec.starts_on),
        )
    )
    racing = frozenset(team_id for team_id, person_id in pairs if person_id in reps)
    return racing - spec.excluded_teams


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
        spec.held_as_of,
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
            sorted(spec.excluded_people),
            sorted(spec.excluded_teams),
            spec.kind,
            sorted(spec.sides.items()),
            spec.divisions,
            spec.rewards_improvement,
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
