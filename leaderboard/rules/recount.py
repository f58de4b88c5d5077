"""The second opinion: the whole result counted again, set-wise, straight from the facts.

It shares no step with the fold up to what each rep brought to each team: spans become sets of
dates, events become counts, a count becomes points by the closed form of the decay. Equal hashes
are what lets a result be shown (CONTESTS, `computed`; TRUST section 4, rule 7).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

from leaderboard.rules.scoring import Event, PointRule, Unique
from leaderboard.rules.standing import MemberScore, Terms, asked_days
from leaderboard.rules.units import Units
from people.rules import MembershipSpan, PersonCalendar

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Facts:
    """Everything a result depends on: the window's dates, who worked when, and what they did."""

    days: tuple[date, ...]
    working: frozenset[date]
    spans: tuple[MembershipSpan, ...]
    calendars: Mapping[int, PersonCalendar]
    events: Mapping[int, tuple[Event, ...]]
    units: Units = field(default_factory=Units)


def recount(
    terms: Terms,
    rules: Mapping[str, PointRule],
    facts: Facts,
) -> tuple[MemberScore, ...]:
    """What each rep brought to each unit, from scratch."""
    here = {person: _here(facts, calendar) for person, calendar in facts.calendars.items()}
    away = {person: _away(calendar) for person, calendar in facts.calendars.items()}
    scores = []
    for (person, unit), dates in _unit_dates(facts).items():
        if person not in here:
            continue
        at_work = (dates & here[person] & facts.working) - away[person]
        events = facts.events.get(person, ())
        earned = _points_by_day(rules, events, here[person])
        on_these = {day: points for day, points in earned.items() if day in dates and points}
        if at_work or on_these:
            last = _last_point(rules, events, here[person], on_these)
            scores.append(_score(terms, (person, unit), len(at_work), on_these, last))
    return tuple(scores)


def _score(
    terms: Terms,
    who: tuple[int, int],
    available: int,
    points: Mapping[date, Fraction],
    last: datetime | None,
) -> MemberScore:
    return MemberScore(
        person_id=who[0],
        unit_id=who[1],
        points=sum(points.values(), Fraction(0)),
        active_days=len([day for day, amount in points.items() if amount >= 1]),
        available_days=available,
        asked_days=asked_days(terms.target_days, available),
        on_roster=bool(terms.working_days) and Fraction(available, terms.working_days) * 2 >= 1,
        reached_at=last,
    )


def _here(facts: Facts, calendar: PersonCalendar) -> frozenset[date]:
    """Dates employed and enabled (P2, P3), cut out of the window by its four edges."""
    if calendar.enabled_on is None:
        return frozenset()
    first = max(calendar.enabled_on, calendar.hired_on or calendar.enabled_on)
    ends = [calendar.left_on + DAY] if calendar.left_on else []
    ends += [calendar.disabled_on] if calendar.disabled_on else []
    last = min(ends, default=date.max)
    return frozenset(day for day in facts.days if first <= day < last)


def _away(calendar: PersonCalendar) -> frozenset[date]:
    return frozenset(
        start + DAY * number
        for start, end in calendar.absences
        for number in range((end - start).days + 1)
    )


def _unit_dates(facts: Facts) -> dict[tuple[int, int], set[date]]:
    """(person, unit) -> dates: later starts paint over earlier ones (P7)."""
    painted: dict[tuple[int, date], int] = {}
    for span in sorted(facts.spans, key=lambda span: (span.starts_on, span.id)):
        end = span.ends_on or date.max
        painted.update(
            ((span.person_id, day), span.team_id)
            for day in facts.days
            if span.starts_on <= day < end
        )
    dates: dict[tuple[int, int], set[date]] = defaultdict(set)
    for person in facts.calendars:
        for day in facts.days:
            unit = facts.units.of(person, painted.get((person, day)))
            if unit is not None:
                dates[person, unit].add(day)
    return dates


