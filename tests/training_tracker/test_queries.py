"""The training room's SELECTs on both databases, in worlds small enough to count by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import Invalid
from tests.factories.people import make_absence, make_membership, make_person, make_team
from tests.factories.programme import enrol, make_programme
from tests.factories.training_tracker import (
    make_assignment,
    make_check,
    make_completion,
    make_course,
    make_milestone,
)
from training_tracker import queries
from training_tracker.rules import MilestoneState, TrainingCount

pytestmark = pytest.mark.usefixtures("app")

LATER = datetime(2026, 12, 31, tzinfo=UTC)


def march(day: int) -> date:
    return date(2026, 3, day)


def test_the_training_figure_of_a_hand_counted_world() -> None:
    owner = make_programme()
    course, other = make_course(owner), make_course(owner)
    reps = [make_person() for _ in range(10)]
    for rep in reps:
        make_assignment(rep, course, march(2), due_on=march(16))
    make_completion(reps[0], course, march(16))  # on time
    make_completion(reps[0], course, march(17))  # twice counts once
    make_completion(reps[1], course, march(17))  # late
    make_completion(reps[2], course, march(10), is_passed=False)  # a fail is no completion
    make_completion(reps[3], course, date(2025, 3, 2))  # prior learning, 365 days before
    make_completion(reps[4], course, date(2025, 3, 1))  # a day too old
    make_completion(reps[5], other, march(10))  # another course
    make_absence(reps[6], march(1), march(31))  # on leave throughout
    make_assignment(reps[7], course, march(9), due_on=march(30))  # the later one counts
    left = make_person(left_on=march(19))
    make_assignment(left, course, march(2), due_on=march(16))
    waived = make_person()
    make_assignment(waived, course, march(2), is_waived=True)
    for other_role in (make_person(role="manager"), make_person(is_test=True)):
        make_assignment(other_role, course, march(2), due_on=march(16))
    make_assignment(make_person(), course, march(21))  # after `through`
    found = queries.training_count(course.id, march(20), LATER)
    # 0, 1, 2, 3, 4, 5, 7, 8, 9 counted; 0, 1, 3 completed; 7 not due; 0, 3 on time; 2, 4, 5, 8, 9
    assert found == TrainingCount(assigned=9, completed=3, due=8, on_time=2, overdue=5)


def test_as_of_hides_what_was_finished_later() -> None:
    owner = make_programme()
    course, rep = make_course(owner), make_person()
    make_assignment(rep, course, march(2), due_on=march(16))
    make_completion(rep, course, datetime(2026, 3, 10, 15, tzinfo=UTC))
    before = queries.training_count(course.id, march(20), datetime(2026, 3, 10, 14, tzinfo=UTC))
    after = queries.training_count(course.id, march(20), datetime(2026, 3, 10, 15, tzinfo=UTC))
    assert (before.completed, after.completed) == (0, 1)
    assert queries.training_count(course.id, march(9), LATER).completed == 0


def test_a_pass_late_in_the_evening_belongs_to_the_programmes_date() -> None:
    owner = make_programme(time_zone="America/New_York")
    course, rep = make_course(owner), make_person()
    make_assignment(rep, course, march(2), due_on=march(16))
    # 03:30 UTC on the 17th is still 23:30 on the 16th in New York, and on time.
    make_completion(rep, course, datetime(2026, 3, 17, 3, 30, tzinfo=UTC))
    assert queries.training_count(course.id, march(20), LATER).on_time == 1


def test_a_team_is_the_people_on_it_on_that_day() -> None:
    owner = make_programme()
    course = make_course(owner)
    east = make_team(2, name="East")
    west = make_team(1, name="West")
    alone = make_person()
    mover = east.members[1]
    make_membership(mover, west, starts_on=march(10))
    for rep in [*east.members, *west.members, alone]:
        make_assignment(rep, course, march(2), due_on=march(16))
    make_completion(mover, course, march(5))
    assert queries.training_count(course.id, march(9), LATER, "East").assigned == 2
    assert queries.training_count(course.id, march(10), LATER, "East").assigned == 1
    assert queries.training_count(course.id, march(10), LATER, "West").completed == 1
    assert queries.training_count(course.id, march(10), LATER, "unassigned").assigned == 1
    with pytest.raises(Invalid) as refused:
        queries.training_count(course.id, march(10), LATER, "Nowhere")
    assert refused.value.field == "team"


def test_only_the_programmes_people_count() -> None:
    here, elsewhere = make_programme(), make_programme()
    course = make_course(here)
    mine, theirs, free = make_person(), make_person(), make_person()
    enrol(here, mine)
    enrol(elsewhere, theirs)
    for rep in (mine, theirs, free):
        make_assignment(rep, course, march(2))
    assert queries.training_count(course.id, march(20), LATER).assigned == 2


def test_the_matrix_says_a_word_for_every_rep_and_milestone() -> None:
    owner = make_programme()
    basics = make_course(owner, slug="basics")
    live = make_course(owner, slug="live", kind="live")
    first = make_milestone(basics, position=0)
    second = make_milestone(live, position=1, hands_on=("guided_use", 2, 48))
    ann, bob = make_person(name="Ann"), make_person(name="Bob")
    gone = make_person(left_on=march(1))
    for rep in (ann, bob, gone):
        make_assignment(rep, basics, march(2), due_on=march(16))
    make_assignment(bob, live, march(2), due_on=march(20))
    proof = make_completion(ann, basics, march(10))
    class_ = make_completion(ann, live, march(11))
    make_check(ann, second, class_, seen=1)
    table = queries.matrix(queries.snapshot(owner.id, LATER, {ann.id, bob.id, gone.id}), march(20))
    assert [row.id for row in table.milestones] == [first.id, second.id]
    assert [line.name for line in table.lines] == ["Ann", "Bob"]
    states = [[cell.state for cell in line.cells] for line in table.lines]
    assert states == [
        [MilestoneState.DONE, MilestoneState.DONE],
        [MilestoneState.OVERDUE, MilestoneState.DUE],
    ]
    assert table.lines[0].cells[0].passed_on == proof.local_day
    assert table.lines[1].cells[0].days_late == 4
    check = table.lines[0].checks[1]
    assert check is not None
    assert (check.seen, check.needed, check.state) == (1, 2, "open")
    assert table.lines[1].checks == (None, None)


def test_overdue_names_mandatory_milestones_of_people_still_here() -> None:
    owner = make_programme()
    must = make_course(owner, title="Must")
    may = make_course(owner)
    make_milestone(must)
    make_milestone(may, is_mandatory=False)
    late, done, today, away = (make_person() for _ in range(4))
    gone = make_person(left_on=march(10))
    assigned = make_assignment(late, must, march(2), due_on=march(15))
    make_assignment(late, may, march(2), due_on=march(15))
    make_assignment(done, must, march(2), due_on=march(15))
    make_completion(done, must, march(18))
    make_assignment(today, must, march(2), due_on=march(20))
    make_assignment(away, must, march(2), due_on=march(17))
    make_absence(away, march(19), march(25))
    make_assignment(gone, must, march(2), due_on=march(9))
    rows = queries.overdue(queries.snapshot(owner.id, LATER), march(20))
    assert [(row.person_id, row.days_late, row.is_away) for row in rows] == [
        (late.id, 5, False),
        (away.id, 3, True),
    ]
    assert rows[0].assignment_id == assigned.id
    assert queries.overdue(queries.snapshot(owner.id, LATER, {away.id}), march(20)) == rows[1:]


def test_milestone_counts_follow_the_figure() -> None:
    owner = make_programme()
    course = make_course(owner)
    milestone = make_milestone(course, hands_on=("guided_use", 1, 48))
    ann, bob = make_person(), make_person()
    for rep in (ann, bob):
        make_assignment(rep, course, march(2), due_on=march(16))
    passed = make_completion(ann, course, march(10))
    make_check(ann, milestone, passed, state="passed", passed_at=passed.completed_at, seen=1)
    (counted,) = queries.milestone_counts(queries.snapshot(owner.id, LATER), march(20))
    assert counted.count == queries.training_count(course.id, march(20), LATER)
    assert (counted.hands_on_asked, counted.hands_on_passed) == (1, 1)
    (mine,) = queries.milestone_counts(queries.snapshot(owner.id, LATER, {bob.id}), march(20))
    assert (mine.count.assigned, mine.count.completed, mine.hands_on_asked) == (1, 0, 0)


def test_teams_stand_where_help_is_needed_first() -> None:
    owner = make_programme()
    course = make_course(owner)
    make_milestone(course)
    east, west = make_team(2, name="East"), make_team(1, name="West")
    for rep in (*east.members, *west.members):
        make_assignment(rep, course, march(2), due_on=march(16))
    make_completion(east.members[0], course, march(10))
    make_completion(west.members[0], course, march(10))
    rows = queries.team_progress(queries.snapshot(owner.id, LATER), march(20))
    assert [(row.name, row.assigned, row.completed, row.overdue) for row in rows] == [
        ("East", 2, 1, 1),
        ("West", 1, 1, 0),
    ]
    (only,) = queries.team_progress(
        queries.snapshot(owner.id, LATER, {west.members[0].id}), march(20)
    )
    assert only.slug == "west"


def test_use_after_class_is_told_by_day_and_not_for_a_few() -> None:
    owner = make_programme(min_group=3)
    course = make_course(owner)
    milestone = make_milestone(course, hands_on=("guided_use", 1, 48))
    reps = [make_person() for _ in range(4)]
    as_of = datetime(2026, 3, 14, tzinfo=UTC)
    for rep, wait in zip(reps, (None, 1, 30, None), strict=True):
        done = make_completion(rep, course, datetime(2026, 3, 10, 15, tzinfo=UTC))
        passed = done.completed_at + timedelta(hours=wait) if wait else None
        state = "passed" if passed else "missed"
        make_check(rep, milestone, done, state=state, passed_at=passed, seen=bool(passed))
    found = queries.use_after_class(owner.id, as_of, None)
    assert found is not None
    assert (found.size, found.by_day, found.still_open) == (4, (1, 2, 2), 0)
    assert found.finding == (
        "Of 4 reps whose window is over, 1 used it the same day and 2 within 2 days."
    )
    assert queries.use_after_class(owner.id, as_of, {reps[0].id, reps[1].id}) is None
