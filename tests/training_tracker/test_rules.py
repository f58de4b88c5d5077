"""Training rules as cases: METRICS R1-R5, milestone words, hands-on windows, the ladder."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people.rules import PersonCalendar
from training_tracker.rules import (
    AssignmentFact,
    HandsOnState,
    LadderStep,
    MilestoneState,
    Obligation,
    TrainingCount,
    count_training,
    current_assignment,
    first_counting_pass,
    hands_on_due,
    hands_on_result,
    milestone_dates,
    milestone_state,
    obligation,
    steps_due,
    steps_reached,
    was_at_work,
)


def march(day: int) -> date:
    return date(2026, 3, day)


def is_weekday(day: date) -> bool:
    return day.weekday() < 5


def life(**facts: object) -> PersonCalendar:
    """Somebody hired long ago, enabled and never away, unless a case says otherwise."""
    usual: dict[str, object] = {
        "hired_on": date(2025, 1, 1),
        "left_on": None,
        "enabled_on": date(2025, 1, 1),
        "disabled_on": None,
    }
    return PersonCalendar(**(usual | facts))  # type: ignore[arg-type]


LIFE = life()


def test_the_latest_assignment_not_waived_counts() -> None:
    first = AssignmentFact(march(2), march(9))
    second = AssignmentFact(march(10), march(20))
    waived = AssignmentFact(march(12), march(30), waived=True)
    future = AssignmentFact(march(25))
    assert current_assignment([first, second, waived, future], march(24)) == second
    assert current_assignment([first, second], march(9)) == first
    assert current_assignment([waived], march(24)) is None
    assert current_assignment([], march(24)) is None


@pytest.mark.parametrize(
    ("passes", "through", "expected"),
    [
        ([], march(31), None),
        ([march(5)], march(31), march(5)),
        ([march(9), march(5)], march(31), march(5)),
        ([march(5)], march(4), None),
        ([march(5)], march(5), march(5)),
        ([march(2) - timedelta(days=365)], march(31), march(2) - timedelta(days=365)),
        ([march(2) - timedelta(days=366)], march(31), None),
    ],
)
def test_the_first_pass_within_prior_learning_counts(
    passes: list[date], through: date, expected: date | None
) -> None:
    assert first_counting_pass(AssignmentFact(march(2)), passes, through) == expected


@pytest.mark.parametrize(
    ("absences", "expected"),
    [
        ((), True),
        (((march(2), march(31)),), False),
        (((march(2), march(30)),), True),
        (((march(3), march(31)),), True),
        (((march(2), march(15)), (march(16), march(31))), False),
    ],
)
def test_leave_throughout_leaves_a_person_out(
    absences: tuple[tuple[date, date], ...], expected: bool
) -> None:
    person = life(absences=absences)
    assert was_at_work(person, march(2), march(31), is_weekday) is expected


def test_days_before_the_hire_date_are_no_days_at_work() -> None:
    person = life(hired_on=march(31), absences=((march(31), march(31)),))
    assert not was_at_work(person, march(2), march(31), is_weekday)


def test_a_leaver_owes_nothing_after_the_last_day() -> None:
    gone = life(left_on=march(10))
    duty = [AssignmentFact(march(2), march(9))]
    kept = obligation(1, duty, [], gone, through=march(10), is_working_day=is_weekday)
    assert kept == Obligation(1, march(9), None, march(2))
    assert obligation(1, duty, [], gone, through=march(11), is_working_day=is_weekday) is None


def test_counts_of_a_hand_counted_team() -> None:
    people = [
        Obligation(1, march(10), march(10)),  # on the due date: on time
        Obligation(2, march(10), march(11)),  # a day late
        Obligation(3, march(10), None),  # overdue
        Obligation(4, march(20), None),  # due today: due, not overdue
        Obligation(5, march(21), march(3)),  # early, not yet due
        Obligation(6, None, march(4)),  # no due date
    ]
    count = count_training(people, march(20))
    assert count == TrainingCount(assigned=6, completed=4, due=4, on_time=1, overdue=1)
    assert count.rate == 4 / 6
    assert count.on_time_rate == 1 / 4


def test_no_base_is_no_rate() -> None:
    empty = count_training([], march(20))
    assert empty == TrainingCount(0, 0, 0, 0, 0)
    assert empty.rate is None
    assert empty.on_time_rate is None


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(
    st.lists(st.builds(Obligation, st.integers(1, 99), st.none() | days, st.none() | days)), days
)
def test_counts_stay_within_their_bases(people: list[Obligation], through: date) -> None:
    count = count_training(people, through)
    assert 0 <= count.completed <= count.assigned == len(people)
    assert 0 <= count.on_time <= count.due <= count.assigned
    assert count.overdue <= count.assigned - count.completed
    assert count.overdue <= count.due


@pytest.mark.parametrize(
    ("assignments", "passes", "absences", "state", "late"),
    [
        ([], [], (), MilestoneState.NOT_YET, 0),
        ([AssignmentFact(march(25), march(30))], [], (), MilestoneState.NOT_YET, 0),
        ([AssignmentFact(march(2))], [], (), MilestoneState.NOT_YET, 0),
        ([AssignmentFact(march(2), march(20))], [], (), MilestoneState.DUE, 0),
        ([AssignmentFact(march(2), march(19))], [], (), MilestoneState.OVERDUE, 1),
        ([AssignmentFact(march(2), march(10))], [march(12)], (), MilestoneState.DONE, 0),
        ([AssignmentFact(march(2), march(10), waived=True)], [], (), MilestoneState.WAIVED, 0),
        ([], [march(3)], (), MilestoneState.DONE, 0),
        (
            [AssignmentFact(march(2), march(10))],
            [],
            ((march(1), march(31)),),
            MilestoneState.AWAY,
            0,
        ),
        (
            [AssignmentFact(march(2), march(10))],
            [],
            ((march(11), march(31)),),
            MilestoneState.OVERDUE,
            10,
        ),
    ],
)
def test_the_word_in_a_cell(
    assignments: list[AssignmentFact],
    passes: list[date],
    absences: tuple[tuple[date, date], ...],
    state: MilestoneState,
    late: int,
) -> None:
    person = life(absences=absences)
    status = milestone_state(
        assignments, passes, person, through=march(20), is_working_day=is_weekday
    )
    assert (status.state, status.days_late) == (state, late)


@given(st.lists(st.builds(AssignmentFact, days, st.none() | days, st.booleans())), st.lists(days))
def test_the_cell_and_the_figure_never_disagree(
    assignments: list[AssignmentFact], passes: list[date]
) -> None:
    through = date(2026, 7, 1)
    owed = obligation(1, assignments, passes, LIFE, through=through, is_working_day=is_weekday)
    cell = milestone_state(assignments, passes, LIFE, through=through, is_working_day=is_weekday)
    if owed is not None:
        assert (cell.state is MilestoneState.DONE) == (owed.passed_on is not None)
        overdue = count_training([owed], through).overdue == 1
        assert (cell.state is MilestoneState.OVERDUE) == overdue


def test_dates_run_from_the_later_of_hire_and_enablement() -> None:
    enabled_later = life(hired_on=march(1), enabled_on=march(9))
    hired_later = life(hired_on=march(12), enabled_on=march(9))
    assert milestone_dates(enabled_later, 14) == (march(9), march(23))
    assert milestone_dates(hired_later, 14) == (march(12), march(26))
    assert milestone_dates(life(hired_on=None, enabled_on=march(9)), 0) == (march(9), march(9))
    assert milestone_dates(life(enabled_on=None), 14) is None


CLASS_ENDS = datetime(2026, 3, 27, 16, 0, tzinfo=UTC)


def after(hours: float) -> datetime:
    return CLASS_ENDS + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("uses", "as_of", "state", "seen"),
    [
        ([], after(1), HandsOnState.OPEN, 0),
        ([after(0)], after(1), HandsOnState.OPEN, 0),  # at the very end of class is class
        ([after(1)], after(2), HandsOnState.OPEN, 1),
        ([after(1), after(48)], after(48), HandsOnState.PASSED, 2),
        ([after(1), after(48.1)], after(49), HandsOnState.MISSED, 1),
        ([after(1), after(3)], after(2), HandsOnState.OPEN, 1),  # the second lies in the future
        ([], after(48), HandsOnState.OPEN, 0),
        ([after(-5), after(-1)], after(99), HandsOnState.MISSED, 0),
    ],
)
def test_use_after_a_class_counts_inside_its_window(
    uses: list[datetime], as_of: datetime, state: HandsOnState, seen: int
) -> None:
    due = hands_on_due(CLASS_ENDS, 48)
    result = hands_on_result(CLASS_ENDS, due, 2, uses, as_of)
    assert (result.state, result.seen) == (state, seen)
    if state is HandsOnState.PASSED:
        assert result.passed_at == after(48)


@pytest.mark.parametrize(
    ("days_late", "steps"),
    [
        (0, ()),
        (1, (LadderStep.REP,)),
        (2, (LadderStep.REP,)),
        (3, (LadderStep.REP, LadderStep.MANAGER)),
        (7, (LadderStep.REP, LadderStep.MANAGER, LadderStep.DIRECTOR)),
        (8, (LadderStep.MANAGER, LadderStep.DIRECTOR)),
        (31, ()),
    ],
)
def test_the_ladder_is_climbed_in_time_or_not_at_all(
    days_late: int, steps: tuple[LadderStep, ...]
) -> None:
    assert steps_due(days_late) == steps


def test_the_ladder_shown_never_climbs_down() -> None:
    assert steps_reached(0) == ()
    assert steps_reached(400) == tuple(LadderStep)
