"""Whom a figure is asked about: the programme, its reps and their teams."""

from collections.abc import Collection
from datetime import date, datetime

import people.queries
import programme.queries
from core.errors import NotFound
from core.stats import Share
from programme.models import Programme

UNASSIGNED = "unassigned"


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
