"""What the clock does: days reached, leave, reviews that ran out, weeks closed and judged."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from coaching import jobs, services
from coaching.models import CoachingItem, CoachingNote, CoachingStep, Fix, Loop
from core.audit import AuditEntry
from core.db import db, transaction
from core.errors import TooLate
from core.scheduler import JobSlot, SlotState
from leaderboard.models import LoopWeek
from people.models import Deputy
from tests.coaching.talks import (
    DAY,
    MONDAY,
    REVIEW,
    SLOT,
    WEEK,
    Talks,
    keep,
    letters,
    make_talks,
    miss,
)
from tests.factories.incentives import actor
from tests.factories.people import (
    make_absence,
    make_membership,
    make_person,
    make_team,
    writing,
)
from tests.factories.programme import make_programme

NEXT = WEEK + 7 * DAY
OVER = SLOT + 7 * DAY


@pytest.fixture
def talks(app) -> Talks:
    return make_talks()


def remind(as_of):
    counts = jobs.remind_reviews(as_of)
    db.session.expire_all()
    return counts


def close(as_of):
    counts = jobs.close_reviews(as_of)
    db.session.expire_all()
    return counts


def loop(talks, week=WEEK):
    db.session.rollback()
    found = select(Loop).where(Loop.team_id == talks.team.id, Loop.week == week)
    return db.session.scalars(found).one()


# --- the day


def test_on_its_day_a_review_is_due_and_both_are_reminded_once(talks):
    talks.hand_back()
    assert remind(datetime(2026, 3, 22, 23, 45, tzinfo=UTC))["due"] == 0
    at = datetime(2026, 3, 23, tzinfo=UTC)
    assert remind(at)["due"] == 1
    item = talks.item()
    assert (item.state, item.due_at) == ("due", at)
    told = letters("review_today")
    assert {each.person_id for each in told} == {talks.reps[0].id, talks.team.lead.id}
    assert {each.use_by for each in told} == {at + DAY}
    assert remind(at + timedelta(minutes=15))["due"] == 0
    assert len(letters("review_today")) == 2


def test_the_day_begins_where_the_author_is(talks):
    with writing() as session:
        session.merge(talks.team.lead).time_zone = "Pacific/Auckland"
    talks.hand_back()
    assert talks.item().review_on == date(2026, 3, 23)
    begins = datetime(2026, 3, 22, 11, tzinfo=UTC)
    assert remind(begins - timedelta(minutes=15))["due"] == 0
    assert remind(begins)["due"] == 1


def test_a_late_reminder_is_not_written_and_the_time_to_mark_starts_anew(talks):
    """Three days down: the manager still has two working days."""
    talks.hand_back()
    late = datetime(2026, 3, 26, 6, tzinfo=UTC)
    assert remind(late)["due"] == 1
    assert letters("review_today") == []
    [step] = db.session.scalars(select(CoachingStep).where(CoachingStep.to == "due")).all()
    assert step.at == datetime(2026, 3, 23, tzinfo=UTC)
    assert close(datetime(2026, 3, 30, 23, 45, tzinfo=UTC))["reviews_missed"] == 0
    assert close(datetime(2026, 3, 31, tzinfo=UTC))["reviews_missed"] == 1


def test_caught_up_slot_by_slot_an_outage_takes_no_time_to_mark_and_writes_no_old_letter(talks):
    """The scheduler runs the slots of the outage in order, all on the day it is up again."""
    talks.hand_back()
    up_again = datetime(2026, 4, 13, 7, tzinfo=UTC)
    for number in range(21):
        slot = datetime(2026, 3, 23, tzinfo=UTC) + number * DAY
        jobs.remind_reviews(slot, up_again)
        jobs.close_reviews(slot, up_again)
    item = talks.item()
    assert (item.state, item.due_at) == ("due", up_again), talks.steps()
    assert letters("review_today") == []
    with transaction():
        services.record_review(talks.item_uid(), actor=talks.lead, now=up_again)
    assert talks.item().state == "not_done"


def ran(at):
    """Say that the house looked after reviews at an instant."""
    with writing() as session:
        session.add(
            JobSlot(
                job="close-reviews",
                slot=at,
                covers_from=at,
                state=SlotState.DONE,
                epoch=1,
                attempt=1,
                started_at=at,
                finished_at=at,
                counts={},
                error=None,
            )
        )


@pytest.mark.parametrize(("hours", "state"), [(12, "closed"), (13, "due")])
def test_an_outage_over_the_whole_time_to_mark_is_not_the_managers(talks, hours, state):
    talks.hand_back()
    remind(datetime(2026, 3, 23, tzinfo=UTC))
    ends = datetime(2026, 3, 26, tzinfo=UTC)
    ran(ends - timedelta(hours=hours))
    close(ends)
    assert talks.item().state == state
    if state == "due":
        assert talks.item().due_at == ends
        ran(ends)
        again = ends + timedelta(minutes=15)
        close(again)
        ran(again)
        assert talks.item().state == "due"
        mended = datetime(2026, 3, 31, tzinfo=UTC)
        ran(mended - timedelta(minutes=15))
        close(mended)
        assert (talks.item().state, talks.item().missed_by) == ("closed", "manager")


@pytest.mark.parametrize("who", ["rep", "author"])
def test_leave_moves_a_review_to_the_first_day_both_work(talks, who):
    talks.hand_back()
    away, other = (
        (talks.reps[0], talks.team.lead) if who == "rep" else (talks.team.lead, talks.reps[0])
    )
    with writing():
        make_absence(away, date(2026, 3, 20), date(2026, 3, 24))
        make_absence(other, date(2026, 3, 25))
    assert remind(datetime(2026, 3, 23, tzinfo=UTC))["moved"] == 1
    item = talks.item()
    assert (item.state, item.moves) == ("excused", 1)
    assert (item.review_on, item.first_review_on) == (date(2026, 3, 26), date(2026, 3, 23))
    assert item.review_at == datetime(2026, 3, 26, 9, 30, tzinfo=UTC)
    assert letters("review_today") == []
    entries = db.session.scalars(select(AuditEntry.action)).all()
    assert entries.count("coach.excuse") == 1
    assert remind(datetime(2026, 3, 25, 23, 45, tzinfo=UTC))["due"] == 0
    assert remind(datetime(2026, 3, 26, tzinfo=UTC))["due"] == 1
    assert talks.steps()[-2:] == ["leave:excused", "day_reached:due"]
    keys = db.session.scalars(select(CoachingStep.key)).all()
    assert f"coach:{item.id}:excuse:1" in keys
    assert f"coach:{item.id}:due:1" in keys


def test_leave_entered_late_moves_it_again_without_a_second_excuse(talks):
    talks.hand_back()
    with writing():
        make_absence(talks.reps[0], date(2026, 3, 23))
    remind(datetime(2026, 3, 23, tzinfo=UTC))
    with writing():
        make_absence(talks.reps[0], date(2026, 3, 24))
    remind(datetime(2026, 3, 24, tzinfo=UTC))
    item = talks.item()
    assert (item.state, item.moves, item.review_on) == ("excused", 2, date(2026, 3, 25))
    assert talks.steps().count("leave:excused") == 1


def test_an_author_on_leave_with_a_deputy_keeps_the_day(talks):
    talks.hand_back()
    stand_in = make_person(role="manager", enabled_on=None)
    with writing() as session:
        make_absence(talks.team.lead, date(2026, 3, 23))
        session.add(
            Deputy(
                person_id=talks.team.lead.id,
                deputy_id=stand_in.id,
                starts_on=date(2026, 3, 23),
                ends_on=date(2026, 3, 23),
            )
        )
    assert remind(datetime(2026, 3, 23, tzinfo=UTC)) == {"due": 1, "moved": 0, "called_off": 0}
    assert {each.person_id for each in letters("review_today")} == {talks.reps[0].id, stand_in.id}
    with transaction():
        services.record_review(talks.item_uid(), actor=actor(stand_in), now=REVIEW)
    assert talks.item().state == "not_done"


# --- what runs out


@pytest.mark.parametrize(
    ("holidays", "last"),
    [([], date(2026, 3, 25)), (["2026-03-24", "2026-03-25"], date(2026, 3, 27))],
)
def test_two_working_days_after_the_day_it_counts_as_missed_for_the_manager(app, holidays, last):
    talks = make_talks(holidays=holidays)
    talks.hand_back()
    remind(datetime(2026, 3, 23, tzinfo=UTC))
    ends = datetime.combine(last + DAY, datetime.min.time(), UTC)
    assert close(ends - timedelta(minutes=15))["reviews_missed"] == 0
    assert talks.item().state == "due"
    assert close(ends)["reviews_missed"] == 1
    item = talks.item()
    assert (item.state, item.missed_by, item.outcome) == ("closed", "manager", None)
    assert talks.steps()[-2:] == ["timeout:missed", "close:closed"]
    [letter] = letters("review_missed")
    assert letter.person_id == talks.team.lead.id
    uid, lead = talks.item_uid(), talks.lead
    with pytest.raises(TooLate), transaction():
        services.record_review(uid, actor=lead, now=ends)


def test_a_rep_who_left_is_nobodys_omission(talks):
    talks.hand_back()
    with writing() as session:
        session.merge(talks.reps[0]).left_on = date(2026, 3, 20)
    assert remind(datetime(2026, 3, 20, 12, tzinfo=UTC))["called_off"] == 1
    remind(datetime(2026, 3, 23, tzinfo=UTC))
    close(datetime(2026, 3, 27, tzinfo=UTC))
    assert (talks.item().state, talks.item().missed_by) == ("closed", "system")
    assert letters("review_missed") == []


@pytest.mark.parametrize("who", ["rep", "author"])
def test_a_suspended_person_is_nobodys_omission_either(talks, who):
    talks.hand_back()
    remind(datetime(2026, 3, 23, tzinfo=UTC))
    with writing() as session:
        session.merge(talks.reps[0] if who == "rep" else talks.team.lead).status = "suspended"
    close(datetime(2026, 3, 27, tzinfo=UTC))
    assert (talks.item().state, talks.item().missed_by) == ("closed", "system")


def test_a_marked_review_closes_with_its_week_and_leads_on(talks):
    talks.hand_back()
    talks.prepare(NEXT)
    remind(datetime(2026, 3, 23, tzinfo=UTC))
    with transaction():
        services.record_review(talks.item_uid(), actor=talks.lead, now=REVIEW)
    close(datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert talks.item().state == "not_done"
    close(datetime(2026, 3, 30, tzinfo=UTC))
    item = talks.item()
    assert (item.state, item.outcome) == ("closed", "no_chance")
    assert item.next_item_id == talks.item(week=NEXT).id


# --- the week


def test_a_week_with_one_rep_coached_is_kept(talks):
    talks.hand_back(0)
    assert close(OVER - timedelta(minutes=15))["not_coached"] == 0
    counts = close(OVER)
    assert (counts["not_coached"], counts["kept"]) == (1, 1)
    other = talks.item(1)
    assert (other.state, other.missed_by) == ("closed", "not_picked")
    assert loop(talks).outcome == "kept"
    [row] = db.session.scalars(select(LoopWeek)).all()
    assert (row.team_id, row.week, row.manager_id, row.is_kept) == (
        talks.team.id,
        WEEK,
        talks.team.lead.id,
        True,
    )
    assert "kept" not in close(OVER)


def test_a_week_without_a_talk_is_skipped_and_is_the_managers(talks):
    close(OVER)
    assert loop(talks).outcome == "skipped"
    assert {talks.item(place).missed_by for place in (0, 1)} == {"manager"}
    assert [row.is_kept for row in db.session.scalars(select(LoopWeek))] == [False]


def test_a_chosen_moment_without_a_fix_is_missed_as_well(talks):
    with transaction():
        services.choose_moment(
            talks.item_uid(), talks.moments()[0].id, actor=talks.lead, now=MONDAY
        )
    close(OVER)
    assert talks.steps()[-2:] == ["timeout:missed", "close:closed"]
    assert talks.item().missed_by == "manager"


def test_a_missed_review_breaks_the_week_it_ran_out_in(talks):
    """The first week was kept; in the second somebody was coached, yet a review ran out."""
    above = make_person(role="director", enabled_on=None)
    with writing() as session:
        session.merge(talks.team.lead).manager_id = above.id
    talks.hand_back(0)
    close(OVER)
    talks.prepare(NEXT)
    talks.hand_back(1, NEXT)
    remind(OVER)
    close(OVER + 3 * DAY)
    close(OVER + 7 * DAY)
    assert (loop(talks).outcome, loop(talks, NEXT).outcome) == ("kept", "skipped")
    [letter] = letters("reviews_missed")
    assert letter.person_id == above.id
    assert f"{talks.team.lead.name}: 1 review" in letter.text
    assert not any(rep.name in letter.text for rep in talks.reps)


def test_late_or_in_time_the_verdict_is_the_same(talks):
    """A review that ran out in a week is that week's, whenever the house came to it."""
    talks.hand_back(0)
    close(OVER)
    talks.prepare(NEXT)
    talks.hand_back(1, NEXT)
    remind(OVER)
    close(OVER + 9 * DAY)
    assert loop(talks, NEXT).outcome == "skipped"


