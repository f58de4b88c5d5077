"""The night's work on both databases: it mends, notices what is missing, and equals a rebuild."""

from datetime import UTC, date, datetime, timedelta
from random import Random

from sqlalchemy import func, select

from adoption import jobs, services
from adoption.models import AdoptionStatus, AdoptionWeek, DailyUsage, RepWeek, WeekSet
from adoption.queries import checks, weeks
from adoption.queries.days import rule_of
from adoption.services import rollups
from core.db import db, transaction
from tests.factories.adoption import make_event, make_usage
from tests.factories.people import make_absence, make_change, make_person
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TABLES = (DailyUsage, RepWeek, AdoptionStatus, AdoptionWeek, WeekSet)


def company(reps=5, seed=4):
    """A programme with reps who use it now and then."""
    owner, rnd = make_programme(), Random(seed)
    people = [make_person(enabled_on=MONDAY) for _ in range(reps)]
    for person in people:
        make_usage(owner, person, [MONDAY + day * DAY for day in rnd.sample(range(70), 25)])
    return owner, people


def snapshot(owner):
    """Every derived row, comparable."""
    found = []
    for table in TABLES:
        rows = db.session.execute(select(*table.__table__.c).where(table.programme_id == owner.id))
        found.append(sorted(tuple(row) for row in rows))
    return found


def rebuilt(owner):
    """Every derived row after building all of them anew."""
    with transaction():
        services.rebuild(owner.id, NOW)
    return snapshot(owner)


def test_a_rebuild_mends_what_is_wrong_and_leaves_the_rest(app, monkeypatch):
    owner, people = company()
    jobs.judge(NOW)
    right = snapshot(owner)
    assert weeks.wrong_days(owner.id, 10) == []

    def spoil():
        with transaction() as session:
            first, second = session.scalars(select(DailyUsage).limit(2))
            session.delete(first)
            second.count += 4
            key = {"programme_id": owner.id, "person_id": people[0].id, "count": 1}
            session.add(DailyUsage(**key, local_day=date(2026, 5, 25), kind="guided_use"))

    spoil()
    wrong = weeks.wrong_days(owner.id, 10)
    assert sorted(count for *_key, count in wrong) == [0, 1, 1]
    assert rebuilt(owner) == right
    spoil()
    monkeypatch.setattr(rollups, "MOST_MENDED", 2)
    assert rebuilt(owner) == right


def test_weeks_without_sets_are_judged_anew(app):
    owner, _people = company()
    jobs.judge(NOW)
    right = snapshot(owner)
    with transaction() as session:
        session.execute(WeekSet.__table__.delete())
        session.execute(AdoptionWeek.__table__.delete())
    jobs.judge(NOW)
    assert snapshot(owner) == right


def test_news_from_before_the_first_week_begins_all_weeks_earlier(app):
    owner, people = company()
    jobs.judge(NOW)
    early = datetime(2026, 1, 6, 15, tzinfo=UTC)
    before = weeks.first_set(owner.id)
    with transaction():
        person = db.session.merge(people[0])
        person.enabled_on = person.hired_on = date(2026, 1, 1)
    make_change(people[0])
    make_event(owner, people[0], early, received_at=NOW)
    jobs.judge(NOW)
    assert weeks.first_set(owner.id) < before
    assert rebuilt(owner) == snapshot(owner)
    assert checks.verify_all() == []


def test_night_by_night_with_people_coming_and_going_equals_a_rebuild(app):
    owner, people = company(8)
    for night in range(30, 92, 3):
        jobs.judge(datetime(2026, 3, 2, 5, tzinfo=UTC) + night * DAY)
        person = people[night % len(people)]
        if night % 4 == 0:
            make_absence(person, MONDAY + night * DAY, MONDAY + (night + 9) * DAY)
            make_change(person)
        make_event(owner, person, datetime(2026, 3, 3, 9, tzinfo=UTC) + (night - 20) * DAY)
    with transaction():
        gone = db.session.merge(people[1])
        gone.role = "manager"
    make_change(people[1])
    jobs.judge(NOW)
    piece_by_piece = snapshot(owner)
    assert checks.verify_all() == []
    assert rebuilt(owner) == piece_by_piece


def test_the_series_is_what_the_stored_states_say(app):
    owner, _people = company(8)
    jobs.judge(NOW)
    series = weeks.series(owner.id, rule_of(owner))
    assert len(series) > 10
    for week, counts in series.items():
        rows = dict(
            db.session.execute(
                select(AdoptionStatus.state, func.count())
                .where(AdoptionStatus.week_start == week)
                .group_by(AdoptionStatus.state)
            ).all()
        )
        assert counts.sustained == rows.get("sustained", 0)
        assert counts.not_measurable == rows.get("not_measurable", 0)
        assert counts.measurable == sum(
            count for state, count in rows.items() if state not in {"left", "not_measurable"}
        )


def test_the_check_finds_sets_and_counts_that_nothing_bears_out(app):
    company()
    jobs.judge(NOW)
    assert checks.verify_all() == []
    with transaction() as session:
        row = session.scalars(select(WeekSet).order_by(WeekSet.week_start.desc())).first()
        kept, row.met = row.met, bytes(len(row.met)) if any(row.met) else b"\x02"
    assert "week_set" in checks.verify_all()[0]
    with transaction() as session:
        row = session.merge(row)
        row.met = kept
        counts = session.scalars(select(AdoptionWeek).limit(1)).one()
        counts.sustained += 1
    assert "adoption_week" in checks.verify_all()[0]
