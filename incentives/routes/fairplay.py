"""The fair-play page and its desk: rules anybody can check, and decisions somebody free takes."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import now
from core.db import transaction
from core.errors import Invalid, NotFound, PennantError
from core.guards import current_actor, guard
from core.policy import Actor, Role, Scope, scope_of
from incentives import access
from incentives.forms import fairplay as forms
from incentives.models import Contest, ReviewFlag
from incentives.queries import desk, documents, fairplay
from incentives.queries.documents import Reader
from incentives.routes.blueprint import blueprint
from incentives.rules.contests import State
from incentives.rules.detectors import Detector, words
from incentives.rules.fairplay import REVIEWED, TIE_WORDS, doubts_until, tie_of
from incentives.services import claims, review
from incentives.services.claims import Missing

log = logging.getLogger("pennant.fairplay")
MOST_LISTED = 200


@dataclass(frozen=True)
class Replay:
    """The standings at a chosen instant, or why they cannot be shown."""

    at: datetime | None = None
    typed: str = ""
    rows: tuple[dict[str, object], ...] = ()
    is_covered: bool = False
    error: str = ""


@blueprint.get("/contests/<slug>/fair-play")
@guard("contest.rules_view")
def fair_play(slug: str) -> ResponseReturnValue:
    """Is it fair? Rules and their hash, eligibility, signatures, holds, replay, revisions."""
    actor, moment = current_actor(), now()
    found = access.visible_contest(actor, slug, moment.date())
    zone = desk.zone_name(actor.person_id, found)
    is_covered = desk.is_covered(found, _reader(actor), moment)
    late, held = fairplay.late_events(found), fairplay.held_counts(found)
    flags, waiting = _flags(actor, found, moment), fairplay.waiting(found.id)
    own = actor.person_id or 0
    return render_template(
        "incentives/fairplay.html",
        contest=found,
        zone=zone,
        rules=desk.rules_of(found),
        may=_may(actor, found, moment),
        waiting=waiting,
        is_unsigned=fairplay.is_unsigned(found, waiting, moment)
        and scope_of(actor, "contest.finalise") is Scope.ALL,
        flags=desk.flag_rows(flags),
        claims=_claims(actor, found, moment),
        doubts=desk.doubts_of(found.id, None if _decides(actor, found, moment) else own),
        claims_until=claims.until_of(found),
        doubts_until=doubts_until(found.provisional_at),
        kinds=_kinds(found),
        eligible=_eligible(actor, found, moment),
        signatures=desk.signatures(found, with_names=_sees_names(actor, found, moment)),
        revisions=desk.revisions(found, with_places=not is_covered),
        replay=_replay(actor, found, zone, moment),
        held={"events": sum(held.values()), "people": len(held), "own": held.get(own, 0)},
        late={"events": sum(late.values()), "people": len(late), "own": late.get(own, 0)},
        is_covered=is_covered,
        typed_now=forms.typed_as(moment, zone),
        starts=forms.typed_as(found.starts_at, zone),
        ends=forms.typed_as(min(found.ends_at, moment), zone),
        now=moment,
    )


def _may(actor: Actor, found: Contest, moment: datetime) -> dict[str, bool]:
    """What the page offers this reader."""
    until = doubts_until(found.provisional_at)
    is_open = found.state == State.PROVISIONAL and until is not None and moment <= until
    in_time = found.state in claims.TAKEN_IN and moment <= claims.until_of(found)
    stakes = fairplay.stakes(found) if actor.role is Role.REP and in_time else None
    return {
        "review": scope_of(actor, "event.hold") is not Scope.NONE,
        "claim": stakes is not None and actor.person_id in stakes.takes_part,
        "doubt": is_open and scope_of(actor, "contest.dispute_open") is not Scope.NONE,
        "decide": _decides(actor, found, moment),
        "names": _sees_names(actor, found, moment),
    }


def _decides(actor: Actor, found: Contest, moment: datetime) -> bool:
    return scope_of(actor, "contest.dispute_decide") is not Scope.NONE and access.may(
        actor, "contest.dispute_decide", found, moment.date()
    )


def _sees_names(actor: Actor, found: Contest, moment: datetime) -> bool:
    return access.may(actor, "contest.audit_view", found, moment.date())


def _flags(actor: Actor, found: Contest, moment: datetime) -> tuple[ReviewFlag, ...]:
    """The flags this reader may look into: of everybody, or of those below them."""
    if scope_of(actor, "event.hold") is Scope.NONE:
        return ()
    flags = fairplay.flags(found.id)
    reached = access.within(actor, "event.hold", {flag.person_id for flag in flags}, moment.date())
    return tuple(flag for flag in flags if flag.person_id in reached)


def _claims(actor: Actor, found: Contest, moment: datetime) -> list[dict[str, object]]:
    """Open claims for those who answer, one's own for a rep."""
    every = fairplay.claims(found.id)
    reached = access.within(
        actor, "contest.dispute_decide", {claim.person_id for claim in every}, moment.date()
    )
    shown = [c for c in every if c.person_id == actor.person_id or c.person_id in reached]
    names = desk.names_of({claim.person_id for claim in shown})
    return [
        {
            "claim": claim,
            "name": names.get(claim.person_id, ""),
            "is_own": claim.person_id == actor.person_id,
            "may_answer": claim.person_id in reached and claim.state == "open",
        }
        for claim in shown
    ]


