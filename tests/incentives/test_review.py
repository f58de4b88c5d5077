"""The fair-play desk over a real database: flags, holds, claims, doubts, and who may decide."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from core import audit
from core.audit import AuditEntry
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotAllowed, TooLate
from core.policy import SYSTEM
from incentives import jobs, queries
from incentives.models import Contest, ReviewFlag, UsageClaim
from incentives.queries import checks, fairplay
from incentives.services import claims, doubts, review
from incentives.services.claims import Missing
from leaderboard import services as boards
from leaderboard.models import Board
from leaderboard.queries import reads
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from tests.factories.adoption import make_event, make_usage
from tests.factories.incentives import MONDAY, actor, make_scheduled
from tests.factories.people import make_person, make_team, writing
from tests.factories.programme import make_programme

F = Fraction
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# Tuesday of the first week, 10:00 in New York.
TEN = datetime(2026, 3, 3, 15, tzinfo=UTC)
MIDWAY = datetime(2026, 3, 11, 15, tzinfo=UTC)
UNEVEN = [0, 9, 80, 95, 200, 211, 390, 400, 555, 570, 580, 590]


@pytest.fixture
def world(app):
    """Harbour leads by a burst of Ben's; Ridge did two days each. Total points, no cap."""
    programme = make_programme(prize_allowance_minor=1_000_000)
    teams = [make_team(3, name="Harbour"), make_team(3, name="Ridge")]
    ops = make_person(role="sales_ops", enabled_on=None, name="Olive Park")
    contest = make_scheduled(
        programme,
        slug="race",
        title="Spring race",
        mode=Mode.TOTAL,
        rules=(PointRule("guided_use", F(10)),),
    )
    ben = teams[0].members[0]
    for number, offset in enumerate(UNEVEN):
        make_event(programme, ben, TEN + timedelta(seconds=offset), event_id=f"b{number}")
    for rep in teams[1].members:
        make_usage(programme, rep, [MONDAY + DAY, MONDAY + 2 * DAY])
    follow(contest, MIDWAY)
    return programme, teams, contest, ops


def follow(contest, moment):
    jobs.open_close_contests(moment)
    with transaction():
        boards.refresh(contest.board_id, moment)
    db.session.expire_all()


def table(contest, as_of=None):
    db.session.expire_all()
    board = db.session.get(Board, contest.board_id)
    found = reads.live_places(board.id) if as_of is None else reads.table_at(board, as_of).places
    return [(place.unit, place.rank, place.points) for place in found]


def fresh(contest) -> Contest:
    db.session.expire_all()
    return db.session.get(Contest, contest.id)


def flagged(contest, moment=MIDWAY):
    jobs.look_at_everybody(moment)
    db.session.expire_all()
    [flag] = fairplay.flags(contest.id)
    return flag


def actions():
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [row.action for row in rows if row.subject.startswith(("flag:", "claim:"))]


def hold(flag, by, moment=MIDWAY, **given):
    with transaction():
        review.hold(flag.id, "Twelve in ten minutes.", actor=actor(by), now=moment, **given)
    db.session.expire_all()


def rule(flag, by, moment, *, is_upheld):
    with transaction():
        review.rule(flag.id, "Looked at it.", is_upheld=is_upheld, actor=actor(by), now=moment)
    db.session.expire_all()


# ---- flags --------------------------------------------------------------------------------------


def test_flags_are_written_once_for_one_evidence(world):
    _, teams, _, _ = world
    assert jobs.look_at_everybody(MIDWAY)["raised"] == 1
    assert jobs.look_at_everybody(MIDWAY)["raised"] == 0
    assert jobs.look_for_patterns(MIDWAY)["raised"] == 0
    [flag] = db.session.scalars(select(ReviewFlag)).all()
    assert (flag.person_id, flag.detector, flag.state) == (teams[0].members[0].id, "D1", "open")
    assert flag.numbers == {"events": 12, "seconds": 590}
    assert sorted(event for _, event in flag.evidence) == sorted(f"b{n}" for n in range(12))


