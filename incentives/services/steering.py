"""Steering a contest that stands: rest, go on, new words, a source let off, called off."""

from datetime import datetime, timedelta

from core import audit, ledger, outbox
from core.calendars import ProgrammeCalendar
from core.db import db, insert_missing
from core.errors import Invalid, TooLate
from core.policy import Actor
from incentives import notices, queries
from incentives.models import Contest, ContestPause, SecondYes, SourceWaiver
from incentives.notices import News
from incentives.queries import ceremony as ceremonies
from incentives.queries import life
from incentives.rules.contests import OVER, State, Step
from incentives.services.contests import hold_key, names_of
from incentives.services.steps import is_done, locked, take
from incentives.services.words import contest_words
from leaderboard import services as boards
from programme import queries as programmes

DAY = timedelta(days=1)
IN_IT = "You get this because your team takes part."


def pause(contest_id: int, reason: str, *, actor: Actor, now: datetime) -> Contest:
    """Let a running contest rest, with a public reason; usage counts on meanwhile."""
    contest = locked(contest_id)
    if not reason.strip():
        raise Invalid("Say why the contest rests.", field="reason")
    if contest.state == State.RUNNING:
        if now >= contest.ends_at:
            raise TooLate("The contest is over; it cannot rest any more.")
        contest.pauses += 1
    if is_done(contest, Step.PAUSE):
        return contest
    take(contest, Step.PAUSE, actor=actor, now=now, reason=reason.strip())
    db.session.add(
        ContestPause(
            contest_id=contest.id, number=contest.pauses, opened_at=now, reason=reason.strip()
        )
    )
    moves = "Its end moves by the days it rests." if moves_end(contest) else "Its end stays."
    _tell_all(
        contest,
        News(
            key=f"paused:{contest.pauses}",
            subject=f"{contest.title} rests",
            lines=(
                f"{contest.title} rests for now. The reason: {reason.strip()}",
                f"What you do meanwhile counts. {moves}",
            ),
            why=IN_IT,
        ),
        now,
    )
    return contest


def moves_end(contest: Contest) -> bool:
    """Whether the rules say that a pause moves the end (case 30)."""
    return contest.terms.get("pause_moves_end") is True


def resume(contest_id: int, *, actor: Actor, now: datetime) -> Contest:
    """Go on after a pause; the end moves by the dates it took, where the rules say so."""
    contest = locked(contest_id)
    if is_done(contest, Step.RESUME):
        return contest
    if now >= contest.ends_at:
        raise TooLate("The contest is over; it cannot go on.")
    take(contest, Step.RESUME, actor=actor, now=now)
    moved = close_pause(contest, now, may_move=True)
    last_day = contest_words(contest).last_day
    _tell_all(
        contest,
        News(
            key=f"resumed:{contest.pauses}",
            subject=f"{contest.title} goes on",
            lines=(
                f"{contest.title} goes on."
                + (
                    f" Its last day is now {last_day}."
                    if moved
                    else f" Its last day is {last_day}."
                ),
            ),
            why=IN_IT,
        ),
        now,
    )
    return contest


def close_pause(contest: Contest, at: datetime, *, may_move: bool) -> int:
    """Close the open interval of a pause; the days the end moved for it."""
    open_ones = [pause for pause in life.pauses(contest.id) if pause.closed_at is None]
    for interval in open_ones:
        interval.closed_at = max(at, interval.opened_at)
        if may_move and moves_end(contest):
            interval.moved_days = _move_end(contest, interval.opened_at, at)
    return sum(interval.moved_days for interval in open_ones)


def _move_end(contest: Contest, opened_at: datetime, at: datetime) -> int:
    """Move the end by as many dates as began while the contest rested."""
    programme = programmes.by_id(contest.programme_id)
    calendar = programmes.calendar(programme)
    days = (calendar.local_day(at) - calendar.local_day(opened_at)).days
    if days:
        _end_on(contest, calendar, days, timedelta(hours=programme.late_grace_hours))
    return days


