"""CONTESTS' edge cases as the fair-play desk settles them: 8, 25, 27, 33, 34 and 36."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import func, select

from adoption.models import UsageEvent
from adoption.services import Use, record_use
from core.audit import AuditEntry
from core.db import db, transaction
from core.errors import NotAllowed
from incentives import jobs, queries
from incentives.models import Award, Contest, ReviewFlag
from incentives.queries import checks, desk, documents, fairplay
from incentives.queries.documents import Reader
from incentives.rules.fairplay import (
    Off,
    Stakes,
    Tie,
    eligibility,
    needs_second_signer,
    tie_of,
)
from incentives.services import clock, contests, deciding, review
from incentives.services.contests import PrizePlan
from leaderboard import services as boards
from leaderboard.models import Board
from leaderboard.queries import checks as recounts
from leaderboard.queries import reads
from leaderboard.rules.members import member
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode, Terms
from leaderboard.rules.units import Units
from people.rules import MembershipSpan, PersonCalendar
from tests.factories.adoption import make_event, make_usage
from tests.factories.incentives import BEFORE, MONDAY, actor, make_contest, make_scheduled
from tests.factories.people import make_absence, make_person, make_team, writing
from tests.factories.programme import make_programme

F = Fraction
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TEN = datetime(2026, 3, 3, 15, tzinfo=UTC)
MIDWAY = datetime(2026, 3, 11, 15, tzinfo=UTC)
UNEVEN = [0, 9, 80, 95, 200, 211, 390, 400, 555, 570, 580, 590]
TOTAL = {"mode": Mode.TOTAL, "rules": (PointRule("guided_use", F(10)),)}


@pytest.fixture
def world(app):
    """Harbour leads Ridge by a burst of one rep's; sales operations are there."""
    programme = make_programme(prize_allowance_minor=1_000_000)
    teams = [make_team(3, name="Harbour"), make_team(3, name="Ridge")]
    ops = make_person(role="sales_ops", enabled_on=None)
    for number, offset in enumerate(UNEVEN):
        moment = TEN + timedelta(seconds=offset)
        make_event(programme, teams[0].members[0], moment, event_id=f"b{number}")
    for rep in teams[1].members:
        make_usage(programme, rep, [MONDAY + DAY, MONDAY + 2 * DAY])
    return programme, teams, ops


def follow(contest, *moments):
    for moment in moments:
        jobs.open_close_contests(moment)
        with transaction():
            boards.refresh(contest.board_id, moment)
            boards.keep_snapshot_if_due(contest.board_id, moment)
        db.session.expire_all()


def fresh(contest) -> Contest:
    db.session.expire_all()
    return db.session.get(Contest, contest.id)


def standing(contest):
    db.session.expire_all()
    return [(p.unit, p.rank, p.points) for p in reads.live_places(contest.board_id)]


# ---- 8: eligibility ------------------------------------------------------------------------------

DAYS = tuple(MONDAY + n * DAY for n in range(14))
WORKING = frozenset(day for day in DAYS if day.weekday() < 5)
HERE = PersonCalendar(None, None, date(2003, 1, 1), None)


@pytest.mark.parametrize(
    ("calendar", "available", "asked", "on_roster", "off"),
    [
        (HERE, 10, 4, True, ()),
        (replace(HERE, absences=((MONDAY, MONDAY + 6 * DAY),)), 5, 2, True, ((Off.AWAY, 5),)),
        (replace(HERE, hired_on=MONDAY + 8 * DAY), 4, 2, False, ((Off.NOT_HIRED, 6),)),
        (replace(HERE, left_on=MONDAY + 2 * DAY), 3, 2, False, ((Off.LEFT, 7),)),
        (replace(HERE, enabled_on=None), 0, 0, False, ((Off.NOT_ENABLED, 10),)),
    ],
    ids=["here", "a week of leave", "joined late", "left", "never enabled"],
)
def test_case_08_eligibility_counts_days_and_says_why(calendar, available, asked, on_roster, off):
    span = MembershipSpan(7, 3, date(2003, 1, 1), None)
    one = member(7, DAYS, WORKING, (span,), calendar, Units())
    [found] = eligibility(Terms(working_days=10), WORKING, one, calendar)
    assert (found.available_days, found.working_days) == (available, 10)
    assert (found.asked_days, found.on_roster, found.off) == (asked, on_roster, off)


