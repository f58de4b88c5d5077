"""The life of an award as a graph, and when it has to wait (CONTESTS, state machine)."""

from datetime import timedelta
from enum import StrEnum

from core.graph import Edge, written_key

DECIDE_WITHIN = timedelta(days=14)
CLAIM_WITHIN = timedelta(days=60)


class AwardState(StrEnum):
    """Where an award is in its life."""

    PROPOSED = "proposed"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    GRANTED = "granted"
    ANNOUNCED = "announced"
    HELD = "held"
    REJECTED = "rejected"
    EXPIRED = "expired"
    REVERSED = "reversed"


class AwardStep(StrEnum):
    """What moves an award on."""

    NEEDS_APPROVAL = "needs_approval"
    AUTO_APPROVE = "auto_approve"
    APPROVE = "approve"
    REJECT = "reject"
    TIMEOUT = "timeout"
    HOLD = "hold"
    RELEASE = "release"
    DROP = "drop"
    GRANT = "grant"
    ANNOUNCE = "announce"
    REVERSE = "reverse"


EDGES = tuple(
    Edge(*edge)
    for edge in (
        (
            "proposed",
            "pending_approval",
            "needs_approval",
            "system",
            "policy says so",
            "award:{id}:ask",
        ),
        (
            "proposed",
            "approved",
            "auto_approve",
            "system",
            "comes from a finalised contest or a milestone rule",
            "award:{id}:approve",
        ),
        (
            "pending_approval",
            "approved",
            "approve",
            "approver (not proposer, not recipient)",
            "budget cap not exceeded (atomic)",
            "award:{id}:approve",
        ),
        ("pending_approval", "rejected", "reject", "approver", "reason", "award:{id}:reject"),
        ("pending_approval", "expired", "timeout", "scheduler", "14 days", "award:{id}:expire"),
        (
            "approved",
            "held",
            "hold",
            "system",
            "recipient suspended/left/on leave per policy",
            "award:{id}:hold",
        ),
        ("held", "approved", "release", "salesops", "", "award:{id}:release:{n}"),
        ("held", "rejected", "drop", "salesops+2", "reason; person may dispute", "award:{id}:drop"),
        ("approved", "granted", "grant", "worker", "", "award:{source}:{rule}:{recipient}:{rev}"),
        (
            "granted",
            "announced",
            "announce",
            "worker",
            "recognition mail accepted or wall post made, or person opted out (then private)",
            "award:{id}:announce",
        ),
        ("granted", "reversed", "reverse", "salesops+2", "reason", "award:{id}:reverse"),
        ("announced", "reversed", "reverse", "salesops+2", "reason", "award:{id}:reverse"),
    )
)
GRAPH = {(AwardState(edge.frm), AwardStep(edge.event)): AwardState(edge.to) for edge in EDGES}
KEYS = {AwardStep(edge.event): edge.key for edge in EDGES}
IN_FORCE = frozenset({AwardState.GRANTED, AwardState.ANNOUNCED})
WAITING = frozenset(
    {AwardState.PROPOSED, AwardState.PENDING_APPROVAL, AwardState.APPROVED, AwardState.HELD}
)


class HeldFor(StrEnum):
    """Why an award waits; the policy says which of these make it wait."""

    SUSPENDED = "suspended"
    LEFT = "left"
    ON_LEAVE = "on_leave"


POLICY = frozenset({HeldFor.SUSPENDED, HeldFor.LEFT})


def next_state(state: AwardState, step: AwardStep) -> AwardState | None:
    """Where a step leads, or None when the graph has no such edge."""
    return GRAPH.get((state, step))


def idempotency_key(step: AwardStep, *, award_id: int, fact: str, holds: int) -> str:
    """The key a transition is written under, once for ever.

    `fact` is the award's own key, `award:{source}:{rule}:{recipient}:{rev}`.
    """
    if step is AwardStep.GRANT:
        return fact
    return written_key(KEYS[step], id=award_id, n=holds)


def held_for(
    status: str, *, is_employed: bool, is_away: bool, policy: frozenset[HeldFor] = POLICY
) -> HeldFor | None:
    """Why a recipient's award has to wait, if it has to; leave holds only where the policy says."""
    found = None
    if status == "suspended":
        found = HeldFor.SUSPENDED
    elif status != "active" or not is_employed:
        found = HeldFor.LEFT
    elif is_away:
        found = HeldFor.ON_LEAVE
    return found if found in policy else None
