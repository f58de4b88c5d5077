"""Preparing and steering a contest by hand: draft, submit, approve, launch, pause, call off."""

from collections.abc import Iterable, Mapping
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
from incentives.rules.prizes import worst_case, worst_case_apart
from incentives.services import stock
from incentives.services.steps import is_done, key_of, locked, take
from incentives.services.words import contest_words
from leaderboard import services as boards
from leaderboard.models import Board
from leaderboard.queries import facts, tables
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode, text_of
from leaderboard.rules.terms import fingerprint, stored_rules
from leaderboard.rules.units import DivisionPlan, TieBreak, UnitKind, division_sizes
from leaderboard.services import BoardPlan, SidePlan
from people import queries as people
from programme import queries as programmes
from programme.models import Programme

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class PrizePlan:
    """A prize as planned; `place` None is the goal prize, or the one for the most improved.

    A manager's may ask that they kept at least `min_loops_kept` of the contest's weekly loops.
    """

    title: str
    place: int | None
    cost_minor: int = 0
    reserve_score: Fraction | None = None
    is_improvement: bool = False
    for_manager: bool = False
    min_loops_kept: Fraction | None = None
    stock: int | None = None


@dataclass(frozen=True, kw_only=True)
class ContestPlan:
    """A contest as planned by a form or a playbook. `last_on` is its last day; teams None: all.

    `sources` have to report past the end before a result is worked out (case 7); with
    `pause_moves_end` the end moves by the dates a pause took (case 30).
    """

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
    sources: tuple[str, ...] = ()
    pause_moves_end: bool = False
    kind: UnitKind = UnitKind.TEAM
    sides: tuple[SidePlan, ...] = ()
    divisions: DivisionPlan | None = None
    tie_break: tuple[TieBreak, ...] = ()


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
        kind=plan.kind,
        sides=plan.sides,
        divisions=plan.divisions,
        tie_break=plan.tie_break,
        rewards_improvement=any(prize.is_improvement for prize in plan.prizes),
    )


def _min_team(programme: Programme, plan: ContestPlan) -> Fraction:
    """The headcount below which a team has no place (C9); a person is one, whatever it says."""
    if plan.kind is UnitKind.PERSON:
        return Fraction(0)
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
    declared: dict[str, object] = {"sources": sorted(plan.sources)} if plan.sources else {}
    if plan.pause_moves_end:
        declared["pause_moves_end"] = True
    return (
        declared
        | _unit_terms(plan)
        | {
            "title": plan.title,
            "unit": plan.kind.value,
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
                    "place": prize.place or ("most_improved" if prize.is_improvement else "goal"),
                    "title": prize.title,
                    "cost": prize.cost_minor,
                    "reserve_score": None
                    if prize.reserve_score is None
                    else str(prize.reserve_score),
                    **({"for": "manager"} if prize.for_manager else {}),
                    **(
                        {}
                        if prize.min_loops_kept is None
                        else {"min_loops_kept": str(prize.min_loops_kept)}
                    ),
                    **({} if prize.stock is None else {"stock": prize.stock}),
                }
                for prize in plan.prizes
            ],
        }
    )


def _unit_terms(plan: ContestPlan) -> dict[str, object]:
    """What a contest says beyond the usual: its lists of people, divisions and tie-breakers.

    Left out where it says nothing, so that a plain contest keeps its hash.
    """
    terms: dict[str, object] = {}
    if plan.sides:
        terms["sides"] = {side.name: sorted(side.person_ids) for side in plan.sides}
    if plan.divisions is not None:
        terms["divisions"] = {"by": plan.divisions.by.value, "of": plan.divisions.of}
    if plan.tie_break:
        terms["tie_break"] = [each.value for each in plan.tie_break]
    return terms


def _write_prizes(contest: Contest, plan: ContestPlan) -> None:
    for prize in plan.prizes:
        db.session.add(
            Prize(
                contest_id=contest.id,
                title=prize.title,
                place=prize.place,
                cost_minor=prize.cost_minor,
                reserve_score=None if prize.reserve_score is None else str(prize.reserve_score),
                is_improvement=prize.is_improvement,
                for_manager=prize.for_manager,
                min_loops_kept=text_of(prize.min_loops_kept),
                stock=prize.stock,
            )
        )
    db.session.flush()


def liability(contest: Contest, units: int) -> int:
    """The most the prizes can cost over so many units, ties included (case 23)."""
    prizes = queries.prize_terms(contest.id)
    board = db.session.get_one(Board, contest.board_id)
    if board.division_by is None:
        return worst_case(prizes, units)
    return worst_case_apart(prizes, division_sizes(units, board.division_of))


def submit(contest_id: int, *, actor: Actor, now: datetime) -> Contest:
    """Hand a draft in for approval. Raises Invalid with the first doubt of the guard.

    A draft without an author (from a playbook) gets the one who submits it.
    """
    contest = locked(contest_id)
    if is_done(contest, Step.SUBMIT):
        return contest
    sizes = _check(contest)
    contest.liability_minor = liability(contest, len(sizes))
    stock.check(contest, len(sizes))
    if contest.author_id is None and not actor.is_system:
        contest.author_id = actor.person_id
    take(contest, Step.SUBMIT, actor=actor, now=now)
    _ask_approvers(contest, now)
    return contest


def _check(contest: Contest) -> Mapping[int, int]:
    """Reps per racing unit, if nothing stands against the contest."""
    board = db.session.get_one(Board, contest.board_id)
    spec = facts.spec_of(board)
    here = facts.staff(spec)
    sizes = dict.fromkeys(tables.sides(spec, here), 0)
    pairs = {(span.person_id, span.team_id) for span in here.spans}
    if spec.units.needs_no_team:
        pairs = {(person_id, 0) for person_id in here.calendars}
    for unit_id in [spec.units.of(*pair) for pair in pairs if pair[0] in here.calendars]:
        if unit_id in sizes:
            sizes[unit_id] += 1
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
    _tell_author(contest, reason.strip(), now)
    contest.version += 1
    return contest


def _tell_author(contest: Contest, reason: str, now: datetime) -> None:
    told = notices.News(
        key=f"sent_back:{contest.version}",
        subject=f"{contest.title} came back to you",
        lines=(f"Your contest {contest.title} was not approved yet. What should change: {reason}",),
        why="You get this because you handed it in.",
    )
    outbox.post_all(notices.news(contest_words(contest), names_of([contest.author_id]), told), now)


def names_of(person_ids: Iterable[int | None]) -> dict[int, str]:
    """Names to call readers by; nobody where an id is missing."""
    found = people.cards({ident for ident in person_ids if ident is not None})
    return {ident: card.name for ident, card in found.items()}


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
    boards.cut_divisions(contest.board_id, now)
    boards.list_board(contest.board_id)
    _announce(contest, now)
    return contest


def _reserve(contest: Contest, now: datetime) -> None:
    if not contest.liability_minor:
        return
    budget, purse = budget_account(contest), purse_account(contest)
    ledger.open_account(budget, contest.currency, may_go_negative=True)
    ledger.open_account(purse, contest.currency)
    try:
        ledger.hold(hold_key(contest), budget, purse, contest.liability_minor, now=now)
    except Conflict as refused:
        raise Conflict(
            "The programme's prize budget does not cover the most these prizes can cost: "
            f"{show(contest.liability_minor, contest.currency)}, ties included.",
            code="no_funds",
            fix="Choose smaller prizes, or ask sales operations for budget.",
        ) from refused


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


__all__ = ["ContestPlan", "PrizePlan", "SidePlan", "key_of"]
