"""A manager's Monday: the number, the shortlist, reviews owed, what coaching changed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

import people.queries
from coaching.models import (
    CoachingItem,
    CoachingMoment,
    Fix,
    Loop,
)
from coaching.queries.pages.talks import fixes_of, moments_of, told_of
from coaching.queries.pages.weeks import (
    WEEK,
    WEEKS_SHOWN,
    ScoreWeek,
    Shown,
    counts_of,
    shown_of,
    week_at,
    weeks_before,
    with_shown,
)
from coaching.rules.life import OPEN_FIX, WAITING, State
from coaching.rules.telling import Told, weight
from core.calendars import DAY
from core.db import db
from core.stats import Share
from people.queries import PersonCard
from programme.models import Programme

MONDAYS_BACK = 5
MOST_CHANGES = 8


@dataclass(frozen=True)
class Choice:
    """One missed moment on the shortlist; `until` or `is_taken` say why it cannot be picked."""

    id: int
    item_uid: str
    rep: PersonCard
    deal_key: str
    account: str | None
    told: Told
    until: date | None = None
    is_taken: bool = False

    @property
    def is_free(self) -> bool:
        """Whether it can be picked."""
        return self.until is None and not self.is_taken

    @property
    def title(self) -> str:
        """What people call the deal."""
        return self.account or f"Deal {self.deal_key}"


@dataclass(frozen=True)
class Owed:
    """A review that is to be held: whose, of which fix, since when."""

    item: CoachingItem
    rep: PersonCard
    words: str
    title: str
    is_overdue: bool


@dataclass(frozen=True)
class Changed:
    """One coached week of a rep: how often it was done before and in the week of the talk."""

    item: CoachingItem
    rep: PersonCard
    words: str
    before: Share
    after: Share
    after_is_over: bool


@dataclass(frozen=True)
class Monday:
    """A manager's whole page."""

    owner: Programme
    today: date
    week: date
    is_prepared: bool
    shown: Shown | None
    weeks: Sequence[ScoreWeek]
    choices: Sequence[Choice]
    owed: Sequence[Owed]
    coming: Sequence[Owed]
    changed: Sequence[Changed]
    coached: Sequence[Owed] = ()
    leads_teams: bool = True

    @property
    def free(self) -> list[Choice]:
        """What may be picked, dearest first."""
        return [choice for choice in self.choices if choice.is_free]


def teams_led(lead_ids: Collection[int], on: date) -> frozenset[int]:
    """The teams any of these people leads on a day."""
    return frozenset().union(*(people.queries.led_team_ids(lead, on) for lead in lead_ids))


def monday(
    owner: Programme,
    now: datetime,
    *,
    rep_ids: frozenset[int],
    lead_ids: frozenset[int],
) -> Monday:
    """The page of those reps, for the people who lead them: `lead_ids` and whom they stand in for.

    The team's number is that of the teams they lead; who leads none sees the sum of their reps.
    """
    today, week = week_at(owner, now)
    team_ids = teams_led(lead_ids, today)
    found = _items_at_hand(owner.id, week, rep_ids, lead_ids)
    coached = _coached_lately(owner.id, week, rep_ids, lead_ids)
    fixes = fixes_of({item.id for item in (*found, *coached)})
    loops = _loops(owner.id, week - WEEKS_SHOWN * WEEK, team_ids)
    cards = people.queries.cards({*rep_ids, *(item.rep_id for item in (*found, *coached))})
    this_week = [item for item in found if item.week == week and item.rep_id in rep_ids]
    open_fixes = {item.rep_id: item for item in found if item.state in OPEN_FIX}
    moments = moments_of(
        [item.id for item in this_week] + [item.id for item in open_fixes.values()]
    )
    chosen = {moment.id: moment for rows in moments.values() for moment in rows}
    here = [loop for loop in loops if loop.week == week]
    weeks = weeks_before(owner.id, week, team_ids, rep_ids, loops)
    shown = shown_of(here, this_week, week)
    reviews = [
        _owed(item, cards, fixes, chosen, today)
        for item in found
        if item.state in OPEN_FIX and (item.rep_id in rep_ids or item.author_id in lead_ids)
    ]
    return Monday(
        owner=owner,
        today=today,
        week=week,
        is_prepared=bool(here or this_week),
        shown=shown,
        weeks=with_shown(weeks, shown, week),
        choices=_choices(owner, this_week, moments, open_fixes, cards),
        owed=[each for each in reviews if each.item.state == State.DUE],
        coming=[each for each in reviews if each.item.state != State.DUE],
        changed=_changes(owner.id, week, coached, fixes, cards),
        coached=[
            _owed(item, cards, fixes, chosen, today)
            for item in this_week
            if item.coached_at is not None
        ],
        leads_teams=bool(team_ids),
    )


def _items_at_hand(
    programme_id: int, week: date, rep_ids: Collection[int], author_ids: Collection[int]
) -> list[CoachingItem]:
    """This week's items of the reps, and whatever open fix they or these authors have."""
    of_reps = CoachingItem.rep_id.in_(sorted(rep_ids))
    rows = db.session.scalars(
        select(CoachingItem)
        .where(
            CoachingItem.programme_id == programme_id,
            or_(
                of_reps & (CoachingItem.week == week),
                of_reps & CoachingItem.state.in_(sorted(OPEN_FIX)),
                CoachingItem.author_id.in_(sorted(author_ids))
                & CoachingItem.state.in_(sorted(OPEN_FIX)),
            ),
        )
        .order_by(CoachingItem.review_at, CoachingItem.id)
    )
    return list(rows)


