"""Awards people propose: which wait, for whom, since when, and who may answer."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from core.db import db
from core.ledger import LedgerAccount
from core.money import show
from core.policy import Scope, scope_of
from incentives.models import Award, AwardEvent
from incentives.rules.awards import DECIDE_WITHIN, AwardState
from people import queries as people
from programme import queries as programmes

APPROVERS = ("sales_ops", "executive", "director")
MOST = 200
STATE_WORDS = {
    "pending_approval": "waits",
    "granted": "given",
    "announced": "given",
    "held": "given, waits for the person",
    "approved": "given",
    "rejected": "not given",
    "expired": "nobody answered",
    "reversed": "taken back",
}


@dataclass(frozen=True)
class Proposed:
    """A proposal as its page shows it."""

    id: int
    person_id: int
    name: str
    title: str
    reason: str
    worth: str
    by_id: int | None
    by: str
    asked_at: datetime
    until: datetime
    state: str
    words: str
    answer: str

    @property
    def is_open(self) -> bool:
        """Somebody has to answer."""
        return self.state == AwardState.PENDING_APPROVAL


def proposals(*, only_open: bool = False, by_id: int | None = None) -> tuple[Proposed, ...]:
    """Proposed awards, those that wait longest first, then the answered ones, latest first."""
    columns = select(Award).where(
        Award.contest_id.is_(None), Award.person_id.is_not(None), Award.proposed_by_id.is_not(None)
    )
    if only_open:
        columns = columns.where(Award.state == AwardState.PENDING_APPROVAL)
    if by_id is not None:
        columns = columns.where(Award.proposed_by_id == by_id)
    rows = list(db.session.scalars(columns.order_by(Award.id.desc()).limit(MOST)))
    waiting = [row for row in rows if row.state == AwardState.PENDING_APPROVAL]
    answered = [row for row in rows if row.state != AwardState.PENDING_APPROVAL]
    return tuple(_shown([*reversed(waiting), *answered]))


def _shown(rows: list[Award]) -> list[Proposed]:
    known = {row.person_id or 0 for row in rows} | {row.proposed_by_id or 0 for row in rows}
    names = {ident: card.name for ident, card in people.cards(known).items()}
    asked, answers = _events([row.id for row in rows])
    return [
        Proposed(
            id=row.id,
            person_id=row.person_id or 0,
            name=names.get(row.person_id or 0, "Somebody"),
            title=row.title,
            reason=row.reason,
            worth=show(row.amount_minor, row.currency) if row.amount_minor else "No money",
            by_id=row.proposed_by_id,
            by=names.get(row.proposed_by_id or 0, "Somebody"),
            asked_at=asked.get(row.id, row.granted_at),
            until=asked.get(row.id, row.granted_at) + DECIDE_WITHIN,
            state=row.state,
            words=STATE_WORDS.get(row.state, row.state),
            answer=answers.get(row.id, ""),
        )
        for row in rows
    ]


def _events(award_ids: list[int]) -> tuple[dict[int, datetime], dict[int, str]]:
    """When each was asked for, and the reason given where it was not granted."""
    rows = db.session.execute(
        select(AwardEvent.award_id, AwardEvent.step, AwardEvent.at, AwardEvent.reason).where(
            AwardEvent.award_id.in_(award_ids),
            AwardEvent.step.in_(["needs_approval", "reject", "reverse", "drop"]),
        )
    ).all()
    asked = {row.award_id: row.at for row in rows if row.step == "needs_approval"}
    return asked, {row.award_id: row.reason for row in rows if row.reason}


def approved_for(person_id: int, by_id: int, since: datetime) -> bool:
    """Whether `by_id` said yes to a proposed award of this person since an instant."""
    return (
        db.session.scalar(
            select(AwardEvent.id)
            .join(Award, Award.id == AwardEvent.award_id)
            .where(
                Award.contest_id.is_(None),
                Award.person_id == person_id,
                AwardEvent.step == "approve",
                AwardEvent.actor_id == by_id,
                AwardEvent.at >= since,
            )
            .limit(1)
        )
        is not None
    )


def approvers(award: Award, today: date) -> list[int]:
    """Who may answer it: neither who proposed it nor who gets it."""
    found = []
    for ident in people.ids_with_role(*APPROVERS):
        actor = people.actor_of(ident)
        if actor is None or ident in {award.proposed_by_id, award.person_id}:
            continue
        scope = scope_of(actor, "points.approve_grant")
        reaches = scope is Scope.ALL or (
            scope is Scope.TREE and award.person_id in people.tree_below(ident, today)
        )
        if reaches:
            found.append(ident)
    return found


def person_called(who: str) -> int | None:
    """An active person by their id in the directory's files or their mail address."""
    if not who:
        return None
    found = people.by_key([who]).get(who) or people.by_email([who.lower()]).get(who.lower())
    card = None if found is None else people.card(found)
    return found if card is not None and card.status == "active" else None


def currency() -> str:
    """What an award outside any contest is paid in: the programme's currency."""
    programme = programmes.default()
    return "USD" if programme is None else programme.currency


def is_capped(code: str) -> bool:
    """Whether this account may give no more than it has."""
    return (
        db.session.scalar(
            select(LedgerAccount.id).where(
                LedgerAccount.code == code, LedgerAccount.may_go_negative.is_(False)
            )
        )
        is not None
    )
