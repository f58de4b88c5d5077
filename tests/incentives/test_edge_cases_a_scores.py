"""Edge cases 8 to 16, 18, 19, 21 and 40 of CONTESTS as a whole contest sees them."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from core.db import db, transaction
from core.errors import Invalid
from incentives import jobs, queries
from incentives.models import Contest
from incentives.queries import checks
from incentives.rules.contests import State
from incentives.services.contests import PrizePlan
from leaderboard import services as boards
from leaderboard.models import Board, Standing
from leaderboard.queries import checks as board_checks
from leaderboard.queries import reads
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import UnitKind
from leaderboard.services import SidePlan
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, make_contest, make_scheduled
from tests.factories.people import (
    make_absence,
    make_change,
    make_membership,
    make_person,
    make_team,
    writing,
)
from tests.factories.programme import make_programme

F = Fraction
DAY = timedelta(days=1)
FOUR = [MONDAY + n * DAY for n in (0, 1, 7, 8)]
CLOSED = datetime(2026, 3, 18, 12, tzinfo=UTC)
DONE = datetime(2026, 4, 10, 12, tzinfo=UTC)


@pytest.fixture
def programme(app):
    return make_programme(prize_allowance_minor=10_000_000)


def meet(programme, *reps):
    for rep in reps:
        make_usage(programme, rep, FOUR)


def rows(contest, as_of=CLOSED):
    with transaction():
        boards.refresh(contest.board_id, as_of)
    db.session.expire_all()
    return {place.unit: place for place in reads.live_places(contest.board_id)}


def decide(contest):
    for _ in range(8):
        jobs.open_close_contests(DONE)
    jobs.open_close_contests(DONE + 4 * DAY)
    db.session.expire_all()
    found = db.session.get(Contest, contest.id)
    assert found.state == State.FINAL
    return found


def test_case_08_a_leave_week_adds_nothing_to_headcount_and_to_the_days_asked_for(programme):
    team, _ = make_team(3, name="A"), make_team(3, name="B")
    away = team.members[0]
    make_absence(away, MONDAY, MONDAY + 4 * DAY)
    make_usage(programme, away, FOUR[2:])
    row = rows(make_scheduled(programme))["A"]
    assert row.headcount == F(5, 2)
    assert (row.participants, row.roster) == (1, 3)


def test_case_09_four_of_five_beat_seven_of_twelve(programme):
    small, large = make_team(5, name="Small"), make_team(12, name="Large")
    meet(programme, *small.members[:4], *large.members[:7])
    found = rows(make_scheduled(programme))
    assert (found["Small"].score, found["Large"].score) == (F(4, 5), F(7, 12))
    assert (found["Small"].rank, found["Large"].rank) == (1, 2)


def test_case_09_a_rep_without_data_lowers_the_rate(programme):
    team, _ = make_team(3, name="A"), make_team(3, name="B")
    meet(programme, *team.members)
    contest = make_scheduled(programme)
    assert rows(contest)["A"].score == 1
    silent = make_person()
    with writing():
        make_membership(silent, team)
        make_change(silent)
    assert rows(contest, CLOSED + DAY)["A"].score == F(3, 4)


def test_case_10_three_of_three_stand_behind_nine_of_twelve(programme):
    for name, met, size in (("Tiny", 3, 3), ("Five", 4, 5), ("Dozen", 9, 12), ("Crowd", 14, 20)):
        meet(programme, *make_team(size, name=name).members[:met])
    meet(programme, *make_team(33, name="Rest").members[:3])
    found = rows(make_scheduled(programme))
    pooled = F(33, 73)
    assert found["Tiny"].rank_score == (3 + 10 * pooled) / 13
    order = sorted(found.values(), key=lambda place: place.rank)
    assert [place.unit for place in order] == ["Crowd", "Dozen", "Tiny", "Five", "Rest"]


def test_case_11_two_reps_are_shown_without_a_place_and_with_the_reason(programme):
    pair = make_team(2, name="Pair")
    make_team(3, name="B")
    make_team(3, name="C")
    meet(programme, *pair.members)
    row = rows(make_scheduled(programme))["Pair"]
    assert (row.rank, row.reason, row.score) == (None, "too_small", 1)


def test_case_13_a_mover_at_half_time_is_half_a_head_on_each_team(programme):
    first, second = make_team(3, name="A"), make_team(3, name="B")
    mover, half = make_person(), MONDAY + 7 * DAY
    with writing():
        make_membership(mover, first, ends_on=half)
        make_membership(mover, second, starts_on=half)
    meet(programme, mover)
    found = rows(make_scheduled(programme, mode=Mode.TOTAL))
    assert found["A"].headcount == found["B"].headcount == F(7, 2)
    assert found["A"].points == found["B"].points == 20


def test_case_14_a_roster_corrected_after_the_final_changes_no_row(programme):
    team, _ = make_team(3, name="A"), make_team(3, name="B")
    meet(programme, *team.members)
    contest = make_scheduled(programme)
    decide(contest)
    before = reads.frozen_places(contest.board_id, 1)
    stray = make_person()
    with writing():
        make_membership(stray, team)
        make_change(stray)
    with transaction():
        assert not boards.refresh(contest.board_id, DONE + 9 * DAY)
    board = db.session.get(Board, contest.board_id)
    assert reads.current_table(board, DONE).places == before
    assert checks.verify() == []


def test_case_15_a_joiner_of_the_last_week_adds_headcount_and_is_on_no_roster(programme):
    team, _ = make_team(3, name="A"), make_team(3, name="B")
    with writing():
        joiner = make_person(enabled_on=MONDAY + 8 * DAY)
        make_membership(joiner, team)
    row = rows(make_scheduled(programme))["A"]
    assert (row.headcount, row.roster) == (F(34, 10), 3)


def test_case_16_who_left_leaves_their_points_with_the_team(programme):
    team, _ = make_team(4, name="A"), make_team(4, name="B")
    meet(programme, *team.members)
    contest = make_scheduled(programme, mode=Mode.TOTAL)
    before = rows(contest)["A"].points
    leaver = team.members[0]
    with writing():
        db.session.get(type(leaver), leaver.id).left_on = date(2026, 3, 16)
        make_change(leaver)
    assert rows(contest, CLOSED + DAY)["A"].points == before == 160


def test_case_18_somebody_on_two_lists_is_refused_when_it_is_written_down(programme):
    rep = make_person()
    lists = (SidePlan("Red", (rep.id,)), SidePlan("Blue", (rep.id,)))
    with pytest.raises(Invalid) as refused:
        make_contest(programme, kind=UnitKind.ADHOC, sides=lists)
    assert refused.value.code == "two_sides"


def test_case_19_a_third_and_two_sixths_tie(programme):
    three, six = make_team(3, name="Three"), make_team(6, name="Six")
    meet(programme, three.members[0], *six.members[:2])
    found = rows(make_scheduled(programme))
    assert found["Three"].score == found["Six"].score == F(1, 3)
    assert found["Three"].rank == found["Six"].rank == 1


def test_case_21_tied_firsts_each_get_the_first_prize_and_nobody_is_second(programme):
    teams = [make_team(3, name=name) for name in "ABC"]
    meet(programme, *teams[0].members, *teams[1].members)
    contest = make_scheduled(
        programme,
        prizes=(
            PrizePlan(title="Dinner", place=1, cost_minor=1_000),
            PrizePlan(title="Book", place=2, cost_minor=500),
            PrizePlan(title="Mug", place=3, cost_minor=100),
        ),
    )
    assert db.session.get(Contest, contest.id).liability_minor == 3_000
    decide(contest)
    won = [(award.title, award.team_id) for award in queries.awards(contest.id)]
    assert won == [("Dinner", teams[0].id), ("Dinner", teams[1].id), ("Mug", teams[2].id)]


def test_case_40_a_hair_apart_is_no_tie(programme):
    first, second = make_team(3, name="First"), make_team(3, name="Second")
    make_usage(programme, first.members[0], [MONDAY])
    make_usage(programme, second.members[0], [MONDAY], kind="proposal_created")
    rules = (PointRule("guided_use", F("0.6251")), PointRule("proposal_created", F("0.6249")))
    found = rows(make_scheduled(programme, mode=Mode.TOTAL, rules=rules))
    assert [(found[name].rank, found[name].score) for name in ("First", "Second")] == [
        (1, F(6251, 10_000)),
        (2, F(6249, 10_000)),
    ]


def test_a_row_of_nobody_is_found_by_the_checks(programme):
    for name in "AB":
        make_team(3, name=name)
    contest = make_scheduled(programme)
    rows(contest)
    board = db.session.get(Board, contest.board_id)
    assert board_checks.strangers(board) == []
    with writing():
        place = reads.live_places(contest.board_id)[0]
        row = db.session.get(Standing, (contest.board_id, place.unit_id))
        row.unit_id = 987_654
    assert board_checks.strangers(board) == [987_654]
    assert "987654" in checks.verify()[0]
