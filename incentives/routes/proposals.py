"""The page of proposed awards: who is proposed for what, and a yes or a no by somebody else."""

from datetime import datetime
from secrets import token_hex

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.errors import NotAllowed, PennantError
from core.guards import current_actor, guard
from core.policy import Actor, Scope, scope_of
from incentives import access
from incentives.forms import proposals as forms
from incentives.queries import proposals
from incentives.queries.proposals import Proposed
from incentives.routes.blueprint import blueprint
from incentives.services import proposing
from incentives.services.proposing import Ask

PROPOSE, APPROVE = "points.manual_grant", "points.approve_grant"
LONGEST_KEY = 32


def may_look(actor: Actor) -> bool:
    """Whether the page has anything for this reader: they may propose or answer."""
    return any(scope_of(actor, action) is not Scope.NONE for action in (PROPOSE, APPROVE))


def to_answer(actor: Actor, moment: datetime) -> tuple[Proposed, ...]:
    """The open proposals this reader may say yes or no to."""
    if scope_of(actor, APPROVE) is Scope.NONE:
        return ()
    waiting = proposals.proposals(only_open=True)
    reached = access.within(actor, APPROVE, {each.person_id for each in waiting}, moment.date())
    return tuple(
        each
        for each in waiting
        if each.person_id in reached
        and each.person_id != actor.person_id
        and (each.by_id != actor.person_id or proposing.is_alone(each.id, actor, moment))
    )


@blueprint.get("/awards/proposed")
@guard("recog.wall_view")
def proposed() -> ResponseReturnValue:
    """Awards that wait for an answer, and a form to propose one."""
    return _page({}, {})


def _page(given: dict[str, str], errors: dict[str, str]) -> str:
    actor, moment = current_actor(), now()
    if not may_look(actor):
        raise NotAllowed("Awards are proposed by who leads people, and answered by sales ops.")
    waiting = to_answer(actor, moment)
    return render_template(
        "incentives/proposed.html",
        waiting=waiting,
        mine=proposals.proposals(by_id=actor.person_id) if actor.person_id is not None else (),
        reader_id=actor.person_id,
        may_propose=scope_of(actor, PROPOSE) is not Scope.NONE,
        whom={Scope.ALL: "Anybody in the directory.", Scope.TREE: "Anybody below you."}.get(
            scope_of(actor, PROPOSE), "Anybody on a team you lead."
        ),
        currency=proposals.currency(),
        given=given,
        errors=errors,
        request_key=given.get("request_key") or token_hex(8),
    )


@blueprint.post("/awards/proposed")
@guard(PROPOSE)
def propose() -> ResponseReturnValue:
    """Propose an award for somebody."""
    given = request.form.to_dict()
    try:
        wanted = Ask(
            who=given.get("who", ""),
            title=forms.title(given),
            reason=forms.reason(given),
            amount_minor=forms.amount(given, proposals.currency()),
            request_key=given.get("request_key", "")[:LONGEST_KEY] or token_hex(8),
        )
        with transaction():
            proposing.ask(wanted, actor=current_actor(), now=now())
    except PennantError as refused:
        said = f"{refused.message} {refused.fix or ''}".strip()
        return _page(given, {refused.field or "who": said}), 422
    flash("Proposed. Somebody else answers within 14 days.")
    return redirect(url_for("incentives.proposed"))


@blueprint.post("/awards/proposed/<int:award_id>")
@guard(APPROVE)
def answer_proposal(award_id: int) -> ResponseReturnValue:
    """Give a proposed award, or say why not."""
    is_yes = request.form.get("do") == "confirm"
    try:
        with transaction():
            proposing.decide(
                award_id,
                is_yes=is_yes,
                reason=request.form.get(f"reason_{award_id}", "")[:500],
                actor=current_actor(),
                now=now(),
            )
    except PennantError as refused:
        if refused.status == 404:
            raise
        flash(f"{refused.message} {refused.fix or ''}".strip(), "late")
    else:
        flash("Given. They get a letter." if is_yes else "Not given. Its proposer reads why.")
    return redirect(url_for("incentives.proposed"))
