"""The life of a coaching item as data (TRUST, state_machines.json, coaching_review)."""

from enum import StrEnum

from core.graph import Edge


class State(StrEnum):
    """Where a rep's week stands."""

    PLANNED = "planned"
    NUMBER_SHOWN = "number_shown"
    DEAL_CHOSEN = "deal_chosen"
    COACHED = "coached"
    DUE = "due"
    DONE = "done"
    NOT_DONE = "not_done"
    MISSED = "missed"
    EXCUSED = "excused"
    CLOSED = "closed"


# With a fix handed back and its review still to come: a rep has one of these at most.
OPEN_FIX = frozenset({State.COACHED, State.DUE, State.EXCUSED})
# Nothing was coached yet: these may still time out at the end of their week.
WAITING = frozenset({State.NUMBER_SHOWN, State.DEAL_CHOSEN})
REVIEWED = frozenset({State.DONE, State.NOT_DONE})

EDGES = tuple(
    Edge(*edge)
    for edge in (
        (
            "planned",
            "number_shown",
            "publish_number",
            "scheduler (set day)",
            "weekly number computed from complete data or marked incomplete",
            "coach:{rep}:{iso_week}",
        ),
        (
            "number_shown",
            "deal_chosen",
            "choose",
            "manager",
            "one deal of that rep, stalled, visible to manager",
            "coach:{id}:deal",
        ),
        (
            "deal_chosen",
            "coached",
            "record",
            "manager",
            (
                "one moment, cost as amount+currency+formula, exactly one fix, "
                "review date = next set day"
            ),
            "coach:{id}:record",
        ),
        (
            "coached",
            "due",
            "day_reached",
            "scheduler",
            "review date (manager time zone)",
            "coach:{id}:due",
        ),
        (
            "due",
            "done",
            "mark",
            "manager",
            "evidence: event or statement; not before the day",
            "coach:{id}:mark",
        ),
        ("due", "not_done", "mark", "manager", "reason; next fix", "coach:{id}:mark"),
        (
            "due",
            "missed",
            "timeout",
            "scheduler",
            "2 working days after the day",
            "coach:{id}:missed",
        ),
        (
            "coached",
            "excused",
            "leave",
            "system",
            (
                "rep or manager on leave on the day: moves to first common working day, "
                "original date kept"
            ),
            "coach:{id}:excuse:{n}",
        ),
        ("excused", "due", "day_reached", "scheduler", "", "coach:{id}:due:{n}"),
        ("done", "closed", "close", "scheduler", "", "coach:{id}:close"),
        ("not_done", "closed", "close", "scheduler", "next item linked", "coach:{id}:close"),
        ("missed", "closed", "close", "scheduler", "", "coach:{id}:close"),
        (
            "number_shown",
            "missed",
            "timeout",
            "scheduler",
            "no coaching recorded by the end of the week",
            "coach:{id}:missed",
        ),
        ("deal_chosen", "missed", "timeout", "scheduler", "as above", "coach:{id}:missed"),
    )
)
