"""Each verb of a talk by all it is not for: hidden to strangers, refused to who only reads."""

from datetime import time

import pytest

from coaching import services
from core.db import transaction
from core.errors import NotAllowed, NotFound
from tests.coaching.talks import MONDAY, REVIEW, WORDS, Talks, make_talks
from tests.factories.incentives import actor
from tests.factories.people import make_person, make_team, writing

ROLES = ("rep", "manager", "director", "sales_ops", "executive", "admin")


def verbs(uid: str, moment: int, who) -> dict[str, object]:
    """Every verb about one talk, by its name."""
    by = {"actor": who, "now": REVIEW}
    early = {"actor": who, "now": MONDAY}
    return {
        "choose": lambda: services.choose_moment(uid, moment, **early),
        "hand_back": lambda: services.hand_back(uid, moment, WORDS, **early),
        "hand_back_fix": lambda: services.hand_back_fix(uid, WORDS, at=time(9), **early),
        "edit": lambda: services.edit_fix(uid, WORDS, **early),
        "review": lambda: services.record_review(uid, **by),
        "acknowledge": lambda: services.acknowledge(uid, **by),
        "comment": lambda: services.say(uid, "comment", "x", **by),
        "dispute": lambda: services.say(uid, "dispute", "x", **by),
        "addendum": lambda: services.say(uid, "addendum", "x", **by),
        "share": lambda: services.share_up(uid, True, **by),
    }


NAMES = tuple(verbs("", 0, None))
OF_THE_REP = frozenset({"acknowledge", "comment", "dispute", "share"})


@pytest.fixture
def talks(app) -> Talks:
    made = make_talks()
    made.hand_back()
    return made


@pytest.mark.parametrize("role", ROLES)
def test_a_stranger_of_any_role_finds_nothing(talks, role):
    who = actor(make_person(role=role))
    uid, moment = talks.item_uid(), talks.moments()[0].id
    for name, work in verbs(uid, moment, who).items():
        with pytest.raises(NotFound), transaction():
            work()
        assert name in NAMES
    assert talks.item().state == "coached"


def test_the_lead_of_another_team_finds_nothing_either(talks):
    who = actor(make_team(1, name="Ridge").lead)
    for work in verbs(talks.item_uid(), talks.moments()[0].id, who).values():
        with pytest.raises(NotFound), transaction():
            work()


def test_a_director_above_finds_nothing_and_only_reads_what_was_shared(talks):
    above = make_person(role="director", enabled_on=None)
    with writing() as session:
        session.merge(talks.team.lead).manager_id = above.id
    uid, moment, rep = talks.item_uid(), talks.moments()[0].id, actor(talks.reps[0])
    who = actor(above)
    for work in verbs(uid, moment, who).values():
        with pytest.raises(NotFound), transaction():
            work()
    with transaction():
        services.share_up(uid, True, actor=rep, now=MONDAY)
    for work in verbs(uid, moment, who).values():
        with pytest.raises(NotAllowed), transaction():
            work()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_THE_REP])
def test_the_rep_takes_no_step_of_the_managers(talks, name):
    who = actor(talks.reps[0])
    with pytest.raises(NotAllowed), transaction():
        verbs(talks.item_uid(), talks.moments()[0].id, who)[name]()


@pytest.mark.parametrize("name", ["acknowledge", "dispute", "share"])
def test_the_manager_takes_no_step_of_the_reps(talks, name):
    with pytest.raises(NotAllowed), transaction():
        verbs(talks.item_uid(), talks.moments()[0].id, talks.lead)[name]()