def test_nothing_missed_asks_nothing(app):
    talks = make_talks(0)
    with writing():
        rep = make_person()
        make_membership(rep, talks.team)
        keep(talks.owner, rep, NEXT - 5 * DAY)
    talks.prepare(NEXT)
    close(OVER + 7 * DAY)
    assert loop(talks, NEXT).outcome == "nothing_missed"
    [item] = db.session.scalars(select(CoachingItem).where(CoachingItem.week == NEXT)).all()
    assert (item.state, item.missed_by) == ("closed", "not_picked")
    assert db.session.scalars(select(LoopWeek)).all() == []


def test_a_manager_away_all_week_is_excused_and_one_day_of_a_deputy_is_enough_to_be_asked(talks):
    with writing() as session:
        make_absence(talks.team.lead, WEEK, WEEK + 4 * DAY)
        make_absence(talks.team.lead, NEXT, NEXT + 4 * DAY)
        stand_in = make_person(role="manager", enabled_on=None)
        session.add(
            Deputy(
                person_id=talks.team.lead.id,
                deputy_id=stand_in.id,
                starts_on=NEXT + 2 * DAY,
                ends_on=NEXT + 2 * DAY,
            )
        )
    close(OVER)
    assert (loop(talks).outcome, talks.item().missed_by) == ("excused", "not_picked")
    talks.prepare(NEXT)
    close(OVER + 7 * DAY)
    assert loop(talks, NEXT).outcome == "skipped"


