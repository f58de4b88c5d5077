"""The verbs of the training room: require, record, check real use, chase. Sets, not single rows."""

from training_tracker.services.chase import chase_overdue
from training_tracker.services.intake import take_assignments, take_completions
from training_tracker.services.practice import check_hands_on, open_checks
from training_tracker.services.record import (
    AssignmentEntry,
    CompletionEntry,
    Marked,
    Stored,
    record_completion,
    store_assignments,
    store_completions,
)
from training_tracker.services.require import (
    CourseSpec,
    MilestoneSpec,
    add_courses,
    assign_milestones,
    course_of,
    define_courses,
    define_milestones,
    today_in,
)

__all__ = [
    "AssignmentEntry",
    "CompletionEntry",
    "CourseSpec",
    "Marked",
    "MilestoneSpec",
    "Stored",
    "add_courses",
    "assign_milestones",
    "chase_overdue",
    "check_hands_on",
    "course_of",
    "define_courses",
    "define_milestones",
    "open_checks",
    "record_completion",
    "store_assignments",
    "store_completions",
    "take_assignments",
    "take_completions",
    "today_in",
]
