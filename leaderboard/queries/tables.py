"""Standings worked out of the facts at any instant, twice over, and opened down to the entries."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from adoption.queries.figures.sustained import states
from adoption.rules.states import AdoptionState
from leaderboard.queries import loops
from leaderboard.queries.facts import Spec, Staff, events, racing_teams, staff
from leaderboard.rules.members import members
from leaderboard.rules.recount import Facts, recount
from leaderboard.rules.scoring import Entry, Event, Reason, day_points, day_reached, fold
from leaderboard.rules.standing import (
    Around,
    Baseline,
    Line,
    Member,
    MemberScore,
    Mode,
    lines,
    steadied,
)
from leaderboard.rules.standing import member_scores as scores_of
from leaderboard.rules.units import DivisionBy, TieBreak, UnitKind, by_unit
from programme import queries as programmes

COMPARING = frozenset({Mode.IMPROVEMENT, Mode.HANDICAP})
DAY = timedelta(days=1)
LoopCount = Callable[[Spec, Collection[int], datetime], dict[int, Fraction]]
NOT_MEASURED = frozenset({None, AdoptionState.LEFT, AdoptionState.NOT_MEASURABLE})


@dataclass(frozen=True)
class Opened:
    """One rep's part in one unit's score, with every event behind it."""

    person_id: int
    score: MemberScore
    entries: tuple[Entry, ...]


def lines_at(spec: Spec, received_until: datetime) -> tuple[Line, ...]:
    """The standings from the events received by then (E4: the same question, the same answer)."""
    here = staff(spec)
    scores = _scores(spec, here, events(spec, received_until, racers(spec, here)))
    return lines(
        spec.terms,
        scores,
        sides(spec, here),
        baselines_at(spec, received_until),
        around(spec, scores, received_until),
    )


def around(spec: Spec, scores: Iterable[MemberScore], known_at: datetime) -> Around:
    """The divisions, and the measures that part ties where the board declares any (case 20)."""
    beside = _around(spec, scores, known_at)
    if not spec.rewards_improvement:
        return beside
    return replace(beside, improves_on=_baselines(spec, known_at))


def _around(
    spec: Spec,
    scores: Iterable[MemberScore],
    known_at: datetime,
    loop_discipline: LoopCount = loops.discipline,
) -> Around:
    divisions = None if spec.divisions is None else by_unit(spec.divisions)
    measures: dict[TieBreak, dict[int, Fraction]] = {}
    if TieBreak.SUSTAINED in spec.terms.tie_break:
        measures[TieBreak.SUSTAINED] = sustained_shares(spec, scores, known_at)
    if TieBreak.LOOP in spec.terms.tie_break and spec.kind.is_team:
        measures[TieBreak.LOOP] = loop_discipline(spec, racing(spec), known_at)
    return Around(divisions, measures=measures)


def sustained_shares(
    spec: Spec, scores: Iterable[MemberScore], known_at: datetime
) -> dict[int, Fraction]:
    """Sustained adopters among each unit's measurable reps on the roster (METRICS A3, A4).

    Judged on the last day of the race, or the day of `known_at` while it runs, with the usage
    received by then.
    """
    owner = programmes.by_id(spec.programme_id)
    through = min(spec.ends_on - DAY, spec.calendar.local_day(known_at))
    found = states(owner, through, known_at)
    sustained: dict[int, int] = defaultdict(int)
    measurable: dict[int, int] = defaultdict(int)
    for score in scores:
        state = found.get(score.person_id)
        if score.on_roster and state not in NOT_MEASURED:
            measurable[score.unit_id] += 1
            sustained[score.unit_id] += state is AdoptionState.SUSTAINED
    return {unit: Fraction(sustained[unit], count) for unit, count in measurable.items()}


def lines_by_mode(
    spec: Spec, modes: Iterable[Mode], received_until: datetime
) -> dict[Mode, tuple[Line, ...]]:
    """The same race ranked several ways, from one read of the facts."""
    here = staff(spec)
    scores = _scores(spec, here, events(spec, received_until, racers(spec, here)))
    teams = sides(spec, here)
    beside = around(spec, scores, received_until)
    return {
        mode: lines(replace(spec.terms, mode=mode), scores, teams, None, beside)
        for mode in modes
        if mode not in COMPARING
    }


def racers(spec: Spec, here: Staff) -> frozenset[int] | None:
    """Whose events to read: everybody's, or where teams or people are named only theirs."""
    is_open = spec.team_ids is None and spec.kind is not UnitKind.ADHOC
    return None if is_open else frozenset(here.calendars)


def sides(spec: Spec, here: Staff) -> frozenset[int]:
    """The units that race: the teams or sides named, or all with a rep inside the window."""
    if spec.kind is UnitKind.ADHOC:
        return spec.side_ids
    if spec.kind is UnitKind.PERSON:
        return frozenset(
            person_id
            for person_id, calendar in here.calendars.items()
            if any(map(calendar.is_current, spec.days))
        )
    return here.team_ids - spec.excluded_teams if spec.team_ids is None else spec.team_ids


def racing(spec: Spec) -> frozenset[int]:
    """The units that race, without reading more than needed for it."""
    if spec.kind.is_team:
        return spec.team_ids if spec.team_ids is not None else racing_teams(spec)
    return sides(spec, staff(spec) if spec.kind is UnitKind.PERSON else Staff((), {}))


def _scores(spec: Spec, here: Staff, found: Mapping[int, list[Event]]) -> tuple[MemberScore, ...]:
    return tuple(
        score
        for person_id, member in members(
            spec.days, spec.working, here.spans, here.calendars, spec.units
        ).items()
        for score in parts_of(spec, member, judged(spec, member, found.get(person_id, [])))
    )


