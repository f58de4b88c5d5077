"""METRICS R1-R5 over real rows: the figure, milestone counts and the rep by milestone table."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import select

import people.queries
import programme.queries
from core.calendars import ProgrammeCalendar
from core.db import db
from core.errors import Invalid
from people.rules import PersonCalendar
from programme.models import Programme
from training_tracker.models import (
    Assignment,
    Completion,
    Course,
    HandsOnCheck,
    Milestone,
)
from training_tracker.queries.catalogue import CourseRow, MilestoneRow, milestones, programme_by_id
from training_tracker.rules import (
    AssignmentFact,
    MilestoneStatus,
    Obligation,
    TrainingCount,
    count_training,
    is_overdue,
    milestone_state,
    obligation,
)

CHUNK = 5000
UNASSIGNED = "unassigned"
T = TypeVar("T")


def chunks(values: Collection[T]) -> Iterator[list[T]]:
    """Lists short enough for one IN on both databases."""
    items = list(values)
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


@dataclass(frozen=True)
class Facts:
    """Assignments and passing days of one course, by person."""

    assignments: Mapping[int, Sequence[AssignmentFact]]
    passes: Mapping[int, Sequence[date]]

    def people(self) -> frozenset[int]:
        """Everybody ever assigned."""
        return frozenset(self.assignments)


@dataclass(frozen=True)
class Roster:
    """The reps a figure may count, with their working lives and the programme's calendar."""

    programme: Programme
    calendar: ProgrammeCalendar
    lives: Mapping[int, PersonCalendar]


def roster(
    programme_id: int, among: Collection[int] | None = None, as_of: datetime | None = None
) -> Roster:
    """The programme's reps (METRICS P1), or those of them in `among`, as known at `as_of`."""
    owner = programme_by_id(programme_id)
    members = programme.queries.members(programme_id, as_of)
    wanted = sorted(members if among is None else members & frozenset(among))
    lives = people.queries.calendars(wanted, as_of)
    return Roster(owner, programme.queries.calendar(owner), lives)


def team_people(team: str, on: date, as_of: datetime | None = None) -> frozenset[int]:
    """The people whose team on a day has this name (METRICS P7, P8); raises Invalid if no such."""
    placed = people.queries.team_on(on, as_of)
    if team == UNASSIGNED:
        return frozenset(people.queries.reps_in_scope()) - frozenset(placed)
    found = people.queries.team_ids_by_name([team])
    if team not in found:
        raise Invalid(f"There is no team {team}.", field="team")
    return frozenset(person for person, own in placed.items() if own == found[team])


def facts(
    course_ids_: Collection[int], as_of: datetime, person_ids: Collection[int] | None = None
) -> dict[int, Facts]:
    """Assignments, and passes known by `as_of`, of each course asked for."""
    assignments: dict[int, dict[int, list[AssignmentFact]]] = defaultdict(lambda: defaultdict(list))
    passes: dict[int, dict[int, list[date]]] = defaultdict(lambda: defaultdict(list))
    assigned = select(
        Assignment.course_id,
        Assignment.person_id,
        Assignment.assigned_on,
        Assignment.due_on,
        Assignment.is_waived,
    ).where(Assignment.course_id.in_(course_ids_))
    passed = select(Completion.course_id, Completion.person_id, Completion.local_day).where(
        Completion.course_id.in_(course_ids_),
        Completion.is_passed,
        Completion.completed_at <= as_of,
    )
    for some in [None] if person_ids is None else list(chunks(person_ids)):
        narrow = [] if some is None else [Assignment.person_id.in_(some)]
        for course_id, person_id, since, due, waived in db.session.execute(assigned.where(*narrow)):
            assignments[course_id][person_id].append(AssignmentFact(since, due, waived))
        narrow = [] if some is None else [Completion.person_id.in_(some)]
        for course_id, person_id, day in db.session.execute(passed.where(*narrow)):
            passes[course_id][person_id].append(day)
    return {ident: Facts(assignments[ident], passes[ident]) for ident in course_ids_}


def obligations(
    course_id: int,
    through: date,
    as_of: datetime,
    *,
    team: str | None = None,
) -> list[Obligation]:
    """METRICS R1-R3: who owed the course on `through` and when they passed, ordered by person."""
    course = db.session.get_one(Course, course_id)
    known = facts([course_id], as_of)[course_id]
    among = known.people() if team is None else known.people() & team_people(team, through, as_of)
    return owed(known, roster(course.programme_id, among, as_of), through)


def owed(known: Facts, counted: Roster, through: date) -> list[Obligation]:
    """METRICS R1-R3 over facts already fetched, ordered by person."""
    found = (
        obligation(
            person_id,
            known.assignments[person_id],
            known.passes.get(person_id, ()),
            counted.lives[person_id],
            through=through,
            is_working_day=counted.calendar.is_working_day,
            prior_days=counted.programme.prior_learning_days,
        )
        for person_id in sorted(known.people())
        if person_id in counted.lives
    )
    return [owed for owed in found if owed is not None]


def training_count(
    course_id: int, through: date, as_of: datetime, team: str | None = None
) -> TrainingCount:
    """The `training` figure's counts (METRICS R1-R5)."""
    return count_training(obligations(course_id, through, as_of, team=team), through)


