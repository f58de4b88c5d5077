"""The life of a contest as a graph, and what must hold before a step (CONTESTS, state machine)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from core.graph import Edge, written_key

DISPUTE_WINDOW = timedelta(hours=72)
LONGEST_DAYS = 366
FEWEST_TEAMS = 2


class State(StrEnum):
    """Where a contest is in its life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    GRACE = "grace"
    COMPUTING = "computing"
    PROVISIONAL = "provisional"
    FINAL = "final"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


class Step(StrEnum):
    """What moves a contest on."""

    SUBMIT = "submit"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    GRACE_OVER = "grace_over"
    COMPUTED = "computed"
    DISPUTE_UPHELD = "dispute_upheld"
    FINALISE = "finalise"
    ADJUST = "adjust"
    CANCEL = "cancel"
    ARCHIVE = "archive"


EDGES = tuple(
    Edge(*edge)
    for edge in (
        (
            "draft",
            "submitted",
            "submit",
            "author",
            (
                "end>start; >=2 teams with >=1 eligible member; metric active; "
                "prize stock and budget cover worst case incl. ties"
            ),
            "contest:{id}:submit:{version}",
        ),
        (
            "submitted",
            "draft",
            "send_back",
            "approver",
            "reason given",
            "contest:{id}:sendback:{version}",
        ),
        (
            "submitted",
            "scheduled",
            "approve",
            "approver (not author)",
            "start in future or = now; budget reserved; stock reserved",
            "contest:{id}:approve:{version}",
        ),
        (
            "scheduled",
            "running",
            "start",
            "scheduler",
            "now >= start (UTC instant stored)",
            "contest:{id}:start",
        ),
        ("running", "paused", "pause", "owner", "reason", "contest:{id}:pause:{n}"),
        ("paused", "running", "resume", "owner", "", "contest:{id}:resume:{n}"),
        ("running", "grace", "end", "scheduler", "now >= end", "contest:{id}:end"),
        ("paused", "grace", "end", "scheduler", "now >= end", "contest:{id}:end"),
        (
            "grace",
            "computing",
            "grace_over",
            "scheduler",
            (
                "now >= end+grace (default 48 h) AND all declared sources have reported "
                "or were waived by salesops"
            ),
            "contest:{id}:compute:{rev}",
        ),
        (
            "computing",
            "provisional",
            "computed",
            "worker",
            "result equals a second, independent recomputation from the event log (hash equal)",
            "contest:{id}:result:{rev}",
        ),
        (
            "provisional",
            "computing",
            "dispute_upheld",
            "decider (not involved)",
            "correction recorded",
            "contest:{id}:compute:{rev+1}",
        ),
        (
            "provisional",
            "final",
            "finalise",
            "salesops",
            "dispute window (default 72 h) over and none open",
            "contest:{id}:final:{rev}",
        ),
        (
            "final",
            "final",
            "adjust",
            "salesops + second person",
            "late or corrected event after final; reason",
            "contest:{id}:adjust:{rev}",
        ),
        ("draft", "cancelled", "cancel", "author", "", "contest:{id}:cancel"),
        ("submitted", "cancelled", "cancel", "author", "", "contest:{id}:cancel"),
        ("scheduled", "cancelled", "cancel", "owner+2", "reason", "contest:{id}:cancel"),
        ("running", "cancelled", "cancel", "owner+2", "reason", "contest:{id}:cancel"),
        ("paused", "cancelled", "cancel", "owner+2", "reason", "contest:{id}:cancel"),
        ("grace", "cancelled", "cancel", "owner+2", "reason", "contest:{id}:cancel"),
        ("provisional", "cancelled", "cancel", "salesops+2", "reason", "contest:{id}:cancel"),
        ("final", "archived", "archive", "scheduler", "retention clock", "contest:{id}:archive"),
    )
)
GRAPH = {(State(edge.frm), Step(edge.event)): State(edge.to) for edge in EDGES}
KEYS = {Step(edge.event): edge.key for edge in EDGES}

# Steps a clock takes, and the state each is taken from.
BY_CLOCK = {
    State.SCHEDULED: Step.START,
    State.RUNNING: Step.END,
    State.PAUSED: Step.END,
    State.GRACE: Step.GRACE_OVER,
    State.COMPUTING: Step.COMPUTED,
    State.PROVISIONAL: Step.FINALISE,
}
LIVE = frozenset({State.RUNNING, State.PAUSED})
SETTLED = frozenset({State.FINAL, State.ARCHIVED})
OVER = SETTLED | {State.CANCELLED}
EDITABLE = frozenset({State.DRAFT})
HOLDING = frozenset(
    {State.SCHEDULED, State.RUNNING, State.PAUSED, State.GRACE, State.COMPUTING, State.PROVISIONAL}
)


def next_state(state: State, step: Step) -> State | None:
    """Where a step leads, or None when the graph has no such edge."""
    return GRAPH.get((state, step))


def idempotency_key(contest_id: int, step: Step, *, version: int, rev: int, count: int) -> str:
    """The key a transition is written under, once for ever.

    `version` counts submissions, `rev` results, `count` pauses.
    """
    return written_key(KEYS[step], id=contest_id, version=version, rev=rev, n=count)


@dataclass(frozen=True)
class Dates:
    """The instants of a contest, worked out once at approval (CONTESTS case 1)."""

    starts_at: datetime
    ends_at: datetime
    grace_ends_at: datetime

    def due(self, state: State, provisional_at: datetime | None) -> datetime | None:
        """The official instant of the next step the clock takes, if any."""
        if state is State.SCHEDULED:
            return self.starts_at
        if state in LIVE:
            return self.ends_at
        if state in {State.GRACE, State.COMPUTING}:
            return self.grace_ends_at
        if state is State.PROVISIONAL and provisional_at is not None:
            return provisional_at + DISPUTE_WINDOW
        return None

    def instants(self) -> tuple[datetime, ...]:
        """Every instant worth a look when catching up over months."""
        return (
            self.starts_at,
            self.ends_at,
            self.grace_ends_at,
            self.grace_ends_at + DISPUTE_WINDOW,
        )


@dataclass(frozen=True)
class Doubt:
    """Something that stops a step, in plain words; `field` names where it is mended."""

    code: str
    message: str
    field: str | None = None


def doubts_at_submit(
    *,
    starts_on: date,
    last_on: date,
    working_days: int,
    team_sizes: Collection[int],
    kinds: Collection[str],
) -> tuple[Doubt, ...]:
    """The guard of `submit`: dates in order, two sides with people in each, points to win."""
    found = []
    if last_on < starts_on:
        found.append(Doubt("dates", "The last day is before the first.", "last_on"))
    elif (last_on - starts_on).days >= LONGEST_DAYS:
        found.append(Doubt("dates", "A contest lasts a year at most.", "last_on"))
    elif not working_days:
        found.append(Doubt("dates", "No working day lies between these dates.", "last_on"))
    if sum(size > 0 for size in team_sizes) < FEWEST_TEAMS:
        found.append(
            Doubt("teams", "A contest needs two teams with at least one rep each.", "teams")
        )
    if not kinds:
        found.append(Doubt("rules", "Say what earns points.", "rules"))
    return tuple(found)


def needs_approval(liability_minor: int, allowance_minor: int) -> bool:
    """Prizes within the launcher's own allowance need nobody's yes (CONTESTS, Settled)."""
    return liability_minor > allowance_minor


def may_approve(approver_id: int | None, author_id: int | None) -> bool:
    """Never the author, where there is one."""
    return approver_id is None or approver_id != author_id
