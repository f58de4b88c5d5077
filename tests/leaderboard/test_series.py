"""Seasons and brackets: by hand on paper, by properties, and over a real database."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db import db, transaction
from core.errors import Conflict, Invalid
from core.policy import SYSTEM
from leaderboard import services
from leaderboard.jobs import advance_brackets
from leaderboard.models import Board
from leaderboard.queries import reads, series
from leaderboard.rules.brackets import (
    Decision,
    Match,
    decide,
    first_round,
    next_round,
    rounds_needed,
    seed_order,
)
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.seasons import Child, at_the_cap, season_lines
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import UnitKind
from leaderboard.services import BracketPlan, SeasonPlan
from tests.factories.adoption import make_usage
from tests.factories.leaderboard import MONDAY, make_board
from tests.factories.people import make_team
from tests.factories.programme import make_programme

F = Fraction
NOW = datetime(2026, 2, 20, 12, tzinfo=UTC)
WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
ONE = PointRule("guided_use", F(1))
TEN_SIX_THREE = (F(10), F(6), F(3))


# --- seasons on paper


def test_case_38_a_season_sums_the_declared_points_of_decided_children():
    lines = season_lines(
        [Child(1, {7: 1, 8: 2, 9: 3}), Child(2, {7: 2, 8: 1, 9: None})], TEN_SIX_THREE
    )
    assert [(row.unit_id, row.points, row.rank) for row in lines] == [
        (7, 16, 1),
        (8, 16, 1),
        (9, 3, 3),
    ]
    assert [(row.wins, row.played) for row in lines] == [(1, 2), (1, 2), (0, 1)]


def test_case_38_tied_units_of_a_child_each_get_the_points_of_their_place():
    lines = season_lines([Child(1, {7: 1, 8: 1, 9: 3, 10: 4})], TEN_SIX_THREE)
    assert [(row.unit_id, row.points, row.rank) for row in lines] == [
        (7, 10, 1),
        (8, 10, 1),
        (9, 3, 3),
        (10, 0, 4),
    ]


def test_case_38_a_void_child_gives_none():
    lines = season_lines([Child(1, {7: 1, 8: 2}), Child(2, {8: 1}, is_void=True)], TEN_SIX_THREE)
    assert [(row.unit_id, row.points, row.played) for row in lines] == [(7, 10, 1), (8, 6, 1)]


def test_case_37_wins_are_counted_up_to_the_cap():
    children = [Child(1, {7: 1, 8: 2}), Child(2, {7: 1, 8: 1}), Child(3, {8: 1}, is_void=True)]
    assert at_the_cap(children, 2) == {7}
    assert at_the_cap(children, 1) == {7, 8}
    assert at_the_cap(children, None) == frozenset()


ranks = st.dictionaries(st.integers(1, 6), st.one_of(st.none(), st.integers(1, 6)), max_size=6)


@given(
    st.lists(st.tuples(ranks, st.booleans()), max_size=5), st.lists(st.integers(0, 20), max_size=4)
)
def test_a_season_is_the_sum_over_its_children_in_any_order(found, points):
    declared = tuple(map(F, points))
    children = [Child(n, given_ranks, void) for n, (given_ranks, void) in enumerate(found)]
    lines = {row.unit_id: row for row in season_lines(children, declared)}
    assert season_lines(reversed(children), declared) == tuple(lines.values())
    table = [0, *points]
    for unit_id, row in lines.items():
        expected = 0
        for child in children:
            rank = child.ranks.get(unit_id)
            if rank and not child.is_void and rank < len(table):
                expected += table[rank]
        assert row.points == expected
        assert row.rank == 1 + sum(other.points > row.points for other in lines.values())


# --- brackets on paper


@pytest.mark.parametrize(
    ("size", "order"), [(2, (1, 2)), (4, (1, 4, 2, 3)), (8, (1, 8, 4, 5, 2, 7, 3, 6))]
)
def test_seeds_are_laid_out_so_that_the_best_meet_last(size, order):
    assert seed_order(size) == order


@pytest.mark.parametrize(
    ("entries", "rounds"), [(2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4), (256, 8)]
)
def test_how_many_rounds_a_bracket_takes(entries, rounds):
    assert rounds_needed(entries) == rounds


def test_five_teams_give_the_best_three_a_bye():
    matches = first_round([50, 40, 30, 20, 10])
    assert [(each.upper, each.lower) for each in matches] == [
        (50, None),
        (20, 10),
        (40, None),
        (30, None),
    ]


@pytest.mark.parametrize(
    ("found", "winner", "by"),
    [
        ({1: 1, 2: 2}, 1, Decision.SCORE),
        ({1: 2, 2: 1}, 2, Decision.SCORE),
        ({1: 1, 2: 1}, 1, Decision.SEED),
        ({1: None, 2: 1}, 2, Decision.WALKOVER),
        ({1: 1}, 1, Decision.WALKOVER),
        ({}, 1, Decision.SEED),
    ],
)
def test_who_goes_on(found, winner, by):
    verdict = decide(Match(1, 1, 2), found)
    assert (verdict.winner, verdict.by) == (winner, by)


def test_a_bye_goes_on_by_itself():
    assert decide(Match(1, 9, None), {}).by is Decision.BYE


@given(st.integers(2, 40), st.randoms())
def test_everybody_but_one_loses_once_whoever_wins(count, lot):
    entries = list(range(1, count + 1))
    seeds = {unit: seed for seed, unit in enumerate(entries, start=1)}
    matches, lost, rounds = first_round(entries), [], 0
    while True:
        rounds += 1
        winners = []
        for match in matches:
            verdict = decide(match, {unit: lot.choice([None, 1, 2]) for unit in match.units})
            assert verdict.winner in match.units
            winners.append(verdict.winner)
            lost += [unit for unit in match.units if unit != verdict.winner]
        if len(winners) == 1:
            break
        matches = next_round(winners, seeds)
        assert all(match.lower is not None for match in matches)
    assert rounds == rounds_needed(count)
    assert sorted([*lost, *winners]) == entries


@given(st.integers(2, 64))
def test_if_the_better_seed_always_wins_the_last_two_are_the_first_two(count):
    entries = list(range(1, count + 1))
    seeds = {unit: unit for unit in entries}
    matches = first_round(entries)
    while len(matches) > 1:
        matches = next_round([match.upper for match in matches], seeds)
    assert matches[0].units == (1, 2)


# --- over a database


def finish(board, *, is_void=False):
    with transaction():
        end = board.closes_at + DAY
        services.refresh(board.id, end)
        services.freeze_board(board.id, rev=1)
        services.seal(board.id, rev=1, now=end, is_void=is_void)


@pytest.fixture
def league(app):
    """Three fortnights between three teams: A and B win one each, the third still runs."""
    the_programme = make_programme()
    teams = [make_team(3, name=name) for name in "ABC"]
    boards = []
    for number, best in enumerate((0, 1, 0)):
        start = MONDAY + number * 2 * WEEK
        for place, team in enumerate([teams[best], *[t for t in teams if t is not teams[best]]]):
            for rep in team.members:
                make_usage(the_programme, rep, [start + n * DAY for n in range(3 - place)])
        boards.append(
            make_board(
                the_programme,
                mode=Mode.TOTAL,
                rules=(ONE,),
                starts_on=start,
                ends_on=start + 2 * WEEK,
            )
        )
    return the_programme, teams, boards


def declare(the_programme, boards, **given):
    plan = SeasonPlan(
        **{
            "programme_id": the_programme.id,
            "slug": "season",
            "title": "Spring season",
            "board_ids": tuple(board.id for board in boards),
            "place_points": TEN_SIX_THREE,
        }
        | given
    )
    with transaction():
        return services.declare_season(plan, actor=SYSTEM, now=NOW)


def table():
    db.session.expire_all()
    return series.season_table(series.season_by_slug("season"))


def test_case_38_only_decided_boards_count_and_an_amendment_of_one_amends_the_season(league):
    the_programme, teams, boards = league
    assert declare(the_programme, boards)
    assert not declare(the_programme, boards)
    assert table().rows == ()
    for board in boards[:2]:
        finish(board)
    found = table()
    assert [(row.unit, row.points, row.rank) for row in found.rows] == [
        ("A", 16, 1),
        ("B", 16, 1),
        ("C", 6, 3),
    ]
    assert [cell and cell.rank for cell in found.rows[0].cells] == [1, 2, None]
    assert (found.decided, [child.is_decided for child in found.children]) == (
        2,
        [True, True, False],
    )
    late = boards[0].closes_at + 3 * DAY
    make_usage(the_programme, teams[2].members[0], [MONDAY], times=30, received_at=late - DAY)
    with transaction():
        services.amend_board(boards[0].id, rev=2, received_until=late)
    assert [(row.unit, row.points) for row in table().rows] == [("B", 13), ("C", 13), ("A", 12)]


def test_case_38_a_void_child_and_a_cancelled_one_give_nothing(league):
    the_programme, _, boards = league
    declare(the_programme, boards)
    finish(boards[0])
    finish(boards[1], is_void=True)
    with transaction():
        services.close_without_result(boards[2].id, NOW)
    found = table()
    assert [(row.unit, row.points, row.played) for row in found.rows] == [
        ("A", 10, 1),
        ("B", 6, 1),
        ("C", 3, 1),
    ]
    assert [child.is_void for child in found.children] == [False, True, False]


def test_case_37_who_has_won_often_enough_is_known_to_the_next_contest(league):
    the_programme, teams, boards = league
    declare(the_programme, boards, most_wins=1)
    assert series.capped_units(boards[0].id) == frozenset()
    finish(boards[0])
    assert series.capped_units(boards[1].id) == {teams[0].id}
    assert series.capped_units(boards[0].id) == frozenset()
    assert [row.is_capped for row in table().rows] == [True, False, False]


def test_a_season_that_began_only_gets_longer(league):
    the_programme, _, boards = league
    declare(the_programme, boards[:2])
    finish(boards[0])
    with pytest.raises(Conflict):
        declare(the_programme, boards[:2], place_points=(F(1),))
    with pytest.raises(Conflict):
        declare(the_programme, boards[1:])
    assert declare(the_programme, boards)


def test_a_season_ranks_one_sort_of_unit(league):
    the_programme, _, boards = league
    person = make_board(the_programme, kind=UnitKind.PERSON)
    lists = make_board(the_programme, kind=UnitKind.ADHOC)
    for strange in ([boards[0], person], [lists]):
        with pytest.raises(Invalid):
            declare(the_programme, strange)


def draw(the_programme, teams, **given):
    windows = tuple(
        (MONDAY + n * 2 * WEEK, MONDAY + n * 2 * WEEK + WEEK)
        for n in range(rounds_needed(len(teams)))
    )
    plan = BracketPlan(
        **{
            "programme_id": the_programme.id,
            "slug": "cup",
            "title": "Cup",
            "team_ids": tuple(team.id for team in teams),
            "rounds": windows,
            "rules": (ONE,),
            "mode": Mode.TOTAL,
        }
        | given
    )
    with transaction():
        return services.open_bracket(plan, actor=SYSTEM, now=NOW)


def cup(now):
    db.session.expire_all()
    return series.bracket(series.bracket_by_slug("cup"), now)


def pairs_of(found, number):
    return [
        [(side.unit, side.is_winner) for side in pair.sides]
        for pair in found.stages[number - 1].pairs
    ]


def test_a_bracket_runs_round_by_round_to_its_winner(app):
    the_programme = make_programme()
    teams = [make_team(3, name=name) for name in "ABCDE"]
    for name, first_days, last_days in (("D", 1, 0), ("E", 3, 2), ("B", 1, 4)):
        team = next(team for team in teams if team.team.name == name)
        for rep in team.members:
            make_usage(the_programme, rep, [MONDAY + n * DAY for n in range(first_days)])
            for start in (MONDAY + 2 * WEEK, MONDAY + 4 * WEEK):
                make_usage(the_programme, rep, [start + n * DAY for n in range(last_days)])
    assert draw(the_programme, teams)
    assert not draw(the_programme, teams)
    start = datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert pairs_of(cup(start), 1) == [
        [("A", False)],
        [("D", False), ("E", False)],
        [("B", False)],
        [("C", False)],
    ]
    first = cup(start).stages[0]
    assert advance_brackets(first.closes_at - DAY) == {"decided": 0, "failed": 0}
    assert advance_brackets(first.closes_at) == {"decided": 1, "failed": 0}
    assert advance_brackets(first.closes_at) == {"decided": 0, "failed": 0}
    found = cup(first.closes_at)
    assert [pair.decided_by for pair in found.stages[0].pairs] == ["bye", "score", "bye", "bye"]
    assert pairs_of(found, 2) == [
        [("A", False), ("E", False)],
        [("B", False), ("C", False)],
    ]
    # The rest at once, weeks late: what an on-time run would have decided.
    assert advance_brackets(datetime(2026, 6, 1, tzinfo=UTC)) == {"decided": 2, "failed": 0}
    found = cup(datetime(2026, 6, 1, tzinfo=UTC))
    assert pairs_of(found, 2) == [[("A", False), ("E", True)], [("B", True), ("C", False)]]
    assert pairs_of(found, 3) == [[("B", True), ("E", False)]]
    assert found.winner == "B"
    assert found.stages[2].pairs[0].sides[0].place.points == 12
    boards = [db.session.get(Board, stage.board_id) for stage in series.rounds(1)]
    assert all(board.frozen_at is not None for board in boards)


def test_a_tie_goes_to_the_better_seed_and_a_team_too_small_loses(app):
    the_programme = make_programme()
    teams = [
        make_team(3, name="A"),
        make_team(3, name="B"),
        make_team(3, name="C"),
        make_team(2, name="D"),
    ]
    make_usage(the_programme, teams[3].members[0], [MONDAY])
    draw(the_programme, teams)
    advance_brackets(cup(NOW).stages[0].closes_at)
    found = cup(NOW)
    assert [pair.decided_by for pair in found.stages[0].pairs] == ["walkover", "seed"]
    assert pairs_of(found, 2) == [[("A", False), ("B", False)]]


def test_what_is_received_after_a_round_s_grace_changes_nothing(app):
    the_programme = make_programme()
    teams = [make_team(3, name="A"), make_team(3, name="B")]
    draw(the_programme, teams)
    closes = cup(NOW).stages[0].closes_at
    make_usage(the_programme, teams[1].members[0], [MONDAY], received_at=closes + DAY)
    advance_brackets(closes + 5 * DAY)
    assert cup(closes).winner == "A"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"rounds": ((MONDAY, MONDAY + WEEK),)}, "rounds"),
        (
            {"rounds": ((MONDAY, MONDAY + WEEK), (MONDAY + WEEK + DAY, MONDAY + 2 * WEEK))},
            "rounds",
        ),
        ({"team_ids": (1, 1)}, "teams"),
    ],
)
def test_a_bracket_that_cannot_be_played_is_refused(app, given, field):
    the_programme = make_programme()
    teams = [make_team(3, name=name) for name in "ABC"]
    with pytest.raises(Invalid) as refused:
        draw(the_programme, teams, **given)
    assert refused.value.field == field


def test_a_bracket_once_drawn_stays(app):
    the_programme = make_programme()
    teams = [make_team(3, name=name) for name in "AB"]
    draw(the_programme, teams)
    with pytest.raises(Conflict):
        draw(the_programme, list(reversed(teams)))


def test_a_round_within_its_freeze_shows_the_snapshot(app):
    the_programme = make_programme()
    teams = [make_team(3, name=name) for name in "AB"]
    draw(the_programme, teams, freeze_hours=48)
    stage = series.rounds(series.bracket_by_slug("cup").id)[0]
    for rep in teams[1].members:
        make_usage(the_programme, rep, [date(2026, 3, 8)])
    now = datetime(2026, 3, 8, 22, tzinfo=UTC)
    with transaction():
        services.refresh(stage.board_id, now)
    found = cup(now)
    assert found.stages[0].is_hidden
    assert [side.place.points for side in found.stages[0].pairs[0].sides] == [0, 0]
    assert [place.points for place in reads.live_places(stage.board_id)] == [3, 0]
