"""The review: on the day or after it, never before; what it found is worked out from the data."""

from datetime import datetime

from coaching.access import Seen
from coaching.models import CoachingItem, CoachingNote
from coaching.queries import items as queries
from coaching.rules.life import REVIEWED, State
from coaching.rules.outcome import Outcome, Proof, evidence_of, next_chance, outcome_of
from coaching.services.choosing import clean_words, held
from coaching.services.steps import take
from core import audit
from core.db import db
from core.errors import Conflict, Invalid, NotAllowed, TooLate
from core.policy import Actor


def record_review(
    item_uid: str,
    *,
    words: str | None = None,
    statement: bool = False,
    actor: Actor,
    now: datetime,
) -> CoachingItem:
    """Mark a review; the next chance after the talk says what came of it.

    Where no chance came a `statement` with words says it was done: told apart, as said and not
    seen. Nobody can state what the data contradicts. A second time changes nothing.
    """
    seen, item = held(item_uid, "coach.review_mark", actor, now)
    if not seen.may_coach:
        raise NotAllowed("You may read this, not mark it.")
    if item.state in REVIEWED and item.marked_at is not None:
        return item
    _refuse_other_days(item, now)
    since = queries.occasions_since(item, now)
    chance = next_chance(since.occasions, item.coached_at or now, since.today)
    outcome, proof = outcome_of(chance), Proof.EVENT
    said = None if words is None or not words.strip() else clean_words(words)
    if statement:
        _refuse_statement(outcome, said)
        outcome, proof = _stated(outcome)
    if item.state != State.DUE:
        take(item, "day_reached", State.DUE, actor=actor, now=now)
        item.due_at = now
    to = State.DONE if outcome is Outcome.DONE else State.NOT_DONE
    if take(item, "mark", to, actor=actor, now=now):
        item.marked_at, item.outcome = now, outcome.value
        item.proof = None if outcome is Outcome.NO_CHANCE else proof.value
        item.evidence = evidence_of(chance)
        _note(item, said, seen, actor, now)
        db.session.flush()
    return item


def _refuse_other_days(item: CoachingItem, now: datetime) -> None:
    """Raises Conflict before the day, TooLate after the last day to mark."""
    if item.state == State.MISSED:
        raise TooLate("This review counts as missed.", code="too_late")
    if item.state == State.DUE:
        return
    if item.author_id is None or item.review_on is None:
        raise Conflict("Nothing was handed back yet.", code="wrong_state")
    today = queries.today_of_person(item.author_id, queries.programme_of(item), now)
    if today < item.review_on:
        raise Conflict(
            f"The review is on {item.review_on.isoformat()}.",
            code="too_early",
            fix="Come back that day.",
        )


def _refuse_statement(outcome: Outcome, said: str | None) -> None:
    """Raises Conflict where the data says otherwise, Invalid where nothing is said."""
    if outcome is Outcome.NOT_DONE:
        raise Conflict("The data says otherwise: the next chance was missed.", code="seen_missed")
    if outcome is Outcome.NO_CHANCE and said is None:
        raise Invalid("Say in a sentence how you know.", field="words")


def _stated(outcome: Outcome) -> tuple[Outcome, Proof]:
    """What events show needs nobody's word."""
    if outcome is Outcome.DONE:
        return outcome, Proof.EVENT
    return Outcome.DONE, Proof.STATEMENT


def _note(item: CoachingItem, said: str | None, seen: Seen, actor: Actor, now: datetime) -> None:
    if said is not None and actor.person_id is not None:
        db.session.add(
            CoachingNote(
                item_id=item.id, author_id=actor.person_id, kind="review", words=said, at=now
            )
        )
    audit.record(
        "coach.review_mark",
        actor=actor,
        now=now,
        subject=f"coaching_item:{item.id}",
        detail={"outcome": item.outcome, "proof": item.proof, "deputy_for": seen.deputy_for},
    )
