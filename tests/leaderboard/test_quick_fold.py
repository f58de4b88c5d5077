"""The quick road of a fold: it says what counting everything anew says, and when it steps aside."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from adoption.models import EventHold, IngestBatch, UsageEvent
from adoption.services import roll_up_days
from core.db import db, table_of, transaction
from leaderboard import services
from leaderboard.models import Board, MemberRow, ScoreEntry
from leaderboard.queries import facts, reads, tables
from leaderboard.rules.scoring import PointRule, Unique
from leaderboard.rules.standing import Mode, result_hash
from leaderboard.rules.units import TieBreak, UnitKind
from leaderboard.services import SidePlan, folding
from people.models import Person
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
DAY = timedelta(days=1)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
KINDS = ("guided_use", "proposal_created")


@dataclass
class World:
    """A race, its people, what they did so far, and the clock."""

    programme: object
    people: list
    teams: list
    board: object
    lot: random.Random
    now: datetime = NOON
    events: list = field(default_factory=list)


def rows_of(model, board):
    """Everything the fold keeps of a board in one table, as plain tuples."""
    rows = db.session.execute(select(*table_of(model).c).where(model.board_id == board.id))
    return sorted(map(repr, rows))


def refresh(board, as_of):
    with transaction():
        return services.refresh(board.id, as_of)


def check(board, as_of):
    """Kept rows, standings and second opinion agree with counting everything anew."""
    db.session.expire_all()
    row = db.session.get(Board, board.id)
    quick = rows_of(MemberRow, board), rows_of(ScoreEntry, board)
    spec, until = facts.spec_of(row), min(as_of, row.closes_at)
    shown, anew = reads.live_places(board.id), reads.named(spec, tables.lines_at(spec, until))
    keys = ("unit_id", "rank", "score", "rank_score", "points", "headcount", "roster")
    keys += ("participants", "reason", "division", "tie", "improvement")
    assert [[getattr(p, k) for k in keys] for p in shown] == [
        [getattr(p, k) for k in keys] for p in anew
    ]
    recounted = result_hash(tables.recounted(spec, until))
    assert result_hash(tables.lines_at(spec, until)) == recounted
    with transaction():
        folding.rescore(board.id, spec, until, None)
    assert quick == (rows_of(MemberRow, board), rows_of(ScoreEntry, board))


def make_rules(lot):
    """Rules of every kind."""
    return tuple(
        PointRule(
            kind,
            lot.choice([F(1), F(10), F(1, 3)]),
            lot.choice([None, 1, 2]),
            lot.choice([F(1), F(1, 2)]),
            lot.choice([None, None, Unique.OBJECT, Unique.OBJECT_DAY]),
            lot.choice([None, None, F(5)]),
        )
        for kind in KINDS
    )


def make_world(lot, mode, unit):
    """Three teams of six; two in three of no other team, with nobody coming or going."""
    with writing():
        programme = make_programme()
        teams = [make_team(0, name=f"T{n}") for n in range(3)]
        people = [make_person(enabled_on=date(2020, 1, 1)) for _ in range(18)]
        for number, person in enumerate(people):
            team = teams[number % 3]
            start = date(2020, 1, 1) if number % 3 else lot.choice([MONDAY, MONDAY + 3 * DAY])
            make_membership(person, team, starts_on=start)
            if number % 5 == 0:
                make_absence(person, MONDAY, MONDAY + lot.randint(0, 20) * DAY)
    ids = [person.id for person in people]
    sides = (SidePlan("a", tuple(ids[:6])), SidePlan("b", tuple(ids[6:15])))
    board = make_board(
        programme,
        mode=mode,
        kind=unit,
        rules=make_rules(lot),
        sides=sides if unit is UnitKind.ADHOC else (),
        target_days=F(1),
        min_team_size=F(0) if unit is UnitKind.PERSON else F(2),
        tie_break=lot.choice([(), (TieBreak.TIME,)]),
        rewards_improvement=lot.random() < 0.3,
    )
    return World(programme, people, teams, board, lot)


def used(world, count):
    """New events, most of today, some late, some whose turn to count comes later."""
    for _ in range(count):
        back = world.lot.choice([0, 0, 0, 1, 2, 5])
        at = world.now - back * DAY - timedelta(minutes=world.lot.randint(0, 900))
        ahead = world.lot.choice([0, 0, 0, 0, 20, 40])
        world.events.append(
            make_event(
                world.programme,
                world.lot.choice(world.people),
                at,
                kind=world.lot.choice((*KINDS, "login")),
                received_at=world.now + timedelta(hours=ahead),
                object_id=world.lot.choice([None, "", "o1", "o2", "o3"]),
                value=world.lot.choice([None, 4, 5, 6]),
            )
        )


def replaced(world, **changes):
    """Another version of an event, received now."""
    standing = [event for event in world.events if event.received_at <= world.now]
    if not standing:
        return
    old = world.lot.choice(standing)
    world.events.remove(old)
    given = {
        "event_id": old.event_id,
        "version": old.version + 1,
        "kind": old.kind,
        "object_id": old.object_id,
        "received_at": world.now,
        "held_at": old.held_at,
    }
    person = next(person for person in world.people if person.id == old.person_id)
    at = old.occurred_at - world.lot.choice([0, 0, 1]) * DAY
    with writing():
        db.session.get(UsageEvent, old.id).superseded_at = world.now
    if changes.get("is_anothers"):
        person = world.lot.choice(world.people)
    given["voided"] = changes.get("voided", False)
    new = make_event(world.programme, person, at, **given)
    if not new.voided:
        world.events.append(new)


def held(world):
    """An event held for review, or let go again."""
    if not world.events:
        return
    event = world.lot.choice(world.events)
    with writing():
        row = db.session.get(UsageEvent, event.id)
        if row.held_at is None:
            row.held_at = world.now
            hold = EventHold(
                programme_id=row.programme_id,
                source=row.source,
                event_id=row.event_id,
                person_id=row.person_id,
                held_at=world.now,
            )
            db.session.add(hold)
        else:
            row.held_at = None
            hold = db.session.scalars(
                select(EventHold).where(EventHold.event_id == row.event_id)
            ).all()[-1]
            hold.released_at = world.now
        event.held_at = row.held_at


def moved(world):
    """Somebody changes teams, goes away or leaves, as entered now."""
    person = world.lot.choice(world.people)
    today = world.now.date()
    with writing():
        what = world.lot.choice(["team", "away", "left"])
        if what == "team":
            make_membership(person, world.lot.choice(world.teams), starts_on=today)
        elif what == "away":
            make_absence(person, today, today + DAY)
        else:
            db.session.get(Person, person.id).left_on = today
        make_change(person)


def step(world):
    world.now += world.lot.choice([timedelta(minutes=20), timedelta(hours=7), timedelta(hours=30)])
    for _ in range(world.lot.randint(1, 3)):
        what = world.lot.choice(["used"] * 5 + ["corrected", "anothers", "voided", "held", "moved"])
        if what == "used":
            used(world, world.lot.randint(1, 6))
        elif what == "held":
            held(world)
        elif what == "moved":
            moved(world)
        else:
            replaced(world, voided=what == "voided", is_anothers=what == "anothers")


@pytest.mark.parametrize("unit", [UnitKind.TEAM, UnitKind.PERSON, UnitKind.ADHOC])
@pytest.mark.parametrize("mode", list(Mode))
def test_any_folds_say_what_counting_anew_says(app, mode, unit):
    lot = random.Random(f"{mode}-{unit}")
    world = make_world(lot, mode, unit)
    used(world, 10)
    refresh(world.board, world.now)
    check(world.board, world.now)
    for _ in range(12):
        step(world)
        refresh(world.board, world.now)
        check(world.board, world.now)


@pytest.fixture
def race(app, monkeypatch):
    """A board counted once, and whom later folds scored from everything."""
    programme = make_programme()
    team = make_team(4, name="A")
    make_team(3, name="B")
    board = make_board(programme, mode=Mode.TOTAL, rules=(PointRule("guided_use", F(10), 3),))
    for rep in team.members:
        make_usage(programme, rep, [MONDAY])
    refresh(board, NOON)
    slow = []
    inner = folding.rescore

    def spy(board_id, spec, cutoff, person_ids):
        slow.append(person_ids)
        inner(board_id, spec, cutoff, person_ids)

    monkeypatch.setattr(folding, "rescore", spy)
    return programme, team, board, slow


def again(board, slow, minutes=20):
    """Fold once more; whom it scored from everything."""
    slow.clear()
    as_of = db.session.get(Board, board.id).counted_at + timedelta(minutes=minutes)
    refresh(board, as_of)
    found = slow.copy()
    check(board, as_of)
    return found


def test_events_of_settled_reps_take_the_quick_road(race):
    programme, team, board, slow = race
    make_usage(programme, team.members[0], [MONDAY, MONDAY + DAY], times=2)
    assert again(board, slow) == []
    places = {place.unit: place for place in reads.live_places(board.id)}
    assert places["A"].points == 80
    assert again(board, slow) == []


def test_an_object_that_scores_once_takes_the_quick_road_over_all_dates(app):
    programme = make_programme()
    team = make_team(3, name="A")
    rule = PointRule("guided_use", F(1), unique=Unique.OBJECT)
    board = make_board(programme, mode=Mode.TOTAL, rules=(rule,), min_team_size=F(1))
    make_usage(programme, team.members[0], [MONDAY + DAY], object_id="d1")
    refresh(board, NOON)
    make_usage(programme, team.members[0], [MONDAY], object_id="d1")
    refresh(board, NOON + timedelta(minutes=1))
    check(board, NOON + timedelta(minutes=1))
    entries = db.session.query(ScoreEntry).order_by(ScoreEntry.local_day).all()
    assert [(entry.counted, entry.uncounted) for entry in entries] == [(1, 0), (0, 1)]


def test_who_changed_is_scored_from_everything(race):
    programme, team, board, slow = race
    with writing():
        make_change(team.members[1])
    make_usage(programme, team.members[0], [MONDAY])
    make_usage(programme, team.members[1], [MONDAY])
    assert again(board, slow) == [frozenset({team.members[1].id})]


def test_who_was_not_here_all_the_time_is_scored_from_everything(race):
    programme, team, board, slow = race
    late = team.members[2]
    with writing():
        db.session.get(Person, late.id).enabled_on = MONDAY + DAY
        make_change(late)
    again(board, slow)
    make_usage(programme, late, [MONDAY + DAY])
    assert again(board, slow) == [frozenset({late.id})]


def test_who_was_available_on_no_day_is_scored_from_everything(race):
    programme, team, board, slow = race
    away = team.members[2]
    with writing():
        make_absence(away, MONDAY, MONDAY + 20 * DAY)
        make_change(away)
    again(board, slow)
    make_usage(programme, away, [MONDAY + DAY])
    assert again(board, slow) == [frozenset({away.id})]


def test_whose_event_was_held_is_scored_from_everything(race):
    _programme, team, board, slow = race
    event = db.session.query(UsageEvent).filter_by(person_id=team.members[0].id).one()
    moment = db.session.get(Board, board.id).counted_at + timedelta(minutes=1)
    with writing():
        event.held_at = moment
        db.session.add(
            EventHold(
                programme_id=event.programme_id,
                source=event.source,
                event_id=event.event_id,
                person_id=event.person_id,
                held_at=moment,
            )
        )
    assert again(board, slow) == [frozenset({team.members[0].id})]


def void(programme, person, at):
    """Take back the person's event of an instant."""
    query = db.session.query(UsageEvent).filter_by(person_id=person.id, occurred_at=at)
    event = query.one()
    later = NOON + timedelta(minutes=5)
    with writing():
        event.superseded_at = later
    make_event(
        programme, person, at, event_id=event.event_id, version=2, voided=True, received_at=later
    )


