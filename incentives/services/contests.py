"""Preparing and steering a contest by hand: draft, submit, approve, launch, pause, call off."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from core import audit, ledger, outbox
from core.db import db, delete_where
from core.errors import Conflict, Invalid, NotAllowed
from core.money import show
from core.policy import SYSTEM, Actor
from incentives import access, notices, queries
from incentives.models import Contest, Prize
from incentives.rules.contests import (
    EDITABLE,
    State,
    Step,
    doubts_at_submit,
    may_approve,
    needs_approval,
)
from incentives.rules.prizes import PrizeTerms, worst_case
from incentives.services.steps import is_done, key_of, locked, take
from incentives.services.words import contest_words
from leaderboard import services as boards
from leaderboard.models import Board
from leaderboard.queries import facts, tables
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from leaderboard.rules.terms import fingerprint, stored_rules
from leaderboard.services import BoardPlan
from people import queries as people
from programme import queries as programmes
from programme.models import Programme

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class PrizePlan:
    """A prize as planned; `place` None is the goal prize."""

    title: str
    place: int | None
    cost_minor: int = 0
    reserve_score: Fraction | None = None


@dataclass(frozen=True, kw_only=True)
class ContestPlan:
    """A contest as planned by a form or a playbook. `last_on` is its last day; teams None: all."""

    programme_id: int
    slug: str
    title: str
    starts_on: date
    last_on: date
    rules: tuple[PointRule, ...]
    prizes: tuple[PrizePlan, ...] = ()
    mode: Mode = Mode.PARTICIPATION
    target_days: Fraction = Fraction(2)
    min_team_size: Fraction | None = None
    baseline_days: int = 28
    freeze_hours: int = 0
    goal: Fraction | None = None
    team_ids: tuple[int, ...] | None = None
    note: str | None = None


def create_draft(plan: ContestPlan, *, actor: Actor, now: datetime) -> Contest:
    """Write a contest down; only its author sees it. Its board counts from now on (a rehearsal)."""
    programme = programmes.by_id(plan.programme_id)
    if queries.contest_by_slug(plan.slug) is not None:
        raise Conflict("There is a contest with this address.", field="slug")
    board = boards.open_board(_board_plan(programme, plan))
    contest = Contest(
        programme_id=programme.id,
        board_id=board.id,
        slug=plan.slug,
        created_at=now,
        author_id=actor.person_id,
        version=1,
        **_columns(programme, plan),
    )
    db.session.add(contest)
    db.session.flush()
    _write_prizes(contest, plan)
    audit.record("contest.create_draft", actor=actor, now=now, subject=f"contest:{contest.id}")
    return contest


def change_draft(contest_id: int, plan: ContestPlan, *, actor: Actor, now: datetime) -> bool:
    """Give a draft other terms; False when they are the same. Raises Conflict once submitted."""
    contest = locked(contest_id)
    programme = programmes.by_id(plan.programme_id)
    columns = _columns(programme, plan)
    if columns["rules_hash"] == contest.rules_hash and plan.note == contest.note:
        return False
    if contest.state not in EDITABLE:
        raise Conflict(
            "A contest cannot be changed once it was submitted; cancel it and start a new one.",
            code="not_editable",
        )
    for name, value in columns.items():
        setattr(contest, name, value)
    contest.change += 1
    boards.change_board(db.session.get_one(Board, contest.board_id), _board_plan(programme, plan))
    delete_where(Prize, Prize.contest_id == contest.id)
    _write_prizes(contest, plan)
    audit.record("contest.edit_draft", actor=actor, now=now, subject=f"contest:{contest.id}")
    return True


def _board_plan(programme: Programme, plan: ContestPlan) -> BoardPlan:
    calendar = programmes.calendar(programme)
    ends_on = plan.last_on + DAY
    ends_at = calendar.day_start(ends_on)
    return BoardPlan(
        programme_id=programme.id,
        slug=plan.slug,
        title=plan.title,
        link=f"/contests/{plan.slug}",
        starts_on=plan.starts_on,
        ends_on=ends_on,
        closes_at=ends_at + timedelta(hours=programme.late_grace_hours),
        rules=plan.rules,
        mode=plan.mode,
        target_days=plan.target_days,
        min_team_size=_min_team(programme, plan),
        shrink_k=Fraction(str(programme.shrink_k)),
        baseline_days=plan.baseline_days,
        team_ids=plan.team_ids,
        hides_at=ends_at - timedelta(hours=plan.freeze_hours) if plan.freeze_hours else None,
    )


def _min_team(programme: Programme, plan: ContestPlan) -> Fraction:
    return Fraction(programme.min_team) if plan.min_team_size is None else plan.min_team_size


def _columns(programme: Programme, plan: ContestPlan) -> dict[str, Any]:
    if plan.last_on < plan.starts_on:
        raise Invalid("The last day is before the first.", field="last_on")
    calendar = programmes.calendar(programme)
    ends_at = calendar.day_start(plan.last_on + DAY)
    terms = terms_of(programme, plan)
    return {
        "title": plan.title,
        "starts_on": plan.starts_on,
        "last_on": plan.last_on,
        "starts_at": calendar.day_start(plan.starts_on),
        "ends_at": ends_at,
        "grace_ends_at": ends_at + timedelta(hours=programme.late_grace_hours),
        "currency": programme.currency,
        "goal": None if plan.goal is None else str(plan.goal),
        "freeze_hours": plan.freeze_hours,
        "note": plan.note,
        "terms": terms,
        "rules_hash": fingerprint(terms),
    }


def terms_of(programme: Programme, plan: ContestPlan) -> dict[str, object]:
    """Everything a contest is held to, as plain data; its hash stands on every board (case 29)."""
    return {
        "title": plan.title,
        "unit": "team",
        "teams": "all" if plan.team_ids is None else sorted(plan.team_ids),
        "start": plan.starts_on.isoformat(),
        "end": plan.last_on.isoformat(),
        "time_zone": programme.time_zone,
        "mode": plan.mode.value,
        "rules": stored_rules(plan.rules),
        "target_days": str(plan.target_days),
        "min_team_size": str(_min_team(programme, plan)),
        "shrink_k": str(Fraction(str(programme.shrink_k))),
        "baseline_days": plan.baseline_days,
        "grace_hours": programme.late_grace_hours,
        "freeze_hours": plan.freeze_hours,
        "goal": None if plan.goal is None else str(plan.goal),
        "prizes": [
            {
                "place": prize.place or "goal",
                "title": prize.title,
                "cost": prize.cost_minor,
                "reserve_score": None if prize.reserve_score is None else str(prize.reserve_score),
            }
            for prize in plan.prizes
        ],
    }


def _write_prizes(contest: Contest, plan: ContestPlan) -> None:
    for prize in plan.prizes:
        db.session.add(
            Prize(
                contest_id=contest.id,
                title=prize.title,
                place=prize.place,
                cost_minor=prize.cost_minor,
                reserve_score=None if prize.reserve_score is None else str(prize.reserve_score),
            )
        )
    db.session.flush()


def liability(prizes: tuple[PrizeTerms, ...], teams: int) -> int:
    """The most these prizes can cost over so many teams, ties included (case 23)."""
    return worst_case(prizes, teams)


def submit(contest_id: int, *, actor: Actor, now: datetime) -> Contest:
    """Hand a draft in for approval. Raises Invalid with the first doubt of the guard.

    A draft without an author (from a playbook) gets the one who submits it.
    """
    contest = locked(contest_id)
    if is_done(contest, Step.SUBMIT):
        return contest
    sizes = _check(contest)
    contest.liability_minor = liability(queries.prize_terms(contest.id), len(sizes))
    if contest.author_id is None and not actor.is_system:
        contest.author_id = actor.person_id
    take(contest, Step.SUBMIT, actor=actor, now=now)
    _ask_approvers(contest, now)
    return contest


def _check(contest: Contest) -> Mapping[int, int]:
    """Reps per racing team, if nothing stands against the contest."""
    board = db.session.get_one(Board, contest.board_id)
    spec = facts.spec_of(board)
    here = facts.staff(spec)
    sizes = dict.fromkeys(tables.sides(spec, here), 0)
    for person_id, team_id in {(span.person_id, span.team_id) for span in here.spans}:
        if team_id in sizes and person_id in here.calendars:
            sizes[team_id] += 1
    doubts = doubts_at_submit(
        starts_on=contest.starts_on,
        last_on=contest.last_on,
        working_days=spec.terms.working_days,
        team_sizes=tuple(sizes.values()),
        kinds=tuple(spec.rules),
    )
    if doubts:
        raise Invalid(doubts[0].message, code=doubts[0].code, field=doubts[0].field)
    return sizes


def _ask_approvers(contest: Contest, now: datetime) -> None:
    allowance = programmes.by_id(contest.programme_id).prize_allowance_minor
    if not needs_approval(contest.liability_minor, allowance):
        return
    cards = people.cards(access.other_approvers(contest.author_id))
    asked = {ident: card.name for ident, card in cards.items()}
    cost = show(contest.liability_minor, contest.currency)
    outbox.post_all(
        notices.approval_asked(contest_words(contest), asked, cost, contest.version), now
    )


def send_back(contest_id: int, reason: str, *, actor: Actor, now: datetime) -> Contest:
    """Return a submission to its author with a reason."""
    contest = locked(contest_id)
    if is_done(contest, Step.SEND_BACK):
        return contest
    if not reason.strip():
        raise Invalid("Say what should change.", field="reason")
    take(contest, Step.SEND_BACK, actor=actor, now=now, reason=reason.strip())
    contest.version += 1
    return contest


def approve(contest_id: int, *, actor: Actor, now: datetime) -> Contest:
    """Say yes: reserve the most the prizes can cost, show the board, announce the contest.

    Never the author's own, unless nobody else could (then recorded as such).
    """
    contest = locked(contest_id)
    if is_done(contest, Step.APPROVE):
        return contest
    alone = not may_approve(actor.person_id, contest.author_id)
    if alone and access.other_approvers(contest.author_id):
        raise NotAllowed("Somebody other than the author has to approve a contest.")
    contest.approver_id = actor.person_id
    _reserve(contest, now)
    take(
        contest,
        Step.APPROVE,
        actor=actor,
        now=now,
        reason="confirmed by its author: nobody else may approve here" if alone else None,
    )
    boards.list_board(contest.board_id)
    _announce(contest, now)
    return contest


def _reserve(contest: Contest, now: datetime) -> None:
    if not contest.liability_minor:
        return
    budget, purse = budget_account(contest), purse_account(contest)
    ledger.open_account(budget, contest.currency, may_go_negative=True)
    ledger.open_account(purse, contest.currency)
    ledger.hold(hold_key(contest), budget, purse, contest.liability_minor, now=now)


def budget_account(contest: Contest) -> str:
    """The source of a programme's prize money."""
    return f"prize-budget:{contest.programme_id}:{contest.currency}"