def _kinds(found: Contest) -> list[tuple[str, str]]:
    rules = fairplay.spec_of(found).rules
    return [(kind, kind.replace("_", " ").capitalize()) for kind in sorted(rules)]


def _eligible(actor: Actor, found: Contest, moment: datetime) -> dict[str, object]:
    """Own person for reps, own teams for leads, everybody by unit for sales operations (case 8)."""
    units: tuple[tuple[int, str], ...] = ()
    unit_id: int | None = None
    if actor.role is Role.SALES_OPS:
        units = desk.units_of(found)
        asked = request.args.get("unit", "")
        known = {str(ident): ident for ident, _ in units}
        unit_id = known.get(asked, units[0][0] if units else None)
        people = desk.people_of_unit(found, unit_id) if unit_id is not None else frozenset()
    else:
        people = access.eligibility_of(actor, found, moment.date())
    rows = desk.eligible(found, people, unit_id=unit_id) if people else ()
    return {
        "rows": rows[:MOST_LISTED],
        "more": len(rows) - MOST_LISTED,
        "units": units,
        "unit": unit_id,
    }


def _replay(actor: Actor, found: Contest, zone: str, moment: datetime) -> Replay:
    """The standings at the instant asked for, as this reader may see them (case 36)."""
    typed = request.args.get("at", "")
    try:
        at = _instant(typed, found, zone, moment)
    except Invalid as refused:
        return Replay(typed=typed, error=f"{refused.message} {refused.fix or ''}".strip())
    if at is None:
        return Replay()
    reader = _reader(actor)
    answer = documents.standings(found, reader, as_of=at, now=moment)
    rows = answer["rows"]
    is_covered = desk.is_covered(found, reader, at)
    return Replay(at, typed, tuple(rows) if isinstance(rows, list) else (), is_covered)


def _reader(actor: Actor) -> Reader:
    return Reader(actor.person_id, access.sees_through_freeze(actor), access.sees_everybody(actor))


def _instant(typed: str, found: Contest, zone: str, moment: datetime) -> datetime | None:
    at = forms.moment_from(typed, zone, field="at")
    if at is not None and not found.created_at <= at <= moment:
        raise Invalid("Choose a moment between the first draft and now.", field="at")
    return at


@blueprint.get("/contests/<slug>/fair-play/rules.json")
@guard("contest.rules_view")
def rules_text(slug: str) -> ResponseReturnValue:
    """The exact bytes the rules' hash is taken of: `sha256sum` of them gives the hash shown."""
    found = access.visible_contest(current_actor(), slug, now().date())
    answer = Response(desk.rules_of(found).text, mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.slug}-rules.json"'
    return answer


@blueprint.get("/contests/<slug>/fair-play/signs/<int:flag_id>")
@guard("event.hold")
def sign(slug: str, flag_id: int) -> ResponseReturnValue:
    """What was seen, with the events behind it on a line of time, and the two decisions."""
    actor, moment = current_actor(), now()
    found, flag = _flag(actor, slug, flag_id, moment)
    # Who read whose events is written down (matrix, event.raw_of_person).
    log.info("events of flag %s were read by person %s", flag.id, actor.person_id)
    zone = desk.zone_name(flag.person_id, found)
    evidence = fairplay.evidence_of(found, flag)
    tie = tie_of(actor.person_id, fairplay.stakes(found), about=flag.person_id)
    return render_template(
        "incentives/fairplay_sign.html",
        contest=found,
        flag=flag,
        words=words(Detector(flag.detector), flag.numbers),
        name=desk.names_of({flag.person_id}).get(flag.person_id, ""),
        deciders=desk.names_of({flag.looked_by_id or 0, flag.ruled_by_id or 0}),
        evidence=evidence,
        numbers={key: number for number, key in enumerate(_keys(flag))},
        moments={each.key: desk.moment_words(each.occurred_at, zone) for each in evidence},
        marks=desk.timeline([each.occurred_at for each in evidence], zone),
        tie="" if tie is None else TIE_WORDS[tie],
        is_over=found.state not in REVIEWED,
        zone=zone,
        reader_zone=desk.zone_name(actor.person_id, found),
    )


