"""A talk from the number to its review: who may take which step, when, and how often."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from coaching import access, services
from coaching.access import How
from coaching.models import CoachingItem, CoachingNote, CoachingStep, Fix
from coaching.rules.life import EDGES, State
from coaching.services.steps import take
from core.audit import AuditEntry
from core.db import db, transaction
from core.errors import Conflict, NotFound, PennantError
from core.policy import SYSTEM
from people.models import Deputy, SecondLead, TeamMembership
from tests.coaching.talks import (
    DAY,
    MONDAY,
    REVIEW,
    WEEK,
    WORDS,
    Talks,
    keep,
    letters,
    make_talks,
    miss,
    noon,
)
from tests.factories.incentives import actor
from tests.factories.people import make_membership, make_person, make_team, writing

TUESDAY = MONDAY + DAY


@pytest.fixture
def talks(app) -> Talks:
    return make_talks()


def refused(work) -> str:
    """The code with which something is refused, and nothing of it stays."""
    with pytest.raises(PennantError) as error, transaction():
        work()
    return error.value.code


def test_a_fix_is_handed_back_with_its_day_its_letter_and_its_steps(talks):
    item = talks.hand_back(idea="run-it")
    assert (item.state, item.author_id, item.manager_id) == (
        "coached",
        talks.team.lead.id,
        talks.team.lead.id,
    )
    assert (item.review_on, item.first_review_on) == (date(2026, 3, 23), date(2026, 3, 23))
    assert item.review_at == REVIEW
    assert item.moment_id == talks.moments()[0].id
    fix = db.session.get(Fix, item.id)
    # An idea the library does not hold is not kept with it.
    assert (fix.words, fix.idea) == (WORDS, None)
    assert talks.steps() == [
        "publish_number:number_shown",
        "choose:deal_chosen",
        "record:coached",
    ]
    [letter] = letters("your_next_step")
    assert letter.person_id == talks.reps[0].id
    assert WORDS in letter.text
    assert "$30,000 deal" in letter.text
    assert letter.use_by == datetime(2026, 3, 24, tzinfo=UTC)
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, entry.subject) == ("coach.create", f"coaching_item:{item.id}")
    assert WORDS not in str(entry.detail)


def test_the_same_again_changes_nothing_and_another_fix_is_refused(talks):
    before = talks.hand_back()
    uid, moment = before.uid, before.moment_id
    change = before.change
    again = talks.hand_back()
    assert again.change == change
    assert len(letters("your_next_step")) == 1
    assert len(talks.steps()) == 3
    lead = talks.lead
    other = talks.moments()[1].id
    assert (
        refused(lambda: services.hand_back(uid, moment, "Else.", actor=lead, now=MONDAY))
        == "fix_given"
    )
    assert (
        refused(lambda: services.choose_moment(uid, other, actor=lead, now=MONDAY))
        == "moment_chosen"
    )


def test_a_rep_has_one_open_fix_whatever_the_week(talks):
    talks.hand_back()
    talks.prepare(WEEK + 7 * DAY)
    uid = talks.item_uid(week=WEEK + 7 * DAY)
    moment = talks.moments(week=WEEK + 7 * DAY)[0].id
    lead = talks.lead
    now = MONDAY + 7 * DAY
    assert (
        refused(lambda: services.hand_back(uid, moment, "More.", actor=lead, now=now)) == "open_fix"
    )
    with transaction():
        services.record_review(talks.item_uid(), actor=lead, now=now)
    with transaction():
        services.hand_back(uid, moment, "More.", actor=lead, now=now)
    first, second = talks.item(), talks.item(week=WEEK + 7 * DAY)
    assert (first.state, second.state) == ("not_done", "coached")
    assert talks.item().next_item_id == second.id


def test_another_rep_of_the_team_may_be_coached_too(talks):
    talks.hand_back(0)
    assert talks.hand_back(1).state == "coached"


def test_the_index_has_the_last_word_over_open_fixes(talks):
    from sqlalchemy.exc import IntegrityError

    talks.hand_back()
    talks.prepare(WEEK + 7 * DAY)
    ident = talks.item(week=WEEK + 7 * DAY).id
    with pytest.raises(IntegrityError), transaction():
        db.session.get(CoachingItem, ident).state = "coached"


@pytest.mark.parametrize("words", ["", "   \n ", "x" * 2001])
def test_words_are_some_and_not_too_many(talks, words):
    assert refused(
        lambda: services.hand_back(
            talks.item_uid(), talks.moments()[0].id, words, actor=talks.lead, now=MONDAY
        )
    )
    assert talks.item().state == "number_shown"


def test_a_moment_of_somebody_else_cannot_be_picked(talks):
    uid, lead, theirs = talks.item_uid(0), talks.lead, talks.moments(1)[0].id
    assert (
        refused(lambda: services.choose_moment(uid, theirs, actor=lead, now=MONDAY)) == "not_found"
    )


def test_a_week_that_is_over_is_not_coached_any_more(talks):
    uid, moment, lead = talks.item_uid(), talks.moments()[0].id, talks.lead
    late = datetime(2026, 3, 23, tzinfo=UTC)
    assert (
        refused(lambda: services.hand_back(uid, moment, WORDS, actor=lead, now=late)) == "week_over"
    )
    with transaction():
        services.hand_back(uid, moment, WORDS, actor=lead, now=late - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("zone", "weekday", "at", "asked", "now", "review"),
    [
        ("UTC", 0, None, None, MONDAY, datetime(2026, 3, 23, 9, 30, tzinfo=UTC)),
        # Wednesday's own day asked on a Wednesday is the next one.
        ("UTC", 2, time(8), None, MONDAY + 2 * DAY, datetime(2026, 3, 25, 8, tzinfo=UTC)),
        ("UTC", 3, time(8), time(16, 15), MONDAY, datetime(2026, 3, 19, 16, 15, tzinfo=UTC)),
        # Sunday evening in UTC is Monday in Auckland.
        (
            "Pacific/Auckland",
            1,
            time(9),
            None,
            datetime(2026, 3, 16, 12, tzinfo=UTC),
            datetime(2026, 3, 23, 20, tzinfo=UTC),
        ),
        # New York has changed its clocks, Berlin does on the 29th.
        ("Europe/Berlin", 0, time(9), None, MONDAY, datetime(2026, 3, 23, 8, tzinfo=UTC)),
        ("Europe/Berlin", 6, time(2, 30), None, MONDAY + 6 * DAY, None),
    ],
)
def test_the_review_is_on_the_next_set_day_of_its_author(
    talks, zone, weekday, at, asked, now, review
):
    with writing() as session:
        session.merge(talks.team.lead).time_zone = zone
    lead = talks.lead
    with transaction():
        services.set_day(lead.person_id, weekday, at or time(9, 30), actor=lead)
    item = talks.hand_back(at=asked, now=now)
    if review is None:
        # 02:30 does not exist that night: it moves forward to 03:30 summer time.
        review = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert item.review_at == review


def test_the_set_day_is_ones_own_and_a_weekday(talks):
    lead, rep = talks.lead, actor(talks.reps[0])
    other = make_person(role="manager", enabled_on=None)
    assert refused(lambda: services.set_day(other.id, 1, time(9), actor=lead)) == "not_allowed"
    assert refused(lambda: services.set_day(lead.person_id, 7, time(9), actor=lead)) == "invalid"
    assert refused(lambda: services.set_day(rep.person_id, 1, time(9), actor=rep)) == "not_allowed"


# --- the review


def mark(talks, **given):
    asked = {"actor": talks.lead, "now": REVIEW} | given
    with transaction():
        services.record_review(talks.item_uid(), **asked)
    return talks.item()


def test_the_next_chance_says_what_came_of_it(talks):
    talks.hand_back()
    signal = keep(talks.owner, talks.reps[0], date(2026, 3, 18))
    miss(talks.reps[0], date(2026, 3, 19))
    item = mark(talks, words="Well done.")
    assert (item.state, item.outcome, item.proof) == ("done", "done", "event")
    [proof] = item.evidence
    assert proof["signal_key"] == signal.signal_key
    assert (proof["status"], proof["acted_on"]) == ("on_time", "2026-03-19")
    [note] = db.session.scalars(select(CoachingNote)).all()
    assert (note.kind, note.words) == ("review", "Well done.")


def test_a_missed_chance_is_not_done_whatever_anybody_says(talks):
    talks.hand_back()
    miss(talks.reps[0], date(2026, 3, 17))
    uid, lead = talks.item_uid(), talks.lead
    assert (
        refused(
            lambda: services.record_review(
                uid, words="It was done.", statement=True, actor=lead, now=REVIEW
            )
        )
        == "seen_missed"
    )
    item = mark(talks)
    assert (item.state, item.outcome, item.proof) == ("not_done", "not_done", "event")


def test_no_chance_is_neither_and_may_be_stated(talks):
    talks.hand_back(0)
    talks.hand_back(1)
    # Pending on the day, so its verdict does not stand yet.
    miss(talks.reps[0], date(2026, 3, 20))
    item = mark(talks)
    assert (item.state, item.outcome, item.proof, item.evidence) == (
        "not_done",
        "no_chance",
        None,
        [],
    )
    lead, uid = talks.lead, talks.item_uid(1)
    assert (
        refused(lambda: services.record_review(uid, statement=True, actor=lead, now=REVIEW))
        == "invalid"
    )
    with transaction():
        services.record_review(
            uid, words="Seen on the call.", statement=True, actor=lead, now=REVIEW
        )
    said = talks.item(1)
    assert (said.state, said.outcome, said.proof) == ("done", "done", "statement")


def test_an_occasion_of_before_the_talk_is_no_chance(talks):
    talks.hand_back(now=noon(WEEK) + timedelta(hours=3))
    keep(talks.owner, talks.reps[0], WEEK)
    assert mark(talks).outcome == "no_chance"


def test_a_review_is_never_marked_before_its_day_and_only_once(talks):
    talks.hand_back()
    uid, lead = talks.item_uid(), talks.lead
    early = datetime(2026, 3, 22, 23, 59, tzinfo=UTC)
    assert refused(lambda: services.record_review(uid, actor=lead, now=early)) == "too_early"
    first = mark(talks, now=early + timedelta(minutes=1))
    keep(talks.owner, talks.reps[0], date(2026, 3, 17))
    again = mark(talks, now=REVIEW + DAY)
    assert again.marked_at == first.marked_at
    assert again.outcome == "no_chance"


# --- who may


def test_a_deputy_acts_within_the_dates_and_is_shown_as_one(talks):
    stand_in = make_person(role="manager", enabled_on=None)
    with writing() as session:
        session.add(
            Deputy(
                person_id=talks.team.lead.id,
                deputy_id=stand_in.id,
                starts_on=date(2026, 3, 16),
                ends_on=date(2026, 3, 20),
            )
        )
    who = actor(stand_in)
    uid, moment = talks.item_uid(), talks.moments()[0].id
    assert access.coached_people(who, date(2026, 3, 15)) == {}
    found = access.coached_people(who, date(2026, 3, 20))
    assert found.keys() == {rep.id for rep in talks.reps}
    assert {each.deputy_for for each in found.values()} == {talks.team.lead.id}
    item = talks.hand_back(actor=who)
    assert (item.author_id, item.manager_id) == (stand_in.id, talks.team.lead.id)
    [letter] = letters("your_next_step")
    assert f"deputy for {talks.team.lead.name}" in letter.text
    # Dates over: the deputy reads what they wrote, the manager marks.
    seen = access.item_for(who, uid, REVIEW)
    assert (seen.may_read_words, seen.may_coach) == (True, False)
    assert access.item_for(talks.lead, uid, REVIEW).may_coach
    other = talks.item_uid(1)
    with pytest.raises(NotFound):
        access.item_for(who, other, REVIEW)
    assert moment


def test_a_second_lead_has_the_rights_for_that_rep_alone(talks):
    beside = make_person(role="manager", enabled_on=None)
    with writing() as session:
        session.add(
            SecondLead(person_id=talks.reps[0].id, lead_id=beside.id, starts_on=date(2026, 3, 1))
        )
    who = actor(beside)
    assert access.coached_people(who, WEEK)[talks.reps[0].id].how is How.SECOND
    assert talks.hand_back(actor=who).author_id == beside.id
    with pytest.raises(NotFound):
        access.item_for(who, talks.item_uid(1), MONDAY)


@pytest.mark.parametrize("role", ["rep", "manager", "director", "sales_ops", "executive", "admin"])
def test_nobody_else_knows_of_a_talk(talks, role):
    talks.hand_back()
    stranger = actor(make_person(role=role))
    for place in (0, 1):
        with pytest.raises(NotFound):
            access.item_for(stranger, talks.item_uid(place), MONDAY)


def test_the_rep_reads_everything_and_does_nothing_of_the_managers(talks):
    talks.hand_back()
    rep = actor(talks.reps[0])
    uid = talks.item_uid()
    seen = access.item_for(rep, uid, MONDAY)
    assert (seen.may_read_words, seen.may_coach, seen.is_own) == (True, False, True)
    assert refused(lambda: services.record_review(uid, actor=rep, now=REVIEW)) == "not_allowed"
    mate = actor(talks.reps[1])
    with pytest.raises(NotFound):
        access.item_for(mate, uid, MONDAY)


def test_a_new_manager_reads_and_the_author_marks(talks):
    talks.hand_back()
    other = make_team(1, name="Ridge")
    uid = talks.item_uid()
    with writing():
        make_membership(talks.reps[0], other, starts_on=date(2026, 3, 18))
        own = select(TeamMembership).filter_by(person_id=talks.reps[0].id, team_id=talks.team.id)
        db.session.scalars(own).one().ends_on = date(2026, 3, 18)
    new = actor(other.lead)
    seen = access.item_for(new, uid, REVIEW)
    assert (seen.may_read_words, seen.may_coach) == (True, False)
    assert access.item_for(talks.lead, uid, REVIEW).may_coach
    with writing() as session:
        session.merge(talks.team.lead).left_on = date(2026, 3, 20)
    assert access.item_for(new, uid, REVIEW).may_coach


def test_only_the_rep_shares_upward_and_then_the_director_above_reads(talks):
    talks.hand_back()
    above = make_person(role="director", enabled_on=None)
    aside = make_person(role="director", enabled_on=None)
    with writing() as session:
        session.merge(talks.team.lead).manager_id = above.id
    uid, rep, lead = talks.item_uid(), actor(talks.reps[0]), talks.lead
    assert refused(lambda: services.share_up(uid, True, actor=lead, now=MONDAY)) == "not_allowed"
    with pytest.raises(NotFound):
        access.item_for(actor(above), uid, MONDAY)
    with transaction():
        services.share_up(uid, True, actor=rep, now=MONDAY)
    assert access.item_for(actor(above), uid, MONDAY).may_read_words
    assert not access.item_for(actor(above), uid, MONDAY).may_coach
    with pytest.raises(NotFound):
        access.item_for(actor(aside), uid, MONDAY)
    with transaction():
        services.share_up(uid, False, actor=rep, now=MONDAY)
    with pytest.raises(NotFound):
        access.item_for(actor(above), uid, MONDAY)


# --- what is said


def test_words_change_until_they_are_read(talks):
    talks.hand_back()
    uid, lead, rep = talks.item_uid(), talks.lead, actor(talks.reps[0])
    with transaction():
        services.edit_fix(uid, "Call first.", actor=lead, now=TUESDAY)
    assert db.session.get(Fix, talks.item().id).words == "Call first."
    assert [WORDS in each.text for each in letters("your_next_step")] == [True, False]
    with transaction():
        services.acknowledge(uid, actor=rep, now=TUESDAY)
    assert (
        refused(lambda: services.edit_fix(uid, "Else.", actor=lead, now=TUESDAY)) == "acknowledged"
    )
    talks.hand_back(1)
    other = talks.item_uid(1)
    assert refused(lambda: services.edit_fix(other, "No.", actor=lead, now=REVIEW)) == "too_late"


def test_comments_doubts_and_their_one_answer(talks):
    talks.hand_back()
    uid, lead, rep = talks.item_uid(), talks.lead, actor(talks.reps[0])
    with transaction():
        services.say(uid, "comment", "Will do.", actor=rep, now=TUESDAY)
        services.say(uid, "comment", "Thanks.", actor=lead, now=TUESDAY)
        doubt = services.say(uid, "dispute", "I had answered by phone.", actor=rep, now=TUESDAY).id
    assert (
        refused(lambda: services.say(uid, "dispute", "No.", actor=lead, now=TUESDAY))
        == "not_allowed"
    )
    assert (
        refused(lambda: services.say(uid, "addendum", "No.", actor=lead, now=TUESDAY))
        == "not_closed"
    )
    assert (
        refused(lambda: services.answer_dispute(doubt, "right", "Yes.", actor=rep, now=TUESDAY))
        == "not_allowed"
    )
    with transaction():
        services.answer_dispute(doubt, "right", "You are right.", actor=lead, now=TUESDAY)
    assert (
        refused(lambda: services.answer_dispute(doubt, "stands", "Hm.", actor=lead, now=TUESDAY))
        == "answered"
    )
    kinds = db.session.scalars(select(CoachingNote.kind).order_by(CoachingNote.id)).all()
    assert kinds == ["comment", "comment", "dispute", "answer"]


def test_a_closed_talk_is_only_added_to(talks):
    talks.hand_back()
    mark(talks)
    with transaction():
        item = db.session.get(CoachingItem, talks.item().id)
        take(item, "close", State.CLOSED, actor=SYSTEM, now=REVIEW)
    uid, lead, rep = talks.item_uid(), talks.lead, actor(talks.reps[0])
    for work in (
        lambda: services.say(uid, "comment", "Late.", actor=rep, now=REVIEW),
        lambda: services.record_review(uid, actor=lead, now=REVIEW),
        lambda: services.edit_fix(uid, "Late.", actor=lead, now=REVIEW),
        lambda: services.hand_back_fix(uid, "Late.", actor=lead, now=REVIEW),
    ):
        assert refused(work) == "closed"
    with transaction():
        services.say(uid, "addendum", "He did it in April.", actor=lead, now=REVIEW)
    assert refused(lambda: services.say(uid, "addendum", "Me.", actor=rep, now=REVIEW))


# --- the graph


def test_every_step_taken_is_an_edge_and_a_used_key_does_nothing(talks):
    talks.hand_back()
    mark(talks)
    edges = {(edge.frm, edge.event, edge.to) for edge in EDGES}
    steps = db.session.scalars(select(CoachingStep)).all()
    assert {(step.frm, step.event, step.to) for step in steps} <= edges
    assert len({step.key for step in steps}) == len(steps)
    with transaction():
        item = db.session.get(CoachingItem, talks.item().id)
        change = item.change
        item.state = "due"
        assert not take(item, "mark", State.DONE, actor=SYSTEM, now=REVIEW)
        assert (item.state, item.change) == ("due", change)


def test_what_the_graph_does_not_have_is_a_named_conflict(talks):
    with pytest.raises(Conflict) as error, transaction():
        take(
            db.session.get(CoachingItem, talks.item().id),
            "mark",
            State.DONE,
            actor=SYSTEM,
            now=REVIEW,
        )
    assert error.value.code == "wrong_state"


def test_a_next_step_needs_its_moment_first(talks):
    uid, lead = talks.item_uid(), talks.lead
    code = refused(lambda: services.hand_back_fix(uid, WORDS, actor=lead, now=MONDAY))
    assert code == "no_moment"
