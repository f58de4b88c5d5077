"""The detector at work on both databases: hand-counted worlds, outages, kills, and as_of."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from adoption import jobs, services
from adoption.models import Signal, SignalRule
from adoption.queries import quiet
from adoption.queries.occasions import occasions
from adoption.queries.records import signals_of
from adoption.rules.occasions import OccasionStatus
from adoption.rules.quiet import QuietRule, Since
from core.audit import AuditEntry
from core.db import db, transaction
from core.errors import Conflict, NotFound
from core.policy import Actor, Role
from core.scheduler import JobSlot, run_due, take_lease
from people.models import Person
from tests.factories.adoption import make_deal, make_event, make_signal, make_usage
from tests.factories.people import make_person
from tests.factories.programme import enrol, make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
OPS = Actor(None, Role.SALES_OPS, "ops")
SWITCHED = datetime(2026, 3, 1, 17, tzinfo=UTC)


def on(number):
    return MONDAY + number * DAY


def night(number, owner):
    """Four hours into a date of the programme, when the detector runs."""
    return quiet.calendar_of(owner).day_start(on(number)) + services.AFTER_MIDNIGHT


def rep(**given):
    return make_person(**{"enabled_on": on(-60), **given})


def make_rule(owner, days=3, since=Since.PROPOSAL, *, slug="after-offer", at=SWITCHED, **given):
    """A rule that is on and fires from the date after `at` on."""
    plan = QuietRule(slug, "Quiet after the offer", days, since, **given)
    with transaction():
        services.save_rule(owner.id, plan, actor=OPS, now=at)
        services.switch_rule(owner.id, slug, is_on=True, actor=OPS, now=at)
    return plan


def run(owner, *nights):
    for number in nights:
        jobs.detect_quiet_deals(night(number, owner))


def fired(owner):
    """(deal, days from Monday) of every signal, by the programme's calendar."""
    calendar = quiet.calendar_of(owner)
    rows = db.session.execute(select(Signal.deal_key, Signal.fired_at).order_by(Signal.signal_key))
    found = [(key, calendar.local_day(at), at) for key, at in rows]
    db.session.rollback()
    assert all(at == calendar.day_start(day) for _key, day, at in found)
    return sorted((key, (day - MONDAY).days) for key, day, _at in found)


def use(owner, person, deal, *numbers, kind="guided_use"):
    make_usage(owner, person, [on(n) for n in numbers], kind=kind, object_id=deal.deal_key)


def a_world(owner):
    """Twelve deals, and the signals that three days of quiet call for in the week."""
    one, two = rep(key="P1"), rep(key="P2")
    gone, manager = rep(key="P3", left_on=on(2)), rep(key="P4", role="manager")
    deals = {
        "still": make_deal(one, deal_key="still", proposal_on=on(0)),
        "stepped": make_deal(one, deal_key="stepped", proposal_on=on(0)),
        "colleague": make_deal(one, deal_key="colleague", proposal_on=on(0)),
        "busy": make_deal(one, deal_key="busy", proposal_on=on(0)),
        "unknown": make_deal(two, deal_key="unknown"),
        "closed": make_deal(two, deal_key="closed", proposal_on=on(0), stage="lost"),
        "won": make_deal(two, deal_key="won", proposal_on=on(0), stage="won", closed_on=on(2)),
        "hoped": make_deal(two, deal_key="hoped", proposal_on=on(1), closed_on=on(2)),
        "same-day": make_deal(
            two, deal_key="same-day", proposal_on=on(0), stage="won", closed_on=on(3)
        ),
        "old": make_deal(two, deal_key="old", proposal_on=on(-30)),
        "gone": make_deal(gone, deal_key="gone", proposal_on=on(0)),
        "manager": make_deal(manager, deal_key="manager", proposal_on=on(0)),
    }
    use(owner, one, deals["stepped"], 2)
    use(owner, two, deals["colleague"], 1)
    use(owner, one, deals["busy"], 1, 3, 5)
    make_event(owner, one, night(2, owner), kind="login", object_id="elsewhere")
    return deals


def person_of(key):
    return db.session.scalars(select(Person.id).where(Person.key == key)).one()


BY_HAND = [
    ("busy", 8),
    ("colleague", 4),
    ("hoped", 4),
    ("same-day", 3),
    ("stepped", 5),
    ("still", 3),
]