def test_three_weeks_of_outage_are_nobodys_and_write_no_letters(talks):
    """I9: one loop for each missed week, one item for each rep-week, none blamed on the manager."""
    weeks = [WEEK + 7 * number * DAY for number in (1, 2, 3)]
    up_again = SLOT + 28 * DAY + timedelta(hours=3)
    before = len(letters("number_ready"))
    for week in weeks:
        talks.prepare(week, now=up_again)
    remind(up_again)
    close(up_again)
    for week in weeks:
        assert loop(talks, week).outcome == "system"
        assert {talks.item(place, week).missed_by for place in (0, 1)} == {"system"}
    assert len(letters("number_ready")) == before
    rows = db.session.scalars(select(LoopWeek.week)).all()
    assert rows == [WEEK]


def test_a_number_that_came_on_the_set_day_is_in_time(talks):
    talks.prepare(NEXT, now=SLOT + 7 * DAY + timedelta(hours=23))
    close(OVER + 7 * DAY)
    assert loop(talks, NEXT).outcome == "skipped"


def test_every_item_ends_closed_and_a_second_run_changes_nothing(talks):
    talks.hand_back(0)
    miss(talks.reps[1], WEEK + DAY)
    talks.prepare(NEXT)
    for number in range(5):
        remind(OVER + 7 * number * DAY)
        close(OVER + 7 * number * DAY + timedelta(minutes=15))
    states = set(db.session.scalars(select(CoachingItem.state)))
    assert states == {"closed"}
    steps = db.session.scalars(select(CoachingStep.key)).all()
    counts = {**remind(OVER + 30 * DAY), **close(OVER + 30 * DAY)}
    assert not any(counts.values())
    assert db.session.scalars(select(CoachingStep.key)).all() == steps


