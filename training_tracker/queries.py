"""Every SELECT of the training room. Facts are fetched set-wise; rules judge them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import aliased

import people.queries
import programme.queries
from core.calendars import ProgrammeCalendar, zone_of
from core.db import db
from core.errors import Invalid
from people.models import Person
from people.rules import PersonCalendar
from programme.models import Enrolment, Programme
from training_tracker.models import (
    Assignment,
    Completion,
    Course,
    Escalation,
    HandsOnCheck,
    Milestone,
)
from training_tracker.rules import (
    AssignmentFact,
    MilestoneState,
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
LATE_EVIDENCE = timedelta(days=14)
T = TypeVar("T")


def _chunks(values: Collection[T]) -> Iterator[list[T]]:
    items = list(values)
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


@dataclass(frozen=True)
class CourseRow:
    """A course as pages and letters name it."""

    id: int
    programme_id: int
    slug: str
    title: str
    kind: str
    minutes: int | None


@dataclass(frozen=True)
class MilestoneRow:
    """A milestone with its course."""

    id: int
    course: CourseRow
    roles: tuple[str, ...]
    due_days: int
    is_mandatory: bool
    hands_on_kind: str | None
    hands_on_count: int | None
    hands_on_hours: int | None


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


def programme_by_id(programme_id: int) -> Programme:
    """The programme of a known id."""
    return db.session.get_one(Programme, programme_id)


def _course_row(course: Course) -> CourseRow:
    return CourseRow(
        course.id, course.programme_id, course.slug, course.title, course.kind, course.minutes
    )


def courses(programme_id: int) -> tuple[CourseRow, ...]:
    """The programme's courses in their playbook order."""
    found = db.session.scalars(
        select(Course)
        .where(Course.programme_id == programme_id)
        .order_by(Course.position, Course.slug)
    )
    return tuple(_course_row(course) for course in found)


def course_by_slug(programme_id: int, slug: str) -> CourseRow | None:
    """One course, or None."""
    course = db.session.scalar(
        select(Course).where(Course.programme_id == programme_id, Course.slug == slug)
    )
    return _course_row(course) if course else None


def course_ids(programme_id: int) -> dict[str, int]:
    """Course ids of a programme by slug."""
    rows = db.session.execute(
        select(Course.slug, Course.id).where(Course.programme_id == programme_id)
    )
    return {row.slug: row.id for row in rows}


def milestones(programme_id: int) -> tuple[MilestoneRow, ...]:
    """The programme's milestones with their courses, in their order."""
    rows = db.session.execute(
        select(Milestone, Course)
        .join(Course, Course.id == Milestone.course_id)
        .where(Milestone.programme_id == programme_id)
        .order_by(Milestone.position, Milestone.id)
    )
    return tuple(
        MilestoneRow(
            milestone.id,
            _course_row(course),
            tuple(milestone.roles),
            milestone.due_days,
            milestone.is_mandatory,
            milestone.hands_on_kind,
            milestone.hands_on_count,
            milestone.hands_on_hours,
        )
        for milestone, course in rows
    )


def milestone_models(programme_id: int) -> dict[int, Milestone]:
    """Milestone rows of a programme by course id, for changing."""
    found = db.session.scalars(select(Milestone).where(Milestone.programme_id == programme_id))
    return {milestone.course_id: milestone for milestone in found}


def course_models(programme_id: int) -> dict[str, Course]:
    """Course rows of a programme by slug, for changing."""
    found = db.session.scalars(select(Course).where(Course.programme_id == programme_id))
    return {course.slug: course for course in found}


def roster(programme_id: int, among: Collection[int] | None = None) -> Roster:
    """The programme's reps (METRICS P1), or those of them in `among`."""
    owner = programme_by_id(programme_id)
    members = programme.queries.members(programme_id)
    wanted = members if among is None else frozenset(members) & frozenset(among)
    ids = people.queries.reps_in_scope(wanted)
    return Roster(owner, programme.queries.calendar(owner), people.queries.calendars(ids))


def team_people(team: str, on: date) -> frozenset[int]:
    """The people whose team on a day has this name (METRICS P7, P8); raises Invalid if no such."""
    placed = people.queries.team_on(on)
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
    for some in [None] if person_ids is None else list(_chunks(person_ids)):
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
    among = known.people() if team is None else known.people() & team_people(team, through)
    return _owed(known, roster(course.programme_id, among), through)