def purse_account(contest: Contest) -> str:
    """Where a contest's prize money passes through; empty again once every award is booked."""
    return f"prize-purse:{contest.id}"


def hold_key(contest: Contest) -> str:
    """The key of what was reserved at approval."""
    return f"contest:{contest.id}:hold:{contest.version}"


def _announce(contest: Contest, now: datetime) -> None:
    who = queries.invited(contest)
    everyone = {**who.leads, **who.reps}
    cards = people.cards(everyone)
    teams = {person: who.team_names[team] for person, team in everyone.items() if person in cards}
    names = {person: card.name for person, card in cards.items()}
    outbox.post_all(notices.announced(contest_words(contest), teams, names, now), now)


def launch(contest_id: int, *, actor: Actor, now: datetime) -> Contest:
    """Submit, and approve at once by the rule where the prizes stay within the allowance."""
    contest = submit(contest_id, actor=actor, now=now)
    allowance = programmes.by_id(contest.programme_id).prize_allowance_minor
    if contest.state == State.SUBMITTED and not needs_approval(contest.liability_minor, allowance):
        return approve(contest_id, actor=SYSTEM, now=now)
    return contest


def pause(contest_id: int, reason: str, *, actor: Actor, now: datetime) -> Contest:
    """Show that the contest rests, with a public reason. Its end does not move."""
    contest = locked(contest_id)
    if not reason.strip():
        raise Invalid("Say why the contest rests.", field="reason")
    if contest.state == State.RUNNING:
        contest.pauses += 1
    if not is_done(contest, Step.PAUSE):
        take(contest, Step.PAUSE, actor=actor, now=now, reason=reason.strip())
    return contest


def resume(contest_id: int, *, actor: Actor, now: datetime) -> Contest:
    """Go on after a pause."""
    contest = locked(contest_id)
    if not is_done(contest, Step.RESUME):
        take(contest, Step.RESUME, actor=actor, now=now)
    return contest


def cancel(contest_id: int, reason: str, *, actor: Actor, now: datetime) -> Contest:
    """Call a contest off before it is final: prizes return, participants hear why (case 31)."""
    contest = locked(contest_id)
    if is_done(contest, Step.CANCEL):
        return contest
    was_public = contest.state not in {State.DRAFT, State.SUBMITTED}
    if was_public and not reason.strip():
        raise Invalid("Say why the contest is called off.", field="reason")
    take(contest, Step.CANCEL, actor=actor, now=now, reason=reason.strip() or None)
    boards.close_without_result(contest.board_id, now)
    if was_public:
        ledger.void_hold(hold_key(contest))
        who = queries.invited(contest)
        cards = people.cards({**who.leads, **who.reps})
        names = {person: card.name for person, card in cards.items()}
        outbox.post_all(notices.called_off(contest_words(contest), names, reason.strip()), now)
    return contest


__all__ = ["ContestPlan", "PrizePlan", "key_of"]