def test_a_date_that_lost_its_last_event_is_scored_from_everything(race):
    programme, team, board, slow = race
    rep = team.members[0]
    [event] = db.session.query(UsageEvent).filter_by(person_id=rep.id)
    void(programme, rep, event.occurred_at)
    assert again(board, slow) == [frozenset({rep.id})]


def test_a_last_point_that_is_lost_is_looked_for_in_everything(race):
    programme, team, board, slow = race
    rep = team.members[0]
    first = NOON - timedelta(hours=3)
    make_event(programme, rep, first)
    make_event(programme, rep, first + timedelta(hours=1))
    assert again(board, slow) == []
    void(programme, rep, first + timedelta(hours=1))
    assert again(board, slow) == [frozenset({rep.id})]


def test_a_version_that_is_not_the_last_point_takes_the_quick_road(race):
    programme, team, board, slow = race
    rep = team.members[0]
    first = NOON - timedelta(hours=3)
    make_event(programme, rep, first)
    make_event(programme, rep, first + timedelta(hours=1))
    again(board, slow)
    void(programme, rep, first)
    assert again(board, slow) == []


def test_where_each_has_a_zone_of_their_own_all_are_scored_from_everything(race):
    programme, team, board, slow = race
    with writing():
        db.session.get(type(programme), programme.id).tz_mode = "user"
    make_usage(programme, team.members[0], [MONDAY])
    assert again(board, slow) == [frozenset({team.members[0].id})]