def parts_of(spec: Spec, member: Member, entries: Sequence[Entry]) -> tuple[MemberScore, ...]:
    """One rep's part in each unit, from their judged events."""
    return scores_of(spec.terms, member, day_points(entries), day_reached(entries))


def judged(spec: Spec, member: Member, found: list[Event]) -> tuple[Entry, ...]:
    """One rep's events with points and reasons; a date without a unit gives them to nobody."""
    return tuple(
        entry
        if not entry.is_counted or entry.event.day in member.unit_of
        else Entry(entry.event, Fraction(0), Reason.NO_TEAM)
        for entry in fold(spec.rules, found, member.current)
    )


def baselines_at(spec: Spec, received_until: datetime) -> dict[int, Baseline]:
    """Each team's points and available days before the start; empty where no mode compares."""
    if spec.terms.mode not in COMPARING:
        return {}
    return _baselines(spec, received_until)


def _baselines(spec: Spec, received_until: datetime) -> dict[int, Baseline]:
    past = spec.before()
    here = staff(past)
    rows = lines(
        replace(past.terms, mode=Mode.TOTAL),
        _scores(past, here, events(past, received_until)),
        sides(past, here),
    )
    return {row.unit_id: Baseline(row.points, row.member_days) for row in rows}


def recounted(spec: Spec, received_until: datetime) -> tuple[Line, ...]:
    """The second opinion over the same facts, by other steps (rules.recount)."""
    bases: dict[int, Baseline] = {}
    if spec.terms.mode in COMPARING or spec.rewards_improvement:
        bases = _recounted_baselines(spec, received_until)
    here = staff(spec)
    counted = _recount(spec, here, received_until)
    beside = _around(spec, counted, received_until, loops.recounted)
    if spec.rewards_improvement:
        beside = replace(beside, improves_on=bases)
    return lines(spec.terms, counted, sides(spec, here), bases, beside)


def _recounted_baselines(spec: Spec, received_until: datetime) -> dict[int, Baseline]:
    past = spec.before()
    here = staff(past)
    found = {unit_id: Baseline() for unit_id in sides(past, here)}
    for score in _recount(past, here, received_until):
        if score.unit_id in found:
            own = found[score.unit_id]
            points, days = own.points + score.points, own.days + score.available_days
            found[score.unit_id] = Baseline(points, days)
    return found


def _recount(spec: Spec, here: Staff, received_until: datetime) -> tuple[MemberScore, ...]:
    facts = Facts(
        days=spec.days,
        working=spec.working,
        spans=here.spans,
        calendars=here.calendars,
        events={person: tuple(found) for person, found in events(spec, received_until).items()},
        units=spec.units,
    )
    return recount(spec.terms, spec.rules, facts)


def scores_of_person(
    spec: Spec, person_id: int, received_until: datetime
) -> tuple[MemberScore, ...]:
    """One rep's part in each team they were on."""
    here = staff(spec, [person_id])
    return _scores(spec, here, events(spec, received_until, [person_id]))


def opened(
    spec: Spec, unit_id: int, received_until: datetime, as_of: datetime
) -> tuple[Opened, ...]:
    """A unit's score down to the events: each with what it earned and why (ARCHITECTURE rule 8).

    `received_until` is what counts; events that came between it and `as_of` are listed as late.
    """
    people = people_of(spec, unit_id)
    here = staff(spec, people)
    spec = spec.as_held(as_of)
    in_time = events(spec, received_until, people)
    later = events(spec, as_of, people) if as_of > received_until else {}
    found = []
    found_members = members(spec.days, spec.working, here.spans, here.calendars, spec.units)
    for person_id, member in found_members.items():
        entries = judged(spec, member, in_time.get(person_id, []))
        known = {entry.event.event_id for entry in entries}
        late = (event for event in later.get(person_id, []) if event.event_id not in known)
        entries += tuple(Entry(event, Fraction(0), Reason.LATE) for event in late)
        mine = [score for score in parts_of(spec, member, entries) if score.unit_id == unit_id]
        own_days = tuple(
            entry for entry in entries if member.unit_of.get(entry.event.day) == unit_id
        )
        if mine:
            found.append(Opened(person_id, mine[0], own_days))
    return tuple(sorted(found, key=lambda each: each.person_id))


def people_of(spec: Spec, unit_id: int) -> frozenset[int]:
    """Who may have stood for a unit inside the window."""
    if spec.kind is UnitKind.PERSON:
        return frozenset({unit_id})
    if spec.kind is UnitKind.ADHOC:
        return frozenset(person for person, side in spec.sides.items() if side == unit_id)
    return frozenset(span.person_id for span in staff(spec).spans if span.team_id == unit_id)


def compared_by(spec: Spec, by: DivisionBy, known_at: datetime) -> dict[int, Fraction]:
    """What units are put into divisions by: how many reps, or how they did before."""
    here = staff(spec)
    racing_now = sides(spec, here)
    if by is DivisionBy.SIZE:
        sizes = dict.fromkeys(racing_now, Fraction(0))
        found = members(spec.days, spec.working, here.spans, here.calendars, spec.units)
        for member in found.values():
            for unit_id in set(member.unit_of.values()) & racing_now:
                sizes[unit_id] += 1
        return sizes
    bases = baselines_at(replace(spec, terms=replace(spec.terms, mode=Mode.IMPROVEMENT)), known_at)
    return {unit_id: steadied(bases, unit_id) for unit_id in racing_now}
