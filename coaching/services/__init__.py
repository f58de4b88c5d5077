"""The verbs of the weekly loop: prepare a week, pick and hand back, review, say, close."""

from coaching.services.choosing import (
    choose_moment,
    edit_fix,
    hand_back,
    hand_back_fix,
    set_day,
)
from coaching.services.prepare import Prepared, count_coverage, prepare_week

__all__ = [
    "Prepared",
    "choose_moment",
    "count_coverage",
    "edit_fix",
    "hand_back",
    "hand_back_fix",
    "prepare_week",
    "set_day",
]
