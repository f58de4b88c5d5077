"""People's questions against small worlds counted by hand, on both databases."""

from datetime import date, datetime, time, timedelta, timezone

import pytest
from sqlalchemy import event

from core.db import db, transaction, upsert_rows
from core.policy import Actor, Role
from people import queries
from people.models import Person, Preference
from people.rules import PersonCalendar
from tests.factories.people import (
    LONG_AGO,
    make_absence,
    make_account,
    make_change,
    make_membership,
    make_person,
    make_team,
)

DAY = date(2003, 6, 2)

pytestmark = pytest.mark.usefixtures("app")


def test_people_by_key_and_address():
    ann, bob = make_person(key="P1", email="ann@example.org"), make_person(key="P2")
    assert queries.by_key(["P1", "nobody"]) == {"P1": ann.id}
    assert queries.by_key() == {"P1": ann.id, "P2": bob.id}
    assert queries.by_email(["ANN@example.org"]) == {"ann@example.org": ann.id}
    assert queries.by_email().keys() == {ann.email, bob.email}
    assert queries.keys_of([ann.id, 999]) == {ann.id: "P1"}
    assert queries.by_key([]) == {}
    assert queries.cards([ann.id])[ann.id].email == "ann@example.org"
    assert queries.card(999) is None
    assert queries.card_by_key("P2").id == bob.id


def test_more_people_than_one_statement_holds():
    ann = make_person(key="P1")
    keys = [f"X{number}" for number in range(12_000)] + ["P1"]
    assert queries.by_key(keys) == {"P1": ann.id}


def test_reps_in_scope_are_reps_and_not_tests():
    rep, leaver = make_person(), make_person(left_on=LONG_AGO)
    make_person(is_test=True)
    make_person(role="manager")
    assert queries.reps_in_scope() == (rep.id, leaver.id)
    assert queries.reps_in_scope([leaver.id, 999]) == (leaver.id,)
    assert queries.ids_with_role("manager", "rep") == (rep.id, leaver.id, rep.id + 2, rep.id + 3)


def test_the_team_on_a_day_follows_moves_and_overlaps():
    one, two = make_team(members=0, lead=False), make_team(members=0, lead=False)
    mover, both, gone = make_person(), make_person(), make_person()
    make_membership(mover, one, ends_on=DAY)
    make_membership(mover, two, starts_on=DAY)
    make_membership(both, two, starts_on=DAY - timedelta(days=9))
    make_membership(both, one)
    make_membership(gone, one, ends_on=DAY)
    assert queries.team_on(DAY - timedelta(days=1)) == {
        mover.id: one.id,
        both.id: two.id,
        gone.id: one.id,
    }
    assert queries.team_on(DAY) == {mover.id: two.id, both.id: two.id}


def test_memberships_between_are_half_open_on_both_sides():
    team = make_team(members=0, lead=False)
    before, inside, after = make_person(), make_person(), make_person()
    make_membership(before, team, ends_on=DAY)
    make_membership(inside, team, starts_on=DAY, ends_on=DAY + timedelta(days=1))
    make_membership(after, team, starts_on=DAY + timedelta(days=7))
    found = queries.memberships_between(DAY, DAY + timedelta(days=7))
    assert [span.person_id for span in found] == [inside.id]
    assert queries.memberships_of([before.id])[before.id][0].ends_on == DAY


def test_who_leads_whom_on_a_day():
    team = make_team(members=2)
    late = make_person()
    make_membership(late, team, starts_on=DAY + timedelta(days=1))
    lead, reps = team.lead.id, {person.id for person in team.members}
    assert queries.led_team_ids(lead, DAY) == {team.id}
    assert queries.people_led_by(lead, DAY) == reps
    assert queries.people_led_by(lead, DAY + timedelta(days=1)) == reps | {late.id}
    assert queries.people_led_by(late.id, DAY) == frozenset()
    assert queries.leads_of([team.id, 999], DAY) == {team.id: (lead,)}
    assert queries.own_team_ids(team.members[0].id, DAY) == {team.id}


def test_the_tree_goes_through_teams_and_lines_and_survives_a_circle():
    director = make_person(role="director")
    team = make_team(members=2)
    with transaction() as session:
        session.get(type(team.lead), team.lead.id).manager_id = director.id
    reps = {person.id for person in team.members}
    helper = make_person(manager=team.members[0])
    assert queries.tree_below(director.id, DAY) == {team.lead.id, helper.id} | reps
    assert queries.tree_below(team.lead.id, DAY) == reps | {helper.id}
    assert queries.tree_below(helper.id, DAY) == frozenset()
    with transaction() as session:
        session.get(type(director), director.id).manager_id = helper.id
    assert queries.tree_below(director.id, DAY) == {team.lead.id, helper.id} | reps


def test_whom_people_answer_to():
    boss = make_person(role="director")
    team = make_team(members=1)
    with transaction() as session:
        session.get(type(team.lead), team.lead.id).manager_id = boss.id
    loner = make_person()
    found = queries.managers_of([team.members[0].id, team.lead.id, loner.id], DAY)
    assert found == {team.members[0].id: team.lead.id, team.lead.id: boss.id}