def test_the_ten_minute_look_reads_only_reps_with_new_events(world):
    programme, teams, contest, _ = world
    jobs.look_for_patterns(MIDWAY)
    spec = fairplay.spec_of(fresh(contest))
    assert fairplay.people_to_look_at(spec, fairplay.mark_of(contest.id)) == frozenset()
    ada = teams[1].members[0]
    for number, offset in enumerate(UNEVEN):
        make_event(programme, ada, TEN + DAY + timedelta(seconds=offset), event_id=f"a{number}")
    assert fairplay.people_to_look_at(spec, fairplay.mark_of(contest.id)) == {ada.id}
    assert jobs.look_for_patterns(MIDWAY)["raised"] == 1


def test_an_open_flag_gives_way_when_its_events_change(world):
    programme, teams, contest, _ = world
    first = flagged(contest).id
    ben = teams[0].members[0]
    make_event(programme, ben, TEN + timedelta(seconds=595), event_id="b99")
    second = flagged(contest, MIDWAY + HOUR)
    assert second.id != first
    assert second.numbers["events"] == 13
    assert db.session.get(ReviewFlag, first).state == "superseded"


def test_a_cleared_pattern_is_raised_no_more_and_a_new_one_is(world):
    programme, teams, contest, ops = world
    flag = flagged(contest)
    with transaction():
        review.clear(flag.id, "A workshop: they did it together.", actor=actor(ops), now=MIDWAY)
    assert jobs.look_at_everybody(MIDWAY + HOUR)["raised"] == 0
    for number, offset in enumerate(UNEVEN):
        moment = TEN + 2 * DAY + timedelta(seconds=offset)
        make_event(programme, teams[0].members[0], moment, event_id=f"c{number}")
    assert jobs.look_at_everybody(MIDWAY + HOUR)["raised"] == 1
    assert actions() == ["event.clear_flag"]


# ---- holds --------------------------------------------------------------------------------------


def test_held_events_leave_the_score_and_come_back_when_released(world, outbox):
    _, teams, contest, ops = world
    before = table(contest)
    assert before == [("Harbour", 1, 120), ("Ridge", 2, 60)]
    flag = flagged(contest)
    hold(flag, ops)
    assert table(contest) == [("Ridge", 1, 60), ("Harbour", 2, 0)]
    [told] = outbox.letters(kind="incentives.review_held")
    assert told.person_id == teams[0].members[0].id
    assert "12 of your events" in told.text
    for word in ("cheat", "fraud", "suspic", "burst"):
        assert word not in told.text.lower()
    rule(flag, ops, MIDWAY + 2 * HOUR, is_upheld=False)
    assert table(contest) == before
    assert len(outbox.letters(kind="incentives.review_released")) == 1
    assert actions() == ["event.hold", "event.release"]
    assert audit.verify() is None


def test_a_hold_replays_as_it_stood(world):
    _, _, contest, ops = world
    flag = flagged(contest)
    hold(flag, ops)
    rule(flag, ops, MIDWAY + 2 * HOUR, is_upheld=False)
    counted = [("Harbour", 1, 120), ("Ridge", 2, 60)]
    assert table(contest, MIDWAY - timedelta(seconds=1)) == counted
    assert table(contest, MIDWAY) == [("Ridge", 1, 60), ("Harbour", 2, 0)]
    assert table(contest, MIDWAY + HOUR) == [("Ridge", 1, 60), ("Harbour", 2, 0)]
    assert table(contest, MIDWAY + 2 * HOUR) == counted


def test_some_of_the_events_can_be_held(world):
    _, _, contest, ops = world
    flag = flagged(contest)
    hold(flag, ops, keys={("test", "b0"), ("test", "b1")})
    assert table(contest) == [("Harbour", 1, 100), ("Ridge", 2, 60)]
    with pytest.raises(Conflict), transaction():
        review.clear(flag.id, "Nothing.", actor=actor(ops), now=MIDWAY)


