"""Whom a figure is asked about: the programme, its reps and their teams."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

import people.queries
import programme.queries
from core.calendars import DAY
from core.errors import Invalid, NotFound
from core.stats import Share
from people.rules import MembershipSpan, team_of
from programme.models import Programme

UNASSIGNED = "unassigned"

# One row behind a figure before it has names: whose it is, the date that names their team (METRICS
# P8), and what was counted.
Counted = tuple[int, date, Mapping[str, object]]
Row = dict[str, object]


def owner_of(programme_id: int) -> Programme:
    """The programme a figure is asked about."""
    return programme.queries.by_id(programme_id)


def programme_id_of(slug: str) -> int | None:
    """The id of the programme with this slug."""
    return programme.queries.id_of(slug)


def keys_of(person_ids: Collection[int]) -> dict[int, str]:
    """The files' person_id of each person."""
    return people.queries.keys_of(person_ids)


def ids_by_key() -> dict[str, int]:
    """Everybody by the files' person_id."""
    return people.queries.by_key()


def share_keys(
    share: Share, hits: str = "sustained", base: str = "measurable"
) -> dict[str, object]:
    """A share with its Wilson interval under the contract's names."""
    low, high = share.interval or (None, None)
    return {base: share.base, hits: share.hits, "rate": share.rate, "lo": low, "hi": high}


def team_names_on(day: date, as_of: datetime | None = None) -> dict[int, str]:
    """METRICS P7: each person's team on a date, by name, as memberships were known at `as_of`."""
    names = people.queries.team_names()
    placed = people.queries.team_on(day, as_of)
    return {person_id: names[team_id] for person_id, team_id in placed.items()}


def refuse_unknown_team(team: str | None) -> None:
    """Raises NotFound when no team has the name."""
    if team is not None and team != UNASSIGNED and not people.queries.team_ids_by_name([team]):
        raise NotFound(f"There is no team {team}.", field="team")


def on_team(
    person_ids: Collection[int], day: date, team: str | None, as_of: datetime | None = None
) -> frozenset[int]:
    """Those of the people who are on the team on a date; all of them without a team."""
    if team is None:
        return frozenset(person_ids)
    names = team_names_on(day, as_of)
    return frozenset(ident for ident in person_ids if names.get(ident, UNASSIGNED) == team)


def refuse_empty_window(start: date, end: date) -> None:
    """Raises Invalid unless the half-open window [start, end) has dates (METRICS T7)."""
    if end <= start:
        raise Invalid("end must lie after start: the window is half-open.", field="end")


def rows_of(counted: Iterable[Counted], as_of: datetime) -> list[Row]:
    """The rows behind a figure: person_id, name and team, then what counted; by person_id.

    Dates are written as ISO text. Rows of one person keep their order.
    """
    found = list(counted)
    if not found:
        return []
    cards = people.queries.cards({ident for ident, _day, _facts in found})
    teams = _teams_of({(ident, day) for ident, day, _facts in found}, as_of)
    rows = [
        {
            "person_id": cards[ident].key,
            "name": cards[ident].name,
            "team": teams[ident, day],
            **{name: _plain(value) for name, value in facts.items()},
        }
        for ident, day, facts in found
    ]
    return sorted(rows, key=lambda row: str(row["person_id"]))


def _teams_of(placed: Collection[tuple[int, date]], as_of: datetime) -> dict[tuple[int, date], str]:
    """METRICS P7 for many people and dates at once."""
    names = people.queries.team_names()
    days = {day for _ident, day in placed}
    spans: dict[int, list[MembershipSpan]] = defaultdict(list)
    for span in people.queries.memberships_between(min(days), max(days) + DAY, as_of):
        spans[span.person_id].append(span)
    found = {}
    for ident, day in placed:
        team_id = team_of(spans.get(ident, ()), day)
        found[ident, day] = UNASSIGNED if team_id is None else names[team_id]
    return found


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
