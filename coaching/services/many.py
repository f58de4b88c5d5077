"""Many talks at once, as they were held: how a house brings its past along, and the demo its story.

The rows are those the single verbs leave, by the same rules; no letter is written, for nobody is
told in retrospect. Only the house itself does this.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import programme.queries
from adoption.queries.occasions import occasions
from adoption.rules.occasions import Occasion
from coaching.models import CoachingItem, Fix
from coaching.queries import items as queries
from coaching.queries import many as lookups
from coaching.rules.days import next_set_day, review_instant
from coaching.rules.life import State
from coaching.rules.outcome import Outcome, Proof, evidence_of, next_chance, outcome_of
from coaching.services.steps import take_all
from core import audit
from core.calendars import DAY
from core.db import bulk_insert, db
from core.policy import SYSTEM
from programme.models import Programme


@dataclass(frozen=True)
class Handing:
    """One moment picked and one next step handed back by its author."""

    item_id: int
    moment_id: int
    words: str
    author_id: int
    idea: str | None = None


def hand_back_many(programme_id: int, handings: Collection[Handing], now: datetime) -> int:
    """Pick and hand back for many reps; returns how many.

    Whose earlier next step is open, or whose week is not on, is passed over.
    """
    owner = programme.queries.by_id(programme_id)
    asked = {each.item_id: each for each in handings}

    def author(item: CoachingItem) -> int:
        return asked[item.id].author_id

    free = lookups.free_items(programme_id, asked, now)
    chosen = take_all(free, "choose", lambda _item: State.DEAL_CHOSEN, now=now, by=author)
    given = take_all(chosen, "record", lambda _item: State.COACHED, now=now, by=author)
    _book(owner, given, asked, now)
    db.session.flush()
    fixes = [asked[item.id] for item in given]
    bulk_insert(
        Fix,
        [
            {
                "item_id": each.item_id,
                "words": each.words,
                "sent_at": now,
                "idea": each.idea,
                "acknowledged_at": None,
            }
            for each in fixes
        ],
    )
    _note("coach.create", owner, len(given), now)
    return len(given)


def _book(
    owner: Programme, items: Collection[CoachingItem], asked: Mapping[int, Handing], now: datetime
) -> None:
    """Each author's next set day, at its time."""
    authors = {asked[item.id].author_id for item in items}
    days, zones = queries.set_days_of(authors), queries.zones_of(authors, owner)
    for item in items:
        each = asked[item.id]
        zone, wish = zones[each.author_id], days[each.author_id]
        day = next_set_day(now.astimezone(zone).date(), wish.weekday)
        item.moment_id = each.moment_id
        item.author_id = item.manager_id = each.author_id
        item.coached_at = now
        item.review_on = item.first_review_on = day
        item.review_at = review_instant(day, wish.at, zone)


def acknowledge_many(item_ids: Collection[int], now: datetime) -> None:
    """The reps of these items read their next step."""
    for fix in lookups.unread_fixes(item_ids):
        fix.acknowledged_at = now
    db.session.flush()


def review_many(programme_id: int, item_ids: Collection[int], now: datetime) -> Mapping[str, int]:
    """Mark these reviews by what the data shows; counts by outcome.

    One whose day has not come where its author is, is passed over.
    """
    owner = programme.queries.by_id(programme_id)
    found = lookups.reviewable(item_ids)
    zones = queries.zones_of({item.author_id for item in found if item.author_id}, owner)
    items = [item for item in found if _has_come(item, now, zones)]
    if not items:
        return {}
    today = programme.queries.calendar(owner).local_day(now)
    by_rep = _occasions_by_rep(owner, items, now)
    chances = {
        item.id: next_chance(by_rep.get(item.rep_id, ()), item.coached_at or now, today)
        for item in items
    }
    early = [item for item in items if item.state != State.DUE]
    for item in take_all(early, "day_reached", lambda _item: State.DUE, now=now, by=_author):
        item.due_at = now
    marked = take_all(items, "mark", lambda item: _state(chances[item.id]), now=now, by=_author)
    for item in marked:
        outcome = outcome_of(chances[item.id])
        item.marked_at, item.outcome = now, outcome.value
        item.proof = None if outcome is Outcome.NO_CHANCE else Proof.EVENT.value
        item.evidence = evidence_of(chances[item.id])
    db.session.flush()
    _note("coach.review_mark", owner, len(marked), now)
    return Counter(str(item.outcome) for item in marked)


def _has_come(item: CoachingItem, now: datetime, zones: Mapping[int, ZoneInfo]) -> bool:
    if item.author_id is None or item.review_on is None:
        return False
    return item.review_on <= now.astimezone(zones[item.author_id]).date()


def _author(item: CoachingItem) -> int | None:
    return item.author_id


def _state(chance: Occasion | None) -> State:
    return State.DONE if outcome_of(chance) is Outcome.DONE else State.NOT_DONE


def _occasions_by_rep(
    owner: Programme, items: Collection[CoachingItem], now: datetime
) -> dict[int, list[Occasion]]:
    """What fired for these reps since the first of the talks, as it stands now."""
    calendar = programme.queries.calendar(owner)
    since = min(calendar.local_day(item.coached_at or now) for item in items) - DAY
    reps = {item.rep_id for item in items}
    found: dict[int, list[Occasion]] = defaultdict(list)
    for one in occasions(owner, calendar.local_day(now), now, since=since, person_ids=reps):
        found[one.opener.person_id].append(one)
    return found


def _note(action: str, owner: Programme, count: int, now: datetime) -> None:
    """One line for all of them."""
    if count:
        audit.record(
            action,
            actor=SYSTEM,
            now=now,
            subject=f"programme:{owner.id}",
            detail={"talks": count},
        )