def test_case_08_who_moves_is_eligible_in_both_teams_by_days():
    spans = (
        MembershipSpan(7, 3, date(2003, 1, 1), MONDAY + 7 * DAY),
        MembershipSpan(7, 4, MONDAY + 7 * DAY, None),
    )
    one = member(7, DAYS, WORKING, spans, HERE, Units())
    first, second = eligibility(Terms(working_days=10), WORKING, one, HERE)
    assert (first.unit_id, first.available_days, first.off) == (3, 5, ((Off.ELSEWHERE, 5),))
    assert (second.unit_id, second.available_days, second.off) == (4, 5, ((Off.ELSEWHERE, 5),))


def test_case_08_a_leave_week_adds_nothing_to_headcount_and_to_the_days_asked(world):
    """The reasons on the page and the board's own figures are the same ones."""
    programme, teams, _ = world
    rep = teams[1].members[0]
    make_absence(rep, MONDAY, MONDAY + 4 * DAY)
    contest = make_scheduled(programme)
    follow(contest, MIDWAY)
    [row] = desk.eligible(fresh(contest), [rep.id])
    assert (row.unit, row.days.available_days, row.days.asked_days) == ("Ridge", 5, 2)
    assert row.days.words == "5 days away."
    [mine] = reads.member_scores_of(contest.board_id, rep.id)
    assert (mine.available_days, mine.asked_days) == (5, 2)
    ridge = next(p for p in reads.live_places(contest.board_id) if p.unit == "Ridge")
    assert ridge.headcount == F(5, 2)


# ---- 25: duplicates ------------------------------------------------------------------------------


def use(rep, number, **given):
    values = {
        "source": "crm",
        "event_id": f"u{number}",
        "person": rep.key,
        "kind": "guided_use",
        "occurred_at": TEN + number * DAY,
        "received_at": TEN + number * DAY,
    }
    return Use(**{**values, **given})


def test_case_25_a_replayed_batch_changes_no_row_no_score_and_no_flag(world):
    programme, teams, ops = world
    contest = make_scheduled(programme, **TOTAL)
    rep = teams[1].members[0]
    batch = [use(rep, number) for number in range(3)]
    with transaction():
        assert [record_use(programme.id, each) for each in batch] == [True] * 3
    follow(contest, MIDWAY)
    jobs.look_at_everybody(MIDWAY)
    [flag] = fairplay.flags(contest.id)
    with transaction():
        review.hold(flag.id, "Looked odd.", actor=actor(ops), now=MIDWAY)
    before, events = standing(contest), db.session.scalar(select(func.count(UsageEvent.id)))
    with transaction():
        assert [record_use(programme.id, each) for each in batch] == [False] * 3
        burst = use(teams[0].members[0], 0, source="test", event_id="b0", occurred_at=TEN)
        assert not record_use(programme.id, replace(burst, received_at=TEN))
    follow(contest, MIDWAY + HOUR)
    assert standing(contest) == before == [("Ridge", 1, 90), ("Harbour", 2, 0)]
    assert db.session.scalar(select(func.count(UsageEvent.id))) == events
    assert jobs.look_at_everybody(MIDWAY + HOUR) == {"raised": 0, "superseded": 0}


def test_case_25_one_id_from_two_sources_is_two_events(world):
    programme, teams, _ = world
    contest = make_scheduled(programme, **TOTAL)
    rep = teams[1].members[0]
    with transaction():
        record_use(programme.id, use(rep, 1))
        record_use(programme.id, use(rep, 1, source="dialler"))
    follow(contest, MIDWAY)
    assert standing(contest)[1] == ("Ridge", 2, 80)


