"""Brackets with prizes: reserved when the draw is made, given once when the final is decided.

A bracket knows no ties, so what its prizes cost is what they can cost at most. The awards live the
life of any award; the money passes through a purse of the bracket's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core import audit, ledger
from core.db import db, insert_missing, lock_row
from core.errors import Conflict, NotAllowed, NotFound
from core.money import show
from core.policy import SYSTEM, Actor
from incentives import access
from incentives.models import Award, BracketPrize, Recognition
from incentives.queries import brackets
from incentives.queries.brackets import Finalist
from incentives.rules.contests import needs_approval
from incentives.services import award_steps
from incentives.services.budgets import budget_code
from leaderboard import services as boards
from leaderboard.models import BracketDraw
from leaderboard.queries import series
from leaderboard.services import BracketPlan
from people import queries as people
from programme import queries as programmes

WON = {1: "won", 2: "came second in"}


@dataclass(frozen=True)
class PrizeOffer:
    """A prize of a bracket as declared: for its winner (1) or its runner-up (2)."""

    title: str
    place: int
    cost_minor: int = 0


def draw(
    plan: BracketPlan,
    prizes: Sequence[PrizeOffer],
    *,
    actor: Actor,
    approver: Actor | None,
    now: datetime,
) -> bool:
    """Draw a bracket and reserve what its prizes cost; False when the same one stands already.

    Above the programme's allowance somebody has to approve the prizes. Raises Conflict where the
    one that stands has other prizes, or the budget does not cover them.
    """
    is_new = boards.open_bracket(plan, actor=actor, now=now)
    found = series.bracket_by_slug(plan.slug)
    if found is None:
        raise NotFound("There is no such bracket.")
    if not is_new:
        _check_same(found, prizes)
        return False
    if prizes:
        _offer(found, prizes, actor=actor, approver=approver, now=now)
    return True


def _check_same(found: BracketDraw, prizes: Sequence[PrizeOffer]) -> None:
    had = sorted((each.place, each.title, each.cost_minor) for each in brackets.prizes(found.id))
    if had != sorted((each.place, each.title, each.cost_minor) for each in prizes):
        raise Conflict(
            f"The bracket {found.slug} is drawn: its prizes stay.",
            code="not_editable",
            fix="Draw another one under another slug.",
        )


def _offer(
    found: BracketDraw,
    prizes: Sequence[PrizeOffer],
    *,
    actor: Actor,
    approver: Actor | None,
    now: datetime,
) -> None:
    programme = programmes.by_id(found.programme_id)
    cost = sum(each.cost_minor for each in prizes)
    above = needs_approval(cost, programme.prize_allowance_minor)
    if above and approver is None and access.other_approvers(actor.person_id):
        raise NotAllowed(
            f"The prizes of {found.title} cost {show(cost, programme.currency)}, above the "
            "allowance: somebody has to approve them.",
            fix="Apply the playbook with --approve-as.",
        )
    for each in prizes:
        db.session.add(
            BracketPrize(
                bracket_id=found.id,
                title=each.title,
                place=each.place,
                cost_minor=each.cost_minor,
            )
        )
    db.session.flush()
    _reserve(found, cost, now)
    audit.record(
        "bracket.offer_prizes",
        actor=actor,
        now=now,
        subject=f"bracket:{found.id}",
        detail={"cost": cost, "approver": approver.person_id if approver else None},
    )


def hold_key(bracket_id: int) -> str:
    """The key of what was reserved for a bracket's prizes."""
    return f"bracket:{bracket_id}:hold"


def _reserve(found: BracketDraw, cost: int, now: datetime) -> None:
    if not cost:
        return
    programme = programmes.by_id(found.programme_id)
    budget, purse = budget_code(programme), award_steps.bracket_purse(found.id)
    ledger.open_account(budget, programme.currency, may_go_negative=True)
    ledger.open_account(purse, programme.currency)
    try:
        ledger.hold(hold_key(found.id), budget, purse, cost, now=now)
    except Conflict as refused:
        raise Conflict(
            "The programme's prize budget does not cover the prizes of this bracket: "
            f"{show(cost, programme.currency)}.",
            code="no_funds",
            fix="Choose smaller prizes, or ask sales operations for budget.",
        ) from refused