def test_a_week_by_hand(app):
    owner = make_programme()
    a_world(owner)
    make_rule(owner)
    run(owner, *range(9))
    assert fired(owner) == BY_HAND
    found = db.session.scalars(select(Signal).where(Signal.deal_key == "stepped")).one()
    assert found.signal_key == "quiet:after-offer:stepped:2026-03-04"
    assert (found.person_id, found.programme_id) == (person_of("P1"), owner.id)


@pytest.mark.parametrize(
    "nights",
    [[8], [0, 1, 5, 8], [2, 2, 8, 8], [3, 8, 4, 5], [0, 8, 1, 2, 3]],
    ids=["one", "three missed", "repeated", "late slots", "disordered"],
)
def test_missed_repeated_and_late_runs_end_as_one_run_a_night(app, nights):
    owner = make_programme()
    a_world(owner)
    make_rule(owner)
    run(owner, *nights)
    assert fired(owner) == BY_HAND


def test_a_run_that_was_killed_leaves_nothing_and_is_made_up_for(app, monkeypatch):
    owner = make_programme()
    a_world(owner)
    make_rule(owner)
    run(owner, 3)
    stored = services.quiet.record_signals

    def killed(rows, now):
        stored(rows, now)
        raise KeyboardInterrupt

    monkeypatch.setattr(services.quiet, "record_signals", killed)
    with pytest.raises(KeyboardInterrupt):
        run(owner, 4)
    monkeypatch.undo()
    assert fired(owner) == [("same-day", 3), ("still", 3)]
    run(owner, 8)
    assert fired(owner) == BY_HAND


def found_history(owner):
    """An older signal: with the first one the history of signals begins."""
    row = {"signal_key": "S1", "deal_key": "elsewhere", "person_id": person_of("P1")}
    with transaction():
        services.record_signals([{**row, "fired_at": night(-20, owner)}], night(-20, owner))


def test_each_date_is_replayed_as_it_was_known(app):
    owner = make_programme()
    a_world(owner)
    found_history(owner)
    make_rule(owner)
    run(owner, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8)
    for number, so_far in ((2, 0), (3, 2), (4, 4), (7, 5), (8, 6)):
        then = [row.signal_key for row in signals_of(owner.id, night(number, owner))]
        assert len([key for key in then if key.startswith("quiet:")]) == so_far, number


def test_usage_counts_from_when_it_came_in(app):
    owner, one = make_programme(), rep()
    deal = make_deal(one, deal_key="D", proposal_on=on(0))
    make_event(
        owner,
        one,
        night(1, owner),
        kind="guided_use",
        object_id=deal.deal_key,
        received_at=night(6, owner),
    )
    make_rule(owner)
    run(owner, 3)
    assert fired(owner) == [("D", 3)]
    # What was fired stays; the step that came in later began a stretch that would only merge.
    run(owner, 4, 5, 6, 7)
    assert fired(owner) == [("D", 3)]


def test_a_deal_that_comes_in_late_is_dated_the_day_it_was_known(app):
    owner, one = make_programme(), rep()
    make_rule(owner)
    run(owner, *range(10))
    make_deal(one, deal_key="late", proposal_on=on(4))
    make_deal(one, deal_key="too-late", proposal_on=on(0))
    run(owner, 10, 11, 12)
    assert fired(owner) == [("late", 10)]


def test_an_open_signal_of_the_rule_waits_for_its_answer(app):
    owner, one = make_programme(), rep()
    deal = make_deal(one, deal_key="D", proposal_on=on(0))
    make_rule(owner)
    use(owner, one, deal, 4)
    run(owner, *range(10))
    assert fired(owner) == [("D", 3)]
    use(owner, one, deal, 11, kind="sequence_run")
    run(owner, *range(10, 20))
    assert fired(owner) == [("D", 3), ("D", 14)]
    statuses = [each.status for each in occasions(owner, on(25), night(25, owner))]
    assert statuses == [OccasionStatus.LATE, OccasionStatus.IGNORED]


