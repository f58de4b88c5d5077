"""The verbs of the adoption room: take usage in, roll it up by day, judge it by week."""

from adoption.services.answers import answered, forget_answers, keep_answer
from adoption.services.census import UsageIntake, open_intake
from adoption.services.dating import date_events_anew, follow_people, follow_programme
from adoption.services.deals import (
    dismiss_signal,
    record_deals,
    record_proposals,
    record_signals,
)
from adoption.services.holds import hold_events, release_events
from adoption.services.judging import Judged, judge_adoption, rebuild
from adoption.services.quiet import (
    AFTER_MIDNIGHT,
    Detected,
    detect_quiet_deals,
    save_rule,
    switch_rule,
)
from adoption.services.rollups import RolledUp, roll_up_days
from adoption.services.usage import (
    Prepared,
    Recorded,
    Use,
    prepare_usage,
    record_usage,
    record_use,
    remember_batch,
)

__all__ = [
    "AFTER_MIDNIGHT",
    "Detected",
    "Judged",
    "Prepared",
    "Recorded",
    "RolledUp",
    "UsageIntake",
    "Use",
    "answered",
    "date_events_anew",
    "detect_quiet_deals",
    "dismiss_signal",
    "follow_people",
    "follow_programme",
    "forget_answers",
    "hold_events",
    "judge_adoption",
    "keep_answer",
    "open_intake",
    "prepare_usage",
    "rebuild",
    "record_deals",
    "record_proposals",
    "record_signals",
    "record_usage",
    "record_use",
    "release_events",
    "remember_batch",
    "roll_up_days",
    "save_rule",
    "switch_rule",
]
