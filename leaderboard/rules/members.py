"""Who stands for which unit on which date of a race, and when they could take part (P2-P7)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from leaderboard.rules.standing import Member
from leaderboard.rules.units import Units
from people.rules import MembershipSpan, PersonCalendar, team_of


def members(
    days: Sequence[date],
    working: frozenset[date],
    spans: Iterable[MembershipSpan],
    calendars: Mapping[int, PersonCalendar],
    units: Units | None = None,
) -> dict[int, Member]:
    """Each person of `calendars` who stood for some unit inside the window; teams by default."""
    own: dict[int, list[MembershipSpan]] = defaultdict(list)
    for span in spans:
        own[span.person_id].append(span)
    unit_rule = units or Units()
    return {
        person_id: member(person_id, days, working, own[person_id], calendar, unit_rule)
        for person_id, calendar in calendars.items()
        if person_id in own or unit_rule.needs_no_team
    }


def member(
    person_id: int,
    days: Sequence[date],
    working: frozenset[date],
    spans: Sequence[MembershipSpan],
    calendar: PersonCalendar,
    units: Units,
) -> Member:
    """One person's dates; available = employed, enabled, working day, not away (P5)."""
    current = frozenset(day for day in days if calendar.is_current(day))
    return Member(
        person_id=person_id,
        unit_of=_units(person_id, days, spans, units),
        current=current,
        available=frozenset(
            day for day in current if day in working and not calendar.is_absent(day)
        ),
    )


def is_whole(member: Member, days: Sequence[date]) -> bool:
    """Whether a person stood for one unit on every date, employed and enabled all the time."""
    is_here = len(member.current) == len(member.unit_of) == len(days)
    return is_here and len(set(member.unit_of.values())) == 1


def _units(
    person_id: int, days: Sequence[date], spans: Sequence[MembershipSpan], units: Units
) -> dict[date, int]:
    if units.needs_no_team:
        unit_id = units.of(person_id, None)
        return {} if unit_id is None else dict.fromkeys(days, unit_id)
    found = _teams(days, spans)
    if units.kind.is_team:
        return found
    mapped = {day: units.of(person_id, team_id) for day, team_id in found.items()}
    return {day: unit_id for day, unit_id in mapped.items() if unit_id is not None}


def _teams(days: Sequence[date], spans: Sequence[MembershipSpan]) -> dict[date, int]:
    """P7 per date; the common case of one open membership needs no search."""
    if not days:
        return {}
    if len(spans) == 1 and spans[0].covers(days[0]) and spans[0].covers(days[-1]):
        return dict.fromkeys(days, spans[0].team_id)
    found = {day: team_of(spans, day) for day in days}
    return {day: team_id for day, team_id in found.items() if team_id is not None}
