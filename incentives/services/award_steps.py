"""The life of an award, step by step: each in one transaction, under a key used once for ever.

What moves money does it here too: a held award's money waits as a hold, a taken-back one goes back
by a reversal of equal size, never by an edit.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from core import audit, ledger, outbox
from core.db import db, insert_missing, lock_row
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import SYSTEM, Actor
from incentives import notices, queries
from incentives.models import Award, AwardEvent, Contest, Recognition
from incentives.notices import News
from incentives.queries import life
from incentives.rules.awards import (
    CLAIM_WITHIN,
    DECIDE_WITHIN,
    AwardState,
    AwardStep,
    HeldFor,
    held_for,
    idempotency_key,
    next_state,
)
from incentives.services import stock
from incentives.services.contests import names_of
from incentives.services.words import contest_words
from leaderboard.models import BracketDraw
from people import queries as people
from programme import queries as programmes

GIVEN, AWARD_UNIT = "awards:given", "award"


def key_of(award: Award, step: AwardStep) -> str:
    """The key under which this award takes this step now."""
    return idempotency_key(step, award_id=award.id, fact=award.entry_key, holds=award.holds)


def take(
    award: Award, step: AwardStep, *, actor: Actor, now: datetime, reason: str | None = None
) -> bool:
    """Move a locked award on; False when its key was used before. Raises Conflict off the graph."""
    before = AwardState(award.state)
    after = next_state(before, step)
    if after is None:
        raise Conflict(
            f"An award that is {before.replace('_', ' ')} cannot {step.replace('_', ' ')}.",
            code="wrong_state",
        )
    row = {
        "award_id": award.id,
        "key": key_of(award, step),
        "step": step.value,
        "from_state": before.value,
        "to_state": after.value,
        "at": now,
        "actor_id": actor.person_id,
        "reason": reason,
    }
    if not insert_missing(AwardEvent, [row], ["key"]):
        return False
    award.state = after.value
    audit.record(
        f"award.{step.value}",
        actor=actor,
        now=now,
        subject=f"award:{award.id}",
        detail={"from": before.value, "to": after.value},
    )
    return True


def _locked(award_id: int) -> Award:
    award = lock_row(Award, award_id)
    if award is None:
        raise NotFound("There is no such award.")
    return award


def _check_open(award: Award) -> None:
    """Raise while a ceremony keeps the award back: the letter would tell it before."""
    if award.is_sealed:
        raise Conflict(
            "This award is sealed until its ceremony.",
            code="sealed",
            fix="Hold the ceremony or call it off first.",
        )


def source_and_sink(award: Award) -> tuple[str, str, int]:
    """From which account an award is given to which, and how much: money, or one award as such."""
    if award.amount_minor:
        return purse_of(award), f"prizes-won:{award.currency}", award.amount_minor
    return GIVEN, f"awards:{award.recipient}", 1


def purse_of(award: Award) -> str:
    """Where an award's money lies until it is given."""
    if award.bracket_id is not None:
        return bracket_purse(award.bracket_id)
    if award.contest_id is None:
        return f"award-budget:{award.currency}"
    return f"prize-purse:{award.contest_id}"


def bracket_purse(bracket_id: int) -> str:
    """Where a bracket's prize money passes through."""
    return f"prize-purse:bracket:{bracket_id}"


def budget_of(award: Award) -> str | None:
    """Where the money of a contest's or a bracket's award goes back to."""
    if award.bracket_id is not None:
        draw = db.session.get_one(BracketDraw, award.bracket_id)
        return f"prize-budget:{draw.programme_id}:{award.currency}"
    contest = None if award.contest_id is None else db.session.get(Contest, award.contest_id)
    return None if contest is None else f"prize-budget:{contest.programme_id}:{award.currency}"


def open_accounts(award: Award) -> None:
    """See that both accounts of an award's entry exist."""
    source, sink, _ = source_and_sink(award)
    if award.amount_minor:
        ledger.open_account(sink, award.currency, may_go_negative=True)
        return
    ledger.open_account(source, AWARD_UNIT, may_go_negative=True)
    ledger.open_account(sink, AWARD_UNIT)


def begin(award: Award, *, actor: Actor, now: datetime) -> bool:
    """Take a contest's award from proposed to granted; False when it has to wait for somebody."""
    take(award, AwardStep.AUTO_APPROVE, actor=actor, now=now)
    stock.take(award)
    because = _held_for(award, now)
    if because is None:
        grant(award, actor=actor, now=now)
        return True
    hold(award, because, now=now)
    return False


