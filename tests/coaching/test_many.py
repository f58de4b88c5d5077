"""Many talks at once leave the rows that one after the other leave."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from coaching import services
from coaching.models import CoachingItem, CoachingStep, Fix
from coaching.services.many import Handing, acknowledge_many, hand_back_many, review_many
from core.db import db, transaction
from tests.coaching.talks import DAY, MONDAY, REVIEW, WEEK, keep, make_talks, miss

WORDS = "Run it today."
LEFT_OUT = {"id", "uid", "loop_id", "rep_id", "moment_id", "change", "programme_id"}


@pytest.fixture
def talks(app, at):
    at(MONDAY)
    made = make_talks(3)
    made.prepare()
    return made


def facts(item):
    """What is told of a talk, apart from whose it is."""
    names = [column.name for column in CoachingItem.__table__.columns]
    told = {name: getattr(item, name) for name in names if name not in LEFT_OUT}
    for one in told["evidence"]:
        one.pop("signal_key")
        one.pop("deal_key")
    return told


def steps(item):
    rows = select(CoachingStep).where(CoachingStep.item_id == item.id).order_by(CoachingStep.id)
    return [(row.frm, row.to, row.event, row.at, row.actor_id) for row in db.session.scalars(rows)]


def handing(talks, place):
    item, moment = talks.item(place), talks.moments(place)[0]
    return Handing(item.id, moment.id, WORDS, talks.team.lead.id)


@pytest.mark.parametrize("chance", ["done", "missed", "none"])
def test_they_leave_what_the_single_verbs_leave(talks, chance):
    uid, moment, other = talks.item(0).uid, talks.moments(0)[0].id, handing(talks, 1)
    lead, owner_id = talks.lead, talks.owner.id
    with transaction():
        services.hand_back(uid, moment, WORDS, actor=lead, now=MONDAY)
    with transaction():
        assert hand_back_many(owner_id, [other], MONDAY) == 1
    for place in (0, 1):
        if chance == "done":
            keep(talks.owner, talks.reps[place], WEEK + 2 * DAY)
        if chance == "missed":
            miss(talks.reps[place], WEEK + 2 * DAY)
    assert facts(talks.item(0)) == facts(talks.item(1))
    second = talks.item(1).id
    with transaction():
        services.record_review(uid, actor=lead, now=REVIEW)
    with transaction():
        review_many(owner_id, [second], REVIEW)
    one, other = talks.item(0), talks.item(1)
    assert facts(one) == facts(other)
    assert steps(one) == steps(other)
    assert one.outcome == {"done": "done", "missed": "not_done", "none": "no_chance"}[chance]


def test_who_is_not_free_or_not_due_is_passed_over(talks):
    talks.hand_back(0)
    owner_id, asked = talks.owner.id, [handing(talks, place) for place in range(3)]
    with transaction():
        assert hand_back_many(owner_id, asked[:2], MONDAY) == 1
        assert hand_back_many(owner_id, asked[:2], MONDAY) == 0
    with transaction():
        assert review_many(owner_id, [asked[1].item_id], REVIEW - DAY) == {}
        acknowledge_many([asked[1].item_id], MONDAY + timedelta(hours=2))
    with transaction():
        assert hand_back_many(owner_id, asked[2:], MONDAY + 7 * DAY) == 0
    read = db.session.scalars(select(Fix.acknowledged_at).order_by(Fix.item_id)).all()
    assert read == [None, MONDAY + timedelta(hours=2)]