# ---- 27: correction while open -------------------------------------------------------------------


def test_case_27_a_correction_moves_the_board_as_a_recount_from_usage_does(world):
    programme, teams, ops = world
    contest = make_scheduled(programme, **TOTAL)
    rep = teams[1].members[0]
    with transaction():
        record_use(programme.id, use(rep, 0))
    follow(contest, MIDWAY)
    assert standing(contest)[1] == ("Ridge", 2, 70)
    with transaction():
        record_use(programme.id, use(rep, 0, kind="login", received_at=MIDWAY + HOUR))
    follow(contest, MIDWAY + HOUR)
    assert standing(contest)[1] == ("Ridge", 2, 60)
    assert not recounts.differs(db.session.get(Board, contest.board_id))
    # And with events held and released in between, too.
    jobs.look_at_everybody(MIDWAY + HOUR)
    [flag] = fairplay.flags(contest.id)
    with transaction():
        review.hold(flag.id, "Looked odd.", actor=actor(ops), now=MIDWAY + HOUR)
    assert not recounts.differs(db.session.get(Board, contest.board_id))
    with transaction():
        review.rule(
            flag.id, "A workshop.", is_upheld=False, actor=actor(ops), now=MIDWAY + 2 * HOUR
        )
    follow(contest, MIDWAY + 3 * HOUR)
    assert not recounts.differs(db.session.get(Board, contest.board_id))
    assert checks.verify() == []


def test_case_27_a_corrected_event_is_no_longer_evidence(world):
    programme, teams, _ = world
    contest = make_scheduled(programme, **TOTAL)
    follow(contest, MIDWAY)
    jobs.look_at_everybody(MIDWAY)
    ben = teams[0].members[0]
    with transaction():
        for number in range(4):
            gone = use(ben, 0, source="test", event_id=f"b{number}", kind="login")
            record_use(programme.id, replace(gone, received_at=MIDWAY))
    assert jobs.look_for_patterns(MIDWAY + HOUR) == {"raised": 0, "superseded": 1}
    assert fairplay.flags(contest.id) == ()


# ---- 33: suspicion -------------------------------------------------------------------------------


def test_case_33_a_flag_alone_moves_no_rank(world):
    programme, _, _ = world
    contest = make_scheduled(programme, **TOTAL)
    follow(contest, MIDWAY)
    before = standing(contest)
    version = db.session.get(Board, contest.board_id).version
    assert jobs.look_at_everybody(MIDWAY)["raised"] == 1
    follow(contest, MIDWAY + HOUR)
    assert standing(contest) == before == [("Harbour", 1, 120), ("Ridge", 2, 60)]
    assert db.session.get(Board, contest.board_id).version == version
    assert not recounts.differs(db.session.get(Board, contest.board_id))


def test_case_33_prizes_wait_for_every_sign_and_every_decision_is_in_the_audit(world):
    programme, _, ops = world
    prizes = (PrizePlan(title="Dinner", place=1, cost_minor=50_000),)
    contest = make_scheduled(programme, prizes=prizes, **TOTAL)
    row = fresh(contest)
    follow(contest, row.starts_at, row.ends_at, row.grace_ends_at)
    jobs.look_at_everybody(row.grace_ends_at)
    due = row.grace_ends_at + timedelta(hours=72)
    follow(contest, due)
    assert fresh(contest).state == "provisional"
    assert queries.awards(contest.id) == ()
    [flag] = fairplay.flags(contest.id)
    with transaction():
        review.hold(flag.id, "A script.", actor=actor(ops), now=due)
    follow(contest, due)
    row = fresh(contest)
    assert (row.state, row.rev) == ("provisional", 2)
    due = row.provisional_at + timedelta(hours=72)
    follow(contest, due)
    assert fresh(contest).state == "provisional", "a hold nobody has ruled on is a decision to come"
    with transaction():
        review.rule(flag.id, "It was a script.", is_upheld=True, actor=actor(ops), now=due)
    follow(contest, due)
    assert fresh(contest).state == "final"
    [award] = db.session.scalars(select(Award)).all()
    assert award.reason
    winner = next(p for p in reads.frozen_places(row.board_id, 2) if p.rank == 1)
    assert (winner.unit, award.team_id) == ("Ridge", winner.unit_id)
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.subject.like("flag:%")))
    assert list(actions) == ["event.hold", "event.uphold_hold"]


