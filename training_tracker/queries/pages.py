"""What training pages list: overdue people, own milestones, teams to choose from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

import people.queries
from core.db import db
from training_tracker.models import (
    Completion,
    Course,
)
from training_tracker.queries.catalogue import CourseRow, MilestoneRow
from training_tracker.queries.counting import CheckRow, cell_of, facts, matrix, roster
from training_tracker.queries.duties import OverdueRow, climbed, overdue
from training_tracker.rules import (
    MilestoneState,
    MilestoneStatus,
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