def _loops(programme_id: int, since: date, team_ids: Collection[int]) -> list[Loop]:
    return list(
        db.session.scalars(
            select(Loop)
            .where(
                Loop.programme_id == programme_id,
                Loop.team_id.in_(sorted(team_ids)),
                Loop.week >= since,
            )
            .order_by(Loop.week, Loop.team_id)
        )
    )


def _choices(
    owner: Programme,
    rows: Iterable[CoachingItem],
    moments: Mapping[int, Sequence[CoachingMoment]],
    open_fixes: Mapping[int, CoachingItem],
    cards: Mapping[int, PersonCard],
) -> list[Choice]:
    """Every moment of the week's items, those that can be picked first, dearest first."""
    found = [
        Choice(
            moment.id,
            item.uid,
            cards[item.rep_id],
            moment.deal_key,
            moment.account,
            told_of(moment, item.week - DAY, owner.currency),
            until=open_fixes[item.rep_id].review_on if item.rep_id in open_fixes else None,
            is_taken=item.rep_id not in open_fixes
            and (item.state not in WAITING or item.moment_id not in {None, moment.id}),
        )
        for item in rows
        for moment in moments.get(item.id, ())
    ]
    return sorted(found, key=_dearest)


def _dearest(choice: Choice) -> tuple[bool, float, int, date, int]:
    told = choice.told
    return (not choice.is_free, -weight(told), -told.delay_days, told.fired_on, choice.id)


def _owed(
    item: CoachingItem,
    cards: Mapping[int, PersonCard],
    fixes: Mapping[int, Fix],
    chosen: Mapping[int, CoachingMoment],
    today: date,
) -> Owed:
    fix, moment = fixes.get(item.id), chosen.get(item.moment_id or 0)
    on = item.review_on or today
    return Owed(
        item,
        cards[item.rep_id],
        fix.words if fix is not None else "",
        (moment.account or f"Deal {moment.deal_key}") if moment is not None else "",
        is_overdue=on < today,
    )


def _coached_lately(
    programme_id: int, week: date, rep_ids: Collection[int], author_ids: Collection[int]
) -> list[CoachingItem]:
    """The latest coached items of the last weeks, newest first."""
    rows = db.session.scalars(
        select(CoachingItem)
        .where(
            CoachingItem.coached_at.is_not(None),
            CoachingItem.programme_id == programme_id,
            CoachingItem.week >= week - MONDAYS_BACK * WEEK,
            CoachingItem.week < week,
            or_(
                CoachingItem.rep_id.in_(sorted(rep_ids)),
                CoachingItem.author_id.in_(sorted(author_ids)),
            ),
        )
        .order_by(CoachingItem.week.desc(), CoachingItem.id)
        .limit(MOST_CHANGES)
    )
    return list(rows)


def _changes(
    programme_id: int,
    week: date,
    coached: Sequence[CoachingItem],
    fixes: Mapping[int, Fix],
    cards: Mapping[int, PersonCard],
) -> list[Changed]:
    """For each coached week the week before it and the week itself, as they stand now."""
    counted = counts_of(
        programme_id,
        {item.rep_id for item in coached},
        {each for item in coached for each in (item.week - WEEK, item.week)},
    )
    nothing = Share(0, 0)
    return [
        Changed(
            item,
            cards[item.rep_id],
            fixes[item.id].words if item.id in fixes else "",
            counted.get((item.rep_id, item.week - WEEK), nothing),
            counted.get((item.rep_id, item.week), nothing),
            after_is_over=item.week < week,
        )
        for item in coached
    ]


def choice(owner: Programme, week: date, moment_id: int, rep_ids: Collection[int]) -> Choice | None:
    """One moment of this week's shortlist; None where it is not on it."""
    moment = db.session.get(CoachingMoment, moment_id)
    item = None if moment is None else db.session.get(CoachingItem, moment.item_id)
    if moment is None or item is None or item.rep_id not in rep_ids or item.week != week:
        return None
    if item.programme_id != owner.id:
        return None
    fixed = db.session.scalar(
        select(CoachingItem).where(
            CoachingItem.rep_id == item.rep_id, CoachingItem.state.in_(sorted(OPEN_FIX))
        )
    )
    listed = _choices(
        owner,
        [item],
        {item.id: [moment]},
        {} if fixed is None else {item.rep_id: fixed},
        people.queries.cards([item.rep_id]),
    )
    return listed[0]


def is_coached(week: date, owner: Programme, rep_ids: Collection[int]) -> bool:
    """Whether one of these reps had this week's talk."""
    found = (
        select(CoachingItem.id)
        .where(
            CoachingItem.programme_id == owner.id,
            CoachingItem.week == week,
            CoachingItem.rep_id.in_(sorted(rep_ids)),
            CoachingItem.coached_at.is_not(None),
        )
        .limit(1)
    )
    return db.session.scalar(found) is not None
