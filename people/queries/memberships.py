"""Teams, and who belonged to which on a day."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from core.db import db
from core.history import past
from people.models import Person, Team, TeamMembership
from people.queries.rows import MEMBERSHIP, AnyRow, chunks, covers, pairs
from people.rules import MembershipSpan, spans_then, teams_of


@dataclass(frozen=True)
class TeamRow:
    """A team with its size and lead on a day."""

    id: int
    slug: str
    name: str
    headcount: int = 0
    lead_id: int | None = None
    lead_name: str | None = None


def team_on(day: date, as_of: datetime | None = None) -> dict[int, int]:
    """METRICS P7 for everybody: latest start covering the day, then the last row.

    A person without an entry is "unassigned". With `as_of`, as the memberships were known then.
    """
    if past(MEMBERSHIP, as_of):
        return teams_of(memberships_between(day, day + timedelta(days=1), as_of))
    rows = db.session.execute(
        select(TeamMembership.person_id, TeamMembership.team_id)
        .where(covers(day))
        .order_by(TeamMembership.starts_on, TeamMembership.id)
    )
    return pairs(rows)


def _span(row: AnyRow) -> MembershipSpan:
    return MembershipSpan(
        row.person_id, row.team_id, row.starts_on, row.ends_on, row.is_lead, row.id
    )


_SPAN = (
    TeamMembership.person_id,
    TeamMembership.team_id,
    TeamMembership.starts_on,
    TeamMembership.ends_on,
    TeamMembership.is_lead,
    TeamMembership.id,
)


def memberships_between(
    start: date, end: date, as_of: datetime | None = None
) -> tuple[MembershipSpan, ...]:
    """Memberships touching [start, end), by person, then start, then row (P7's order)."""
    changed = past(MEMBERSHIP, as_of)
    statement = select(*_SPAN).where(TeamMembership.starts_on < end)
    if not changed:
        still = or_(TeamMembership.ends_on.is_(None), TeamMembership.ends_on > start)
        statement = statement.where(still)
    rows = db.session.execute(
        statement.order_by(TeamMembership.person_id, TeamMembership.starts_on, TeamMembership.id)
    )
    spans = spans_then((_span(row) for row in rows), changed)
    return tuple(span for span in spans if span.ends_on is None or span.ends_on > start)


def memberships_of(person_ids: Collection[int]) -> dict[int, tuple[MembershipSpan, ...]]:
    """Every membership of these people, oldest first."""
    found: dict[int, list[MembershipSpan]] = defaultdict(list)
    for chunk in chunks(person_ids):
        rows = db.session.execute(
            select(*_SPAN)
            .where(TeamMembership.person_id.in_(chunk))
            .order_by(TeamMembership.starts_on, TeamMembership.id)
        )
        for row in rows:
            found[row.person_id].append(_span(row))
    return {person_id: tuple(spans) for person_id, spans in found.items()}


def team_ids_by_name(names: Collection[str] | None = None) -> dict[str, int]:
    """Team ids by name; None asks for every team."""
    columns = select(Team.name, Team.id)
    if names is None:
        return pairs(db.session.execute(columns))
    found: dict[str, int] = {}
    for chunk in chunks(names):
        found.update(
            (name, ident) for name, ident in db.session.execute(columns.where(Team.name.in_(chunk)))
        )
    return found


def team_names(team_ids: Collection[int] | None = None) -> dict[int, str]:
    """Team names by id; None asks for every team."""
    columns = select(Team.id, Team.name)
    if team_ids is not None:
        columns = columns.where(Team.id.in_(team_ids))
    return pairs(db.session.execute(columns))


def team_slugs() -> frozenset[str]:
    """Every address part taken by a team."""
    return frozenset(db.session.scalars(select(Team.slug)))


def teams(on: date, team_ids: Collection[int] | None = None) -> tuple[TeamRow, ...]:
    """Teams by name with headcount (leads not counted) and first lead on a day."""
    columns = select(Team.id, Team.slug, Team.name).order_by(Team.name)
    if team_ids is not None:
        columns = columns.where(Team.id.in_(team_ids))
    rows = db.session.execute(columns).all()
    counts: dict[int, int] = defaultdict(int)
    leads: dict[int, tuple[int, str]] = {}
    members = (
        select(TeamMembership.team_id, TeamMembership.is_lead, Person.id, Person.name)
        .join(Person, Person.id == TeamMembership.person_id)
        .where(covers(on), TeamMembership.team_id.in_([row.id for row in rows]))
        .order_by(Person.id.desc())
    )
    for team_id, is_lead, person_id, name in db.session.execute(members):
        if is_lead:
            leads[team_id] = (person_id, name)
        else:
            counts[team_id] += 1
    return tuple(
        TeamRow(ident, slug, name, counts[ident], *leads.get(ident, (None, None)))
        for ident, slug, name in rows
    )


def team_by_slug(slug: str, on: date) -> TeamRow | None:
    """One team by its address, or None."""
    ident = db.session.scalar(select(Team.id).where(Team.slug == slug))
    found = teams(on, [ident]) if ident is not None else ()
    return found[0] if found else None