@pytest.mark.parametrize("keys", [set(), {("test", "another")}], ids=["none", "foreign"])
def test_only_events_of_the_flag_can_be_held(world, keys):
    _, _, contest, ops = world
    flag = flagged(contest)
    with pytest.raises(Invalid), transaction():
        review.hold(flag.id, "Because.", keys=keys, actor=actor(ops), now=MIDWAY)


def test_a_decision_needs_a_reason(world):
    _, _, contest, ops = world
    flag = flagged(contest)
    with pytest.raises(Invalid), transaction():
        review.hold(flag.id, "  ", actor=actor(ops), now=MIDWAY)
    assert db.session.get(ReviewFlag, flag.id).state == "open"


def test_nobody_is_told_when_the_score_does_not_change(world, outbox):
    """Events on a day the rep had left earn nothing, so holding them changes nothing."""
    _, teams, contest, ops = world
    flag = flagged(contest)
    with writing():
        ben = teams[0].members[0]
        db.session.merge(ben).left_on = MONDAY
    hold(flag, ops)
    assert outbox.letters(kind="incentives.review_held") == []
    assert db.session.get(ReviewFlag, flag.id).state == "held"


def test_upheld_events_stay_out_and_the_rep_hears_it(world, outbox):
    _, _, contest, ops = world
    flag = flagged(contest)
    hold(flag, ops)
    rule(flag, ops, MIDWAY + HOUR, is_upheld=True)
    assert table(contest) == [("Ridge", 1, 60), ("Harbour", 2, 0)]
    [told] = outbox.letters(kind="incentives.review_upheld")
    assert "do not count in this contest" in told.text
    assert actions() == ["event.hold", "event.uphold_hold"]
    assert checks.verify() == []


def test_a_hold_on_a_provisional_result_makes_a_new_revision(world):
    _, _, contest, ops = world
    row = fresh(contest)
    for instant in (row.ends_at, row.grace_ends_at):
        follow(contest, instant)
    row = fresh(contest)
    assert (row.state, row.rev) == ("provisional", 1)
    flag = flagged(contest, row.grace_ends_at + HOUR)
    hold(flag, ops, row.grace_ends_at + 2 * HOUR)
    assert (fresh(contest).state, fresh(contest).rev) == ("computing", 2)
    follow(contest, row.grace_ends_at + 3 * HOUR)
    assert fresh(contest).state == "provisional"
    kept = reads.frozen_places(row.board_id, 2)
    assert [(place.unit, place.rank) for place in kept] == [("Ridge", 1), ("Harbour", 2)]
    first = reads.frozen_places(row.board_id, 1)
    assert [(place.unit, place.rank) for place in first] == [("Harbour", 1), ("Ridge", 2)]


def test_nothing_is_held_once_the_result_is_final(world):
    _, _, contest, ops = world
    flag = flagged(contest)
    with writing():
        db.session.get(Contest, contest.id).state = "final"
    with pytest.raises(TooLate), transaction():
        review.hold(flag.id, "Late.", actor=actor(ops), now=MIDWAY)


# ---- claims -------------------------------------------------------------------------------------


def claim(contest, rep, moment=MIDWAY, **given):
    values = {"kind": "guided_use", "occurred_at": TEN + 5 * HOUR, "text": "Deal 7, see the mail."}
    with transaction():
        made = claims.open_claim(
            contest.id, Missing(**{**values, **given}), actor=actor(rep), now=moment
        )
    return made.id


def decide(claim_id, by, moment, *, is_accepted):
    with transaction():
        claims.decide_claim(
            claim_id, is_accepted=is_accepted, answer="Seen.", actor=actor(by), now=moment
        )
    db.session.expire_all()


