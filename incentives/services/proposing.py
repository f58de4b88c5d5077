"""Awards people propose for a deed outside any contest: asked by one, answered by another.

The matrix lets a manager propose within the team, a director below them, sales operations for
anybody (`points.manual_grant`, two people); whoever may approve answers. Nobody proposes for
themselves, nor for who approved an award of their own within the week.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import audit, ledger
from core.db import db
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import Actor
from incentives import access
from incentives.models import Award
from incentives.queries import proposals
from incentives.rules.awards import AwardState
from incentives.services import award_steps
from incentives.services.award_steps import Proposal
from incentives.services.budgets import budget_code
from programme import queries as programmes

RETURN_AFTER = timedelta(days=7)
LONGEST_REASON = 500


@dataclass(frozen=True, kw_only=True)
class Ask:
    """An award as the form asks for it: for whom, what, for which deed, worth how much."""

    who: str
    title: str
    reason: str
    amount_minor: int
    request_key: str


def ask(wanted: Ask, *, actor: Actor, now: datetime) -> Award:
    """Propose an award for somebody the actor's right reaches. The same request key asks once."""
    today = now.date()
    person_id = proposals.person_called(wanted.who.strip())
    if person_id is None or not access.reaches_person(
        actor, "points.manual_grant", person_id, today
    ):
        raise NotFound(
            "There is nobody of this name you may propose an award for.",
            field="who",
            fix="Write their mail address or their id in the directory.",
        )
    if person_id == actor.person_id:
        raise NotAllowed("Nobody proposes an award for themselves.", field="who")
    if proposals.approved_for(actor.person_id or 0, person_id, now - RETURN_AFTER):
        raise NotAllowed(
            "They said yes to an award of yours within the last seven days: thank them later.",
            field="who",
        )
    if len(wanted.reason.strip()) > LONGEST_REASON:
        raise Invalid(f"Say it in {LONGEST_REASON} characters.", field="reason")
    award = award_steps.propose(
        Proposal(
            person_id=person_id,
            title=wanted.title,
            reason=wanted.reason,
            amount_minor=wanted.amount_minor,
            currency=proposals.currency(),
            request_key=wanted.request_key,
        ),
        actor=actor,
        now=now,
    )
    award_steps.tell(
        award,
        "asked",
        proposals.approvers(award, today),
        subject=f"An award waits for your yes: {award.title}",
        lines=(f"{actor.name} proposes it: {award.reason}", "It is kept for 14 days."),
        why="You get this because you may say yes to it.",
        now=now,
    )
    return award


def is_alone(award_id: int, actor: Actor, now: datetime) -> bool:
    """Whether the actor proposed it and nobody else could answer."""
    award = db.session.get(Award, award_id)
    if award is None or award.proposed_by_id != actor.person_id:
        return False
    return not proposals.approvers(award, now.date())


def decide(award_id: int, *, is_yes: bool, reason: str = "", actor: Actor, now: datetime) -> Award:
    """Answer a proposal: give the award, or say why not.

    Where nobody but its proposer could answer, their own word is taken and recorded as such
    (CONTESTS, Settled).
    """
    award = db.session.get(Award, award_id)
    if award is None or award.contest_id is not None or award.person_id is None:
        raise NotFound("There is no such proposal.")
    if not access.reaches_person(actor, "points.approve_grant", award.person_id, now.date()):
        raise NotFound("There is no such proposal.")
    if award.state != AwardState.PENDING_APPROVAL:
        raise Conflict("This proposal was answered already.", code="wrong_state")
    if actor.person_id == award.person_id:
        raise NotAllowed("Who gets an award does not decide on it.")
    was_alone = is_alone(award_id, actor, now)
    if not is_yes:
        return award_steps.reject(award_id, reason, actor=actor, now=now)
    if was_alone:
        audit.record("award.second_missing", actor=actor, now=now, subject=f"award:{award_id}")
    _fund(award, actor, now)
    return award_steps.approve(award_id, actor=actor, now=now, was_alone=was_alone)


def _fund(award: Award, actor: Actor, now: datetime) -> None:
    """Take the money out of the programme's prize budget, where sales operations set one."""
    programme = programmes.default()
    if not award.amount_minor or programme is None or programme.currency != award.currency:
        return
    source, pot = budget_code(programme), award_steps.purse_of(award)
    if not proposals.is_capped(source):
        return
    ledger.open_account(pot, award.currency)
    ledger.book(
        f"fund:{award.entry_key}",
        [(source, -award.amount_minor), (pot, award.amount_minor)],
        memo=f"Award {award.id} out of the prize budget",
        now=now,
        actor=actor,
    )