def give(bracket_id: int, now: datetime) -> int:
    """Give a decided bracket's prizes, once for ever; how many awards that was.

    What has no winner (a final without a rival has no second) returns to the budget.
    """
    found = lock_row(BracketDraw, bracket_id)
    if found is None:
        raise NotFound("There is no such bracket.")
    offered = brackets.prizes(bracket_id)
    if found.decided_at is None or not offered or brackets.is_given(bracket_id):
        return 0
    teams = {each.place: each for each in brackets.finalists(found)}
    wins = [(prize, teams[prize.place]) for prize in offered if prize.place in teams]
    _use_reserve(found, offered, sum(prize.cost_minor for prize, _ in wins), now)
    here = _still_here(found, wins, now)
    for prize, team in wins:
        _award(found, prize, team, here, now)
    audit.record(
        "bracket.award",
        actor=SYSTEM,
        now=now,
        subject=f"bracket:{bracket_id}",
        detail={"awards": len(wins)},
    )
    return len(wins)


def _use_reserve(
    found: BracketDraw, offered: Sequence[BracketPrize], amount: int, now: datetime
) -> None:
    if not sum(prize.cost_minor for prize in offered):
        return
    ledger.post_hold(
        hold_key(found.id),
        amount=amount,
        memo=f"Prizes of bracket {found.id}",
        now=now,
        actor=SYSTEM,
    )


def _still_here(
    found: BracketDraw, wins: Sequence[tuple[BracketPrize, Finalist]], now: datetime
) -> Mapping[int, str]:
    """Who may be thanked: active and employed when it is decided (case 16), by name."""
    today = programmes.calendar(programmes.by_id(found.programme_id)).local_day(now)
    everybody = {score.person_id for _, team in wins for score in team.roster}
    leads = people.leads_of({team.team_id for _, team in wins}, brackets.last_day(found.id))
    everybody |= {lead for those in leads.values() for lead in those}
    calendars = people.calendars(everybody)
    return {
        ident: card.name
        for ident, card in people.cards(everybody).items()
        if card.status == "active" and calendars[ident].is_employed(today)
    }


def _award(
    found: BracketDraw,
    prize: BracketPrize,
    team: Finalist,
    here: Mapping[int, str],
    now: datetime,
) -> None:
    source, rule = f"bracket:{found.id}", f"bracket_prize:{prize.id}"
    recipient = f"team:{team.team_id}"
    award = Award(
        source=source,
        rule=rule,
        recipient=recipient,
        rev=1,
        title=prize.title,
        reason=f"{team.name} {WON[prize.place]} {found.title}",
        state="proposed",
        currency=programmes.by_id(found.programme_id).currency,
        granted_at=now,
        entry_key=f"award:{source}:{rule}:{recipient}:1",
        bracket_id=found.id,
        team_id=team.team_id,
        place=prize.place,
        amount_minor=prize.cost_minor,
    )
    db.session.add(award)
    db.session.flush()
    award_steps.begin(award, actor=SYSTEM, now=now)
    _thank(found, award, team, here, now)


def _thank(
    found: BracketDraw, award: Award, team: Finalist, here: Mapping[int, str], now: datetime
) -> None:
    """A recognition for each on the roster, and a letter to them and to who leads the team."""
    roster = [score.person_id for score in team.roster if score.person_id in here]
    rows = [
        {
            "award_id": award.id,
            "person_id": person_id,
            "title": f"{found.title}: {award.title}",
            "text": f"You were on the roster of {team.name}, which {WON[team.place]} it.",
            "given_at": now,
            "given_by_id": None,
        }
        for person_id in roster
    ]
    if rows:
        insert_missing(Recognition, rows, ["award_id", "person_id"])
    leads = people.leads_of([team.team_id], brackets.last_day(found.id)).get(team.team_id, ())
    award_steps.tell(
        award,
        "granted",
        {*roster, *(lead for lead in leads if lead in here)},
        subject=f"{team.name} {WON[team.place]} {found.title}",
        lines=(
            f"{team.name} {WON[team.place]} {found.title}. The prize: {award.title}.",
            "It was decided team against team, round by round, by what everybody on it did.",
        ),
        why="You get this because it is your team.",
        now=now,
    )
