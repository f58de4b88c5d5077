"""Standings worked out of the facts at any instant, twice over, and opened down to the entries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from leaderboard.queries.facts import Spec, Staff, events, staff
from leaderboard.rules.members import members
from leaderboard.rules.recount import Facts, recount
from leaderboard.rules.scoring import Entry, Event, Reason, day_points, fold
from leaderboard.rules.standing import Baseline, Line, Member, MemberScore, Mode, lines
from leaderboard.rules.standing import member_scores as scores_of

COMPARING = frozenset({Mode.IMPROVEMENT, Mode.HANDICAP})


@dataclass(frozen=True)
class Opened:
    """One rep's part in one team's score, with every event behind it."""

    person_id: int
    score: MemberScore
    entries: tuple[Entry, ...]


def lines_at(spec: Spec, received_until: datetime) -> tuple[Line, ...]:
    """The standings from the events received by then (E4: the same question, the same answer)."""
    here = staff(spec)
    scores = _scores(spec, here, events(spec, received_until, racers(spec, here)))
    return lines(spec.terms, scores, sides(spec, here), baselines_at(spec, received_until))


def lines_by_mode(
    spec: Spec, modes: Iterable[Mode], received_until: datetime
) -> dict[Mode, tuple[Line, ...]]:
    """The same race ranked several ways, from one read of the facts."""
    here = staff(spec)
    scores = _scores(spec, here, events(spec, received_until, racers(spec, here)))
    teams = sides(spec, here)
    return {
        mode: lines(replace(spec.terms, mode=mode), scores, teams)
        for mode in modes
        if mode not in COMPARING
    }


def racers(spec: Spec, here: Staff) -> frozenset[int] | None:
    """Whose events to read: everybody's, or where teams are named only their reps'."""
    return None if spec.team_ids is None else frozenset(here.calendars)


def sides(spec: Spec, here: Staff) -> frozenset[int]:
    """The teams that race: those named, or all with a rep inside the window."""
    return here.team_ids if spec.team_ids is None else spec.team_ids


def _scores(spec: Spec, here: Staff, found: Mapping[int, list[Event]]) -> tuple[MemberScore, ...]:
    return tuple(
        score
        for person_id, member in members(
            spec.days, spec.working, here.spans, here.calendars
        ).items()
        for score in scores_of(
            spec.terms, member, day_points(judged(spec, member, found.get(person_id, [])))
        )
    )


def judged(spec: Spec, member: Member, found: list[Event]) -> tuple[Entry, ...]:
    """One rep's events with points and reasons; a date without a team gives them to nobody."""
    return tuple(
        entry
        if not entry.is_counted or entry.event.day in member.team_of
        else Entry(entry.event, Fraction(0), Reason.NO_TEAM)
        for entry in fold(spec.rules, found, member.current)
    )


def baselines_at(spec: Spec, received_until: datetime) -> dict[int, Baseline]:
    """Each team's points and available days before the start; empty where no mode compares."""
    if spec.terms.mode not in COMPARING:
        return {}
    past = spec.before()
    here = staff(past)
    rows = lines(
        replace(past.terms, mode=Mode.TOTAL),
        _scores(past, here, events(past, received_until)),
        sides(past, here),
    )
    return {row.team_id: Baseline(row.points, row.member_days) for row in rows}


def recounted(spec: Spec, received_until: datetime) -> tuple[Line, ...]:
    """The second opinion over the same facts, by other steps (rules.recount)."""
    bases = {}
    if spec.terms.mode in COMPARING:
        past = spec.before()
        total = replace(past, terms=replace(past.terms, mode=Mode.TOTAL))
        bases = {
            row.team_id: Baseline(row.points, row.member_days)
            for row in _recount(total, received_until, {})
        }
    return _recount(spec, received_until, bases)


def _recount(
    spec: Spec, received_until: datetime, bases: Mapping[int, Baseline]
) -> tuple[Line, ...]:
    here = staff(spec)
    facts = Facts(
        days=spec.days,
        working=spec.working,
        spans=here.spans,
        calendars=here.calendars,
        events={person: tuple(found) for person, found in events(spec, received_until).items()},
    )
    return recount(spec.terms, spec.rules, facts, sides(spec, here), bases)


def scores_of_person(
    spec: Spec, person_id: int, received_until: datetime
) -> tuple[MemberScore, ...]:
    """One rep's part in each team they were on."""
    here = staff(spec, [person_id])
    return _scores(spec, here, events(spec, received_until, [person_id]))


def opened(
    spec: Spec, team_id: int, received_until: datetime, as_of: datetime
) -> tuple[Opened, ...]:
    """A team's score down to the events: each with what it earned and why (ARCHITECTURE rule 8).

    `received_until` is what counts; events that came between it and `as_of` are listed as late.
    """
    people = {span.person_id for span in staff(spec).spans if span.team_id == team_id}
    here = staff(spec, people)
    in_time = events(spec, received_until, people)
    later = events(spec, as_of, people) if as_of > received_until else {}
    found = []
    for person_id, member in members(spec.days, spec.working, here.spans, here.calendars).items():
        entries = judged(spec, member, in_time.get(person_id, []))
        known = {entry.event.event_id for entry in entries}
        late = (event for event in later.get(person_id, []) if event.event_id not in known)
        entries += tuple(Entry(event, Fraction(0), Reason.LATE) for event in late)
        mine = [
            score
            for score in scores_of(spec.terms, member, day_points(entries))
            if score.team_id == team_id
        ]
        own_days = tuple(
            entry for entry in entries if member.team_of.get(entry.event.day) == team_id
        )
        if mine:
            found.append(Opened(person_id, mine[0], own_days))
    return tuple(sorted(found, key=lambda each: each.person_id))
