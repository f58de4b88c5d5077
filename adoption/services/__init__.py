"""The verbs of the adoption room: take usage in, roll it up by day, judge it by week."""

from adoption.services.answers import answered, keep_answer
from adoption.services.census import UsageIntake, open_intake
from adoption.services.dating import date_events_anew, follow_people, follow_programme
from adoption.services.deals import record_deals, record_proposals, record_signals
from adoption.services.judging import Judged, judge_adoption, rebuild
from adoption.services.rollups import RolledUp, roll_up_days
from adoption.services.usage import Recorded, record_usage, remember_batch

__all__ = [
    "Judged",
    "Recorded",
    "RolledUp",
    "UsageIntake",
    "answered",
    "date_events_anew",
    "follow_people",
    "follow_programme",
    "judge_adoption",
    "keep_answer",
    "open_intake",
    "rebuild",
    "record_deals",
    "record_proposals",
    "record_signals",
    "record_usage",
    "remember_batch",
    "roll_up_days",
]
