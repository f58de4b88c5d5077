"""What may be said of a difference (METRICS 3, 7, 9): estimates, and the words for them. Pure."""

from reports.rules.compared import (
    AdjustedGap,
    GrowthGap,
    TeamSide,
    adjusted_gap,
    growth_gap,
    relative_changes,
)
from reports.rules.lift import (
    DAYS_BEFORE,
    TEAMS_A_SIDE,
    Arm,
    Lift,
    Verdict,
    days_a_week,
    lift_of_reps,
    lift_of_teams,
)
from reports.rules.words import chance, days_range, experiment_sentence, signed, too_few_sentence

__all__ = [
    "DAYS_BEFORE",
    "TEAMS_A_SIDE",
    "AdjustedGap",
    "Arm",
    "GrowthGap",
    "Lift",
    "TeamSide",
    "Verdict",
    "adjusted_gap",
    "chance",
    "days_a_week",
    "days_range",
    "experiment_sentence",
    "growth_gap",
    "lift_of_reps",
    "lift_of_teams",
    "relative_changes",
    "signed",
    "too_few_sentence",
]
