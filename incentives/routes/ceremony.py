"""The ceremony: its stage for everybody, its notes and papers for the host, certificates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.errors import NotAllowed, NotFound, PennantError
from core.guards import current_actor, guard, public
from core.policy import Actor
from core.settings import settings
from incentives import access
from incentives.forms.ceremony import ceremony_ask, screen_asked
from incentives.models import Ceremony, Contest
from incentives.queries import ceremony as ceremonies
from incentives.queries.ceremony import Paper, Winner
from incentives.routes.blueprint import blueprint
from incentives.rules.ceremony import Act, certificate_number, may_open, may_plan, subject_of
from incentives.rules.contests import State
from incentives.services import ceremony as services

DECIDED = frozenset({State.FINAL, State.ARCHIVED})


@dataclass(frozen=True)
class Shown:
    """What a page of the ceremony shows: a screen, and the names of those that were shown.

    `position` 0 is the opening one, `total` + 1 the thanks; `steps` holds no name that is sealed.
    """

    contest: Contest
    ceremony: Ceremony | None
    position: int
    total: int
    winner: Winner | None
    following: str
    steps: tuple[str, ...]
    is_host: bool
    is_rehearsal: bool
    time_zone: str

    @property
    def is_last(self) -> bool:
        """Nothing comes after it."""
        return self.position > self.total


def _found(slug: str) -> tuple[Contest, Ceremony, bool]:
    """The contest, its ceremony and whether the reader holds it."""
    actor = current_actor()
    contest = access.visible_contest(actor, slug, now().date())
    found = ceremonies.ceremony_of(contest.id)
    if found is None:
        raise NotFound("No ceremony is planned for this contest.")
    return contest, found, access.hosts(actor, found)


def _as_host(slug: str) -> tuple[Contest, Ceremony]:
    """The same for who holds it. To others its papers look missing, so that nothing is told."""
    contest, found, is_host = _found(slug)
    if not is_host:
        raise NotFound("There is nothing at this address.")
    return contest, found


def _shown(slug: str) -> Shown:
    contest, found, is_host = _found(slug)
    zone = ceremonies.zone_of_contest(contest)
    if "rehearsal" in request.args:
        if not is_host:
            raise NotFound("There is nothing at this address.")
        winners = ceremonies.rehearsal()
        at = min(max(screen_asked(request.args), 0), len(winners) + 1)
        return _screen((contest, found, winners), at, zone, is_host=True, is_rehearsal=True)
    if found.state not in {Act.OPEN, Act.REVEALED}:
        return Shown(
            contest, found, 0, 0, None, "", (), is_host, is_rehearsal=False, time_zone=zone
        )
    screens = ceremonies.screens_of(contest)
    # Only what was shown is worked out for the stage; the host's next click brings the next name.
    seen = screens[: found.position]
    winners = ceremonies.winners(contest, seen)
    return _screen(
        (contest, found, winners), found.position, zone, is_host=is_host, total=len(screens)
    )


def _after_title(reason: str, title: str) -> str:
    """What was won, without the contest's name before it."""
    return reason.removeprefix(title).lstrip(",: ") or reason


def _screen(
    what: tuple[Contest, Ceremony, tuple[Winner, ...]],
    at: int,
    zone: str,
    *,
    is_host: bool,
    is_rehearsal: bool = False,
    total: int | None = None,
) -> Shown:
    contest, found, winners = what
    total = len(winners) if total is None else total
    return Shown(
        contest=contest,
        ceremony=found,
        position=at,
        total=total,
        winner=winners[at - 1] if 0 < at <= len(winners) else None,
        following="thank you" if at == total else "next winner" if at < total else "",
        steps=tuple(_after_title(each.reason, contest.title) for each in winners[:at]),
        is_host=is_host,
        is_rehearsal=is_rehearsal,
        time_zone=zone,
    )


@blueprint.get("/contests/<slug>/ceremony")
@guard("contest.rules_view")
def ceremony(slug: str) -> ResponseReturnValue:
    """The stage: full screen, one winner at a time, the same for everybody who looks."""
    return render_template("incentives/ceremony.html", shown=_shown(slug))


