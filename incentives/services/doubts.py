"""Doubts about a provisional result: said in time, decided by somebody not involved, answered."""

from datetime import datetime

from core import audit
from core.db import db, lock_row
from core.errors import Invalid, NotAllowed, NotFound, TooLate
from core.policy import Actor, Scope, require
from incentives.models import Contest, Dispute
from incentives.notices import News
from incentives.queries import fairplay
from incentives.rules.contests import State
from incentives.rules.fairplay import Stakes, doubts_until
from incentives.services.deciding import check_free, tell, work_out_anew
from incentives.services.steps import locked
from people import queries as people

LONGEST = 2000


def open_dispute(contest_id: int, text: str, *, actor: Actor, now: datetime) -> Dispute:
    """Doubt a provisional result; while it is open nothing is decided.

    Reps and leads doubt contests they are in, directors those their people are in. Raises TooLate
    once the window has closed, also where the result waits for something else.
    """
    contest = locked(contest_id)
    until = doubts_until(contest.provisional_at)
    if contest.state != State.PROVISIONAL or until is None or now > until:
        raise TooLate("A result can be doubted while it is provisional and its window is open.")
    if not text.strip():
        raise Invalid("Say what is wrong.", field="text")
    if actor.person_id is None:
        raise NotAllowed("A doubt needs somebody who has it.")
    _check_in_it(actor, fairplay.stakes(contest), now)
    dispute = Dispute(
        contest_id=contest.id,
        opened_by_id=actor.person_id,
        text=text.strip()[:LONGEST],
        opened_at=now,
    )
    db.session.add(dispute)
    contest.change += 1
    db.session.flush()
    audit.record("contest.dispute_open", actor=actor, now=now, subject=f"contest:{contest.id}")
    return dispute


def _check_in_it(actor: Actor, stakes: Stakes, now: datetime) -> None:
    """The matrix's own, team and tree for a doubt."""
    scope = require(actor, "contest.dispute_open")
    in_it = stakes.takes_part | stakes.leads
    if scope is Scope.ALL or actor.person_id in in_it:
        return
    below = people.tree_below(actor.person_id or 0, now.date()) if scope is Scope.TREE else ()
    if not in_it & frozenset(below):
        raise NotAllowed("Only somebody who is in this contest can doubt its result.")


def decide_dispute(
    dispute_id: int, *, is_upheld: bool, answer: str, actor: Actor, now: datetime
) -> Contest:
    """Answer a doubt. Upheld: the result is worked out anew from the corrected facts (rev + 1)."""
    found = db.session.get(Dispute, dispute_id)
    if found is None:
        raise NotFound("There is no such doubt.")
    contest = locked(found.contest_id)
    dispute = lock_row(Dispute, dispute_id) or found
    if dispute.state != "open":
        return contest
    if not answer.strip():
        raise Invalid("Say why; the answer goes to whoever asked.", field="answer")
    alone = check_free(actor, contest, asked_by=dispute.opened_by_id)
    dispute.state = "upheld" if is_upheld else "rejected"
    dispute.decided_by_id, dispute.decided_at = actor.person_id, now
    dispute.answer = answer.strip()[:LONGEST]
    audit.record(
        "contest.dispute_decide",
        actor=actor,
        now=now,
        subject=f"contest:{contest.id}",
        detail={"dispute": dispute.id, "upheld": is_upheld, "alone": alone},
    )
    if is_upheld:
        work_out_anew(contest, dispute.answer, actor=actor, now=now)
    else:
        contest.change += 1
    tell(contest, dispute.opened_by_id, _news(contest, dispute), now)
    return contest


def _news(contest: Contest, dispute: Dispute) -> News:
    if dispute.state == "upheld":
        outcome = "You were right: the result is worked out anew and stays provisional meanwhile."
    else:
        outcome = "The result stands."
    return News(
        key=f"doubt_answered:{dispute.id}",
        subject=f"Your doubt about {contest.title}: the answer",
        lines=(outcome, f"The answer: {dispute.answer}"),
        why="You get this because you asked.",
    )
