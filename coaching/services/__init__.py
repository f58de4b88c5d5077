"""The verbs of the weekly loop: prepare a week, pick and hand back, review, say, close."""

from coaching.services.choosing import (
    choose_moment,
    edit_fix,
    hand_back,
    hand_back_fix,
    set_day,
)
from coaching.services.clock import (
    Closed,
    Reached,
    call_off,
    close_items,
    decide_loops,
    forget_words,
    reach_days,
    time_out,
)
from coaching.services.notes import acknowledge, answer_dispute, say, share_up
from coaching.services.prepare import Prepared, count_coverage, prepare_week
from coaching.services.reviewing import record_review

__all__ = [
    "Closed",
    "Prepared",
    "Reached",
    "acknowledge",
    "answer_dispute",
    "call_off",
    "choose_moment",
    "close_items",
    "count_coverage",
    "decide_loops",
    "edit_fix",
    "forget_words",
    "hand_back",
    "hand_back_fix",
    "prepare_week",
    "reach_days",
    "record_review",
    "say",
    "set_day",
    "share_up",
    "time_out",
]