@blueprint.get("/contests/<slug>/ceremony/screen")
@guard("contest.rules_view")
def ceremony_screen(slug: str) -> ResponseReturnValue:
    """The stage alone, for polling: 204 while it shows what the reader has."""
    shown = _shown(slug)
    if shown.ceremony is not None and request.args.get("v") == str(shown.ceremony.version):
        return "", 204
    return render_template("incentives/_ceremony_stage.html", shown=shown)


@blueprint.get("/contests/<slug>/ceremony/desk")
@guard("contest.rules_view")
def ceremony_desk(slug: str) -> ResponseReturnValue:
    """Where a ceremony is planned, and from where its host reaches everything for it."""
    return _desk(slug, {}, {})


def _desk(slug: str, given: dict[str, str], errors: dict[str, str]) -> str:
    actor, today = current_actor(), now().date()
    contest = access.visible_contest(actor, slug, today)
    found = ceremonies.ceremony_of(contest.id)
    steers = access.may(actor, "contest.pause_resume", contest, today)
    is_host = found is not None and access.hosts(actor, found)
    if not steers and not is_host:
        raise NotAllowed("This ceremony is somebody else's to hold.")
    act = None if found is None else Act(found.state)
    state = State(contest.state)
    return render_template(
        "incentives/ceremony_desk.html",
        contest=contest,
        ceremony=found,
        given=given or ceremonies.plan_given(contest, found, actor.person_id),
        hosts=ceremonies.possible_hosts(contest, found, actor.person_id),
        errors=errors,
        time_zone=ceremonies.zone_of_contest(contest),
        is_host=is_host,
        may_plan=steers and may_plan(state, act),
        may_open=is_host and act is not None and may_open(state, act),
        may_call_off=steers and act in {Act.PLANNED, Act.OPEN},
        has_result=state in DECIDED,
        is_late=found is not None and found.planned_at < now(),
    )


@blueprint.post("/contests/<slug>/ceremony/plan")
@guard("contest.pause_resume")
def ceremony_plan(slug: str) -> ResponseReturnValue:
    """Plan it, or move it; from then on the results are sealed."""
    actor, moment = current_actor(), now()
    contest = access.contest_to(actor, "contest.pause_resume", slug, moment.date())
    given = request.form.to_dict()
    try:
        ask = ceremony_ask(given, ceremonies.zone_of_contest(contest))
        with transaction():
            services.plan(
                slug,
                ask.at,
                release_days=ask.release_days,
                host_id=ask.host_id,
                actor=actor,
                now=moment,
            )
    except PennantError as refused:
        field = refused.field or "planned_at"
        return _desk(slug, given, {field: f"{refused.message} {refused.fix or ''}".strip()}), 422
    flash("Planned. The result is sealed until then.")
    return redirect(url_for("incentives.ceremony_desk", slug=slug))


def _done(slug: str, verb: Callable[[Actor, datetime], object], to: str) -> ResponseReturnValue:
    """Take a step and go on; a refusal is said on the desk."""
    try:
        with transaction():
            verb(current_actor(), now())
    except PennantError as refused:
        if refused.status in {403, 404}:
            raise
        flash(f"{refused.message} {refused.fix or ''}".strip(), "late")
        return redirect(url_for("incentives.ceremony_desk", slug=slug))
    return redirect(to)


@blueprint.post("/contests/<slug>/ceremony/call-off")
@guard("contest.pause_resume")
def ceremony_call_off(slug: str) -> ResponseReturnValue:
    """Do without it: the results open at once."""
    to = url_for("incentives.contest", slug=slug)
    return _done(slug, lambda actor, at: services.call_off(slug, actor=actor, now=at), to)


@blueprint.post("/contests/<slug>/ceremony/rehearse")
@guard("contest.rules_view")
def ceremony_rehearse(slug: str) -> ResponseReturnValue:
    """Try the stage with invented names."""
    to = url_for("incentives.ceremony", slug=slug, rehearsal=1, at=0)
    return _done(slug, lambda actor, at: services.rehearse(slug, actor=actor, now=at), to)


