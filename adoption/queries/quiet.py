"""SELECTs of our own detector: its rules, the deals they watch, and the signals they call for."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

import people.queries
import programme.queries
from adoption.models import Signal, SignalRule, UsageEvent
from adoption.queries.events import chunks_of, known_at
from adoption.queries.occasions import due_actions
from adoption.queries.records import DealRecord, deals_of
from adoption.rules.occasions import CLOSED_STAGES
from adoption.rules.quiet import (
    Firing,
    QuietRule,
    Since,
    Watch,
    WatchedDeal,
    due_firings,
    key_prefix,
    signal_key,
    without_open,
)
from core.calendars import DAY, LAST_DAY, ProgrammeCalendar
from core.db import db
from programme.models import Programme

PREVIEW_DAYS, LATELY = 28, 7
Steps = Mapping[str, Sequence[tuple[date, str]]]
Asked = Sequence[tuple[QuietRule, Watch]]


@dataclass(frozen=True)
class Ground:
    """What rules look at: deals of the programme's reps, and the dates with a step on each."""

    calendar: ProgrammeCalendar
    deals: Sequence[WatchedDeal]
    steps: Steps
    due_action: str


def rules(programme_id: int) -> tuple[SignalRule, ...]:
    """The programme's rules, those switched on first."""
    mine = select(SignalRule).where(SignalRule.programme_id == programme_id)
    return tuple(db.session.scalars(mine.order_by(SignalRule.is_on.desc(), SignalRule.slug)))


def rules_on(programme_id: int) -> tuple[SignalRule, ...]:
    """The rules that are switched on."""
    return tuple(row for row in rules(programme_id) if row.is_on)


def rule_by_slug(slug: str) -> SignalRule | None:
    """The rule of this name, whichever programme it belongs to."""
    return db.session.scalars(select(SignalRule).where(SignalRule.slug == slug)).one_or_none()


def programmes_watched() -> tuple[Programme, ...]:
    """Programmes with a rule that is switched on."""
    found = select(SignalRule.programme_id).where(SignalRule.is_on.is_(True)).distinct()
    return tuple(programme.queries.by_id(ident) for ident in sorted(db.session.scalars(found)))


def next_date(programme_id: int) -> date:
    """The first date that not every rule that is on has seen."""
    seen = [row.seen_through for row in rules_on(programme_id) if row.seen_through is not None]
    return min(seen, default=LAST_DAY - DAY) + DAY


def owner_of(programme_id: int) -> Programme:
    """The programme with this id."""
    return programme.queries.by_id(programme_id)


def calendar_of(owner: Programme) -> ProgrammeCalendar:
    """The programme's zone and days."""
    return programme.queries.calendar(owner)


def known_kinds(owner: Programme, today: date) -> tuple[str, ...]:
    """Kinds a rule may name: what the programme declares, what its rules name, what came lately."""
    came = select(UsageEvent.kind).where(
        UsageEvent.programme_id == owner.id, UsageEvent.local_day > today - LATELY * DAY
    )
    named = {kind for row in rules(owner.id) for kind in row.kinds}
    lately = {*db.session.scalars(came.distinct())}
    return tuple(sorted({*owner.key_actions, owner.due_action} | named | lately))


def plan_of(row: SignalRule) -> QuietRule:
    """A stored rule as the rules reckon with it."""
    return QuietRule(
        row.slug,
        row.title,
        row.quiet_days,
        Since(row.since),
        frozenset(row.kinds),
        row.least_amount,
    )


def firings(owner: Programme, asked: Asked, as_of: datetime) -> list[tuple[QuietRule, Firing]]:
    """The signals the rules call for by what was known at `as_of`, without those fired before."""
    ground = _ground(owner, asked, as_of)
    found: list[tuple[QuietRule, Firing]] = []
    for rule, watch in asked:
        due = _due(owner, rule, watch, ground, as_of)
        known = _known_keys({signal_key(rule.slug, one.deal.key, one.since) for one in due})
        new = [one for one in due if signal_key(rule.slug, one.deal.key, one.since) not in known]
        fired = _fired(rule, {one.deal.key for one in new})
        kept = _answered_only(owner, new, fired, watch, ground, as_of)
        found.extend((rule, one) for one in kept)
    return found


def preview(owner: Programme, rule: QuietRule, as_of: datetime) -> list[Firing]:
    """What a rule would have fired in the last 28 days had it been on all along, oldest first."""
    today = programme.queries.calendar(owner).local_day(as_of)
    first = today - (PREVIEW_DAYS - 1) * DAY
    watch = Watch(first, today, first - DAY)
    ground = _ground(owner, [(rule, watch)], as_of)
    due = _due(owner, rule, watch, ground, as_of)
    return _answered_only(owner, due, {}, watch, ground, as_of)


def _ground(owner: Programme, asked: Asked, as_of: datetime) -> Ground:
    """Deals not closed before the watch, and the steps that can break a stretch due within it."""
    calendar = programme.queries.calendar(owner)
    first = min(watch.first for _rule, watch in asked)
    low = min(watch.first - rule.quiet_days * DAY for rule, watch in asked)
    high = max(watch.today for _rule, watch in asked)
    members = programme.queries.members(owner.id, as_of)
    deals = [
        watched
        for deal in deals_of(owner.id, as_of, open_on=first)
        if deal.person_id in members and (watched := _watched(deal)) is not None
    ]
    return Ground(calendar, deals, _steps(owner, calendar, low, high, as_of), owner.due_action)


