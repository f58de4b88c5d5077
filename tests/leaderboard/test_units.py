"""Boards of persons, named lists and divisions over a real database, and how they are shown."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from core.db import db, transaction
from core.errors import Invalid
from leaderboard import services
from leaderboard.models import Board, Side
from leaderboard.queries import checks, facts, lists, reads, tables
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode, result_hash
from leaderboard.rules.units import DivisionBy, DivisionPlan, TieBreak, UnitKind
from leaderboard.services import SidePlan
from tests.factories.adoption import make_event, make_usage
from tests.factories.leaderboard import MONDAY, make_board, make_plan
from tests.factories.people import make_absence, make_membership, make_person, make_team, writing
from tests.factories.programme import make_programme

F = Fraction
END = datetime(2026, 3, 18, 12, tzinfo=UTC)
DAYS = [MONDAY + timedelta(days=n) for n in range(14)]
DAY = timedelta(days=1)
ONE = PointRule("guided_use", F(1))


def refresh(board, as_of=END) -> bool:
    with transaction():
        return services.refresh(board.id, as_of)


def places(board):
    db.session.expire_all()
    return {place.unit: place for place in reads.live_places(board.id)}


def check(board):
    """The fold, the second opinion and a look from scratch agree."""
    row = db.session.get(Board, board.id)
    live = result_hash(services.lines_now(row))
    assert live == services.second_opinion(board.id)
    assert live == result_hash(tables.lines_at(facts.spec_of(row), row.closes_at))
    assert not checks.differs(row)


@pytest.fixture
def reps(app):
    """Four reps of two teams with 3, 2, 2 and 1 scoring days, and one who is away throughout."""
    the_programme = make_programme()
    first, second = make_team(3, name="First"), make_team(2, name="Second")
    people = [*first.members[:2], *second.members]
    for rep, days in zip(people, (3, 2, 2, 1), strict=True):
        make_usage(the_programme, rep, DAYS[:days])
    make_absence(first.members[2], DAYS[0], DAYS[-1])
    return the_programme, first, second, people


def people_board(the_programme, **given):
    values = {"kind": UnitKind.PERSON, "mode": Mode.TOTAL, "rules": (ONE,), "min_team_size": F(0)}
    return make_board(the_programme, **values | given)


def test_every_rep_is_a_unit_and_somebody_never_there_has_no_place(reps):
    the_programme, first, _, people = reps
    board = people_board(the_programme)
    assert refresh(board)
    found = {place.unit_id: place for place in reads.live_places(board.id)}
    assert [found[rep.id].rank for rep in people] == [1, 2, 2, 4]
    assert [found[rep.id].points for rep in people] == [3, 2, 2, 1]
    assert found[people[0].id].headcount == 1
    assert found[first.members[2].id].reason == "too_small"
    check(board)


def test_named_teams_narrow_a_race_of_persons_to_the_dates_on_them(reps):
    the_programme, first, second, people = reps
    mover = make_person()
    half = MONDAY + timedelta(days=7)
    with writing():
        make_membership(mover, first, ends_on=half)
        make_membership(mover, second, starts_on=half)
    make_usage(the_programme, mover, [DAYS[0], DAYS[8]])
    board = people_board(the_programme, team_ids=(first.id,))
    refresh(board)
    found = {place.unit_id: place for place in reads.live_places(board.id)}
    assert set(found) == {rep.id for rep in (*first.members, mover)}
    assert (found[mover.id].points, found[mover.id].headcount) == (1, F(1, 2))
    assert people[2].id not in found
    check(board)


def test_a_persons_name_is_never_kept_and_follows_their_wish(reps):
    the_programme, _, _, people = reps
    board = people_board(the_programme)
    refresh(board)
    with transaction():
        services.freeze_board(board.id, rev=1)
    with writing():
        shy, renamed = people[0], people[1]
        db.session.get(type(shy), shy.id).ranking_opt_out = True
        db.session.get(type(shy), renamed.id).alias = "The Fox"
    db.session.expire_all()
    for shown in (reads.live_places(board.id), reads.frozen_places(board.id, 1)):
        by_id = {place.unit_id: place for place in shown}
        assert (by_id[shy.id].unit, by_id[shy.id].is_listed) == (reads.NOT_LISTED, False)
        assert by_id[renamed.id].unit == "The Fox"
        assert len(shown) == 5
    row = db.session.get(Board, board.id)
    assert reads.place_called(row, shown, reads.NOT_LISTED) is None
    assert reads.place_called(row, shown, shy.key).unit_id == shy.id


def test_a_person_sees_the_podium_and_their_neighbours_without_names(app):
    the_programme = make_programme()
    team = make_team(12, name="Long")
    for number, rep in enumerate(team.members):
        make_usage(the_programme, rep, DAYS[:1], times=12 - number)
    board = people_board(the_programme)
    refresh(board)
    everybody = reads.live_places(board.id)
    seen = reads.personal(everybody, team.members[8].id)
    assert [place.rank for place in seen] == [1, 2, 3, 7, 8, 9, 10, 11]
    named = [place.rank for place in seen if place.is_listed]
    assert named == [1, 2, 3, 9]
    assert all(place.unit == "" for place in seen if not place.is_listed)
    assert [place.rank for place in reads.personal(everybody, None)] == [1, 2, 3]


def test_lists_of_people_race_whatever_team_they_are_on(reps):
    the_programme, _, _, people = reps
    board = make_board(
        the_programme,
        kind=UnitKind.ADHOC,
        mode=Mode.TOTAL,
        rules=(ONE,),
        min_team_size=F(1),
        sides=(
            SidePlan("Red", (people[0].id, people[3].id)),
            SidePlan("Blue", (people[1].id, people[2].id)),
            SidePlan("Nobody", (make_person(role="manager").id,)),
        ),
    )
    refresh(board)
    found = places(board)
    assert (found["Red"].points, found["Blue"].points) == (4, 4)
    assert (found["Red"].rank, found["Blue"].rank) == (1, 1)
    assert found["Red"].headcount == 2
    assert found["Nobody"].rank is None
    opened = tables.opened(facts.spec_of(board), found["Red"].unit_id, board.closes_at, END)
    assert [each.person_id for each in opened] == [people[0].id, people[3].id]
    check(board)


def test_case_18_nobody_stands_on_two_lists(reps):
    the_programme, _, _, people = reps
    with pytest.raises(Invalid) as refused:
        make_board(
            the_programme,
            kind=UnitKind.ADHOC,
            sides=(SidePlan("Red", (people[0].id,)), SidePlan("Blue", (people[0].id,))),
        )
    assert people[0].key in refused.value.message
    assert not db.session.query(Side).count()


def test_lists_can_change_while_nobody_has_seen_them(reps):
    the_programme, _, _, people = reps
    plan = make_plan(the_programme, kind=UnitKind.ADHOC, sides=(SidePlan("Red", (people[0].id,)),))
    with writing():
        board = services.open_board(plan)
        services.change_board(board, plan)
        assert facts.sides_of(board.id).keys() == {people[0].id}


def test_divisions_are_cut_once_and_ranked_apart(app):
    the_programme = make_programme()
    large = [make_team(6, name=f"Large {n}") for n in range(2)]
    small = [make_team(3, name=f"Small {n}") for n in range(3)]
    for team, met in zip([*large, *small], (5, 2, 3, 1, 2), strict=True):
        for rep in team.members[:met]:
            make_usage(the_programme, rep, [*DAYS[:2], *DAYS[7:9]])
    board = make_board(the_programme, kind=UnitKind.DIVISION, divisions=DivisionPlan(of=2))
    with transaction():
        services.cut_divisions(board.id, END)
    refresh(board)
    found = places(board)
    assert {name: (place.division, place.rank) for name, place in found.items()} == {
        "Small 0": ("Division 1", 1),
        "Large 0": ("Division 1", 2),
        "Large 1": ("Division 1", 3),
        "Small 2": ("Division 2", 1),
        "Small 1": ("Division 2", 2),
    }
    # Each is drawn to its own division: 10 of 15 met in the first, 3 of 6 in the other.
    assert found["Small 0"].rank_score == (3 + 10 * F(2, 3)) / 13
    assert found["Small 2"].rank_score == (2 + 10 * F(1, 2)) / 13
    order = [place.unit for place in reads.live_places(board.id)]
    assert order == ["Small 0", "Large 0", "Large 1", "Small 2", "Small 1"]
    near = reads.near(board.id, found["Small 1"].unit_id, top=3)
    assert [place.unit for place in near] == ["Small 2", "Small 1"]
    newcomer = make_team(3, name="Late")
    refresh(board, END + timedelta(minutes=1))
    assert places(board)["Late"].reason == "no_division"
    cut = facts.spec_of(db.session.get(Board, board.id)).divisions
    assert newcomer.id not in {unit for each in cut for unit in each.unit_ids}
    check(board)


def test_divisions_by_past_put_those_who_did_alike_together(app):
    the_programme = make_programme()
    teams = [make_team(3, name=f"T{n}") for n in range(4)]
    before = [MONDAY - timedelta(days=n) for n in range(1, 29)]
    for team, days in zip(teams, (2, 20, 3, 15), strict=True):
        for rep in team.members:
            make_usage(the_programme, rep, before[:days])
    plan = DivisionPlan(DivisionBy.PAST, of=2)
    board = make_board(the_programme, divisions=plan, rules=(ONE,))
    with transaction():
        services.cut_divisions(board.id, END)
    stored = db.session.get(Board, board.id).divisions
    assert [each["units"] for each in stored] == [
        [teams[1].id, teams[3].id],
        [teams[2].id, teams[0].id],
    ]


def test_case_20_the_time_of_reaching_parts_equals_only_where_it_was_declared(app):
    the_programme = make_programme()
    slow, fast = make_team(3, name="Slow"), make_team(3, name="Fast")
    for team, hour in ((slow, 18), (fast, 15)):
        for rep in team.members:
            moment = datetime(2026, 3, 3, hour, tzinfo=UTC)
            make_event(the_programme, rep, moment)
    # Worth nothing, so it does not make Fast slow: the second of a day earns 0.
    make_event(the_programme, fast.members[0], datetime(2026, 3, 3, 22, tzinfo=UTC))
    rule = PointRule("guided_use", F(1), decay=F(0))
    plain = make_board(the_programme, mode=Mode.TOTAL, rules=(rule,))
    declared = make_board(the_programme, mode=Mode.TOTAL, rules=(rule,), tie_break=(TieBreak.TIME,))
    for board in (plain, declared):
        refresh(board)
        check(board)
    assert [p.rank for p in reads.live_places(plain.id)] == [1, 1]
    assert [(p.unit, p.rank) for p in reads.live_places(declared.id)] == [("Fast", 1), ("Slow", 2)]
    closes = reads.race(declared.id, [slow.id, fast.id])
    assert closes[fast.id][MONDAY + timedelta(days=1)] == 1
    assert closes[slow.id][MONDAY + timedelta(days=1)] == 2


def test_a_walk_by_days_keeps_the_same_closes_with_a_tie_broken_by_time(app):
    the_programme = make_programme()
    teams = [make_team(3, name=f"T{n}") for n in range(3)]
    for number, team in enumerate(teams):
        for rep in team.members:
            make_event(the_programme, rep, datetime(2026, 3, 3 + number, 15, tzinfo=UTC))
            make_event(the_programme, rep, datetime(2026, 3, 10 - number, 15, tzinfo=UTC))
    given = {"mode": Mode.TOTAL, "rules": (ONE,), "tie_break": (TieBreak.TIME,)}
    walked, at_once = make_board(the_programme, **given), make_board(the_programme, **given)
    for day in range(18):
        refresh(walked, datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=day))
    refresh(at_once)
    ids = [team.id for team in teams]
    assert reads.race(walked.id, ids) == reads.race(at_once.id, ids)
    assert [p.unit for p in reads.live_places(walked.id)] == ["T2", "T1", "T0"]


def test_case_20_the_share_of_sustained_reps_parts_equals(app):
    the_programme = make_programme()
    habit, burst = make_team(3, name="Habit"), make_team(3, name="Burst")
    weeks = [MONDAY - timedelta(weeks=n) for n in range(1, 6)]
    for rep in habit.members[:2]:
        make_usage(the_programme, rep, [day for week in weeks for day in (week, week + DAY)])
    for team in (habit, burst):
        make_usage(the_programme, team.members[0], [*DAYS[:2], *DAYS[7:9]])
    board = make_board(the_programme, tie_break=(TieBreak.SUSTAINED,))
    refresh(board)
    rows = reads.live_places(board.id)
    assert [(p.unit, p.rank) for p in rows] == [("Habit", 1), ("Burst", 2)]
    assert rows[0].rank_score == rows[1].rank_score
    assert (rows[0].tie, rows[1].tie) == ((F(1, 3),), (F(0),))
    check(board)


def test_the_most_improved_are_seen_beside_any_mode(app):
    the_programme = make_programme()
    steady, better = make_team(3, name="Steady"), make_team(3, name="Better")
    before = [MONDAY - timedelta(days=n) for n in range(1, 29)]
    for rep in steady.members:
        make_usage(the_programme, rep, [day for day in before if day.weekday() < 5])
        make_usage(the_programme, rep, [day for day in DAYS if day.weekday() < 5])
    for rep in better.members:
        make_usage(the_programme, rep, [*DAYS[:2], *DAYS[7:9]])
    board = make_board(the_programme, mode=Mode.TOTAL, rules=(ONE,), rewards_improvement=True)
    refresh(board)
    found = places(board)
    # 60 rep-days each before; org 1/2 a day. Steady: (60 + 25) / 110; Better: (0 + 25) / 110.
    high, low = F(85, 110), F(25, 110)
    assert found["Steady"].improvement == 100 * (F(30, 30) - high) / high
    assert found["Better"].improvement == 100 * (F(12, 30) - low) / low
    assert (found["Steady"].rank, found["Better"].rank) == (1, 2)
    check(board)


def test_the_list_of_boards_marks_ones_own_row_by_what_each_board_ranks(reps):
    the_programme, first, _, people = reps
    boards = [
        make_board(the_programme),
        people_board(the_programme),
        make_board(
            the_programme,
            kind=UnitKind.ADHOC,
            sides=(SidePlan("Red", (people[0].id,)), SidePlan("Blue", (people[1].id,))),
        ),
    ]
    with transaction():
        for board in boards:
            services.refresh(board.id, END)
            services.list_board(board.id)
    found = lists.board_list(people[0].id, END)
    own = {card.link: card.own for _, cards in found.groups for card in cards}
    assert [own[board.link].unit_id for board in boards[:2]] == [first.id, people[0].id]
    assert own[boards[2].link].unit == "Red"
