"""A step of a contest by somebody's hand: the page and the terminal take it through here."""

from dataclasses import dataclass
from datetime import datetime

from core.errors import Conflict, Invalid
from core.policy import Actor
from incentives import access
from incentives.models import Contest
from incentives.rules.contests import State
from incentives.services import clock, contests, steering, together

# Which right each target state asks for.
ACTIONS = {
    State.DRAFT: "contest.approve_launch",
    State.SUBMITTED: "contest.submit",
    State.SCHEDULED: "contest.approve_launch",
    State.RUNNING: "contest.pause_resume",
    State.PAUSED: "contest.pause_resume",
    State.GRACE: "contest.finalise",
    State.COMPUTING: "contest.finalise",
    State.PROVISIONAL: "contest.finalise",
    State.FINAL: "contest.finalise",
    State.CANCELLED: "contest.cancel",
}


@dataclass(frozen=True)
class Advanced:
    """The state reached, and for whose yes the step waits where it takes two people."""

    state: str
    waits_for: tuple[str, ...] = ()


def advance(slug: str, to: str, *, actor: Actor, now: datetime, reason: str = "") -> Advanced:
    """Take the step that leads to `to`, if this actor may. Raises the guard's refusal otherwise.

    A step that takes two people is asked for; by a second person, it is confirmed.
    """
    try:
        state = State(to)
    except ValueError:
        raise Invalid(f"{to} is not a state.", field="to", fix=", ".join(State)) from None
    if state not in ACTIONS:
        raise Conflict(f"Nobody makes a contest {to} by hand.", code="wrong_state")
    contest = access.contest_to(actor, ACTIONS[state], slug, now.date())
    if state is State.CANCELLED:
        outcome = together.do("cancel", slug, actor=actor, now=now, reason=reason)
        return Advanced(contest.state, outcome.waits_for)
    return Advanced(_step(contest, state, actor, now, reason).state)


def _step(contest: Contest, to: State, actor: Actor, now: datetime, reason: str) -> Contest:
    if to is State.SUBMITTED:
        return contests.launch(contest.id, actor=actor, now=now)
    if to is State.SCHEDULED:
        return contests.approve(contest.id, actor=actor, now=now)
    if to is State.DRAFT:
        return contests.send_back(contest.id, reason, actor=actor, now=now)
    if to is State.PAUSED:
        return steering.pause(contest.id, reason, actor=actor, now=now)
    if to is State.RUNNING and contest.state == State.PAUSED:
        return steering.resume(contest.id, actor=actor, now=now)
    return clock.advance(contest.id, to, actor=actor, now=now)
