"""What the clock does with a contest: start, end, work the result out, decide it (CONTESTS).

Late runs use the official instants: events count by occurred_at inside the window and received_at
up to the grace's end, so a run days late ends where an on-time run does.
"""

from dataclasses import dataclass
from datetime import datetime

from core import audit, ledger, outbox
from core.db import db
from core.errors import Conflict
from core.policy import SYSTEM, Actor
from incentives import notices, queries
from incentives.models import Contest
from incentives.queries import life
from incentives.rules.contests import BY_CLOCK, DISPUTE_WINDOW, State, Step
from incentives.services import awards, signing, steering
from incentives.services.contests import hold_key, names_of, purse_account
from incentives.services.steps import locked, take
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
        return _grace_over(contest, actor=actor, now=now, at=at)
    if step is Step.END:
        steering.close_pause(contest, at, may_move=False)
    taken = take(contest, step, actor=actor, now=now, at=at)
    if taken and step is Step.START:
        awards.count_reach(contest, at)
        _tell_started(contest, now)
    return Taken(step, taken)


def _grace_over(contest: Contest, *, actor: Actor, now: datetime, at: datetime) -> Taken:
    """Begin to work the result out, once every declared source reported past the end (case 7)."""
    silent = life.silent_sources(contest)
    if silent:
        reason = f"Data past the end is still missing from: {', '.join(silent)}."
        return Taken(Step.GRACE_OVER, is_taken=False, reason=reason)
    boards.refresh(contest.board_id, now)
    contest.high_water_id = life.high_water(contest.programme_id)
    return Taken(Step.GRACE_OVER, take(contest, Step.GRACE_OVER, actor=actor, now=now, at=at))


def _tell_started(contest: Contest, now: datetime) -> None:
    """The leads hear that it begins; everybody else was told before."""
    words = contest_words(contest)
    told = notices.News(
        key="started",
        subject=f"{contest.title} has begun",
        lines=(
            (
                f"{contest.title} runs from today to {words.last_day}. "
                "A word in your next team meeting is what starts a team off."
            ),
        ),
        why="You get this because you lead a team in it.",
    )
    if now < contest.ends_at:
        names = names_of(queries.invited(contest).leads)
        outbox.post_all(notices.news(words, names, told), now)


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
    teams = {side.unit_id for side in queries.result_sides(contest)}
    leads = set(queries.leads_of_contest(contest, teams, contest.last_on))
    if contest.author_id is not None:
        leads.add(contest.author_id)
    names = {person: card.name for person, card in people.cards(leads).items()}
    until = now + DISPUTE_WINDOW
    outbox.post_all(notices.provisional(contest_words(contest), names, until, contest.rev), now)


def _finalise(contest: Contest, *, actor: Actor, now: datetime, at: datetime) -> Taken:
    """Close in this one transaction: awards, entries, thanks, letters, and the board sealed."""
    found = awards.outcome(contest, now)
    waits = signing.why_it_waits(contest, found.wins, signer=actor, now=now)
    if waits is not None:
        return Taken(Step.FINALISE, is_taken=False, reason=waits)
    contest.final_at = now
    if not take(contest, Step.FINALISE, actor=actor, now=now, at=at, reason=found.void):
        return Taken(Step.FINALISE, is_taken=False, reason="done before")
    _use_reserve(contest, sum(win.cost_minor for win in found.wins), actor, now)
    awards.grant(contest, found.wins, is_void=found.void is not None, actor=actor, now=now)
    is_void = found.void is not None
    boards.seal(contest.board_id, rev=contest.rev, now=now, is_void=is_void)
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


def archive(contest_id: int, *, decided_before: datetime, now: datetime) -> bool:
    """Put a contest away that was decided long ago and none of whose awards waits."""
    contest = locked(contest_id)
    is_due = contest.final_at is not None and contest.final_at <= decided_before
    if contest.state != State.FINAL or not is_due or contest_id not in life.to_archive(now):
        return False
    return take(contest, Step.ARCHIVE, actor=SYSTEM, now=now)
