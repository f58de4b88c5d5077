from datetime import UTC, date, datetime, timedelta

import adoption.queries
from adoption.rules import AdoptionState
from tests.factories.adoption import make_event, make_usage
from tests.factories.people import make_person
from tests.factories.programme import enrol, make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def rep(**given):
    return make_person(**{"enabled_on": MONDAY, **given})


def days(*offsets):
    return [MONDAY + offset * DAY for offset in offsets]


def test_states_of_a_small_world(app):
    owner = make_programme()
    steady, fading, curious, idle = (rep() for _ in range(4))
    gone = rep(left_on=MONDAY + 10 * DAY)
    manager, test_account = rep(role="manager"), rep(is_test=True)
    twice_a_week = [7 * week + day for week in range(8) for day in (1, 3)]
    make_usage(owner, steady, days(*twice_a_week))
    make_usage(owner, fading, days(*twice_a_week[:8]))
    make_usage(owner, curious, days(3))
    for outside in (gone, manager, test_account):
        make_usage(owner, outside, days(*twice_a_week))

    states = adoption.queries.states_on(owner.id, MONDAY + 55 * DAY)

    assert states == {
        steady.id: AdoptionState.SUSTAINED,
        fading.id: AdoptionState.LAPSED,
        curious.id: AdoptionState.TRYING,
        idle.id: AdoptionState.NOT_STARTED,
        gone.id: AdoptionState.LEFT,
    }
    assert adoption.queries.streak(owner.id, steady.id, MONDAY + 55 * DAY) == 8
    assert adoption.queries.streak(owner.id, fading.id, MONDAY + 27 * DAY) == 4
    assert adoption.queries.first_use(owner.id, [steady.id, idle.id]) == {steady.id: MONDAY + DAY}
    assert adoption.queries.key_days(owner.id, [curious.id], MONDAY, MONDAY + 4 * DAY) == {
        curious.id: frozenset(days(3))
    }


def test_enrolled_people_belong_to_their_programmes_only(app):
    first, second = make_programme(), make_programme()
    here, elsewhere, nowhere = rep(), rep(), rep()
    enrol(first, here)
    enrol(second, elsewhere)
    assert set(adoption.queries.states_on(first.id, MONDAY)) == {here.id, nowhere.id}
    assert set(adoption.queries.states_on(second.id, MONDAY)) == {elsewhere.id, nowhere.id}


def test_contest_events_are_known_ones_of_current_reps_in_order(app):
    owner = make_programme()
    one, late_leaver = rep(), rep(left_on=MONDAY)
    start = datetime(2026, 3, 2, 5, tzinfo=UTC)
    inside = [
        make_event(owner, one, start + timedelta(hours=3), object_id="D1", value=2.5),
        make_event(owner, one, start, event_id="first instant"),
        make_event(owner, one, start + timedelta(days=1, microseconds=-1), held_at=NOW),
    ]
    make_event(owner, one, start - timedelta(microseconds=1))
    make_event(owner, one, start + DAY)
    make_event(owner, one, start + timedelta(hours=1), voided=True)
    make_event(owner, one, start + timedelta(hours=1), quarantine="future")
    make_event(owner, one, start + timedelta(hours=1), kind="login")
    make_event(owner, one, start + timedelta(hours=1), received_at=NOW + DAY)
    make_event(owner, one, start + timedelta(hours=1), superseded_at=NOW)
    make_event(owner, late_leaver, start + timedelta(days=2))

    found = adoption.queries.events_for_contest(owner.id, ["guided_use"], MONDAY, MONDAY + DAY, NOW)

    assert [(row.event_id, row.held) for row in found] == [
        ("first instant", False),
        (inside[0].event_id, False),
        (inside[2].event_id, True),
    ]
    assert (found[1].object_id, found[1].value, found[1].local_day) == ("D1", 2.5, MONDAY)
    assert not adoption.queries.events_for_contest(
        owner.id, ["guided_use"], MONDAY, MONDAY + DAY, NOW, person_ids=[late_leaver.id]
    )


def test_contest_days_are_the_programmes_also_where_adoption_counts_reps_own_days(app):
    owner = make_programme(tz_mode="user")
    one = rep(time_zone="Pacific/Auckland")
    make_event(
        owner,
        one,
        datetime(2026, 3, 2, 12, tzinfo=UTC),
        local_day=date(2026, 3, 3),
    )
    [found] = adoption.queries.events_for_contest(
        owner.id, ["guided_use"], MONDAY, MONDAY + DAY, NOW
    )
    assert found.local_day == MONDAY


def test_what_somebody_did_after_a_class(app):
    owner = make_programme()
    one, other = rep(), rep()
    at = datetime(2026, 3, 2, 15, tzinfo=UTC)
    for offset in (0, 1, 48, 49):
        make_event(owner, one, at + timedelta(hours=offset))
    make_event(owner, one, at + timedelta(hours=2), kind="login")
    make_event(owner, other, at + timedelta(hours=2))

    found = adoption.queries.events_after(
        owner.id, [one.id], ["guided_use"], at, at + timedelta(hours=48)
    )

    assert [row.occurred_at for row in found] == [
        at + timedelta(hours=1),
        at + timedelta(hours=48),
    ]
    assert adoption.queries.kinds_done(owner.id, [one.id, other.id]) == {
        one.id: {"guided_use", "login"},
        other.id: {"guided_use"},
    }
    assert adoption.queries.kinds_done(owner.id, [one.id], until=MONDAY - DAY) == {}
