"""Making the database say what a playbook's contests say."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from core.errors import Conflict, Invalid, NotAllowed
from core.policy import Actor, require
from incentives import queries
from incentives.rules.contests import State
from incentives.services import brackets, contests
from incentives.services.brackets import PrizeOffer
from incentives.services.contests import ContestPlan
from leaderboard import services as boards
from leaderboard.rules.terms import fingerprint
from leaderboard.services import BracketPlan, SeasonPlan
from people import queries as people
from programme import queries as programmes


def apply_contests(
    plans: Sequence[ContestPlan], *, actor: Actor, now: datetime, approve_as: int | None
) -> list[str]:
    """Create or change the contests; sentences for what changed, none when nothing did.

    Without `approve_as` they stay drafts. A contest that was handed in already cannot be changed:
    raises Conflict (CONTESTS case 29).
    """
    approver = _approver(approve_as)
    changes = []
    for plan in plans:
        changes += _write(plan, actor, now)
        if approver is not None:
            changes += _approve(plan.slug, approver, actor, now)
    return changes


def apply_seasons(plans: Sequence[SeasonPlan], *, actor: Actor, now: datetime) -> list[str]:
    """Declare the seasons; sentences for what changed, none when nothing did."""
    return [
        f"season {plan.slug}: declared"
        for plan in plans
        if boards.declare_season(plan, actor=actor, now=now)
    ]


def apply_brackets(
    plans: Sequence[tuple[BracketPlan, Sequence[PrizeOffer]]],
    *,
    actor: Actor,
    now: datetime,
    approve_as: int | None,
) -> list[str]:
    """Draw the brackets with their prizes; sentences for what changed, none when nothing did."""
    approver = _approver(approve_as)
    return [
        f"bracket {plan.slug}: drawn"
        for plan, prizes in plans
        if brackets.draw(plan, prizes, actor=actor, approver=approver, now=now)
    ]


def least_team(programme_id: int) -> Fraction:
    """The headcount below which a team of the programme has no place (C9)."""
    return Fraction(programmes.by_id(programme_id).min_team)


def _approver(person_id: int | None) -> Actor | None:
    if person_id is None:
        return None
    approver = people.actor_of(person_id)
    if approver is None:
        raise NotAllowed("The person who should approve is not active.")
    require(approver, "contest.approve_launch")
    return approver


def _write(plan: ContestPlan, actor: Actor, now: datetime) -> list[str]:
    found = queries.contest_by_slug(plan.slug)
    if found is None:
        contests.create_draft(plan, actor=actor, now=now)
        return [f"contest {plan.slug}: created"]
    if found.programme_id != plan.programme_id:
        raise Conflict(f"The contest {plan.slug} belongs to another programme.", field="slug")
    wanted = fingerprint(contests.terms_of(programmes.by_id(plan.programme_id), plan))
    if wanted == found.rules_hash:
        return []
    if found.state != State.DRAFT:
        raise Conflict(
            f"The contest {plan.slug} is {found.state}: its rules, teams, dates and prizes stay.",
            code="not_editable",
            fix="Cancel it and start a new one under another slug.",
        )
    contests.change_draft(found.id, plan, actor=actor, now=now)
    return [f"contest {plan.slug}: changed"]


def _approve(slug: str, approver: Actor, actor: Actor, now: datetime) -> list[str]:
    contest = queries.contest_by_slug(slug)
    if contest is None or contest.state not in {State.DRAFT, State.SUBMITTED}:
        return []
    try:
        contests.submit(contest.id, actor=actor, now=now)
    except Invalid as refused:
        return [f"contest {slug}: stays a draft: {refused.message}"]
    contests.approve(contest.id, actor=approver, now=now)
    return [f"contest {slug}: approved"]


__all__ = [
    "BracketPlan",
    "PrizeOffer",
    "SeasonPlan",
    "apply_brackets",
    "apply_contests",
    "apply_seasons",
    "least_team",
]
