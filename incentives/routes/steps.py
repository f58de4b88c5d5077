"""The page of a contest's difficult steps: call off, leave out, take back in, let off, amend.

Steps that take two people wait here for the second one.
"""

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.errors import Invalid, NotFound, PennantError
from core.guards import current_actor, guard
from core.policy import Actor
from incentives import access
from incentives.models import Contest
from incentives.queries import ceremony as ceremonies
from incentives.queries import life, steering
from incentives.routes.blueprint import blueprint
from incentives.rules.amending import CAUSES
from incentives.rules.contests import OVER
from incentives.rules.exclusion import CODES, Move, Subject
from incentives.services import adjusting, award_steps, exclusion, together
from incentives.services import steering as steers
from incentives.services.together import Outcome

AWARD_ACTION = "award.reverse"


@blueprint.get("/contests/<slug>/steps")
@guard("contest.audit_view")
def steps(slug: str) -> ResponseReturnValue:
    """What waits for somebody, who is left out, what can be done, and who has to say yes."""
    return _page(slug)


def _page(slug: str, preview: tuple[str, tuple[Move, ...]] | None = None) -> str:
    actor, moment = current_actor(), now()
    contest = access.contest_to(actor, "contest.audit_view", slug, moment.date())
    covered = _is_covered(actor, contest)
    return render_template(
        "incentives/steps.html",
        contest=contest,
        time_zone=ceremonies.zone_of_contest(contest),
        may={verb: _offers(actor, contest, verb) for verb in together.VERBS}
        | {
            "restore": access.may(actor, "contest.restore", contest, moment.date()),
            "waive": access.may(actor, "contest.finalise", contest, moment.date()),
        },
        seconds={verb: _seconds(actor, contest, verb) for verb in together.VERBS},
        waiting=steering.waiting(
            contest, actor.person_id, {verb: each.words for verb, each in together.VERBS.items()}
        ),
        silent=life.silent_sources(contest),
        waivers=life.waivers(contest.id),
        left_out=steering.left_out(contest),
        awards=() if covered else steering.award_rows(contest),
        names=steering.racing_names(contest),
        codes=list(CODES.items()),
        causes=list(CAUSES.items()),
        preview=None if covered else preview,
        is_covered=covered,
        given=request.form,
    )


def _is_covered(actor: Actor, contest: Contest) -> bool:
    """Nothing on this page tells places or winners before everybody may know them (case 36)."""
    return steering.is_covered(contest, now()) and not access.sees_through_freeze(actor)


def _offers(actor: Actor, contest: Contest, verb: str) -> bool:
    """Whether this actor and this state allow the step; the services check again."""
    if not access.may(actor, together.VERBS[verb].action, contest, now().date()):
        return False
    if verb == "cancel":
        return contest.state not in OVER | {"computing"}
    if verb == "disqualify":
        return contest.state in exclusion.OPEN | {"final"}
    return contest.state == "final"


def _seconds(actor: Actor, contest: Contest, verb: str) -> str:
    """How many people it takes here, in words."""
    kind = together.VERBS[verb]
    if not kind.takes_two(contest, None):
        return "Your word is enough: no money is at stake."
    others = access.second_people(actor, kind.action, contest, now().date())
    if not others:
        return "It takes two people, and nobody else may: your word alone is recorded as such."
    return "It takes two people: somebody else has to confirm it before anything changes."


def _answer(slug: str, take: Callable[[], Outcome | None], done: str) -> ResponseReturnValue:
    """Take a step in one transaction and say on the page what became of it."""
    try:
        with transaction():
            outcome = take()
    except PennantError as refused:
        if refused.status in {403, 404}:
            raise
        flash(f"{refused.message} {refused.fix or ''}".strip(), "late")
    else:
        flash(_said(outcome, done))
    return redirect(url_for("incentives.steps", slug=slug))


def _said(outcome: Outcome | None, done: str) -> str:
    if outcome is None or (outcome.is_taken and not outcome.was_alone):
        return done
    if outcome.was_alone:
        return f"{done} Nobody else could confirm it; that is on record."
    return f"Asked. It waits for one of: {', '.join(outcome.waits_for)}."


def _reason() -> str:
    """The one reason of the form that was sent; each form on the page names its own field."""
    given = (text for name, text in request.form.items() if name.startswith("reason"))
    return next(given, "")


@blueprint.post("/contests/<slug>/steps/cancel")
@guard("contest.cancel")
def steps_cancel(slug: str) -> ResponseReturnValue:
    """Call the contest off, with a second person where money is at stake."""
    actor, moment = current_actor(), now()
    return _answer(
        slug,
        lambda: together.do("cancel", slug, actor=actor, now=moment, reason=_reason()),
        "Called off. Everybody in it is told.",
    )


