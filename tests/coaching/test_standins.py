"""Deputies and second leads: who names them, on which days they act, and when they stop."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from coaching import access
from coaching.access import How
from core.audit import AuditEntry
from core.db import db, transaction
from core.errors import PennantError
from people import queries, services
from people.models import Deputy, SecondLead
from tests.factories.incentives import actor
from tests.factories.people import make_person, make_team, writing

DAY = timedelta(days=1)
FIRST, LAST = date(2026, 3, 16), date(2026, 3, 20)
NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)


@pytest.fixture
def world(app):
    """Harbour under its lead, another manager beside it."""
    team = make_team(2, name="Harbour")
    return team, make_person(role="manager", enabled_on=None)


def name(team, other, *, by=None, first=FIRST, last=LAST):
    with transaction():
        return services.name_deputy(
            team.lead.id, other.id, first, last, actor=by or actor(team.lead), now=NOW
        ).id


def refused(work) -> str:
    with pytest.raises(PennantError) as error, transaction():
        work()
    return error.value.code


def test_a_deputy_acts_on_the_first_and_the_last_day_and_on_none_else(world):
    team, other = world
    name(team, other)
    who = actor(other)
    for day, acts in ((FIRST - DAY, False), (FIRST, True), (LAST, True), (LAST + DAY, False)):
        assert (queries.stood_in_for(other.id, day) == {team.lead.id}) is acts
        assert queries.deputies_of([team.lead.id], day) == (
            {team.lead.id: (other.id,)} if acts else {}
        )
        assert bool(access.coached_people(who, day)) is acts
    [entry] = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "team.deputy_assign")
    ).all()
    assert entry.detail == {"for": other.id, "from": "2026-03-16", "to": "2026-03-20"}


@pytest.mark.parametrize("how", ["left", "suspended"])
def test_who_leaves_or_is_suspended_stops_being_one(world, how):
    team, other = world
    name(team, other)
    with writing() as session:
        session.add(SecondLead(person_id=team.members[0].id, lead_id=other.id, starts_on=FIRST))
        row = session.merge(other)
        if how == "left":
            row.left_on = FIRST + DAY
        else:
            row.status = "suspended"
    first = how == "left"
    assert bool(queries.stood_in_for(other.id, FIRST)) is first
    assert bool(queries.second_led_by(other.id, FIRST)) is first
    for on in (FIRST + 2 * DAY, LAST):
        assert queries.stood_in_for(other.id, on) == frozenset()
        assert queries.deputies_of([team.lead.id], on) == {}
        assert queries.second_led_by(other.id, on) == frozenset()
        assert queries.second_leads_of(team.members[0].id, on) == ()
        assert access.coached_people(actor(other), on) == {}


def test_nobody_is_their_own_deputy_nor_one_whose_role_cannot_do_it(world):
    team, other = world
    lead = actor(team.lead)

    def naming(who, first=FIRST, last=LAST):
        return lambda: services.name_deputy(team.lead.id, who.id, first, last, actor=lead, now=NOW)

    assert refused(naming(team.lead)) == "invalid"
    assert refused(naming(team.members[0])) == "invalid"
    assert refused(naming(other, LAST, FIRST)) == "invalid"
    assert refused(naming(other, FIRST, FIRST + 400 * DAY)) == "invalid"
    assert refused(naming(make_person(role="manager", status="suspended"))) == "not_found"
    assert db.session.scalars(select(Deputy)).all() == []


def test_the_same_again_is_one_row_and_days_do_not_overlap(world):
    team, other = world
    ident = name(team, other)
    assert name(team, other) == ident
    lead = actor(team.lead)
    for first, last in ((FIRST, LAST + DAY), (FIRST - DAY, FIRST), (LAST, LAST)):
        assert (
            refused(
                lambda first=first, last=last: services.name_deputy(
                    team.lead.id, other.id, first, last, actor=lead, now=NOW
                )
            )
            == "conflict"
        )
    name(team, other, first=LAST + DAY, last=LAST + 2 * DAY)
    third = make_person(role="manager", enabled_on=None)
    name(team, third)
    assert queries.deputies_of([team.lead.id], FIRST) == {team.lead.id: (other.id, third.id)}


def test_a_deputys_days_may_end_early_or_never_begin(world):
    team, other = world
    ident, lead = name(team, other), actor(team.lead)

    def end(on):
        with transaction():
            return services.end_deputy(ident, on, actor=lead, now=NOW) is not None

    assert end(LAST + DAY)
    assert end(FIRST + DAY)
    assert queries.stood_in_for(other.id, FIRST + DAY)
    assert not queries.stood_in_for(other.id, FIRST + 2 * DAY)
    assert not end(FIRST - DAY)
    assert db.session.scalars(select(Deputy)).all() == []


@pytest.mark.parametrize(
    ("role", "may"),
    [("rep", False), ("manager", False), ("director", True), ("sales_ops", True), ("admin", False)],
)
def test_who_may_arrange_it_for_others(world, role, may):
    team, other = world
    by = make_person(role=role, enabled_on=None)
    if role == "director":
        with writing() as session:
            session.merge(team.lead).manager_id = by.id
    if may:
        assert name(team, other, by=actor(by))
    else:
        assert (
            refused(
                lambda: services.name_deputy(
                    team.lead.id, other.id, FIRST, LAST, actor=actor(by), now=NOW
                )
            )
            == "not_allowed"
        )


def test_a_director_of_elsewhere_arranges_nothing_here(world):
    team, other = world
    aside = actor(make_person(role="director", enabled_on=None))
    ident = name(team, other)
    assert refused(lambda: services.end_deputy(ident, FIRST, actor=aside, now=NOW)) == "not_allowed"


def test_a_second_lead_is_a_manager_beside_the_lead_until_a_day(world):
    team, other = world
    rep, lead = team.members[0], actor(team.lead)

    def second(who, starts_on=FIRST, ends_on=LAST):
        with writing():
            return services.name_second_lead(
                rep.id, who.id, starts_on, ends_on, actor=lead, now=NOW
            ).id

    ident = second(other)
    assert second(other) == ident
    assert queries.second_leads_of(rep.id, LAST - DAY) == (other.id,)
    assert queries.second_leads_of(rep.id, LAST) == ()
    assert access.coached_people(actor(other), FIRST)[rep.id].how is How.SECOND
    for bad in (rep, team.members[1]):
        assert refused(lambda bad=bad: second(bad)) == "invalid"
    assert refused(lambda: second(other, FIRST + DAY)) == "conflict"
    assert refused(lambda: second(other, LAST, LAST)) == "invalid"
    with transaction():
        services.end_second_lead(ident, FIRST + DAY, actor=lead, now=NOW)
    assert queries.second_led_by(other.id, FIRST + DAY) == frozenset()
    with transaction():
        assert services.end_second_lead(ident, FIRST, actor=lead, now=NOW) is None
    assert db.session.scalars(select(SecondLead)).all() == []
    actions = db.session.scalars(select(AuditEntry.action)).all()
    assert actions.count("team.second_lead_assign") == 1
    assert actions.count("team.second_lead_end") == 2


def test_a_deputy_also_stands_in_as_second_lead(world):
    team, other = world
    ridge = make_team(1, name="Ridge")
    with writing() as session:
        session.add(
            SecondLead(person_id=ridge.members[0].id, lead_id=team.lead.id, starts_on=FIRST)
        )
    name(team, other)
    found = access.coached_people(actor(other), FIRST)
    assert found.keys() == {*(rep.id for rep in team.members), ridge.members[0].id}
    assert {each.how for each in found.values()} == {How.DEPUTY}
