"""Loop discipline as a race asks for it (CONTESTS case 20 b): weeks, shares, places, prizes."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendars import ProgrammeCalendar
from core.db import db, transaction
from leaderboard import services
from leaderboard.models import Board, FrozenStanding, LoopWeek
from leaderboard.queries import checks, facts, loops, reads, tables
from leaderboard.rules.loops import (
    DAY,
    WEEK,
    Kept,
    counted,
    disciplines,
    keeps_enough,
    weeks_inside,
)
from leaderboard.rules.standing import Mode, result_hash
from leaderboard.rules.units import TieBreak
from tests.factories.adoption import make_usage
from tests.factories.leaderboard import MONDAY, make_board
from tests.factories.people import _save, make_team
from tests.factories.programme import make_programme

F = Fraction
CALENDAR = ProgrammeCalendar("UTC")
AFTER = datetime(2026, 6, 1, tzinfo=UTC)
shares = st.dictionaries(
    st.integers(1, 6),
    st.integers(1, 8).flatmap(lambda asked: st.builds(Kept, st.integers(0, asked), st.just(asked))),
)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


class TestOnPaper:
    @pytest.mark.parametrize(
        ("start", "end", "weeks"),
        [
            (0, 14, [0, 7]),
            (0, 12, [0]),  # Monday to the second Friday: its second week is not whole.
            (1, 15, [7]),
            (1, 13, []),
            (-3, 21, [0, 7, 14]),
        ],
    )
    def test_only_whole_weeks_count(self, start, end, weeks):
        found = weeks_inside(CALENDAR, MONDAY + start * DAY, MONDAY + end * DAY, AFTER)
        assert found == tuple(MONDAY + offset * DAY for offset in weeks)

    def test_a_week_is_known_a_day_after_its_end(self):
        end = MONDAY + 2 * WEEK
        known = midnight(MONDAY + WEEK + DAY)
        assert weeks_inside(CALENDAR, MONDAY, end, known) == (MONDAY,)
        assert weeks_inside(CALENDAR, MONDAY, end, known - timedelta(seconds=1)) == ()

    def test_shares_are_exact_and_a_team_nothing_was_asked_of_stands_at_all_together(self):
        counts = {1: Kept(1, 3), 2: Kept(2, 2), 9: Kept(0, 9)}
        assert disciplines(counts, [1, 2, 3]) == {1: F(1, 3), 2: F(1), 3: F(3, 5)}
        assert disciplines({}, [1, 2]) == {}

    @given(shares, st.sets(st.integers(1, 8), min_size=1))
    def test_who_was_not_asked_is_never_alone_at_either_end(self, counts, units):
        found = disciplines(counts, units)
        own = [found[unit] for unit in units & counts.keys() if unit in found]
        for unit in units - counts.keys():
            if found:
                assert min(own) <= found[unit] <= max(own)

    @given(st.lists(st.tuples(st.integers(1, 4), st.booleans())))
    def test_counting_one_by_one_sums_up(self, weeks):
        found = counted(weeks)
        assert sum(each.asked for each in found.values()) == len(weeks)
        assert sum(each.kept for each in found.values()) == sum(kept for _who, kept in weeks)

    def test_a_prize_asks_for_a_share(self):
        assert keeps_enough(Kept(3, 4), F(3, 4))
        assert not keeps_enough(Kept(2, 4), F(3, 4))
        assert keeps_enough(Kept(0, 0), F(1))


def kept(owner, team, *weeks):
    """`weeks` from the first on: True kept, False skipped, None asked for nothing."""
    for number, is_kept in enumerate(weeks):
        if is_kept is not None:
            _save(
                LoopWeek(
                    programme_id=owner.id,
                    team_id=team.id,
                    week=MONDAY + (number - 1) * WEEK,
                    manager_id=team.lead.id,
                    is_kept=is_kept,
                )
            )


def check(board):
    """The fold, the second opinion and a look from scratch agree."""
    db.session.expire_all()
    row = db.session.get(Board, board.id)
    live = services.lines_now(row)
    assert result_hash(live) == services.second_opinion(board.id)
    scratch = tables.lines_at(facts.spec_of(row), row.closes_at)
    assert [(each.unit_id, each.tie) for each in live] == [
        (each.unit_id, each.tie) for each in scratch
    ]
    again = tables.recounted(facts.spec_of(row), row.closes_at)
    assert [each.tie for each in live] == [each.tie for each in again]
    assert not checks.differs(row)


@pytest.fixture
def world(app):
    """Three teams level in everything; weeks from one before the race to one after it."""
    owner = make_programme()
    teams = {name: make_team(3, name=name) for name in ("Ash", "Birch", "Cedar")}
    for team in teams.values():
        make_usage(owner, team.members[0], [MONDAY, MONDAY + DAY, MONDAY + WEEK, MONDAY + 8 * DAY])
    return owner, teams


def refresh(board, as_of):
    with transaction():
        services.refresh(board.id, as_of)


def test_the_kept_share_of_weeks_inside_parts_equals(world):
    owner, teams = world
    kept(owner, teams["Ash"], True, False, False, True)
    kept(owner, teams["Birch"], False, True, True, False)
    kept(owner, teams["Cedar"], None, True, False, None)
    board = make_board(owner, tie_break=(TieBreak.LOOP,))
    plain = make_board(owner)
    for each in (board, plain):
        refresh(each, AFTER)
    rows = reads.live_places(board.id)
    assert [(p.unit, p.rank, p.tie) for p in rows] == [
        ("Birch", 1, (F(1),)),
        ("Cedar", 2, (F(1, 2),)),
        ("Ash", 3, (F(0),)),
    ]
    assert {p.rank for p in reads.live_places(plain.id)} == {1}
    check(board)


def test_an_outage_neither_wins_nor_loses_and_equal_shares_stay_level(world):
    owner, teams = world
    kept(owner, teams["Ash"], None, True, False)
    kept(owner, teams["Birch"], None, False, True)
    board = make_board(owner, tie_break=(TieBreak.LOOP,))
    refresh(board, AFTER)
    assert {(p.unit, p.rank, p.tie) for p in reads.live_places(board.id)} == {
        ("Ash", 1, (F(1, 2),)),
        ("Birch", 1, (F(1, 2),)),
        ("Cedar", 1, (F(1, 2),)),
    }
    check(board)


def test_only_weeks_known_by_then_count_and_the_kept_result_does_not_move(world):
    owner, teams = world
    kept(owner, teams["Ash"], None, True, False)
    kept(owner, teams["Birch"], None, False, True)
    kept(owner, teams["Cedar"], None, False, False)
    other = make_programme(slug="other")
    kept(other, teams["Cedar"], None, True, True)
    board = make_board(owner, tie_break=(TieBreak.LOOP,))
    spec = facts.spec_of(db.session.get(Board, board.id))
    known = spec.calendar.day_start(MONDAY + WEEK + DAY)
    refresh(board, known)
    early = tables.lines_at(spec, known)
    assert [each.tie for each in early] == [(F(1),), (F(0),), (F(0),)]
    assert reads.live_places(board.id)[0].unit == "Ash"
    refresh(board, AFTER)
    check(board)
    with transaction():
        result = services.freeze_board(board.id, rev=1)
        services.seal(board.id, rev=1, now=AFTER)
        db.session.query(LoopWeek).update({"is_kept": True})
    ties = {row.unit_name: row.tie for row in db.session.query(FrozenStanding)}
    assert ties == {"Ash": "1/2", "Birch": "1/2", "Cedar": "0"}
    assert checks.frozen_hash(board.id, 1) == result.result_hash


def test_by_manager_each_has_the_weeks_they_led(world):
    owner, teams = world
    ash, birch = teams["Ash"], teams["Birch"]
    kept(owner, ash, None, True, None)
    _save(
        LoopWeek(
            programme_id=owner.id,
            team_id=ash.id,
            week=MONDAY + WEEK,
            manager_id=birch.lead.id,
            is_kept=False,
        )
    )
    board = make_board(owner, mode=Mode.TOTAL)
    spec = facts.spec_of(board)
    found = loops.kept_by_manager(spec, {ash.id, birch.id}, AFTER)
    assert found == {(ash.id, ash.lead.id): Kept(1, 1), (ash.id, birch.lead.id): Kept(0, 1)}
    assert loops.kept_by_team(spec, AFTER) == {ash.id: Kept(1, 2)}


def test_the_page_says_what_decides_and_opens_to_it(world, sign_in_as):
    owner, teams = world
    kept(owner, teams["Ash"], None, True, False)
    kept(owner, teams["Birch"], None, True, True)
    board = make_board(owner, tie_break=(TieBreak.LOOP,))
    refresh(board, AFTER)
    with transaction():
        services.list_board(board.id)
    client = sign_in_as(teams["Ash"].lead)
    page = client.get(f"/boards/{board.slug}").text
    assert "goes the manager who kept more of the weekly coaching loops." in page
    opened = client.get(f"/boards/{board.slug}/explain?unit=Ash").text
    assert "Weekly loops kept</dt><dd>50%" in opened