def _end_on(contest: Contest, calendar: ProgrammeCalendar, days: int, grace: timedelta) -> None:
    contest.last_on += days * DAY
    contest.ends_at = calendar.day_start(contest.last_on + DAY)
    contest.grace_ends_at = contest.ends_at + grace
    hides = contest.ends_at - timedelta(hours=contest.freeze_hours)
    is_covered = contest.freeze_hours > 0 or ceremonies.is_sealed(contest.id)
    boards.move_end(
        contest.board_id,
        ends_on=contest.last_on + DAY,
        closes_at=contest.grace_ends_at,
        hides_at=hides if is_covered else None,
    )


def change_texts(
    contest_id: int,
    *,
    title: str | None = None,
    note: str | None = None,
    actor: Actor,
    now: datetime,
) -> Contest:
    """Give a contest other words; the rules and their hash stay as they were shown (case 29)."""
    contest = locked(contest_id)
    if contest.state in OVER:
        raise TooLate("This contest is over; its words stay.")
    if title is not None:
        if not title.strip() or len(title.strip()) > 120:
            raise Invalid("A title has 1 to 120 characters.", field="title")
        contest.title = title.strip()
        boards.retitle(contest.board_id, contest.title)
    if note is not None:
        contest.note = note.strip() or None
    contest.change += 1
    audit.record("contest.change_texts", actor=actor, now=now, subject=f"contest:{contest.id}")
    return contest


def waive_source(
    contest_id: int, source: str, reason: str, *, actor: Actor, now: datetime
) -> Contest:
    """Let a declared source off reporting past the end, with a reason that is kept (case 7)."""
    contest = locked(contest_id)
    if not reason.strip():
        raise Invalid("Say why this source need not report.", field="reason")
    if source not in life.declared_sources(contest):
        raise Invalid("This contest declares no such source.", field="source")
    if contest.state in OVER | {State.COMPUTING, State.PROVISIONAL}:
        raise TooLate("The result is worked out already.")
    row = {
        "contest_id": contest.id,
        "source": source,
        "reason": reason.strip()[:2000],
        "waived_at": now,
        "waived_by_id": actor.person_id,
    }
    if insert_missing(SourceWaiver, [row], ["contest_id", "source"]):
        contest.change += 1
        audit.record(
            "contest.waive_source",
            actor=actor,
            now=now,
            subject=f"contest:{contest.id}",
            detail={"source": source},
        )
    return contest


def cancel(contest_id: int, reason: str, *, actor: Actor, now: datetime) -> Contest:
    """Call a contest off before it is final: prizes return, participants hear why (case 31).

    Whether a second person has to say yes first is seen to by `together`.
    """
    contest = locked(contest_id)
    if is_done(contest, Step.CANCEL):
        return contest
    was_public = contest.state not in {State.DRAFT, State.SUBMITTED}
    if was_public and not reason.strip():
        raise Invalid("Say why the contest is called off.", field="reason")
    take(contest, Step.CANCEL, actor=actor, now=now, reason=reason.strip() or None)
    close_pause(contest, now, may_move=False)
    boards.close_without_result(contest.board_id, now)
    for waiting in life.open_seconds(contest.id):
        end_request(waiting, "withdrawn", actor, now)
    if was_public:
        ledger.void_hold(hold_key(contest))
        who = queries.invited(contest)
        names = names_of([*who.leads, *who.reps])
        outbox.post_all(notices.called_off(contest_words(contest), names, reason.strip()), now)
    return contest


def end_request(request: SecondYes, state: str, actor: Actor, now: datetime) -> None:
    """Settle a request for a second person."""
    request.state, request.open_key = state, None
    request.decided_by_id, request.decided_at = actor.person_id, now


def _tell_all(contest: Contest, told: News, now: datetime) -> None:
    who = queries.invited(contest)
    names = names_of([*who.leads, *who.reps])
    outbox.post_all(notices.news(contest_words(contest), names, told), now)
