"""Holding a ceremony: plan it, rehearse it, open it, show one winner after the other, end it.

While it seals, nobody is told anything: an award's letters are posted at its reveal, everybody
else's once all winners were shown. Every reveal is a row under a key, so it happens once.
"""

from collections.abc import Collection
from datetime import datetime

from core import audit
from core.db import db, insert_missing, lock_row
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import SYSTEM, Actor
from incentives import access
from incentives.models import Award, Ceremony, CeremonyReveal, Contest
from incentives.queries import ceremony as ceremonies
from incentives.rules.ceremony import (
    Act,
    Screen,
    after_next,
    before,
    is_forgotten,
    may_open,
    may_plan,
    seals,
)
from incentives.rules.contests import State
from incentives.services import awards
from incentives.services.steps import locked
from leaderboard import services as boards


def plan(
    slug: str,
    at: datetime,
    *,
    release_days: int = 7,
    host_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> Ceremony:
    """Plan the ceremony, or move it; from now on its results are sealed.

    Raises Conflict outside approval to before the decision, Invalid for a moment before the end.
    """
    contest = _to_run(slug, actor, now)
    found = ceremonies.ceremony_of(contest.id)
    if not may_plan(State(contest.state), None if found is None else Act(found.state)):
        raise Conflict(
            "A ceremony is planned between approval and the decision.",
            code="wrong_state",
            fix="Show the winners without one: the results stand on the contest's page.",
        )
    if at <= contest.ends_at:
        raise Invalid("A ceremony comes after the contest's end.", field="planned_at")
    host = host_id if host_id is not None else actor.person_id
    if found is None:
        found = Ceremony(contest_id=contest.id, planned_at=at, host_id=host)
        db.session.add(found)
    found.planned_at, found.host_id, found.release_days = at, host, release_days
    found.state, found.over_at = Act.PLANNED.value, None
    found.version += 1
    contest.change += 1
    boards.cover(contest.board_id, contest.ends_at)
    boards.keep_snapshot_if_due(contest.board_id, now)
    db.session.flush()
    _note("plan", contest, actor, now, at=at.isoformat(), release_days=release_days)
    return found


def _to_run(slug: str, actor: Actor, now: datetime) -> Contest:
    """The contest, for who runs it, held until the transaction ends."""
    return locked(access.contest_to(actor, "contest.pause_resume", slug, now.date()).id)


def _note(step: str, contest: Contest, actor: Actor, now: datetime, **detail: object) -> None:
    subject = f"contest:{contest.id}"
    audit.record(f"ceremony.{step}", actor=actor, now=now, subject=subject, detail=detail)


def call_off(slug: str, *, actor: Actor, now: datetime) -> None:
    """Do without a ceremony: the results open, everybody is told."""
    contest = _to_run(slug, actor, now)
    found = _held(contest)
    if seals(Act(found.state)):
        _end(contest, found, Act.RELEASED, actor, now)


def _held(contest: Contest) -> Ceremony:
    """The ceremony, held until the transaction ends; its contest is held before it."""
    known = ceremonies.ceremony_of(contest.id)
    found = None if known is None else lock_row(Ceremony, known.id)
    if found is None:
        raise NotFound("No ceremony is planned for this contest.")
    return found


def _to_host(slug: str, actor: Actor, now: datetime) -> tuple[Contest, Ceremony]:
    contest = locked(access.visible_contest(actor, slug, now.date()).id)
    found = _held(contest)
    if not access.hosts(actor, found):
        raise NotAllowed("This ceremony is somebody else's to hold.")
    return contest, found


def rehearse(slug: str, *, actor: Actor, now: datetime) -> None:
    """Note that it was tried with invented names; nothing else happens."""
    contest, found = _to_host(slug, actor, now)
    found.rehearsed_at = now
    _note("rehearse", contest, actor, now)


def begin(slug: str, *, actor: Actor, now: datetime) -> Ceremony:
    """Open the ceremony on its first screen; a second time changes nothing."""
    contest, found = _to_host(slug, actor, now)
    if found.state == Act.OPEN:
        return found
    if not may_open(State(contest.state), Act(found.state)):
        raise Conflict(
            "A ceremony opens once its contest is decided, and once only.",
            code="wrong_state",
            fix="Rehearse it meanwhile.",
        )
    found.state, found.opened_at, found.position = Act.OPEN.value, now, 0
    found.version += 1
    _note("open", contest, actor, now)
    return found


def forward(slug: str, asked_from: int, *, actor: Actor, now: datetime) -> Ceremony:
    """Show the next screen and reveal who is on it; over with the last winner."""
    contest, found = _to_host(slug, actor, now)
    _check_shown(found)
    screens = ceremonies.screens_of(contest)
    position = after_next(found.position, asked_from, len(screens))
    if position == found.position:
        return found
    found.position = position
    found.version += 1
    if found.state != Act.OPEN:
        return found
    if position <= len(screens):
        _reveal(contest, found, screens[position - 1], actor, now)
    if {screen.key for screen in screens} <= ceremonies.revealed(found.id):
        _end(contest, found, Act.REVEALED, actor, now)
    return found


def back(slug: str, asked_from: int, *, actor: Actor, now: datetime) -> Ceremony:
    """Show the screen before; whoever was revealed stays so."""
    _, found = _to_host(slug, actor, now)
    _check_shown(found)
    position = before(found.position, asked_from)
    if position != found.position:
        found.position = position
        found.version += 1
    return found


def _check_shown(found: Ceremony) -> None:
    if found.state not in {Act.OPEN, Act.REVEALED}:
        raise Conflict("The ceremony is not open.", code="wrong_state", fix="Open it first.")


def _reveal(contest: Contest, found: Ceremony, screen: Screen, actor: Actor, now: datetime) -> None:
    row = {
        "ceremony_id": found.id,
        "key": f"ceremony:{found.id}:{screen.key}",
        "screen": screen.key,
        "revealed_at": now,
        "actor_id": actor.person_id,
    }
    if not insert_missing(CeremonyReveal, [row], ["key"]):
        return
    _unseal(screen.award_ids)
    contest.change += 1
    _note("reveal", contest, actor, now, screen=screen.key)
    still = {ceremonies.unit_of(award) for award in ceremonies.sealed_awards(contest.id)}
    if screen.award_ids and screen.unit_id not in still:
        # A team that won twice gets one letter, at the last of its reveals.
        awards.tell_winners(contest, {screen.unit_id}, now)


def _unseal(award_ids: Collection[int]) -> None:
    for award_id in award_ids:
        award = lock_row(Award, award_id)
        if award is not None:
            award.is_sealed = False
    db.session.flush()


def _end(contest: Contest, found: Ceremony, act: Act, actor: Actor, now: datetime) -> None:
    """Open the results to everybody and tell whoever has not heard."""
    found.state, found.over_at = act.value, now
    found.version += 1
    contest.change += 1
    _unseal([award.id for award in ceremonies.sealed_awards(contest.id)])
    boards.uncover(contest.board_id)
    db.session.flush()
    _note("end" if act is Act.REVEALED else "release", contest, actor, now)
    if contest.state in {State.FINAL, State.ARCHIVED}:
        awards.tell_everybody(contest, now)


def release_forgotten(ceremony_id: int, now: datetime) -> bool:
    """Open the results of a ceremony nobody held in time; True when that was done now."""
    known = db.session.get(Ceremony, ceremony_id)
    if known is None:
        return False
    contest = locked(known.contest_id)
    found = _held(contest)
    is_due = is_forgotten(
        Act(found.state), found.planned_at, found.release_days, State(contest.state), now
    )
    if is_due:
        _end(contest, found, Act.RELEASED, SYSTEM, now)
    return is_due