# ---- 34: conflict of interest --------------------------------------------------------------------

STAKES = Stakes(author_id=1, takes_part=frozenset({2, 3}), leads=frozenset({4}))


@pytest.mark.parametrize(
    ("person", "about", "tie"),
    [
        (1, 2, Tie.AUTHOR),
        (2, 3, Tie.IN_TEAM),
        (2, 2, Tie.THEMSELVES),
        (4, 2, Tie.LEADS),
        (5, 2, None),
        (None, 2, None),
    ],
)
def test_case_34_what_ties_somebody(person, about, tie):
    assert tie_of(person, STAKES, about=about) is tie


@pytest.mark.parametrize(
    ("author", "approver", "signer", "is_needed"),
    [
        (4, None, None, True),
        (4, 9, None, False),
        (4, None, 9, False),
        (4, None, 4, True),
        (4, None, 2, True),
        (9, None, None, False),
        (None, None, None, False),
        (9, 2, None, True),
        (9, 2, 8, False),
    ],
    ids=[
        "designs and wins, the rule approves",
        "somebody free approved",
        "somebody free signs",
        "signs for themselves",
        "another winner signs",
        "designs and wins nothing",
        "the house designed it",
        "who approved wins",
        "who approved wins, somebody free signs",
    ],
)
def test_case_34_money_for_its_designer_needs_a_second_signer(author, approver, signer, is_needed):
    winners = {7: frozenset({2, 3, 4})}
    found = needs_second_signer(
        author_id=author, approver_id=approver, signer_id=signer, winners=winners
    )
    assert found is is_needed


def test_case_34_own_team_approval_is_refused(world):
    """Neither the rep, nor a colleague, nor the lead, nor the author decides on a sign."""
    programme, teams, ops = world
    contest = make_scheduled(programme, **TOTAL)
    other = make_person(role="sales_ops", enabled_on=None)
    with writing():
        db.session.get(Contest, contest.id).author_id = other.id
    follow(contest, MIDWAY)
    jobs.look_at_everybody(MIDWAY)
    [flag] = fairplay.flags(contest.id)
    for tied in (*teams[0].members[:2], teams[0].lead, teams[1].lead, other):
        with pytest.raises(NotAllowed), transaction():
            review.clear(flag.id, "Fine by me.", actor=actor(tied), now=MIDWAY)
        with pytest.raises(NotAllowed), transaction():
            review.hold(flag.id, "Not fine.", actor=actor(tied), now=MIDWAY)
    assert db.session.get(ReviewFlag, flag.id).state == "open"
    with transaction():
        review.clear(flag.id, "A workshop.", actor=actor(ops), now=MIDWAY)


def test_case_34_whoever_launched_it_decides_only_where_nobody_else_can(world):
    programme, _, ops = world
    contest = make_scheduled(programme, **TOTAL)
    with writing():
        db.session.get(Contest, contest.id).author_id = ops.id
    assert deciding.check_free(actor(ops), fresh(contest)) is True
    make_person(role="sales_ops", enabled_on=None)
    with pytest.raises(NotAllowed):
        deciding.check_free(actor(ops), fresh(contest))


