"""How widely, how much and how often each key action is done (METRICS U7)."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import func, select

import people.queries
import programme.queries
from adoption.models import DailyUsage, UsageEvent
from adoption.queries.days import rule_of
from adoption.queries.events import days_are_current, known_at
from adoption.queries.figures.scope import Row, refuse_empty_window, rows_of
from adoption.rules import (
    FeatureUse,
    Span,
    eligible_weeks,
    feature_adoption,
    rep_days,
    span_of,
    whole_weeks,
)
from core.calendars import DAY
from core.db import db, table_of
from programme.models import Programme


def features(owner: Programme, start: date, end: date, as_of: datetime) -> dict[str, object]:
    """The figure `feature_adoption` (METRICS U7)."""
    span, uses = _uses(owner, start, end, as_of)
    weeks = whole_weeks(span, span.window(start, end))
    found = feature_adoption(uses.values(), owner.key_actions, weeks, rule_of(owner))
    return {
        "population": found.population,
        "rate": found.rate,
        "breadth": found.breadth,
        "depth": found.depth,
        "frequency": found.frequency,
    }


def features_rows(owner: Programme, start: date, end: date, as_of: datetime) -> list[Row]:
    """The population with its events by key action and the days and weeks of the frequency."""
    span, uses = _uses(owner, start, end, as_of)
    weeks = whole_weeks(span, span.window(start, end))
    rule = rule_of(owner)

    def counted(use: FeatureUse) -> dict[str, object]:
        eligible, active = eligible_weeks(use.rep, weeks, rule)
        events = {kind: use.events.get(kind, 0) for kind in owner.key_actions}
        return {**events, "active_days": active, "eligible_weeks": eligible}

    return rows_of(((ident, end - DAY, counted(use)) for ident, use in uses.items()), as_of)


def _uses(
    owner: Programme, start: date, end: date, as_of: datetime
) -> tuple[Span, dict[int, FeatureUse]]:
    """METRICS U7's population, the reps with an available day in [start, end), and what they did.

    An event on a date outside employment or enablement does not count (E3).
    """
    refuse_empty_window(start, end)
    span = span_of(programme.queries.calendar(owner), start, end - DAY)
    window = span.window(start, end)
    lives = people.queries.calendars(None, as_of)
    members = programme.queries.members(owner.id, as_of)
    reps = {ident: rep_days(lives[ident], window, span) for ident in members}
    base = {ident: rep for ident, rep in reps.items() if rep.available & window}
    bits: dict[int, int] = defaultdict(int)
    events: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(owner.key_actions, 0))
    bit_of = {span.day(place): 1 << place for place in range(span.days)}
    for ident, day, kind, count in _counts(owner.id, owner.key_actions, start, end, as_of):
        bit = bit_of[day]
        if ident in base and base[ident].current & bit:
            bits[ident] |= bit
            events[ident][kind] += count
    return span, {
        ident: FeatureUse(replace(rep, used=bits.get(ident, 0)), events.get(ident, {}))
        for ident, rep in sorted(base.items())
    }


def _counts(
    programme_id: int, kinds: Collection[str], start: date, end: date, as_of: datetime
) -> list[tuple[int, date, str, int]]:
    """How often each person did each of the kinds on each date of [start, end)."""
    table = table_of(DailyUsage if days_are_current(programme_id, as_of) else UsageEvent)
    key = (table.c.person_id, table.c.local_day, table.c.kind)
    wanted = (
        table.c.programme_id == programme_id,
        table.c.kind.in_(sorted(kinds)),
        table.c.local_day >= start,
        table.c.local_day < end,
    )
    if "count" in table.c:
        statement = select(*key, table.c.count).where(*wanted)
    else:
        statement = select(*key, func.count()).where(*wanted, *known_at(as_of)).group_by(*key)
    return [(ident, day, kind, count) for ident, day, kind, count in db.session.execute(statement)]