# --- the jobs


def test_the_week_begins_where_the_programme_is(app):
    talks = make_talks(time_zone="Asia/Kathmandu")
    start = datetime(2026, 3, 22, 18, 15, tzinfo=UTC)
    found = list(jobs.week_starts(start - timedelta(hours=1), start + timedelta(days=7)))
    assert found == [start, start + timedelta(days=7)]
    assert list(jobs.week_starts(start, start)) == []
    done = jobs.prepare_weeks(start, now=start)
    assert (done["loops"], done["items"]) == (1, 2)
    assert loop(talks, NEXT).prepared_at == start
    assert jobs.prepare_weeks(start, now=start)["loops"] == 0


def test_a_programme_without_signals_has_no_loop(app):
    make_programme(time_zone="UTC", launch_on=date(2026, 1, 5))
    make_team(2)
    assert jobs.prepare_weeks(SLOT, now=SLOT)["loops"] == 0
    assert list(jobs.week_starts(SLOT - DAY, SLOT)) == []


def test_a_week_before_the_launch_is_not_prepared(app):
    make_talks(launch_on=date(2026, 3, 25))
    assert jobs.prepare_weeks(OVER - DAY, now=OVER)["loops"] == 0
    assert jobs.prepare_weeks(OVER, now=OVER)["loops"] == 1


def test_words_a_year_old_are_blanked_and_numbers_stay(talks):
    talks.hand_back()
    rep = actor(talks.reps[0])
    with transaction():
        services.say(talks.item_uid(), "comment", "Will do.", actor=rep, now=MONDAY)
    remind(OVER)
    close(OVER + 14 * DAY)
    assert jobs.forget_words(SLOT + 365 * DAY) == {"talks": 0}
    assert jobs.forget_words(SLOT + 366 * DAY) == {"talks": 2}
    db.session.expire_all()
    assert set(db.session.scalars(select(Fix.words))) == {""}
    assert set(db.session.scalars(select(CoachingNote.words))) == {""}
    assert talks.item().missed_by == "manager"
    assert jobs.forget_words(SLOT + 366 * DAY) == {"talks": 0}