def _points_by_day(
    rules: Mapping[str, PointRule], events: Iterable[Event], here: frozenset[date]
) -> dict[date, Fraction]:
    usable: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.kind in rules and event.day in here and not event.held:
            usable[event.kind].append(event)
    points: dict[date, Fraction] = defaultdict(Fraction)
    for kind, found in usable.items():
        for day, count in _counts(rules[kind], found).items():
            points[day] += _worth_of(rules[kind], count)
    return points


def _counts(rule: PointRule, events: Iterable[Event]) -> Counter[date]:
    """How many events of one kind count on each date."""
    least = rule.min_value
    good = [e for e in events if least is None or (e.value is not None and e.value >= least)]
    if rule.unique is None:
        counts = Counter(e.day for e in good)
    elif rule.unique is Unique.OBJECT_DAY:
        counts = Counter(day for day, _ in {(e.day, e.object_id) for e in good if e.object_id})
    else:
        counts = _first_uses(rule, good)
    if rule.daily_cap is not None:
        counts = Counter({day: min(count, rule.daily_cap) for day, count in counts.items()})
    return counts


def _first_uses(rule: PointRule, events: Iterable[Event]) -> Counter[date]:
    """How many objects each date counts that no earlier one took."""
    return Counter({day: len(new) for day, new in _first_use_moments(rule, events).items()})


def _first_use_moments(rule: PointRule, events: Iterable[Event]) -> dict[date, list[datetime]]:
    """Objects counted once per contest: each date takes what earlier dates left, up to the cap.

    Which objects a full date leaves over depends on the order inside it, so that is kept.
    """
    found: dict[date, list[datetime]] = {}
    taken: set[str] = set()
    by_day: dict[date, list[Event]] = defaultdict(list)
    for event in events:
        by_day[event.day].append(event)
    for day in sorted(by_day):
        in_order = sorted(by_day[day], key=lambda event: (event.occurred_at, event.event_id))
        fresh: dict[str, datetime] = {}
        for event in in_order:
            if event.object_id and event.object_id not in taken:
                fresh.setdefault(event.object_id, event.occurred_at)
        taken.update(list(fresh)[: rule.daily_cap])
        found[day] = list(fresh.values())
    return found


def _last_point(
    rules: Mapping[str, PointRule],
    events: Iterable[Event],
    here: frozenset[date],
    days: Collection[date],
) -> datetime | None:
    """When the last event that earned anything on these dates happened.

    Where nothing is left after a date's first event, the further ones earn nothing and say nothing.
    """
    found: list[datetime] = []
    for kind, rule in rules.items():
        own = [e for e in events if e.kind == kind and e.day in here and not e.held]
        for day, moments in _moments(rule, own).items():
            if day in days and moments and rule.points:
                found.append(moments[-1] if rule.decay else moments[0])
    return max(found, default=None)


def _moments(rule: PointRule, events: Iterable[Event]) -> dict[date, list[datetime]]:
    """The moments of the events that count on each date, in order."""
    least = rule.min_value
    good = [e for e in events if least is None or (e.value is not None and e.value >= least)]
    if rule.unique is Unique.OBJECT:
        found = _first_use_moments(rule, good)
    elif rule.unique is Unique.OBJECT_DAY:
        first: dict[tuple[date, str], datetime] = {}
        for event in good:
            if event.object_id:
                key = (event.day, event.object_id)
                first[key] = min(first.get(key, event.occurred_at), event.occurred_at)
        found = defaultdict(list)
        for (day, _), moment in first.items():
            found[day].append(moment)
    else:
        found = defaultdict(list)
        for event in good:
            found[event.day].append(event.occurred_at)
    return {day: sorted(moments)[: rule.daily_cap] for day, moments in found.items()}


def _worth_of(rule: PointRule, count: int) -> Fraction:
    """Points * (1 + decay + ...) over `count` terms, by the closed form."""
    if rule.decay == 1:
        return rule.points * count
    return rule.points * (1 - rule.decay**count) / (1 - rule.decay)