def test_a_signal_from_elsewhere_merges_and_is_no_hindrance(app):
    owner, one = make_programme(), rep()
    make_deal(one, deal_key="D", proposal_on=on(0))
    make_signal(one, "D", night(1, owner))
    make_rule(owner)
    run(owner, 3)
    assert fired_keys() == ["quiet:after-offer:D:2026-03-02"]
    [one_occasion] = occasions(owner, on(5), night(5, owner))
    assert (one_occasion.episode.signals, one_occasion.opener.fired_on) == (2, on(1))


def fired_keys():
    return [key for key in db.session.scalars(select(Signal.signal_key)) if key[:5] == "quiet"]


def test_kinds_and_amounts_as_the_rule_says(app):
    owner, one = make_programme(), rep()
    small = make_deal(one, deal_key="small", created_on=on(0), amount=Decimal("999.99"))
    large = make_deal(one, deal_key="large", created_on=on(0), amount=Decimal(1000))
    looked = make_deal(one, deal_key="looked", created_on=on(0), amount=Decimal(2000))
    ran = make_deal(one, deal_key="ran", created_on=on(0), amount=Decimal(2000))
    make_deal(one, deal_key="unpriced", created_on=on(0))
    for deal in (small, large):
        use(owner, one, deal, 0)
    use(owner, one, looked, 2, kind="opened")
    use(owner, one, ran, 2, kind="sequence_run")
    make_rule(owner, 3, Since.CREATED, kinds=frozenset({"guided_use"}), least_amount=Decimal(1000))
    run(owner, 3)
    assert fired(owner) == [("large", 3), ("looked", 3)]


def test_last_use_needs_a_use_and_voided_ones_are_none(app):
    owner, one = make_programme(), rep()
    make_deal(one, deal_key="never")
    make_deal(one, deal_key="voided")
    use(owner, one, make_deal(one, deal_key="used"), 0)
    make_usage(owner, one, [on(0)], object_id="voided", voided=True)
    make_rule(owner, 5, Since.LAST_USE)
    run(owner, 4, 5, 6)
    assert fired(owner) == [("used", 5)]


@pytest.mark.parametrize("mode", ["program", "user"])
def test_dates_are_the_programmes_and_clock_changes_move_nothing(app, mode):
    owner = make_programme(tz_mode=mode)
    one = rep(time_zone="Asia/Tokyo")
    # Clocks go forward in New York on 8 March, day 6.
    deal = make_deal(one, deal_key="D", proposal_on=on(3))
    evening = quiet.calendar_of(owner).day_start(on(5)) - timedelta(hours=1)
    local = on(5) if mode == "user" else on(4)
    make_event(owner, one, evening, kind="opened", object_id="D", local_day=local)
    make_rule(owner, 3)
    run(owner, *range(10))
    assert fired(owner) == [(deal.deal_key, 7)]
    found = db.session.scalars(select(Signal.fired_at)).one()
    assert found == datetime(2026, 3, 9, 4, tzinfo=UTC)


def test_programmes_look_at_their_own_deals_and_reps(app):
    owner, other = make_programme(), make_programme(time_zone="Asia/Tokyo")
    mine, theirs = rep(), rep()
    enrol(owner, mine)
    enrol(other, theirs)
    make_deal(mine, deal_key="mine", proposal_on=on(0))
    make_deal(theirs, deal_key="theirs", proposal_on=on(0), programme_id=other.id)
    make_deal(mine, deal_key="lent", proposal_on=on(0), programme_id=other.id)
    make_rule(owner)
    run(owner, 5)
    assert fired(owner) == [("mine", 3)]
    with transaction(), pytest.raises(Conflict):
        services.save_rule(
            other.id, QuietRule("after-offer", "T", 3, Since.CREATED), actor=OPS, now=SWITCHED
        )


def test_a_rule_fires_for_what_falls_due_from_the_day_after_it_was_switched_on(app):
    owner, one = make_programme(), rep()
    make_deal(one, deal_key="today", proposal_on=on(0))
    make_deal(one, deal_key="tomorrow", proposal_on=on(1))
    plan = make_rule(owner, at=night(3, owner))
    run(owner, 3, 4)
    assert fired(owner) == [("tomorrow", 4)]
    with transaction():
        services.switch_rule(owner.id, plan.slug, is_on=False, actor=OPS, now=night(4, owner))
    make_deal(one, deal_key="off", proposal_on=on(2))
    run(owner, 5, 6)
    assert fired(owner) == [("tomorrow", 4)]
    with transaction():
        services.switch_rule(owner.id, plan.slug, is_on=True, actor=OPS, now=night(6, owner))
    run(owner, 7, 8)
    assert fired(owner) == [("tomorrow", 4)]
    with transaction(), pytest.raises(NotFound):
        services.switch_rule(owner.id, "none", is_on=True, actor=OPS, now=night(6, owner))