def test_an_accepted_claim_counts_from_the_claim_and_replays_from_the_answer(world, outbox):
    _, teams, contest, ops = world
    ada = teams[1].members[0]
    ident = claim(contest, ada)
    assert table(contest)[1] == ("Ridge", 2, 60)
    decide(ident, ops, MIDWAY + 2 * HOUR, is_accepted=True)
    assert table(contest)[1] == ("Ridge", 2, 70)
    assert table(contest, MIDWAY + HOUR)[1] == ("Ridge", 2, 60)
    assert table(contest, MIDWAY + 2 * HOUR)[1] == ("Ridge", 2, 70)
    [told] = outbox.letters(kind="incentives.claim_answered")
    assert told.person_id == ada.id
    assert "Seen." in told.text
    assert actions() == ["contest.claim_open", "contest.claim_decide"]


def test_an_answer_after_the_grace_does_not_cost_the_rep_the_point(world):
    _, teams, contest, ops = world
    row = fresh(contest)
    follow(contest, row.ends_at)
    ident = claim(contest, teams[1].members[0], row.grace_ends_at)
    follow(contest, row.grace_ends_at)
    assert fresh(contest).state == "provisional"
    decide(ident, ops, row.grace_ends_at + HOUR, is_accepted=True)
    assert fresh(contest).rev == 2
    follow(contest, row.grace_ends_at + 2 * HOUR)
    assert fresh(contest).state == "provisional"
    assert [p.points for p in reads.frozen_places(row.board_id, 2)] == [120, 70]


def test_a_rejected_claim_changes_nothing_but_is_answered(world, outbox):
    _, teams, contest, ops = world
    ident = claim(contest, teams[1].members[0])
    decide(ident, ops, MIDWAY + HOUR, is_accepted=False)
    assert table(contest)[1] == ("Ridge", 2, 60)
    assert "not added" in outbox.letters(kind="incentives.claim_answered")[0].text
    with pytest.raises(Conflict):
        decide(ident, ops, MIDWAY + HOUR, is_accepted=True)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "login"}, "kind"),
        ({"occurred_at": datetime(2026, 3, 2, 4, 59, tzinfo=UTC)}, "occurred_at"),
        ({"occurred_at": datetime(2026, 3, 16, 4, tzinfo=UTC)}, "occurred_at"),
        ({"occurred_at": MIDWAY + HOUR}, "occurred_at"),
        ({"text": " "}, "text"),
    ],
    ids=["earns nothing", "before", "after", "future", "no word"],
)
def test_a_claim_names_something_that_could_count(world, given, field):
    _, teams, contest, _ = world
    with pytest.raises(Invalid) as refused:
        claim(contest, teams[1].members[0], **given)
    assert refused.value.field == field


def test_claims_end_with_the_grace_and_are_for_those_in_it(world):
    _, teams, contest, ops = world
    row = fresh(contest)
    follow(contest, row.ends_at)
    claim(contest, teams[1].members[0], row.grace_ends_at)
    with pytest.raises(TooLate):
        claim(contest, teams[1].members[1], row.grace_ends_at + timedelta(seconds=1))
    for outsider in (ops, make_person(), teams[0].lead):
        with pytest.raises(NotAllowed):
            claim(contest, outsider, row.ends_at)


def test_the_same_claim_waits_once_and_ten_at_most(world):
    _, teams, contest, _ = world
    ada = teams[1].members[0]
    claim(contest, ada)
    with pytest.raises(Conflict):
        claim(contest, ada)
    for minute in range(1, 10):
        claim(contest, ada, occurred_at=TEN + timedelta(minutes=minute))
    with pytest.raises(Conflict):
        claim(contest, ada, occurred_at=TEN + timedelta(minutes=30))
    assert fairplay.waiting(contest.id).claims == 10
    assert len(db.session.scalars(select(UsageClaim)).all()) == 10


# ---- doubts -------------------------------------------------------------------------------------


@pytest.fixture
def provisional(world):
    _, _, contest, _ = world
    row = fresh(contest)
    for instant in (row.ends_at, row.grace_ends_at):
        follow(contest, instant)
    assert fresh(contest).state == "provisional"
    return (*world, fresh(contest).provisional_at)


def doubt(contest, by, moment):
    with transaction():
        return doubts.open_dispute(contest.id, "I was ill.", actor=actor(by), now=moment).id


