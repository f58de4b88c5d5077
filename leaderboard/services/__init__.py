"""The verbs of boards: open, follow new facts, hide the end, keep a result, play a series."""

from leaderboard.services.folding import refresh
from leaderboard.services.keeping import (
    Frozen,
    amend_board,
    close_without_result,
    cover,
    exclude,
    freeze_board,
    keep_snapshot,
    keep_snapshot_if_due,
    lines_now,
    list_board,
    move_end,
    retitle,
    seal,
    second_opinion,
    thaw_board,
    uncover,
)
from leaderboard.services.loops import KeptWeek, note_loop_week
from leaderboard.services.opening import (
    BoardPlan,
    SidePlan,
    change_board,
    cut_divisions,
    open_board,
)
from leaderboard.services.series import (
    BracketPlan,
    SeasonPlan,
    advance_bracket,
    declare_season,
    open_bracket,
)

__all__ = [
    "BoardPlan",
    "BracketPlan",
    "Frozen",
    "KeptWeek",
    "SeasonPlan",
    "SidePlan",
    "advance_bracket",
    "amend_board",
    "change_board",
    "close_without_result",
    "cover",
    "cut_divisions",
    "declare_season",
    "exclude",
    "freeze_board",
    "keep_snapshot",
    "keep_snapshot_if_due",
    "lines_now",
    "list_board",
    "move_end",
    "note_loop_week",
    "open_board",
    "open_bracket",
    "refresh",
    "retitle",
    "seal",
    "second_opinion",
    "thaw_board",
    "uncover",
]
