"""What the clock does with a contest: start, end, work the result out, decide it (CONTESTS).

Late runs use the official instants: events count by occurred_at inside the window and received_at
up to the grace's end, so a run days late ends where an on-time run does.
"""

from dataclasses import dataclass
from datetime import datetime

from core import audit, ledger, outbox
from core.db import db
from core.errors import Conflict, TooLate
from core.policy import SYSTEM, Actor
from incentives import notices, queries
from incentives.models import Contest, Dispute
from incentives.rules.contests import BY_CLOCK, DISPUTE_WINDOW, State, Step
from incentives.rules.prizes import allocate, is_void
from incentives.services import awards
from incentives.services.contests import hold_key, purse_account
from incentives.services.steps import is_done, locked, take
from incentives.services.words import contest_words
from leaderboard import services as boards
from leaderboard.models import Board
from leaderboard.rules.standing import result_hash
from people import queries as people


@dataclass(frozen=True)
class Taken:
    """A step the clock took, or why it did not."""

    step: Step
    is_taken: bool
    reason: str = ""


def step_due(contest_id: int, as_of: datetime) -> Taken | None:
    """Take the next step of one contest if its instant has come; None when nothing is due."""
    contest = locked(contest_id)
    state = State(contest.state)
    at = queries.dates_of(contest).due(state, contest.provisional_at)
    if at is None or at > as_of:
        return None
    return _take_clock_step(contest, BY_CLOCK[state], actor=SYSTEM, now=as_of, at=at)


def advance(contest_id: int, to: State, *, actor: Actor, now: datetime) -> Contest:
    """Take the one clock step that leads to a state by hand, with the guards of the clock.

    Raises Conflict when no step leads there from here or its instant has not come.
    """
    contest = locked(contest_id)
    state = State(contest.state)
    if state is to:
        return contest
    step = BY_CLOCK.get(state)
    dates = queries.dates_of(contest)
    at = dates.due(state, contest.provisional_at)
    if step is None or at is None or LEADS_TO[step] is not to:
        raise Conflict(f"A contest that is {state} cannot become {to}.", code="wrong_state")
    if at > now:
        raise Conflict(
            f"This can be done from {at.isoformat()} on.", code="too_early", fix="Come back then."
        )
    taken = _take_clock_step(contest, step, actor=actor, now=now, at=at)
    if not taken.is_taken:
        raise Conflict(taken.reason, code="guard")
    return contest


LEADS_TO = {
    Step.START: State.RUNNING,
    Step.END: State.GRACE,
    Step.GRACE_OVER: State.COMPUTING,
    Step.COMPUTED: State.PROVISIONAL,
    Step.FINALISE: State.FINAL,
}


def _take_clock_step(
    contest: Contest, step: Step, *, actor: Actor, now: datetime, at: datetime
) -> Taken:
    if step is Step.COMPUTED:
        return _computed(contest, actor=actor, now=now, at=at)
    if step is Step.FINALISE:
        return _finalise(contest, actor=actor, now=now, at=at)
    if step is Step.GRACE_OVER:
        boards.refresh(contest.board_id, now)
    return Taken(step, take(contest, step, actor=actor, now=now, at=at))


def _computed(contest: Contest, *, actor: Actor, now: datetime, at: datetime) -> Taken:
    """Keep the result if a second, independent count of the events agrees; else sound the alarm."""
    boards.refresh(contest.board_id, now)
    board = db.session.get_one(Board, contest.board_id)
    found = result_hash(boards.lines_now(board))
    if found != boards.second_opinion(board.id):
        return _alarm(contest, actor, now)
    take(contest, Step.COMPUTED, actor=actor, now=now, at=at)
    kept = boards.freeze_board(board.id, rev=contest.rev)
    contest.result_hash, contest.alarm = kept.result_hash, None
    contest.provisional_at = now
    _tell_leads(contest, now)
    return Taken(Step.COMPUTED, is_taken=True)


