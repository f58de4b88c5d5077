"""One verb per test: what changed, what was posted, what was audited, who was refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from core.audit import AuditEntry
from core.db import db, transaction
from core.errors import Invalid, NotAllowed, NotFound
from core.outbox import OutboxLetter
from core.policy import SYSTEM, Actor, Role
from tests.factories.adoption import make_event
from tests.factories.people import make_absence, make_person, make_team
from tests.factories.programme import make_programme
from tests.factories.training_tracker import (
    make_assignment,
    make_completion,
    make_course,
    make_milestone,
)
from training_tracker import queries, services
from training_tracker.models import Assignment, Completion, Course, HandsOnCheck, Milestone
from training_tracker.services import (
    AssignmentEntry,
    CompletionEntry,
    CourseSpec,
    Marked,
    MilestoneSpec,
    Stored,
)

pytestmark = pytest.mark.usefixtures("app")

NOW = datetime(2026, 3, 20, 14, tzinfo=UTC)


def march(day: int) -> date:
    return date(2026, 3, day)


def on(day: int, hour: int = 14) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def actor(person, role: Role) -> Actor:
    return Actor(person.id, role, person.name)


def letters(kind: str | None = None) -> list[OutboxLetter]:
    query = select(OutboxLetter).order_by(OutboxLetter.id)
    if kind is not None:
        query = query.where(OutboxLetter.kind == kind)
    return list(db.session.scalars(query))


def rows_of(model) -> list:
    return list(db.session.scalars(select(model).order_by(model.id)))


def test_a_playbooks_courses_and_milestones_are_applied_once() -> None:
    owner = make_programme()
    courses = [CourseSpec("intro", "Introduction", minutes=20), CourseSpec("live", "Live", "live")]
    milestones = [
        MilestoneSpec("intro", ("rep",), 14),
        MilestoneSpec("live", ("rep",), 28, True, "guided_use", 1, 48),
    ]
    for expected in (2, 0):
        with transaction():
            changed = services.define_courses(owner.id, courses, actor=SYSTEM, now=NOW)
            changed_more = services.define_milestones(owner.id, milestones, actor=SYSTEM, now=NOW)
        assert (len(changed), len(changed_more)) == (expected, expected)
    with transaction():
        services.define_milestones(owner.id, milestones[:1], actor=SYSTEM, now=NOW)
    assert [course.slug for course in rows_of(Course)] == ["intro", "live"]
    assert [row.is_mandatory for row in rows_of(Milestone)] == [True, False]


def test_a_milestone_needs_its_course() -> None:
    owner = make_programme()
    with pytest.raises(Invalid), transaction():
        services.define_milestones(
            owner.id, [MilestoneSpec("nowhere", ("rep",), 14)], actor=SYSTEM, now=NOW
        )


def test_the_same_completions_again_change_nothing() -> None:
    owner = make_programme()
    course, rep = make_course(owner), make_person()
    first = CompletionEntry(rep.id, course.id, on(10), False, 40.0)
    second = CompletionEntry(rep.id, course.id, on(12), True, 80.0)
    corrected = CompletionEntry(rep.id, course.id, on(10), True, 70.0)
    seen = []
    for batch in ([first, second], [first, second], [corrected, second]):
        with transaction():
            seen.append(services.store_completions(owner.id, batch, actor=SYSTEM))
    assert seen == [Stored(2, 0, 0), Stored(0, 0, 2), Stored(0, 1, 1)]
    assert [(row.is_passed, row.score) for row in rows_of(Completion)] == [(True, 70), (True, 80)]


def test_own_days_where_the_programme_keeps_them() -> None:
    owner = make_programme(time_zone="America/New_York", tz_mode="user")
    course, rep = make_course(owner), make_person(time_zone="Asia/Tokyo")
    with transaction():
        services.store_completions(
            owner.id, [CompletionEntry(rep.id, course.id, on(10, 20), True)], actor=SYSTEM
        )
    assert rows_of(Completion)[0].local_day == march(11)


def test_a_manager_marks_the_own_team_and_nobody_else() -> None:
    owner = make_programme()
    course = make_course(owner, slug="live")
    milestone = make_milestone(course, hands_on=("guided_use", 1, 48))
    team, stranger = make_team(1), make_person()
    boss, rep = actor(team.lead, Role.MANAGER), team.members[0]
    with transaction():
        services.record_completion(
            Marked(rep.key, "live", on(20, 13)), programme_id=owner.id, actor=boss, now=NOW
        )
    (done,) = rows_of(Completion)
    assert (done.person_id, done.source, done.recorded_by) == (rep.id, "page", team.lead.id)
    (check,) = rows_of(HandsOnCheck)
    assert (check.milestone_id, check.due_at) == (milestone.id, on(22, 13))
    assert [letter.kind for letter in letters()] == ["training.now_try_it"]
    assert "training.record_completion" in [row.action for row in rows_of(AuditEntry)]
    for marked, refusal in (
        (Marked(stranger.key, "live", on(20, 13)), NotFound),
        (Marked(rep.key, "nowhere", on(20, 13)), NotFound),
        (Marked(rep.key, "live", on(20, 15)), Invalid),
    ):
        with pytest.raises(refusal), transaction():
            services.record_completion(marked, programme_id=owner.id, actor=boss, now=NOW)
    with pytest.raises(NotAllowed), transaction():
        services.record_completion(
            Marked(rep.key, "live", on(20, 13)),
            programme_id=owner.id,
            actor=actor(rep, Role.REP),
            now=NOW,
        )


def test_milestones_are_assigned_from_the_start_day_and_only_once() -> None:
    owner = make_programme()
    course = make_course(owner)
    make_milestone(course, due_days=14)
    veteran = make_person(enabled_on=march(2))
    starter = make_person(hired_on=march(9), enabled_on=march(2))
    make_person(enabled_on=march(30))  # not yet
    make_person(enabled_on=None)
    make_person(role="manager", enabled_on=march(2))
    make_person(enabled_on=march(2), left_on=march(10))
    imported = make_person(enabled_on=march(2))
    make_assignment(imported, course, march(5), due_on=march(8))
    for expected in (2, 0):
        with transaction():
            assert services.assign_milestones(NOW) == {"assigned": expected}
    made = [row for row in rows_of(Assignment) if row.source == "milestone"]
    assert [(row.person_id, row.assigned_on, row.due_on) for row in made] == [
        (veteran.id, march(2), march(16)),
        (starter.id, march(9), march(23)),
    ]
    with transaction():
        assert services.assign_milestones(on(30)) == {"assigned": 1}


def test_what_a_file_says_replaces_what_a_milestone_assigned() -> None:
    owner = make_programme()
    course = make_course(owner)
    make_milestone(course, due_days=14)
    rep, other = make_person(enabled_on=march(9)), make_person(enabled_on=march(9))
    with transaction():
        services.assign_milestones(NOW)
    entry = AssignmentEntry(rep.id, course.id, march(2), march(30))
    for expected in (Stored(1, 0, 0), Stored(0, 0, 1)):
        with transaction():
            assert services.store_assignments([entry]) == expected
            assert services.assign_milestones(NOW) == {"assigned": 0}
    rows = {(row.person_id, row.source): row.is_waived for row in rows_of(Assignment)}
    assert rows == {
        (rep.id, "milestone"): True,
        (rep.id, "file"): False,
        (other.id, "milestone"): False,
    }
    with transaction():
        same = AssignmentEntry(other.id, course.id, march(9), march(23))
        assert services.store_assignments([same]) == Stored(0, 0, 1)
    (owed, _) = queries.obligations(course.id, march(20), NOW)
    assert (owed.assigned_on, owed.due_on) == (march(2), march(30))


def hands_on_world():
    owner = make_programme()
    course = make_course(owner, title="Live: first sequence")
    milestone = make_milestone(course, hands_on=("guided_use", 2, 48))
    rep = make_person()
    make_completion(rep, course, on(10))
    return owner, milestone, rep


def check(as_of: datetime) -> dict[str, int]:
    with transaction():
        return services.check_hands_on(as_of)


def test_real_use_after_class_passes_the_check() -> None:
    owner, _, rep = hands_on_world()
    make_event(owner, rep, on(10, 13))  # before the class
    make_event(owner, rep, on(11))
    assert check(on(11, 20)) == {"opened": 1}
    make_event(owner, rep, on(12, 13))
    assert check(on(12, 20)) == {"opened": 0, "passed": 1}
    (row,) = rows_of(HandsOnCheck)
    assert (row.state, row.seen, row.passed_at) == ("passed", 2, on(12, 13))
    assert check(on(13)) == {"opened": 0}
    assert [letter.kind for letter in letters()] == ["training.now_try_it"]


def test_a_window_that_closes_is_told_once_and_late_proof_still_counts() -> None:
    owner, _, rep = hands_on_world()
    make_event(owner, rep, on(11))
    check(on(11, 20))
    assert check(on(13)) == {"opened": 0, "missed": 1}
    assert check(on(13)) == {"opened": 0}
    assert len(letters("training.hands_on_due")) == 1
    make_event(owner, rep, on(12), received_at=on(15))  # arrives three days late
    assert check(on(15)) == {"opened": 0, "passed": 1}
    assert len(letters("training.hands_on_due")) == 1


def test_nobody_is_asked_to_try_what_is_over() -> None:
    hands_on_world()
    assert check(on(30)) == {"opened": 1, "missed": 1}
    assert letters() == []


def test_a_pass_taken_back_takes_its_check_along() -> None:
    owner, milestone, rep = hands_on_world()
    check(on(11))
    (done,) = rows_of(Completion)
    with transaction():
        services.store_completions(
            owner.id,
            [CompletionEntry(rep.id, milestone.course_id, done.completed_at, False)],
            actor=SYSTEM,
        )
    assert rows_of(HandsOnCheck) == []


def overdue_world(reps: int = 2):
    """Reps of one team whose introduction was due on Monday 16 March."""
    owner = make_programme()
    course = make_course(owner, slug="intro", title="Introduction")
    make_milestone(course)
    director = make_person(role="director", name="Dora Director", enabled_on=None)
    lead = make_person(role="manager", name="Mark Manager", enabled_on=None, manager=director)
    team = make_team(reps, lead=lead)
    for rep in team.members:
        make_assignment(rep, course, march(2), due_on=march(16))
    return owner, course, team, director


def chase(day: int) -> dict[str, int]:
    with transaction():
        return services.chase_overdue(on(day))


def test_the_ladder_climbs_one_rung_at_a_time_and_never_twice() -> None:
    _, course, team, director = overdue_world()
    assert chase(16) == {}  # due today is not overdue
    assert chase(17) == {"rep": 2, "manager": 0, "director": 0}
    assert chase(17) == {"rep": 0, "manager": 0, "director": 0}
    assert chase(18)["manager"] == 0
    assert chase(19) == {"rep": 0, "manager": 1, "director": 0}
    assert chase(20)["manager"] == 0
    make_completion(team.members[0], course, march(21))
    assert chase(23) == {"rep": 0, "manager": 0, "director": 1}
    assert chase(24) == {"rep": 0, "manager": 0, "director": 0}
    to_manager, to_director = (
        letters("training.overdue_manager"),
        letters("training.overdue_director"),
    )
    assert [letter.person_id for letter in to_manager] == [team.lead.id]
    assert [letter.person_id for letter in to_director] == [director.id]
    for rep in team.members:
        assert rep.name in to_manager[0].text
    assert team.members[0].name not in to_director[0].text


def test_two_trainings_of_one_rep_are_one_letter() -> None:
    owner, _, team, _ = overdue_world(reps=1)
    second = make_course(owner, title="Quotes")
    make_milestone(second)
    make_assignment(team.members[0], second, march(2), due_on=march(16))
    assert chase(17)["rep"] == 1
    (letter,) = letters("training.overdue_rep")
    assert "Introduction" in letter.text
    assert "Quotes" in letter.text


def test_nobody_is_chased_on_leave_and_the_ladder_waits() -> None:
    _, _, team, _ = overdue_world(reps=1)
    make_absence(team.members[0], march(17), march(19))
    assert chase(17) == {}
    assert chase(20) == {"rep": 1, "manager": 1, "director": 0}


def test_old_debts_are_shown_but_not_written_about() -> None:
    overdue_world(reps=1)
    with transaction():
        assert services.chase_overdue(on(16) + timedelta(days=31)) == {}
    assert letters() == []


def test_letters_that_came_too_late_are_of_no_use() -> None:
    overdue_world(reps=1)
    chase(17)
    (letter,) = letters()
    assert letter.use_by == on(17) + timedelta(days=6)
    assert letter.list_name == "training"


def test_who_has_no_manager_is_only_told_directly() -> None:
    owner = make_programme()
    course, alone = make_course(owner), make_person()
    make_milestone(course)
    make_assignment(alone, course, march(2), due_on=march(10))
    assert chase(17) == {"rep": 1, "manager": 0, "director": 0}
    assert chase(18) == {"rep": 0, "manager": 0, "director": 0}
