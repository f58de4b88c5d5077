"""Weeks without a scheduler, and weeks the calendar makes odd: one loop a week, nobody blamed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from coaching import services
from coaching.models import CoachingItem, CoachingStep, Fix, Loop
from core import scheduler
from core.db import db, transaction
from core.doors.jobs import declared
from core.outbox import OutboxLetter
from leaderboard.models import LoopWeek
from tests.coaching.talks import miss
from tests.factories.incentives import actor
from tests.factories.people import make_absence, make_team
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
WEEK = 7 * DAY


def run_jobs(since: datetime, until: datetime) -> None:
    holder = scheduler.take_lease("outage", until)
    assert holder is not None
    ran = scheduler.catch_up(declared(), since, until, holder)
    assert [run.error for run in ran if run.error] == []
    scheduler.give_up_lease(holder)


class House:
    """A team of two who miss a deal every week, in one zone, whose clock one moves."""

    def __init__(self, at: Callable, zone: str, first: date, **given):
        self.at, self.zone, self.first = at, ZoneInfo(zone), first
        at(self.instant(first - 10 * DAY, 12))
        self.owner = make_programme(
            slug="csp", time_zone=zone, launch_on=first - 3 * WEEK, respond_days=1, **given
        )
        self.team = make_team(2, name="Harbour")
        for number in range(-1, 8):
            for rep in self.team.members:
                miss(rep, first + number * WEEK + 2 * DAY)
        self.now = self.instant(first - DAY, 12)

    def instant(self, day: date, hour: int, minute: int = 0) -> datetime:
        local = datetime.combine(day, time(hour, minute), self.zone)
        return local.astimezone(UTC)

    def live(self, day: date, hour: int = 10) -> None:
        """The scheduler works up to here, at once where it was down, or week by week."""
        until = self.instant(day, hour)
        self.at(until)
        run_jobs(self.now, until)
        self.now = until

    def item(self, place: int, week: date) -> CoachingItem:
        db.session.rollback()
        rep = self.team.members[place].id
        found = select(CoachingItem).where(CoachingItem.rep_id == rep, CoachingItem.week == week)
        return db.session.scalars(found).one()

    def coach(self, place: int, week: date) -> CoachingItem:
        item = self.item(place, week)
        uid, lead = item.uid, actor(self.team.lead)
        moment = db.session.scalar(
            select(func.min(_moment().id)).where(_moment().item_id == item.id)
        )
        with transaction():
            services.hand_back(uid, moment, "Run it today.", actor=lead, now=self.now)
        return self.item(place, week)

    def loops(self) -> list[Loop]:
        db.session.rollback()
        return list(db.session.scalars(select(Loop).order_by(Loop.week)))


def _moment():
    from coaching.models import CoachingMoment

    return CoachingMoment


def letters() -> list[OutboxLetter]:
    db.session.rollback()
    mine = select(OutboxLetter).where(OutboxLetter.list_name == "coaching")
    return list(db.session.scalars(mine.order_by(OutboxLetter.id)))


def counted() -> dict[str, int]:
    db.session.rollback()
    kinds = (Loop, CoachingItem, CoachingStep, Fix, LoopWeek, OutboxLetter)
    return {
        kind.__name__: db.session.scalar(select(func.count()).select_from(kind)) for kind in kinds
    }


def test_three_weeks_down_leave_one_loop_a_week_and_no_blame(app, at):
    """Prepared and coached in the first week; the house is down from Tuesday for three weeks."""
    first = date(2026, 3, 9)
    house = House(at, "America/New_York", first)
    house.live(first)
    house.coach(0, first)
    house.live(first + DAY)
    before = {letter.dedupe_key for letter in letters()}
    started = house.now
    back = first + 4 * WEEK + DAY
    house.live(back, 15)

    loops = house.loops()
    assert [loop.week for loop in loops] == [first + number * WEEK for number in range(5)]
    assert [loop.outcome for loop in loops] == ["kept", "system", "system", "system", "open"]
    for loop in loops[1:4]:
        items = db.session.scalars(
            select(CoachingItem).where(CoachingItem.loop_id == loop.id)
        ).all()
        assert sorted(item.rep_id for item in items) == sorted(rep.id for rep in house.team.members)
        assert {(item.state, item.missed_by) for item in items} == {("closed", "system")}
    assert [row.week for row in db.session.scalars(select(LoopWeek))] == [first]

    new = [letter for letter in letters() if letter.dedupe_key not in before]
    present = house.loops()[-1]
    assert [letter.dedupe_key for letter in new if letter.kind == "coaching.number_ready"] == [
        f"coaching:number:{present.id}:{house.team.lead.id}"
    ], "no letter for weeks gone by"
    gone_by = [letter.state for letter in new if letter.kind == "coaching.review_today"]
    assert set(gone_by) <= {"expired"}, "a reminder of a day gone by is dropped"
    review = house.item(0, first)
    assert review.state == "due", "an outage shortens nobody's time to mark"

    everything = counted()
    run_jobs(started, house.now)
    assert counted() == everything
    for day in (back, back + DAY, back + 2 * DAY):
        house.live(day, 22)
        house.live(day + DAY)
    assert house.item(0, first).missed_by == "manager", "then it is their own again"


def test_a_house_down_past_the_set_day_blames_nobody_and_one_in_time_does(app, at):
    first = date(2026, 3, 9)
    house = House(at, "America/New_York", first)
    house.live(first, 23)
    house.live(first + WEEK + DAY, 1)
    house.live(first + 2 * WEEK)
    outcomes = {loop.week: loop.outcome for loop in house.loops()}
    assert outcomes[first] == "skipped", "on Monday evening there was still Monday's number"
    assert outcomes[first + WEEK] == "system", "the number came on Tuesday"
    assert house.item(0, first).missed_by == "manager"
    assert house.item(0, first + WEEK).missed_by == "system"


# Each zone's clocks change on a day between these Mondays' reviews; Lord Howe by half an hour.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 23)),
    ("Europe/Berlin", date(2026, 10, 19)),
    ("America/New_York", date(2026, 3, 2)),
    ("America/New_York", date(2026, 10, 26)),
    ("Australia/Lord_Howe", date(2026, 3, 30)),
    ("Australia/Lord_Howe", date(2026, 9, 28)),
]


@pytest.mark.parametrize(("zone", "first"), CHANGES)
def test_where_clocks_change_a_week_has_one_loop_and_half_past_nine_stays(app, at, zone, first):
    house = House(at, zone, first)
    for number in range(3):
        house.live(first + number * WEEK)
    loops = house.loops()
    assert [loop.week for loop in loops] == [first + number * WEEK for number in range(3)]
    starts = [house.instant(first + number * WEEK, 0) for number in range(3)]
    steps = db.session.scalars(
        select(CoachingStep.at).where(CoachingStep.event == "publish_number").distinct()
    )
    assert sorted(steps) == starts
    assert len({start.timetz() for start in starts}) == 2, "the clocks did change"


@pytest.mark.parametrize(("zone", "first"), CHANGES)
def test_a_review_over_a_clock_change_is_at_its_local_time(app, at, zone, first):
    house = House(at, zone, first)
    house.live(first)
    item = house.coach(0, first)
    assert item.review_on == first + WEEK
    assert item.review_at == house.instant(first + WEEK, 9, 30)
    assert item.review_at.astimezone(house.zone).time() == time(9, 30)
    at(house.instant(first + WEEK, 0) - timedelta(minutes=1))
    with transaction():
        services.reach_days(house.instant(first + WEEK, 0) - timedelta(minutes=1))
    assert house.item(0, first).state == "coached", "the day has not begun there"
    with transaction():
        services.reach_days(house.instant(first + WEEK, 0))
    assert house.item(0, first).state == "due"


def test_a_year_with_a_53rd_week_has_an_item_for_it_and_for_the_next(app, at):
    """2026-W53 starts on 28 December; the week after it is 2027-W01."""
    first = date(2026, 12, 21)
    house = House(at, "Europe/Berlin", first)
    for number in range(3):
        house.live(first + number * WEEK)
    weeks = [loop.week for loop in house.loops()]
    assert weeks == [date(2026, 12, 21), date(2026, 12, 28), date(2027, 1, 4)]
    rep = house.team.members[0].id
    keys = db.session.scalars(
        select(CoachingStep.key)
        .where(CoachingStep.event == "publish_number", CoachingStep.key.like(f"coach:{rep}:%"))
        .order_by(CoachingStep.at)
    ).all()
    assert keys == [f"coach:{rep}:{name}" for name in ("2026-W52", "2026-W53", "2027-W01")]


def test_weeks_that_start_on_sunday_have_one_item_each_under_a_name_of_their_own(app, at):
    first = date(2026, 12, 20)
    house = House(at, "America/New_York", first, week_start=6)
    for number in range(4):
        house.live(first + number * WEEK + DAY)
    assert [loop.week for loop in house.loops()] == [first + number * WEEK for number in range(4)]
    assert all(loop.week.weekday() == 6 for loop in house.loops())
    keys = db.session.scalars(
        select(CoachingStep.key).where(CoachingStep.event == "publish_number")
    ).all()
    assert len(keys) == len(set(keys)) == 8
    names = {key.rsplit(":", 1)[1] for key in keys}
    assert names == {"2026-W52", "2026-W53", "2027-W01", "2027-W02"}


def test_leave_on_the_day_of_the_review_moves_it_over_the_turn_of_the_year(app, at):
    """Holidays, a weekend and a week of leave lie between; the first date is kept."""
    first = date(2026, 12, 14)
    holidays = ["2026-12-25", "2026-12-28", "2027-01-01"]
    house = House(at, "Europe/Berlin", first, holidays=holidays)
    make_absence(house.team.members[0], date(2026, 12, 21), date(2026, 12, 31))
    house.live(first)
    house.coach(0, first)
    for day in (first + WEEK, first + 2 * WEEK, date(2027, 1, 4)):
        house.live(day)
    item = house.item(0, first)
    assert (item.first_review_on, item.review_on) == (date(2026, 12, 21), date(2027, 1, 4))
    assert (item.state, item.moves) == ("due", 1)