@pytest.mark.parametrize("change", ["words", "switch"])
def test_missed_nights_are_made_up_for_by_the_old_words_before_a_rule_changes(app, change):
    owner = make_programme()
    a_world(owner)
    plan = make_rule(owner)
    run(owner, 0, 1)
    with transaction():
        if change == "words":
            longer = QuietRule(plan.slug, plan.title, 30, plan.since)
            services.save_rule(owner.id, longer, actor=OPS, now=night(5, owner))
        else:
            services.switch_rule(owner.id, plan.slug, is_on=False, actor=OPS, now=night(5, owner))
    run(owner, 6, 7, 8)
    assert fired(owner) == [each for each in BY_HAND if each[1] <= 5]


def test_every_version_of_a_rule_is_in_the_audit(app):
    owner = make_programme()
    plan = make_rule(owner)
    with transaction():
        changed = QuietRule(plan.slug, plan.title, 5, plan.since, frozenset({"b", "a"}))
        services.save_rule(owner.id, changed, actor=OPS, now=night(9, owner))
        services.save_rule(owner.id, changed, actor=OPS, now=night(9, owner))
    row = db.session.scalars(select(SignalRule)).one()
    assert (row.version, row.quiet_days, row.kinds) == (3, 5, ["a", "b"])
    assert (row.fires_from, row.seen_through) == (on(10), on(9))
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [each.action for each in entries] == [
        "signal_rule.make",
        "signal_rule.switch",
        "signal_rule.change",
    ]
    assert entries[-1].detail["before"] == {"quiet_days": 3, "kinds": []}
    assert entries[-1].detail["rule"]["quiet_days"] == 5


def test_a_preview_says_what_would_have_been_fired(app):
    owner = make_programme()
    a_world(owner)
    plan = QuietRule("after-offer", "Quiet", 3, Since.PROPOSAL)
    found = quiet.preview(owner, plan, night(8, owner))
    assert sorted((each.deal.key, (each.on - MONDAY).days) for each in found) == BY_HAND
    # Day 36 sees 28 days: from day 9 on, and nothing fell due since.
    assert quiet.preview(owner, plan, night(36, owner)) == []


def test_the_job_is_due_once_per_local_date(app):
    owner = make_programme()
    make_rule(owner)
    [job] = [job for job in jobs.JOBS if job.id == "detect-quiet-deals"]
    until = night(30, owner)
    assert list(job.due(SWITCHED, until)) == [night(0, owner)]
    run(owner, 0)
    assert list(job.due(night(0, owner), night(1, owner) - timedelta(seconds=1))) == []
    assert list(job.due(night(0, owner), night(1, owner))) == [night(1, owner)]
    late = night(1, owner) + timedelta(hours=3)
    assert list(job.due(late, late + timedelta(hours=1))) == [late + timedelta(microseconds=1)]
    with transaction():
        services.switch_rule(owner.id, "after-offer", is_on=False, actor=OPS, now=SWITCHED)
    assert list(job.due(night(0, owner), until)) == []


def test_the_scheduler_makes_up_for_missed_days_by_a_slot_a_day(app):
    owner = make_programme()
    a_world(owner)
    make_rule(owner)
    ours = [job for job in jobs.JOBS if job.id == "detect-quiet-deals"]
    # The machine is never on at the hour itself, and off for days 3 to 5.
    for number in (1, 2, 6, 8):
        moment = night(number, owner) + timedelta(minutes=20)
        holder = take_lease("here", moment)
        run_due(ours, moment, holder)
        assert run_due(ours, moment + timedelta(minutes=5), holder) == []
    assert fired(owner) == BY_HAND
    slots = db.session.scalars(select(JobSlot.slot).order_by(JobSlot.slot)).all()
    first = night(1, owner) + timedelta(minutes=15)
    assert slots == [first, *(night(number, owner) for number in range(2, 9))]
