"""A rep says that a use of theirs is missing, and somebody who is not involved answers.

The claim itself is the receipt: what is accepted counts as received when it was claimed, so an
answer given after the grace does not cost the rep the point. Until the answer it was not there, so
it is stored as held from the claim to the answer, and a replay of that time says what was shown.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from adoption.services import Use, hold_events, record_use, release_events
from core import audit
from core.db import db, lock_row
from core.errors import Conflict, Invalid, NotAllowed, NotFound, TooLate
from core.policy import Actor
from incentives.models import Contest, UsageClaim
from incentives.notices import News
from incentives.queries import fairplay
from incentives.rules.contests import State
from incentives.rules.fairplay import claims_until
from incentives.services.deciding import check_free, check_open, tell, work_out_anew
from incentives.services.steps import locked
from leaderboard.models import Board
from people import queries as people

SOURCE = "claim"
LONGEST, MOST_OPEN = 2000, 10
TAKEN_IN = frozenset({State.RUNNING, State.PAUSED, State.GRACE})


@dataclass(frozen=True, kw_only=True)
class Missing:
    """What a rep says is missing: what they did, when, and on what."""

    kind: str
    occurred_at: datetime
    text: str
    object_id: str | None = None


def until_of(contest: Contest) -> datetime:
    """Until when a missing use may be claimed."""
    board = db.session.get_one(Board, contest.board_id)
    return claims_until(contest.grace_ends_at, board.closes_at)


def open_claim(contest_id: int, missing: Missing, *, actor: Actor, now: datetime) -> UsageClaim:
    """Say that a use of one's own is missing. TooLate after the grace, NotAllowed outside it."""
    contest = locked(contest_id)
    if actor.person_id is None or actor.person_id not in fairplay.stakes(contest).takes_part:
        raise NotAllowed("Only somebody who takes part can claim a use of their own.")
    if contest.state not in TAKEN_IN or now > until_of(contest):
        raise TooLate("A missing use can be claimed from the start until the grace ends.")
    _check(contest, missing, fairplay.claims(contest.id, person_id=actor.person_id), now)
    claim = UsageClaim(
        contest_id=contest.id,
        person_id=actor.person_id,
        kind=missing.kind,
        occurred_at=missing.occurred_at,
        object_id=missing.object_id,
        text=missing.text.strip()[:LONGEST],
        opened_at=now,
    )
    db.session.add(claim)
    contest.change += 1
    db.session.flush()
    _record("contest.claim_open", claim, actor, now, {})
    return claim


def _check(contest: Contest, missing: Missing, own: Collection[UsageClaim], now: datetime) -> None:
    kinds = fairplay.spec_of(contest).rules
    if missing.kind not in kinds:
        raise Invalid("Choose something that earns points in this contest.", field="kind")
    if not contest.starts_at <= missing.occurred_at < contest.ends_at:
        raise Invalid("That moment lies outside the contest.", field="occurred_at")
    if missing.occurred_at > now:
        raise Invalid("That moment lies in the future.", field="occurred_at")
    if not missing.text.strip():
        raise Invalid("Say how somebody can see that it happened.", field="text")
    waiting = [claim for claim in own if claim.state == "open"]
    if any((c.kind, c.occurred_at) == (missing.kind, missing.occurred_at) for c in waiting):
        raise Conflict(
            "You have claimed this already; it waits for an answer.", field="occurred_at"
        )
    if len(waiting) >= MOST_OPEN:
        raise Conflict("Ten claims of yours wait already. Send the others once those are answered.")


def decide_claim(
    claim_id: int, *, is_accepted: bool, answer: str, actor: Actor, now: datetime
) -> UsageClaim:
    """Answer a claim. Accepted, the use is stored as received when it was claimed."""
    found = db.session.get(UsageClaim, claim_id)
    if found is None:
        raise NotFound("There is no such claim.")
    contest = locked(found.contest_id)
    claim = lock_row(UsageClaim, claim_id) or found
    check_open(contest)
    if claim.state != "open":
        raise Conflict("This claim was answered meanwhile.", code="decided")
    if not answer.strip():
        raise Invalid("Say why; the answer goes to the rep.", field="answer")
    alone = check_free(actor, contest, about=claim.person_id)
    claim.state = "accepted" if is_accepted else "rejected"
    claim.decided_by_id, claim.decided_at = actor.person_id, now
    claim.answer = answer.strip()[:LONGEST]
    _record("contest.claim_decide", claim, actor, now, {"accepted": is_accepted, "alone": alone})
    if is_accepted:
        _store(contest, claim, now)
        work_out_anew(contest, "a missing use was added", actor=actor, now=now)
    else:
        contest.change += 1
    tell(contest, claim.person_id, _news(contest, claim), now)
    return claim


def _store(contest: Contest, claim: UsageClaim, now: datetime) -> None:
    card = people.card(claim.person_id)
    if card is None:
        raise NotFound("This person is not in the directory any more.")
    use = Use(
        source=SOURCE,
        event_id=f"claim-{claim.id}",
        person=card.key,
        kind=claim.kind,
        occurred_at=claim.occurred_at,
        received_at=claim.opened_at,
        object_id=claim.object_id,
    )
    record_use(contest.programme_id, use)
    hold_events(contest.programme_id, {(use.source, use.event_id)}, now=claim.opened_at)
    release_events(contest.programme_id, {(use.source, use.event_id)}, now=now)


def _record(
    action: str, claim: UsageClaim, actor: Actor, now: datetime, detail: dict[str, object]
) -> None:
    about = {"contest": claim.contest_id, "person": claim.person_id}
    audit.record(action, actor=actor, now=now, subject=f"claim:{claim.id}", detail=about | detail)


def _news(contest: Contest, claim: UsageClaim) -> News:
    is_accepted = claim.state == "accepted"
    outcome = "It was added and counts." if is_accepted else "It was not added."
    return News(
        key=f"claim_answered:{claim.id}",
        subject=f"Your missing use in {contest.title}: the answer",
        lines=(
            f"You said that a use of yours was missing. {outcome}",
            f"The answer: {claim.answer}",
        ),
        why="You get this because you asked.",
    )
