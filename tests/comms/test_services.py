"""Tips, campaigns and issues: what changed, what was queued, for when, and who was left out."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from comms import queries, services
from comms.models import Campaign, Issue, IssueRecipient, Tip
from comms.rules import Outcome
from comms.services import CampaignSpec, TipSpec
from core import outbox
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotAllowed, NotFound
from core.outbox import OutboxLetter
from core.policy import SYSTEM, Actor, Role
from core.stats import hash_arm
from programme.queries import experiments
from tests.factories.adoption import make_event, make_usage
from tests.factories.comms import make_campaign, make_issue, make_recipient, make_tip
from tests.factories.people import make_absence, make_person
from tests.factories.programme import make_programme

pytestmark = pytest.mark.usefixtures("app")

TUESDAY = date(2026, 3, 10)
NINE = datetime(2026, 3, 10, 13, tzinfo=UTC)  # Tuesday 09:00 in New York, on summer time


def send(as_of: datetime) -> dict[str, int]:
    with transaction():
        return services.send_due_issues(as_of)


def letters() -> list[OutboxLetter]:
    return list(db.session.scalars(select(OutboxLetter).order_by(OutboxLetter.person_id)))


def outcomes() -> dict[int, str]:
    rows = db.session.execute(select(IssueRecipient.person_id, IssueRecipient.outcome))
    return {row.person_id: row.outcome for row in rows}


def test_an_issue_chooses_for_each_person_and_is_sent_once() -> None:
    owner = make_programme()
    proposals = make_tip(owner, subject="First proposal", about="proposal_created")
    sequences = make_tip(owner, subject="Two dates", about="sequence_run")
    make_campaign(owner)
    fresh, proposer, expert = (make_person() for _ in range(3))
    make_event(owner, proposer, NINE - timedelta(days=2), kind="proposal_created")
    for kind in ("proposal_created", "sequence_run"):
        make_event(owner, expert, NINE - timedelta(days=2), kind=kind)
    assert send(NINE - timedelta(minutes=1)) == {"issues": 0, "letters": 0}
    assert send(NINE) == {"issues": 1, "letters": 2}
    for moment in (NINE, NINE + timedelta(minutes=5), NINE + timedelta(days=3)):
        assert send(moment) == {"issues": 0, "letters": 0}
    found = {letter.person_id: letter.subject for letter in letters()}
    assert found == {fresh.id: "First proposal", proposer.id: "Two dates"}
    assert outcomes()[expert.id] == "no_tip"
    (issue,) = db.session.scalars(select(Issue))
    assert {letter.dedupe_key for letter in letters()} == {
        f"tip:{issue.id}:{fresh.id}",
        f"tip:{issue.id}:{proposer.id}",
    }
    # A week later each hears the next thing not done and not said yet.
    assert send(NINE + timedelta(days=7)) == {"issues": 1, "letters": 1}
    assert {row.tip_id for row in db.session.scalars(select(IssueRecipient)) if row.tip_id} == {
        proposals.id,
        sequences.id,
    }


def test_what_is_done_on_the_day_itself_decides_nothing_yet() -> None:
    owner = make_programme()
    make_tip(owner, about="proposal_created")
    make_campaign(owner)
    rep = make_person()
    make_event(owner, rep, NINE - timedelta(hours=1), kind="proposal_created")
    assert send(NINE)["letters"] == 1


def test_everybody_left_out_is_counted_with_the_reason() -> None:
    owner = make_programme()
    tip = make_tip(owner)
    second = make_tip(owner)
    campaign = make_campaign(owner, slug="weekly-tip", holdout_percent=50)
    earlier = make_issue(make_campaign(owner, state="stopped"), date(2026, 3, 9))
    keys = [f"K{number:03}" for number in range(40)]
    held_key = next(key for key in keys if hash_arm("weekly-tip", key) < 5000)
    free_keys = iter([key for key in keys if hash_arm("weekly-tip", key) >= 5000])

    def free(**given):
        return make_person(key=next(free_keys), **given)

    gets, held = free(), make_person(key=held_key)
    suspended, opted_out, away, capped, told = (
        free(status="suspended"),
        free(),
        free(),
        free(),
        free(),
    )
    left = free(left_on=date(2026, 3, 8))
    make_absence(away, TUESDAY)
    make_recipient(earlier, capped, tip=tip)
    past = make_issue(make_campaign(owner, state="stopped"), date(2026, 3, 2))
    later = make_issue(make_campaign(owner, state="stopped"), date(2026, 2, 23))
    make_recipient(past, told, tip=tip)
    make_recipient(later, told, tip=second)
    with transaction():
        outbox.suppress(opted_out.id, "tips", reason="one click", now=NINE)
    plan = queries.plan_issue(campaign, owner, TUESDAY, NINE)
    send(NINE)
    (issue,) = db.session.scalars(select(Issue).where(Issue.campaign_id == campaign.id))
    rows = db.session.scalars(select(IssueRecipient).where(IssueRecipient.issue_id == issue.id))
    assert {row.person_id: row.outcome for row in rows} == {
        gets.id: "queued",
        held.id: "held_back",
        suspended.id: "left",
        opted_out.id: "opted_out",
        away.id: "away",
        capped.id: "capped",
        told.id: "no_tip",
    }
    assert left.id not in outcomes()
    assert (plan.reach, plan.left_out) == (1, 6)
    (row, *_) = queries.past_issues(owner.id, campaign.id)
    assert row.counts == plan.counts
    assert row.counts[Outcome.HELD_BACK] == 1


def test_an_audience_by_adoption_state() -> None:
    owner = make_programme()
    make_tip(owner)
    make_campaign(owner, states=["trying"])
    trying, idle = make_person(), make_person()
    make_usage(owner, trying, [date(2026, 3, 4)])
    send(NINE + timedelta(days=56))
    assert set(outcomes()) == {trying.id}
    assert idle.id not in outcomes()


def test_each_letter_waits_for_its_readers_own_morning() -> None:
    owner = make_programme()
    make_tip(owner)
    make_campaign(owner)
    zones = ("America/New_York", "America/Los_Angeles", "Europe/London", "Asia/Tokyo", None)
    people = {zone: make_person(time_zone=zone) for zone in zones}
    send(NINE)
    waiting = {letter.person_id: letter.not_before for letter in letters()}
    assert {zone: waiting[person.id] for zone, person in people.items()} == {
        "America/New_York": NINE,
        "America/Los_Angeles": datetime(2026, 3, 10, 16, tzinfo=UTC),
        "Europe/London": NINE,
        "Asia/Tokyo": datetime(2026, 3, 10, 23, tzinfo=UTC),
        None: NINE,
    }
    assert {letter.use_by for letter in letters()} == {NINE + timedelta(days=6)}


def test_the_hour_holds_over_the_change_of_clocks() -> None:
    owner = make_programme()
    make_tip(owner)
    make_campaign(owner)
    make_person()
    before, after = datetime(2026, 3, 3, 14, tzinfo=UTC), NINE
    assert services.due_instants(before - timedelta(minutes=1), after) == [before, after]
    assert send(before) == {"issues": 1, "letters": 1}


@pytest.mark.parametrize(("days_late", "issues"), [(0, 1), (1, 1), (5, 1), (6, 0), (19, 1)])
def test_after_an_outage_one_tip_and_not_two(days_late: int, issues: int) -> None:
    """TRUST 4.1: late by days, the newest issue is sent if it is still of its week."""
    owner = make_programme()
    make_tip(owner)
    make_tip(owner)
    make_campaign(owner)
    make_person()
    assert send(NINE + timedelta(days=days_late))["issues"] == issues
    assert len(letters()) == issues


def test_a_run_three_days_late_is_caught_up_and_twice_is_once() -> None:
    owner = make_programme()
    make_tip(owner)
    make_campaign(owner)
    make_person()
    late = NINE + timedelta(days=3)
    assert send(late) == {"issues": 1, "letters": 1}
    assert send(late) == {"issues": 0, "letters": 0}
    assert letters()[0].not_before == late


def test_one_tip_a_week_over_all_campaigns() -> None:
    owner = make_programme()
    make_tip(owner)
    make_tip(owner)
    make_campaign(owner)
    make_campaign(owner, day=2)
    make_person()
    # The second campaign's issue of last Wednesday comes late, and meets the same rest.
    assert send(NINE) == {"issues": 2, "letters": 1}
    assert send(NINE + timedelta(days=1)) == {"issues": 1, "letters": 0}
    assert send(NINE + timedelta(days=7))["letters"] == 1


def test_a_stopped_campaign_is_silent() -> None:
    owner = make_programme()
    make_tip(owner)
    campaign = make_campaign(owner)
    make_person()
    ops, rep = make_person(role="sales_ops"), make_person()
    with pytest.raises(NotAllowed), transaction():
        services.stop_campaign(campaign.id, actor=Actor(rep.id, Role.REP, "r"), now=NINE)
    with transaction():
        services.stop_campaign(campaign.id, actor=Actor(ops.id, Role.SALES_OPS, "o"), now=NINE)
    assert send(NINE) == {"issues": 0, "letters": 0}
    with pytest.raises(Conflict), transaction():
        services.stop_campaign(campaign.id, actor=Actor(ops.id, Role.SALES_OPS, "o"), now=NINE)


def test_a_playbooks_tips_and_campaigns_are_applied_once() -> None:
    owner = make_programme()
    tips = [TipSpec("a", "A", "Body"), TipSpec("b", "B", "Body", "sequence_run")]
    campaign = CampaignSpec("weekly", 1, time(9), states=("trying",), holdout_percent=10)
    for expected in (2, 0):
        with transaction():
            changed = services.define_tips(owner.id, tips, actor=SYSTEM, now=NINE)
            more = services.define_campaigns(owner.id, [campaign], actor=SYSTEM, now=NINE)
        assert (len(changed), len(more)) == (expected, expected // 2)
    with transaction():
        services.define_tips(owner.id, tips[:1], actor=SYSTEM, now=NINE)
    assert [tip.retired_at is None for tip in db.session.scalars(select(Tip).order_by(Tip.id))] == [
        True,
        False,
    ]
    assert db.session.scalars(select(Campaign)).one().starts_on == owner.launch_on


def test_the_share_held_back_cannot_move_under_a_running_comparison() -> None:
    owner = make_programme()
    campaign = make_campaign(owner, slug="weekly", holdout_percent=10)
    make_issue(campaign, TUESDAY)
    with pytest.raises(Conflict), transaction():
        services.define_campaigns(
            owner.id,
            [CampaignSpec("weekly", 1, time(9), holdout_percent=20)],
            actor=SYSTEM,
            now=NINE,
        )


@pytest.mark.parametrize(
    ("subject", "body", "field"),
    [("Hi {first_name}", "{rank}", "body"), ("{0}", "b", None), ("a\nb", "b", "subject")],
)
def test_only_the_known_placeholder_may_stand_in_a_tip(
    subject: str, body: str, field: str | None
) -> None:
    owner = make_programme()
    ops = Actor(make_person(role="sales_ops").id, Role.SALES_OPS, "Ops")
    spec = TipSpec("a", subject, body)
    if field is None:
        with transaction():
            services.write_tip(owner.id, spec, actor=ops, now=NINE)
        return
    with pytest.raises(Invalid) as refused, transaction():
        services.write_tip(owner.id, spec, actor=ops, now=NINE)
    assert refused.value.field == field


def test_one_click_stops_the_list_and_nothing_else() -> None:
    owner = make_programme()
    make_tip(owner)
    make_campaign(owner)
    stopper, stays = make_person(), make_person()
    token = outbox.unsubscribe_token(stopper.id, "tips")
    for _ in range(2):
        with transaction():
            assert services.stop_list(token, NINE) == (stopper.id, "tips")
    assert outbox.suppressed_lists(stopper.id) == {"tips"}
    assert outbox.suppressed_lists(stays.id) == set()
    send(NINE)
    assert [letter.person_id for letter in letters()] == [stays.id]
    with transaction():
        services.resume_list(token, NINE)
    assert outbox.suppressed_lists(stopper.id) == set()
    for bad in (
        token[:-1],
        f"{stays.id}{token[token.index('.') :]}",
        "x",
        f"{stopper.id}.awards.x",
    ):
        with pytest.raises(NotFound), transaction():
            services.stop_list(bad, NINE)


def test_who_stops_while_a_letter_waits_does_not_get_it() -> None:
    owner = make_programme()
    make_tip(owner)
    make_campaign(owner)
    rep = make_person(time_zone="America/Los_Angeles")
    send(NINE)
    with transaction():
        services.stop_list(outbox.unsubscribe_token(rep.id, "tips"), NINE)
    with transaction():
        outbox.claim(NINE + timedelta(hours=4), 10)
    assert [letter.state for letter in letters()] == ["suppressed"]


def test_a_campaign_that_holds_somebody_back_is_an_experiment() -> None:
    owner = make_programme()

    def define(**given: object) -> list[tuple[object, ...]]:
        values = {"slug": "weekly", "day": 1, "at": time(9), "holdout_percent": 10, **given}
        with transaction():
            services.define_campaigns(
                owner.id,
                [CampaignSpec(**values)],  # type: ignore[arg-type]
                actor=SYSTEM,
                now=NINE,
            )
        return [
            (row.slug, row.unit, row.starts_on, row.ends_on, row.holdout_percent)
            for row in experiments(owner.id)
        ]

    assert define() == [("weekly", "rep", owner.launch_on, None, 10)]
    assert define() == [("weekly", "rep", owner.launch_on, None, 10)]
    changed = {"starts_on": TUESDAY, "ends_on": TUESDAY + timedelta(days=30)}
    assert define(holdout_percent=20, **changed) == [
        ("weekly", "rep", TUESDAY, TUESDAY + timedelta(days=30), 20)
    ]
    assert define(holdout_percent=0) == []
    assert define(**changed)[0][-1] == 10
    campaign = queries.campaign_by_slug("weekly")
    ops = Actor(make_person(role="sales_ops").id, Role.SALES_OPS, "Ops")
    with transaction():
        services.stop_campaign(campaign.id, actor=ops, now=NINE + timedelta(days=3))
    (row,) = experiments(owner.id)
    assert row.ends_on == TUESDAY + timedelta(days=3)


def test_a_campaign_stopped_before_it_began_is_no_experiment() -> None:
    owner = make_programme()
    ops = Actor(make_person(role="sales_ops").id, Role.SALES_OPS, "Ops")
    spec = CampaignSpec("weekly", 1, time(9), holdout_percent=10, starts_on=date(2026, 3, 17))
    with transaction():
        campaign = services.schedule_campaign(owner.id, spec, actor=ops, now=NINE)
    assert [row.slug for row in experiments(owner.id)] == ["weekly"]
    with transaction():
        services.stop_campaign(campaign.id, actor=ops, now=NINE)
    assert experiments(owner.id) == ()