def managed(programme, teams):
    """A contest its manager launched within the allowance, won by the manager's own team."""
    lead = actor(teams[0].lead)
    prizes = (PrizePlan(title="Dinner", place=1, cost_minor=50_000),)
    contest = make_contest(programme, by=lead, prizes=prizes, **TOTAL)
    with transaction():
        contests.launch(contest.id, actor=lead, now=BEFORE)
    row = fresh(contest)
    follow(contest, row.starts_at, row.ends_at, row.grace_ends_at)
    return contest, row.grace_ends_at + timedelta(hours=72)


def test_case_34_the_clock_does_not_pay_a_designer_whom_nobody_signed_for(world):
    programme, teams, ops = world
    contest, due = managed(programme, teams)
    follow(contest, due)
    assert (fresh(contest).state, queries.awards(contest.id)) == ("provisional", ())
    with transaction():
        clock.advance(contest.id, clock.State.FINAL, actor=actor(ops), now=due)
    assert fresh(contest).state == "final"
    [award] = queries.awards(contest.id)
    assert award.team_id == teams[0].id


def test_case_34_where_nobody_else_could_sign_it_is_recorded(app):
    programme = make_programme(prize_allowance_minor=1_000_000)
    teams = [make_team(3, name="Harbour"), make_team(3, name="Ridge")]
    make_usage(programme, teams[0].members[0], [MONDAY])
    contest, due = managed(programme, teams)
    follow(contest, due)
    assert fresh(contest).state == "final"
    signed = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "contest.signed_alone")
    ).all()
    assert len(signed) == 1


def test_case_34_somebody_elses_win_needs_no_further_signature(world):
    programme, teams, _ = world
    contest, due = managed(programme, [teams[1], teams[0]])
    follow(contest, due)
    assert fresh(contest).state == "final"


# ---- 36: the freeze, at the desk -----------------------------------------------------------------


def test_case_36_the_desk_replays_nothing_from_under_the_cover(world):
    programme, teams, ops = world
    contest = make_scheduled(programme, freeze_hours=48, **TOTAL)
    row = fresh(contest)
    hides_at = db.session.get(Board, row.board_id).hides_at
    follow(contest, row.starts_at, hides_at)
    make_event(programme, teams[1].members[0], hides_at + HOUR)
    rep, free = Reader(teams[0].members[0].id), Reader(ops.id, sees_through_freeze=True)
    moment = hides_at + 3 * HOUR
    follow(contest, moment)

    def points(reader, at, now=moment):
        rows = documents.standings(fresh(contest), reader, as_of=at, now=now)["rows"]
        return {each["unit"]: each["points"] for each in rows}

    covered = {"Harbour": 120, "Ridge": 60}
    assert points(rep, hides_at - HOUR) == covered
    assert points(rep, hides_at + 2 * HOUR) == covered
    assert points(rep, moment) == covered
    assert points(free, hides_at + 2 * HOUR) == {"Harbour": 120, "Ridge": 70}
    # Events held under the cover show only when it is lifted.
    jobs.look_at_everybody(moment)
    [flag] = fairplay.flags(contest.id)
    with transaction():
        review.hold(flag.id, "A script.", actor=actor(ops), now=moment)
    assert points(rep, moment) == covered
    assert points(free, moment) == {"Harbour": 0, "Ridge": 70}
    with transaction():
        review.rule(flag.id, "It was.", is_upheld=True, actor=actor(ops), now=moment)
    follow(contest, row.ends_at, row.grace_ends_at)
    provisional = row.grace_ends_at + HOUR
    assert points(rep, provisional, provisional) == covered
    hidden = desk.revisions(fresh(contest), with_places=False)
    assert [(each.rev, each.changes) for each in hidden] == [(1, ())]
    final = row.grace_ends_at + timedelta(hours=73)
    follow(contest, final)
    assert fresh(contest).state == "final"
    assert points(rep, final, final) == {"Harbour": 0, "Ridge": 70}
    assert points(rep, hides_at + 2 * HOUR, final) == {"Harbour": 120, "Ridge": 70}
    assert points(rep, hides_at - HOUR, final) == covered