def _owed(known: Facts, counted: Roster, through: date) -> list[Obligation]:
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


def milestone_counts(
    programme_id: int, through: date, as_of: datetime, among: Collection[int] | None = None
) -> list[MilestoneCount]:
    """Each milestone's counts over the programme's reps, or over those of them in `among`."""
    required = milestones(programme_id)
    counted = roster(programme_id, among)
    known = facts([row.course.id for row in required], as_of)
    asked = hands_on_tally(programme_id, frozenset(counted.lives))
    return [
        MilestoneCount(
            row,
            count_training(_owed(known[row.course.id], counted, through), through),
            *asked.get(row.id, (0, 0)),
        )
        for row in required
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


def matrix(
    programme_id: int, person_ids: Collection[int], through: date, as_of: datetime
) -> Matrix:
    """The words of every cell for these reps of the programme, ordered by name."""
    required = milestones(programme_id)
    counted = roster(programme_id, person_ids)
    present = [ident for ident, life in counted.lives.items() if life.is_employed(through)]
    known = facts([row.course.id for row in required], as_of, present)
    checks = checks_of(present)
    cards = people.queries.cards(present)
    lines = [
        PersonLine(
            ident,
            cards[ident].name,
            cards[ident].key,
            counted.lives[ident].is_absent(through),
            tuple(_cell(known[row.course.id], ident, counted, through) for row in required),
            tuple(checks.get((row.id, ident)) for row in required),
        )
        for ident in present
    ]
    return Matrix(required, tuple(sorted(lines, key=lambda line: (line.name, line.key))))


def _cell(known: Facts, person_id: int, counted: Roster, through: date) -> MilestoneStatus:
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
    for some in _chunks(person_ids):
        for check in db.session.scalars(
            select(HandsOnCheck).where(HandsOnCheck.person_id.in_(some))
        ):
            found[check.milestone_id, check.person_id] = CheckRow(
                check.state, check.seen, check.needed, check.due_at
            )
    return found


@dataclass(frozen=True)
class OverdueRow:
    """A mandatory milestone somebody has not met in time."""

    assignment_id: int
    person_id: int
    milestone_id: int
    course_title: str
    course_slug: str
    due_on: date
    days_late: int
    is_away: bool


def overdue(
    programme_id: int, through: date, as_of: datetime, among: Collection[int] | None = None
) -> list[OverdueRow]:
    """Overdue mandatory milestones of reps still employed (METRICS R5), the longest first."""
    required = [row for row in milestones(programme_id) if row.is_mandatory]
    candidates = _overdue_candidates([row.course.id for row in required], through)
    asked = candidates if among is None else candidates & frozenset(among)
    counted = roster(programme_id, asked)
    known = facts([row.course.id for row in required], as_of, counted.lives)
    keys = _assignment_keys([row.course.id for row in required], list(counted.lives))
    found = []
    for row in required:
        for person_id, life in counted.lives.items():
            status = _cell(known[row.course.id], person_id, counted, through)
            if status.state is not MilestoneState.OVERDUE or not life.is_employed(through):
                continue
            found.append(
                OverdueRow(
                    _standing_key(keys[row.course.id, person_id], through),
                    person_id,
                    row.id,
                    row.course.title,
                    row.course.slug,
                    status.due_on or through,
                    status.days_late,
                    life.is_absent(through),
                )
            )
    return sorted(found, key=lambda late: (-late.days_late, late.person_id, late.milestone_id))


def _overdue_candidates(course_ids_: Collection[int], through: date) -> frozenset[int]:
    """People with a due date behind them and no pass at all since; a superset, by one statement."""
    done = aliased(Completion)
    has_passed = (
        select(done.id)
        .where(
            done.person_id == Assignment.person_id,
            done.course_id == Assignment.course_id,
            done.is_passed,
            done.local_day >= Assignment.assigned_on,
            done.local_day <= through,
        )
        .exists()
    )
    return frozenset(
        db.session.scalars(
            select(Assignment.person_id)
            .where(
                Assignment.course_id.in_(course_ids_),
                Assignment.due_on < through,
                Assignment.is_waived.is_(False),
                ~has_passed,
            )
            .distinct()
        )
    )


def _assignment_keys(
    course_ids_: Collection[int], person_ids: Collection[int]
) -> dict[tuple[int, int], list[tuple[date, int]]]:
    """(course, person) -> (assigned_on, assignment id) of what is not waived."""
    found: dict[tuple[int, int], list[tuple[date, int]]] = defaultdict(list)
    for some in _chunks(person_ids):
        rows = db.session.execute(
            select(
                Assignment.course_id, Assignment.person_id, Assignment.assigned_on, Assignment.id
            ).where(
                Assignment.course_id.in_(course_ids_),
                Assignment.person_id.in_(some),
                Assignment.is_waived.is_(False),
            )
        )
        for course_id, person_id, since, ident in rows:
            found[course_id, person_id].append((since, ident))
    return found


def _standing_key(keys: Sequence[tuple[date, int]], through: date) -> int:
    """The assignment in force on `through` (METRICS R1)."""
    return max(pair for pair in keys if pair[0] <= through)[1]


def climbed(assignment_ids: Collection[int]) -> set[tuple[int, str]]:
    """Rungs of the ladder already climbed, as (assignment, step)."""
    found: set[tuple[int, str]] = set()
    for some in _chunks(assignment_ids):
        rows = db.session.execute(
            select(Escalation.assignment_id, Escalation.step).where(
                Escalation.assignment_id.in_(some)
            )
        )
        found.update((ident, step) for ident, step in rows)
    return found


@dataclass(frozen=True)
class NewDuty:
    """A person whom a milestone concerns and who has no assignment of its course yet."""

    person_id: int
    milestone: MilestoneRow


def without_assignment(programme_id: int) -> list[NewDuty]:
    """Whom the programme's milestones still have to be assigned to, whatever their dates."""
    found: list[NewDuty] = []
    for row in milestones(programme_id):
        has_one = (
            select(Assignment.id)
            .where(Assignment.person_id == Person.id, Assignment.course_id == row.course.id)
            .exists()
        )
        missing = db.session.scalars(
            select(Person.id)
            .where(
                Person.role.in_(row.roles),
                Person.is_test.is_(False),
                Person.enabled_on.is_not(None),
                ~has_one,
                _belongs_to(programme_id),
            )
            .order_by(Person.id)
        )
        found.extend(NewDuty(ident, row) for ident in missing)
    return found


def _belongs_to(programme_id: int) -> ColumnElement[bool]:
    """Enrolled here, or nowhere at all; for every role, unlike the reps of the figures."""
    here = exists().where(Enrolment.person_id == Person.id, Enrolment.programme_id == programme_id)
    return or_(here, ~exists().where(Enrolment.person_id == Person.id))


@dataclass(frozen=True)
class PassRow:
    """The pass that opens somebody's hands-on window."""

    person_id: int
    completion_id: int
    completed_at: datetime


def passes_without_check(
    milestone: MilestoneRow,
    as_of: datetime,
    since: date | None,
    person_ids: Collection[int] | None = None,
) -> list[PassRow]:
    """The first pass of each person, on or after `since`, that no hands-on check was opened for."""
    checked = (
        select(HandsOnCheck.id)
        .where(
            HandsOnCheck.milestone_id == milestone.id,
            HandsOnCheck.person_id == Completion.person_id,
        )
        .exists()
    )
    query = (
        select(Completion.person_id, Completion.id, Completion.completed_at)
        .join(Person, Person.id == Completion.person_id)
        .where(
            Completion.course_id == milestone.course.id,
            Completion.is_passed,
            Completion.completed_at <= as_of,
            Person.role.in_(milestone.roles),
            Person.is_test.is_(False),
            _belongs_to(milestone.course.programme_id),
            ~checked,
        )
        .order_by(Completion.person_id, Completion.completed_at)
    )
    if since is not None:
        query = query.where(Completion.local_day >= since)
    first: dict[int, PassRow] = {}
    for person_id, completion_id, completed_at in db.session.execute(query):
        if person_ids is None or person_id in person_ids:
            first.setdefault(person_id, PassRow(person_id, completion_id, completed_at))
    return list(first.values())


def checks_to_judge(programme_id: int, as_of: datetime) -> list[HandsOnCheck]:
    """Open checks, and those missed so lately that late usage may still prove them."""
    return list(
        db.session.scalars(
            select(HandsOnCheck)
            .join(Milestone, Milestone.id == HandsOnCheck.milestone_id)
            .where(
                Milestone.programme_id == programme_id,
                HandsOnCheck.opens_at <= as_of,
                or_(
                    HandsOnCheck.state == "open",
                    (HandsOnCheck.state == "missed")
                    & (HandsOnCheck.due_at >= as_of - LATE_EVIDENCE),
                ),
            )
            .order_by(HandsOnCheck.id)
        )
    )


def checks_of_completions(completion_ids: Collection[int]) -> list[HandsOnCheck]:
    """The checks these completions opened."""
    found: list[HandsOnCheck] = []
    for some in _chunks(completion_ids):
        found.extend(
            db.session.scalars(select(HandsOnCheck).where(HandsOnCheck.completion_id.in_(some)))
        )
    return found


CompletionKey = tuple[int, int, datetime]


def completions_by_key(keys: Collection[CompletionKey]) -> dict[CompletionKey, Completion]:
    """Stored completions among these keys (person, course, completed_at)."""
    wanted = set(keys)
    found: dict[CompletionKey, Completion] = {}
    for some in _chunks({person_id for person_id, _, _ in wanted}):
        for row in db.session.scalars(select(Completion).where(Completion.person_id.in_(some))):
            key = (row.person_id, row.course_id, row.completed_at)
            if key in wanted:
                found[key] = row
    return found


AssignmentKey = tuple[int, int, date]


def assignments_by_key(keys: Collection[AssignmentKey]) -> dict[AssignmentKey, Assignment]:
    """Stored assignments among these keys (person, course, assigned_on)."""
    wanted = set(keys)
    found: dict[AssignmentKey, Assignment] = {}
    for some in _chunks({person_id for person_id, _, _ in wanted}):
        for row in db.session.scalars(select(Assignment).where(Assignment.person_id.in_(some))):
            key = (row.person_id, row.course_id, row.assigned_on)
            if key in wanted:
                found[key] = row
    return found


def own_zones(person_ids: Collection[int]) -> dict[int, ZoneInfo]:
    """The zone of each person who has one, for programmes that keep everybody's own days."""
    found: dict[int, ZoneInfo] = {}
    for some in _chunks(person_ids):
        rows = db.session.execute(
            select(Person.id, Person.time_zone).where(
                Person.id.in_(some), Person.time_zone.is_not(None)
            )
        )
        found.update((ident, zone_of(zone)) for ident, zone in rows if zone)
    return found


def recent_completions(
    course_id: int, person_ids: Collection[int], limit: int = 20
) -> list[tuple[int, datetime, bool, str]]:
    """(person, completed_at, passed, source) of the newest completions of these people."""
    wanted = list(person_ids)[:CHUNK]
    rows = db.session.execute(
        select(
            Completion.person_id, Completion.completed_at, Completion.is_passed, Completion.source
        )
        .where(Completion.course_id == course_id, Completion.person_id.in_(wanted))
        .order_by(Completion.completed_at.desc(), Completion.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def last_completion_at(programme_id: int) -> datetime | None:
    """When the newest completion of the programme was finished, for saying how fresh a page is."""
    return db.session.scalar(
        select(func.max(Completion.completed_at))
        .join(Course, Course.id == Completion.course_id)
        .where(Course.programme_id == programme_id)
    )


def current_programme() -> Programme | None:
    """The programme pages speak of."""
    return programme.queries.default()


def today_of(owner: Programme, as_of: datetime) -> date:
    """The programme's local date of an instant."""
    return programme.queries.calendar(owner).local_day(as_of)


def calendar_of(owner: Programme) -> ProgrammeCalendar:
    """The programme's calendar."""
    return programme.queries.calendar(owner)


@dataclass(frozen=True)
class OverduePerson:
    """One overdue milestone with its rep's name and how far the ladder was climbed."""

    row: OverdueRow
    name: str
    steps: frozenset[str]


def overdue_people(
    programme_id: int, through: date, as_of: datetime, among: Collection[int] | None
) -> list[OverduePerson]:
    """Who is overdue, the longest first, with the letters that went out about it."""
    rows = overdue(programme_id, through, as_of, among)
    cards = people.queries.cards({row.person_id for row in rows})
    sent = climbed([row.assignment_id for row in rows])
    return [
        OverduePerson(
            row,
            cards[row.person_id].name,
            frozenset(step for ident, step in sent if ident == row.assignment_id),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class TeamChoice:
    """A team that can be looked at."""

    slug: str
    name: str


def teams_within(reach: Collection[int] | None, on: date) -> list[TeamChoice]:
    """Teams with anybody in reach on a day, by name; None reaches everybody."""
    placed = people.queries.team_on(on)
    wanted = {team for person, team in placed.items() if reach is None or person in reach}
    rows = people.queries.teams(on, wanted)
    return [TeamChoice(row.slug, row.name) for row in sorted(rows, key=lambda row: row.name)]


def people_of_team(slug: str, on: date) -> frozenset[int]:
    """Everybody whose team on a day is the one of this slug; nobody if there is no such team."""
    team = people.queries.team_by_slug(slug, on)
    if team is None:
        return frozenset()
    placed = people.queries.team_on(on)
    return frozenset(person for person, own in placed.items() if own == team.id)


@dataclass(frozen=True)
class OwnMilestone:
    """A rep's own milestone, for their week and their training page."""

    milestone: MilestoneRow
    status: MilestoneStatus
    check: CheckRow | None


def own_milestones(
    programme_id: int, person_id: int, through: date, as_of: datetime
) -> list[OwnMilestone]:
    """Every milestone with the person's state, in order; empty for who is not one of its reps."""
    table = matrix(programme_id, {person_id}, through, as_of)
    if not table.lines:
        return []
    line = table.lines[0]
    return [
        OwnMilestone(row, cell, check)
        for row, cell, check in zip(table.milestones, line.cells, line.checks, strict=True)
    ]


def next_milestone(own: Sequence[OwnMilestone]) -> OwnMilestone | None:
    """The mandatory one to do next: the longest overdue, else the first due."""
    waiting = [
        each
        for each in own
        if each.milestone.is_mandatory
        and each.status.state in {MilestoneState.DUE, MilestoneState.OVERDUE}
    ]
    return min(waiting, key=lambda each: each.status.due_on or date.max, default=None)


def milestone_of(programme_id: int, course_id: int) -> MilestoneRow | None:
    """The milestone of a course, if it is one."""
    return next((row for row in milestones(programme_id) if row.course.id == course_id), None)


def course_count(
    course: CourseRow, through: date, as_of: datetime, among: Collection[int] | None
) -> TrainingCount:
    """The figure over the programme's reps, or those of them in `among`."""
    known = facts([course.id], as_of)[course.id]
    return count_training(_owed(known, roster(course.programme_id, among), through), through)


@dataclass(frozen=True)
class CoursePerson:
    """A rep's standing on one course."""

    person_id: int
    key: str
    name: str
    status: MilestoneStatus


MOST_LISTED = 200


def course_people(
    course: CourseRow,
    through: date,
    as_of: datetime,
    among: Collection[int] | None,
    team: str = "",
) -> list[CoursePerson]:
    """Everybody in `among` with their standing, by name; without a narrow choice nobody."""
    if among is None or len(among) > MOST_LISTED:
        return []
    counted = roster(course.programme_id, among)
    present = [ident for ident, life in counted.lives.items() if life.is_employed(through)]
    known = facts([course.id], as_of, present)[course.id]
    cards = people.queries.cards(present)
    found = [
        CoursePerson(
            ident, cards[ident].key, cards[ident].name, _cell(known, ident, counted, through)
        )
        for ident in present
    ]
    return sorted(found, key=lambda person: (person.name, person.key))


def own_standing(
    course: CourseRow, person_id: int | None, through: date, as_of: datetime
) -> MilestoneStatus | None:
    """The reader's own standing on a course; None for who is not one of the programme's reps."""
    if person_id is None:
        return None
    counted = roster(course.programme_id, {person_id})
    if person_id not in counted.lives:
        return None
    known = facts([course.id], as_of, [person_id])[course.id]
    return _cell(known, person_id, counted, through)
