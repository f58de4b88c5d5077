"""Leaving somebody out of a contest and taking them back in; nothing is lost by it (case 32)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core import audit, outbox
from core.db import db
from core.errors import Conflict, Invalid, NotFound, TooLate
from core.policy import Actor
from incentives import notices, queries
from incentives.models import Contest, Disqualification
from incentives.notices import News
from incentives.queries import life
from incentives.rules.contests import State
from incentives.rules.exclusion import CODES, Move, Subject, moves
from incentives.services.contests import names_of
from incentives.services.deciding import work_out_anew
from incentives.services.steps import locked
from incentives.services.words import contest_words
from leaderboard import services as boards
from leaderboard.models import Board
from leaderboard.queries import facts, tables
from people import queries as people

OPEN = frozenset({State.RUNNING, State.PAUSED, State.GRACE, State.COMPUTING, State.PROVISIONAL})


@dataclass(frozen=True)
class Preview:
    """What leaving somebody out would do to the places, before anybody decides."""

    subject: Subject
    moves: tuple[Move, ...]


def preview(contest: Contest, subject: Subject, now: datetime) -> Preview:
    """Every unit whose place or score would differ without this person or team."""
    board = db.session.get_one(Board, contest.board_id)
    spec = facts.spec_of(board)
    until = min(now, board.closes_at)
    without = spec.without(
        spec.excluded_people | subject.people, spec.excluded_teams | subject.teams
    )
    return Preview(subject, moves(tables.lines_at(spec, until), tables.lines_at(without, until)))


def disqualify(
    contest_id: int,
    subject: Subject,
    *,
    code: str,
    reason: str,
    actor: Actor,
    now: datetime,
    second_id: int | None = None,
) -> Disqualification:
    """Leave a person or a team out of points, headcount and roster; the record is kept.

    A provisional result is worked out anew. A final one stays until it is amended.
    """
    contest = locked(contest_id)
    check(contest, subject, code, reason)
    row = Disqualification(
        contest_id=contest.id,
        person_id=subject.person_id,
        team_id=subject.team_id,
        code=code,
        reason=reason.strip()[:2000],
        decided_at=now,
        decided_by_id=actor.person_id,
        second_id=second_id,
    )
    db.session.add(row)
    db.session.flush()
    _apply(contest, actor, now, f"disqualified: {code}")
    _record("contest.disqualify", contest, row, actor, now)
    _tell(contest, row, f"You take no part in {contest.title} any more", reason.strip(), now)
    return row


def check(contest: Contest, subject: Subject, code: str, reason: str) -> None:
    """Raise what stands against leaving somebody out."""
    if contest.state not in OPEN | {State.FINAL}:
        raise TooLate(f"Nobody is left out of a contest that is {contest.state}.")
    if code not in CODES:
        raise Invalid("Choose one of the reasons.", field="code", fix=", ".join(CODES))
    if not reason.strip():
        raise Invalid("Say what happened.", field="reason")
    if any(_is_about(row, subject) for row in life.left_out(contest.id)):
        raise Conflict("They are left out already.")
    spec = facts.spec_of(db.session.get_one(Board, contest.board_id))
    here = facts.staff(spec)
    if subject.team_id is not None and not spec.kind.is_team:
        raise Invalid("No teams race in this contest: leave its people out one by one.")
    known = here.calendars if subject.person_id is not None else tables.sides(spec, here)
    if (subject.person_id or subject.team_id) not in known:
        raise NotFound("They do not take part in this contest.")


def _is_about(row: Disqualification, subject: Subject) -> bool:
    return (row.person_id, row.team_id) == (subject.person_id, subject.team_id)


def restore(
    disqualification_id: int, reason: str, *, actor: Actor, now: datetime
) -> Disqualification:
    """Take somebody back in: the standings are what they would have been all along."""
    row = db.session.get(Disqualification, disqualification_id)
    if row is None:
        raise NotFound("There is no such disqualification.")
    contest = locked(row.contest_id)
    if row.restored_at is not None:
        return row
    if contest.state not in OPEN | {State.FINAL}:
        raise TooLate(f"Nobody is taken back into a contest that is {contest.state}.")
    if not reason.strip():
        raise Invalid("Say why they are back.", field="reason")
    row.restored_at, row.restored_by_id = now, actor.person_id
    row.restored_because = reason.strip()[:2000]
    db.session.flush()
    _apply(contest, actor, now, "restored")
    _record("contest.restore", contest, row, actor, now)
    _tell(contest, row, f"You are back in {contest.title}", reason.strip(), now)
    return row


def _apply(contest: Contest, actor: Actor, now: datetime, reason: str) -> None:
    """Make the board leave out exactly those who are; a provisional result is counted anew."""
    out = life.left_out(contest.id)
    boards.exclude(
        contest.board_id,
        [row.person_id for row in out if row.person_id is not None],
        [row.team_id for row in out if row.team_id is not None],
    )
    if contest.state == State.FINAL:
        contest.change += 1
        return
    work_out_anew(contest, reason, actor=actor, now=now)


def _record(
    action: str, contest: Contest, row: Disqualification, actor: Actor, now: datetime
) -> None:
    audit.record(
        action,
        actor=actor,
        now=now,
        subject=f"contest:{contest.id}",
        detail={
            "disqualification": row.id,
            "person": row.person_id,
            "team": row.team_id,
            "code": row.code,
            "second": row.second_id,
        },
    )


def _tell(
    contest: Contest, row: Disqualification, subject: str, reason: str, now: datetime
) -> None:
    """The person concerned hears it, or the leads of the team; nobody else is named to anybody."""
    told = News(
        key=f"disqualification:{row.id}:{int(row.restored_at is not None)}",
        subject=subject,
        lines=(
            f"{subject}. The reason: {reason}",
            "If this is wrong, tell sales operations; it can be undone and nothing is lost by it.",
        ),
        why="You get this because it is about you or a team you lead.",
    )
    names = names_of(_concerned(contest, row))
    outbox.post_all(notices.news(contest_words(contest), names, told), now)


def _concerned(contest: Contest, row: Disqualification) -> Collection[int]:
    if row.person_id is not None:
        return [row.person_id]
    return list(queries.leads_by_person([row.team_id or 0], contest.last_on))


def subject_named(who: str) -> Subject:
    """A team by its name, or a person by the files' person_id or mail address. Raises NotFound."""
    team_id = people.team_ids_by_name([who]).get(who)
    if team_id is not None:
        return Subject(team_id=team_id)
    person_id = people.by_key([who]).get(who) or people.by_email([who.lower()]).get(who.lower())
    if person_id is None:
        raise NotFound("There is no such team or person.", field="who")
    return Subject(person_id=person_id)
