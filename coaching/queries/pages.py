"""What the pages of the weekly loop show: a manager's Monday, one item, a rep's own view.

Each page asks the same number of questions whatever the size of a team, and every one by index.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from sqlalchemy import func, or_, select

import people.queries
import programme.queries
from adoption.models import Deal
from adoption.queries.occasions import occasions
from adoption.rules.occasions import Occasion
from coaching.models import (
    CoachingItem,
    CoachingMoment,
    CoachingNote,
    CoachingStep,
    CoverageWeek,
    Fix,
    Loop,
)
from coaching.queries import items
from coaching.rules.days import next_set_day
from coaching.rules.life import OPEN_FIX, WAITING, State
from coaching.rules.outcome import next_chance
from coaching.rules.telling import Told, Verdict, verdict, weight
from core.calendars import DAY, WEEK_DAYS
from core.db import db
from core.stats import Share
from people.queries import PersonCard
from programme.models import Programme

WEEKS_SHOWN = 8
MONDAYS_BACK = 5
MOST_CHANGES = 8
MOST_OF_A_REP = 26
WEEK = WEEK_DAYS * DAY
OTHER_TIMES = (time(14), time(16, 30), time(9))
# The programme a page is about, by the name its doors know it.
Owner = Programme


@dataclass(frozen=True)
class ScoreWeek:
    """A calendar week: how often it was done when it was due, and whether the loop was kept."""

    week: date
    share: Share
    pending: int = 0
    loop: str | None = None


@dataclass(frozen=True)
class Shown:
    """The number of the week before, as it was shown when this week was prepared."""

    share: Share
    pending: int
    through: date
    is_complete: bool
    missed: int
    outcome: str | None


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


def default_programme() -> Programme | None:
    """The programme pages show when none is named."""
    return programme.queries.default()


def week_at(owner: Programme, now: datetime) -> tuple[date, date]:
    """(today, first date of its week) in the programme's zone."""
    calendar = programme.queries.calendar(owner)
    today = calendar.local_day(now)
    return today, calendar.week_of(today)


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
    weeks = _weeks(owner.id, week, team_ids, rep_ids, loops)
    shown = _shown(here, this_week, week)
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
        weeks=_with_shown(weeks, shown, week),
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


def _weeks(
    programme_id: int,
    week: date,
    team_ids: Collection[int],
    rep_ids: Collection[int],
    loops: Iterable[Loop],
) -> list[ScoreWeek]:
    """The complete weeks before this one, oldest first, as they stand now."""
    whose = (
        CoverageWeek.team_id.in_(sorted(team_ids))
        if team_ids
        else CoverageWeek.person_id.in_(sorted(rep_ids))
    )
    rows = db.session.execute(
        select(
            CoverageWeek.week,
            func.sum(CoverageWeek.on_time),
            func.sum(CoverageWeek.due),
            func.sum(CoverageWeek.pending),
        )
        .where(
            CoverageWeek.programme_id == programme_id,
            CoverageWeek.week.in_(_mondays(week)),
            whose,
        )
        .group_by(CoverageWeek.week)
    )
    counted = {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows}
    outcomes: dict[date, list[str]] = defaultdict(list)
    for loop in loops:
        outcomes[loop.week].append(loop.outcome)
    return [
        ScoreWeek(
            each,
            Share(*counted.get(each, (0, 0, 0))[:2]),
            counted.get(each, (0, 0, 0))[2],
            _together(outcomes.get(each, ())),
        )
        for each in _mondays(week)
    ]


def _mondays(week: date) -> list[date]:
    return [week - number * WEEK for number in range(WEEKS_SHOWN, 0, -1)]


def _together(outcomes: Collection[str]) -> str | None:
    """One word for a week of several teams: what one skipped is not hidden by another's keeping."""
    for outcome in ("skipped", "kept", "system", "excused", "nothing_missed", "open"):
        if outcome in outcomes:
            return outcome
    return None


def _shown(loops: Sequence[Loop], rows_of_reps: Sequence[CoachingItem], week: date) -> Shown | None:
    """The number as it was shown: of the teams, or of the reps where no team is led."""
    rows: Sequence[Loop | CoachingItem] = loops or rows_of_reps
    if not rows:
        return None
    return Shown(
        Share(sum(row.on_time for row in rows), sum(row.due for row in rows)),
        sum(row.pending for row in rows),
        max((loop.through for loop in loops), default=week - DAY),
        all(loop.is_complete for loop in loops),
        sum(loop.missed for loop in loops),
        _together([loop.outcome for loop in loops]),
    )


def _with_shown(weeks: list[ScoreWeek], shown: Shown | None, week: date) -> list[ScoreWeek]:
    """The last week as it was shown on the set day; what came later changes later weeks."""
    if shown is None or not weeks:
        return weeks
    last = weeks[-1]
    return [*weeks[:-1], replace(last, share=shown.share, pending=shown.pending)]


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