@blueprint.post("/contests/<slug>/ceremony/open")
@guard("contest.rules_view")
def ceremony_open(slug: str) -> ResponseReturnValue:
    """Open it on its first screen."""
    to = url_for("incentives.ceremony", slug=slug)
    return _done(slug, lambda actor, at: services.begin(slug, actor=actor, now=at), to)


@blueprint.post("/contests/<slug>/ceremony/next")
@guard("contest.rules_view")
def ceremony_next(slug: str) -> ResponseReturnValue:
    """Show the next winner; a click on a screen that is gone changes nothing."""
    at_screen, to = screen_asked(request.form), url_for("incentives.ceremony", slug=slug)
    return _done(slug, lambda actor, at: services.forward(slug, at_screen, actor=actor, now=at), to)


@blueprint.post("/contests/<slug>/ceremony/back")
@guard("contest.rules_view")
def ceremony_back(slug: str) -> ResponseReturnValue:
    """Show the screen before once more."""
    at_screen, to = screen_asked(request.form), url_for("incentives.ceremony", slug=slug)
    return _done(slug, lambda actor, at: services.back(slug, at_screen, actor=actor, now=at), to)


def _notes(slug: str) -> dict[str, object]:
    contest, found = _as_host(slug)
    has_result = contest.state in DECIDED
    screens = ceremonies.screens_of(contest) if has_result else ()
    return {
        "contest": contest,
        "ceremony": found,
        "winners": ceremonies.winners(contest, screens),
        "has_result": has_result,
        "time_zone": ceremonies.zone_of_contest(contest),
    }


@blueprint.get("/contests/<slug>/ceremony/notes")
@guard("contest.rules_view")
def ceremony_notes(slug: str) -> ResponseReturnValue:
    """The presenter's window: what is on screen, what to say, what comes next."""
    return render_template("incentives/ceremony_notes.html", **_notes(slug))


@blueprint.get("/contests/<slug>/ceremony/notes/part")
@guard("contest.rules_view")
def ceremony_notes_part(slug: str) -> ResponseReturnValue:
    """The notes alone, which keep in step with the stage; 204 while they do."""
    _, found = _as_host(slug)
    if request.args.get("v") == str(found.version):
        return "", 204
    return render_template("incentives/_ceremony_notes.html", **_notes(slug))


@blueprint.get("/contests/<slug>/ceremony/run-sheet")
@guard("contest.rules_view")
def ceremony_run_sheet(slug: str) -> ResponseReturnValue:
    """The evening on paper: order, names as they are read out, what each did."""
    return render_template("incentives/runsheet.html", **_notes(slug))


@blueprint.get("/contests/<slug>/ceremony/certificates")
@guard("contest.rules_view")
def ceremony_certificates(slug: str) -> ResponseReturnValue:
    """Every certificate, one a page; of the teams, or of each person by name."""
    contest, found = _as_host(slug)
    for_people = request.args.get("for") == "people"
    papers = ceremonies.papers(contest, for_people=for_people) if contest.state in DECIDED else ()
    return render_template(
        "incentives/certificates.html",
        contest=contest,
        ceremony=found,
        papers=[(paper, number_of(paper)) for paper in papers],
        signer=ceremonies.signer(contest, found),
        verify_at=f"{settings().base_url}/verify/",
        for_people=for_people,
    )


def number_of(paper: Paper) -> str:
    """The paper's number."""
    return certificate_number(paper.subject, settings().secret_key.encode())


@blueprint.get("/verify/")
@blueprint.get("/verify/<number>")
@public
def verify(number: str = "") -> ResponseReturnValue:
    """Whether a certificate's number is genuine; nothing else, whoever asks."""
    asked = (number or request.args.get("number", ""))[:60]
    subject = subject_of(asked, settings().secret_key.encode())
    is_genuine = subject is not None and ceremonies.is_given(subject)
    page = render_template("incentives/certificate_verify.html", asked=asked, genuine=is_genuine)
    return page, 200 if is_genuine or not asked else 404
