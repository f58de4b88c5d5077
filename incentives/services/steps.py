"""One transition of a contest: locked row, key used once, new state, audit line (CONTESTS)."""

from datetime import datetime

from core import audit
from core.db import insert_missing, lock_row
from core.errors import Conflict, NotFound
from core.policy import Actor
from incentives import queries
from incentives.models import Contest, ContestEvent
from incentives.rules.contests import State, Step, idempotency_key, next_state


def locked(contest_id: int) -> Contest:
    """The contest, held until the transaction ends; every step begins here."""
    contest = lock_row(Contest, contest_id)
    if contest is None:
        raise NotFound("There is no such contest.")
    return contest


def key_of(contest: Contest, step: Step) -> str:
    """The key under which this contest takes this step now."""
    return idempotency_key(
        contest.id, step, version=contest.version, rev=contest.rev, count=contest.pauses
    )


def is_done(contest: Contest, step: Step) -> bool:
    """Whether the step was taken already, so that a repeat has nothing to do.

    Raises Conflict when it was not and cannot be taken from here.
    """
    if next_state(State(contest.state), step) is not None:
        return False
    if queries.has_event(key_of(contest, step)):
        return True
    raise Conflict(
        f"A contest that is {contest.state} cannot {step.value.replace('_', ' ')}.",
        code="wrong_state",
    )


def take(
    contest: Contest,
    step: Step,
    *,
    actor: Actor,
    now: datetime,
    at: datetime | None = None,
    reason: str | None = None,
) -> bool:
    """Move a locked contest on; False when its key was used before, then nothing was written.

    `at` is the official instant, which a late run does not change; `now` is when it was written.
    """
    before = State(contest.state)
    after = next_state(before, step)
    if after is None:
        raise Conflict(f"A contest that is {before} cannot {step.value}.", code="wrong_state")
    row = {
        "contest_id": contest.id,
        "key": key_of(contest, step),
        "step": step.value,
        "from_state": before.value,
        "to_state": after.value,
        "at": at or now,
        "recorded_at": now,
        "actor_id": actor.person_id,
        "reason": reason,
    }
    if not insert_missing(ContestEvent, [row], ["key"]):
        return False
    contest.state = after.value
    contest.change += 1
    audit.record(
        f"contest.{step.value}",
        actor=actor,
        now=now,
        subject=f"contest:{contest.id}",
        detail={"from": before.value, "to": after.value, "at": (at or now).isoformat()},
    )
    return True