def course_count(
    course: CourseRow, through: date, as_of: datetime, among: Collection[int] | None
) -> TrainingCount:
    """The figure over the programme's reps, or those of them in `among`."""
    known = facts([course.id], as_of)[course.id]
    return count_training(owed(known, roster(course.programme_id, among, as_of), through), through)


def obligation_rows(owed: Sequence[Obligation], through: date) -> list[dict[str, object]]:
    """The people behind the figure, one row each, by the names files use."""
    keys = people.queries.keys_of([each.person_id for each in owed])
    return [
        {
            "person_id": keys[each.person_id],
            "assigned_on": _iso(each.assigned_on),
            "due_on": _iso(each.due_on),
            "passed_on": _iso(each.passed_on),
            "overdue": is_overdue(each.due_on, each.passed_on, through),
        }
        for each in owed
    ]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


@dataclass(frozen=True)
class MilestoneCount:
    """How far the programme's reps are with one milestone."""

    milestone: MilestoneRow
    count: TrainingCount
    hands_on_asked: int = 0
    hands_on_passed: int = 0


@dataclass(frozen=True)
class Snapshot:
    """What training pages count from, fetched once: milestones, reps, and facts by course."""

    milestones: tuple[MilestoneRow, ...]
    roster: Roster
    known: Mapping[int, Facts]


def snapshot(programme_id: int, as_of: datetime, among: Collection[int] | None = None) -> Snapshot:
    """The programme's reps, or those of them in `among`, with all they had to do and did."""
    required = milestones(programme_id)
    counted = roster(programme_id, among)
    narrow = None if among is None else list(counted.lives)
    known = facts([row.course.id for row in required], as_of, narrow)
    return Snapshot(required, counted, known)


def milestone_counts(seen: Snapshot, through: date) -> list[MilestoneCount]:
    """Each milestone's counts over the snapshot's reps."""
    asked = hands_on_tally(seen.roster.programme.id, frozenset(seen.roster.lives))
    return [
        MilestoneCount(
            row,
            count_training(owed(seen.known[row.course.id], seen.roster, through), through),
            *asked.get(row.id, (0, 0)),
        )
        for row in seen.milestones
    ]


def hands_on_tally(programme_id: int, person_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Milestone id -> (hands-on checks opened, of them passed) for these people."""
    rows = db.session.execute(
        select(HandsOnCheck.milestone_id, HandsOnCheck.person_id, HandsOnCheck.state)
        .join(Milestone, Milestone.id == HandsOnCheck.milestone_id)
        .where(Milestone.programme_id == programme_id)
    )
    tally: dict[int, tuple[int, int]] = {}
    for milestone_id, person_id, state in rows:
        if person_id in person_ids:
            asked, passed = tally.get(milestone_id, (0, 0))
            tally[milestone_id] = (asked + 1, passed + (state == "passed"))
    return tally


@dataclass(frozen=True)
class CheckRow:
    """Where somebody stands with the real use asked for after a class."""

    state: str
    seen: int
    needed: int
    due_at: datetime


@dataclass(frozen=True)
class PersonLine:
    """One line of the rep by milestone table, cells in the milestones' order."""

    person_id: int
    name: str
    key: str
    is_away: bool
    cells: tuple[MilestoneStatus, ...]
    checks: tuple[CheckRow | None, ...]


@dataclass(frozen=True)
class Matrix:
    """Reps by milestones."""

    milestones: tuple[MilestoneRow, ...]
    lines: tuple[PersonLine, ...] = field(default=())


def matrix(seen: Snapshot, through: date) -> Matrix:
    """The words of every cell for the snapshot's reps still employed, ordered by name."""
    lives = seen.roster.lives
    present = [ident for ident, life in lives.items() if life.is_employed(through)]
    checks = checks_of(present)
    cards = people.queries.cards(present)
    lines = [
        PersonLine(
            ident,
            cards[ident].name,
            cards[ident].key,
            lives[ident].is_absent(through),
            tuple(
                cell_of(seen.known[row.course.id], ident, seen.roster, through)
                for row in seen.milestones
            ),
            tuple(checks.get((row.id, ident)) for row in seen.milestones),
        )
        for ident in present
    ]
    return Matrix(seen.milestones, tuple(sorted(lines, key=lambda line: (line.name, line.key))))


def cell_of(known: Facts, person_id: int, counted: Roster, through: date) -> MilestoneStatus:
    """One person's state on the course the facts are about."""
    return milestone_state(
        known.assignments.get(person_id, ()),
        known.passes.get(person_id, ()),
        counted.lives[person_id],
        through=through,
        is_working_day=counted.calendar.is_working_day,
        prior_days=counted.programme.prior_learning_days,
    )


def checks_of(person_ids: Collection[int]) -> dict[tuple[int, int], CheckRow]:
    """Hands-on checks by (milestone, person)."""
    found: dict[tuple[int, int], CheckRow] = {}
    for some in chunks(person_ids):
        for check in db.session.scalars(
            select(HandsOnCheck).where(HandsOnCheck.person_id.in_(some))
        ):
            found[check.milestone_id, check.person_id] = CheckRow(
                check.state, check.seen, check.needed, check.due_at
            )
    return found
