"""The manager's half hour: pick one moment of a rep, hand back the one next step, set the day.

The rep's items are held in one order for all, so of many hands at once one wins; the index of open
fixes has the last word.
"""

from datetime import datetime, time

import programme.queries
from coaching import access, notices
from coaching.access import Seen
from coaching.models import CoachingItem, CoachingMoment, Fix, SetDay
from coaching.queries import ideas
from coaching.queries import items as queries
from coaching.rules.days import next_set_day, review_instant
from coaching.rules.life import WAITING, State
from coaching.services.invitations import invite
from coaching.services.steps import take
from coaching.services.words import end_of_review_day, people_of, readers, talk_words
from core import audit, outbox
from core.calendars import DAY, WEEK_DAYS
from core.db import db, upsert_rows
from core.errors import Conflict, Invalid, NotAllowed, NotFound, TooLate
from core.policy import Actor, require

LONGEST_WORDS = 2000
LONGEST_IDEA = 60


def choose_moment(item_uid: str, moment_id: int, *, actor: Actor, now: datetime) -> CoachingItem:
    """Take up one missed moment of the rep; the same one again changes nothing.

    Raises Conflict while the rep has an open fix or once another moment was picked.
    """
    seen, item = held(item_uid, "coach.create", actor, now)
    _refuse_readers(seen)
    moment = queries.moment_of(item, moment_id)
    if moment is None:
        raise NotFound("There is no such moment.", field="moment")
    if item.moment_id == moment.id:
        return item
    if item.state != State.NUMBER_SHOWN:
        raise Conflict("Another moment was picked for this week.", code="moment_chosen")
    _refuse_late(item, now)
    _refuse_second_fix(item)
    if take(item, "choose", State.DEAL_CHOSEN, actor=actor, now=now):
        item.moment_id = moment.id
        db.session.flush()
    return item


def hand_back_fix(
    item_uid: str,
    words: str,
    *,
    idea: str | None = None,
    at: time | None = None,
    actor: Actor,
    now: datetime,
) -> CoachingItem:
    """Hand back the one next step; the rep sees it at once, with the day it is looked at.

    The day is the author's next set day after today, at `at` where another time suits. The same
    words again change nothing. Raises Conflict while the rep has an open fix.
    """
    seen, item = held(item_uid, "coach.create", actor, now)
    _refuse_readers(seen)
    said = clean_words(words)
    fix = queries.fix_of(item.id)
    if fix is not None:
        if fix.words == said and item.author_id == actor.person_id:
            return item
        raise Conflict("A next step was handed back already.", code="fix_given")
    moment = queries.chosen_of(item)
    if item.state != State.DEAL_CHOSEN or moment is None:
        raise Conflict("Pick one moment first.", code="no_moment", field="moment")
    if idea is not None and len(idea) > LONGEST_IDEA:
        raise Invalid("There is no such idea.", field="idea")
    _refuse_late(item, now)
    _refuse_second_fix(item)
    if take(item, "record", State.COACHED, actor=actor, now=now):
        kept = ideas.kept_slug(item.programme_id, idea, said)
        _write_down(seen, item, Fix(item_id=item.id, words=said, sent_at=now, idea=kept), at, actor)
        audit.record(
            "coach.create",
            actor=actor,
            now=now,
            subject=f"coaching_item:{item.id}",
            detail={"deputy_for": seen.deputy_for, "review_on": str(item.review_on)},
        )
        _tell(item, moment, said, now)
        invite(item, now)
    return item


def hand_back(
    item_uid: str,
    moment_id: int,
    words: str,
    *,
    idea: str | None = None,
    at: time | None = None,
    actor: Actor,
    now: datetime,
) -> CoachingItem:
    """Pick a moment and hand back its next step: two steps in one go."""
    choose_moment(item_uid, moment_id, actor=actor, now=now)
    return hand_back_fix(item_uid, words, idea=idea, at=at, actor=actor, now=now)


def edit_fix(item_uid: str, words: str, *, actor: Actor, now: datetime) -> CoachingItem:
    """Put the next step in other words, while the rep has not said they read it.

    Only its author, before the review's day. The rep is told again.
    """
    seen, item = held(item_uid, "coach.edit_open", actor, now)
    if not seen.is_author:
        raise NotAllowed("Only who wrote it changes it.")
    said = clean_words(words)
    fix, moment = queries.fix_of(item.id), queries.chosen_of(item)
    if fix is None or moment is None:
        raise Conflict("Nothing was handed back yet.", code="wrong_state")
    today = queries.today_of_person(actor.person_id or 0, queries.programme_of(item), now)
    is_before = item.review_on is not None and today < item.review_on
    if item.state not in {State.COACHED, State.EXCUSED} or not is_before:
        raise TooLate("From the review's day on the words stay.", code="too_late")
    if fix.acknowledged_at is not None:
        raise Conflict("The rep has read it: the words stay.", code="acknowledged")
    if fix.words != said:
        fix.words = said
        fix.idea = ideas.kept_slug(item.programme_id, fix.idea, said)
        item.change += 1
        audit.record("coach.edit_open", actor=actor, now=now, subject=f"coaching_item:{item.id}")
        _tell(item, moment, said, now)
    return item


