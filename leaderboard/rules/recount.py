"""The second opinion: the whole result counted again, set-wise, straight from the facts.

It shares no step with the fold up to what each rep brought to each team: spans become sets of
dates, events become counts, a count becomes points by the closed form of the decay. Equal hashes
are what lets a result be shown (CONTESTS, `computed`; TRUST section 4, rule 7).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from leaderboard.rules.scoring import Event, PointRule, Unique
from leaderboard.rules.standing import Baseline, Line, MemberScore, Terms, asked_days, lines
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


def recount(
    terms: Terms,
    rules: Mapping[str, PointRule],
    facts: Facts,
    team_ids: Iterable[int],
    baselines: Mapping[int, Baseline] | None = None,
) -> tuple[Line, ...]:
    """The result from scratch."""
    here = {person: _here(facts, calendar) for person, calendar in facts.calendars.items()}
    away = {person: _away(calendar) for person, calendar in facts.calendars.items()}
    on_team = _team_dates(facts)
    scores = []
    for (person, team), dates in on_team.items():
        if person not in here:
            continue
        at_work = (dates & here[person] & facts.working) - away[person]
        earned = _points_by_day(rules, facts.events.get(person, ()), here[person])
        on_these = {day: points for day, points in earned.items() if day in dates and points}
        if at_work or on_these:
            scores.append(_score(terms, person, team, len(at_work), on_these))
    return lines(terms, scores, team_ids, baselines)


def _score(
    terms: Terms, person: int, team: int, available: int, points: Mapping[date, Fraction]
) -> MemberScore:
    return MemberScore(
        person_id=person,
        team_id=team,
        points=sum(points.values(), Fraction(0)),
        active_days=len([day for day, amount in points.items() if amount >= 1]),
        available_days=available,
        asked_days=asked_days(terms.target_days, available),
        on_roster=bool(terms.working_days) and Fraction(available, terms.working_days) * 2 >= 1,
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


def _team_dates(facts: Facts) -> dict[tuple[int, int], set[date]]:
    """(person, team) -> dates: later starts paint over earlier ones (P7)."""
    painted: dict[tuple[int, date], int] = {}
    for span in sorted(facts.spans, key=lambda span: (span.starts_on, span.id)):
        end = span.ends_on or date.max
        painted.update(
            ((span.person_id, day), span.team_id)
            for day in facts.days
            if span.starts_on <= day < end
        )
    dates: dict[tuple[int, int], set[date]] = defaultdict(set)
    for (person, day), team in painted.items():
        dates[person, team].add(day)
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
    """Objects counted once per contest: each date takes what earlier dates left, up to the cap.

    Which objects a full date leaves over depends on the order inside it, so that is kept.
    """
    counts: Counter[date] = Counter()
    taken: set[str] = set()
    by_day: dict[date, list[Event]] = defaultdict(list)
    for event in events:
        by_day[event.day].append(event)
    for day in sorted(by_day):
        in_order = sorted(by_day[day], key=lambda event: (event.occurred_at, event.event_id))
        fresh = dict.fromkeys(e.object_id for e in in_order if e.object_id)
        new = [name for name in fresh if name is not None and name not in taken]
        taken.update(new[: rule.daily_cap])
        counts[day] = len(new)
    return counts


def _worth_of(rule: PointRule, count: int) -> Fraction:
    """Points * (1 + decay + ...) over `count` terms, by the closed form."""
    if rule.decay == 1:
        return rule.points * count
    return rule.points * (1 - rule.decay**count) / (1 - rule.decay)
