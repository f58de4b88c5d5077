"""Boards over a real database: the fold, the second opinion, what moves a row and what does not."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

import programme.queries
from core.db import db, transaction
from core.errors import Conflict
from leaderboard import services
from leaderboard.models import Board, MemberRow, StandingDay
from leaderboard.queries import facts, reads, tables, touched
from leaderboard.rules.scoring import PointRule, Reason, Unique
from leaderboard.rules.standing import Mode, result_hash
from tests.factories.adoption import make_event, make_usage
from tests.factories.leaderboard import MONDAY, make_board
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
END = datetime(2026, 3, 18, 12, tzinfo=UTC)
WEEK = [MONDAY + timedelta(days=n) for n in range(5)]
FOUR = [*WEEK[:2], *(day + timedelta(days=7) for day in WEEK[:2])]


@pytest.fixture
def race(app):
    """Two teams: 4 of 5 met, 7 of 12 met (CONTESTS case 9)."""
    the_programme = make_programme()
    small, large = make_team(5, name="Small"), make_team(12, name="Large")
    for rep in (*small.members[:4], *large.members[:7]):
        make_usage(the_programme, rep, FOUR)
    board = make_board(the_programme)
    return the_programme, small, large, board


def refresh(board, as_of=END) -> bool:
    with transaction():
        return services.refresh(board.id, as_of)


def places(board):
    db.session.expire_all()
    return {place.unit: place for place in reads.live_places(board.id)}


def check(board):
    """The fold and the second opinion agree."""
    row = db.session.get(Board, board.id)
    assert result_hash(services.lines_now(row)) == services.second_opinion(board.id)


def test_case_9_a_board_says_who_stands_where(race):
    _, _, _, board = race
    assert refresh(board)
    rows = places(board)
    assert rows["Small"].score == F(4, 5)
    assert rows["Large"].score == F(7, 12)
    assert (rows["Small"].roster, rows["Small"].participants) == (5, 4)
    assert rows["Small"].headcount == F(5)
    league = F(11, 17)
    assert rows["Small"].rank_score == (4 + 10 * league) / 15
    assert (rows["Small"].rank, rows["Large"].rank) == (1, 2)
    check(board)


def test_refreshing_again_changes_nothing(race):
    _, _, _, board = race
    refresh(board)
    version = db.session.get(Board, board.id).version
    assert not refresh(board)
    assert not refresh(board, END + timedelta(minutes=15))
    assert db.session.get(Board, board.id).version == version


def test_an_earlier_as_of_leaves_the_board_alone(race):
    _, _, _, board = race
    refresh(board)
    before = places(board)
    assert not refresh(board, END - timedelta(days=10))
    assert places(board) == before


def test_only_reps_with_new_events_are_scored_anew(race, monkeypatch):
    the_programme, small, _, board = race
    refresh(board)
    asked = []
    inner = touched.events_on

    def spy(spec, until, dates):
        asked.append(frozenset(dates))
        return inner(spec, until, dates)

    monkeypatch.setattr(touched, "events_on", spy)
    late = small.members[4]
    make_usage(the_programme, late, FOUR)
    assert refresh(board, END + timedelta(minutes=15))
    assert asked == [frozenset({late.id})]
    assert places(board)["Small"].score == F(1)
    check(board)


def test_a_change_of_a_person_moves_their_row(race):
    _, _, large, board = race
    refresh(board)
    leaver = large.members[11]
    with writing():
        db.session.get(type(leaver), leaver.id).left_on = MONDAY + timedelta(days=1)
        make_change(leaver)
    assert refresh(board, END + timedelta(minutes=1))
    rows = places(board)
    assert (rows["Large"].roster, rows["Large"].score) == (11, F(7, 11))
    assert rows["Large"].headcount == F(112, 10)
    check(board)


def test_case_14_an_absence_entered_later_lowers_what_is_asked(race):
    _, small, _, board = race
    refresh(board)
    rep = small.members[4]
    with writing():
        make_absence(rep, MONDAY, MONDAY + timedelta(days=4))
        make_change(rep)
    refresh(board, END + timedelta(minutes=1))
    mine = next(s for s in reads.team_scores(board.id, small.id) if s.person_id == rep.id)
    assert (mine.available_days, mine.asked_days, mine.on_roster) == (5, 2, True)
    assert places(board)["Small"].headcount == F(9, 2)
    check(board)


def test_case_1_an_event_at_the_end_is_out_and_at_the_start_is_in(app):
    the_programme = make_programme()
    team = make_team(3, name="A")
    make_team(3, name="B")
    board = make_board(the_programme, mode=Mode.TOTAL)
    calendar = programme.queries.calendar(the_programme)
    start = calendar.day_start(board.starts_on)
    end = calendar.day_start(board.ends_on)
    for moment in (start - timedelta(microseconds=1), start, end - timedelta(seconds=1), end):
        make_event(the_programme, team.members[0], moment)
    refresh(board)
    assert places(board)["A"].points == F(20)
    check(board)


def test_case_3_a_day_of_23_hours_and_one_of_25_count_once_each(app):
    the_programme = make_programme(time_zone="America/New_York")
    team = make_team(3, name="A")
    spring, autumn = date(2026, 3, 8), date(2026, 11, 1)
    for change, hours in ((spring, 23), (autumn, 25)):
        board = make_board(
            the_programme,
            mode=Mode.TOTAL,
            starts_on=change - timedelta(days=6),
            ends_on=change + timedelta(days=1),
            rules=(PointRule("guided_use", F(1), daily_cap=1),),
        )
        calendar = programme.queries.calendar(the_programme)
        start, end = calendar.day_start(change), calendar.day_end(change)
        assert end - start == timedelta(hours=hours)
        for moment in (start, start + timedelta(hours=hours - 1), end):
            make_event(the_programme, team.members[0], moment)
        refresh(board, end + timedelta(days=2))
        assert places(board)["A"].points == F(1)
        check(board)


def test_case_5_one_session_over_midnight_is_one_day(app):
    the_programme = make_programme()
    team = make_team(3, name="A")
    board = make_board(the_programme, target_days=F(1))
    calendar = programme.queries.calendar(the_programme)
    midnight = calendar.day_end(MONDAY)
    make_event(the_programme, team.members[0], midnight - timedelta(minutes=15))
    refresh(board)
    [mine] = [s for s in reads.team_scores(board.id, team.id) if s.active_days]
    assert mine.active_days == 1


def test_case_6_late_by_less_than_the_grace_counts_later_does_not(race):
    the_programme, small, _, board = race
    calendar = programme.queries.calendar(the_programme)
    last_day = board.ends_on - timedelta(days=1)
    noon = calendar.day_start(last_day) + timedelta(hours=12)
    rep = small.members[4]
    make_usage(the_programme, rep, FOUR[:3])
    make_event(the_programme, rep, noon, received_at=noon + timedelta(days=2))
    make_event(
        the_programme,
        small.members[0],
        noon,
        event_id="too-late",
        received_at=noon + timedelta(days=5),
    )
    refresh(board, END + timedelta(days=30))
    assert places(board)["Small"].score == F(1)
    opened = tables.opened(
        facts.spec_of(board), small.id, board.closes_at, END + timedelta(days=30)
    )
    first = next(each for each in opened if each.person_id == small.members[0].id)
    assert first.entries[-1].event.event_id == "too-late"
    assert first.entries[-1].reason is Reason.LATE
    check(board)


def test_case_13_a_mover_takes_nothing_along(app):
    the_programme = make_programme()
    first, second = make_team(3, name="First"), make_team(3, name="Second")
    mover = make_person()
    half = MONDAY + timedelta(days=7)
    with writing():
        make_membership(mover, first, ends_on=half)
        make_membership(mover, second, starts_on=half)
    make_usage(the_programme, mover, FOUR)
    board = make_board(the_programme, mode=Mode.PER_CAPITA)
    refresh(board)
    rows = places(board)
    assert rows["First"].headcount == rows["Second"].headcount == F(7, 2)
    assert rows["First"].points == rows["Second"].points == F(20)
    check(board)


def test_case_15_and_16_joiners_and_leavers(app):
    the_programme = make_programme()
    team = make_team(4, name="A")
    make_team(4, name="B")
    leaver = team.members[0]
    with writing():
        joiner = make_person(enabled_on=MONDAY + timedelta(days=9))
        make_membership(joiner, team)
        db.session.get(type(leaver), leaver.id).left_on = MONDAY + timedelta(days=7)
    make_usage(the_programme, leaver, FOUR[:3])
    board = make_board(the_programme)
    refresh(board)
    row = places(board)["A"]
    # Three there all ten days, the leaver six of ten, the joiner the last three.
    assert row.headcount == F(39, 10)
    assert row.roster == 4
    assert row.participants == 1
    assert row.points == F(30)
    check(board)


def test_case_24_25_repeats_and_late_earlier_events(app):
    the_programme = make_programme()
    team = make_team(3, name="A")
    rep = team.members[0]
    rule = PointRule("guided_use", F(10), daily_cap=1, unique=Unique.OBJECT_DAY)
    board = make_board(the_programme, mode=Mode.TOTAL, rules=(rule,))
    noon = datetime(2026, 3, 2, 17, tzinfo=UTC)
    make_event(the_programme, rep, noon, event_id="second", object_id="d1")
    make_event(the_programme, rep, noon, event_id="same", object_id="d1")
    refresh(board)
    make_event(
        the_programme,
        rep,
        noon - timedelta(hours=1),
        event_id="first",
        object_id="d2",
        received_at=noon + timedelta(hours=1),
    )
    refresh(board, END + timedelta(minutes=1))
    [opened] = [
        each
        for each in tables.opened(facts.spec_of(board), team.id, board.closes_at, END)
        if each.entries
    ]
    assert [(e.event.event_id, e.reason, e.points) for e in opened.entries] == [
        ("first", Reason.COUNTED, F(10)),
        ("same", Reason.CAP, F(0)),
        ("second", Reason.CAP, F(0)),
    ]
    assert places(board)["A"].points == F(10)
    check(board)


def test_case_27_a_correction_while_open_replaces_the_event(race):
    the_programme, small, _, board = race
    refresh(board)
    rep = small.members[0]
    noon = datetime(2026, 3, 2, 17, tzinfo=UTC)
    old = make_event(the_programme, rep, noon, event_id="x", value=1)
    refresh(board, END + timedelta(minutes=1))
    assert places(board)["Small"].points == F(170)
    later = END + timedelta(minutes=2)
    with writing():
        db.session.get(type(old), old.id).superseded_at = later - timedelta(days=9)
    make_event(
        the_programme,
        rep,
        noon,
        event_id="x",
        version=2,
        voided=True,
        received_at=later - timedelta(days=9),
    )
    assert refresh(board, later)
    assert places(board)["Small"].points == F(160)
    check(board)


def test_standings_at_an_instant_see_only_what_had_come_by_then(race):
    _, _, _, board = race
    refresh(board)
    tuesday = datetime(2026, 3, 3, 23, tzinfo=UTC)
    then = {place.unit: place for place in reads.table_at(board, tuesday).places}
    assert then["Small"].points == F(80)
    assert then["Small"].score == F(0)
    now = {place.unit: place for place in reads.table_at(board, END).places}
    live = places(board)
    assert {name: p.score for name, p in now.items()} == {name: p.score for name, p in live.items()}


def test_walking_day_by_day_ends_where_one_look_at_the_end_does(race):
    the_programme, small, _, board = race
    other = make_board(the_programme)
    for day in range(18):
        refresh(board, datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=day))
    refresh(other, datetime(2026, 3, 18, 12, tzinfo=UTC))
    assert [(p.unit, p.rank, p.score, p.points) for p in reads.live_places(board.id)] == [
        (p.unit, p.rank, p.score, p.points) for p in reads.live_places(other.id)
    ]
    assert reads.race(board.id, [small.id]) == reads.race(other.id, [small.id])
    days = reads.race(board.id, [small.id])[small.id]
    assert sorted(days) == [MONDAY + timedelta(days=n) for n in range(14)]


def test_movement_is_against_the_close_of_last_week(app):
    the_programme = make_programme()
    fast, slow = make_team(3, name="Fast"), make_team(3, name="Slow")
    board = make_board(the_programme, mode=Mode.TOTAL)
    for rep in fast.members:
        make_usage(the_programme, rep, WEEK[:1])
    for rep in slow.members:
        make_usage(the_programme, rep, [day + timedelta(days=7) for day in WEEK[:2]])
    refresh(board, datetime(2026, 3, 8, 12, tzinfo=UTC))
    refresh(board, datetime(2026, 3, 11, 12, tzinfo=UTC))
    rows = places(board)
    assert (rows["Slow"].rank, rows["Slow"].previous_rank) == (1, 2)
    assert (rows["Fast"].rank, rows["Fast"].previous_rank) == (2, 1)
    assert rows["Fast"].previous_score == F(30)


def test_case_36_the_snapshot_is_that_of_the_hour_of_hiding_however_late_it_is_taken(race):
    _, _, _, board = race
    hides = datetime(2026, 3, 10, 4, tzinfo=UTC)
    with writing():
        db.session.get(Board, board.id).hides_at = hides
    with transaction():
        services.refresh(board.id, END)
        assert services.keep_snapshot(board.id)
        assert not services.keep_snapshot(board.id)
    row = db.session.get(Board, board.id)
    assert reads.is_hidden(row, END)
    assert not reads.is_hidden(row, hides - timedelta(seconds=1))
    hidden = {place.unit: place for place in reads.snapshot_table(row).places}
    assert hidden["Small"].points == F(120)
    assert places(board)["Small"].points == F(160)


def test_a_sealed_board_moves_no_more(race):
    the_programme, small, _, board = race
    refresh(board)
    with transaction():
        kept = services.freeze_board(board.id, rev=1)
        assert kept.result_hash == services.second_opinion(board.id)
        services.seal(board.id, rev=1, now=END)
    make_usage(the_programme, small.members[4], FOUR)
    assert not refresh(board, END + timedelta(days=1))
    row = db.session.get(Board, board.id)
    table = reads.current_table(row, END)
    assert table.is_frozen
    assert [(p.unit, p.rank) for p in table.places] == [("Small", 1), ("Large", 2)]


def test_two_boards_cannot_have_one_address(race):
    the_programme, _, _, board = race
    with pytest.raises(Conflict):
        make_board(the_programme, slug=board.slug)


def test_changed_terms_count_everybody_anew(race):
    _, _, _, board = race
    refresh(board)
    with writing():
        db.session.get(Board, board.id).target_days = "3"
    assert refresh(board, END + timedelta(minutes=1))
    assert places(board)["Small"].score == F(0)
    check(board)


def test_case_35_who_opted_out_has_no_name_and_counts_all_the_same(race):
    _, small, _, board = race
    shy = small.members[0]
    with writing():
        db.session.get(type(shy), shy.id).ranking_opt_out = True
    refresh(board)
    lines = reads.team_lines(board.id, small.id)
    assert [line.person_id for line in lines if not line.is_listed] == [shy.id]
    assert lines[-1].person_id == shy.id
    listed = [line.shown for line in lines if line.is_listed]
    assert listed == sorted(listed)
    assert sum(score.points for score in reads.team_scores(board.id, small.id)) == F(160)


def test_the_leaders_and_the_neighbours_come_in_one_read(app):
    the_programme = make_programme()
    teams = [make_team(3, name=f"T{n:02d}") for n in range(12)]
    for n, team in enumerate(teams):
        make_usage(the_programme, team.members[0], WEEK, times=1, kind="guided_use")
        for rep in team.members[: n % 3]:
            make_usage(the_programme, rep, WEEK)
    board = make_board(
        the_programme, mode=Mode.TOTAL, rules=(PointRule("guided_use", F(1), daily_cap=None),)
    )
    refresh(board)
    everyone = reads.live_places(board.id)
    own = everyone[8]
    shown = reads.near(board.id, own.unit_id, top=3, around=2)
    assert own in shown
    assert set(shown) <= set(everyone)
    assert len(db.session.query(MemberRow).all()) == 36
    assert db.session.query(StandingDay).count() == 12 * 14