def counts_of(
    programme_id: int, person_ids: Collection[int], weeks: Collection[date]
) -> dict[tuple[int, date], Share]:
    """METRICS S3 by person and week, of the weeks in which anything fell due."""
    rows = db.session.execute(
        select(
            CoverageWeek.person_id, CoverageWeek.week, CoverageWeek.on_time, CoverageWeek.due
        ).where(
            CoverageWeek.programme_id == programme_id,
            CoverageWeek.week.in_(sorted(weeks)),
            CoverageWeek.person_id.in_(sorted(person_ids)),
        )
    )
    return {(row.person_id, row.week): Share(row.on_time, row.due) for row in rows}


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
    names = _accounts(keys) if keys else {}
    return [{**fact, "account": names.get(str(fact.get("deal_key")))} for fact in evidence]


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
    shown = _shown((), [current], week) if current is not None else None
    weeks = _with_shown(_weeks(owner.id, week, (), [person_id], ()), shown, week)
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


@dataclass(frozen=True)
class Booking:
    """The author's next set day with the usual time first and two others of that day."""

    on: date
    times: tuple[time, ...]
    zone: str


def booking(owner: Programme, author_id: int, now: datetime) -> Booking:
    """When a review handed back now would be held."""
    zone = items.zones_of([author_id], owner)[author_id]
    usual = items.set_day_of(author_id)
    on = next_set_day(now.astimezone(zone).date(), usual.weekday)
    others = [each for each in OTHER_TIMES if each != usual.at]
    return Booking(on, (usual.at, *others[:2]), str(zone))


def names_of(person_ids: Collection[int]) -> list[str]:
    """What these people are called, by name."""
    return sorted(card.name for card in people.queries.cards(person_ids).values())


def booked_words(item: CoachingItem) -> str:
    """What was just handed back: to whom, and when its review is."""
    rep = people.queries.cards([item.rep_id])[item.rep_id]
    author = item.author_id or item.rep_id
    zone = items.zones_of([author], items.programme_of(item))[author]
    at = item.review_at.astimezone(zone) if item.review_at is not None else None
    when = f" {at:%a} {at.day} {at:%b}, {at:%H:%M}" if at is not None else ""
    return f"Handed back to {rep.name}. The review is booked for{when}."


def review_words(item: CoachingItem) -> str:
    """What a review that was just held came to."""
    rep = people.queries.cards([item.rep_id])[item.rep_id]
    if item.proof == "statement":
        return f"Review of {rep.name} recorded: said, not seen."
    ends = {"done": "done at the next chance", "not_done": "not done", "no_chance": "no chance yet"}
    return f"Review of {rep.name} recorded: {ends.get(item.outcome or '', 'held')}."


def zone_name(item: CoachingItem, owner: Programme) -> str:
    """Where the times of an item are told: its author's zone, else the programme's."""
    if item.author_id is None:
        return owner.time_zone
    return str(items.zones_of([item.author_id], owner)[item.author_id])


def verdicts(
    owner: Programme, waiting: Collection[CoachingItem], now: datetime
) -> dict[int, Verdict]:
    """What the review of each of these items would find now, by item; asked once for all.

    Reps whose dates differ, which zones of their own make them do, are asked about in turns.
    """
    calendar = programme.queries.calendar(owner)
    days = dict.fromkeys((item.rep_id for item in waiting), calendar.local_day(now))
    if owner.tz_mode == "user":
        zones = items.zones_of(days, owner)
        days = {rep_id: now.astimezone(zone).date() for rep_id, zone in zones.items()}
    chances: dict[int, Occasion | None] = {}
    for today in sorted(set(days.values())):
        here = [item for item in waiting if days[item.rep_id] == today]
        first = min(calendar.local_day(item.coached_at or now) for item in here)
        reps = {item.rep_id for item in here}
        found: dict[int, list[Occasion]] = defaultdict(list)
        for one in occasions(owner, today, now, since=first - DAY, person_ids=reps):
            found[one.opener.person_id].append(one)
        for item in here:
            chances[item.id] = next_chance(found[item.rep_id], item.coached_at or now, today)
    names = _accounts({one.opener.deal_key for one in chances.values() if one is not None})
    return {
        item.id: verdict(
            chance,
            "" if chance is None else names.get(chance.opener.deal_key, chance.opener.deal_key),
            calendar.local_day(item.coached_at or now),
        )
        for item in waiting
        for chance in [chances[item.id]]
    }


def _accounts(deal_keys: Collection[str]) -> dict[str, str]:
    """What people call these deals."""
    rows = db.session.execute(
        select(Deal.deal_key, Deal.account).where(Deal.deal_key.in_(sorted(deal_keys)))
    )
    return {row.deal_key: row.account or f"Deal {row.deal_key}" for row in rows}


def reviews_waiting(author_id: int, owner: Programme) -> int:
    """How many reviews somebody owes."""
    waiting = select(func.count()).where(
        CoachingItem.author_id == author_id,
        CoachingItem.programme_id == owner.id,
        CoachingItem.state == State.DUE,
    )
    return db.session.scalar(waiting) or 0


def moments_waiting(manager_id: int, owner: Programme, now: datetime) -> int:
    """How many missed moments wait for a manager's pick this week; none once one was coached."""
    _today, week = week_at(owner, now)
    is_coached = (
        select(CoachingItem.id)
        .where(CoachingItem.loop_id == Loop.id, CoachingItem.coached_at.is_not(None))
        .exists()
    )
    waiting = select(func.sum(Loop.missed)).where(
        Loop.manager_id == manager_id,
        Loop.week == week,
        Loop.programme_id == owner.id,
        Loop.outcome == "open",
        ~is_coached,
    )
    return int(db.session.scalar(waiting) or 0)


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
