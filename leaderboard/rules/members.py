"""Who belongs to which team on which date of a race, and when they could take part (P2-P7)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from leaderboard.rules.standing import Member
from people.rules import MembershipSpan, PersonCalendar, team_of


def members(
    days: Sequence[date],
    working: frozenset[date],
    spans: Iterable[MembershipSpan],
    calendars: Mapping[int, PersonCalendar],
) -> dict[int, Member]:
    """Each person of `calendars` who was on some team inside the window."""
    own: dict[int, list[MembershipSpan]] = defaultdict(list)
    for span in spans:
        own[span.person_id].append(span)
    return {
        person_id: member(person_id, days, working, own[person_id], calendar)
        for person_id, calendar in calendars.items()
        if person_id in own
    }


def member(
    person_id: int,
    days: Sequence[date],
    working: frozenset[date],
    spans: Sequence[MembershipSpan],
    calendar: PersonCalendar,
) -> Member:
    """One person's dates; available = employed, enabled, working day, not away (P5)."""
    current = frozenset(day for day in days if calendar.is_current(day))
    return Member(
        person_id=person_id,
        team_of=_teams(days, spans),
        current=current,
        available=frozenset(
            day for day in current if day in working and not calendar.is_absent(day)
        ),
    )


def _teams(days: Sequence[date], spans: Sequence[MembershipSpan]) -> dict[date, int]:
    """P7 per date; the common case of one open membership needs no search."""
    if not days:
        return {}
    if len(spans) == 1 and spans[0].covers(days[0]) and spans[0].covers(days[-1]):
        return dict.fromkeys(days, spans[0].team_id)
    found = {day: team_of(spans, day) for day in days}
    return {day: team_id for day, team_id in found.items() if team_id is not None}
