"""One talk with all that is kept of it, and a rep's own in short."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

import people.queries
from adoption.models import Deal
from coaching.models import (
    CoachingItem,
    CoachingMoment,
    CoachingNote,
    CoachingStep,
    Fix,
    Loop,
)
from coaching.queries.pages.weeks import ScoreWeek, shown_of, week_at, weeks_before, with_shown
from coaching.rules.life import OPEN_FIX
from coaching.rules.telling import Told
from core.calendars import DAY
from core.db import db
from people.queries import PersonCard
from programme.models import Programme

MOST_OF_A_REP = 26


@dataclass(frozen=True)
class Shortlisted:
    """A missed moment as it was stored and as plain facts."""

    moment: CoachingMoment
    told: Told

    @property
    def title(self) -> str:
        """What people call the deal."""
        return self.moment.account or f"Deal {self.moment.deal_key}"


@dataclass(frozen=True)
class Said:
    """A note with who wrote it."""

    note: CoachingNote
    author: PersonCard


@dataclass(frozen=True)
class Done:
    """A step of an item with who took it; nobody is the house itself."""

    step: CoachingStep
    actor: PersonCard | None


@dataclass(frozen=True)
class ItemPage:
    """One item with its whole history, in the order it happened."""

    item: CoachingItem
    rep: PersonCard
    author: PersonCard | None
    manager: PersonCard | None
    through: date
    is_complete: bool
    moments: Sequence[Shortlisted]
    chosen: Shortlisted | None
    fix: Fix | None
    said: Sequence[Said]
    steps: Sequence[Done]
    facts: Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class OwnItem:
    """A rep's own week in short: the number, the moment, the fix, how it ended."""

    item: CoachingItem
    author: PersonCard | None
    chosen: Shortlisted | None
    moments: Sequence[Shortlisted]
    fix: Fix | None
    notes: int


@dataclass(frozen=True)
class Own:
    """What a rep's manager sees about them: exactly these rows."""

    owner: Programme
    today: date
    week: date
    weeks: Sequence[ScoreWeek]
    items: Sequence[OwnItem]

    @property
    def open(self) -> OwnItem | None:
        """The one with a fix whose review is still to come."""
        return next((each for each in self.items if each.item.state in OPEN_FIX), None)

    @property
    def this_week(self) -> OwnItem | None:
        """The one of the present week."""
        return next((each for each in self.items if each.item.week == self.week), None)


def item_page(item: CoachingItem, owner: Programme) -> ItemPage:
    """Everything kept about one item; who may read its words decides access."""
    loop = db.session.get_one(Loop, item.loop_id)
    notes = notes_of([item.id]).get(item.id, [])
    steps = list(
        db.session.scalars(
            select(CoachingStep)
            .where(CoachingStep.item_id == item.id)
            .order_by(CoachingStep.at, CoachingStep.id)
        )
    )
    people_in_it = {item.rep_id, item.author_id, item.manager_id}
    people_in_it |= {note.author_id for note in notes} | {step.actor_id for step in steps}
    cards = people.queries.cards({ident for ident in people_in_it if ident is not None})
    moments = [
        Shortlisted(moment, told_of(moment, loop.through, owner.currency))
        for moment in moments_of([item.id]).get(item.id, [])
    ]
    return ItemPage(
        item=item,
        rep=cards[item.rep_id],
        author=cards.get(item.author_id or 0),
        manager=cards.get(item.manager_id or 0),
        through=loop.through,
        is_complete=loop.is_complete,
        moments=moments,
        chosen=next((one for one in moments if one.moment.id == item.moment_id), None),
        fix=fixes_of([item.id]).get(item.id),
        said=[Said(note, cards[note.author_id]) for note in notes],
        steps=[Done(step, cards.get(step.actor_id or 0)) for step in steps],
        facts=_named(item.evidence),
    )