def test_a_large_file_is_counted_by_whole_people(race, monkeypatch):
    programme, team, board, slow = race
    monkeypatch.setattr("leaderboard.services.quick.MOST_DATES", 2)
    for rep in team.members:
        make_usage(programme, rep, [MONDAY])
    assert again(board, slow) == [frozenset(rep.id for rep in team.members)]


@pytest.mark.parametrize("days", [1, 9])
def test_an_event_counts_when_its_turn_comes_however_long_nobody_looked(race, days):
    programme, team, board, slow = race
    make_event(programme, team.members[0], NOON - timedelta(hours=1), received_at=NOON + DAY / 2)
    assert again(board, slow) == []
    assert {place.points for place in reads.live_places(board.id)} == {40, 0}
    assert again(board, slow, minutes=days * 24 * 60) == []
    assert {place.points for place in reads.live_places(board.id)} == {50, 0}


def test_a_batch_is_kept_until_long_after_its_turn_came(app):
    programme, rep = make_programme(), make_person()
    for received_at in (NOON, NOON + 60 * DAY):
        make_event(programme, rep, NOON, received_at=received_at)
    with transaction():
        roll_up_days(programme.id, NOON)
    make_event(programme, rep, NOON, received_at=NOON + DAY)
    with transaction():
        roll_up_days(programme.id, NOON + 40 * DAY)
    kept = db.session.scalars(select(IngestBatch.latest_received_at).order_by(IngestBatch.id))
    assert list(kept) == [NOON + 60 * DAY, NOON + DAY]