def hold(award: Award, because: HeldFor, *, now: datetime) -> None:
    """Let an award wait; its money is set aside for as long as it may be claimed."""
    take(award, AwardStep.HOLD, actor=SYSTEM, now=now, reason=because.value)
    award.held_at, award.held_because, award.holds = now, because.value, award.holds + 1
    if award.amount_minor:
        open_accounts(award)
        source, sink, amount = source_and_sink(award)
        ledger.hold(hold_key(award), source, sink, amount, now=now)


def hold_key(award: Award) -> str:
    """The key of the money set aside for an award that waits."""
    return f"{award.entry_key}:hold"


def _held_for(award: Award, now: datetime) -> HeldFor | None:
    """Whether the recipient's state makes it wait; a team's award waits for nobody."""
    if award.person_id is None:
        return None
    card = people.card(award.person_id)
    if card is None:
        return HeldFor.LEFT
    today = _today(award, now)
    calendar = people.calendars([award.person_id])[award.person_id]
    return held_for(
        card.status,
        is_employed=calendar.is_employed(today),
        is_away=calendar.is_absent(today),
    )


def _today(award: Award, now: datetime) -> date:
    contest = None if award.contest_id is None else db.session.get(Contest, award.contest_id)
    if contest is None:
        return now.date()
    return programmes.calendar(programmes.by_id(contest.programme_id)).local_day(now)


def grant(award: Award, *, actor: Actor, now: datetime) -> None:
    """Give an approved award: its one entry, and the state that says so, in one transaction."""
    if not take(award, AwardStep.GRANT, actor=actor, now=now):
        return
    award.granted_at = now
    open_accounts(award)
    source, sink, amount = source_and_sink(award)
    ledger.book(
        award.entry_key,
        [(source, -amount), (sink, amount)],
        memo=f"Award {award.id}",
        now=now,
        actor=actor,
    )


def release(award_id: int, *, actor: Actor, now: datetime) -> Award:
    """Give a held award after all; money that went back meanwhile comes out of contingency."""
    award = _locked(award_id)
    _check_open(award)
    if award.state != AwardState.HELD:
        if award.state in {AwardState.GRANTED, AwardState.ANNOUNCED} and award.holds:
            return award
        raise Conflict("Only an award that waits can be released.", code="wrong_state")
    take(award, AwardStep.RELEASE, actor=actor, now=now)
    if award.amount_minor and not ledger.void_hold(hold_key(award)):
        refill(award, award.amount_minor, f"{award.entry_key}:refill", actor, now)
    grant(award, actor=actor, now=now)
    _thank(award, now)
    return award


def refill(award: Award, amount: int, key: str, actor: Actor, now: datetime) -> None:
    """Put money from contingency where an award is paid from."""
    budget = budget_of(award)
    purse = purse_of(award)
    source = f"{budget}:contingency" if budget else f"award-contingency:{award.currency}"
    ledger.open_account(source, award.currency, may_go_negative=True)
    ledger.open_account(purse, award.currency)
    ledger.book(
        key,
        [(source, -amount), (purse, amount)],
        memo=f"Contingency for award {award.id}",
        now=now,
        actor=actor,
    )


def _thank(award: Award, now: datetime) -> None:
    if award.person_id is None:
        return
    row = {
        "award_id": award.id,
        "person_id": award.person_id,
        "title": award.title,
        "text": award.reason,
        "given_at": now,
        "given_by_id": None,
    }
    insert_missing(Recognition, [row], ["award_id", "person_id"])
    _tell(award, "granted", f"You won: {award.title}", f"{award.reason}.", now)


def drop(award_id: int, reason: str, *, actor: Actor, now: datetime) -> Award:
    """Let a held award fall; its money goes back to the budget, and the person may object."""
    award = _locked(award_id)
    if award.state == AwardState.REJECTED:
        return award
    _check_open(award)
    if not reason.strip():
        raise Invalid("Say why the award falls.", field="reason")
    take(award, AwardStep.DROP, actor=actor, now=now, reason=reason.strip())
    give_back_hold(award, actor, now)
    stock.put_back(award)
    _tell(
        award,
        "dropped",
        f"An award of yours was dropped: {award.title}",
        f"The reason: {reason.strip()} If this is wrong, tell sales operations.",
        now,
    )
    return award