def _watched(deal: DealRecord) -> WatchedDeal | None:
    """A deal as rules see it; None for a closed one that does not say since when."""
    is_closed = deal.stage in CLOSED_STAGES
    if is_closed and deal.closed_on is None:
        return None
    closed_on = deal.closed_on if is_closed else None
    return WatchedDeal(
        deal.deal_key, deal.person_id, deal.amount, deal.created_on, deal.proposal_on, closed_on
    )


def _steps(
    owner: Programme, calendar: ProgrammeCalendar, low: date, high: date, as_of: datetime
) -> Steps:
    """Usage on deals by deal: the programme's date of each and its kind, each once."""
    # Whoever did it: a colleague's step is a step.
    known = (
        UsageEvent.programme_id == owner.id,
        UsageEvent.local_day >= low - DAY,
        UsageEvent.local_day <= high + DAY,
        UsageEvent.object_id.is_not(None),
        *known_at(as_of),
    )
    found: dict[str, list[tuple[date, str]]] = defaultdict(list)
    if owner.tz_mode == "user":
        moments = select(UsageEvent.object_id, UsageEvent.occurred_at, UsageEvent.kind)
        for key, moment, kind in db.session.execute(moments.where(*known).distinct()):
            found[str(key)].append((calendar.local_day(moment), kind))
        return found
    days = select(UsageEvent.object_id, UsageEvent.local_day, UsageEvent.kind).where(*known)
    grouped = days.group_by(UsageEvent.object_id, UsageEvent.local_day, UsageEvent.kind)
    for key, day, kind in db.session.execute(grouped):
        found[str(key)].append((day, kind))
    return found


def _due(
    owner: Programme, rule: QuietRule, watch: Watch, ground: Ground, as_of: datetime
) -> list[Firing]:
    """What a rule calls for, of owners who are at work with the tool on that date."""
    found: list[Firing] = []
    for deal in ground.deals:
        rows = ground.steps.get(deal.key, ())
        steps = sorted({day for day, kind in rows if rule.is_step(kind, ground.due_action)})
        found.extend(due_firings(rule, deal, steps, watch))
    lives = people.queries.calendars({one.deal.person_id for one in found}, as_of)
    return [
        one
        for one in found
        if one.deal.person_id in lives and lives[one.deal.person_id].is_current(one.on)
    ]


def _answered_only(
    owner: Programme,
    due: Sequence[Firing],
    fired: Mapping[str, Sequence[datetime]],
    watch: Watch,
    ground: Ground,
    as_of: datetime,
) -> list[Firing]:
    """Without those that would only merge into a signal of the same rule that waits."""
    by_deal: dict[str, list[Firing]] = defaultdict(list)
    for one in due:
        by_deal[one.deal.key].append(one)
    again = {key for key, some in by_deal.items() if len(some) > 1 or fired.get(key)}
    answers = _answers(owner, again, fired, watch, ground, as_of) if again else {}
    kept: list[Firing] = []
    for key, some in by_deal.items():
        start_of = ground.calendar.day_start
        kept.extend(without_open(some, fired.get(key, ()), answers.get(key, ()), start_of))
    return sorted(kept, key=lambda one: (one.on, one.deal.key))


def _answers(
    owner: Programme,
    deal_keys: Collection[str],
    fired: Mapping[str, Sequence[datetime]],
    watch: Watch,
    ground: Ground,
    as_of: datetime,
) -> dict[str, list[datetime]]:
    """When the due action was done on these deals, by reps employed and enabled then (E3)."""
    moments = [moment for key in deal_keys for moment in fired.get(key, ())]
    since = min((ground.calendar.local_day(moment) for moment in moments), default=watch.first)
    done = due_actions(owner, deal_keys, min(since, watch.first) - DAY, watch.today + DAY, as_of)
    members = programme.queries.members(owner.id, as_of)
    actors = {person_id for rows in done.values() for person_id, _action in rows} & members
    lives = people.queries.calendars(actors, as_of)
    return {
        key: [
            action.done_at
            for person_id, action in rows
            if person_id in lives and lives[person_id].is_current(action.done_on)
        ]
        for key, rows in done.items()
    }


def _known_keys(keys: Iterable[str]) -> frozenset[str]:
    """Which of these signals were fired before."""
    found: set[str] = set()
    for chunk in chunks_of(keys):
        asked = select(Signal.signal_key).where(Signal.signal_key.in_(chunk))
        found.update(db.session.scalars(asked))
    return frozenset(found)


def _fired(rule: QuietRule, deal_keys: Iterable[str]) -> dict[str, list[datetime]]:
    """When the rule fired on these deals before."""
    found: dict[str, list[datetime]] = defaultdict(list)
    own = Signal.signal_key.startswith(key_prefix(rule.slug), autoescape=True)
    for chunk in chunks_of(deal_keys):
        asked = select(Signal.deal_key, Signal.fired_at).where(Signal.deal_key.in_(chunk), own)
        for deal_key, fired_at in db.session.execute(asked):
            found[deal_key].append(fired_at)
    return found


def fired_counts(programme_id: int, since: datetime) -> dict[str, int]:
    """How many signals each of the programme's rules fired from an instant on, by slug."""
    counts = {row.slug: 0 for row in rules(programme_id)}
    for slug in counts:
        own = Signal.signal_key.startswith(key_prefix(slug), autoescape=True)
        counted = select(func.count()).select_from(Signal).where(own, Signal.fired_at >= since)
        counts[slug] = db.session.execute(counted).scalar_one()
    return counts
