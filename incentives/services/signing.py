"""What a result still waits for before it is final: people's decisions, and a second signature.

Contests decide themselves once nobody doubts them (decision note 0010). Two things stop that: a
flag, claim or doubt nobody has decided (case 33: prizes wait), and money for whoever designed the
contest that nobody else has signed for (case 34).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from core import audit
from core.policy import Actor, Role
from incentives.models import Contest
from incentives.queries import fairplay
from incentives.queries.fairplay import Waiting
from incentives.rules.fairplay import gains, needs_second_signer
from incentives.rules.prizes import Win
from leaderboard.queries import reads
from people import queries as people

SIGN = "Whoever designed it wins money in it, so somebody from sales operations has to sign it."


def why_it_waits(
    contest: Contest, wins: Iterable[Win], *, signer: Actor, now: datetime
) -> str | None:
    """The reason in words, or None when nothing stands against the last step.

    Where nobody else could sign, the step is taken and that is recorded (CONTESTS, Settled).
    """
    waiting = fairplay.waiting(contest.id)
    if waiting.total:
        return f"Somebody has to decide first: {_counted(waiting)}."
    winners = _winners(contest, wins)
    if not needs_second_signer(
        author_id=contest.author_id,
        approver_id=contest.approver_id,
        signer_id=signer.person_id,
        winners=winners,
    ):
        return None
    others = frozenset(people.ids_with_role(Role.SALES_OPS)) - {contest.author_id}
    if any(not gains(each, winners) for each in others):
        return SIGN
    audit.record("contest.signed_alone", actor=signer, now=now, subject=f"contest:{contest.id}")
    return None


def _counted(waiting: Waiting) -> str:
    """How many of each, in words."""
    parts = ((waiting.flags, "sign"), (waiting.claims, "claim"), (waiting.doubts, "doubt"))
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in parts if count)


def _winners(contest: Contest, wins: Iterable[Win]) -> Mapping[int, frozenset[int]]:
    """The people of each unit that wins money: its reps, its leads, and managers named."""
    paid = [win for win in wins if win.cost_minor]
    units = {win.unit_id for win in paid}
    found: dict[int, set[int]] = defaultdict(set)
    for win in paid:
        if win.person_id is not None:
            found[win.unit_id].add(win.person_id)
    if contest.author_id is None or not units:
        return {}
    for score in reads.member_scores(contest.board_id):
        if score.unit_id in units:
            found[score.unit_id].add(score.person_id)
    for day in (contest.starts_on, contest.last_on):
        for team_id, leads in people.leads_of(units, day).items():
            found[team_id].update(leads)
    return {unit: frozenset(those) for unit, those in found.items()}
