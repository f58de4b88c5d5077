"""The verbs of the weekly loop: prepare a week, pick and hand back, review, say, close."""

from coaching.services.choosing import (
    choose_moment,
    edit_fix,
    hand_back,
    hand_back_fix,
    set_day,
)
from coaching.services.notes import acknowledge, answer_dispute, say, share_up
from coaching.services.prepare import Prepared, count_coverage, prepare_week
from coaching.services.reviewing import record_review

__all__ = [
    "Prepared",
    "acknowledge",
    "answer_dispute",
    "choose_moment",
    "count_coverage",
    "edit_fix",
    "hand_back",
    "hand_back_fix",
    "prepare_week",
    "record_review",
    "say",
    "set_day",
    "share_up",
]
