"""Who leads whom on a day, directly and through the tree."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from sqlalchemy import or_, select, union_all

from core.db import db
from people.models import Person, TeamMembership
from people.queries.memberships import team_on
from people.queries.rows import chunks, covers


def led_team_ids(person_id: int, on: date) -> frozenset[int]:
    """Teams the person leads on a day."""
    return frozenset(
        db.session.scalars(
            select(TeamMembership.team_id).where(
                TeamMembership.person_id == person_id, TeamMembership.is_lead, covers(on)
            )
        )
    )


def own_team_ids(person_id: int, on: date) -> frozenset[int]:
    """Teams the person belongs to on a day, leading or not."""
    return frozenset(
        db.session.scalars(
            select(TeamMembership.team_id).where(TeamMembership.person_id == person_id, covers(on))
        )
    )


def people_in_teams(team_ids: Collection[int], on: date) -> frozenset[int]:
    """Everybody in any of the teams on a day."""
    if not team_ids:
        return frozenset()
    return frozenset(
        db.session.scalars(
            select(TeamMembership.person_id).where(TeamMembership.team_id.in_(team_ids), covers(on))
        )
    )


def people_led_by(person_id: int, on: date) -> frozenset[int]:
    """The people of the teams the person leads on a day, without the person."""
    return people_in_teams(led_team_ids(person_id, on), on) - {person_id}


def leads_of(team_ids: Collection[int], on: date) -> dict[int, tuple[int, ...]]:
    """Leads of each team on a day, ordered by id."""
    found: dict[int, list[int]] = defaultdict(list)
    for chunk in chunks(team_ids):
        rows = db.session.execute(
            select(TeamMembership.team_id, TeamMembership.person_id)
            .where(TeamMembership.team_id.in_(chunk), TeamMembership.is_lead, covers(on))
            .order_by(TeamMembership.person_id)
        )
        for team_id, person_id in rows:
            found[team_id].append(person_id)
    return {team_id: tuple(leads) for team_id, leads in found.items()}


def managers_of(person_ids: Collection[int], on: date) -> dict[int, int]:
    """Whom each person answers to on a day: the lead of their team (P7), else their manager."""
    wanted = set(person_ids)
    teams = {pid: team for pid, team in team_on(on).items() if pid in wanted}
    leads = leads_of(set(teams.values()), on)
    found: dict[int, int] = {}
    for chunk in chunks(wanted):
        rows = db.session.execute(select(Person.id, Person.manager_id).where(Person.id.in_(chunk)))
        for person_id, manager_id in rows:
            own_leads = leads.get(teams.get(person_id, 0), ())
            boss = next((lead for lead in own_leads if lead != person_id), manager_id)
            if boss is not None:
                found[person_id] = boss
    return found


def tree_below(person_id: int, on: date) -> frozenset[int]:
    """Everybody below a person on a day, at any depth: led teams and manager_id (TRUST, tree).

    UNION drops repeats, so a circle ends by itself.
    """
    lead, mate = TeamMembership.__table__.alias("lead"), TeamMembership.__table__.alias("mate")
    by_team = select(lead.c.person_id.label("boss"), mate.c.person_id.label("below")).where(
        lead.c.team_id == mate.c.team_id,
        lead.c.is_lead,
        lead.c.person_id != mate.c.person_id,
        lead.c.starts_on <= on,
        or_(lead.c.ends_on.is_(None), lead.c.ends_on > on),
        mate.c.starts_on <= on,
        or_(mate.c.ends_on.is_(None), mate.c.ends_on > on),
    )
    by_line = select(Person.manager_id.label("boss"), Person.id.label("below")).where(
        Person.manager_id.is_not(None)
    )
    edges = union_all(by_team, by_line).cte("edges")
    below = select(edges.c.below).where(edges.c.boss == person_id).cte("below", recursive=True)
    below = below.union(select(edges.c.below).where(edges.c.boss == below.c.below))
    return frozenset(db.session.scalars(select(below.c.below))) - {person_id}