def set_day(
    person_id: int, weekday: int, at: time, *, actor: Actor, now: datetime | None = None
) -> None:
    """Hold reviews on this weekday at this local time from now on; days given out stay.

    One's own only. Raises Invalid for a weekday there is none.
    """
    require(actor, "coach.create")
    if actor.person_id != person_id and not actor.is_system:
        raise NotAllowed("Everybody sets their own day.")
    if not 0 <= weekday < WEEK_DAYS:
        raise Invalid("A weekday is missing.", field="weekday")
    if at.tzinfo is not None:
        raise Invalid("The time is a local one.", field="at")
    row = {"person_id": person_id, "weekday": weekday, "at": at.replace(second=0, microsecond=0)}
    upsert_rows(SetDay, [row], ["person_id"])
    if now is not None:
        audit.record("coach.set_day", actor=actor, now=now, subject=f"person:{person_id}")


def held(item_uid: str, action: str, actor: Actor, now: datetime) -> tuple[Seen, CoachingItem]:
    """An item the actor may see and `action` is theirs to do, held until the transaction ends.

    All open items of the rep are held with it. Raises NotFound, NotAllowed; TooLate once closed.
    """
    seen = access.item_for(actor, item_uid, now)
    require(actor, action)
    item = queries.held_items(seen.item.rep_id).get(seen.item.id)
    if item is None:
        raise TooLate("This week is closed; something may be added to it only.", code="closed")
    return seen, item


def clean_words(words: str, field: str = "words") -> str:
    """What somebody wrote, without blanks around; raises Invalid when empty or too long."""
    said = words.replace("\r\n", "\n").strip()
    if not said:
        raise Invalid("Write one or two sentences.", field=field)
    if len(said) > LONGEST_WORDS:
        raise Invalid(f"That is more than {LONGEST_WORDS:,} characters.", field=field)
    return said


def _refuse_readers(seen: Seen) -> None:
    if not seen.may_coach:
        raise NotAllowed("You may read this, not coach it.")


def _refuse_late(item: CoachingItem, now: datetime) -> None:
    """Raises TooLate when the item's week is over, whether or not it was closed yet."""
    calendar = programme.queries.calendar(queries.programme_of(item))
    if now >= calendar.day_start(item.week + WEEK_DAYS * DAY) or item.state not in WAITING:
        raise TooLate("The week of this number is over.", code="week_over")


def _refuse_second_fix(item: CoachingItem) -> None:
    open_one = queries.open_fix_of(item.rep_id)
    if open_one is not None and open_one.id != item.id:
        raise Conflict(
            "A next step is open for this rep; look at it first.",
            code="open_fix",
            fix="Mark its review, then hand back the next one.",
        )


def _write_down(seen: Seen, item: CoachingItem, fix: Fix, at: time | None, actor: Actor) -> None:
    """The author, the day and the words; the rep's last one that was not done leads on to this."""
    loop, owner = queries.loop_of(item), queries.programme_of(item)
    author = actor.person_id if actor.person_id is not None else loop.manager_id
    if author is None:
        raise NotAllowed("Somebody has to be named as its author.")
    wish = queries.set_day_of(author)
    zone = queries.zones_of([author], owner)[author]
    day = next_set_day(fix.sent_at.astimezone(zone).date(), wish.weekday)
    item.author_id, item.manager_id = author, seen.deputy_for or author
    item.coached_at = fix.sent_at
    item.review_on = item.first_review_on = day
    item.review_at = review_instant(day, at or wish.at, zone)
    db.session.add(fix)
    before = queries.unlinked_not_done(item.rep_id, item.week)
    if before is not None:
        before.next_item_id = item.id
    db.session.flush()


def _tell(item: CoachingItem, moment: CoachingMoment, words: str, now: datetime) -> None:
    """The rep's letter: of no use once the review's day is over."""
    owner = queries.programme_of(item)
    who = readers(people_of([item]), owner)
    letter = notices.your_next_step(
        talk_words(item, moment, who, owner),
        who[item.rep_id],
        words,
        change=item.change,
        use_by=end_of_review_day(item, owner),
    )
    outbox.post(letter, now)
