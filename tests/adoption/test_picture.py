"""The picture drawn at night says what the figures say, and costs only what was touched."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from adoption import jobs
from adoption.models import (
    ActiveDaysBucket,
    CohortPoint,
    LifecycleWeek,
    PictureMark,
    RepPicture,
    SeriesPoint,
    TouchedRep,
)
from adoption.queries import checks, figures, page
from adoption.queries.figures import active, cohorts
from adoption.rules import AdoptionState, Interval, Phase
from adoption.rules.behind import Basis, Behind, Step
from adoption.services.dating import follow_programme
from adoption.services.picture import draw_picture
from core.db import db, transaction
from core.derived import shown
from people.models import Person
from tests.factories.adoption import make_usage
from tests.factories.people import make_absence, make_change, make_person
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NOW = datetime(2026, 5, 14, 15, tzinfo=UTC)
LATER = NOW + timedelta(days=14)
FOR_EVER = NOW + timedelta(days=3650)
THROUGH = date(2026, 5, 10)


def rows(table):
    found = db.session.execute(select(table.__table__).order_by(*table.__table__.primary_key))
    return [tuple(row) for row in found]


PICTURE = ("picture_mark", "rep_picture", "lifecycle_week", "cohort_point", "adoption_group",
           "active_days_bucket", "own_day_share", "series_point")  # fmt: skip


def picture():
    tables = {table.name: table for table in PictureMark.metadata.sorted_tables}
    return {
        name: sorted(tuple(row) for row in db.session.execute(select(tables[name])))
        for name in PICTURE
    }


@pytest.fixture
def company(app):
    """Eight reps who came, paused, came back, left, and began at different times."""
    owner = make_programme(name="Relay", launch_on=MONDAY)
    people = [make_person(name=f"Rep {n}", enabled_on=MONDAY) for n in "ABCD"]
    people += [make_person(name=f"Rep {n}", enabled_on=MONDAY + 28 * DAY) for n in "EF"]
    people.append(make_person(name="Rep G", enabled_on=MONDAY, left_on=MONDAY + 34 * DAY))
    people.append(make_person(name="Rep H"))
    often = [7 * week + day for week in range(10) for day in (1, 3)]
    use = {
        0: often,
        1: [2, 3, 9, 40, 41, 62],
        2: [5, 12],
        4: [day for day in often if day >= 28],
        5: [36, 44, 45],
        6: [1, 8, 15, 22, 29, 31],
        7: [60],
    }
    for place, offsets in use.items():
        make_usage(owner, people[place], [MONDAY + offset * DAY for offset in offsets])
    make_absence(people[3], MONDAY + 14 * DAY, MONDAY + 20 * DAY)
    jobs.judge(NOW)
    jobs.draw(NOW)
    return owner, people


def test_the_weeks_are_the_figure_lifecycle(company):
    owner, _people = company
    told = cohorts.lifecycle(
        owner, MONDAY, THROUGH + DAY, Interval.WEEK, as_of=FOR_EVER, kinds=None
    )
    drawn = {row.week_start.isoformat(): row for row in db.session.scalars(select(LifecycleWeek))}
    assert len(drawn) > 5
    for period in told["periods"]:
        row = drawn.get(period["period"])
        for phase in Phase:
            assert (getattr(row, f"{phase}_reps") if row else 0) == period[phase.value], period


def test_the_cohorts_are_the_figure_retention(company):
    owner, _people = company
    drawn = {}
    for point in db.session.scalars(select(CohortPoint).where(CohortPoint.basis == "first_use")):
        drawn.setdefault(point.cohort, []).append((point.period, point.at_risk, point.back))
    assert len(drawn) >= 3
    for cohort, points in drawn.items():
        asked = cohorts.RetentionAsked(cohort_start=cohort, through=THROUGH, interval=Interval.WEEK)
        told = cohorts.retention(owner, asked, FOR_EVER)["points"]
        figure = [(one["period"], one["at_risk"], one["retained"]) for one in told]
        assert sorted(points) == figure


def test_active_days_are_the_figure_l28(company):
    owner, _people = company
    told = active.l28(owner, THROUGH, None, FOR_EVER)["histogram"]
    drawn = {str(row.active_days): row.reps for row in db.session.scalars(select(ActiveDaysBucket))}
    assert drawn == told


def test_day_60_is_the_figure(company):
    owner, people = company
    told = figures.day60(owner, THROUGH, FOR_EVER)["counts"]
    drawn = [row.day60 for row in db.session.scalars(select(RepPicture))]
    assert {name: drawn.count(name) for name in set(drawn)} == told
    assert len(drawn) == len(people)


def test_states_are_the_figure_adoption(company):
    owner, _people = company
    told = figures.adoption(owner, THROUGH, FOR_EVER)["states"]
    drawn = [row.state for row in db.session.scalars(select(RepPicture))]
    assert {name: drawn.count(name) for name in told} == told


def test_drawing_again_changes_nothing(company):
    owner, _people = company
    before = picture()
    with transaction():
        assert not draw_picture(owner.id).reps
    jobs.judge(NOW)
    jobs.draw(NOW)
    assert picture() == before


def test_night_by_night_is_drawing_from_nothing(company):
    """Late events, a leaver and two new weeks, continued from what was kept."""
    owner, people = company
    make_usage(owner, people[2], [MONDAY + 20 * DAY, MONDAY + 71 * DAY, MONDAY + 73 * DAY])
    make_usage(owner, people[0], [MONDAY + 78 * DAY])
    person = db.session.get(Person, people[1].id)
    person.left_on = MONDAY + 65 * DAY
    make_change(person)
    db.session.commit()
    jobs.judge(LATER)
    assert db.session.scalars(select(TouchedRep)).all()
    jobs.draw(LATER)
    assert not db.session.scalars(select(TouchedRep)).all()
    continued = picture()
    with transaction():
        db.session.get(PictureMark, owner.id).is_stale = True
    jobs.draw(LATER)
    assert picture() == continued
    mark = db.session.get(PictureMark, owner.id)
    assert mark.drawn_week == date(2026, 5, 18)


TAMPERED = {
    "picture_mark": ("logins_now", "77"),
    "rep_picture": ("weeks_met", "77"),
    "lifecycle_week": ("new_reps", "77"),
    "cohort_point": ("back", "77"),
    "adoption_group": ("sustained", "77"),
    "active_days_bucket": ("reps", "77"),
    "own_day_share": ("measurable", "77"),
    "series_point": ("sustained", "77"),
}


@pytest.mark.parametrize("name", PICTURE)
def test_a_row_of_the_picture_somebody_changed_is_named(company, name):
    owner, _people = company
    assert checks.verify_all() == []
    column, forged = TAMPERED[name]
    table = PictureMark.metadata.tables[name]
    keys = list(table.primary_key)
    first = db.session.execute(select(table).order_by(*keys).limit(1)).mappings().one()
    right, mine = first[column], [key == first[key.name] for key in keys]
    with transaction() as session:
        session.execute(table.update().where(*mine).values({column: int(forged)}))
    where = ", ".join(f"{key.name} {shown(first[key.name])}" for key in keys)
    said = f"stored is {column} {forged}; right is {column} {right}"
    assert checks.verify_all() == [f"{name} ({where}): {said}"]
    with transaction() as session:
        session.execute(table.delete().where(*mine))
    if name == "picture_mark":
        # Without a mark nothing was ever drawn; the next night draws all of it.
        assert checks.verify_all() == []
    else:
        [line] = checks.verify_all()
        assert line.startswith(f"{name} ({where}): stored is nothing, right is ")
    with transaction():
        draw_picture(owner.id)
    with transaction() as session:
        if name != "picture_mark":
            session.get(PictureMark, owner.id).is_stale = True
    jobs.draw(NOW)
    assert checks.verify_all() == []


def test_a_row_too_many_is_named_and_what_waits_for_the_night_is_no_fault(company):
    owner, people = company
    with transaction() as session:
        session.add(ActiveDaysBucket(programme_id=owner.id, active_days=27, reps=3))
    key = f"programme_id {owner.id}, active_days 27"
    assert checks.verify_all() == [
        f"active_days_bucket ({key}): stored is reps 3, but it should not be there"
    ]
    person = db.session.get(Person, people[1].id)
    person.left_on = MONDAY + 65 * DAY
    make_change(person)
    db.session.commit()
    assert checks.verify_all() == []
    jobs.judge(NOW)
    assert checks.verify_all() == []
    jobs.draw(NOW)
    assert checks.verify_all() == []


def test_a_later_launch_is_drawn_the_next_night(company):
    owner, _people = company
    with transaction() as session:
        session.execute(
            text("UPDATE programme SET launch_on = :day"), {"day": (MONDAY + 7 * DAY).isoformat()}
        )
        follow_programme(owner.id)
    db.session.expire_all()
    assert checks.verify_all() == []
    before = len(rows(SeriesPoint))
    jobs.draw(NOW)
    assert len(rows(SeriesPoint)) == before - 1
    assert checks.verify_all() == []


def test_an_event_before_all_others_moves_the_first_week(company):
    owner, _people = company
    before = db.session.get(PictureMark, owner.id).origin
    early = make_person(name="Rep I", enabled_on=MONDAY - 90 * DAY)
    make_usage(owner, early, [MONDAY - 60 * DAY])
    make_change(early)
    jobs.judge(NOW)
    jobs.draw(NOW)
    assert db.session.get(PictureMark, owner.id).origin < before
    continued = picture()
    with transaction():
        db.session.get(PictureMark, owner.id).is_stale = True
    jobs.draw(NOW)
    assert picture() == continued


def test_the_page_reads_the_same_on_both_databases(company):
    """Every kind of list and table once; the page's own tests run on one database."""
    owner, people = company
    seen = page.picture_of(owner)
    sizes = {
        name: page.reps_behind(seen, asked, None).total
        for name, asked in {
            "here": Behind(step=Step.HERE),
            "opened": Behind(step=Step.OPENED),
            "used": Behind(step=Step.USED),
            "active": Behind(step=Step.ACTIVE),
            "near": Behind(is_near=True),
            "left": Behind(state=AdoptionState.LEFT),
            "none": Behind(active_days=0),
            "nobody's": Behind(team="unassigned", channel=""),
            "new": Behind(phase=Phase.NEW, week=MONDAY),
            "cohort": Behind(basis=Basis.FIRST_USE, cohort=MONDAY, period=1),
            "start": Behind(basis=Basis.START, cohort=MONDAY.replace(day=1)),
        }.items()
    }
    assert sizes == {
        "here": 7,
        "opened": 6,
        "used": 6,
        "active": 2,
        "near": 0,
        "left": 1,
        "none": 2,
        "nobody's": 7,
        "new": 4,
        "cohort": 4,
        "start": 8,
    }
    own = page.reps_behind(seen, Behind(step=Step.HERE), {people[0].id})
    assert [row.name for row in own.rows] == ["Rep A"]
    assert page.teams_of(seen, [person.id for person in people]) == {None}
    assert [row.here for row in page.groups(owner, "team")] == [7]
    assert [cohort.size for cohort in page.cohorts(seen, Basis.START)] == [8]
    assert sum(page.active_days(owner)) == 7
    assert len(page.week_uses(owner)) == 8
