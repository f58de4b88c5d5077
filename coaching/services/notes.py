"""What is said to a talk: read, answered, doubted, added to; and whether it is shared upward.

Words stay between the rep and the line that coaches them. A closed week is only added to.
"""

from datetime import datetime

from coaching import access
from coaching.access import Seen
from coaching.models import CoachingItem, CoachingNote
from coaching.queries import items as queries
from coaching.rules.life import State
from coaching.services.choosing import clean_words, held
from core import audit
from core.db import db, lock_row
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.policy import Actor, require

OPEN_KINDS = frozenset({"comment", "dispute"})
VERDICTS = frozenset({"right", "stands"})


def acknowledge(item_uid: str, *, actor: Actor, now: datetime) -> CoachingItem:
    """The rep has read the next step; from now on its words stay. A second time changes nothing."""
    seen, item = held(item_uid, "coach.rep_comment", actor, now)
    if not seen.is_own:
        raise NotAllowed("Only the rep says that it was read.")
    fix = queries.fix_of(item.id)
    if fix is None:
        raise Conflict("Nothing was handed back yet.", code="wrong_state")
    if fix.acknowledged_at is None:
        fix.acknowledged_at = now
        item.change += 1
        db.session.flush()
    return item


def say(item_uid: str, kind: str, words: str, *, actor: Actor, now: datetime) -> CoachingNote:
    """Add a comment, doubt the facts (the rep), or add to a closed week (who coached).

    Raises Conflict for the one where the other is due.
    """
    if kind == "addendum":
        seen = _whole(item_uid, "coach.addendum_closed", actor, now)
        is_theirs = seen.may_coach or seen.is_author
        if seen.item.state != State.CLOSED:
            raise Conflict("The week is not closed: just answer.", code="not_closed")
    elif kind in OPEN_KINDS:
        seen, _item = held(item_uid, "coach.rep_comment", actor, now)
        is_theirs = seen.is_own or (kind == "comment" and (seen.may_coach or seen.is_author))
    else:
        raise Invalid("There is no such kind of note.", field="kind")
    if not is_theirs:
        raise NotAllowed("You may read this, not write to it.")
    return _add(seen.item, kind, clean_words(words), actor, now)


def answer_dispute(
    note_id: int, verdict: str, words: str, *, actor: Actor, now: datetime
) -> CoachingNote:
    """Answer doubted facts, once: the rep is right, or it stands. Returns the answer."""
    doubt = queries.note_by_id(note_id)
    item = None if doubt is None else queries.item_by_id(doubt.item_id)
    if doubt is None or item is None or doubt.kind != "dispute":
        raise NotFound("There is nothing like that to answer.")
    seen = _whole(item.uid, "coach.rep_comment", actor, now)
    if not seen.may_coach:
        raise NotAllowed("Who coaches the rep answers this.")
    if verdict not in VERDICTS:
        raise Invalid("Say whether the rep is right or it stands.", field="verdict")
    said = clean_words(words)
    locked = lock_row(CoachingNote, note_id)
    if locked is None or locked.answered_at is not None:
        raise Conflict("This was answered already.", code="answered")
    locked.verdict, locked.answered_at = verdict, now
    return _add(item, "answer", said, actor, now)


def share_up(
    item_uid: str,
    is_shared: bool,  # noqa: FBT001 - the verb's object, as people say it
    *,
    actor: Actor,
    now: datetime,
) -> CoachingItem:
    """Let the directors above read this talk, or not any more; the rep's alone to decide."""
    seen = _whole(item_uid, "coach.share_up", actor, now)
    if not seen.is_own:
        raise NotAllowed("Only the rep shares this.")
    item = seen.item
    if item.is_shared_up != is_shared:
        item.is_shared_up = is_shared
        item.change += 1
        audit.record(
            "coach.share_up",
            actor=actor,
            now=now,
            subject=f"coaching_item:{item.id}",
            detail={"is_shared": is_shared},
        )
    return item


def _whole(item_uid: str, action: str, actor: Actor, now: datetime) -> Seen:
    """An item in any state, held; raises NotFound and NotAllowed."""
    seen = access.item_for(actor, item_uid, now)
    require(actor, action)
    lock_row(CoachingItem, seen.item.id)
    return seen


def _add(item: CoachingItem, kind: str, words: str, actor: Actor, now: datetime) -> CoachingNote:
    if actor.person_id is None:
        raise NotAllowed("Only people say something.")
    note = CoachingNote(item_id=item.id, author_id=actor.person_id, kind=kind, words=words, at=now)
    db.session.add(note)
    item.change += 1
    db.session.flush()
    audit.record(
        f"coach.{kind}",
        actor=actor,
        now=now,
        subject=f"coaching_item:{item.id}",
        detail={"note": note.id},
    )
    return note