def test_calendars_hold_dates_and_absences():
    person, other = make_person(hired_on=DAY, enabled_on=None), make_person()
    make_absence(person, DAY, DAY + timedelta(days=2))
    assert queries.calendars([person.id]) == {
        person.id: PersonCalendar(DAY, None, None, None, ((DAY, DAY + timedelta(days=2)),))
    }
    assert queries.calendars().keys() == {person.id, other.id}


def test_recipients_with_wishes_and_without():
    plain = make_person(time_zone="Asia/Tokyo")
    picky, shut = make_person(), make_person(status="suspended")
    left = make_person(left_on=DAY)
    with transaction():
        row = {"person_id": picky.id, "quiet_from": time(18), "quiet_until": time(9)}
        upsert_rows(Preference, [row], ["person_id"])
    found = queries.recipients([plain.id, picky.id, shut.id, left.id, 999])
    assert found.keys() == {plain.id, picky.id, shut.id, left.id}
    assert (found[plain.id].time_zone, found[plain.id].quiet_from) == ("Asia/Tokyo", time(19))
    assert (found[picky.id].time_zone, found[picky.id].quiet_until) == ("UTC", time(9))
    assert [found[person.id].is_active for person in (plain, shut, left)] == [True, False, True]
    day_after = queries.recipients([left.id, plain.id], DAY + timedelta(days=1))
    assert not day_after[left.id].is_active
    assert day_after[plain.id].is_active
    assert queries.recipients([left.id], DAY)[left.id].is_active


def test_people_as_actors():
    ops = make_person(key="P7", role="sales_ops", name="Omar")
    assert queries.actor_of(ops.id) == Actor(ops.id, Role.SALES_OPS, "Omar")
    assert queries.actor_by_key("P7") == queries.actor_of(ops.id)
    assert queries.actor_by_key("P8") is None
    assert queries.actor_of(make_person(status="suspended").id) is None


def test_teams_with_headcount_and_lead():
    team = make_team(members=2, name="Night Owls")
    empty = make_team(members=0, lead=False, name="Day Owls")
    first, second = queries.teams(DAY)
    assert (first.name, first.headcount, first.lead_name) == ("Day Owls", 0, None)
    assert (second.id, second.headcount, second.lead_id) == (team.id, 2, team.lead.id)
    assert queries.team_by_slug("night-owls", DAY) == second
    assert queries.team_by_slug("nobody", DAY) is None
    assert queries.team_names([empty.id]) == {empty.id: "Day Owls"}
    assert queries.team_ids_by_name(["Night Owls"]) == {"Night Owls": team.id}
    assert queries.team_slugs() == {"night-owls", "day-owls"}


def test_the_directory_leaves_out_who_left_and_shows_aliases():
    make_person(name="Cy", alias="Aardvark")
    make_person(name="Bea", left_on=DAY)
    make_person(name="Gone", left_on=DAY - timedelta(days=1))
    make_person(name="Shut", status="suspended")
    rows, total = queries.directory(DAY)
    assert ([row.name for row in rows], total) == (["Aardvark", "Bea"], 2)
    rows, total = queries.directory(DAY, offset=1, limit=1)
    assert ([row.name for row in rows], total) == (["Bea"], 2)
    assert queries.directory(DAY, text="CY")[1] == 0
    assert queries.directory(DAY, text="aard")[1] == 1
    assert queries.directory(DAY, text="%")[1] == 0


def test_changes_are_read_on_from_a_watermark():
    ann, bob = make_person(), make_person()
    make_change(ann)
    first, who = queries.changes_after(0)
    assert who == {ann.id}
    make_change(bob)
    make_change(bob)
    second, who = queries.changes_after(first)
    assert who == {bob.id}
    assert queries.changes_after(second) == (second, frozenset())
    assert queries.changes_after(0, limit=2)[1] == {ann.id, bob.id}


def test_sign_in_needs_an_account_and_says_whether_one_may_enter():
    person = make_person(email="ann@example.org", left_on=DAY)
    assert queries.sign_in_of("ann@example.org", DAY) is None
    make_account(person)
    assert queries.sign_in_of("ANN@example.org", DAY).may_enter
    assert not queries.sign_in_of("ann@example.org", DAY + timedelta(days=1)).may_enter


def test_instants_come_back_in_utc():
    person = make_person()
    east = datetime(2003, 6, 2, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    row = make_change(person, east)
    assert row.changed_at == east
    assert row.changed_at.utcoffset() == timedelta(0)


def test_people_met_before_are_asked_for_again_once_a_record_changed(app):
    """A key may go to nobody (an erasure) or to somebody new; both leave a mark."""
    with transaction():
        one = make_person(key="K1")
        make_change(one)
    statements = []

    def note(_conn, _cursor, statement, *_more):
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    assert queries.by_key_met(["K1", "K2"]) == {"K1": one.id}
    statements.clear()
    assert queries.by_key_met(["K1"]) == {"K1": one.id}
    assert len(statements) == 1
    with transaction() as session:
        session.get(Person, one.id).key = "K9"
        two = make_person(key="K2")
        make_change(two)
    assert queries.by_key_met(["K1", "K2", "K9"]) == {"K2": two.id, "K9": one.id}