def give_back_hold(award: Award, actor: Actor, now: datetime) -> bool:
    """Return the money set aside for a held award to the budget; False when none is any more."""
    if not award.amount_minor or not ledger.void_hold(hold_key(award)):
        return False
    _give_back(award, award.amount_minor, actor, now)
    return True


def _give_back(award: Award, amount: int, actor: Actor, now: datetime) -> None:
    budget = budget_of(award)
    if budget is None or not amount:
        return
    ledger.open_account(budget, award.currency, may_go_negative=True)
    ledger.book(
        f"return:{award.entry_key}",
        [(purse_of(award), -amount), (budget, amount)],
        memo=f"Award {award.id} goes back to the budget",
        now=now,
        actor=actor,
    )


def reverse(award_id: int, reason: str, *, actor: Actor, now: datetime) -> Award:
    """Take a given award back: one reversal of equal size, and everybody thanked hears why.

    What the recipient has spent already stays spent: the rest is booked as owed, never below zero.
    """
    award = _locked(award_id)
    if award.state == AwardState.REVERSED:
        return award
    _check_open(award)
    if not reason.strip():
        raise Invalid("Say why the award is taken back.", field="reason")
    if not take(award, AwardStep.REVERSE, actor=actor, now=now, reason=reason.strip()):
        return award
    _book_reversal(award, actor, now)
    stock.put_back(award)
    _tell(
        award,
        "reversed",
        f"An award was taken back: {award.title}",
        f"The reason: {reason.strip()} If this is wrong, tell sales operations.",
        now,
    )
    return award


def _book_reversal(award: Award, actor: Actor, now: datetime) -> None:
    source, sink, amount = source_and_sink(award)
    covered = amount
    if not award.amount_minor:
        covered = min(amount, max(0, ledger.spendable(sink)))
    sides = [(source, amount), (sink, -covered)]
    if covered < amount:
        owed = f"receivable:{award.recipient}:{AWARD_UNIT}"
        ledger.open_account(owed, AWARD_UNIT, may_go_negative=True)
        sides.append((owed, covered - amount))
    ledger.book(
        f"reverse:{award.entry_key}",
        [(code, moved) for code, moved in sides if moved],
        memo=f"Award {award.id} taken back",
        now=now,
        actor=actor,
        reverses=award.entry_key,
    )
    if award.amount_minor:
        _give_back(award, award.amount_minor, actor, now)


def concerned(award: Award, on: date) -> Collection[int]:
    """Who hears of an award's steps: its person, or those thanked for it and the team's leads."""
    if award.person_id is not None:
        return [award.person_id]
    thanked = queries.thanked_people([award.id]).get(award.id, ())
    leads = queries.leads_by_person([award.team_id or 0], on)
    return {*thanked, *leads}


def _tell(award: Award, key: str, subject: str, line: str, now: datetime) -> None:
    contest = None if award.contest_id is None else db.session.get(Contest, award.contest_id)
    if contest is None:
        why = "You get this because the award is yours."
        tell(
            award,
            key,
            concerned(award, now.date()),
            subject=subject,
            lines=(line,),
            why=why,
            now=now,
        )
        return
    told = News(
        key=f"award_{key}:{award.id}",
        subject=subject,
        lines=(f"{contest.title}: {award.title}.", line),
        why="You get this because the award was yours or your team's.",
    )
    names = names_of(concerned(award, contest.last_on))
    outbox.post_all(notices.news(contest_words(contest), names, told), now)


def tell(
    award: Award,
    key: str,
    reader_ids: Collection[int],
    *,
    subject: str,
    lines: tuple[str, ...],
    why: str,
    now: datetime,
) -> None:
    """A letter about an award that belongs to no contest."""
    told = News(key=f"award_{key}:{award.id}", subject=subject, lines=lines, why=why)
    outbox.post_all(notices.award_news(names_of(reader_ids), told), now)


def _tell_proposer(award: Award, key: str, line: str, now: datetime) -> None:
    """What became of a proposal, to who made it."""
    if award.proposed_by_id is None:
        return
    card = people.card(award.person_id or 0)
    whom = card.name if card else "somebody"
    tell(
        award,
        key,
        [award.proposed_by_id],
        subject=f"Your proposal was not granted: {award.title}",
        lines=(f"You proposed it for {whom}.", line),
        why="You get this because you proposed it.",
        now=now,
    )


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """An award somebody proposes for a person, outside any contest. Amount in minor units."""

    person_id: int
    title: str
    reason: str
    amount_minor: int
    currency: str
    request_key: str