@blueprint.post("/contests/<slug>/steps/leave-out")
@guard("contest.disqualify")
def steps_disqualify(slug: str) -> ResponseReturnValue:
    """Leave a person or a team out, or only look at what that would do."""
    actor, moment = current_actor(), now()
    contest = access.contest_to(actor, "contest.disqualify", slug, moment.date())
    try:
        subject = exclusion.subject_named(request.form.get("who", "").strip())
        if request.form.get("do") == "preview":
            exclusion.check(contest, subject, next(iter(CODES)), "preview")
            found = exclusion.preview(contest, subject, moment)
            return _page(slug, ("leave-out", found.moves))
    except (Invalid, NotFound) as refused:
        flash(refused.message, "late")
        return redirect(url_for("incentives.steps", slug=slug))
    return _answer(
        slug,
        lambda: together.do(
            "disqualify",
            slug,
            actor=actor,
            now=moment,
            reason=_reason(),
            terms=_terms(subject) | {"code": request.form.get("code", "")},
        ),
        "Left out. Places are worked out without them; this can be undone.",
    )


def _terms(subject: Subject) -> dict[str, object]:
    if subject.person_id is not None:
        return {"person_id": subject.person_id}
    return {"team_id": subject.team_id}


@blueprint.post("/contests/<slug>/steps/restore/<int:left_out_id>")
@guard("contest.restore")
def steps_restore(slug: str, left_out_id: int) -> ResponseReturnValue:
    """Take somebody back in."""
    actor, moment = current_actor(), now()
    contest = access.contest_to(actor, "contest.restore", slug, moment.date())
    if left_out_id not in {row.id for row in life.disqualifications(contest.id)}:
        raise NotFound("Nobody was left out under this number.")

    def take() -> None:
        exclusion.restore(left_out_id, _reason(), actor=actor, now=moment)

    return _answer(slug, take, "Back in. The standings are what they would have been.")


@blueprint.post("/contests/<slug>/steps/waive")
@guard("contest.finalise")
def steps_waive(slug: str) -> ResponseReturnValue:
    """Let a silent source off reporting."""
    actor, moment = current_actor(), now()
    contest = access.contest_to(actor, "contest.finalise", slug, moment.date())
    source = request.form.get("source", "")

    def take() -> None:
        steers.waive_source(contest.id, source, _reason(), actor=actor, now=moment)

    return _answer(slug, take, f"{source} is not waited for any more.")


@blueprint.post("/contests/<slug>/steps/amend")
@guard("contest.reopen_adjust")
def steps_adjust(slug: str) -> ResponseReturnValue:
    """Amend a final result, or only look at what that would change."""
    actor, moment = current_actor(), now()
    cause = request.form.get("cause", "")
    if request.form.get("do") == "preview" and cause in CAUSES:
        contest = access.contest_to(actor, "contest.reopen_adjust", slug, moment.date())
        return _page(slug, ("amend", adjusting.preview(contest, cause, moment)))
    return _answer(
        slug,
        lambda: together.do(
            "adjust", slug, actor=actor, now=moment, reason=_reason(), terms={"cause": cause}
        ),
        "Amended. Everybody whose place or award changed is told.",
    )


@blueprint.post("/contests/<slug>/steps/awards/<int:award_id>")
@guard(AWARD_ACTION)
def steps_award(slug: str, award_id: int) -> ResponseReturnValue:
    """Release, drop or take back an award."""
    actor, moment = current_actor(), now()
    contest = access.contest_to(actor, AWARD_ACTION, slug, moment.date())
    if award_id not in {row.id for row in steering.award_rows(contest)}:
        raise NotFound("There is no such award.")
    verb = request.form.get("do", "")
    if verb == "release":

        def take() -> None:
            award_steps.release(award_id, actor=actor, now=moment)

        return _answer(slug, take, "Released and given.")
    if verb not in {"drop", "reverse"}:
        raise NotFound("There is no such step.")
    return _answer(
        slug,
        lambda: together.do(
            verb, slug, actor=actor, now=moment, reason=_reason(), award_id=award_id
        ),
        "Dropped." if verb == "drop" else "Taken back, by a reversal of equal size.",
    )


@blueprint.post("/contests/<slug>/steps/second/<int:request_id>")
@guard("contest.cancel")
def steps_second(slug: str, request_id: int) -> ResponseReturnValue:
    """Confirm, refuse or withdraw what waits for a second person."""
    actor, moment = current_actor(), now()
    contest = access.contest_to(actor, "contest.audit_view", slug, moment.date())
    if request_id not in {row.id for row in life.open_seconds(contest.id)}:
        raise NotFound("Nothing waits under this number.")
    is_yes = request.form.get("yes") == "1"

    def take() -> None:
        together.settle(request_id, is_yes=is_yes, actor=actor, now=moment)

    return _answer(slug, take, "Confirmed and done." if is_yes else "It will not be done.")