def _flag(actor: Actor, slug: str, flag_id: int, moment: datetime) -> tuple[Contest, ReviewFlag]:
    """A flag this actor may decide on; hidden and missing look the same."""
    found = access.visible_contest(actor, slug, moment.date())
    flag = next((each for each in fairplay.flags(found.id) if each.id == flag_id), None)
    if flag is None or not access.reaches_person(
        actor, "event.hold", flag.person_id, moment.date()
    ):
        raise NotFound("There is no such sign.")
    return found, flag


def _keys(flag: ReviewFlag) -> list[tuple[str, str]]:
    return sorted(fairplay.keys_of(flag.evidence))


@blueprint.post("/contests/<slug>/fair-play/signs/<int:flag_id>")
@guard("event.hold")
def decide_sign(slug: str, flag_id: int) -> ResponseReturnValue:
    """Hold the events ticked, clear the sign, release what is held or let it stay out."""
    actor, moment = current_actor(), now()
    _, flag = _flag(actor, slug, flag_id, moment)
    reason, wanted = request.form.get("reason", ""), request.form.get("do", "")
    keys = forms.chosen(request.form.getlist("event"), _keys(flag))
    verbs: dict[str, Callable[[], object]] = {
        "hold": lambda: review.hold(flag_id, reason, keys=keys, actor=actor, now=moment),
        "clear": lambda: review.clear(flag_id, reason, actor=actor, now=moment),
        "release": lambda: review.rule(flag_id, reason, is_upheld=False, actor=actor, now=moment),
        "uphold": lambda: review.rule(flag_id, reason, is_upheld=True, actor=actor, now=moment),
    }
    _do(verbs.get(wanted), DONE.get(wanted, ""))
    return redirect(url_for("incentives.sign", slug=slug, flag_id=flag_id))


DONE = {
    "hold": "Held. These events leave the score until you decide.",
    "clear": "Cleared. These events raise this no more.",
    "release": "Released. The events count again.",
    "uphold": "They stay out. The rep is told.",
}


def _do(verb: Callable[[], object] | None, done: str) -> None:
    """Take a decision in a transaction of its own, and say how it went."""
    if verb is None:
        flash("Choose what to do.", "late")
        return
    try:
        with transaction():
            verb()
    except PennantError as refused:
        if refused.status == NotFound.status:
            raise
        flash(f"{refused.message} {refused.fix or ''}".strip(), "late")
    else:
        flash(done)


@blueprint.post("/contests/<slug>/fair-play/claims")
@guard("contest.dispute_open")
def claim(slug: str) -> ResponseReturnValue:
    """Say that a use of one's own is missing."""
    actor, moment = current_actor(), now()
    found = access.visible_contest(actor, slug, moment.date())
    zone = desk.zone_name(actor.person_id, found)

    def send() -> None:
        given = request.form
        at = forms.moment_from(given.get("occurred_at", ""), zone, field="occurred_at")
        if at is None:
            raise Invalid("Say when it was.", field="occurred_at")
        missing = Missing(
            kind=given.get("kind", ""),
            occurred_at=at,
            text=given.get("text", ""),
            object_id=given.get("object_id", "").strip()[:200] or None,
        )
        claims.open_claim(found.id, missing, actor=actor, now=moment)

    _do(send, "Thank you. Somebody who is not in this contest looks at it and answers you.")
    return redirect(url_for("incentives.fair_play", slug=slug) + "#claims")


@blueprint.post("/contests/<slug>/fair-play/claims/<int:claim_id>")
@guard("contest.dispute_decide")
def answer_claim(slug: str, claim_id: int) -> ResponseReturnValue:
    """Answer a claim: the use is added, or it is not."""
    actor, moment = current_actor(), now()
    found = access.visible_contest(actor, slug, moment.date())
    one = next((each for each in fairplay.claims(found.id) if each.id == claim_id), None)
    if one is None or not access.reaches_person(
        actor, "contest.dispute_decide", one.person_id, moment.date()
    ):
        raise NotFound("There is no such claim.")
    is_accepted = request.form.get("accept") == "1"
    answer = request.form.get("answer", "")
    _do(
        lambda: claims.decide_claim(
            claim_id, is_accepted=is_accepted, answer=answer, actor=actor, now=moment
        ),
        "Answered. The rep gets a letter.",
    )
    return redirect(url_for("incentives.fair_play", slug=slug) + "#claims")