def propose(proposal: Proposal, *, actor: Actor, now: datetime) -> Award:
    """Ask for an award; somebody else has to say yes. The same request key asks once."""
    if actor.person_id is None or actor.person_id == proposal.person_id:
        raise NotAllowed("Nobody proposes an award for themselves.")
    if not proposal.reason.strip() or not proposal.title.strip():
        raise Invalid("Say what the award is and what it thanks for.", field="reason")
    source = f"person:{actor.person_id}"
    rule, recipient = f"proposal:{proposal.request_key}"[:60], f"person:{proposal.person_id}"
    row = {
        "source": source,
        "rule": rule,
        "recipient": recipient,
        "rev": 1,
        "title": proposal.title.strip()[:120],
        "reason": proposal.reason.strip(),
        "state": AwardState.PROPOSED.value,
        "currency": proposal.currency,
        "granted_at": now,
        "entry_key": f"award:{source}:{rule}:{recipient}:1",
        "person_id": proposal.person_id,
        "amount_minor": proposal.amount_minor,
        "proposed_by_id": actor.person_id,
        "holds": 0,
    }
    insert_missing(Award, [row], ["source", "rule", "recipient", "rev"])
    award = life.award_by_key(str(row["entry_key"]))
    if award.state == AwardState.PROPOSED:
        take(award, AwardStep.NEEDS_APPROVAL, actor=actor, now=now)
    return award


def approve(award_id: int, *, actor: Actor, now: datetime, was_alone: bool = False) -> Award:
    """Say yes to a proposal, if the budget covers it; then it is given, or waits for its person.

    `was_alone`: nobody but its proposer could, which the caller has looked at and recorded.
    """
    award = _locked(award_id)
    if award.state != AwardState.PENDING_APPROVAL:
        raise Conflict("This award does not wait for a yes.", code="wrong_state")
    if actor.person_id == award.person_id or (
        actor.person_id == award.proposed_by_id and not was_alone
    ):
        raise NotAllowed("Neither who proposed an award nor who gets it approves it.")
    take(award, AwardStep.APPROVE, actor=actor, now=now)
    open_accounts(award)
    source, sink, amount = source_and_sink(award)
    if award.amount_minor:
        ledger.open_account(source, award.currency)
        ledger.hold(hold_key(award), source, sink, amount, now=now)
    because = _held_for(award, now)
    if because is not None:
        take(award, AwardStep.HOLD, actor=SYSTEM, now=now, reason=because.value)
        award.held_at, award.held_because, award.holds = now, because.value, award.holds + 1
        return award
    if award.amount_minor:
        ledger.void_hold(hold_key(award))
    grant(award, actor=actor, now=now)
    _thank(award, now)
    return award


def reject(award_id: int, reason: str, *, actor: Actor, now: datetime) -> Award:
    """Say no to a proposal, with a reason its proposer reads."""
    award = _locked(award_id)
    if not reason.strip():
        raise Invalid("Say why not.", field="reason")
    if take(award, AwardStep.REJECT, actor=actor, now=now, reason=reason.strip()):
        _tell_proposer(award, "rejected", f"The reason: {reason.strip()}", now)
    return award


def time_out(now: datetime) -> int:
    """Let proposals nobody answered within 14 days expire; how many."""
    done = 0
    for award_id in life.award_ids(AwardState.PENDING_APPROVAL, now - DECIDE_WITHIN):
        award = _locked(award_id)
        if award.state == AwardState.PENDING_APPROVAL and take(
            award, AwardStep.TIMEOUT, actor=SYSTEM, now=now
        ):
            done += 1
            line = "Nobody answered within 14 days. You may propose it again."
            _tell_proposer(award, "expired", line, now)
    return done


def release_unclaimed(now: datetime) -> int:
    """Return to the budget what held awards set aside for 60 days; the awards themselves wait on.

    How many were released (case 23).
    """
    done = 0
    for award_id in life.award_ids(AwardState.HELD, now - CLAIM_WITHIN):
        award = _locked(award_id)
        if award.state == AwardState.HELD and give_back_hold(award, SYSTEM, now):
            audit.record("award.unclaimed", actor=SYSTEM, now=now, subject=f"award:{award.id}")
            done += 1
    return done
