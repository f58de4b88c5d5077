"""What training pages list: overdue people, own milestones, teams to choose from."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, select

import people.queries
from adoption.models import RepPicture
from adoption.rules import AdoptionState
from core.db import db
from programme.models import Programme
from training_tracker.models import (
    Completion,
    Course,
)
from training_tracker.queries.catalogue import (
    CourseRow,
    MilestoneRow,
    milestones,
    programme_by_id,
    today_of,
)
from training_tracker.queries.counting import (
    CheckRow,
    Snapshot,
    cell_of,
    facts,
    matrix,
    owed,
    roster,
    snapshot,
)
from training_tracker.queries.duties import OverdueRow, checks_of_programme, climbed, overdue
from training_tracker.rules import (
    MilestoneState,
    MilestoneStatus,
    Obligation,
    count_training,
)

MOST_LISTED = 200


def last_completion_at(programme_id: int) -> datetime | None:
    """When the newest completion of the programme was finished, for saying how fresh a page is."""
    return db.session.scalar(
        select(func.max(Completion.completed_at))
        .join(Course, Course.id == Completion.course_id)
        .where(Course.programme_id == programme_id)
    )


@dataclass(frozen=True)
class OverduePerson:
    """One overdue milestone with its rep's name and how far the ladder was climbed."""

    row: OverdueRow
    name: str
    steps: frozenset[str]


def overdue_people(seen: Snapshot, through: date) -> list[OverduePerson]:
    """Who is overdue, the longest first, with the letters that went out about it."""
    rows = overdue(seen, through)
    cards = people.queries.cards({row.person_id for row in rows})
    steps: dict[int, set[str]] = defaultdict(set)
    for assignment_id, step in climbed([row.assignment_id for row in rows]):
        steps[assignment_id].add(step)
    return [
        OverduePerson(row, cards[row.person_id].name, frozenset(steps[row.assignment_id]))
        for row in rows
    ]


def late_on_team(
    owner: Programme, team: Collection[int] | None, as_of: datetime
) -> list[OverduePerson]:
    """Who of a team that somebody leads is overdue; nobody without a team."""
    if not team:
        return []
    return overdue_people(snapshot(owner.id, as_of, team), today_of(owner, as_of))


@dataclass(frozen=True)
class Trained:
    """How many of the reps who have the tool passed the first thing everybody must learn."""

    course: CourseRow
    people: int


def trained(owner: Programme, through: date) -> Trained | None:
    """Reps of the adoption page's picture with a pass of the first mandatory course by a date.

    None when nothing is mandatory.
    """
    first = next((row for row in milestones(owner.id) if row.is_mandatory), None)
    if first is None:
        return None
    count = db.session.scalar(
        select(func.count(Completion.person_id.distinct()))
        .join(
            RepPicture,
            and_(
                RepPicture.programme_id == owner.id,
                RepPicture.person_id == Completion.person_id,
                RepPicture.state != AdoptionState.LEFT.value,
            ),
        )
        .where(
            Completion.course_id == first.course.id,
            Completion.is_passed,
            Completion.local_day <= through,
        )
    )
    return Trained(first.course, count or 0)


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
    table = matrix(snapshot(programme_id, as_of, {person_id}), through)
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


@dataclass(frozen=True)
class CoursePerson:
    """A rep's standing on one course."""

    person_id: int
    key: str
    name: str
    status: MilestoneStatus


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
            ident, cards[ident].key, cards[ident].name, cell_of(known, ident, counted, through)
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
    return cell_of(known, person_id, counted, through)


@dataclass(frozen=True)
class TeamProgress:
    """How far one team is with everything mandatory; a rep counts once for each milestone."""

    slug: str
    name: str
    assigned: int
    completed: int
    overdue: int


def team_progress(seen: Snapshot, through: date) -> list[TeamProgress]:
    """Each team of the snapshot, most overdue first (team on `through`, METRICS P8)."""
    required = [row for row in seen.milestones if row.is_mandatory]
    placed = people.queries.team_on(through)
    found: dict[int, list[Obligation]] = defaultdict(list)
    for row in required:
        for each in owed(seen.known[row.course.id], seen.roster, through):
            if each.person_id in placed:
                found[placed[each.person_id]].append(each)
    teams = {team.id: team for team in people.queries.teams(through, set(found))}
    counts = [
        (teams[ident], count_training(duties, through))
        for ident, duties in found.items()
        if ident in teams
    ]
    rows = [
        TeamProgress(team.slug, team.name, count.assigned, count.completed, count.overdue)
        for team, count in counts
    ]
    return sorted(rows, key=lambda row: (-row.overdue, row.name))


@dataclass(frozen=True)
class UseAfterClass:
    """Of the people whose hands-on window is over, how many had used it by day 0, 1, 2, ..."""

    size: int
    by_day: tuple[int, ...]
    still_open: int

    @property
    def finding(self) -> str:
        """The chart in one sentence."""
        last = len(self.by_day) - 1
        return (
            f"Of {self.size} reps whose window is over, {self.by_day[0]} used it the same day and "
            f"{self.by_day[-1]} within {last} days."
        )


SAME_DAY = timedelta(days=1)


def use_after_class(
    programme_id: int, as_of: datetime, among: Collection[int] | None
) -> UseAfterClass | None:
    """How soon real use followed each class; None while the group is too small to tell."""
    checks = [
        check
        for check in checks_of_programme(programme_id, as_of)
        if among is None or check.person_id in among
    ]
    over = [check for check in checks if check.due_at <= as_of or check.state == "passed"]
    if len(over) < programme_by_id(programme_id).min_group:
        return None
    longest = max(-(-(check.due_at - check.opens_at) // SAME_DAY) for check in over)
    waits = [(check.passed_at - check.opens_at) // SAME_DAY for check in over if check.passed_at]
    by_day = tuple(sum(wait <= day for wait in waits) for day in range(longest + 1))
    return UseAfterClass(len(over), by_day, len(checks) - len(over))