def _alarm(contest: Contest, actor: Actor, now: datetime) -> Taken:
    reason = "The standings and their recount differ; the result waits for a person."
    if contest.alarm is None:
        contest.alarm = reason
        contest.change += 1
        audit.record("contest.alarm", actor=actor, now=now, subject=f"contest:{contest.id}")
    return Taken(Step.COMPUTED, is_taken=False, reason=reason)


def _tell_leads(contest: Contest, now: datetime) -> None:
    teams = {side.team_id for side in queries.result_sides(contest)}
    leads = set(queries.leads_by_person(teams, contest.last_on))
    if contest.author_id is not None:
        leads.add(contest.author_id)
    names = {person: card.name for person, card in people.cards(leads).items()}
    until = now + DISPUTE_WINDOW
    outbox.post_all(notices.provisional(contest_words(contest), names, until, contest.rev), now)


def _finalise(contest: Contest, *, actor: Actor, now: datetime, at: datetime) -> Taken:
    """Close in this one transaction: awards, entries, thanks, letters, and the board sealed."""
    if queries.open_disputes(contest.id):
        return Taken(Step.FINALISE, is_taken=False, reason="A doubt about this result is open.")
    sides = queries.result_sides(contest)
    prizes = queries.prize_terms(contest.id)
    wins = allocate(prizes, sides, awards.goal_of(contest))
    contest.final_at = now
    if not take(contest, Step.FINALISE, actor=actor, now=now, at=at):
        return Taken(Step.FINALISE, is_taken=False, reason="done before")
    _use_reserve(contest, sum(win.cost_minor for win in wins), actor, now)
    awards.grant(contest, wins, is_void=is_void(sides), actor=actor, now=now)
    boards.seal(contest.board_id, rev=contest.rev, now=now)
    return Taken(Step.FINALISE, is_taken=True)


def _use_reserve(contest: Contest, amount: int, actor: Actor, now: datetime) -> None:
    """Turn what was reserved into what was won; the rest returns to the budget."""
    if not contest.liability_minor:
        return
    ledger.open_account(purse_account(contest), contest.currency)
    ledger.post_hold(
        hold_key(contest),
        amount=amount,
        memo=f"Prizes of contest {contest.id}",
        now=now,
        actor=actor,
    )


def open_dispute(contest_id: int, text: str, *, actor: Actor, now: datetime) -> Dispute:
    """Doubt a provisional result; while it is open nothing is decided."""
    contest = locked(contest_id)
    if contest.state != State.PROVISIONAL:
        raise TooLate("Only a provisional result can be doubted.")
    if not text.strip():
        raise Conflict("Say what is wrong.", field="text")
    if actor.person_id is None:
        raise Conflict("A doubt needs somebody who has it.")
    dispute = Dispute(
        contest_id=contest.id,
        opened_by_id=actor.person_id,
        text=text.strip()[:2000],
        opened_at=now,
    )
    db.session.add(dispute)
    contest.change += 1
    db.session.flush()
    audit.record("contest.dispute_open", actor=actor, now=now, subject=f"contest:{contest.id}")
    return dispute


def decide_dispute(
    dispute_id: int, *, is_upheld: bool, answer: str, actor: Actor, now: datetime
) -> Contest:
    """Answer a doubt. Upheld: the result is worked out anew from the corrected facts (rev + 1)."""
    dispute = db.session.get_one(Dispute, dispute_id)
    contest = locked(dispute.contest_id)
    if dispute.state != "open":
        return contest
    if actor.person_id in {dispute.opened_by_id, contest.author_id}:
        raise Conflict("Neither who doubts nor the author decides a doubt.", code="involved")
    dispute.state = "upheld" if is_upheld else "rejected"
    dispute.decided_by_id, dispute.decided_at, dispute.answer = actor.person_id, now, answer
    contest.change += 1
    audit.record(
        "contest.dispute_decide",
        actor=actor,
        now=now,
        subject=f"contest:{contest.id}",
        detail={"upheld": is_upheld},
    )
    if is_upheld and not is_done(contest, Step.DISPUTE_UPHELD):
        take(contest, Step.DISPUTE_UPHELD, actor=actor, now=now, reason=answer)
        contest.rev += 1
        boards.thaw_board(contest.board_id)
    return contest