def test_a_doubt_is_taken_until_its_window_closes(provisional):
    _, teams, contest, _, since = provisional
    doubt(contest, teams[0].members[1], since + timedelta(hours=72))
    with pytest.raises(TooLate):
        doubt(contest, teams[1].members[1], since + timedelta(hours=72, seconds=1))


def test_only_those_in_a_contest_doubt_it(provisional):
    _, teams, contest, ops, since = provisional
    outsider, lead = make_person(), make_person(role="manager")
    director, far = make_person(role="director"), make_person(role="director")
    with writing():
        db.session.merge(teams[0].lead).manager_id = director.id
    for person in (outsider, lead, far):
        with pytest.raises(NotAllowed):
            doubt(contest, person, since)
    for person in (teams[0].members[0], teams[0].lead, director, ops):
        doubt(contest, person, since)
    assert fairplay.waiting(contest.id).doubts == 4


def test_a_doubt_is_decided_by_somebody_free_and_answered(provisional, outbox):
    _, teams, contest, ops, since = provisional
    ident = doubt(contest, teams[0].members[1], since)
    for tied in (teams[0].members[1], teams[1].members[0], teams[1].lead):
        with pytest.raises(NotAllowed), transaction():
            doubts.decide_dispute(
                ident, is_upheld=True, answer="Mine.", actor=actor(tied), now=since
            )
    with pytest.raises(Invalid), transaction():
        doubts.decide_dispute(ident, is_upheld=False, answer=" ", actor=actor(ops), now=since)
    with transaction():
        doubts.decide_dispute(
            ident, is_upheld=False, answer="The absence was counted.", actor=actor(ops), now=since
        )
    [told] = outbox.letters(kind="incentives.doubt_answered")
    assert told.person_id == teams[0].members[1].id
    assert "The absence was counted." in told.text
    assert fresh(contest).state == "provisional"
    assert fairplay.waiting(contest.id).total == 0


def test_the_author_decides_only_where_nobody_else_could(provisional):
    _, teams, contest, ops, since = provisional
    with writing():
        db.session.get(Contest, contest.id).author_id = ops.id
    other = make_person(role="sales_ops", enabled_on=None)
    ident = doubt(contest, teams[0].members[1], since)
    with pytest.raises(NotAllowed), transaction():
        doubts.decide_dispute(ident, is_upheld=False, answer="No.", actor=actor(ops), now=since)
    with writing():
        db.session.merge(other).status = "suspended"
    with transaction():
        doubts.decide_dispute(ident, is_upheld=False, answer="No.", actor=actor(ops), now=since)
    [entry] = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "contest.dispute_decide")
    )
    assert entry.detail["alone"] is True
    assert queries.open_disputes(contest.id) == 0


def test_the_house_itself_is_tied_to_nothing(world):
    _, _, contest, _ = world
    flag = flagged(contest)
    with transaction():
        review.clear(flag.id, "A drill.", actor=SYSTEM, now=MIDWAY)
    assert db.session.get(ReviewFlag, flag.id).state == "cleared"


# ---- what a result waits for --------------------------------------------------------------------


def test_an_open_flag_or_claim_holds_the_last_step_back(provisional):
    _, _, contest, ops, since = provisional
    flag = flagged(contest, since)
    due = since + timedelta(hours=72)
    assert jobs.open_close_contests(due)["waiting"] == 1
    assert fresh(contest).state == "provisional"
    assert queries.instants(due, due + 9 * DAY) == ()
    with transaction():
        review.clear(flag.id, "A workshop.", actor=actor(ops), now=due)
    follow(contest, due)
    assert fresh(contest).state == "final"


def test_a_flag_does_not_hold_back_the_end_of_a_contest(world):
    _, _, contest, _ = world
    flagged(contest)
    row = fresh(contest)
    assert row.ends_at in queries.instants(MIDWAY, row.ends_at + DAY)
    follow(contest, row.ends_at)
    assert fresh(contest).state == "grace"
