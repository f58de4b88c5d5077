"""A week is prepared once for every team: the number, the items, what waits, the lead's letter."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from adoption.models import UsageSource
from coaching import services
from coaching.models import CoachingItem, CoachingMoment, CoachingStep, CoverageWeek, Loop
from coaching.queries import figures
from core.db import db, transaction
from core.errors import Invalid
from core.outbox import OutboxLetter
from tests.factories.adoption import make_deal, make_event, make_signal
from tests.factories.people import make_membership, make_person, make_team
from tests.factories.programme import enrol, make_programme

DAY = timedelta(days=1)
WEEK = date(2026, 3, 16)
SLOT = datetime(2026, 3, 16, tzinfo=UTC)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def missed(rep, on: date, amount: int, key: str, **given):
    """A signal of that date nobody answered, on an open deal worth so much."""
    deal = make_deal(rep, amount=Decimal(amount), account=f"Account {key}", **given)
    return make_signal(rep, deal, noon(on), signal_key=key)


def kept(owner, rep, on: date, key: str):
    """A signal answered the day after."""
    deal = make_deal(rep, amount=Decimal(1000))
    make_signal(rep, deal, noon(on), signal_key=key)
    make_event(owner, rep, noon(on + DAY), kind=owner.due_action, object_id=deal.deal_key)


@pytest.fixture
def world(app):
    """Harbour: Maya kept one of two in the week, Noor's waits from before, Otto has nothing.

    Ridge: its one rep kept theirs. Quay has no lead. A deal won makes a close rate.
    """
    owner = make_programme(launch_on=date(2026, 1, 5), time_zone="UTC", weekly_decay=0.2)
    harbour = make_team(3, name="Harbour")
    ridge = make_team(1, name="Ridge")
    quay = make_team(1, name="Quay", lead=False)
    maya, noor, _otto = harbour.members
    kept(owner, maya, WEEK - 6 * DAY, "K1")
    missed(maya, WEEK - 7 * DAY, 1000, "M1")
    missed(noor, WEEK - 20 * DAY, 9000, "M2")
    missed(noor, WEEK - 19 * DAY, 30000, "M3")
    missed(maya, WEEK - 1 * DAY, 5000, "P1")
    kept(owner, ridge.members[0], WEEK - 5 * DAY, "K2")
    missed(quay.members[0], WEEK - 7 * DAY, 700, "M4")
    make_deal(maya, stage="won", closed_on=WEEK - 30 * DAY, amount=Decimal(10))
    return owner, harbour, ridge, quay


def prepare(owner, week=WEEK, as_of=SLOT, now=None):
    with transaction():
        return services.prepare_week(owner.id, week, as_of, now=now)


def items_by_rep():
    db.session.expire_all()
    return {item.rep_id: item for item in db.session.scalars(select(CoachingItem))}


def test_each_team_with_a_lead_gets_its_number_and_each_rep_with_something_an_item(world):
    owner, harbour, ridge, _quay = world
    done = prepare(owner)
    assert (done.loops, done.items, done.moments) == (2, 3, 3)
    loops = {loop.team_id: loop for loop in db.session.scalars(select(Loop))}
    assert loops.keys() == {harbour.id, ridge.id}
    own = loops[harbour.id]
    assert (own.on_time, own.due, own.pending, own.missed) == (1, 2, 1, 3)
    assert own.manager_id == harbour.lead.id
    assert (own.week, own.through, own.outcome) == (WEEK, WEEK - DAY, "open")
    assert (loops[ridge.id].on_time, loops[ridge.id].due, loops[ridge.id].missed) == (1, 1, 0)
    items = items_by_rep()
    maya, noor, otto = harbour.members
    assert items.keys() == {maya.id, noor.id, ridge.members[0].id}
    assert otto.id not in items
    assert (items[maya.id].on_time, items[maya.id].due, items[maya.id].pending) == (1, 2, 1)
    assert (items[noor.id].on_time, items[noor.id].due) == (0, 0)
    assert {item.state for item in items.values()} == {"number_shown"}
    keys = set(db.session.scalars(select(CoachingStep.key)))
    assert f"coach:{maya.id}:2026-W12" in keys


def test_the_team_number_is_the_figure_of_the_week_before(world):
    owner, harbour, *_ = world
    prepare(owner)
    told = figures.due_behaviour_coverage(
        owner, (WEEK - 7 * DAY, WEEK), WEEK - DAY, SLOT, "Harbour"
    )
    loop = db.session.scalar(select(Loop).where(Loop.team_id == harbour.id))
    assert (loop.on_time, loop.due) == (told["on_time"], told["denominator"])


def test_moments_are_kept_dearest_first_with_what_they_were_priced_by(world):
    owner, harbour, *_ = world
    prepare(owner)
    noor = items_by_rep()[harbour.members[1].id]
    rows = db.session.scalars(
        select(CoachingMoment)
        .where(CoachingMoment.item_id == noor.id)
        .order_by(CoachingMoment.position)
    ).all()
    assert [row.signal_key for row in rows] == ["M3", "M2"]
    first = rows[0]
    assert (first.account, first.amount, first.status) == ("Account M3", 30000, "ignored")
    assert (first.rate, first.decay, first.delay_days) == (1.0, 0.2, 18)
    assert first.cost == pytest.approx(30000 * (1 - 0.8 ** (18 / 7)))
    loop = db.session.get(Loop, noor.loop_id)
    own = db.session.scalars(select(CoachingMoment.cost)).all()
    assert loop.cost == pytest.approx(sum(own))


def test_without_a_decay_no_money_is_named(world):
    owner, *_ = world
    with transaction():
        db.session.merge(owner).weekly_decay = None
    prepare(owner)
    assert set(db.session.scalars(select(CoachingMoment.cost))) == {None}
    assert set(db.session.scalars(select(Loop.cost))) == {None}


def test_ten_moments_are_kept_and_all_are_counted(app):
    owner = make_programme(launch_on=date(2026, 1, 5), time_zone="UTC")
    team = make_team(1)
    for number in range(13):
        missed(team.members[0], WEEK - 9 * DAY, 1000 + number, f"M{number:02d}")
    assert prepare(owner).moments == 10
    assert db.session.scalar(select(Loop.missed)) == 13


def test_a_second_run_changes_nothing_even_when_data_came_meanwhile(world):
    owner, harbour, *_ = world
    prepare(owner)
    missed(harbour.members[2], WEEK - 3 * DAY, 400, "LATE")
    done = prepare(owner)
    assert (done.loops, done.items, done.moments) == (0, 0, 0)
    assert len(items_by_rep()) == 3
    assert len(db.session.scalars(select(OutboxLetter)).all()) == 2


def test_what_arrived_after_the_slot_is_not_known_to_it(world):
    """A slot run three days late makes what an on-time run would have made."""
    owner, harbour, *_ = world
    rep = harbour.members[2]
    deal = make_deal(rep)
    make_signal(rep, deal, noon(WEEK - 6 * DAY), signal_key="SEEN")
    done_at = noon(WEEK - 5 * DAY)
    make_event(
        owner,
        rep,
        done_at,
        received_at=SLOT + 2 * DAY,
        kind=owner.due_action,
        object_id=deal.deal_key,
    )
    prepare(owner, now=SLOT + 3 * DAY)
    item = items_by_rep()[rep.id]
    assert (item.on_time, item.due) == (0, 1)
    assert db.session.scalar(select(Loop.prepared_at).limit(1)) == SLOT + 3 * DAY


def test_a_moment_taken_up_before_is_not_shown_again(world):
    owner, harbour, *_ = world
    prepare(owner)
    noor = items_by_rep()[harbour.members[1].id]
    with transaction():
        row = db.session.scalar(select(CoachingMoment).where(CoachingMoment.signal_key == "M3"))
        db.session.get(CoachingItem, noor.id).moment_id = row.id
    prepare(owner, WEEK + 7 * DAY, SLOT + 7 * DAY)
    again = db.session.scalars(
        select(CoachingMoment.signal_key)
        .join(CoachingItem, CoachingItem.id == CoachingMoment.item_id)
        .where(CoachingItem.week == WEEK + 7 * DAY, CoachingItem.rep_id == noor.rep_id)
    ).all()
    assert again == ["M2"]


def test_a_rep_has_one_item_a_week_whatever_programmes_there_are(world):
    owner, harbour, *_ = world
    other = make_programme(launch_on=date(2026, 1, 6), time_zone="UTC")
    prepare(owner)
    assert prepare(other).items == 0
    assert len(items_by_rep()) == 3
    enrolled = make_programme(launch_on=date(2026, 1, 7), time_zone="UTC")
    newcomer = make_person()
    make_membership(newcomer, harbour)
    enrol(enrolled, newcomer)
    missed(newcomer, WEEK - 9 * DAY, 10, "N1")
    assert prepare(enrolled).items == 1


def test_who_left_and_who_leads_get_no_item(world):
    owner, harbour, *_ = world
    with transaction():
        db.session.merge(harbour.members[0]).left_on = WEEK - 1 * DAY
    missed(harbour.lead, WEEK - 9 * DAY, 10, "LEAD")
    prepare(owner)
    assert harbour.members[0].id not in items_by_rep()
    assert harbour.lead.id not in items_by_rep()


def test_a_team_nobody_of_whose_leads_may_coach_has_no_loop(world):
    """Only managers coach; beside another lead the manager is the one who is asked."""
    owner, harbour, *_ = world
    director = make_person(role="director", enabled_on=None)
    alone = make_team(1, name="Alone", lead=director)
    missed(alone.members[0], WEEK - 9 * DAY, 10, "A1")
    make_membership(director, harbour, is_lead=True)
    prepare(owner)
    loops = {loop.team_id: loop.manager_id for loop in db.session.scalars(select(Loop))}
    assert alone.id not in loops
    assert loops[harbour.id] == harbour.lead.id


def test_only_the_start_of_a_week_is_prepared(world):
    with pytest.raises(Invalid):
        prepare(world[0], WEEK + DAY)


@pytest.mark.parametrize(("reported_on", "is_complete"), [(13, True), (12, False), (15, True)])
def test_a_source_silent_on_the_last_working_day_marks_the_number(world, reported_on, is_complete):
    owner, *_ = world
    at = datetime(2026, 3, reported_on, 15, tzinfo=UTC)
    with transaction():
        # What events came through the factories have no watermark of their own.
        db.session.merge(
            UsageSource(
                programme_id=owner.id, source="crm", latest_occurred_at=at, latest_received_at=at
            )
        )
    prepare(owner)
    assert set(db.session.scalars(select(Loop.is_complete))) == {is_complete}


def test_the_lead_hears_one_number_that_morning_and_nobody_of_a_week_gone_by(world):
    owner, harbour, *_ = world
    prepare(owner)
    letters = db.session.scalars(select(OutboxLetter)).all()
    own = next(each for each in letters if each.person_id == harbour.lead.id)
    assert own.kind == "coaching.number_ready"
    assert own.use_by == SLOT + 7 * DAY
    assert "1 of 2 stalled deals in time" in own.text
    assert not any(rep.name in own.text for rep in harbour.members)
    with transaction():
        db.session.execute(OutboxLetter.__table__.delete())
    prepare(owner, WEEK + 7 * DAY, SLOT + 7 * DAY, now=SLOT + 21 * DAY)
    assert db.session.scalars(select(OutboxLetter)).all() == []


def test_a_lead_with_nothing_due_and_nothing_missed_hears_nothing(world):
    owner, _harbour, ridge, _quay = world
    prepare(owner, WEEK + 7 * DAY, SLOT + 7 * DAY)
    told = db.session.scalars(select(OutboxLetter.person_id)).all()
    assert ridge.lead.id not in told
    assert db.session.scalar(select(Loop.missed).where(Loop.team_id == ridge.id)) == 0


def test_the_number_of_statements_does_not_grow_with_the_company(app):
    """Three teams or twelve: the same SELECTs and INSERTs, whatever their size."""

    def statements(teams: int) -> int:
        sent = []

        def count(_connection, _cursor, text, *_more):
            sent.append(text)

        owner = make_programme(launch_on=date(2026, 1, 5), time_zone="UTC")
        for number in range(teams):
            team = make_team(2)
            for rep in team.members:
                enrol(owner, rep)
                missed(rep, WEEK - 9 * DAY, 100, f"{owner.id}-{number}-{rep.id}")
        event.listen(db.engine, "before_cursor_execute", count)
        try:
            assert prepare(owner).items == 2 * teams
        finally:
            event.remove(db.engine, "before_cursor_execute", count)
        return len(sent)

    assert statements(3) == statements(12)


def test_coverage_is_counted_by_rep_and_week_and_again_without_a_trace(world):
    owner, harbour, ridge, _quay = world

    def counted(as_of):
        with transaction():
            services.count_coverage(owner.id, as_of)
        db.session.expire_all()
        return {
            (row.week, row.person_id): (row.team_id, row.on_time, row.due, row.pending)
            for row in db.session.scalars(select(CoverageWeek))
        }

    first = counted(SLOT)
    maya, noor, _ = harbour.members
    assert first[WEEK - 7 * DAY, maya.id] == (harbour.id, 1, 2, 1)
    assert first[WEEK - 21 * DAY, noor.id] == (harbour.id, 0, 2, 0)
    assert first[WEEK - 7 * DAY, ridge.members[0].id] == (ridge.id, 1, 1, 0)
    assert counted(SLOT) == first
    later = counted(SLOT + 7 * DAY)
    assert later[WEEK - 7 * DAY, maya.id] == (harbour.id, 1, 3, 0)
    assert later.keys() == first.keys()