def _named(evidence: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """The facts a review rests on, with what people call their deals."""
    keys = {str(fact["deal_key"]) for fact in evidence if fact.get("deal_key")}
    names = accounts(keys) if keys else {}
    return [{**fact, "account": names.get(str(fact.get("deal_key")))} for fact in evidence]


def own(owner: Programme, person_id: int, now: datetime) -> Own:
    """A rep's numbers by week and items, the newest first."""
    today, week = week_at(owner, now)
    rows = list(
        db.session.scalars(
            select(CoachingItem)
            .where(CoachingItem.rep_id == person_id, CoachingItem.programme_id == owner.id)
            .order_by(CoachingItem.week.desc())
            .limit(MOST_OF_A_REP)
        )
    )
    current = next((item for item in rows if item.week == week), None)
    shown = shown_of((), [current], week) if current is not None else None
    weeks = with_shown(weeks_before(owner.id, week, (), [person_id], ()), shown, week)
    return Own(owner, today, week, weeks, _in_short(rows, owner))


def open_of(person_id: int, owner: Programme) -> OwnItem | None:
    """The rep's one open fix, for their own week."""
    rows = list(
        db.session.scalars(
            select(CoachingItem).where(
                CoachingItem.rep_id == person_id,
                CoachingItem.programme_id == owner.id,
                CoachingItem.state.in_(sorted(OPEN_FIX)),
            )
        )
    )
    return next(iter(_in_short(rows, owner)), None)


def _in_short(rows: Sequence[CoachingItem], owner: Programme) -> list[OwnItem]:
    idents = [item.id for item in rows]
    if not idents:
        return []
    fixes, moments, notes = fixes_of(idents), moments_of(idents), notes_of(idents)
    cards = people.queries.cards({item.author_id for item in rows if item.author_id is not None})
    found = []
    for item in rows:
        listed = [
            Shortlisted(moment, told_of(moment, item.week - DAY, owner.currency))
            for moment in moments.get(item.id, ())
        ]
        found.append(
            OwnItem(
                item,
                cards.get(item.author_id or 0),
                next((one for one in listed if one.moment.id == item.moment_id), None),
                listed,
                fixes.get(item.id),
                len(notes.get(item.id, ())),
            )
        )
    return found


def fixes_of(item_ids: Collection[int]) -> dict[int, Fix]:
    """The one fix of each item that has one."""
    rows = db.session.scalars(select(Fix).where(Fix.item_id.in_(sorted(item_ids))))
    return {fix.item_id: fix for fix in rows}


def moments_of(item_ids: Collection[int]) -> dict[int, list[CoachingMoment]]:
    """The missed moments of each item, dearest first."""
    found: dict[int, list[CoachingMoment]] = defaultdict(list)
    rows = db.session.scalars(
        select(CoachingMoment)
        .where(CoachingMoment.item_id.in_(sorted(item_ids)))
        .order_by(CoachingMoment.item_id, CoachingMoment.position)
    )
    for moment in rows:
        found[moment.item_id].append(moment)
    return dict(found)


def notes_of(item_ids: Collection[int]) -> dict[int, list[CoachingNote]]:
    """What was said to each item, oldest first."""
    found: dict[int, list[CoachingNote]] = defaultdict(list)
    rows = db.session.scalars(
        select(CoachingNote)
        .where(CoachingNote.item_id.in_(sorted(item_ids)))
        .order_by(CoachingNote.at, CoachingNote.id)
    )
    for note in rows:
        found[note.item_id].append(note)
    return dict(found)


def told_of(moment: CoachingMoment, through: date, currency: str) -> Told:
    """A stored moment as plain facts."""
    return Told(
        status=moment.status,
        fired_on=moment.fired_on,
        delay_days=moment.delay_days,
        through=through,
        amount=moment.amount,
        currency=moment.currency or currency,
        proposal_on=moment.proposal_on,
        due_on=moment.due_on,
        dismissed_on=moment.dismissed_on,
        acted_on=moment.acted_on,
        closed_on=moment.closed_on,
        rate=moment.rate,
        decay=moment.decay,
        cost=moment.cost,
    )


def accounts(deal_keys: Collection[str]) -> dict[str, str]:
    """What people call these deals."""
    rows = db.session.execute(
        select(Deal.deal_key, Deal.account).where(Deal.deal_key.in_(sorted(deal_keys)))
    )
    return {row.deal_key: row.account or f"Deal {row.deal_key}" for row in rows}
